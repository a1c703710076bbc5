package paint

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// TestPyramid checks that the levels of a canvas add up to it, and that backward is the
// transpose of compose: <compose(v), g> = <v, backward(g)> for all v and g.
func TestPyramid(t *testing.T) {
	pool, err := kernel.NewPool(2)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, c := range []struct{ h, w, levels, made int }{
		{1, 1, 3, 1}, {7, 13, 1, 1}, {16, 16, 3, 3}, {31, 18, 5, 5}, {5, 64, 15, 7},
	} {
		p := newPyramid(pool, c.h, c.w, c.levels)
		if len(p.sizes) != c.made {
			t.Errorf("%d x %d: %d levels, expected %d", c.w, c.h, len(p.sizes), c.made)
		}
		canvas, v := photo(c.w, c.h).RGB, make([]float32, p.length())
		p.analyse(v, canvas)
		again := make([]float32, len(canvas))
		p.compose(again, v)
		for i, level := range canvas {
			if d := again[i] - level; d > 1e-3 || d < -1e-3 {
				t.Fatalf("%d x %d: level %d comes back as %g, was %g", c.w, c.h, i, again[i], level)
			}
		}
		r := rand.New(rand.NewPCG(1, 0))
		g, backward := make([]float32, len(canvas)), make([]float32, len(v))
		for i := range g {
			g[i] = float32(r.NormFloat64())
		}
		for i := range v {
			v[i] = float32(r.NormFloat64())
		}
		p.compose(again, v)
		copy(backward, g)
		p.backward(backward)
		a, b := pool.Dot(again, g), pool.Dot(v, backward)
		if norm := math.Sqrt(pool.Dot(again, again) * pool.Dot(g, g)); math.Abs(a-b) > 1e-5*norm {
			t.Errorf("%d x %d: <compose(v), g> = %g, <v, spread(g)> = %g", c.w, c.h, a, b)
		}
	}
}

// TestPyramidMovesAreas checks that in a few steps of the same length, the mean colour
// of the canvas approaches the style's several times faster than without a pyramid.
func TestPyramidMovesAreas(t *testing.T) {
	content, style := photo(48, 48), strokes(48, 48, 4)
	far := func(levels int) float64 {
		recipe := small(t, "fine")
		recipe.Size, recipe.FirstSize, recipe.Iterations = 48, 0, 3
		recipe.LearningRate, recipe.FinalRate = 0.02*maxLevel, 0
		recipe.StyleLayers = Fine().StyleLayers
		recipe.ContentWeight, recipe.VariationWeight, recipe.Colors = 0, 0, StyleColors
		recipe.Pyramid = levels
		return colorDistance(mustPaint(t, content, one(style), Options{Recipe: recipe}).Picture, style)
	}
	begun := colorDistance(content, style)
	if pixels, pyramid := begun-far(0), begun-far(5); pyramid < 4*pixels || pixels < 0 {
		t.Errorf("%.3g levels nearer to the style's mean colour, %.3g by pixels", pyramid, pixels)
	}
}
