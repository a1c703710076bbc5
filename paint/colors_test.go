package paint

import (
	"math"
	"testing"

	"github.com/pastiche-art/pastiche/internal/masking"
	"github.com/pastiche-art/pastiche/internal/recolor"
	"github.com/pastiche-art/pastiche/picture"
)

// meanColor returns the mean of each colour channel.
func meanColor(p *picture.Picture) (mean [colors]float64) {
	plane := len(p.RGB) / colors
	for i, v := range p.RGB {
		mean[i/plane] += float64(v) / float64(plane)
	}
	return mean
}

// colorDistance returns the distance of the mean colours of two pictures.
func colorDistance(p, q *picture.Picture) float64 {
	a, b := meanColor(p), meanColor(q)
	return math.Sqrt((a[0]-b[0])*(a[0]-b[0]) + (a[1]-b[1])*(a[1]-b[1]) + (a[2]-b[2])*(a[2]-b[2]))
}

func TestColors(t *testing.T) {
	if testing.Short() {
		t.Skip("it paints several pictures")
	}
	// The colours of content and board differ much; those of the strokes are not near
	// black and white, where colour maps clip.
	content, board, bands := photo(64, 48), checks(48, 48, 6), strokes(48, 48, 4)
	for i, v := range content.RGB {
		content.RGB[i] = min(max(v, 0), maxLevel)
	}
	paint := func(style *picture.Picture, colors Colors, method ColorMethod) *picture.Picture {
		recipe := small(t, "fine")
		recipe.StyleCost = WassersteinCost
		recipe.Size, recipe.FirstSize, recipe.Iterations = 64, 0, 15
		recipe.Colors, recipe.ColorMethod = colors, method
		return mustPaint(t, content, one(style), Options{Recipe: recipe}).Picture
	}
	plain := paint(board, StyleColors, "")
	for _, method := range recolor.Methods {
		t.Run("content/"+string(method), func(t *testing.T) {
			if got := paint(board, ContentColors, method); colorDistance(got, content) > colorDistance(plain, content)/2 {
				t.Errorf("%.3g from the colours of the content, %.3g without the method", colorDistance(got, content), colorDistance(plain, content))
			}
		})
		if method == LuminanceColors {
			continue
		}
		t.Run("match/"+string(method), func(t *testing.T) {
			if got := paint(bands, MatchColors, method); colorDistance(got, bands) > 6 {
				t.Errorf("%.3g levels from the colours of the style", colorDistance(got, bands))
			}
		})
	}
	t.Run("luminance keeps chroma", func(t *testing.T) {
		got := paint(board, ContentColors, "")
		plane := 64 * 48
		for i := range plane {
			for _, pair := range [][2]int{{0, 1}, {1, 2}} {
				is := got.RGB[pair[0]*plane+i] - got.RGB[pair[1]*plane+i]
				was := content.RGB[pair[0]*plane+i] - content.RGB[pair[1]*plane+i]
				if math.Abs(float64(is-was)) > 1 {
					t.Fatalf("pixel %d: colours differ by %g, those of the content by %g", i, is, was)
				}
			}
		}
	})
}

// TestMatchColorsByRegion checks that each region has the colours of its own style, and
// only of the part of it that its mask shows.
func TestMatchColorsByRegion(t *testing.T) {
	flat := func(left, right [colors]float32) *picture.Picture {
		p := photo(48, 48) // whose texture gives colours something to spread over
		for i := range p.RGB {
			c, x := i/(48*48), i%48
			base := left[c]
			if x >= 24 {
				base = right[c]
			}
			p.RGB[i] = base + (p.RGB[i]-128)/8
		}
		return p
	}
	red, green, blue := [colors]float32{200, 60, 60}, [colors]float32{60, 180, 60}, [colors]float32{60, 60, 200}
	recipe := small(t, "fine")
	recipe.Size, recipe.FirstSize = 48, 0
	got := mustPaint(t, photo(48, 48), []Region{
		{Mask: half(48, 48, true), Styles: []Style{{Picture: flat(red, green), Mask: half(48, 48, true)}}},
		{Mask: half(48, 48, false), Styles: []Style{{Picture: flat(blue, blue)}}},
	}, Options{Recipe: recipe})
	for _, c := range []struct {
		left bool
		want [colors]float32
	}{{true, red}, {false, blue}} {
		share := masking.New(half(48, 48, c.left)).Weight
		mean := meanColor(pixels(got.Picture, share, 0.5))
		for k, want := range c.want {
			if math.Abs(mean[k]-float64(want)) > 12 {
				t.Errorf("left %v: the mean colour is %.0f, expected about %.0f", c.left, mean, c.want)
				break
			}
		}
	}
}

// TestMatchColorsBesideWhatIsKept checks that the kept part of the content, however
// bright, does not affect the colours of the rest.
func TestMatchColorsBesideWhatIsKept(t *testing.T) {
	content, style := photo(48, 48), strokes(48, 48, 4)
	for i := range content.RGB {
		if i%48 < 24 {
			content.RGB[i] = maxLevel
		}
	}
	recipe := small(t, "fine")
	recipe.Size, recipe.FirstSize = 48, 0
	got := mustPaint(t, content, []Region{{Styles: []Style{{Picture: style}}}, {Mask: half(48, 48, true)}}, Options{Recipe: recipe})
	right := pixels(got.Picture, masking.New(half(48, 48, false)).Weight, 0.5)
	if far := colorDistance(right, style); far > 12 {
		t.Errorf("the mean colour is %.3g levels from the style's", far)
	}
}
