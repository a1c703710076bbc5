package main

import (
	"errors"
	"fmt"
	"image"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pastiche-art/pastiche/internal/cli"
)

func newTextureCommand() *cobra.Command {
	var opts paintOptions
	shape := image.Pt(512, 512)
	cmd := &cobra.Command{
		Use:   "texture STYLE...",
		Short: "Paint a texture of any size in the manner of pictures",
		Long: `Paint nothing in particular in the manner of one or more pictures STYLE, which
blend: a texture of any size. With --tileable it joins itself on all sides
without a seam.

` + eventsHelp,
		Example: `  pastiche texture painting.jpg -o texture.png
  pastiche texture painting.jpg --print 24x16in -o poster.tif
  pastiche texture pebbles.jpg --shape 1024x256 --tileable -o border.png`,
		Args: cli.Args(1, -1, "at least one style picture"),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case !opts.print.Given():
				if err := setSize(cmd.Flags(), shape); err != nil {
					return err
				}
			case !cmd.Flags().Changed("shape"): // of which paintWork complains
				shape = opts.print.Pixels(image.Point{})
			}
			return runWork(cmd.Context(), &opts, cmd.Flags(), work{shape: shape, styles: args})
		},
	}
	opts.addOutput(cmd)
	addShape(cmd, &shape, "`SIZE` of the texture in pixels, or its proportions where --size says how large")
	cli.Section(cmd, "Everyday", "shape")
	cli.Everyday(cmd, "shape")
	opts.addRecipe(cmd)
	opts.everydayFlags(cmd, "size", "iterations", "style_scale", "colors", "tileable")
	opts.addStyles(cmd)
	opts.addSeed(cmd)
	opts.addPrint(cmd)
	cmd.Flags().Lookup("print").Usage = "paint for a print of a `SIZE`: 60x40cm, 24x16in@200dpi, A3 (300dpi unless given)"
	opts.engineOptions.AddFlags(cmd)
	return cmd
}

// addShape adds the size of a texture in pixels, such as 768x512.
func addShape(cmd *cobra.Command, shape *image.Point, usage string) {
	cli.Var(cmd.Flags(), shape, "shape", usage, parseShape, func(p image.Point) string {
		if p == (image.Point{}) {
			return ""
		}
		return fmt.Sprintf("%dx%d", p.X, p.Y)
	})
}

func parseShape(text string) (image.Point, error) {
	w, h, found := strings.Cut(strings.ToLower(text), "x")
	if !found {
		h = w
	}
	width, err := strconv.Atoi(w)
	height, otherErr := strconv.Atoi(h)
	if err != nil || otherErr != nil {
		return image.Point{}, errors.New("expected a size such as 768x512")
	}
	return image.Pt(width, height), nil
}

// setSize makes a texture as large as its shape, unless other flags say how large.
func setSize(flags *pflag.FlagSet, shape image.Point) error {
	if flags.Changed("size") {
		return nil
	}
	return flags.Set("size", strconv.Itoa(max(shape.X, shape.Y)))
}
