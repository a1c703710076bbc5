package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"slices"
	"testing"
)

func TestNewMask(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 4, 1))
	for x, c := range []color.NRGBA{{255, 255, 255, 255}, {0, 0, 0, 255}, {51, 51, 51, 255}, {255, 255, 255, 0}} {
		m.SetNRGBA(x, 0, c)
	}
	got := NewMask(m)
	for i, want := range []float32{1, 0, 0.2, 0} {
		if math.Abs(float64(got.Weight[i]-want)) > 1e-6 {
			t.Errorf("pixel %d weighs %g, want %g", i, got.Weight[i], want)
		}
	}
	if math.Abs(got.Mean()-0.3) > 1e-6 {
		t.Errorf("mean %g", got.Mean())
	}
}

func TestMaskResize(t *testing.T) {
	m := &Mask{W: 3, H: 2, Weight: []float32{1, 0, 0, 0, 1, 1}}
	for _, test := range []struct {
		w, h int
		want []float32
	}{
		{3, 2, m.Weight},
		{1, 1, []float32{0.5}},
		{1, 2, []float32{1.0 / 3, 2.0 / 3}},
		{2, 1, []float32{0.5, 0.5}},
		{6, 2, []float32{1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1}},
		{2, 2, []float32{2.0 / 3, 0, 1.0 / 3, 1}},
	} {
		got := m.Resize(test.w, test.h)
		if got.W != test.w || got.H != test.h || !slices.EqualFunc(got.Weight, test.want, func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-6 }) {
			t.Errorf("%d x %d: got %v, want %v", test.w, test.h, got.Weight, test.want)
		}
	}
}

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

// compressed returns a picture as a JPEG shows it.
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
