package main

import (
	"slices"
	"testing"

	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/paint"
)

// TestStudioCommand: the command of what a studio painted sets every parameter in which
// its recipe differs from the named one, and says which it cannot set.
func TestStudioCommand(t *testing.T) {
	for _, c := range []struct {
		name, options string
		inputs        []string
		want          string
		unsaid        []string
	}{
		{"defaults", `{}`, []string{"content-0", "style-0"}, "pastiche paint content-0 style-0 --recipe=fine --size=512", nil},
		{
			"a strength and strokes", `{"recipe":{"name":"nnst","size":700,"style_scale":1.5},"strength":1,"seed":4}`, []string{"content-0", "style-0"},
			"pastiche paint content-0 style-0 --recipe=nnst --strength=bold --size=700 --style-scale=1.5 --seed=4", nil,
		},
		{
			"colours", `{"recipe":{"name":"nnst","colors":"content","color_method":"luminance"}}`, []string{"content-0", "style-0"},
			"pastiche paint content-0 style-0 --recipe=nnst --size=512 --colors=content --color-method=luminance", nil,
		},
		{
			"masks and two styles", `{"recipe":{"name":"fine","size":300},"strength":0.7,"seed":7,"style_weights":[3,7]}`,
			[]string{"content-0", "style-0", "style-1", "mask-0", "mask-1", "style_mask-0", "keep-0"},
			"pastiche paint content-0 style-0 style-1 --recipe=fine --strength=0.7 --size=300 --seed=7 --keep=keep-0 --mask=mask-0 --mask=mask-1 --style-blend=3,7 --style-mask=style_mask-0", nil,
		},
		{
			"scales", `{"recipe":{"name":"fine","scales":[{"size":100,"iterations":5},{"size":200,"iterations":3}]}}`, []string{"content-0", "style-0"},
			"pastiche paint content-0 style-0 --recipe=fine --scales=100:5,200:3", nil,
		},
		{"what no flag sets", `{"recipe":{"name":"fine","margin":3}}`, []string{"content-0", "style-0"}, "pastiche paint content-0 style-0 --recipe=fine --size=512", []string{"margin"}},
		{"a texture", `{"recipe":{"name":"fine","size":64},"shape":[64,32]}`, []string{"style-0"}, "pastiche texture style-0 --recipe=fine --size=64", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			options, err := job.ParseOptions([]byte(c.options), nil)
			if err != nil {
				t.Fatal(err)
			}
			r := &record{Recipe: options.Recipe, Strength: options.Strength, Seed: options.Seed, Weights: options.StyleWeights, StyleScales: options.StyleScales}
			r.Network.Name = "builtin"
			for _, in := range c.inputs {
				r.Inputs = append(r.Inputs, fileRecord{Name: in})
			}
			words, unsaid, err := studioCommand(r)
			if err != nil {
				t.Fatal(err)
			}
			if got := shellWords(words); got != c.want {
				t.Errorf("the command is\n%s, expected\n%s", got, c.want)
			}
			if !slices.Equal(unsaid, c.unsaid) {
				t.Errorf("no flag sets %v, expected %v: %v", unsaid, c.unsaid, words)
			}
		})
	}
	if _, _, err := studioCommand(&record{Recipe: paint.Recipe{Name: "of another version"}}); err == nil {
		t.Error("a command of a recipe that is not known")
	}
}
