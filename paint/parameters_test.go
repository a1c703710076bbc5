package paint_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pastiche-art/pastiche/paint"
)

func ExampleRecipe_Set() {
	recipe := paint.Fine()
	for _, setting := range [][2]string{
		{"content_weight", "0.1"},
		{"content_layers", "conv4_2:1,conv5_1:0.5"},
		{"scales", "128:200,512:100"},
	} {
		if err := recipe.Set(setting[0], setting[1]); err != nil {
			panic(err)
		}
	}
	fmt.Println(recipe.ContentWeight, recipe.ContentLayers, recipe.Size)
	fmt.Println(recipe.Set("content_wieght", "1"))
	// Output:
	// 0.1 [{conv4_2 1} {conv5_1 0.5}] 512
	// content_wieght: no such parameter: did you mean content_weight?
}

func ExampleParameters() {
	recipe := paint.Fine()
	for _, p := range paint.Parameters() {
		if p.Name == "content_weight" {
			fmt.Printf("%s = %s: %s\n", p.Name, recipe.Value(p.Name), p.Doc)
		}
	}
	// Output:
	// content_weight = 0.03: weight of the content cost; more keeps the photo, less lets the style's own objects in
}

// TestEveryFieldIsAParameter: none can be added without its text.
func TestEveryFieldIsAParameter(t *testing.T) {
	all := paint.Parameters()
	for i, field := range reflect.VisibleFields(reflect.TypeFor[paint.Recipe]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case i == 0:
			if name != "name" {
				t.Fatalf("the first field is %s, expected the name, which is no parameter", name)
			}
		case i > len(all) || all[i-1].Name != name || all[i-1].Doc == "":
			t.Fatalf("%s, field %d, is not the parameter at its place, or has no text", name, i)
		}
	}
}

// another returns a value of a parameter, different from that of any recipe.
func another(p paint.Parameter, old string) string {
	if len(p.Choices) > 0 {
		for _, c := range p.Choices {
			if c != old {
				return c
			}
		}
	}
	switch p.Type {
	case "boolean":
		return fmt.Sprint(old != "true")
	case "integer":
		return "7"
	case "number":
		return "0.625"
	}
	if p.Name == "scales" {
		return "7:3,70:5"
	}
	return "conv1_2:0.75,conv5_1:0.125"
}

// TestSetReadsWhatValueWrites: for each parameter of each recipe. The JSON of the recipe,
// which encoding/json writes, shows what a parameter has become.
func TestSetReadsWhatValueWrites(t *testing.T) {
	for _, name := range paint.RecipeNames() {
		for _, p := range paint.Parameters() {
			r, err := paint.RecipeNamed(name)
			if err != nil {
				t.Fatal(err)
			}
			value := another(p, r.Value(p.Name))
			if err := r.Set(p.Name, value); err != nil {
				t.Errorf("%s: %s=%s: %v", name, p.Name, value, err)
			}
			if got := r.Value(p.Name); got != value {
				t.Errorf("%s: %s is %q after it was set to %q", name, p.Name, got, value)
			}
			asJSON := func(r *paint.Recipe) any {
				data, err := json.Marshal(r)
				if err != nil {
					t.Fatal(err)
				}
				fields := make(map[string]any)
				if err := json.Unmarshal(data, &fields); err != nil {
					t.Fatal(err)
				}
				return fields[p.Name]
			}
			changed := asJSON(&r)
			text, err := json.Marshal(changed)
			if err != nil {
				t.Fatal(err)
			}
			if changed == nil { // left out, as a share of 0 is
				continue
			}
			other, err := paint.RecipeNamed(name)
			if err == nil {
				err = other.Set(p.Name, string(text))
			}
			if err != nil || !cmp.Equal(asJSON(&other), changed) {
				t.Errorf("%s: %s=%s, in JSON, is %v and %v", name, p.Name, text, asJSON(&other), err)
			}
		}
	}
}

