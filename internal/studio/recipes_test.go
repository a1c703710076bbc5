package studio

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/paint"
)

func TestDefaultsAreWithinBounds(t *testing.T) {
	for _, name := range paint.RecipeNames() {
		recipe, err := paint.RecipeNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		all := parameters(job.RecipeOf(&recipe), paint.MaxSize)
		if len(all) != len(paint.Parameters()) {
			t.Errorf("%s has %d parameters, expected %d", name, len(all), len(paint.Parameters()))
		}
		for _, p := range all {
			v, isNumber := p.Default.(float64)
			if isNumber && (p.Minimum != nil && v < *p.Minimum || p.Maximum != nil && v > *p.Maximum) {
				t.Errorf("%s: the default of %s is %g", name, p.Name, v)
			}
		}
	}
	fine := paint.Fine()
	if all := parameters(job.RecipeOf(&fine), 1024); *all[0].Maximum != 1024 {
		t.Errorf("%s is at most %g on a server that paints up to 1024", all[0].Name, *all[0].Maximum)
	}
}

func TestLoadPresets(t *testing.T) {
	file := filepath.Join(t.TempDir(), "presets.json")
	load := func(text string) ([]Preset, error) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return LoadPresets(file)
	}
	presets, err := load(`[{"name":"poster","description":"Large strokes.","recipe":{"name":"fine","size":1024,"style_scale":2}}]`)
	if err != nil || len(presets) != 1 || presets[0].Title != "poster" {
		t.Fatalf("%+v, %v", presets, err)
	}
	s := &server{Config: Config{Presets: presets}}
	for text, expected := range map[string]struct {
		name  string
		size  int
		scale float64
	}{
		`{"recipe":{"name":"poster"}}`:                   {"fine", 1024, 2},
		`{"recipe":{"name":"poster","size":300}}`:        {"fine", 300, 2},
		`{"recipe":{"name":"poster"},"strength":"bold"}`: {"fine", 1024, 2},
		`{"recipe":{"name":"classic"}}`:                  {"classic", 512, 1},
		`{}`:                                             {"fine", 512, 1},
	} {
		o, err := job.ParseOptions([]byte(text), s.preset)
		if r := o.Recipe; err != nil || r.Name != expected.name || r.Size != expected.size || r.StyleScale != expected.scale {
			t.Errorf("%s: %s, size %d, style scale %g, %v; expected %+v", text, r.Name, r.Size, r.StyleScale, err, expected)
		}
	}
	for text, expected := range map[string]string{
		`{}`:                            "a JSON list",
		`[] []`:                         "text after the list",
		`[{"name":"a","colour":"b"}]`:   "colour",
		`[{"name":"A b","recipe":{}}]`:  `the name "A b"`,
		`[{"name":"fine","recipe":{}}]`: `the name "fine"`,
		`[{"name":"a","recipe":{}},{"name":"a","recipe":{}}]`: "preset 2",
		`[{"name":"a","recipe":{"size":-1}}]`:                 "preset a: Size: -1",
		`[{"name":"a","recipe":{"name":"b"}}]`:                "preset a: Recipe",
	} {
		if _, err := load(text); err == nil || !strings.Contains(err.Error(), expected) || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v, expected %q and the name of the file", text, err, expected)
		}
	}
}
