package explore_test

import (
	"context"
	"errors"
	"image"
	"math"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/pastiche-art/pastiche/explore"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// waves is a picture in which a network sees something.
func waves(w, h int, length float64) *picture.Picture {
	p := picture.New(w, h)
	for i := range p.RGB {
		x, y, c := float64(i%w), float64(i/w%h), float64(i/w/h)
		p.RGB[i] = float32(127 + 120*math.Sin((x+y*(c+1)/2)/length+c))
	}
	return p
}

func TestVary(t *testing.T) {
	for _, c := range []struct {
		name        string
		fixed       map[explore.Parameter]string
		varied      []explore.Parameter
		n           int
		first, last string // labels
	}{
		{"strengths and strokes", nil, []explore.Parameter{explore.Strength, explore.StyleScale}, 12, "subtle, strokes × 0.5", "bold, strokes × 1.5"},
		{"strengths", nil, []explore.Parameter{explore.Strength}, 11, "subtle", "bold"},
		{"strokes", nil, []explore.Parameter{explore.StyleScale}, 12, "strokes × 0.5", "strokes × 3.4"},
		{"recipes", nil, []explore.Parameter{explore.Recipe}, len(paint.RecipeNames()), "fine", "strotss"},
		{"colours and recipes", nil, []explore.Parameter{explore.Colors, explore.Recipe}, 15, "colours as painted, fine", "the painting's palette, strotss"},
		{"seeds", map[explore.Parameter]string{explore.Seed: "5"}, []explore.Parameter{explore.Seed}, 12, "seed 5", "seed 16"},
	} {
		t.Run(c.name, func(t *testing.T) {
			all, err := explore.Vary(c.fixed, c.varied...)
			if err != nil {
				t.Fatal(err)
			}
			if len(all) != c.n {
				t.Fatalf("%d variations, expected %d", len(all), c.n)
			}
			if first, last := all[0].Label(), all[c.n-1].Label(); first != c.first || last != c.last {
				t.Errorf("from %q to %q, expected %q to %q", first, last, c.first, c.last)
			}
			seen := make(map[string]bool)
			for i, v := range all {
				if v.Number != i+1 || seen[v.Label()] {
					t.Errorf("variation %d has the number %d and the label %q", i+1, v.Number, v.Label())
				}
				seen[v.Label()] = true
			}
		})
	}
}

func TestVaryChangesTheRecipe(t *testing.T) {
	all, err := explore.Vary(map[explore.Parameter]string{explore.Recipe: "strotss", explore.Colors: "content"}, explore.Strength, explore.StyleScale)
	if err != nil {
		t.Fatal(err)
	}
	subtle, bold := all[0].Recipe, all[2].Recipe
	if subtle.Name != "strotss" || subtle.Colors != paint.ContentColors || !(subtle.ContentWeight > bold.ContentWeight) || subtle.StyleScale != 0.5 {
		t.Errorf("the first recipe is %+v", subtle)
	}
	// Of a recipe in JSON, the strength changes what the object leaves out.
	all, err = explore.Vary(map[explore.Parameter]string{explore.Recipe: `{"name":"strotss","style_scale":3}`}, explore.Strength)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range []paint.Recipe{all[0].Recipe, all[len(all)-1].Recipe} {
		if want := []paint.Recipe{subtle, bold}[i].ContentWeight; r.Name != "strotss" || r.StyleScale != 3 || r.ContentWeight != want {
			t.Errorf("recipe %d of an object is %+v, expected the content weight %g", i, r, want)
		}
	}
	// Seeds do something only where a painting begins with noise.
	for recipe, inits := range map[string]int{"fine": 1, "classic": 0} {
		all, err := explore.Vary(map[explore.Parameter]string{explore.Recipe: recipe}, explore.Seed)
		if err != nil {
			t.Fatal(err)
		}
		if v := all[3]; v.Recipe.Init != paint.InitNoise || v.Seed != 3 || len(v.Choices) != 1+inits {
			t.Errorf("%s: seed %d, beginning with %s, by the choices %v", recipe, v.Seed, v.Recipe.Init, v.Choices)
		}
	}
}

func TestVaryErrors(t *testing.T) {
	for name, c := range map[string]struct {
		option string
		fixed  map[explore.Parameter]string
		varied []explore.Parameter
	}{
		"nothing":    {"vary", nil, nil},
		"three":      {"vary", nil, []explore.Parameter{explore.Strength, explore.Recipe, explore.Seed}},
		"twice":      {"vary", nil, []explore.Parameter{explore.Seed, explore.Seed}},
		"unknown":    {"vary", nil, []explore.Parameter{"mood"}},
		"a recipe":   {"Recipe", map[explore.Parameter]string{explore.Recipe: "fien"}, []explore.Parameter{explore.Seed}},
		"an object":  {"ContentWeight", map[explore.Parameter]string{explore.Recipe: `{"name":"fine","content_weight":-1}`}, []explore.Parameter{explore.Seed}},
		"a strength": {"Strength", map[explore.Parameter]string{explore.Strength: "2"}, []explore.Parameter{explore.Seed}},
		"a scale":    {"StyleScale", map[explore.Parameter]string{explore.StyleScale: "big"}, []explore.Parameter{explore.Seed}},
		"colours":    {"Colors", map[explore.Parameter]string{explore.Colors: "mine"}, []explore.Parameter{explore.Strength}},
		"a seed":     {"Seed", map[explore.Parameter]string{explore.Seed: "x"}, []explore.Parameter{explore.Seed}},
	} {
		_, err := explore.Vary(c.fixed, c.varied...)
		var option *paint.OptionError
		if !errors.As(err, &option) || option.Option != c.option {
			t.Errorf("%s: %v, expected an error about %s", name, err, c.option)
		}
	}
}

// quick makes recipes that paint in a blink.
func quick(t *testing.T, varied ...explore.Parameter) []explore.Variation {
	t.Helper()
	all, err := explore.Vary(map[explore.Parameter]string{explore.Recipe: "gatys"}, varied...)
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		all[i].Recipe.Iterations = 6
	}
	return all
}

