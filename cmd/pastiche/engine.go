package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/internal/networks"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// threadsUsage is the help text of the flag --threads.
var threadsUsage = fmt.Sprintf("threads, at most %d (default one for each processor)", kernel.MaxThreads)

// engineOptions are the flags of every command that shows pictures to a
// network.
type engineOptions struct {
	network   string
	threads   int
	precision kernel.Precision
	memory    byteSize
	maxPixels int64
	inputs    inputs
}

func (o *engineOptions) AddFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.network, "network", "builtin", "`NAME` of a network, as 'pastiche networks list' lists them, or a file that holds one")
	flags.IntVar(&o.threads, "threads", 0, threadsUsage)
	addPrecision(cmd, &o.precision)
	flags.Var(&o.memory, "memory", memoryHelp)
	flags.Int64Var(&o.maxPixels, "max-pixels", picture.DefaultMaxPixels, "largest input picture, in pixels")
	cli.CompleteBy(cmd, "network", completeNetworks(cobra.ShellCompDirectiveDefault))
	cli.Section(cmd, "Machine", "network", "threads", "precision", "memory", "max-pixels")
}

// openRecipeNetwork returns the network that was asked for, or else the one that the
// recipe is meant for; where that is not on this machine, substitute says so.
func (o *engineOptions) openRecipeNetwork(flags *pflag.FlagSet, r *paint.Recipe) (n *paint.Network, substitute string, err error) {
	if flags.Changed("network") {
		n, err = o.openNetwork()
		return n, "", err
	}
	if n, err = paint.DefaultNetwork(r); err != nil {
		return nil, "", networks.Error(err)
	}
	if isCourse(*r) && n.Name == o.network {
		substitute = "The built-in network stands in for the course's VGG-19, which 'pastiche networks pull vgg19' fetches."
	}
	return n, substitute, nil
}

// addPrecision adds the flag of the number format that the network computes in.
func addPrecision(cmd *cobra.Command, precision *kernel.Precision) {
	var names []string
	for _, p := range kernel.Precisions() {
		names = append(names, p.String())
	}
	cmd.Flags().TextVar(precision, "precision", kernel.Float32, "number `FORMAT` that the network computes in: "+strings.Join(names, ", "))
	cli.Complete(cmd, "precision", names, cobra.ShellCompDirectiveNoFileComp)
}

// validate checks what the library does not know.
func (o *engineOptions) validate() error {
	if o.threads < 0 || o.threads > kernel.MaxThreads {
		return cli.Misused("--threads %d: expected 1 to %d, or 0 for one on each processor", o.threads, kernel.MaxThreads)
	}
	if o.maxPixels < 1 {
		return cli.Misused("--max-pixels %d: expected 1 or more", o.maxPixels)
	}
	return nil
}

// openNetwork returns the network that was asked for.
func (o *engineOptions) openNetwork() (*paint.Network, error) {
	n, err := paint.OpenNetwork(o.network)
	if err != nil {
		return nil, networks.FileError(o.network, err)
	}
	return n, nil
}
