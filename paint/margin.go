package paint

import (
	"github.com/pastiche-art/pastiche/picture"

	"github.com/pastiche-art/pastiche/internal/masking"
)

// A canvas is larger than the painting by the recipe's Margin on each side. A network
// pads its input with zeros, which distorts the painting near the sides of the canvas.
// The margin takes the distortion and is cut off.

// canvasSize returns the size of the canvas of a painting with the long side given.
func (s *session) canvasSize(long int) (w, h int) {
	w, h = picture.FitLong(s.shape.X, s.shape.Y, long)
	return w + 2*s.recipe.Margin, h + 2*s.recipe.Margin
}

// onCanvas returns a picture resized to a canvas of w x h, continued in its margin.
func (s *session) onCanvas(p *picture.Picture, w, h int) *picture.Picture {
	m := s.recipe.Margin
	return withMargin(p.Resize(w-2*m, h-2*m), m)
}

// canvasMask returns a mask of the content, continued in the margin of a canvas of
// w x h; nil, which is everywhere, stays nil.
func (s *session) canvasMask(mask *masking.Mask, w, h int) *masking.Mask {
	m := s.recipe.Margin
	if mask == nil || m == 0 {
		return mask
	}
	return maskWithMargin(mask.Resize(w-2*m, h-2*m), m)
}

// withMargin returns a copy with n more pixels on each side, which mirror the picture at
// its sides. It returns the picture itself where n is 0.
func withMargin(p *picture.Picture, n int) *picture.Picture {
	if n == 0 {
		return p
	}
	e := picture.New(p.W+2*n, p.H+2*n)
	plane, wide := p.W*p.H, e.W*e.H
	for c := range 3 {
		extendPlane(e.RGB[c*wide:(c+1)*wide], p.RGB[c*plane:(c+1)*plane], p.W, p.H, n)
	}
	if p.Alpha != nil {
		e.Alpha = make([]float32, wide)
		extendPlane(e.Alpha, p.Alpha, p.W, p.H, n)
	}
	return e
}

// maskWithMargin returns a copy with n more pixels on each side, which mirror the mask at
// its sides.
func maskWithMargin(m *masking.Mask, n int) *masking.Mask {
	e := &masking.Mask{W: m.W + 2*n, H: m.H + 2*n}
	e.Weight = make([]float32, e.W*e.H)
	extendPlane(e.Weight, m.Weight, m.W, m.H, n)
	return e
}

// withoutMargin returns a copy without n pixels on each side, the inverse of [withMargin]. It
// returns the picture itself where n is 0, and panics where nothing is left.
func withoutMargin(p *picture.Picture, n int) *picture.Picture {
	if n == 0 {
		return p
	}
	c := picture.New(p.W-2*n, p.H-2*n)
	plane, inner := p.W*p.H, c.W*c.H
	for k := range 3 {
		cropPlane(c.RGB[k*inner:(k+1)*inner], p.RGB[k*plane:(k+1)*plane], p.W, n)
	}
	if p.Alpha != nil {
		c.Alpha = make([]float32, inner)
		cropPlane(c.Alpha, p.Alpha, p.W, n)
	}
	return c
}

// maskWithoutMargin returns a copy without n pixels on each side, the inverse of
// [maskWithMargin].
func maskWithoutMargin(m *masking.Mask, n int) *masking.Mask {
	c := &masking.Mask{W: m.W - 2*n, H: m.H - 2*n}
	c.Weight = make([]float32, c.W*c.H)
	cropPlane(c.Weight, m.Weight, m.W, n)
	return c
}

// extendPlane copies src, of w x h, with n more rows and columns on each side.
func extendPlane(dst, src []float32, w, h, n int) {
	for y := range h + 2*n {
		row := src[mirrored(y-n, h)*w:][:w]
		for x := range w + 2*n {
			dst[y*(w+2*n)+x] = row[mirrored(x-n, w)]
		}
	}
}

// cropPlane copies the rows of src, of width w, without n rows and columns on each side.
func cropPlane(dst, src []float32, w, n int) {
	inner := w - 2*n
	for y := range len(dst) / inner {
		copy(dst[y*inner:(y+1)*inner], src[(y+n)*w+n:])
	}
}

// mirrored returns the position, of n, that stands at i between mirrors at both ends.
// i may lie outside.
func mirrored(i, n int) int {
	i %= 2 * n
	if i < 0 {
		i += 2 * n
	}
	return min(i, 2*n-1-i)
}
