package picture

import (
	"image"
	"math"

	"github.com/pastiche-art/pastiche/internal/planar"
)

// Inscribed returns the largest centered rectangle within w by h pixels whose
// proportions are nearest to those of shape. It panics unless all sides are positive.
func Inscribed(w, h int, shape image.Point) image.Rectangle {
	if w < 1 || h < 1 || shape.X < 1 || shape.Y < 1 {
		panic("picture: sizes must be positive")
	}
	fit := func(side, by, of int) int { return max(1, int(math.Round(float64(side)*float64(by)/float64(of)))) }
	size := image.Pt(w, h)
	if wide := fit(h, shape.X, shape.Y); wide <= w {
		size.X = wide
	} else {
		size.Y = min(h, fit(w, shape.Y, shape.X))
	}
	at := image.Pt((w-size.X)/2, (h-size.Y)/2)
	return image.Rectangle{at, at.Add(size)}
}

// Crop returns a copy of a part of the picture, or the picture itself if the part is
// all of it. It panics for a part that is empty or extends beyond the picture.
func (p *Picture) Crop(part image.Rectangle) *Picture {
	if part == p.Bounds() {
		return p
	}
	if part.Empty() || !part.In(p.Bounds()) {
		panic("picture: not a part of the picture")
	}
	c := New(part.Dx(), part.Dy())
	crop := func(dst, src []float32) {
		for y := range c.H {
			copy(dst[y*c.W:(y+1)*c.W], src[(part.Min.Y+y)*p.W+part.Min.X:])
		}
	}
	for k := range 3 {
		crop(planar.Channel(c.RGB, k), planar.Channel(p.RGB, k))
	}
	if p.Alpha != nil {
		c.Alpha = make([]float32, c.W*c.H)
		crop(c.Alpha, p.Alpha)
	}
	return c
}