// with returns whether a recipe with a parameter is valid. The other parameters put no
// condition on it.
func with(name string, value any) error {
	r := paint.Fine()
	for _, setting := range [][2]string{{"first_size", "0"}, {"first_content_weight", "0"}, {"colors", "content"}} {
		if err := r.Set(setting[0], setting[1]); err != nil {
			return err
		}
	}
	switch name {
	case "first_iterations", "scale_step":
		r.FirstSize = 256
	case "final_cost":
		r.FinalIterations = 1
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if err := r.Set(name, string(text)); err != nil {
		return err
	}
	return r.Validate()
}

// TestLimitsAreThoseOfValidate: what the table allows is valid, and what it does not is not.
func TestLimitsAreThoseOfValidate(t *testing.T) {
	for _, p := range paint.Parameters() {
		// beyond is the next value that the parameter's type has.
		beyond := func(v, towards float64) float64 {
			if p.Type == "integer" {
				return v + math.Copysign(1, towards)
			}
			return math.Nextafter(v, towards)
		}
		accepted, refused := []any{}, []any{}
		if p.Minimum != nil {
			accepted, refused = append(accepted, *p.Minimum), append(refused, beyond(*p.Minimum, math.Inf(-1)))
		}
		if p.Maximum != nil {
			accepted, refused = append(accepted, *p.Maximum), append(refused, beyond(*p.Maximum, math.Inf(1)))
		}
		if p.Above != nil {
			accepted, refused = append(accepted, beyond(*p.Above, math.Inf(1))), append(refused, *p.Above)
		}
		if p.Below != nil {
			accepted, refused = append(accepted, beyond(*p.Below, math.Inf(-1))), append(refused, *p.Below)
		}
		for _, c := range p.Choices {
			accepted, refused = append(accepted, c), append(refused, c+"x")
		}
		for _, value := range accepted {
			if err := with(p.Name, value); err != nil {
				t.Errorf("%s %v is within the bounds, and Validate refuses it: %v", p.Name, value, err)
			}
		}
		for _, value := range refused {
			if err := with(p.Name, value); err == nil {
				t.Errorf("%s %v is beyond the bounds, and Validate accepts it", p.Name, value)
			}
		}
	}
}

func TestSetMovesOthers(t *testing.T) {
	r := paint.Fine()
	set := func(name, value string) {
		t.Helper()
		if err := r.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	set("iterations", "20") // half
	if r.Iterations != 20 || r.FirstIterations != 40 {
		t.Errorf("%d iterations after %d, expected 20 after 40", r.Iterations, r.FirstIterations)
	}
	set("scales", "64,128:5")
	if expected := []paint.Scale{{Size: 64, Iterations: 20}, {Size: 128, Iterations: 5}}; !cmp.Equal(r.Scales, expected) || r.Size != 128 {
		t.Errorf("scales %v at %d pixels, expected %v", r.Scales, r.Size, expected)
	}
	set("scales", `[{"size":64,"iterations":3,"content_weight":2}]`)
	if got := r.Value("scales"); got != `[{"size":64,"iterations":3,"content_weight":2}]` {
		t.Errorf("scales %s", got)
	}
	r = named(t, "nnst")
	set("colors", "content")
	if r.ColorMethod != "" {
		t.Errorf("colours of the content by %s, expected the default", r.ColorMethod)
	}
	r = paint.Classic()
	set("first_size", "128")
	if r.ScaleStep != math.Sqrt2 || r.FirstIterations != r.Iterations || r.Validate() != nil {
		t.Errorf("a step of %g and %d first iterations: %v", r.ScaleStep, r.FirstIterations, r.Validate())
	}
}

func TestSetErrors(t *testing.T) {
	for _, c := range []struct{ name, value, option, reason string }{
		{"content-weight", "1", "content-weight", "no such parameter: did you mean content_weight?"},
		{"name", "x", "name", "no such parameter: expected one of size, first_size"},
		{"content_weight", "much", "ContentWeight", "much: expected a number"},
		{"content_weight", "NaN", "ContentWeight", "NaN: expected a number"},
		{"content_weight", "", "ContentWeight", ": expected a number"},
		{"content_weight", "null", "ContentWeight", "null: expected a number"},
		{"content_weight", "1 2", "ContentWeight", "1 2: expected a number"},
		{"size", "1.5", "Size", "1.5: expected a whole number"},
		{"clamp", "yes", "Clamp", "yes: expected true or false"},
		{"pooling", "min", "Pooling", "expected one of max, avg, avg-rescaled"},
		{"style_layers", "conv1_1:1,conv2_1", "StyleLayers", "expected a weight for every layer or for none"},
		{"style_layers", "conv1_1:x", "StyleLayers", `weight "x" of conv1_1: expected a number`},
		{"style_layers", `[{"layer":"conv1_1"}]`, "StyleLayers", `unknown field "layer"`},
		{"scales", "64:0", "Scales", `"0" iterations at 64 pixels: expected a whole number, 1 or more`},
		{"scales", "large", "Scales", `size "large": expected a whole number of pixels`},
	} {
		r := paint.Fine()
		err := r.Set(c.name, c.value)
		var option *paint.OptionError
		if !errors.As(err, &option) || option.Option != c.option || !strings.Contains(option.Reason, c.reason) {
			t.Errorf("%s=%s: %v, expected %s: %s", c.name, c.value, err, c.option, c.reason)
		}
		if diff := cmp.Diff(paint.Fine(), r); diff != "" {
			t.Errorf("%s=%s is refused and changes the recipe: %s", c.name, c.value, diff)
		}
	}
}

func TestValueOfNoParameterPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic for a parameter that does not exist")
		}
	}()
	r := paint.Fine()
	r.Value("name")
}
