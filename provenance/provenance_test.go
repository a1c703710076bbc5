package provenance_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
	"github.com/pastiche-art/pastiche/provenance"
)

// record returns the record of a painting by a recipe, with parameters as JSON, of
// inputs such as "mask m.png".
func record(t *testing.T, parameters string, strength *paint.Strength, inputs ...string) *provenance.Record {
	t.Helper()
	s := paint.Balanced
	if strength != nil {
		s = *strength
	}
	recipe, err := paint.ParseRecipe([]byte(parameters), s)
	if err != nil {
		t.Fatal(err)
	}
	r := &provenance.Record{
		Software: "pastiche test", Network: provenance.Network{Name: "builtin"}, Strength: strength, Recipe: recipe,
	}
	for _, in := range inputs {
		role, name, _ := strings.Cut(in, " ")
		r.Inputs = append(r.Inputs, provenance.Input{Role: paint.Role(role), Name: name})
	}
	return r
}

// TestCommand: the command sets every parameter in which the recipe differs from the one
// of its name.
func TestCommand(t *testing.T) {
	bold := paint.Bold
	for _, c := range []struct {
		name, recipe string
		strength     *paint.Strength
		inputs       []string
		change       func(*provenance.Record)
		want         string
	}{
		{"defaults", `{}`, nil, nil, nil, "paint p.png s.png --recipe fine --size 512"},
		{"everyday parameters", `{"name":"fine","size":700,"iterations":80,"first_iterations":160,"style_scale":1.5,"faces":"ignore","colors":"content"}`, nil, nil, nil,
			"paint p.png s.png --recipe fine --size 700 --iterations 80 --style-scale 1.5 --colors content --faces ignore"},
		{"the ratio of the first scale", `{"name":"fine","iterations":80,"first_iterations":30}`, nil, nil, nil,
			"paint p.png s.png --recipe fine --size 512 --iterations 80 --set first_iterations=30"},
		{"a strength", `{"name":"fine"}`, &bold, nil, nil, "paint p.png s.png --recipe fine --strength bold --size 512"},
		{"other parameters", `{"name":"gatys","margin":3,"pooling":"avg","init":"noise","clamp":false,"content_layers":[{"name":"conv4_1","weight":1}]}`, nil, nil, nil,
			`paint p.png s.png --recipe gatys --size 512 --set init=noise --set pooling=avg --set margin=3 --set content_layers=conv4_1:1`},
		{"a method of its own", `{"name":"fine","colors":"content","color_method":"oklab"}`, nil, nil, nil,
			"paint p.png s.png --recipe fine --size 512 --colors content --set color_method=oklab"},
		{"a parameter that is gone", `{"name":"fine","first_size":0}`, nil, nil, nil, "paint p.png s.png --recipe fine --size 512 --set first_size=0"},
		{"scales", `{"name":"fine","scales":[{"size":100,"iterations":5}]}`, nil, nil, nil, `paint p.png s.png --recipe fine --set scales=100:5 --set size=512`},
		{"masks and two styles", `{"name":"fine","init":"picture"}`, nil, []string{"style -t.png", "mask m.png", "mask n.png", "style_mask o.png", "keep k.png", "init i.png"},
			func(r *provenance.Record) {
				r.Seed, r.StyleWeights, r.StyleScales, r.Depth, r.KeepProfile = 7, []float64{3, 0.7}, []float64{1, 2}, 16, true
			},
			"paint p.png s.png ./-t.png --recipe fine --size 512 --mask m.png --mask n.png --style-mask o.png --keep k.png --init i.png --style-blend 3,0.7 --style-scales 1,2 --seed 7 --depth 16 --keep-profile"},
		{"a print", `{"name":"fine","size":99}`, nil, nil, func(r *provenance.Record) { r.Print, r.Bleed = "A8@30dpi", "1mm" },
			"paint p.png s.png --recipe fine --print A8@30dpi --bleed 1mm"},
		{"a network", `{"name":"fine"}`, nil, nil, func(r *provenance.Record) { r.Network.Name = "vgg19" }, "paint p.png s.png --recipe fine --size 512 --network vgg19"},
		{"a file of a network", `{"name":"fine"}`, nil, []string{"network v.npz"}, func(r *provenance.Record) { r.Network.Name = "v" }, "paint p.png s.png --recipe fine --size 512 --network v.npz"},
		{"the course without its network", `{"name":"classic"}`, nil, nil, nil, "paint p.png s.png --recipe classic --size 512 --network builtin"},
		{"a texture", `{"name":"fine","size":64,"tileable":true}`, nil, nil, func(r *provenance.Record) { r.Inputs, r.Shape = r.Inputs[1:], []int{2, 1} },
			"texture s.png --recipe fine --shape 2x1 --size 64 --tileable"},
		{"another version's recipe", `{"name":"fine"}`, nil, nil, func(r *provenance.Record) { r.Recipe.Name = "later" }, ""},
		{"a layer that no flag names", `{"name":"fine"}`, nil, nil, func(r *provenance.Record) { r.Recipe.ContentLayers = []paint.Layer{{Name: "a:b", Weight: 1}} }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := record(t, c.recipe, c.strength, append([]string{"content p.png", "style s.png"}, c.inputs...)...)
			if c.change != nil {
				c.change(r)
			}
			if got := strings.TrimPrefix(strings.Join(r.Command(), " "), "pastiche "); got != c.want {
				t.Errorf("the command is\n%s, expected\n%s", got, c.want)
			}
		})
	}
}

// TestRead reads what Encode wrote from the formats that carry records.
func TestRead(t *testing.T) {
	bold := paint.Bold
	want := record(t, `{"name":"nnst"}`, &bold, "content p.png", "style s.png", "style_mask m.png")
	want.Stopped, want.Steps, want.Planned, want.Width, want.Height = provenance.Interrupted, 4, 320, 96, 72
	p := picture.New(3, 2)
	for _, name := range []string{"p.png", "p.jpg", "p.webp", "p.tif"} {
		path := filepath.Join(t.TempDir(), name)
		if err := picture.Save(path, p, picture.SaveOptions{Record: want.Encode()}); err != nil {
			t.Fatal(err)
		}
		got, err := provenance.Read(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if got, want := got.Unfinished(), "interrupted after 4 of 320 iterations, at 96 x 72 pixels"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestReadErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.png")
	for text, check := range map[string]func(error) bool{
		"": func(err error) bool { return errors.Is(err, picture.ErrNoRecord) },
		`{"seed":"many"}`: func(err error) bool {
			return errors.As(err, new(*json.UnmarshalTypeError)) && strings.HasPrefix(err.Error(), path+": its record is damaged: ")
		},
	} {
		if err := picture.Save(path, picture.New(3, 2), picture.SaveOptions{Record: text}); err != nil {
			t.Fatal(err)
		}
		if _, err := provenance.Read(t.Context(), path); !check(err) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestEncodeIsBounded: a record that no picture can carry is left out.
func TestEncodeIsBounded(t *testing.T) {
	r := record(t, `{}`, nil, slices.Repeat([]string{"style s.png"}, picture.MaxRecord/20)...)
	if text := r.Encode(); text != "" {
		t.Errorf("a record of %d bytes", len(text))
	}
}
