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
		Long: `Read again what this machine keeps of networks, all of them unless some are
named, and compare it with their checksums.` + exitHelp(exitOK, exitUsage, exitInput, exitOutput, exitInterrupted),
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
			if e.Present() {
				names = append(names, e.Name)
			}
		}
	}
	err := onNetworks(names, func(name string) error {
		err := store.Verify(ctx, name)
		var wrong *registry.ChecksumError
		switch {
		case errors.As(err, &wrong):
			return fmt.Errorf("%w: remove %s, and pull or import it again", err, name)
		case err != nil:
			return err
		}
		return printText(fmt.Appendf(nil, "%s: as it should be\n", name))
	})
	return errors.Join(networkError(listErr), err)
}
