package paint

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"testing"

	"github.com/pastiche-art/pastiche/internal/cost"
	"github.com/pastiche-art/pastiche/internal/masking"
	"github.com/pastiche-art/pastiche/picture"
)

// half is a mask of the left or the right half of w x h pixels.
func half(w, h int, left bool) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			if (x < w/2) == left {
				m.SetGray(x, y, color.Gray{Y: 255})
			}
		}
	}
	return m
}

// checks is a picture of a checkerboard in two colours.
func checks(w, h int, fields float64) *picture.Picture {
	return draw(w, h, func(x, y float64) [3]float64 {
		if (int(x*fields)+int(y*fields))%2 == 0 {
			return [3]float64{20, 90, 40}
		}
		return [3]float64{240, 220, 60}
	})
}

// ofHalf returns the statistics of half a picture at a layer.
func ofHalf(t *testing.T, p *picture.Picture, left bool, layer string) *cost.Statistics {
	t.Helper()
	recipe := small(t, "gatys")
	s, err := newSession(p, one(p), Options{Recipe: recipe})
	if err != nil {
		t.Fatal(err)
	}
	defer s.pool.Close()
	of, err := s.measure(t.Context(), p, masking.New(half(p.W, p.H, left)), []Layer{{Name: layer}}, s.memory)
	if err != nil {
		t.Fatal(err)
	}
	return of[layer]
}

// styleDistance returns the sum of the squares of the differences of two Gram matrices,
// each over its number of positions.
func styleDistance(a, b *cost.Statistics) (sum float64) {
	other := b.Second.RowMajor()
	for i, v := range a.Second.RowMajor() {
		sum += float64(v-other[i]) * float64(v-other[i])
	}
	return sum
}

// TestRegions: each half of a painting takes on the statistics of its own style
// and not of the other's, whatever the style cost.
func TestRegions(t *testing.T) {
	if testing.Short() {
		t.Skip("it paints several pictures")
	}
	const layer = "conv2_1"
	bands, board := strokes(96, 96, 6), checks(96, 96, 8)
	for _, kind := range []StyleCost{GramCost, WassersteinCost} {
		t.Run(string(kind), func(t *testing.T) {
			recipe := small(t, "fine")
			recipe.StyleCost, recipe.Iterations, recipe.FirstIterations = kind, 50, 50
			recipe.StyleLayers, recipe.ContentWeight = []Layer{{"conv1_1", 0.5}, {layer, 0.5}}, 0.01
			painting := mustPaint(t, photo(96, 72), []Region{
				{Mask: half(96, 72, true), Styles: []Style{{Picture: bands}}},
				{Mask: half(96, 72, false), Styles: []Style{{Picture: board}}},
			}, Options{Recipe: recipe})
			for _, left := range []bool{true, false} {
				got := ofHalf(t, painting.Picture, left, layer)
				ofBands, ofBoard := ofHalf(t, bands, true, layer), ofHalf(t, board, true, layer)
				own, other := ofBands, ofBoard
				if !left {
					own, other = ofBoard, ofBands
				}
				if near, far := styleDistance(own, got), styleDistance(other, got); near > far {
					t.Errorf("left %v: %g from its own style, %g from the other", left, near, far)
				}
			}
		})
	}
}

// TestNearestRegions: each half of a painting by nearest places takes its pieces
// from its own style, and of a style from what its mask shows.
func TestNearestRegions(t *testing.T) {
	if testing.Short() {
		t.Skip("it paints several pictures")
	}
	red := draw(64, 64, func(x, y float64) [3]float64 { return [3]float64{200 + 50*math.Sin(40*x), 30, 20} })
	blue := draw(64, 64, func(x, y float64) [3]float64 { return [3]float64{20, 30, 200 + 50*math.Sin(40*y)} })
	both := picture.New(64, 64)
	for i := range both.RGB {
		both.RGB[i] = red.RGB[i]
		if i%64 >= 32 {
			both.RGB[i] = blue.RGB[i]
		}
	}
	// redness returns how much more red than blue there is in half a picture.
	redness := func(p *picture.Picture, left bool) (sum float64) {
		for i := range p.W * p.H {
			if (i%p.W < p.W/2) == left {
				sum += float64(p.RGB[i] - p.RGB[2*p.W*p.H+i])
			}
		}
		return sum / float64(p.W*p.H/2)
	}
	for _, name := range []string{"nnst", "strotss"} {
		for _, masked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/style masks %v", name, masked), func(t *testing.T) {
				recipe := small(t, name)
				recipe.Size, recipe.FirstSize, recipe.Colors = 40, 0, StyleColors
				recipe.LearningRate, recipe.Rotations = 8, 0
				recipe.Iterations, recipe.FinalIterations = 10, min(recipe.FinalIterations, 10)
				recipe.ContentWeight, recipe.FirstContentWeight = min(recipe.ContentWeight, 0.1), 0
				styles := [2]Style{{Picture: red}, {Picture: blue}}
				if masked {
					styles = [2]Style{{Picture: both, Mask: half(64, 64, true)}, {Picture: both, Mask: half(64, 64, false)}}
				}
				painting := mustPaint(t, photo(64, 48), []Region{
					{Mask: half(64, 48, true), Styles: styles[:1]},
					{Mask: half(64, 48, false), Styles: styles[1:]},
				}, Options{Recipe: recipe})
				if left, right := redness(painting.Picture, true), redness(painting.Picture, false); left < 30 || right > -30 {
					t.Errorf("%.0f levels more red than blue in the left half, %.0f in the right", left, right)
				}
			})
		}
	}
}

