package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/painter"
	"github.com/pastiche-art/pastiche/paint"
)

// meantParameter returns the --set of a parameter of a recipe for a flag that a command
// lacks, or "".
func meantParameter(cmd *cobra.Command, flag string) string {
	if cmd.Flags().Lookup("set") == nil {
		return ""
	}
	for _, p := range paint.Parameters() {
		if painter.ParameterFlag(p.Name) == flag || p.Name == flag {
			return "--set " + p.Name + "=VALUE"
		}
	}
	return ""
}

// addRecipe adds the flags that choose a recipe.
func addRecipe(cmd *cobra.Command, c *painter.RecipeChoice) {
	names := paint.RecipeNames()
	cmd.Flags().StringVar(&c.Name, "recipe", names[0], "`NAME` of a recipe, which 'pastiche recipes' lists, or a JSON file of one: "+strings.Join(names, ", "))
	cli.Complete(cmd, "recipe", names, cobra.ShellCompDirectiveDefault)
}

// addSet adds --set.
func addSet(cmd *cobra.Command, c *painter.RecipeChoice) {
	cmd.Flags().StringArrayVar(&c.Settings, "set", nil, "`NAME=VALUE` of a parameter of the recipe, which 'pastiche recipes RECIPE' lists; repeatable")
	var names []string
	for _, p := range paint.Parameters() {
		names = append(names, p.Name+"=")
	}
	cli.Complete(cmd, "set", names, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace)
}

// addStrength adds --strength.
func addStrength(cmd *cobra.Command, c *painter.RecipeChoice) {
	parse := func(text string) (*paint.Strength, error) {
		s, err := paint.ParseStrength(text)
		if err != nil {
			err = errors.New("expected subtle, balanced, bold or a number from 0 to 1")
		}
		return &s, err
	}
	cli.Var(cmd.Flags(), &c.Strength, "strength", "how far to go from the photo: subtle, balanced, bold, or a `NUMBER` from 0 to 1; more lets the style take over, less keeps the photo",
		parse, func(s *paint.Strength) string {
			if s == nil {
				return paint.Balanced.String()
			}
			return s.String()
		})
	names := []string{paint.Subtle.String(), paint.Balanced.String(), paint.Bold.String()}
	cli.Complete(cmd, "strength", names, cobra.ShellCompDirectiveNoFileComp)
}

// addParameters adds flags of everyday parameters, whose help texts are those of package
// paint, with the values of the choice's Base or, where it has none, of the default recipe.
func addParameters(cmd *cobra.Command, c *painter.RecipeChoice, names ...string) {
	recipe, origin, flags := paint.Fine(), "fine: ", cmd.Flags()
	if c.Base != nil {
		recipe, origin = *c.Base, "default "
	}
	for _, p := range paint.Parameters() {
		if !slices.Contains(names, p.Name) {
			continue
		}
		name, usage := painter.ParameterFlag(p.Name), p.Doc+" ("+origin+recipe.Value(p.Name)+")"
		switch p.Type {
		case "integer":
			flags.Int(name, 0, usage)
		case "number":
			flags.Float64(name, 0, usage)
		case "boolean":
			flags.Bool(name, false, p.Doc)
		default:
			flags.String(name, "", usage)
		}
		f := flags.Lookup(name)
		f.Value = &parameter{f.Value, p.Name, c}
		cli.Complete(cmd, name, p.Choices, cobra.ShellCompDirectiveNoFileComp)
	}
}

// parameter is the value of a flag of an everyday parameter. It gives the parameter to a
// choice of a recipe.
type parameter struct {
	pflag.Value
	name string
	of   *painter.RecipeChoice
}

func (p *parameter) Set(text string) error {
	err := p.Value.Set(text)
	if err == nil {
		p.of.Give(p.name, p.String())
	}
	return err
}

// strengthHelp says what one sees at each strength.
const strengthHelp = `Strength, --strength: how far the painting goes from the photo.
  subtle    0    the photo in the painting's strokes: every form stays in its place
  balanced  0.5  the painting's forms and strokes, with the photo's subject recognisable
  bold      1    the painting first: its large forms take over
Numbers in between are strengths in between. Parameters that are given win over the
strength.`

// everydayFlags adds flags of everyday parameters beside those of the recipe, and marks
// them all for the short help.
func everydayFlags(cmd *cobra.Command, c *painter.RecipeChoice, parameters ...string) {
	addParameters(cmd, c, parameters...)
	var names []string
	for _, name := range []string{"recipe", "strength"} {
		if cmd.Flags().Lookup(name) != nil {
			names = append(names, name)
		}
	}
	for _, p := range parameters {
		names = append(names, painter.ParameterFlag(p))
	}
	cli.Section(cmd, "Everyday", names...)
	cli.Everyday(cmd, names...)
}
