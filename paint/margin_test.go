package paint

import (
	"slices"
	"testing"

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
