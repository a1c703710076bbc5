package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

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
	cmd.Flags().Var(&strength{&c.Strength}, "strength", "how far to go from the photo: subtle, balanced, bold, or a `NUMBER` from 0 to 1; more lets the style take over, less keeps the photo")
	names := []string{paint.Subtle.String(), paint.Balanced.String(), paint.Bold.String()}
	cli.Complete(cmd, "strength", names, cobra.ShellCompDirectiveNoFileComp)
}

// addParameters adds flags of everyday parameters, whose help texts are those of package
// paint.
func addParameters(cmd *cobra.Command, c *painter.RecipeChoice, names ...string) {
	fine := paint.Fine()
	for _, p := range paint.Parameters() {
		if !slices.Contains(names, p.Name) {
			continue
		}
		usage := p.Doc
		if p.Type != "boolean" {
			usage += " (fine: " + fine.Value(p.Name) + ")"
		}
		value := &parameterValue{p.Name, p.Type, &c.Parameters}
		cmd.Flags().Var(value, painter.ParameterFlag(p.Name), usage)
		if p.Type == "boolean" {
			cmd.Flags().Lookup(painter.ParameterFlag(p.Name)).NoOptDefVal = "true"
		}
		cli.Complete(cmd, painter.ParameterFlag(p.Name), p.Choices, cobra.ShellCompDirectiveNoFileComp)
	}
}

// parameterValue is the value of a flag of an everyday parameter, which the painter reads.
type parameterValue struct {
	name, kind string
	of         *map[string]string
}

func (v *parameterValue) Set(text string) error {
	if *v.of == nil {
		*v.of = make(map[string]string)
	}
	(*v.of)[v.name] = text
	return nil
}

func (v *parameterValue) String() string { return (*v.of)[v.name] }

// Type is what pflag calls the value in help texts.
func (v *parameterValue) Type() string {
	switch v.kind {
	case "integer":
		return "n"
	case "string":
		return "word"
	case "boolean":
		return "bool"
	}
	return v.kind
}

// strengthHelp says what one sees at each strength.
const strengthHelp = `Strength, --strength: how far the painting goes from the photo.
  subtle    0    the photo in the painting's strokes: every form stays in its place
  balanced  0.5  the painting's forms and strokes, with the photo's subject plain
  bold      1    the painting first: its large forms take over
Numbers in between are strengths in between. Parameters that are given win over the
strength.`

// strength is the value of a flag, nil where it is not given.
type strength struct{ of **paint.Strength }

func (s *strength) Set(text string) error {
	parsed, err := paint.ParseStrength(text)
	if err != nil {
		return errors.New("expected subtle, balanced, bold or a number from 0 to 1")
	}
	*s.of = &parsed
	return nil
}

func (s *strength) String() string {
	if *s.of == nil {
		return paint.Balanced.String()
	}
	return (**s.of).String()
}

// Type is what pflag calls the value in help texts.
func (*strength) Type() string { return "strength" }

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
