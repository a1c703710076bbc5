package paint

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"testing"

	"github.com/pastiche-art/pastiche/picture"
)

// TestLabels: a label picture, drawn or compressed, comes apart in its regions.
func TestLabels(t *testing.T) {
	const w, h = 96, 64
	colors := []color.NRGBA{{0, 0, 0, 255}, {0, 0, 255, 255}, {255, 128, 0, 255}}
	labelAt := func(x, y int) int {
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
			drawn.SetNRGBA(x, y, colors[labelAt(x, y)])
		}
	}
	for name, p := range map[string]*picture.Picture{"drawn": picture.FromImage(drawn), "compressed": compressed(t, drawn)} {
		t.Run(name, func(t *testing.T) {
			labels, err := labelsOf(p)
			if err != nil {
				t.Fatal(err)
			}
			if len(labels) != len(colors) || labels[0].String() != "#000000" || labels[1].String() != "#0000ff" {
				t.Fatalf("%d labels: %v", len(labels), labels)
			}
			for y := range h {
				for x := range w {
					// Compression moves edges by up to a block of chroma.
					nearEdge := labelAt(max(x-4, 0), max(y-4, 0)) != labelAt(min(x+4, w-1), min(y+4, h-1))
					if labels[labelAt(x, y)].mask.Weight[y*w+x] != 1 && !(name == "compressed" && nearEdge) {
						t.Fatalf("(%d, %d) is not of label %d", x, y, labelAt(x, y))
					}
				}
			}
		})
	}
	many := picture.New(60, 60)
	for i := range many.RGB {
		x, y := i%60/6, i/60%60/6
		many.RGB[i] = float32([]int{x * 28, y * 28, (x + y) % 3 * 127}[i/3600])
	}
	if _, err := labelsOf(many); err == nil {
		t.Error("a picture of many colours passes for one of labels")
	}
}

// compressed returns a picture as a JPEG shows it.
func compressed(t *testing.T, m image.Image) *picture.Picture {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 85}); err != nil {
		t.Fatal(err)
	}
	f, err := picture.Decode(t.Context(), &b, "labels.jpg", picture.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return f.SRGB()
}
