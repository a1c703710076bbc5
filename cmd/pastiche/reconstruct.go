package main

import (
	"image"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/painter"
	"github.com/pastiche-art/pastiche/paint"
)

// The parts of a picture that can be reconstructed.
const (
	ofContent = "content"
	ofStyle   = "style"
)

func newReconstructCommand() *cobra.Command {
	var opts paintOptions
	layer, of := "conv4_2", ofContent
	cmd := &cobra.Command{
		Use:   "reconstruct PICTURE",
		Short: "Paint what a layer of the network keeps of a picture",
		Long: `Paint, beginning with noise, what a layer of the network keeps of a picture. With
--of content this is where things are. With --of style it is the strokes and colours
that the first layer of each block keeps, up to that layer. These are the two rows of
figure 1 of Gatys, Ecker and Bethge 2015. Shallow layers such as conv1_1 keep nearly
the whole picture, deep ones such as conv5_1 only its large forms.

` + painter.EventsHelp,
		Example: `  pastiche reconstruct photo.jpg --layer conv4_2 -o content.png
  pastiche reconstruct painting.jpg --of style --layer conv3_1 -o style.png`,
		Args: cli.Args(1, 1, "one picture"),
		RunE: func(cmd *cobra.Command, args []string) error {
			w := painter.Work{Content: args[0], Styles: args}
			recipe := paint.ContentReconstruction(layer)
			switch of {
			case ofContent:
			case ofStyle:
				p, err := opts.Inputs.Open(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				recipe = paint.StyleReconstruction(layer)
				w.Content, opts.Shape = "", &image.Point{X: p.W, Y: p.H}
			default:
				return cli.Misused("--of %s: expected %s or %s", of, ofContent, ofStyle)
			}
			opts.Recipe.Base = &recipe
			chosen, err := opts.Recipe.Recipe()
			if err != nil {
				return err
			}
			// Only the proportions of a picture count, not its size.
			if opts.Shape != nil && len(chosen.Scales) == 0 {
				opts.Recipe.Give("size", strconv.Itoa(chosen.Size))
			}
			return opts.Paint(cmd.Context(), w)
		},
	}
	flags := cmd.Flags()
	base := paint.ContentReconstruction(layer)
	opts.Recipe.Base = &base // whose numbers the help texts of the flags name
	opts.addOutput(cmd)
	flags.StringVar(&layer, "layer", layer, "`LAYER` of the network, such as conv1_1 or conv5_1")
	flags.StringVar(&of, "of", of, "`PART` of the picture: content, style")
	cli.Section(cmd, "Everyday", "layer", "of")
	cli.Everyday(cmd, "layer", "of")
	everydayFlags(cmd, &opts.Recipe, "size", "iterations")
	opts.addSeed(cmd)
	addEngine(cmd, &opts.Engine, &opts.Inputs)
	cli.Complete(cmd, "of", []string{ofContent, ofStyle}, cobra.ShellCompDirectiveNoFileComp)
	return cmd
}
