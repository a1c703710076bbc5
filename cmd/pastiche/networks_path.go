package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/weights/registry"
)

func newNetworksPathCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "path [NAME...]",
		Short: "Print where networks are kept",
		Long: `Print the path of the file in which this machine keeps a network, a line for
each; without a NAME, the folder of all networks. A network is a safetensors file
like any other.`,
		ValidArgsFunction: completeNetworks(cobra.ShellCompDirectiveNoFileComp),
		RunE:              func(_ *cobra.Command, names []string) error { return runNetworksPath(names) },
	}
}

func runNetworksPath(names []string) error {
	store := registry.FromEnvironment()
	if len(names) == 0 {
		if store.Dir == "" {
			return misused("no folder for networks: set %s, or HOME", registry.HomeVariable)
		}
		return printText(fmt.Appendln(nil, store.Dir))
	}
	return onNetworks(names, func(name string) error {
		path, err := store.Path(name)
		if err != nil {
			return err
		}
		return printText(fmt.Appendln(nil, path))
	})
}
