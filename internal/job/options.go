package job

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/paint"
)

// ParseOptions reads api.Options from JSON; no bytes are no options. Parameters
// that the recipe leaves out are those of the recipe that it names, with the
// strength of the options. Where preset is not nil and returns the parameters of a
// preset with that name, the recipe has them too, except where data has others, and
// the name of the recipe that the preset is based on. The error is a
// [*paint.OptionError].
func ParseOptions(data []byte, preset func(name string) (api.Recipe, bool)) (Options, error) {
	var raw struct {
		Options
		Recipe json.RawMessage `json:"recipe"`
	}
	if len(bytes.TrimSpace(data)) > 0 {
		d := json.NewDecoder(bytes.NewReader(data))
		d.DisallowUnknownFields()
		err := d.Decode(&raw)
		if err == nil && d.More() {
			err = errors.New("more than one JSON value")
		}
		if errors.As(err, new(*paint.OptionError)) {
			return Options{}, err
		}
		if err != nil {
			return Options{}, optionError("options", "%v: expected a JSON object with recipe, strength, style_weights, style_scales, seed, shape or video", err)
		}
	}
	if len(raw.Recipe) == 0 || string(raw.Recipe) == "null" {
		raw.Recipe = json.RawMessage("{}")
	}
	strength := paint.Balanced
	if raw.Strength != nil {
		strength = *raw.Strength
	}
	if raw.Seed > api.MaxSeed {
		return Options{}, optionError("seed", "%d: expected at most %d", raw.Seed, uint64(api.MaxSeed))
	}
	if n := len(raw.Shape); n != 0 && n != 2 {
		return Options{}, optionError("shape", "%d numbers: expected a width and a height", n)
	}
	if err := checkVideoOptions(raw.Video); err != nil {
		return Options{}, err
	}
	recipe, err := withPreset(raw.Recipe, preset)
	if err == nil {
		raw.Options.Recipe, err = paint.ParseRecipe(recipe, strength)
	}
	return raw.Options, err
}

// HasSize reports whether options that [ParseOptions] reads give the recipe a size.
func HasSize(data []byte) bool {
	var given struct {
		Recipe map[string]json.RawMessage `json:"recipe"`
	}
	return json.Unmarshal(data, &given) == nil && given.Recipe["size"] != nil
}

// withPreset adds the parameters of the preset that a recipe names.
func withPreset(recipe json.RawMessage, preset func(name string) (api.Recipe, bool)) (json.RawMessage, error) {
	var named struct {
		Name string `json:"name"`
	}
	if preset == nil || json.Unmarshal(recipe, &named) != nil {
		return recipe, nil // paint says what is wrong with it
	}
	base, found := preset(named.Name)
	if !found {
		return recipe, nil
	}
	var own map[string]json.RawMessage
	if err := json.Unmarshal(recipe, &own); err != nil {
		return nil, optionError("recipe", "%v", err)
	}
	delete(own, "name")
	all := make(map[string]any)
	for name, value := range base {
		all[name] = value
	}
	for name, value := range own {
		all[name] = value
	}
	return json.Marshal(all)
}

func optionError(option, format string, args ...any) error {
	return &paint.OptionError{Option: option, Reason: fmt.Sprintf(format, args...)}
}

// public returns options as clients see them.
func (o *Options) public() api.Options {
	p := api.Options{
		Recipe: RecipeOf(&o.Recipe), StyleWeights: o.StyleWeights, StyleScales: o.StyleScales, Seed: o.Seed, Shape: o.Shape, Video: o.Video,
	}
	if o.Strength != nil {
		strength := float64(*o.Strength)
		p.Strength = &strength
	}
	return p
}

// RecipeOf returns all parameters of a recipe by their JSON names.
func RecipeOf(r *paint.Recipe) api.Recipe {
	data, err := json.Marshal(r)
	if err != nil {
		panic(err) // of a recipe that Validate should have refused
	}
	var m api.Recipe
	if err := json.Unmarshal(data, &m); err != nil {
		panic(err) // of what was marshalled from a struct
	}
	return m
}

// work returns how much a painting of a content (or texture) of width w and height h
// computes, in pixels times iterations.
func (o *Options) work(w, h int) float64 {
	long, short := float64(max(w, h)), float64(min(w, h))
	if long == 0 {
		long, short = 1, 1
	}
	var work float64
	for _, s := range o.Recipe.Schedule() {
		size := float64(s.Size)
		work += size * size * short / long * float64(s.Iterations)
	}
	return work
}
