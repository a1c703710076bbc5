package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/explore"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/exploration"
	"github.com/pastiche-art/pastiche/internal/painter"
)

func newExploreCommand() *cobra.Command {
	var e exploration.Explorer
	cmd := &cobra.Command{
		Use:   "explore PHOTO PAINTING...",
		Short: "Paint a sheet of small variations to choose from",
		Long: `Paint a photo in the manner of a painting in a dozen ways, small and side by side
on one sheet, and print for each the command that paints it large. All of them
together take less time than two paintings of 512 pixels.

--vary says what they differ in. One of these makes a dozen of them, or as many
as there are; two make every value of the first, across, with every value of the
second, down:
  strength     how far to go from the photo
  style_scale  the size of the strokes
  recipe       the way to paint
  colors       whose colours the painting has
  seed         the noise that the paintings begin with, which is --set init=noise
Parameters that do not vary are the same for all, and so in every command.

The sheet is saved as -o says. Without -o it is called after its inputs, such as
photo-painting-explore.png, and never like a file that exists.

Ctrl-C saves the sheet with the paintings that are finished; a second one stops
at once.`,
		Example: `  pastiche explore photo.jpg painting.jpg
  pastiche explore photo.jpg painting.jpg --vary recipe,strength -o sheet.png
  pastiche explore photo.jpg painting.jpg --vary seed --recipe gatys --size 1024
  pastiche explore photo.jpg painting.jpg --json | jq '.paintings[4].command'`,
		Args: cli.Args(2, -1, "a photo and at least one painting"),
		RunE: func(cmd *cobra.Command, args []string) error {
			chooseRecipe(cmd, &e)
			return e.Paint(cmd.Context(), painter.Work{Content: args[0], Styles: args[1:]})
		},
	}
	addExplorer(cmd, &e)
	return cmd
}

// addExplorer adds the flags of an exploration.
func addExplorer(cmd *cobra.Command, e *exploration.Explorer) {
	flags := cmd.Flags()
	var names []string
	for _, p := range explore.Parameters() {
		names = append(names, string(p))
	}
	flags.StringSliceVar(&e.Vary, "vary", []string{string(explore.Strength), string(explore.StyleScale)},
		"`WHAT` the paintings differ in, one or two of: "+strings.Join(names, ", "))
	flags.Lookup("vary").DefValue = string(explore.Strength) + "," + string(explore.StyleScale)
	cli.Complete(cmd, "vary", names, cobra.ShellCompDirectiveNoFileComp)
	flags.StringVarP(&e.Output, "output", "o", "", "`FILE` or folder to save the sheet in (default a name after the inputs)")
	cli.Section(cmd, "Everyday", "vary", "output")
	cli.Everyday(cmd, "vary", "output")
	addRecipe(cmd, &e.Recipe)
	addStrength(cmd, &e.Recipe)
	everydayFlags(cmd, &e.Recipe, "size", "iterations", "content_weight", "style_scale", "colors", "faces")
	addSet(cmd, &e.Recipe)
	flags.Uint64Var(&e.Seed, "seed", 0, "`N` that chooses the noise to begin with; the first one with --vary seed")
	cli.Section(cmd, "Recipe", "set", "seed")
	flags.IntVar(&e.StudySize, "study-size", explore.DefaultSize, "long side of each painting on the sheet in pixels; more shows more and takes longer")
	flags.BoolVarP(&e.Quiet, "quiet", "q", false, "report no progress")
	flags.BoolVar(&e.JSON, "json", false, "print the sheet's name and the commands as one JSON object")
	cli.Section(cmd, "Output", "study-size", "quiet", "json")
	cli.Everyday(cmd, "set", "study-size")
	addEngine(cmd, &e.Engine, &e.Inputs)
}

// chooseRecipe leaves the recipe to what varies where it is not given.
func chooseRecipe(cmd *cobra.Command, e *exploration.Explorer) {
	if !cmd.Flags().Changed("recipe") {
		e.Recipe.Name = ""
	}
}