func TestPaint(t *testing.T) {
	content, style := waves(300, 200, 9), waves(90, 90, 4)
	var last explore.Progress
	steps := 0
	opts := explore.Options{Size: 48, Progress: func(p explore.Progress) {
		if p.Step != last.Step+1 || p.Scale < last.Scale {
			t.Errorf("step %d at scale %d after step %d at scale %d", p.Step, p.Scale, last.Step, last.Scale)
		}
		last, steps = p, steps+1
	}}
	variations := quick(t, explore.Strength, explore.StyleScale)
	studies, err := explore.Prepare(content, paint.InMannerOf(style), variations, opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := explore.Paint(t.Context(), content, paint.InMannerOf(style), studies, opts); err != nil {
		t.Fatal(err)
	}
	if last.Step != steps || last.Steps != steps || last.Scale != last.Scales || last.Variation.Number != len(studies) {
		t.Errorf("the last of %d steps says %d of %d, scale %d of %d, painting %d", steps, last.Step, last.Steps, last.Scale, last.Scales, last.Variation.Number)
	}
	var sizes []image.Point
	for i, s := range studies {
		if s.Err != nil || s.Picture == nil {
			t.Fatalf("study %d: %v", i+1, s.Err)
		}
		sizes = append(sizes, image.Pt(s.Picture.W, s.Picture.H))
		if i > 0 && slices.Equal(s.Picture.RGB, studies[i-1].Picture.RGB) {
			t.Errorf("studies %d and %d are the same picture", i, i+1)
		}
	}
	if slices.ContainsFunc(sizes, func(p image.Point) bool { return p != image.Pt(48, 32) }) {
		t.Errorf("the studies have %v pixels", sizes)
	}
	// Three columns of strengths, four rows of strokes.
	sheet := explore.Sheet(studies)
	if sheet == nil || sheet.W < 3*200 || sheet.W > 3*240 || sheet.H < 4*130 || sheet.H > 4*180 {
		t.Errorf("the sheet is %v", sheet.Bounds())
	}
}

func TestSmall(t *testing.T) {
	for _, name := range paint.RecipeNames() {
		r, err := paint.RecipeNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		small := explore.Small(r, 96)
		if err := small.Validate(); err != nil || small.Size != 96 || small.StyleScale != r.StyleScale {
			t.Errorf("%s: %v, %+v", name, err, small)
		}
		scales, of := small.Schedule(), r.Schedule()
		if len(scales) != len(of) {
			t.Fatalf("%s: %d scales, expected those of the painting, %d", name, len(scales), len(of))
		}
		for i, s := range scales {
			if s.Size > 96 || s.Iterations >= of[i].Iterations || s.ContentWeight != of[i].ContentWeight || s.StyleCost != of[i].StyleCost {
				t.Errorf("%s: %+v, where the painting has %+v", name, s, of[i])
			}
		}
		if r.Size = 20; explore.Small(r, 96).Size != 20 {
			t.Errorf("%s: a study is larger than the painting", name)
		}
	}
}

// TestInterrupted: what is finished keeps its place on the sheet.
func TestInterrupted(t *testing.T) {
	content, style := waves(96, 64, 9), waves(90, 90, 4)
	ctx, cancel := context.WithCancel(t.Context())
	opts := explore.Options{Size: 48, Progress: func(p explore.Progress) {
		if p.Variation.Number == 3 {
			cancel()
		}
	}}
	studies, err := explore.Prepare(content, paint.InMannerOf(style), quick(t, explore.Strength), opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := explore.Paint(ctx, content, paint.InMannerOf(style), studies, opts); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, expected context.Canceled", err)
	}
	for i, s := range studies {
		if (s.Picture != nil) != (i < 2) || s.Err != nil {
			t.Errorf("study %d: has a picture: %t, %v", i+1, s.Picture != nil, s.Err)
		}
	}
	if explore.Sheet(studies) == nil || explore.Sheet(studies[2:]) != nil {
		t.Error("expected a sheet of what is painted, and none of nothing")
	}
}

// TestLeftOut: a variation that cannot be painted does not keep the others from it.
func TestLeftOut(t *testing.T) {
	content, style := waves(96, 64, 9), waves(90, 90, 4)
	variations := quick(t, explore.StyleScale)
	studies, err := explore.Prepare(content, paint.InMannerOf(style), variations, explore.Options{Size: 24})
	if err != nil {
		t.Fatal(err)
	}
	if studies[0].Err == nil || studies[len(studies)-1].Err != nil {
		t.Errorf("the finest strokes: %v, the broadest: %v; expected an error of the first alone", studies[0].Err, studies[len(studies)-1].Err)
	}
	if _, err := explore.Prepare(content, paint.InMannerOf(waves(90, 2, 4)), variations, explore.Options{Size: 48}); !paint.Refused(err) {
		t.Errorf("got %v, expected the reason why none can be painted", err)
	}
	if _, err := explore.Prepare(content, paint.InMannerOf(style), variations, explore.Options{Size: -1}); !paint.Refused(err) {
		t.Errorf("a negative size: %v", err)
	}
}
