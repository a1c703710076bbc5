package tiff

import (
	"image"
	"slices"
	"testing"
)

// TestChromaOfWebP interpolates chroma with the weights of libwebp's
// upsampling.c.
func TestChromaOfWebP(t *testing.T) {
	m := image.NewYCbCr(image.Rect(0, 0, 4, 3), image.YCbCrSubsampleRatio420)
	copy(m.Cb, []byte{0, 160, 80, 240})
	copy(m.Cr, []byte{100, 100, 100, 100})
	want := [][]float64{
		{0, 40, 120, 160},
		{20, 60, 140, 180},
		{60, 100, 180, 220},
	}
	for y, want := range want {
		var got []float64
		for x := range 4 {
			cb, cr := interpolated(m, x, y)
			if cr != 100 {
				t.Errorf("Cr at %d, %d is %v", x, y, cr)
			}
			got = append(got, cb)
		}
		if !slices.Equal(got, want) {
			t.Errorf("row %d: got %v, want %v", y, got, want)
		}
	}
}
