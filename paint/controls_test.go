package paint

import "testing"

// TestControls checks that each weight and size has the effect that its name promises,
// by itself.
func TestControls(t *testing.T) {
	if testing.Short() {
		t.Skip("which paints a dozen pictures")
	}
	content, style := photo(48, 48), strokes(96, 96, 5)
	paint := func(change func(*Recipe)) *Painting {
		recipe := small(t, "fine")
		recipe.Size, recipe.FirstSize, recipe.Iterations = 48, 0, 15
		change(recipe)
		return mustPaint(t, content, one(style), Options{Recipe: recipe})
	}
	// coarse is the mean octave of a painting.
	coarse := func(p *Painting) float64 {
		var sum, moment float64
		for i, strength := range octaves(p.Picture, 4) {
			sum += strength * strength
			moment += float64(i) * strength * strength
		}
		return moment / sum
	}
	variation := func(p *Painting) float64 { return p.Costs.Variation }
	contentCost := func(p *Painting) float64 { return p.Costs.Content }
	styleCost := func(p *Painting) float64 { return p.Costs.Style }
	for _, c := range []struct {
		name    string
		measure func(*Painting) float64 // the larger for the second
		a, b    func(*Recipe)
	}{
		{"larger styles paint larger strokes", coarse,
			func(r *Recipe) { r.StyleScale = 0.5 }, func(r *Recipe) { r.StyleScale = 2 }},
		{"styles of more pixels paint larger strokes", coarse,
			func(r *Recipe) { r.StyleSize = 24 }, func(r *Recipe) { r.StyleSize = 96 }},
		{"less of a weight on content departs from it", contentCost,
			func(r *Recipe) { r.ContentWeight = 1 }, func(r *Recipe) { r.ContentWeight = 0.01 }},
		{"less of a weight on style departs from it", styleCost,
			func(r *Recipe) { r.StyleWeight = 1 }, func(r *Recipe) { r.StyleWeight = 0.01 }},
		{"less of a weight on variation leaves more", variation,
			func(r *Recipe) { r.VariationWeight = 100 }, func(r *Recipe) { r.VariationWeight = 0 }},
		{"fewer iterations leave more to do", styleCost,
			func(*Recipe) {}, func(r *Recipe) { r.Iterations = 3 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			if a, b := c.measure(paint(c.a)), c.measure(paint(c.b)); !(b > 1.02*a) {
				t.Errorf("%.4g and %.4g: expected more of the second", a, b)
			}
		})
	}
}
