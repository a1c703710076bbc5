package main

import (
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/paint"
)

// recipeOptions are the flags that choose a recipe and change it.
type recipeOptions struct {
	base     *paint.Recipe // to be changed instead of a named recipe; nil is the named one
	name     string        // of a recipe, or a file
	strength strength
	settings []string // of --set
}

// everydayParameters are the parameters of a recipe that have flags of their own, in the
// order in which they are set. The others are set by --set.
var everydayParameters = []string{"size", "iterations", "content_weight", "style_scale", "faces", "colors", "tileable"}

// parameterFlag returns the flag of an everyday parameter, without its dashes.
func parameterFlag(parameter string) string { return strings.ReplaceAll(parameter, "_", "-") }

// meantParameter returns the --set of a parameter of a recipe for a flag that a command
// lacks, or "".
func meantParameter(cmd *cobra.Command, flag string) string {
	if cmd.Flags().Lookup("set") == nil {
		return ""
	}
	for _, p := range paint.Parameters() {
		if parameterFlag(p.Name) == flag || p.Name == flag {
			return "--set " + p.Name + "=VALUE"
		}
	}
	return ""
}

// addRecipe adds the flags that choose a recipe.
func (o *recipeOptions) addRecipe(cmd *cobra.Command) {
	names := paint.RecipeNames()
	cmd.Flags().StringVar(&o.name, "recipe", names[0], "`NAME` of a recipe, which 'pastiche recipes' lists, or a JSON file of one: "+strings.Join(names, ", "))
	cli.Complete(cmd, "recipe", names, cobra.ShellCompDirectiveDefault)
}

// addSet adds --set.
func (o *recipeOptions) addSet(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&o.settings, "set", nil, "`NAME=VALUE` of a parameter of the recipe, which 'pastiche recipes RECIPE' lists; repeatable")
	var names []string
	for _, p := range paint.Parameters() {
		names = append(names, p.Name+"=")
	}
	cli.Complete(cmd, "set", names, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace)
}

// addStrength adds --strength.
func (o *recipeOptions) addStrength(cmd *cobra.Command) {
	o.strength = strength(paint.Balanced)
	cmd.Flags().Var(&o.strength, "strength", "how far to go from the photo: subtle, balanced, bold, or a `NUMBER` from 0 to 1; more lets the style take over, less keeps the photo")
	names := []string{paint.Subtle.String(), paint.Balanced.String(), paint.Bold.String()}
	cli.Complete(cmd, "strength", names, cobra.ShellCompDirectiveNoFileComp)
}

// addParameters adds flags of everyday parameters, whose help texts are those of package
// paint.
func addParameters(cmd *cobra.Command, names ...string) {
	fine := paint.Fine()
	for _, p := range paint.Parameters() {
		if !slices.Contains(names, p.Name) {
			continue
		}
		usage := p.Doc
		if p.Type != "boolean" {
			usage += " (fine: " + fine.Value(p.Name) + ")"
		}
		value := &parameterValue{of: p.Type}
		cmd.Flags().Var(value, parameterFlag(p.Name), usage)
		if p.Type == "boolean" {
			cmd.Flags().Lookup(parameterFlag(p.Name)).NoOptDefVal = "true"
		}
		cli.Complete(cmd, parameterFlag(p.Name), p.Choices, cobra.ShellCompDirectiveNoFileComp)
	}
}

// parameterValue is the value of a flag that [paint.Recipe.Set] reads.
type parameterValue struct{ text, of string }

func (v *parameterValue) Set(text string) error {
	v.text = text
	return nil
}

func (v *parameterValue) String() string { return v.text }

// Type is what pflag calls the value in help texts.
func (v *parameterValue) Type() string {
	switch v.of {
	case "integer":
		return "n"
	case "string":
		return "word"
	case "boolean":
		return "bool"
	}
	return v.of
}

// strengthHelp says what one sees at each strength.
const strengthHelp = `Strength, --strength: how far the painting goes from the photo.
  subtle    0    the photo in the painting's strokes: every form stays in its place
  balanced  0.5  the painting's forms and strokes, with the photo's subject plain
  bold      1    the painting first: its large forms take over
Numbers in between are strengths in between. Parameters that are given win over the
strength.`

// strength is the value of a flag.
type strength paint.Strength

