package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/paint"
)

// costOptions are the flags that say what a painting costs: a recipe, and what
// to change in it.
type costOptions struct {
	engineOptions
	base                                                     *paint.Recipe // what to change, instead of a named recipe
	name                                                     string
	strength                                                 strength
	contentWeight, firstContentWeight, styleWeight, tvWeight float64
	styleScale, firstStyleScale                              float64
	styleSize                                                int
	contentCost, styleCost                                   string
	contentLayers, styleLayers                               layers
	faces                                                    string
}

func (o *costOptions) AddFlags(cmd *cobra.Command) {
	o.addCosts(cmd)
	o.engineOptions.AddFlags(cmd)
	cmd.Flags().Lookup("network").Usage += "; classic prefers vgg19 once that is here"
}

// addCosts adds a recipe and what to change of its costs.
func (o *costOptions) addCosts(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	names := paint.RecipeNames()
	flags.StringVar(&o.name, "recipe", names[0], "`NAME` of the parameters to begin with: "+strings.Join(names, ", "))
	flags.Float64Var(&o.contentWeight, "content-weight", 0, "weight of the content cost")
	flags.Float64Var(&o.firstContentWeight, "first-content-weight", 0, "weight of the content cost at the first scale, from where it moves to the other")
	flags.Float64Var(&o.styleWeight, "style-weight", 0, "weight of the style cost")
	flags.Float64Var(&o.tvWeight, "tv-weight", 0, "weight of total variation, which smooths")
	flags.Var(&o.contentLayers, "content-layers", "`LAYERS` of the content cost, such as conv4_2")
	flags.Var(&o.styleLayers, "style-layers", "`LAYERS` of the style cost, such as conv1_1=1,conv2_1=0.5")
	costs := texts(paint.ContentCosts())
	flags.StringVar(&o.contentCost, "content-cost", "", "`COST` of the content: "+strings.Join(costs, ", "))
	complete(cmd, "content-cost", costs, cobra.ShellCompDirectiveNoFileComp)
	costs = texts(paint.StyleCosts())
	flags.StringVar(&o.styleCost, "style-cost", "", "`COST` of the style: "+strings.Join(costs, ", "))
	complete(cmd, "style-cost", costs, cobra.ShellCompDirectiveNoFileComp)
	flags.Float64Var(&o.styleScale, "style-scale", 0, "size of the styles relative to the painting: larger ones paint larger strokes")
	flags.Float64Var(&o.firstStyleScale, "first-style-scale", 0, "size of the styles at the first scale, from where it moves to the other")
	flags.IntVar(&o.styleSize, "style-size", 0, "long side of the styles in pixels, whatever the painting's size")
	complete(cmd, "recipe", names, cobra.ShellCompDirectiveNoFileComp)
}

// addFaces adds what becomes of faces, to commands with a content.
func (o *costOptions) addFaces(cmd *cobra.Command) {
	faces := texts(paint.FacesChoices())
	cmd.Flags().StringVar(&o.faces, "faces", "", "`WHAT` to do with faces in the content: keep for people who stay who they are (default of fine and nnst), ignore")
	complete(cmd, "faces", faces, cobra.ShellCompDirectiveNoFileComp)
}

