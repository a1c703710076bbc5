package picture

import "math"

// Visible reports whether any pixel of the picture shows anything: whether it has an
// opacity that 8 bits tell from 0.
func (p *Picture) Visible() bool {
	if p.Alpha == nil {
		return true
	}
	for _, a := range p.Alpha {
		if a >= leastVisible {
			return true
		}
	}
	return false
}

// Opaque returns an opaque picture of what p shows, and how much of each pixel it
// shows, nil where all of them are opaque. A pixel that is transparent, in whole or in
// part, lies over a background that continues the colours of the visible pixels around
// it. So two pictures that look alike on every background have the same opaque picture,
// whatever colours their transparent pixels hide. Opaque panics unless p is
// [Picture.Visible].
//
// The background is that of the pull-push algorithm (Gortler, Grzeszczuk, Szeliski and
// Cohen 1996, "The Lumigraph", section 3.4): the picture is halved again and again, each
// pixel the mean of those of its four that are visible, weighted by their opacity, and
// what is missing in a level is interpolated from the next smaller one. It meets the
// visible pixels without an edge. A single colour for all hidden pixels would leave an
// edge, and the network would paint it as a contour.
func (p *Picture) Opaque() (opaque *Picture, opacity *Mask) {
	if p.Alpha == nil {
		return p, nil
	}
	if !p.Visible() {
		panic("picture: nothing of it is visible")
	}
	levels := []fillLevel{newFillLevel(p)}
	transparent := false
	for _, w := range levels[0].weight {
		transparent = transparent || w < 1
	}
	if !transparent {
		return &Picture{W: p.W, H: p.H, RGB: p.RGB}, nil
	}
	for last := levels[0]; last.w > 1 || last.h > 1; {
		last = last.half()
		levels = append(levels, last)
	}
	opaque = New(p.W, p.H)
	for c := range colors {
		fill(channel(opaque.RGB, c), channel(p.RGB, c), levels)
	}
	return opaque, p.opacity()
}

// opacity returns the opacity of each pixel of a picture that is not opaque.
func (p *Picture) opacity() *Mask {
	m := &Mask{W: p.W, H: p.H, Weight: make([]float32, len(p.Alpha))}
	for i, a := range p.Alpha {
		m.Weight[i] = min(max(a, 0), 1)
	}
	return m
}

// fillLevel is a level of the pyramid in which hidden pixels are filled: how much each
// of its pixels is known, and its light in one channel.
type fillLevel struct {
	w, h          int
	weight, light []float32
}

// newFillLevel returns the first level, whose weights are the opacities of p. Pixels
// that are as good as invisible count as hidden.
func newFillLevel(p *Picture) fillLevel {
	l := fillLevel{w: p.W, h: p.H, weight: make([]float32, len(p.Alpha)), light: make([]float32, len(p.Alpha))}
	for i, a := range p.Alpha {
		if a >= leastVisible {
			l.weight[i] = min(a, 1)
		}
	}
	return l
}

// half returns the next smaller level. One pixel of four that is known suffices for a
// pixel to be known.
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

// fill computes one channel of the opaque picture to dst.
func fill(dst, levels []float32, pyramid []fillLevel) {
	first := &pyramid[0]
	for i, w := range first.weight {
		first.light[i] = 0
		if w > 0 {
			first.light[i] = toLinear(levels[i])
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
			dst[i] = toLevel(first.light[i])
		}
	}
}

// pull computes the light of the next smaller level: means over what is known.
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

// push fills what is not known of a level from the next smaller one.
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

// halfTap returns the interpolation, for a position of a level, between two of the n of
// the next smaller one.
func halfTap(pos, n int) tap {
	at := (float64(pos)+0.5)/2 - 0.5
	i := int(math.Floor(at))
	return tap{min(max(i, 0), n-1), min(max(i+1, 0), n-1), float32(at - float64(i))}
}

// WithOpacity returns the picture, which shares its colours with p, with the opacity
// that a mask of any size shows; nil is opaque.
func (p *Picture) WithOpacity(m *Mask) *Picture {
	of := &Picture{W: p.W, H: p.H, RGB: p.RGB}
	if m != nil {
		of.Alpha = m.Resize(p.W, p.H).Weight
	}
	return of
}
