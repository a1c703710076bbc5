package main

import (
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
	shape := canvasShape{512, 512}
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
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cli.Misused("expected at least one style picture, found none")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case !opts.print.Given():
				if err := shape.setSize(cmd.Flags()); err != nil {
					return err
				}
			case !cmd.Flags().Changed("shape"): // of which paintWork complains
				shape = canvasShape(opts.print.Pixels(image.Point{}))
			}
			return runWork(cmd.Context(), &opts, cmd.Flags(), work{shape: image.Point(shape), styles: args})
		},
	}
	opts.addOutput(cmd)
	cmd.Flags().Var(&shape, "shape", "`SIZE` of the texture in pixels, or its proportions where --size says how large")
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

// canvasShape is the value of a flag such as 768x512.
type canvasShape image.Point

func (s *canvasShape) Set(text string) error {
	w, h, found := strings.Cut(strings.ToLower(text), "x")
	if !found {
		h = w
	}
	width, err := strconv.Atoi(w)
	height, otherErr := strconv.Atoi(h)
	if err != nil || otherErr != nil {
		return fmt.Errorf("expected a size such as 768x512")
	}
	s.X, s.Y = width, height
	return nil
}

// setSize makes a texture as large as its shape, unless other flags say how large.
func (s *canvasShape) setSize(flags *pflag.FlagSet) error {
	if flags.Changed("size") {
		return nil
	}
	return flags.Set("size", strconv.Itoa(max(s.X, s.Y)))
}

func (s *canvasShape) String() string { return fmt.Sprintf("%dx%d", s.X, s.Y) }

// Type is what pflag calls the value in help texts.
func (*canvasShape) Type() string { return "shape" }
