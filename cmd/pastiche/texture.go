package main

import (
	"errors"
	"fmt"
	"image"
	"strconv"
	"strings"

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
		Args: cli.Args(1, -1, "at least one style picture"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return opts.Paint(cmd.Context(), painter.Work{Styles: args})
		},
	}
	opts.addOutput(cmd)
	addShape(cmd, &opts.Shape, "`SIZE` of the texture in pixels, or its proportions where --size says how large")
	cmd.Flags().Lookup("shape").DefValue = fmt.Sprintf("%dx%d", painter.DefaultShape.X, painter.DefaultShape.Y)
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

// addShape adds the size of a texture in pixels, such as 768x512. It is nil where it is
// not given.
func addShape(cmd *cobra.Command, shape **image.Point, usage string) {
	cli.Var(cmd.Flags(), shape, "shape", usage, parseShape, func(p *image.Point) string {
		if p == nil {
			return ""
		}
		return fmt.Sprintf("%dx%d", p.X, p.Y)
	})
}

func parseShape(text string) (*image.Point, error) {
	w, h, found := strings.Cut(strings.ToLower(text), "x")
	if !found {
		h = w
	}
	width, err := strconv.Atoi(w)
	height, otherErr := strconv.Atoi(h)
	if err != nil || otherErr != nil {
		return nil, errors.New("expected a size such as 768x512")
	}
	return &image.Point{X: width, Y: height}, nil
}
