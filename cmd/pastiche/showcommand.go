package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/paint"
)

// recipeFlags are the flags that set a parameter of a recipe. value returns the text with
// which a flag sets it as a recipe has it.
var recipeFlags = []struct {
	name  string
	value func(*paint.Recipe) string
}{
	{"size", func(r *paint.Recipe) string { return fmt.Sprint(r.Size) }},
	{"first-size", func(r *paint.Recipe) string { return fmt.Sprint(r.FirstSize) }},
	{"scale-step", func(r *paint.Recipe) string { return number(r.ScaleStep) }},
	{"iterations", func(r *paint.Recipe) string { return fmt.Sprint(r.Iterations) }},
	{"pyramid", func(r *paint.Recipe) string { return fmt.Sprint(r.Pyramid) }},
	{"optimizer", func(r *paint.Recipe) string { return string(r.Optimizer) }},
	{"learning-rate", func(r *paint.Recipe) string { return number(r.LearningRate) }},
	{"content-weight", func(r *paint.Recipe) string { return number(r.ContentWeight) }},
	{"first-content-weight", func(r *paint.Recipe) string { return number(r.FirstContentWeight) }},
	{"style-weight", func(r *paint.Recipe) string { return number(r.StyleWeight) }},
	{"tv-weight", func(r *paint.Recipe) string { return number(r.VariationWeight) }},
	{"style-scale", func(r *paint.Recipe) string { return number(r.StyleScale) }},
	{"first-style-scale", func(r *paint.Recipe) string { return number(r.FirstStyleScale) }},
	{"style-size", func(r *paint.Recipe) string { return fmt.Sprint(r.StyleSize) }},
	{"content-cost", func(r *paint.Recipe) string { return string(r.ContentCost) }},
	{"style-cost", func(r *paint.Recipe) string { return string(r.StyleCost) }},
	{"content-layers", func(r *paint.Recipe) string { return (*layers)(&r.ContentLayers).String() }},
	{"style-layers", func(r *paint.Recipe) string { return (*layers)(&r.StyleLayers).String() }},
	{"faces", func(r *paint.Recipe) string { return string(r.Faces) }},
	{"rotations", func(r *paint.Recipe) string { return fmt.Sprint(r.Rotations) }},
	{"colors", func(r *paint.Recipe) string { return string(r.Colors) }},
	{"color-method", func(r *paint.Recipe) string { return string(r.ColorMethod) }},
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// studioCommand returns the command that paints again what a studio painted, whose record
// has none. The names of its files are those of the record's inputs, which the studio
// named by what they are for. unsaid are the parameters of the recipe, by their JSON
// names, that no flag sets.
func studioCommand(r *record) (words, unsaid []string, err error) {
	files, flags := r.files()
	if len(files["content"]) == 0 { // a texture, whose shape the picture shows
		words = append([]string{"pastiche", "texture"}, files["style"]...)
	} else {
		words = append([]string{"pastiche", "paint"}, append(files["content"], files["style"]...)...)
	}
	recipe, err := r.recipeFlags()
	if err != nil {
		return nil, nil, err
	}
	rebuilt, err := parseRecipe(recipe)
	if err != nil {
		return nil, nil, err
	}
	if r.Recipe.Init == paint.InitPicture {
		rebuilt.Init = paint.InitPicture
	}
	if len(r.Recipe.Scales) > 0 {
		rebuilt.Size = r.Recipe.Size // which says nothing then
	}
	if unsaid, err = differences(rebuilt, &r.Recipe); err != nil {
		return nil, nil, err
	}
	words = append(append(words, recipe...), flags...)
	if r.Network.Name != "builtin" {
		words = append(words, "--network="+r.Network.Name)
	}
	return words, unsaid, nil
}

// files returns the names of a studio's inputs by role. flags are the options of the
// command that name the other inputs, such as masks, and the styles' weights and scales.
func (r *record) files() (files map[string][]string, flags []string) {
	files = make(map[string][]string)
	for _, in := range r.Inputs {
		role, _, _ := strings.Cut(in.Name, "-")
		files[role] = append(files[role], in.Name)
		if role != "content" && role != "style" {
			flags = append(flags, "--"+strings.ReplaceAll(role, "_", "-")+"="+in.Name)
		}
	}
	for flag, values := range map[string][]float64{"style-blend": r.Weights, "style-scales": r.StyleScales} {
		var texts []string
		for _, v := range values {
			texts = append(texts, number(v))
		}
		if len(texts) > 0 {
			flags = append(flags, "--"+flag+"="+strings.Join(texts, ","))
		}
	}
	slices.Sort(flags)
	return files, flags
}

// recipeFlags returns the flags that make the named recipe the record's, as far as flags
// can.
func (r *record) recipeFlags() (flags []string, err error) {
	base, err := paint.RecipeNamed(r.Recipe.Name)
	if err != nil {
		return nil, err
	}
	flags = []string{"--recipe=" + base.Name}
	if r.Strength != nil {
		if err := base.Strengthen(*r.Strength); err != nil {
			return nil, err
		}
		flags = append(flags, "--strength="+r.Strength.String())
	}
	for _, f := range recipeFlags {
		value := f.value(&r.Recipe)
		// A size is said always, because people ask for it first, and the method with other
		// colours, which reset it.
		always := f.name == "size" || f.name == "color-method" && r.Recipe.Colors != base.Colors
		if value != "" && (value != f.value(&base) || always) {
			flags = append(flags, "--"+f.name+"="+value)
		}
	}
	if len(r.Recipe.Scales) > 0 {
		flags = slices.DeleteFunc(flags, func(flag string) bool {
			return strings.HasPrefix(flag, "--size=") || strings.HasPrefix(flag, "--first-size=") || strings.HasPrefix(flag, "--scale-step=")
		})
		flags = append(flags, "--scales="+(*scaleList)(&r.Recipe.Scales).String())
	}
	if r.Recipe.Tileable {
		flags = append(flags, "--tileable")
	}
	if p := r.Recipe.Pooling; p != nil && (base.Pooling == nil || *p != *base.Pooling) {
		flags = append(flags, "--pooling="+r.Recipe.Pooling.String())
	}
	if r.Recipe.Init != base.Init && r.Recipe.Init != paint.InitPicture {
		flags = append(flags, "--init="+string(r.Recipe.Init))
	}
	if r.Seed != 0 {
		flags = append(flags, fmt.Sprintf("--seed=%d", r.Seed))
	}
	return flags, nil
}

// longSide returns the long side of a recipe's paintings, in pixels.
func longSide(r *paint.Recipe) int {
	if n := len(r.Scales); n > 0 {
		return r.Scales[n-1].Size
	}
	return r.Size
}

// parseRecipe returns the recipe that flags ask for.
func parseRecipe(flags []string) (*paint.Recipe, error) {
	opts, cmd := &paintOptions{}, &cobra.Command{}
	opts.AddFlags(cmd)
	cmd.Flags().BoolVar(&opts.tileable, "tileable", false, "")
	if err := cmd.ParseFlags(flags); err != nil {
		return nil, err
	}
	r, err := opts.requested(cmd.Flags())
	return &r, err
}

// differences returns the JSON names of the parameters in which two recipes differ.
func differences(a, b *paint.Recipe) ([]string, error) {
	var fields [2]map[string]json.RawMessage
	for i, r := range []*paint.Recipe{a, b} {
		text, err := json.Marshal(r)
		if err == nil {
			err = json.Unmarshal(text, &fields[i])
		}
		if err != nil {
			return nil, err
		}
	}
	names := make(map[string]bool)
	for _, name := range slices.Concat(slices.Collect(maps.Keys(fields[0])), slices.Collect(maps.Keys(fields[1]))) {
		if !bytes.Equal(fields[0][name], fields[1][name]) {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names)), nil
}