func (s *strength) Set(text string) error {
	parsed, err := paint.ParseStrength(text)
	if err != nil {
		return errors.New("expected subtle, balanced, bold or a number from 0 to 1")
	}
	*s = strength(parsed)
	return nil
}

func (s *strength) String() string { return paint.Strength(*s).String() }

// Type is what pflag calls the value in help texts.
func (*strength) Type() string { return "strength" }

// recipe returns the recipe that was named, changed as the flags say. It is not
// validated.
func (o *recipeOptions) recipe(flags *pflag.FlagSet) (r paint.Recipe, err error) {
	if o.base != nil {
		r = *o.base
	} else if r, err = o.named(flags); err != nil {
		return r, err
	}
	for _, name := range everydayParameters {
		if !flags.Changed(parameterFlag(name)) {
			continue
		}
		if err := r.Set(name, flags.Lookup(parameterFlag(name)).Value.String()); err != nil {
			return r, inFlags(err)
		}
	}
	for _, setting := range o.settings {
		name, value, err := parseSetting(setting)
		if err != nil {
			return r, err
		}
		if err := r.Set(name, value); err != nil {
			return r, inSetting(name, err)
		}
	}
	return r, nil
}

// named returns the recipe of --recipe with its --strength.
func (o *recipeOptions) named(flags *pflag.FlagSet) (paint.Recipe, error) {
	s := paint.Balanced
	if flags.Changed("strength") {
		s = paint.Strength(o.strength)
	}
	r, err := loadRecipe(o.name, s)
	return r, inFlags(err)
}

// isRecipeFile reports whether a recipe is named by its file: no name of a recipe has a
// dot or a separator.
func isRecipeFile(name string) bool { return strings.ContainsAny(name, `./\`) }

// loadRecipe returns the built-in recipe of a name, or that of a file, with a strength.
func loadRecipe(name string, s paint.Strength) (r paint.Recipe, err error) {
	if !isRecipeFile(name) {
		if r, err = paint.RecipeNamed(name); err == nil {
			err = r.Strengthen(s)
		}
		return r, err
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return r, cli.Unreadable("%w: 'pastiche recipes NAME --json' prints a recipe to begin with", err)
	}
	if r, err = paint.ParseRecipe(data, s); err != nil {
		return r, cli.Unreadable("%s: %w", name, err)
	}
	return r, nil
}

// parseSetting splits the value of --set.
func parseSetting(setting string) (name, value string, err error) {
	name, value, found := strings.Cut(setting, "=")
	if !found {
		return "", "", cli.Misused("--set %s: expected NAME=VALUE, such as content_weight=0.1", setting)
	}
	return name, value, nil
}

// inSetting gives an error about a parameter the flag that set it.
func inSetting(name string, err error) error {
	var option *paint.OptionError
	if errors.As(err, &option) {
		return cli.Misused("--set %s: %s", name, option.Reason)
	}
	return err
}

// optionFlags are the flags behind the library's options that are no parameters of a
// recipe.
var optionFlags = map[string]string{
	"Recipe":    "recipe",
	"Strength":  "strength",
	"Seed":      "seed",
	"Weight":    "style-blend",
	"Scale":     "style-scales",
	"Mask":      "mask",
	"Keep":      "keep",
	"StyleMask": "style-mask",
	"Threads":   "threads",
	"Precision": "precision",
	"Memory":    "memory",
}

// inFlags gives the library's error about an option the name of its flag.
func inFlags(err error) error {
	var (
		option *paint.OptionError
		input  *cli.InputError
	)
	if !errors.As(err, &option) || errors.As(err, &input) {
		return err
	}
	if flag := optionFlags[option.Option]; flag != "" {
		return cli.Misused("--%s: %s", flag, option.Reason)
	}
	for _, p := range paint.Parameters() {
		if strings.EqualFold(strings.ReplaceAll(p.Name, "_", ""), option.Option) { // ContentWeight
			if slices.Contains(everydayParameters, p.Name) {
				return cli.Misused("--%s: %s", parameterFlag(p.Name), option.Reason)
			}
			return inSetting(p.Name, err)
		}
	}
	return err
}

// texts returns names as plain strings.
func texts[T ~string](names []T) []string {
	plain := make([]string, len(names))
	for i, n := range names {
		plain[i] = string(n)
	}
	return plain
}

// override sets a field where its flag was given.
func override[T any](flags *pflag.FlagSet, name string, field *T, value T) {
	if flags.Changed(name) {
		*field = value
	}
}
