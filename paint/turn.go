package paint

import (
	"github.com/pastiche-art/pastiche/picture"

	"github.com/pastiche-art/pastiche/internal/masking"
)

// turned returns a copy, turned by a quarter to the left.
func turned(p *picture.Picture) *picture.Picture {
	t := picture.New(p.H, p.W)
	plane := p.W * p.H
	for c := range 3 {
		turnPlane(t.RGB[c*plane:(c+1)*plane], p.RGB[c*plane:(c+1)*plane], p.W, p.H)
	}
	if p.Alpha != nil {
		t.Alpha = make([]float32, plane)
		turnPlane(t.Alpha, p.Alpha, p.W, p.H)
	}
	return t
}

// turnedMask returns a copy, turned by a quarter to the left. The nil mask, which counts
// every pixel, stays nil.
func turnedMask(m *masking.Mask) *masking.Mask {
	if m == nil {
		return nil
	}
	t := &masking.Mask{W: m.H, H: m.W, Weight: make([]float32, len(m.Weight))}
	turnPlane(t.Weight, m.Weight, m.W, m.H)
	return t
}

// turnPlane copies src, of w x h, turned by a quarter to the left.
func turnPlane(dst, src []float32, w, h int) {
	for y := range h {
		for x := range w {
			dst[(w-1-x)*h+y] = src[y*w+x]
		}
	}
}
