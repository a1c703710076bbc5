package paint

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pastiche-art/pastiche/internal/masking"
	"github.com/pastiche-art/pastiche/picture"
)

// TestMargin paints with a margin and checks the size of the painting, that the kept
// part equals the photo to the bit, and that a mask applies to the same pixels as
// without a margin.
func TestMargin(t *testing.T) {
	if testing.Short() {
		t.Skip("it paints several pictures")
	}
	content := photo(60, 44)
	mask := picture.New(60, 44) // its left half
	for i := range mask.RGB {
		if i%60 < 30 {
			mask.RGB[i] = maxLevel
		}
	}
	recipe := Fine()
	recipe.Size, recipe.FirstSize, recipe.Iterations, recipe.FirstIterations = 60, 30, 3, 3
	for _, cost := range []StyleCost{WassersteinCost, NearestCost, EarthMoverCost} {
		t.Run(string(cost), func(t *testing.T) {
			recipe.StyleCost = cost
			var widths []int
			p := mustPaint(t, content, []Region{{Mask: mask}, {Styles: []Style{{Picture: strokes(60, 44, 3)}}}}, Options{
				Recipe: &recipe,
				Progress: func(p Progress) {
					widths = append(widths, p.Width)
					if view := p.Picture(); view.W != p.Width || view.H != p.Height {
						t.Fatalf("a view of %d x %d pixels, said to be %d x %d", view.W, view.H, p.Width, p.Height)
					}
				},
			})
			if p.W != 60 || p.H != 44 || !slices.Equal(slices.Compact(widths), []int{30, 42, 60}) {
				t.Fatalf("%d x %d pixels after scales of %v", p.W, p.H, widths)
			}
			changed := 0
			for i, v := range p.RGB {
				switch same := v == content.RGB[i]; {
				case i%60 < 30 && !same:
					t.Fatalf("level %d is %g, and %g in the photo", i, v, content.RGB[i])
				case i%60 >= 30 && !same:
					changed++
				}
			}
			if changed < len(p.RGB)/3 {
				t.Errorf("only %d levels of %d were painted", changed, len(p.RGB)/2)
			}
		})
	}
}

func TestMarginMirrors(t *testing.T) {
	m := &masking.Mask{W: 2, H: 1, Weight: []float32{1, 2}}
	want := []float32{1, 2, 2, 1, 1, 2, 2, 1, 1, 2} // mirrored more than once
	wide := maskWithMargin(m, 4)
	if wide.W != 10 || wide.H != 9 || !slices.Equal(wide.Weight[:10], want) || !slices.Equal(wide.Weight[80:], want) {
		t.Errorf("%d x %d %v", wide.W, wide.H, wide.Weight)
	}
	if diff := cmp.Diff(m, maskWithoutMargin(wide, 4)); diff != "" {
		t.Errorf("a mask without its margin (-want +got):\n%s", diff)
	}
	p := picture.New(7, 5)
	p.Alpha = make([]float32, 7*5)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range p.RGB {
		p.RGB[i] = maxLevel * random.Float32()
	}
	for i := range p.Alpha {
		p.Alpha[i] = random.Float32()
	}
	e := withMargin(p, 3)
	if got := withoutMargin(e, 3); !slices.Equal(got.RGB, p.RGB) || !slices.Equal(got.Alpha, p.Alpha) {
		t.Error("a picture without its margin is another one")
	}
	for y := range e.H {
		if e.RGB[y*e.W+2] != e.RGB[y*e.W+3] || e.RGB[y*e.W+1] != e.RGB[y*e.W+4] {
			t.Fatalf("row %d is not mirrored at its left side", y)
		}
	}
}
