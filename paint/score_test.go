package paint

import (
	"context"
	"errors"
	"image"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/internal/vgg"
	"github.com/pastiche-art/pastiche/loss"
)

func mustScore(t testing.TB, content image.Image, regions []Region, scored image.Image, opts Options) *Report {
	t.Helper()
	r, err := Score(t.Context(), content, regions, scored, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func mustFeatures(t testing.TB, p image.Image, layer string, opts Options) *loss.Activation {
	t.Helper()
	a, err := Features(t.Context(), p, layer, opts)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestScoreOfPainting measures what has just been painted: the painter's last
// costs, to the bit where the painting is the last canvas.
func TestScoreOfPainting(t *testing.T) {
	content, style := photo(90, 60), strokes(50, 70, 5)
	for _, name := range recipeNames() {
		t.Run(name, func(t *testing.T) {
			recipe := small(t, name)
			recipe.Averaging, recipe.Colors = 0, StyleColors // which would change the canvas
			recipe.Margin = 0                                // which costs something, too
			opts := Options{Recipe: recipe}
			if recipe.usesHypercolumns() {
				t.Skip("which looks at other places in every picture")
			}
			painting := mustPaint(t, content, one(style), opts)
			report := mustScore(t, content, one(style), painting.Picture, opts)
			if diff := cmp.Diff(painting.Costs, report.Costs); diff != "" {
				t.Errorf("costs (-painted +scored):\n%s", diff)
			}
			var layers []LayerCost
			var of Costs
			for _, l := range report.Layers {
				if l.Kind == "content" {
					of.Content += l.Weight * l.Cost
				} else {
					of.Style += l.Weight * l.Cost
				}
				l.Cost = 0
				layers = append(layers, l)
			}
			var want []LayerCost
			for _, l := range recipe.ContentLayers {
				want = append(want, LayerCost{Layer: l.Name, Kind: "content", Weight: l.Weight})
			}
			for _, l := range recipe.StyleLayers {
				want = append(want, LayerCost{Layer: l.Name, Kind: "style", Weight: l.Weight})
			}
			if diff := cmp.Diff(want, layers); diff != "" {
				t.Errorf("layers (-want +got):\n%s", diff)
			}
			if !near(of.Content, report.Costs.Content, 1e-12) || !near(of.Style, report.Costs.Style, 1e-12) {
				t.Errorf("layers cost %g and %g in all, the report says %+v", of.Content, of.Style, report.Costs)
			}
		})
	}
}

// TestScoreOfInputs knows some costs beforehand: the content has no content
// cost, and the style no style cost.
func TestScoreOfInputs(t *testing.T) {
	content, style := photo(48, 48), strokes(48, 48, 5)
	for _, name := range recipeNames() {
		t.Run(name, func(t *testing.T) {
			opts := Options{Recipe: small(t, name)}
			if opts.Recipe.usesHypercolumns() {
				t.Skip("which compares some places, and not those of the style with themselves")
			}
			ofContent := mustScore(t, content, one(style), content, opts)
			ofStyle := mustScore(t, content, one(style), style, opts)
			if ofContent.Costs.Content != 0 || !(ofContent.Costs.Style > 0) {
				t.Errorf("the content costs %+v", ofContent.Costs)
			}
			// The Wasserstein distance of a distribution to itself is rounding.
			if !(ofStyle.Costs.Style < 1e-3*ofContent.Costs.Style) || !(ofStyle.Costs.Content > 0) {
				t.Errorf("the style costs %+v, the content %+v", ofStyle.Costs, ofContent.Costs)
			}
		})
	}
}

// TestFeatures holds activations against those of a plan.
func TestFeatures(t *testing.T) {
	p := photo(45, 33)
	network := builtin(t)
	pool, err := kernel.NewPool(1)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	maximum := kernel.MaxPooling
	tests := []struct {
		name      string
		pooling   *kernel.Pooling
		replicate bool
	}{{"as trained", nil, false}, {"maximum", &maximum, false}, {"replicate", nil, true}}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			recipe := Classic()
			recipe.Pooling, recipe.Replicate = test.pooling, test.replicate
			got := mustFeatures(t, p, "relu3_2", Options{Recipe: &recipe, Threads: 2})
			opts := vgg.PlanOptions{Taps: []string{"conv3_2"}, Pooling: network.Pooling, Replicate: test.replicate}
			if test.pooling != nil {
				opts.Pooling = *test.pooling
			}
			plan, err := network.VGG().Plan(pool, p.H, p.W, opts)
			if err != nil {
				t.Fatal(err)
			}
			all, err := plan.Activations(t.Context(), p.RGB)
			if err != nil {
				t.Fatal(err)
			}
			want := all["conv3_2"].CHW()
			if got.Channels != 96 || got.Height != 8 || got.Width != 11 {
				t.Errorf("%d x %d x %d, want 96 x 8 x 11", got.Channels, got.Height, got.Width)
			}
			if !slices.Equal(got.Values, want) {
				t.Error("not the activation of a plan")
			}
		})
	}
}

func TestMeasuringCancelled(t *testing.T) {
	p := photo(32, 32)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Score(ctx, p, one(p), p, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Score: error %v", err)
	}
	if _, err := Features(ctx, p, "conv1_1", Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Features: error %v", err)
	}
}

// TestSummedContent: the content cost of [Gatys] is the paper's sum, half the squares
// over all of the layer, and so grows with it.
func TestSummedContent(t *testing.T) {
	content, style := photo(96, 72), strokes(64, 64, 4)
	for _, size := range []int{48, 96} {
		recipe := Gatys()
		cost := func(of ContentCost) float64 {
			recipe.ContentCost = of
			return mustScore(t, content, one(style), style.Resize(size, size*3/4), Options{Recipe: &recipe}).Costs.Content
		}
		layer := mustFeatures(t, content.Resize(size, size*3/4), recipe.ContentLayers[0].Name, Options{Recipe: &recipe})
		if sum, mean := cost(SummedContent), cost(SquaredContent); !near(sum, 2*float64(len(layer.Values))*mean, 1e-6) {
			t.Errorf("%d pixels: a sum of %g for a mean of %g over %d values", size, sum, mean, len(layer.Values))
		}
	}
}