// recipe returns the recipe that was named, with the flags that were given.
func (o *costOptions) recipe(flags *pflag.FlagSet) (paint.Recipe, error) {
	if err := o.validate(); err != nil {
		return paint.Recipe{}, err
	}
	var r paint.Recipe
	var err error
	if o.base != nil {
		r = *o.base
	} else if r, err = o.strengthened(flags); err != nil {
		return r, inFlags(err)
	}
	override(flags, "content-weight", &r.ContentWeight, o.contentWeight)
	override(flags, "style-weight", &r.StyleWeight, o.styleWeight)
	override(flags, "tv-weight", &r.VariationWeight, o.tvWeight)
	override(flags, "content-layers", &r.ContentLayers, []paint.Layer(o.contentLayers))
	override(flags, "style-layers", &r.StyleLayers, []paint.Layer(o.styleLayers))
	override(flags, "first-content-weight", &r.FirstContentWeight, o.firstContentWeight)
	override(flags, "content-cost", &r.ContentCost, paint.ContentCost(o.contentCost))
	override(flags, "style-cost", &r.StyleCost, paint.StyleCost(o.styleCost))
	override(flags, "style-scale", &r.StyleScale, o.styleScale)
	override(flags, "first-style-scale", &r.FirstStyleScale, o.firstStyleScale)
	override(flags, "style-size", &r.StyleSize, o.styleSize)
	override(flags, "faces", &r.Faces, paint.Faces(o.faces))
	if flags.Changed("pooling") {
		r.Pooling, err = o.parsePooling()
	}
	return r, err
}

// strengthened returns the recipe that was named, with the strength that was given.
func (o *costOptions) strengthened(flags *pflag.FlagSet) (paint.Recipe, error) {
	r, err := paint.RecipeNamed(o.name)
	if err == nil && flags.Changed("strength") {
		err = r.Strengthen(paint.Strength(o.strength))
	}
	return r, err
}

// openNetwork returns the network that was asked for, or else the one that the
// recipe is meant for; where that is not on this machine, substitute says so.
func (o *costOptions) openNetwork(flags *pflag.FlagSet, r *paint.Recipe) (n *paint.Network, substitute string, err error) {
	if flags.Changed("network") {
		n, err = o.engineOptions.openNetwork()
		return n, "", err
	}
	if n, err = paint.DefaultNetwork(r); err != nil {
		return nil, "", networkError(err)
	}
	if isCourse(*r) && n.Name == o.network {
		substitute = "The built-in network stands in for the course's VGG-19, which 'pastiche networks pull vgg19' fetches."
	}
	return n, substitute, nil
}

// parsePooling returns the pooling that was asked for, or nil for the network's
// own.
func (o *engineOptions) parsePooling() (*kernel.Pooling, error) {
	if o.pooling == "" {
		return nil, nil
	}
	p, err := kernel.ParsePooling(o.pooling)
	if err != nil {
		return nil, &usageError{fmt.Errorf("--%w", err)}
	}
	return &p, nil
}

// texts returns names as plain strings.
func texts[T ~string](names []T) []string {
	plain := make([]string, len(names))
	for i, n := range names {
		plain[i] = string(n)
	}
	return plain
}

// override sets a field of a recipe where its flag was given.
func override[T any](flags *pflag.FlagSet, name string, field *T, value T) {
	if flags.Changed(name) {
		*field = value
	}
}

// layers is the value of a flag: names of layers, with weights for all of them
// or for none. Without, they share a weight of 1.
type layers []paint.Layer

func (l *layers) Set(list string) error {
	names := strings.Split(list, ",")
	parsed := make([]paint.Layer, len(names))
	weighted := 0
	for i, item := range names {
		name, weight, found := strings.Cut(strings.TrimSpace(item), "=")
		parsed[i] = paint.Layer{Name: name, Weight: 1 / float64(len(names))}
		if !found {
			continue
		}
		weighted++
		w, err := strconv.ParseFloat(weight, 64)
		if err != nil || math.IsNaN(w) {
			return fmt.Errorf("weight %q of %s: expected a number", weight, name)
		}
		parsed[i].Weight = w
	}
	if weighted != 0 && weighted != len(names) {
		return fmt.Errorf("expected a weight for every layer or for none")
	}
	*l = parsed
	return nil
}

func (l *layers) String() string {
	items := make([]string, len(*l))
	for i, layer := range *l {
		items[i] = fmt.Sprintf("%s=%g", layer.Name, layer.Weight)
	}
	return strings.Join(items, ",")
}

// Type is what pflag calls the value in help texts.
func (l *layers) Type() string { return "layers" }
