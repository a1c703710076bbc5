package paint

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/pastiche-art/pastiche/picture"
)

func TestUnusableReferences(t *testing.T) {
	m := photo(24, 24)
	for name, r := range map[string]Reference{
		"no picture":                     {Weight: 1},
		"weights of another size":        {Picture: m, Weights: make([]float32, 24), Weight: 1},
		"a negative weight":              {Picture: m, Weight: -1},
		"a weight that is not a number":  {Picture: m, Weight: math.NaN()},
		"a weight that is not finite":    {Picture: m, Weight: math.Inf(1)},
		"the second one, with no weight": {Weights: []float32{}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Paint(t.Context(), m, one(strokes(24, 24, 4)), Options{Recipe: tiny(t), References: []Reference{{Picture: m}, r}})
			var option *OptionError
			if !errors.As(err, &option) || option.Option != "References" {
				t.Errorf("got %v, want an OptionError about References", err)
			}
		})
	}
}

// TestReferenceCost compares the cost of two references with their definition.
func TestReferenceCost(t *testing.T) {
	const w, h = 40, 30
	content, scored, first, second := photo(w, h), strokes(w, h, 2), strokes(w, h, 3), photo(h, w).Resize(w, h)
	weights := make([]float32, w*h)
	for i := range weights {
		weights[i] = float32(i%5) / 4
	}
	var want, weighted float64
	for i, level := range scored.RGB {
		a, b := float64(level-first.RGB[i])/255, float64(level-second.RGB[i])/255
		a, b = a*a/float64(len(scored.RGB)), b*b*float64(weights[i%len(weights)])/float64(len(scored.RGB))
		want += a + b
		weighted += 7*a + 20*b
	}
	opts := Options{Recipe: tiny(t)}
	without, err := Score(t.Context(), content, one(content), scored, opts)
	if err != nil {
		t.Fatal(err)
	}
	opts.References = []Reference{{Picture: first, Weight: 7}, {Picture: second, Weights: weights, Weight: 20}}
	with, err := Score(t.Context(), content, one(content), scored, opts)
	if err != nil {
		t.Fatal(err)
	}
	if !near(with.Costs.References, want, 1e-5) || without.Costs.References != 0 {
		t.Errorf("the references cost %g, want %g; %g without any", with.Costs.References, want, without.Costs.References)
	}
	if got := with.Costs.Total - without.Costs.Total; math.Abs(got-weighted) > 1e-5*with.Costs.Total {
		t.Errorf("the references add %g to the total, want %g", got, weighted)
	}
}

// TestReferenceHolds: at all scales, a painting stays near a reference where it weighs.
func TestReferenceHolds(t *testing.T) {
	recipe := small(t, "fine")
	recipe.Colors = StyleColors
	reference := strokes(192, 144, 3) // twice as large as the canvas
	weights := make([]float32, 192*144)
	for i := range weights {
		if i%192 < 96 {
			weights[i] = 1
		}
	}
	want := reference.Resize(96, 72)
	distance := func(p *picture.Picture) (left, right float64) {
		for i, level := range p.RGB {
			d := math.Abs(float64(level - want.RGB[i]))
			switch x := i % 96; {
			case x < 40:
				left += d / (40 * 72 * 3)
			case x >= 56:
				right += d / (40 * 72 * 3)
			}
		}
		return left, right
	}
	paint := func(references ...Reference) *picture.Picture {
		recipe.Iterations, recipe.FirstIterations = 20, 20
		return mustPaint(t, photo(96, 72), one(strokes(96, 72, 9)), Options{Recipe: recipe, References: references}).Picture
	}
	left, right := distance(paint())
	heldLeft, heldRight := distance(paint(Reference{Picture: reference, Weights: weights, Weight: 1000}))
	if heldLeft > left/4 || heldRight < right*0.8 {
		t.Errorf("mean distances of both halves %.1f and %.1f levels with a reference of the left one, %.1f and %.1f without", heldLeft, heldRight, left, right)
	}
}

func TestResumeWithReference(t *testing.T) {
	content, style, reference := photo(24, 24), strokes(24, 24, 4), strokes(24, 24, 2)
	var written bytes.Buffer
	opts := Options{Recipe: tiny(t), References: []Reference{{Picture: reference, Weight: 10}}, Progress: func(p Progress) {
		if p.Step == 1 {
			if err := p.WriteCheckpoint(&written); err != nil {
				t.Fatal(err)
			}
		}
	}}
	want := mustPaint(t, content, one(style), opts)
	opts.Progress = nil
	for name, test := range map[string]struct {
		references []Reference
		refused    bool
	}{
		"the same reference": {opts.References, false},
		"none":               {nil, true},
		"another picture":    {[]Reference{{Picture: content, Weight: 10}}, true},
		"another weight":     {[]Reference{{Picture: reference, Weight: 11}}, true},
		"weights of pixels":  {[]Reference{{Picture: reference, Weight: 10, Weights: make([]float32, 24*24)}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			opts := opts
			var err error
			if opts.Resume, err = ReadCheckpoint(bytes.NewReader(written.Bytes())); err != nil {
				t.Fatal(err)
			}
			opts.References = test.references
			got, err := Paint(t.Context(), content, one(style), opts)
			if test.refused != errors.Is(err, ErrCheckpoint) {
				t.Fatalf("got %v, want ErrCheckpoint: %v", err, test.refused)
			}
			if !test.refused && !slices.Equal(got.RGB, want.RGB) {
				t.Error("another painting")
			}
		})
	}
}
