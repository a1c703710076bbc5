package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/networks"
	"github.com/pastiche-art/pastiche/weights"
	"github.com/pastiche-art/pastiche/weights/registry"
)

func newNetworksCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "networks",
		Short: "Pull, import and inspect networks to paint with",
		Long: `Pull, import and inspect networks to paint with. Each has a name for --network,
which also takes the name of a file.`,
		Args: cli.CommandWord,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newNetworksListCommand(), newNetworksPullCommand(), newNetworksImportCommand(), newNetworksInspectCommand())
	cmd.AddCommand(newNamedNetworksCommand("verify [NAME...]", "Compare networks with their checksums",
		`Read the files of networks on this machine, all of them unless some are named,
and compare them with their checksums.`, networks.Verify))
	cmd.AddCommand(newNamedNetworksCommand("path [NAME...]", "Print the paths of networks",
		`Print the path of each network's file on this machine, one a line. Without a
NAME, print the folder of all networks. The files are safetensors files.`,
		func(_ context.Context, store *registry.Store, names []string) error {
			return networks.PrintPaths(store, names)
		}))
	remove := newNamedNetworksCommand("remove NAME...", "Delete networks from this machine",
		`Delete networks from this machine without asking: their names, their files, and
unfinished downloads. The built-in network stays.`, networks.Remove)
	remove.Args = someNetworks
	cmd.AddCommand(remove)
	return cmd
}

// someNetworks are the arguments of a command: one network or more.
var someNetworks = cli.Args(1, -1, "names of networks, as 'pastiche networks list' lists them")

// completeNetworks returns a function that completes names of networks. The directive
// says whether the shell adds names of files.
func completeNetworks(directive cobra.ShellCompDirective) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		list, _ := registry.FromEnvironment().List() // without those that cannot be read
		var names []cobra.Completion
		for _, e := range list {
			names = append(names, cobra.CompletionWithDesc(e.Name, e.Family))
		}
		return names, directive
	}
}

// newNamedNetworksCommand returns a command whose arguments are names of networks.
func newNamedNetworksCommand(use, short, long string, run func(context.Context, *registry.Store, []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Long: long,
		ValidArgsFunction: completeNetworks(cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, names []string) error {
			return run(cmd.Context(), registry.FromEnvironment(), names)
		},
	}
}

func newNetworksListCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the networks that have names",
		Long: `List the networks that have names: the built-in one, those that can be pulled,
with the size of the download, and the imported ones.

With --json, print one object a line for each network:
  {"name":…,"family":…,"license":…,
   "input":{"channels":…,"max":…,"mean":[…],"std":[…]},"origin":…,"urls":[…],
   "source":{"size":…,"sha256":…},"local":{"size":…,"sha256":…},
   "present":…,"path":…,"damage":…,"builtin":…}
where source is the file as it was published or imported, local is the file on
this machine, and damage is why that cannot be used. Sizes are in bytes.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return networks.List(registry.FromEnvironment(), asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return cmd
}

func newNetworksPullCommand() *cobra.Command {
	quiet := false
	cmd := newNamedNetworksCommand("pull NAME...", "Download networks by name",
		`Download networks from where they were published or from a mirror, and store
their convolutions. A file with another checksum than the published one is
refused. A download that breaks off is resumed, now or by the next pull. These
networks are no part of pastiche; the licence of each is printed.`,
		func(ctx context.Context, store *registry.Store, names []string) error {
			return networks.Pull(ctx, store, names, quiet)
		})
	cmd.Example = `  pastiche networks pull vgg19
  ` + registry.MirrorVariable + `=/media/usb/networks pastiche networks pull vgg19`
	cmd.Args = someNetworks
	addQuiet(cmd, &quiet)
	return cmd
}

func addQuiet(cmd *cobra.Command, quiet *bool) {
	cmd.Flags().BoolVarP(quiet, "quiet", "q", false, "report nothing but errors")
}

func newNetworksImportCommand() *cobra.Command {
	var o overrideOptions
	name, quiet := "", false
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Store the convolutions of a network file under a name",
		Long: `Read a network file and store its convolutions, with exactly the same weights,
