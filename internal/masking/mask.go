// Package masking handles a weight for each pixel of a picture: masks that show where a
// style is painted, and opacities.
package masking

import (
	"image"
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/internal/planar"
	"github.com/pastiche-art/pastiche/picture"
)

// A Mask is a weight for each pixel, from 0 to 1.
type Mask struct {
	W, H   int
	Weight []float32 // H x W
}

// New returns the mask that a picture shows: 1 for white, 0 for black, multiplied
// by the opacity.
func New(m image.Image) *Mask {
	p := picture.FromImage(m)
	mask := &Mask{W: p.W, H: p.H, Weight: make([]float32, p.W*p.H)}
	for i := range mask.Weight {
		w := planar.Luma(p.RGB, i) / planar.White
		if p.Alpha != nil {
			w *= p.Alpha[i]
		}
		mask.Weight[i] = min(max(w, 0), 1)
	}
	return mask
}

// Image returns the mask as a grey picture.
func (m *Mask) Image() image.Image {
	p := picture.New(m.W, m.H)
	for c := range planar.Channels {
		for i, w := range m.Weight {
			planar.Channel(p.RGB, c)[i] = planar.White * w
		}
	}
	return p
}

// Mean returns the mean weight.
func (m *Mask) Mean() float64 {
	var sum float64
	for _, w := range m.Weight {
		sum += float64(w)
	}
	return sum / float64(len(m.Weight))
}

// Resize returns the mask in another size. Each pixel is the mean over the area that it
// covers.
func (m *Mask) Resize(w, h int) *Mask {
	wide := make([]float32, w*m.H)
	for y := range m.H {
		overAreas(wide[y*w:], m.Weight[y*m.W:], m.W, w, 1)
	}
	r := &Mask{W: w, H: h, Weight: make([]float32, w*h)}
	for x := range w {
		overAreas(r.Weight[x:], wide[x:], m.H, h, w)
	}
	return r
}

// Resample returns the mask in another size, resampled like an opacity in
// [Picture.Resize].
func (m *Mask) Resample(w, h int) *Mask {
	r := &Mask{W: w, H: h, Weight: slices.Clone(m.Weight)}
	if w != m.W || h != m.H {
		r.Weight = planar.Opacity(m.Weight, m.W, planar.Windows(m.W, w), planar.Windows(m.H, h))
		planar.ClampOpacity(r.Weight)
	}
	return r
}

// Times returns the product of two masks, in the larger of their sizes. A nil mask is 1
// everywhere.
func (m *Mask) Times(o *Mask) *Mask {
	if m == nil {
		return o
	}
	if o == nil {
		return m
	}
	w, h := max(m.W, o.W), max(m.H, o.H)
	product, other := m.Resize(w, h), o.Resize(w, h)
	for i, v := range other.Weight {
		product.Weight[i] *= v
	}
	return product
}

// overAreas resamples n values to the means over equal areas. The steps are the
// distances between the values on either side.
func overAreas(dst, src []float32, n, to, step int) {
	size := float64(n) / float64(to)
	for i := range to {
		from, until := float64(i)*size, float64(i+1)*size
		var sum float64
		for k := int(from); k < min(int(math.Ceil(until)), n); k++ {
			covered := min(until, float64(k+1)) - max(from, float64(k))
			sum += covered * float64(src[k*step])
		}
		dst[i*step] = float32(sum / size)
	}
}
