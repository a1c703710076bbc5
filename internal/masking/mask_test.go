package masking

import (
	"image"
	"image/color"
	"math"
	"slices"
	"testing"
)

func TestNew(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 4, 1))
	for x, c := range []color.NRGBA{{255, 255, 255, 255}, {0, 0, 0, 255}, {51, 51, 51, 255}, {255, 255, 255, 0}} {
		m.SetNRGBA(x, 0, c)
	}
	got := New(m)
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

func TestMaskResample(t *testing.T) {
	p := cutOut(1, 64, 48)
	m := &Mask{W: 64, H: 48, Weight: p.Alpha}
	for _, size := range []image.Point{{64, 48}, {31, 20}, {150, 111}} {
		if got, want := m.Resample(size.X, size.Y), p.Resize(size.X, size.Y).Alpha; !slices.Equal(got.Weight, want) {
			t.Errorf("%v: not the opacity of the picture in that size", size)
		}
	}
}

func TestMaskTimes(t *testing.T) {
	a := &Mask{W: 2, H: 1, Weight: []float32{1, 0.5}}
	b := &Mask{W: 4, H: 2, Weight: []float32{1, 0, 0.5, 0.25, 0, 1, 1, 1}}
	var everywhere *Mask
	if a.Times(nil) != a || everywhere.Times(a) != a || everywhere.Times(nil) != nil {
		t.Error("nil is not everywhere")
	}
	want := []float32{1, 0, 0.25, 0.125, 0, 1, 0.5, 0.5}
	for _, got := range []*Mask{a.Times(b), b.Times(a)} {
		if got.W != 4 || got.H != 2 || !slices.Equal(got.Weight, want) {
			t.Errorf("%d x %d with %v, expected 4 x 2 with %v", got.W, got.H, got.Weight, want)
		}
	}
}
