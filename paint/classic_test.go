package paint

import (
	"fmt"
	"image"
	"math"
	"testing"

	"github.com/pastiche-art/pastiche/loss"
)

// TestClassicCosts computes the course's formulas from activations.
func TestClassicCosts(t *testing.T) {
	recipe := Classic()
	network := builtin(t)
	opts := Options{Recipe: &recipe, Network: network}
	// The styles need no resizing: their long side is the picture's.
	content, style, generated := photo(32, 24), strokes(20, 32, 4), strokes(32, 24, 3)
	activation := func(p image.Image, layer string) *loss.Activation {
		a := mustFeatures(t, p, layer, opts)
		for i := range a.Values {
			a.Values[i] *= float32(network.Factor)
		}
		return a
	}

	jContent := loss.ContentCost(activation(content, "conv4_2"), activation(generated, "conv4_2"))
	var jStyle float64
	layers := make(map[string]float64)
	for block := range 5 {
		layer := fmt.Sprintf("conv%d_1", block+1)
		layers[layer] = loss.LayerStyleCost(activation(style, layer), activation(generated, layer))
		jStyle += 0.2 * layers[layer]
	}

	report := mustScore(t, content, one(style), generated, opts)
	if got := report.Costs; !near(got.Content, jContent, 1e-5) || !near(got.Style, jStyle, 1e-5) || !near(got.Total, 10*jContent+40*jStyle, 1e-5) {
		t.Errorf("costs %+v, the course's are content %g, style %g, total %g", got, jContent, jStyle, 10*jContent+40*jStyle)
	}
	for _, l := range report.Layers {
		if l.Kind == "style" && !near(l.Cost, layers[l.Layer], 1e-5) {
			t.Errorf("style cost of %s %g, the course's is %g", l.Layer, l.Cost, layers[l.Layer])
		}
	}
}

// TestClassicFirstStep holds the first step of Adam against its definition:
// corrected for bias, it moves every pixel by the learning rate against the sign
// of its gradient.
func TestClassicFirstStep(t *testing.T) {
	recipe := Classic()
	recipe.Size, recipe.Iterations = 32, 1
	content := photo(32, 24)
	painting := mustPaint(t, content, one(strokes(32, 32, 4)), Options{Recipe: &recipe, Seed: 5})
	start := noisy(content, 0.6, 5)
	for i, v := range painting.RGB {
		if moved := math.Abs(float64(v - start.RGB[i])); math.Abs(moved-2) > 1e-4 {
			t.Fatalf("value %d moved by %g levels, want 2", i, moved)
		}
	}
}
