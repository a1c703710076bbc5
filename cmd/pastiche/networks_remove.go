package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/weights/registry"
)

func newNetworksRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME...",
		Short: "Delete networks from this machine",
		Long: `Delete what this machine keeps of networks, without asking: the names, their
files, and downloads that were begun. The built-in network stays.`,
		Args:              someNetworks,
		ValidArgsFunction: completeNetworks(cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, names []string) error {
			return runNetworksRemove(cmd.Context(), names)
		},
	}
}

func runNetworksRemove(ctx context.Context, names []string) error {
	store := registry.FromEnvironment()
	store.Progress = printNews
	return onNetworks(names, func(name string) error { return store.Remove(ctx, name) })
}
