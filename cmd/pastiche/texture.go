package main

import (
	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/painter"
)

func newTextureCommand() *cobra.Command {
	var opts paintOptions
	cmd := &cobra.Command{
		Use:   "texture STYLE...",
		Short: "Paint a texture of any size in the manner of pictures",
		Long: `Paint nothing in particular in the manner of one or more pictures STYLE, which
blend: a texture of any size. With --tileable it joins itself on all sides
without a seam.

` + painter.EventsHelp,
		Example: `  pastiche texture painting.jpg -o texture.png
  pastiche texture painting.jpg --print 24x16in -o poster.tif
  pastiche texture pebbles.jpg --shape 1024x256 --tileable -o border.png`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cli.Misused("expected at least one style picture, found none")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return opts.Paint(cmd.Context(), painter.Work{Styles: args})
		},
	}
	opts.addOutput(cmd)
	cmd.Flags().Var(&shape{&opts.Shape}, "shape", "`SIZE` of the texture in pixels, or its proportions where --size says how large")
	cli.Section(cmd, "Everyday", "shape")
	cli.Everyday(cmd, "shape")
	addRecipe(cmd, &opts.Recipe)
	everydayFlags(cmd, &opts.Recipe, "size", "iterations", "style_scale", "colors", "tileable")
	opts.addStyles(cmd)
	opts.addSeed(cmd)
	opts.addPrint(cmd)
	cmd.Flags().Lookup("print").Usage = "paint for a print of a `SIZE`: 60x40cm, 24x16in@200dpi, A3 (300dpi unless given)"
	addEngine(cmd, &opts.Engine, &opts.Inputs)
	return cmd
}