// TestStyleMask: of a style of two halves, one is painted.
func TestStyleMask(t *testing.T) {
	const layer = "conv2_1"
	bands, board := strokes(96, 96, 6), checks(96, 96, 8)
	both := picture.New(96, 96)
	for i := range both.RGB {
		both.RGB[i] = bands.RGB[i]
		if i%96 >= 48 {
			both.RGB[i] = board.RGB[i]
		}
	}
	recipe := small(t, "fine")
	recipe.Iterations, recipe.FirstIterations = 50, 50
	recipe.StyleLayers, recipe.ContentWeight = []Layer{{"conv1_1", 0.5}, {layer, 0.5}}, 0.01
	painting := mustPaint(t, photo(96, 72), []Region{{
		Styles: []Style{{Picture: both, Mask: half(96, 96, false)}},
	}}, Options{Recipe: recipe})
	got := ofHalf(t, painting.Picture, true, layer)
	near := styleDistance(ofHalf(t, board, true, layer), got)
	if far := styleDistance(ofHalf(t, bands, true, layer), got); near > far {
		t.Errorf("%g from the half that counts, %g from the other", near, far)
	}
}

// TestWhiteMask: a mask of everything is none.
func TestWhiteMask(t *testing.T) {
	white := image.NewGray(image.Rect(0, 0, 48, 36))
	for i := range white.Pix {
		white.Pix[i] = 255
	}
	content, style := photo(96, 72), strokes(64, 64, 4)
	recipe := small(t, "fine")
	recipe.Size, recipe.FirstSize = 48, 0
	whole := mustScore(t, content, one(style), content.Resize(48, 36), Options{Recipe: recipe})
	masked := mustScore(t, content, []Region{{Mask: white, Styles: []Style{{Picture: style}}}},
		content.Resize(48, 36), Options{Recipe: recipe})
	if !near(masked.Costs.Style, whole.Costs.Style, 1e-5) {
		t.Errorf("style cost %g with a mask of everything, %g without one", masked.Costs.Style, whole.Costs.Style)
	}
}

// TestKeptRegion: what is kept stays as it is to the bit, as does what no style
// claims, and the rest is painted.
func TestKeptRegion(t *testing.T) {
	styles := []Style{{Picture: strokes(64, 64, 4)}}
	for how, regions := range map[string]func(w, h int) []Region{
		"kept":      func(w, h int) []Region { return []Region{{Styles: styles}, {Mask: half(w, h, false)}} },
		"unclaimed": func(w, h int) []Region { return []Region{{Mask: half(w, h, true), Styles: styles}} },
	} {
		for _, name := range recipeNames() {
			t.Run(how+"/"+name, func(t *testing.T) {
				recipe := small(t, name)
				content := photo(recipe.Size, recipe.Size*3/4) // the size of the painting: nothing is resampled
				for i, v := range content.RGB {
					content.RGB[i] = min(max(v, 0), maxLevel)
				}
				var events int
				painting := mustPaint(t, content, regions(content.W, content.H), Options{Recipe: recipe, Progress: func(p Progress) {
					events++
					if p.Scale == p.Scales {
						compareHalves(t, content, p.Picture())
					}
				}})
				if events == 0 {
					t.Error("nothing was painted")
				}
				compareHalves(t, content, painting.Picture)
			})
		}
	}
}

