package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/painter"
	"github.com/pastiche-art/pastiche/paint"
)

// builtinRecipe is what 'pastiche recipes --json' prints of a built-in recipe.
type builtinRecipe struct {
	Name string  `json:"name"`
	Text string  `json:"description"`
	Time float64 `json:"relative_time"` // of the processor, relative to fine
}

// recipes are the built-in recipes. Their times are measured on the castle of the README
// at 192 pixels.
var recipes = []builtinRecipe{
	{"fine", "the best for most pictures: coarse to fine, in the style's colours", 1},
	{"classic", "the course's algorithm to the letter: Gram matrices, Adam, from noise", 2.4},
	{"gatys", "the paper's algorithm of 2015: Gram matrices, L-BFGS, one scale", 6.5},
	{"nnst", "literal pieces of the style, each where the photo is most like it", 14},
	{"strotss", "relaxed optimal transport: exact shapes, free colours", 42},
}

func newRecipesCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "recipes [NAME|FILE]",
		Short: "List the recipes, or the parameters of one",
		Long: `List the recipes that --recipe takes, with their processor time relative to fine.
With a NAME, or a FILE, list the recipe's parameters: the value of each, what it
means, and what more and less of it do.

'pastiche paint --set NAME=VALUE' changes a parameter. With --json the recipe is
printed as --recipe reads it from a file. A file may hold a few parameters only:
the others are those of the recipe that "name" names. --strength changes only
parameters that the file leaves out.`,
		Example: `  pastiche recipes
  pastiche recipes fine
  pastiche recipes fine --json > mine.json
  echo '{"name":"fine","content_weight":0.1}' > closer.json`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: cobra.FixedCompletions(paint.RecipeNames(), cobra.ShellCompDirectiveDefault),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listRecipes(asJSON)
			}
			return printRecipe(args[0], asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON: an object for each recipe, or the recipe itself")
	return cmd
}

func listRecipes(asJSON bool) error {
	if asJSON {
		return cli.PrintJSON(recipes)
	}
	return cli.PrintTable(func(w *tabwriter.Writer) {
		fmt.Fprintln(w, "NAME\tTIME\tDESCRIPTION")
		for _, r := range recipes {
			fmt.Fprintf(w, "%s\t%g\t%s\n", r.Name, r.Time, r.Text)
		}
	})
}

func printRecipe(name string, asJSON bool) error {
	r, err := (&painter.RecipeChoice{Name: name}).Recipe()
	if err != nil {
		return err
	}
	if asJSON {
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if err := json.Indent(&b, []byte(cli.PrintableJSON(string(text))), "", "  "); err != nil {
			return err
		}
		return cli.PrintText(append(b.Bytes(), '\n'))
	}
	const indent = "    "
	width := cli.Width() - len(indent)
	var b bytes.Buffer
	for _, p := range paint.Parameters() {
		doc := p.Doc
		if len(p.Choices) > 0 {
			doc += ": " + strings.Join(p.Choices, ", ")
		}
		value := r.Value(p.Name)
		if value == "" {
			value = "(none)"
		}
		fmt.Fprintf(&b, "%s = %s\n", p.Name, cli.Printable(value))
		for _, line := range cli.Wrapped(doc, width) {
			fmt.Fprintf(&b, "%s%s\n", indent, line)
		}
	}
	return cli.PrintText(b.Bytes())
}
