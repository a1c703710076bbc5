package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/weights"
	"github.com/pastiche-art/pastiche/weights/registry"
)

func newNetworksImportCommand() *cobra.Command {
	var opts networksImportOptions
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Keep the convolutions of a network's file under a name",
		Long: `Read a network's file once and keep its convolutions, bit for bit, in a file
that is quicker to read and a fraction of the size. FILE itself is not needed
afterwards. The network's name is the published one, where the checksum is known,
or else the one in the file; --as chooses another.

` + inputFlagsHelp,
		Example: `  pastiche networks import imagenet-vgg-verydeep-19.mat
  pastiche networks import model.safetensors --as mine \
    --channels bgr --range 0..255 --mean 103.939,116.779,123.68 --std 1,1,1`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return cli.Misused("expected one file, found %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runNetworksImport(cmd.Context(), &opts, args[0])
		},
	}
	opts.AddFlags(cmd)
	return cmd
}

type networksImportOptions struct {
	inputOptions
	as    string
	quiet bool
}

func (o *networksImportOptions) AddFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.as, "as", "", "`NAME` to keep the network under")
	o.inputOptions.AddFlags(cmd)
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "report nothing but errors")
}

func runNetworksImport(ctx context.Context, opts *networksImportOptions, path string) error {
	override, err := opts.override()
	if err != nil {
		return err
	}
	store := registry.FromEnvironment()
	if !opts.quiet {
		store.Progress = printNews
	}
	e, err := store.Import(ctx, path, opts.as, override)
	if err != nil {
		return networkFileError(path, err)
	}
	if !opts.quiet {
		cli.Warn("Installed %s: %s, input %s, %s.", e.Name, e.Family, e.Input, humanize.Bytes(uint64(e.Local.Size)))
	}
	return nil
}

// inputOptions are the flags that say what input a network expects, and what
// its file calls its layers.
type inputOptions struct {
	channels, levels, mean, std string
	blocks                      []string
	prefix                      string
}

const inputFlagsHelp = `The input that the network expects is taken from its checksum, from what the
file says, or from what is known of such files, and shown. The flags --channels,
--range, --mean and --std replace all of them.

The layers are recognised by the names of their tensors. --block replaces them,
one for each block: the names of its convolutions in the file, without the ends
that say weight or bias, and after a plus sign a batch norm, such as
--block stem.c1,stem.c2 --block body.c1+body.n1. The family follows from them.
Where a file has several networks, --prefix chooses one.`

func (o *inputOptions) AddFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.channels, "channels", "", "`ORDER` of the network's input channels: rgb, bgr")
	flags.StringVar(&o.levels, "range", "", "`RANGE` of its input from black to white: 0..1, 0..255")
	flags.StringVar(&o.mean, "mean", "", "`A,B,C` that is subtracted from its input, in that range and order of channels")
	flags.StringVar(&o.std, "std", "", "`A,B,C` that its input is then divided by, the same")
	flags.StringArrayVar(&o.blocks, "block", nil, "`NAMES` of the file for the convolutions of a block; repeatable, in order")
	flags.StringVar(&o.prefix, "prefix", "", "`NAME` that the layers' names begin with, in a file of several networks, such as teacher; . for none")
	cli.Complete(cmd, "channels", []string{"rgb", "bgr"}, cobra.ShellCompDirectiveNoFileComp)
	cli.Complete(cmd, "range", []string{"0..1", "0..255"}, cobra.ShellCompDirectiveNoFileComp)
}

// override returns what the flags say.
func (o *inputOptions) override() (given weights.Override, err error) {
	given.Prefix = o.prefix
	if given.PartialInput, err = weights.ParsePartialInput(o.channels, o.levels, o.mean, o.std); err != nil {
		return given, cli.Misused("%w", err)
	}
	if given.Layers, err = weights.ParseLayers(o.blocks); err != nil {
		return given, cli.Misused("%w", err)
	}
	return given, nil
}

func newNetworksInspectCommand() *cobra.Command {
	var opts networksInspectOptions
	cmd := &cobra.Command{
		Use:   "inspect FILE|NAME",
		Short: "Show what a network's file holds",
		Long: `Show what a network's file holds, or the network of a name: the family, the
layers, their shapes and what the file calls them, the number format, the input
that it expects and how that is known, the checksum of the file as it is now, and
the licence where it is known. All of the file is read and checked. Where the file
of a name has another checksum than it was kept with, the exit code is 3.

` + inputFlagsHelp + `

With --json, one object.`,
		Example: `  pastiche networks inspect vgg19-dcbb9e9d.pth
  pastiche networks inspect builtin --json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return cli.Misused("expected one file or the name of one network, found %d", len(args))
			}
			return nil
		},
		ValidArgsFunction: completeNetworks(cobra.ShellCompDirectiveDefault),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runNetworksInspect(cmd.Context(), &opts, args[0])
		},
	}
	opts.AddFlags(cmd)
	return cmd
}

type networksInspectOptions struct {
	inputOptions
	json bool
}

func (o *networksInspectOptions) AddFlags(cmd *cobra.Command) {
	o.inputOptions.AddFlags(cmd)
	cmd.Flags().BoolVar(&o.json, "json", false, "print one object")
}

func runNetworksInspect(ctx context.Context, opts *networksInspectOptions, what string) error {
	override, err := opts.override()
	if err != nil {
		return err
	}
	store := registry.FromEnvironment()
	d, err := store.Describe(ctx, what, override)
	if err != nil {
		if _, unnamed := store.Entry(what); errors.Is(unnamed, registry.ErrUnknown) {
			return networkFileError(what, err)
		}
		return networkError(err)
	}
	if err := printDescription(d, opts.json); err != nil || d.Path == what {
		return err
	}
	return networkError(store.Verify(ctx, what))
}

func printDescription(d *registry.Description, asJSON bool) error {
	if asJSON {
		return cli.PrintJSON([]*registry.Description{d})
	}
	return cli.PrintTable(func(w *tabwriter.Writer) {
		fmt.Fprintf(w, "name\t%s\n", cli.Printable(d.Name))
		fmt.Fprintf(w, "family\t%s\n", cli.Printable(d.Family))
		fmt.Fprintf(w, "file\t%s, %s, %s\n", d.Format, d.Values, humanize.Bytes(uint64(d.Size)))
		fmt.Fprintf(w, "sha256\t%s\n", d.SHA256)
		fmt.Fprintf(w, "origin\t%s\n", cli.Printable(d.Origin))
		fmt.Fprintf(w, "licence\t%s\n", cli.Printable(cmp.Or(d.License, "unknown")))
		fmt.Fprintf(w, "input\t%s\n", d.Input)
		fmt.Fprintf(w, "input known by\t%s\n", d.InputSource)
		fmt.Fprintf(w, "pooling\t%s\n", cmp.Or(d.Pooling, "unknown"))
		for _, l := range d.Layers {
			fmt.Fprintf(w, "%s\t%d x %d x %d x %d, from %s\n", l.Name, l.Shape[0], l.Shape[1], l.Shape[2], l.Shape[3], cli.Printable(l.Tensor))
		}
	})
}
