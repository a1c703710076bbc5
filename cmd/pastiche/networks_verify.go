package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/weights/registry"
)

func newNetworksVerifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify [NAME...]",
		Short: "Compare networks with their checksums",
		Long: `Read the files of networks on this machine, all of them unless some are named,
and compare them with their checksums.`,
		ValidArgsFunction: completeNetworks(cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, names []string) error {
			return runNetworksVerify(cmd.Context(), names)
		},
	}
}

func runNetworksVerify(ctx context.Context, names []string) error {
	store := registry.FromEnvironment()
	var listErr error
	if len(names) == 0 {
		var list []registry.Entry
		list, listErr = store.List()
		for _, e := range list {
			if e.Present() || e.Damage != nil {
				names = append(names, e.Name)
			}
		}
	}
	err := onNetworks(names, func(name string) error {
		if err := store.Verify(ctx, name); err != nil {
			return err
		}
		return printText(fmt.Appendf(nil, "%s: matches its checksum\n", name))
	})
	return errors.Join(networkError(listErr), err)
}
