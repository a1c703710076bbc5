package paint

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseStrength(t *testing.T) {
	for text, want := range map[string]Strength{
		"subtle": Subtle, "balanced": Balanced, "bold": Bold, "0": 0, "1": 1, "0.25": 0.25, "5e-1": Balanced,
	} {
		got, err := ParseStrength(text)
		if err != nil || got != want {
			t.Errorf("%s: %v, %v; expected %v", text, got, err, want)
		}
		back, err := ParseStrength(got.String())
		if err != nil || back != want {
			t.Errorf("%v as text: %v, %v", got, back, err)
		}
	}
	for _, text := range []string{"", "strong", "Bold", "-0.1", "1.01", "NaN", "Inf"} {
		_, err := ParseStrength(text)
		checkOption(t, err, "Strength")
	}
}

func TestStrengthAsJSON(t *testing.T) {
	for text, want := range map[string]Strength{`"bold"`: Bold, `0.75`: 0.75, `"0.75"`: 0.75, `0`: Subtle} {
		var got Strength
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: %v, %v; expected %v", text, got, err, want)
		}
	}
	for _, text := range []string{`"strong"`, `2`, `true`, `{}`} {
		var option *OptionError
		if err := json.Unmarshal([]byte(text), new(Strength)); !errors.As(err, &option) {
			t.Errorf("%s: %v, expected an OptionError", text, err)
		}
	}
}

func TestStrengthen(t *testing.T) {
	for _, name := range RecipeNames() {
		t.Run(name, func(t *testing.T) {
			at := func(s Strength) Recipe {
				r, err := RecipeNamed(name)
				if err == nil {
					err = r.Strengthen(s)
				}
				if err != nil {
					t.Fatal(err)
				}
				if err := r.Validate(); err != nil {
					t.Errorf("%v: %v", s, err)
				}
				return r
			}
			base, err := RecipeNamed(name)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(base, at(Balanced)); diff != "" {
				t.Errorf("balanced changes the recipe (-want +got):\n%s", diff)
			}
			// What is tuned agrees with the recipe, and nothing leaps at the middle.
			before := at(Strength(math.Nextafter32(0.5, 0)))
			for field, values := range map[string][2]float64{
				"ContentWeight":      {base.ContentWeight, before.ContentWeight},
				"FirstContentWeight": {base.FirstContentWeight, before.FirstContentWeight},
				"ContentShare":       {base.ContentShare, before.ContentShare},
				"NoiseShare":         {base.NoiseShare, before.NoiseShare},
				"FirstSize":          {float64(base.FirstSize), float64(before.FirstSize)},
			} {
				if math.Abs(values[0]-values[1]) > 1e-5*values[0] {
					t.Errorf("%s is %g in the recipe and %g just below balanced", field, values[0], values[1])
				}
			}
			last := at(Subtle)
			for s := Strength(0.125); s <= Bold; s += 0.125 {
				r := at(s)
				if r.ContentWeight >= last.ContentWeight && r.ContentShare >= last.ContentShare {
					t.Errorf("%v: content weighs %g after %g, and its share is %g after %g: expected less of one",
						s, r.ContentWeight, last.ContentWeight, r.ContentShare, last.ContentShare)
				}
				last = r
			}
		})
	}
	scales := Fine()
	scales.Scales = []Scale{{Size: 64, Iterations: 1, ContentWeight: 1}, {Size: 128, Iterations: 1}}
	bold := scales
	if err := bold.Strengthen(Bold); err != nil {
		t.Fatal(err)
	}
	if first := bold.Schedule()[0].ContentWeight; !(first < 1) || scales.Scales[0].ContentWeight != 1 {
		t.Errorf("the first scale's content weighs %g, and %g in the recipe it was copied from", first, scales.Scales[0].ContentWeight)
	}
	for _, s := range []Strength{-1, 1.5, Strength(math.NaN())} {
		r := Fine()
		checkOption(t, r.Strengthen(s), "Strength")
	}
}

// TestStrengthMovesAwayFromThePhoto checks that with every recipe a painting at Bold is
// further from the photo, in the features of a layer, than one at Subtle. With fine,
// one at Balanced lies between them.
func TestStrengthMovesAwayFromThePhoto(t *testing.T) {
	if testing.Short() {
		t.Skip("it paints several pictures")
	}
	content, style := photo(64, 64), strokes(64, 64, 5)
	const layer = "conv4_2" // whose features are content to most recipes
	want := mustFeatures(t, content, layer, Options{}).Values
	for _, name := range recipeNames() {
		t.Run(name, func(t *testing.T) {
			strengths := []Strength{Subtle, Bold}
			if name == "fine" {
				strengths = []Strength{Subtle, Balanced, Bold}
			}
			var last float64
			for i, s := range strengths {
				recipe := small(t, name)
				if err := recipe.Strengthen(s); err != nil {
					t.Fatal(err)
				}
				// The search uses the canvas at the start of a scale. With one scale
				// this is the content.
				recipe.Size, recipe.FirstSize, recipe.ScaleStep = 64, 32, 2
				recipe.FirstIterations, recipe.Iterations = 12, 12
				if recipe.Init == InitNoise { // the noise takes time to fade
					recipe.Iterations = 80
				}
				if recipe.samplesPoints() { // slow, and strengths differ early
					recipe.FirstIterations, recipe.Iterations = 8, 8
				}
				var distance float64
				for k, v := range mustFeatures(t, mustPaint(t, content, one(style), Options{Recipe: recipe}), layer, Options{}).Values {
					distance += float64(v-want[k]) * float64(v-want[k])
				}
				if i > 0 && !(distance > last) {
					t.Errorf("%v is %.6g from the photo, the strength before it %.6g: expected more", s, distance, last)
				}
				last = distance
			}
		})
	}
}