under a name. The stored file is smaller and loads faster; FILE is not needed
afterwards. The name is the published one, where the checksum of FILE is that of
a published network, or else the one in the file. --as chooses another.

` + overrideHelp,
		Example: `  pastiche networks import imagenet-vgg-verydeep-19.mat
  pastiche networks import model.safetensors --as mine \
    --channels bgr --range 0..255 --mean 103.939,116.779,123.68 --std 1,1,1`,
		Args: cli.Args(1, 1, "one file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			override, err := o.override()
			if err != nil {
				return err
			}
			return networks.Import(cmd.Context(), registry.FromEnvironment(), args[0], name, override, quiet)
		},
	}
	cmd.Flags().StringVar(&name, "as", "", "`NAME` to store the network under")
	o.AddFlags(cmd)
	addQuiet(cmd, &quiet)
	return cmd
}

func newNetworksInspectCommand() *cobra.Command {
	var o overrideOptions
	asJSON := false
	cmd := &cobra.Command{
		Use:   "inspect FILE|NAME",
		Short: "Describe a network file",
		Long: `Describe a network file, or the file of a network by its name: the family, the
layers with their shapes and their names in the file, the number format, the
input convention and its source, the checksum, and the licence where it is
known. The whole file is read and checked. The exit code is 3 if the file of a
NAME no longer has the checksum that it was stored with.

` + overrideHelp + `

With --json, print one object.`,
		Example: `  pastiche networks inspect vgg19-dcbb9e9d.pth
  pastiche networks inspect builtin --json`,
		Args:              cli.Args(1, 1, "one file or the name of one network"),
		ValidArgsFunction: completeNetworks(cobra.ShellCompDirectiveDefault),
		RunE: func(cmd *cobra.Command, args []string) error {
			override, err := o.override()
			if err != nil {
				return err
			}
			return networks.Inspect(cmd.Context(), registry.FromEnvironment(), args[0], override, asJSON)
		},
	}
	o.AddFlags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// overrideOptions are the flags that replace what is known about a network file.
type overrideOptions struct {
	channels, levels, mean, std string
	blocks                      []string
	prefix                      string
}

const overrideHelp = `The input convention says how the network expects colours: the order of the
channels, their range, mean and standard deviation. It is that of the published
network with the same checksum, or the one in the file, or that of the program
that wrote such files, which the names of the layers and the first weights show.
--channels, --range, --mean and --std replace it.

The layers are found by the names of their tensors. For names that pastiche does
not know, give --block once for each block, in order: the names of the block's
convolutions, with commas between them and without their ends .weight or .bias. A
plus sign adds the batch norm of a convolution, as in --block stem.c1,stem.c2
--block body.c1+body.n1. The blocks determine the family. For a file of several
networks, --prefix chooses one.`

func (o *overrideOptions) AddFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.channels, "channels", "", "`ORDER` of the input channels: rgb, bgr")
	flags.StringVar(&o.levels, "range", "", "`RANGE` of the input from black to white: 0..1, 0..255")
	flags.StringVar(&o.mean, "mean", "", "`A,B,C`: mean of each channel, to subtract from the input; in the range and the order of the channels")
	flags.StringVar(&o.std, "std", "", "`A,B,C`: standard deviation of each channel, to divide by after subtracting the mean")
	flags.StringArrayVar(&o.blocks, "block", nil, "`NAMES` in the file of the convolutions of a block; repeatable, in order")
	flags.StringVar(&o.prefix, "prefix", "", "`NAME` that begins the names of the network's layers, in a file of several networks, such as teacher; . for none")
	cli.Complete(cmd, "channels", []string{"rgb", "bgr"}, cobra.ShellCompDirectiveNoFileComp)
	cli.Complete(cmd, "range", []string{"0..1", "0..255"}, cobra.ShellCompDirectiveNoFileComp)
}

// override parses the flags.
func (o *overrideOptions) override() (given weights.Override, err error) {
	given.Prefix = o.prefix
	if given.PartialInput, err = weights.ParsePartialInput(o.channels, o.levels, o.mean, o.std); err == nil {
		given.Layers, err = weights.ParseLayers(o.blocks)
	}
	if err != nil {
		err = &cli.UsageError{Err: err}
	}
	return given, err
}
