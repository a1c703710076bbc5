package main

import (
	"context"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/npy"
	"github.com/pastiche-art/pastiche/internal/painter"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// featuresOptions are the flags of 'pastiche features'.
type featuresOptions struct {
	recipe        painter.RecipeChoice // of which only Settings count
	engine        painter.Engine
	inputs        painter.Inputs
	layer, output string
	size          int
}

func newFeaturesCommand() *cobra.Command {
	var o featuresOptions
	cmd := &cobra.Command{
		Use:   "features IMAGE --layer LAYER -o FILE.npy",
		Short: "Save the activations of a layer over a picture",
		Long: `Save the activations of a layer over a picture as a NumPy array: float32, of
the shape (channels, height, width). A layer's activations are those after its
ReLU; conv4_2 and relu4_2 are the same. The picture keeps its size unless --size
is given.

The network pools as it was trained, by the maximum. The recipe classic pools by
the average: --set pooling=avg gives its activations.`,
		Example: `  pastiche features photo.jpg --layer conv4_2 -o conv4_2.npy
  python3 -c "import numpy; print(numpy.load('conv4_2.npy').shape)"`,
		Args: cli.Args(1, 1, "one picture"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), args[0])
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.layer, "layer", "", "`NAME` of the layer, such as conv4_2")
	flags.StringVarP(&o.output, "output", "o", "", "`FILE` to save, with a name that ends in .npy; - is standard output")
	flags.IntVar(&o.size, "size", 0, "long side to resize the picture to, in pixels (default its own)")
	addSet(cmd, &o.recipe)
	flags.Lookup("set").Usage = "`NAME=VALUE` of a parameter of the network: pooling or replicate; repeatable"
	cli.Section(cmd, "Everyday", "layer", "output", "size", "set")
	addEngine(cmd, &o.engine, &o.inputs)
	return cmd
}

func (o *featuresOptions) validate() error {
	switch {
	case o.layer == "":
		return cli.Misused("expected a layer: give one such as --layer conv4_2")
	case o.output == "":
		return cli.Misused("expected a file to save: give one such as -o %s.npy", o.layer)
	case o.output != cli.StandardOutput && strings.ToLower(filepath.Ext(o.output)) != ".npy":
		return cli.Misused("--output %q: expected a name that ends in .npy", o.output)
	case o.size < 0 || o.size > paint.MaxSize:
		return cli.Misused("--size %d: expected 1 to %d, or 0 for the picture's own", o.size, paint.MaxSize)
	}
	return o.engine.Validate()
}

func (o *featuresOptions) run(ctx context.Context, path string) error {
	if err := o.validate(); err != nil {
		return err
	}
	recipe := paint.Classic() // for its zero padding, which is a VGG's own
	recipe.Pooling = nil      // for that of the network
	err := o.recipe.Set(&recipe, func(name string) error {
		if name != "pooling" && name != "replicate" {
			return cli.Misused("--set %s: expected pooling or replicate, as no other parameter changes what a layer sees", name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	p, err := o.inputs.Open(ctx, path)
	if err != nil {
		return err
	}
	o.inputs.Tell(cli.Warn)
	if err := painter.CheckOutput(o.output); err != nil {
		return err
	}
	network, err := o.engine.OpenNetwork()
	if err != nil {
		return err
	}
	if o.size > 0 {
		p = p.Resize(picture.FitLong(p.W, p.H, o.size))
	}
	a, err := paint.Features(ctx, p, o.layer, o.engine.Options(&recipe, network))
	if err != nil {
		return painter.Files{Picture: path}.Named(err)
	}
	return painter.WriteOutput(o.output, func(w io.Writer) error {
		return npy.Write(w, a.Values, a.Channels, a.Height, a.Width)
	})
}