// TestKeptRegionHasItsColors: colours are made those of the content or of the style after
// the last iteration, and what is kept stays as it is.
func TestKeptRegionHasItsColors(t *testing.T) {
	for _, colors := range []Colors{ContentColors, MatchColors} {
		recipe := small(t, "fine")
		recipe.Colors = colors
		content := photo(recipe.Size, recipe.Size*3/4)
		for i, v := range content.RGB {
			content.RGB[i] = min(max(v, 0), maxLevel)
		}
		painting := mustPaint(t, content, []Region{
			{Styles: []Style{{Picture: strokes(64, 64, 4)}}}, {Mask: half(content.W, content.H, false)},
		}, Options{Recipe: recipe})
		compareHalves(t, content, painting.Picture)
	}
}

// TestSoftMask: where a mask is grey, the painting and the content have their shares
// of each pixel. A first step of Adam moves every pixel by the learning rate.
func TestSoftMask(t *testing.T) {
	const level = 64
	grey := image.NewGray(image.Rect(0, 0, 48, 36))
	for i := range grey.Pix {
		grey.Pix[i] = level
	}
	content := photo(48, 36)
	for i, v := range content.RGB {
		content.RGB[i] = min(max(v, 20), maxLevel-20)
	}
	recipe := small(t, "fine")
	recipe.Size, recipe.FirstSize, recipe.Iterations, recipe.Colors = 48, 0, 1, StyleColors
	painting := mustPaint(t, content, []Region{{Mask: grey, Styles: []Style{{Picture: strokes(64, 64, 4)}}}}, Options{Recipe: recipe})
	var moved float64
	for i, v := range painting.RGB {
		moved += math.Abs(float64(v-content.RGB[i])) / float64(len(painting.RGB))
	}
	if want := recipe.LearningRate * level / maxLevel; !near(moved, want, 0.02) {
		t.Errorf("pixels moved by %.2f levels in the mean, want %.2f", moved, want)
	}
}

// compareHalves checks that the right half of a picture is as it was, and the
// left one is not.
func compareHalves(t *testing.T, before, after *picture.Picture) {
	t.Helper()
	for row := range 3 * before.H {
		was, is := before.RGB[row*before.W:][:before.W], after.RGB[row*after.W:][:after.W]
		if !slices.Equal(was[before.W/2:], is[before.W/2:]) {
			t.Fatalf("row %d of what is kept has changed", row)
		}
	}
	if slices.Equal(before.RGB[:before.W/2], after.RGB[:before.W/2]) {
		t.Error("what is painted has not changed")
	}
}

func TestMaskErrors(t *testing.T) {
	good := strokes(40, 40, 2)
	white := func(w, h int) image.Image {
		m := image.NewGray(image.Rect(0, 0, w, h))
		m.Pix[0] = 255
		return m
	}
	for _, test := range []struct {
		option, name string
		regions      []Region
	}{
		{"Mask", "of another shape", []Region{{Mask: white(40, 20), Styles: []Style{{Picture: good}}}}},
		{"Mask", "a point", []Region{{Mask: white(1, 1), Styles: []Style{{Picture: good}}}}},
		{"Mask", "empty", []Region{{Mask: &image.Gray{}, Styles: []Style{{Picture: good}}}}},
		{"Mask", "black", []Region{{Mask: image.NewGray(image.Rect(0, 0, 40, 30)), Styles: []Style{{Picture: good}}}}},
		{"StyleMask", "of another shape", []Region{{Styles: []Style{{Picture: good, Mask: white(40, 20)}}}}},
		{"StyleMask", "black", []Region{{Styles: []Style{{Picture: good, Mask: image.NewGray(image.Rect(0, 0, 40, 40))}}}}},
		{"styles", "nothing but what is kept", []Region{{Mask: white(40, 30)}}},
		{"Keep", "another shape", []Region{{Mask: white(30, 40)}, {Styles: []Style{{Picture: good}}}}},
		{"Keep", "all of it", []Region{
			{Mask: half(40, 30, true)}, {Mask: half(40, 30, false)}, {Styles: []Style{{Picture: good}}},
		}},
		{"Keep", "all that a style belongs to", []Region{
			{Mask: half(40, 30, true)}, {Mask: half(40, 30, true), Styles: []Style{{Picture: good}}},
		}},
		{"styles", "everything kept", []Region{{}, {Styles: []Style{{Picture: good}}}}},
	} {
		t.Run(test.option+"/"+test.name, func(t *testing.T) {
			_, err := Paint(t.Context(), photo(40, 30), test.regions, Options{})
			checkOption(t, err, test.option)
		})
	}
	recipe := Fine()
	recipe.Tileable = true
	_, err := Texture(t.Context(), image.Pt(40, 30), []Region{{Mask: white(40, 30), Styles: []Style{{Picture: good}}}}, Options{Recipe: &recipe})
	checkOption(t, err, "Tileable")
}
