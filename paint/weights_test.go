package paint

import (
	"math"
	"slices"
	"testing"

	"github.com/pastiche-art/pastiche/picture"
)

// redAndBlue returns two styles that differ only in color.
func redAndBlue(w, h int) (red, blue *picture.Picture) {
	wave := func(x, y float64) float64 { return 180 + 60*math.Sin(40*x+25*y) }
	return draw(w, h, func(x, y float64) [3]float64 { return [3]float64{wave(x, y), 30, 20} }),
		draw(w, h, func(x, y float64) [3]float64 { return [3]float64{20, 30, wave(x, y)} })
}

// blend returns a region of two styles with the given weights.
func blend(a, b *picture.Picture, weights [2]float64) []Region {
	return []Region{{Styles: []Style{{Picture: a, Weight: weights[0]}, {Picture: b, Weight: weights[1]}}}}
}

// TestStyleWithoutWeight checks that a style of weight 0 paints nothing, with every
// recipe.
func TestStyleWithoutWeight(t *testing.T) {
	content := photo(48, 36)
	red, blue := redAndBlue(64, 48)
	for _, name := range RecipeNames() {
		t.Run(name, func(t *testing.T) {
			recipe := small(t, name)
			recipe.Size, recipe.FirstSize, recipe.Iterations = 48, 0, 2
			opts := Options{Recipe: recipe}
			want := mustPaint(t, content, one(blue), opts)
			got := mustPaint(t, content, blend(red, blue, [2]float64{0, 1}), opts)
			if !slices.Equal(got.RGB, want.RGB) {
				t.Error("with a second style of weight 0: not the painting in the manner of the first")
			}
		})
	}
}

// TestStyleWeights checks that a style with more weight has more influence, also with
// recipes that search for nearest neighbours.
func TestStyleWeights(t *testing.T) {
	if testing.Short() {
		t.Skip("it paints several pictures")
	}
	red, blue := redAndBlue(64, 64)
	points := sampledPoints
	for _, name := range []string{"fine", "nnst", "strotss"} {
		t.Run(name, func(t *testing.T) {
			recipe := small(t, name)
			takePoints(t, points) // which have shares of styles
			recipe.Size, recipe.FirstSize, recipe.Colors = 40, 0, StyleColors
			recipe.LearningRate, recipe.Rotations, recipe.ContentWeight, recipe.FirstContentWeight = 8, 0, 0, 0
			recipe.Iterations, recipe.FinalIterations = 10, min(recipe.FinalIterations, 10)
			redness := func(weights [2]float64) (sum float64) {
				p := mustPaint(t, photo(64, 48), blend(red, blue, weights), Options{Recipe: recipe})
				plane := p.W * p.H
				for i := range plane {
					sum += float64(p.RGB[i]-p.RGB[2*plane+i]) / float64(plane)
				}
				return sum
			}
			if most, least := redness([2]float64{9, 1}), redness([2]float64{1, 9}); most < least+5 {
				t.Errorf("%.0f levels more red than blue where red weighs nine times as much, %.0f where blue does", most, least)
			}
		})
	}
}

// TestAllot checks that styles get columns in proportion to their shares.
func TestAllot(t *testing.T) {
	const places = 400 // number of columns of a style with this many times columnStep² pixels
	pixels := float64(places * columnStep * columnStep)
	for _, test := range []struct {
		name         string
		most         float64
		shares, want []float64
		pixels       []float64
	}{
		{"one", 1e6, []float64{1}, []float64{places}, []float64{pixels}},
		{"one of many", 100, []float64{1}, []float64{100}, []float64{pixels}},
		{"two alike", 1e6, []float64{0.5, 0.5}, []float64{places, places}, []float64{pixels, pixels}},
		{"two alike of two sizes", 1e6, []float64{0.5, 0.5}, []float64{places, 4 * places}, []float64{pixels, 4 * pixels}},
		{"a quarter", 1e6, []float64{0.75, 0.25}, []float64{places, places / 3.}, []float64{pixels, pixels}},
		{"a quarter of many", 100, []float64{0.75, 0.25}, []float64{75, 25}, []float64{pixels, pixels}},
		{"fewer than their share", 1e6, []float64{0.75, 0.25}, []float64{places, places / 8.}, []float64{pixels, pixels / 8}},
		{"next to nothing", 1e6, []float64{0.9999, 0.0001}, []float64{places, 1}, []float64{pixels, pixels}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for i, got := range allot(test.most, test.shares, test.pixels) {
				if !near(got, test.want[i], 1e-9) {
					t.Errorf("style %d gives %g columns, want %g", i+1, got, test.want[i])
				}
			}
		})
	}
}
