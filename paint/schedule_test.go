package paint

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func TestSizes(t *testing.T) {
	tests := []struct {
		first, last int
		step        float64
		want        []int
	}{
		{0, 512, 0, []int{512}},
		{128, 512, 2, []int{128, 256, 512}},
		{129, 512, 2, []int{256, 512}},
		{64, 512, math.Sqrt2, []int{64, 91, 128, 181, 256, 362, 512}},
		{96, 500, math.Sqrt2, []int{125, 177, 250, 354, 500}},
		{512, 512, 2, []int{512}},
		{600, 512, 2, []int{512}},
		{5000, 512, 2, []int{512}},
		{1, 1, 2, []int{1}},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%d to %d by %.3g", test.first, test.last, test.step), func(t *testing.T) {
			if diff := cmp.Diff(test.want, sizes(test.first, test.last, test.step)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSizesProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.IntRange(1, 2000).Draw(t, "first")
		last := rapid.IntRange(1, MaxSize).Draw(t, "last")
		step := rapid.Float64Range(1.05, 4).Draw(t, "step")
		s := sizes(first, last, step)
		if s[len(s)-1] != last || !slices.IsSorted(s) {
			t.Fatalf("%v: expected to rise to %d", s, last)
		}
		// Sizes are rounded to whole pixels.
		if len(s) > 1 && s[0] < first {
			t.Fatalf("%v: begins below %d", s, first)
		}
		if float64(s[0]) > math.Ceil(step*float64(first)) && len(s) > 1 {
			t.Fatalf("%v: there is room for a smaller scale above %d", s, first)
		}
	})
}

func TestSchedule(t *testing.T) {
	base := Recipe{Size: 400, Iterations: 3, ContentWeight: 2, StyleScale: 1, StyleCost: GramCost}
	tests := []struct {
		name   string
		change func(*Recipe)
		want   []Scale
	}{
		{"a single scale", func(r *Recipe) { r.FirstContentWeight = 9 }, []Scale{{400, 3, 2, 1, GramCost}}},
		{"several", func(r *Recipe) { r.FirstSize, r.ScaleStep, r.FirstIterations = 100, 2, 7 },
			[]Scale{{100, 7, 2, 1, GramCost}, {200, 3, 2, 1, GramCost}, {400, 3, 2, 1, GramCost}}},
		{"weights and strokes that change", func(r *Recipe) {
			r.FirstSize, r.ScaleStep, r.FirstIterations = 100, 2, 7
			r.FirstContentWeight, r.FirstStyleScale = 8, 0.25
		}, []Scale{{100, 7, 8, 0.25, GramCost}, {200, 3, 4, 0.5, GramCost}, {400, 3, 2, 1, GramCost}}},
		{"one by one", func(r *Recipe) {
			r.FirstContentWeight = 8
			r.Scales = []Scale{{Size: 50, Iterations: 1}, {Size: 60, Iterations: 2, ContentWeight: 5, StyleScale: 3}}
		}, []Scale{{50, 1, 8, 1, GramCost}, {60, 2, 5, 3, GramCost}}},
		{"the end by another cost", func(r *Recipe) { r.FinalIterations, r.FinalCost = 9, SplitCost },
			[]Scale{{400, 3, 2, 1, GramCost}, {400, 9, 2, 1, SplitCost}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := base
			test.change(&r)
			if diff := cmp.Diff(test.want, r.Schedule(), cmpopts.EquateApprox(1e-12, 0)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestRecipesAsText: a recipe survives being written down.
func TestRecipesAsText(t *testing.T) {
	for _, name := range RecipeNames() {
		t.Run(name, func(t *testing.T) {
			r, err := RecipeNamed(name)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			var got Recipe
			if err := json.Unmarshal(text, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(r, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", text, diff)
			}
		})
	}
}
