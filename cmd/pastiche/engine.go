package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/internal/painter"
	"github.com/pastiche-art/pastiche/picture"
)

// threadsUsage is the help text of the flag --threads.
var threadsUsage = fmt.Sprintf("threads, at most %d (default one for each processor)", kernel.MaxThreads)

const memoryHelp = "memory to use, `SIZE` such as 2GiB: large pictures are computed in parts that fit (default no limit, and an error where less is free)"

// addEngine adds the flags of every command that shows pictures to a network.
func addEngine(cmd *cobra.Command, e *painter.Engine, in *painter.Inputs) {
	flags := cmd.Flags()
	flags.StringVar(&e.Network, "network", "", "`NAME` of a network, as 'pastiche networks list' lists them, or a file that holds one")
	flags.Lookup("network").DefValue = painter.BuiltinNetwork
	flags.IntVar(&e.Threads, "threads", 0, threadsUsage)
	addPrecision(cmd, &e.Precision)
	cli.BytesVar(flags, &e.Memory, "memory", memoryHelp)
	flags.Int64Var(&in.MaxPixels, "max-pixels", picture.DefaultMaxPixels, "largest input picture, in pixels")
	cli.CompleteBy(cmd, "network", completeNetworks(cobra.ShellCompDirectiveDefault))
	cli.Section(cmd, "Machine", "network", "threads", "precision", "memory", "max-pixels")
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
