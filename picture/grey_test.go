package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
)

func TestGrey(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 32, 32))
	for i := range m.Pix {
		m.Pix[i] = 255
	}
	if !compressed(t, m).Grey() {
		t.Error("a grey picture does not pass for one")
	}
	for x := range 16 {
		for y := range 16 {
			m.SetNRGBA(x, y, color.NRGBA{0, 0, 255, 255})
		}
	}
	if compressed(t, m).Grey() {
		t.Error("a picture with a blue part passes for a grey one")
	}
}

// compressed returns a picture after JPEG compression.
func compressed(t *testing.T, m image.Image) *Picture {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 85}); err != nil {
		t.Fatal(err)
	}
	p, err := srgb(Decode(t.Context(), &b, "labels.jpg", Limits{}))
	if err != nil {
		t.Fatal(err)
	}
	return p
}
