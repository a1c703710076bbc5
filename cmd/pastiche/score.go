package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/painter"
	"github.com/pastiche-art/pastiche/paint"
)

// scoreOptions are the flags of 'pastiche score'.
type scoreOptions struct {
	recipe painter.RecipeChoice
	engine painter.Engine
	inputs painter.Inputs
	json   bool
}

func newScoreCommand() *cobra.Command {
	var o scoreOptions
	cmd := &cobra.Command{
		Use:   "score CONTENT STYLE PICTURE...",
		Short: "Measure the costs of pictures",
		Long: `Measure how well each PICTURE paints CONTENT in the manner of STYLE: the
costs that painting lowers, under the layers and weights of a recipe. Each
picture is measured in its own size, to which content and style are resized.
The lower the costs, the closer; only those measured with the same network,
recipe and size can be compared. They differ from the costs that painting
prints, as a file holds whole levels from 0 to 255, and a JPEG less detail.

With --json, one object for each picture, a line each:
  {"picture":…,"costs":{"content":…,"style":…,"variation":…,"total":…},
   "layers":[{"layer":"conv4_2","kind":"content","weight":…,"cost":…},…]}`,
		Example: `  pastiche score photo.jpg painting.jpg mine.png theirs.png
  pastiche score photo.jpg painting.jpg mine.png --recipe classic --network vgg19.safetensors --json`,
		Args: cli.Args(3, -1, "a content, a style and at least one picture to measure"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), args)
		},
	}
	addRecipe(cmd, &o.recipe)
	everydayFlags(cmd, &o.recipe, "content_weight", "style_scale", "faces")
	addSet(cmd, &o.recipe)
	cli.Section(cmd, "Recipe", "set")
	cmd.Flags().BoolVar(&o.json, "json", false, "print one object a line, with the costs of each layer")
	cli.Section(cmd, "Output", "json")
	cli.Everyday(cmd, "set", "json")
	addEngine(cmd, &o.engine, &o.inputs)
	return cmd
}

// scored is the report on one picture.
type scored struct {
	Picture string `json:"picture"`
	*paint.Report
}

func (o *scoreOptions) run(ctx context.Context, args []string) error {
	if err := o.engine.Validate(); err != nil {
		return err
	}
	recipe, err := o.recipe.Recipe()
	if err != nil {
		return err
	}
	pictures, err := o.inputs.OpenAll(ctx, args)
	if err != nil {
		return err
	}
	o.inputs.Tell(cli.Warn)
	network, substitute, err := o.engine.OpenRecipeNetwork(&recipe)
	if err != nil {
		return err
	}
	if substitute != "" {
		cli.Warn("%s", substitute)
	}
	var reports []scored
	for i, path := range args[2:] {
		report, err := paint.Score(ctx, pictures[0], paint.InMannerOf(pictures[1]), pictures[2+i],
			o.engine.Options(&recipe, network))
		if err != nil {
			if errors.As(err, new(*paint.PictureError)) {
				return painter.Files{Content: args[0], Styles: args[1:2], Picture: path}.Named(err)
			}
			return fmt.Errorf("%s: %w", path, painter.InFlags(err))
		}
		reports = append(reports, scored{path, report})
	}
	if o.json {
		return cli.PrintJSON(reports)
	}
	return cli.PrintTable(func(w *tabwriter.Writer) {
		fmt.Fprintln(w, "TOTAL\tCONTENT\tSTYLE\tVARIATION\tPICTURE")
		for _, r := range reports {
			fmt.Fprintf(w, "%.6g\t%.6g\t%.6g\t%.6g\t%s\n", r.Costs.Total, r.Costs.Content, r.Costs.Style, r.Costs.Variation, cli.Printable(r.Picture))
		}
	})
}
