package picture

import (
	"image"
	"testing"
)

// TestInscribed checks that the rectangle is as large as possible, and has the shape up
// to half a pixel.
func TestInscribed(t *testing.T) {
	for _, c := range []struct {
		w, h  int
		shape image.Point
		want  image.Rectangle
	}{
		{96, 64, image.Pt(3, 2), image.Rect(0, 0, 96, 64)},
		{96, 64, image.Pt(2, 2), image.Rect(16, 0, 80, 64)},
		{96, 64, image.Pt(4, 2), image.Rect(0, 8, 96, 56)},
		{64, 96, image.Pt(7087, 4724), image.Rect(0, 26, 64, 69)},
		{1, 1000, image.Pt(16384, 1), image.Rect(0, 499, 1, 500)},
		{65535, 65535, image.Pt(16384, 16383), image.Rect(0, 2, 65535, 65533)},
	} {
		if got := Inscribed(c.w, c.h, c.shape); got != c.want {
			t.Errorf("%v in %d x %d is %v, want %v", c.shape, c.w, c.h, got, c.want)
		}
	}
}

func TestCrop(t *testing.T) {
	p := noise(7, 5, true)
	part := image.Rect(2, 1, 6, 4)
	c := p.Crop(part)
	if c.W != 4 || c.H != 3 {
		t.Fatalf("%d x %d", c.W, c.H)
	}
	for y := range c.H {
		for x := range c.W {
			if c.At(x, y) != p.At(x+2, y+1) {
				t.Errorf("pixel %d, %d is %v, want %v", x, y, c.At(x, y), p.At(x+2, y+1))
			}
		}
	}
	if p.Crop(p.Bounds()) != p {
		t.Error("a copy of all of it")
	}
}
