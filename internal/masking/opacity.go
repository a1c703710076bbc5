package masking

import (
	"math"

	"github.com/pastiche-art/pastiche/internal/planar"
	"github.com/pastiche-art/pastiche/picture"
)

// Visible reports whether any pixel of a picture has an opacity of at least half an
// 8-bit step.
func Visible(p *picture.Picture) bool {
	if p.Alpha == nil {
		return true
	}
	for _, a := range p.Alpha {
		if a >= planar.LeastVisible {
			return true
		}
	}
	return false
}

// Opaque returns an opaque version of p, and the opacity of each pixel, nil if p is
// opaque. Transparent pixels are composited on a background that continues the colours
// of the visible pixels around them. Therefore two pictures that look the same on every
// background have the same opaque version, whatever the hidden colours of their
// transparent pixels. Opaque panics unless p is [Visible].
//
// The background is computed by the pull-push algorithm (Gortler, Grzeszczuk, Szeliski
// and Cohen 1996, "The Lumigraph", section 3.4): the picture is halved repeatedly, each
// pixel the mean of its four, weighted by their opacity; then missing pixels of a level
// are interpolated from the next smaller one. It joins the visible pixels without an
// edge. A uniform background would have an edge, which the network would paint as a
// contour.
func Opaque(p *picture.Picture) (opaque *picture.Picture, opacity *Mask) {
	if p.Alpha == nil {
		return p, nil
	}
	if !Visible(p) {
		panic("masking: nothing of it is visible")
	}
	levels := []fillLevel{newFillLevel(p)}
	transparent := false
	for _, w := range levels[0].weight {
		transparent = transparent || w < 1
	}
	if !transparent {
		return &picture.Picture{W: p.W, H: p.H, RGB: p.RGB}, nil
	}
	for last := levels[0]; last.w > 1 || last.h > 1; {
		last = last.half()
		levels = append(levels, last)
	}
	opaque = picture.New(p.W, p.H)
	for c := range planar.Channels {
		fill(planar.Channel(opaque.RGB, c), planar.Channel(p.RGB, c), levels)
	}
	return opaque, opacityOf(p)
}

// opacityOf returns the opacity of each pixel of a transparent picture.
func opacityOf(p *picture.Picture) *Mask {
	m := &Mask{W: p.W, H: p.H, Weight: make([]float32, len(p.Alpha))}
	for i, a := range p.Alpha {
		m.Weight[i] = min(max(a, 0), 1)
	}
	return m
}

// fillLevel is a level of the pyramid for filling hidden pixels: the weight of each
// pixel, and its light in one channel.
type fillLevel struct {
	w, h          int
	weight, light []float32
}

// newFillLevel returns the first level, whose weights are the opacities of p. Nearly
// invisible pixels count as hidden.
func newFillLevel(p *picture.Picture) fillLevel {
	l := fillLevel{w: p.W, h: p.H, weight: make([]float32, len(p.Alpha)), light: make([]float32, len(p.Alpha))}
	for i, a := range p.Alpha {
		if a >= planar.LeastVisible {
			l.weight[i] = min(a, 1)
		}
	}
	return l
}

// half returns the next smaller level. A pixel is known if one of its four pixels is
// known.
func (l *fillLevel) half() fillLevel {
	half := fillLevel{w: (l.w + 1) / 2, h: (l.h + 1) / 2}
	half.weight, half.light = make([]float32, half.w*half.h), make([]float32, half.w*half.h)
	for y := range l.h {
		for x := range l.w {
			half.weight[y/2*half.w+x/2] += l.weight[y*l.w+x]
		}
	}
	for i, w := range half.weight {
		half.weight[i] = min(w, 1)
	}
	return half
}

// fill computes one channel of the opaque picture.
func fill(dst, levels []float32, pyramid []fillLevel) {
	first := &pyramid[0]
	for i, w := range first.weight {
		first.light[i] = 0
		if w > 0 {
			first.light[i] = planar.Light(levels[i])
		}
	}
	for k := range len(pyramid) - 1 {
		pyramid[k].pull(&pyramid[k+1])
	}
	for k := len(pyramid) - 2; k >= 0; k-- {
		pyramid[k].push(&pyramid[k+1])
	}
	for i, w := range first.weight {
		dst[i] = levels[i]
		if w < 1 {
			dst[i] = planar.Level(first.light[i])
		}
	}
}

// pull computes the light of the next smaller level: the means of the known pixels.
func (l *fillLevel) pull(to *fillLevel) {
	clear(to.light)
	sums := make([]float32, len(to.light))
	for y := range l.h {
		for x := range l.w {
			at, w := y/2*to.w+x/2, l.weight[y*l.w+x]
			to.light[at] += w * l.light[y*l.w+x]
			sums[at] += w
		}
	}
	for i, sum := range sums {
		if sum > 0 {
			to.light[i] /= sum
		}
	}
}

// push fills the unknown pixels of a level from the next smaller one.
func (l *fillLevel) push(from *fillLevel) {
	for y := range l.h {
		v := halfTap(y, from.h)
		upper, lower := from.light[v.i0*from.w:], from.light[v.i1*from.w:]
		for x := range l.w {
			i := y*l.w + x
			w := l.weight[i]
			if w >= 1 {
				continue
			}
			u := halfTap(x, from.w)
			under := v.mix(u.mix(upper[u.i0], upper[u.i1]), u.mix(lower[u.i0], lower[u.i1]))
			l.light[i] = w*l.light[i] + (1-w)*under
		}
	}
}

// tap is a linear interpolation between two neighbours.
type tap struct {
	i0, i1 int
	f      float32 // weight of i1
}

func (t tap) mix(a, b float32) float32 { return a + t.f*(b-a) }

// halfTap returns the interpolation for a position of a level between two of the n
// pixels of the next smaller one.
func halfTap(pos, n int) tap {
	at := (float64(pos)+0.5)/2 - 0.5
	i := int(math.Floor(at))
	return tap{min(max(i, 0), n-1), min(max(i+1, 0), n-1), float32(at - float64(i))}
}

// WithOpacity returns a picture with a mask of any size as opacity; nil means opaque.
// The result shares its colours with p.
func WithOpacity(p *picture.Picture, m *Mask) *picture.Picture {
	of := &picture.Picture{W: p.W, H: p.H, RGB: p.RGB}
	if m != nil {
		of.Alpha = m.Resize(p.W, p.H).Weight
	}
	return of
}
