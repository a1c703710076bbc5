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

// TestLabels checks that a label picture, drawn or compressed, is split into its
// regions.
func TestLabels(t *testing.T) {
	const w, h = 96, 64
	colors := []color.NRGBA{{0, 0, 0, 255}, {0, 0, 255, 255}, {255, 128, 0, 255}}
	label := func(x, y int) int {
		switch {
		case x < 40 && y < 30:
			return 2
		case x > 70:
			return 0
		}
		return 1
	}
	drawn := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			drawn.SetNRGBA(x, y, colors[label(x, y)])
		}
	}
	for name, p := range map[string]*Picture{"drawn": FromImage(drawn), "compressed": compressed(t, drawn)} {
		t.Run(name, func(t *testing.T) {
			labels, err := p.Labels()
			if err != nil {
				t.Fatal(err)
			}
			if len(labels) != len(colors) || labels[0].String() != "#000000" || labels[1].String() != "#0000ff" {
				t.Fatalf("%d labels: %v", len(labels), labels)
			}
			for y := range h {
				for x := range w {
					// Compression moves edges by up to a block of chroma.
					nearEdge := label(max(x-4, 0), max(y-4, 0)) != label(min(x+4, w-1), min(y+4, h-1))
					if labels[label(x, y)].Mask.Weight[y*w+x] != 1 && !(name == "compressed" && nearEdge) {
						t.Fatalf("(%d, %d) is not of label %d", x, y, label(x, y))
					}
				}
			}
			if p.Grey() {
				t.Error("a label picture passes for a grey one")
			}
		})
	}
	if !FromImage(image.NewGray(image.Rect(0, 0, 3, 3))).Grey() {
		t.Error("a grey picture does not pass for one")
	}
	many := New(60, 60)
	for i := range many.RGB {
		x, y := i%60/6, i/60%60/6
		many.RGB[i] = float32([]int{x * 28, y * 28, (x + y) % 3 * 127}[i/3600])
	}
	if _, err := many.Labels(); err == nil {
		t.Error("a picture of many colours passes for one of labels")
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
