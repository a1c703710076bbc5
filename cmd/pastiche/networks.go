package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/weights"
	"github.com/pastiche-art/pastiche/weights/registry"
)

func newNetworksCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "networks",
		Short: "Fetch, keep and look at the networks that can be painted with",
		Long: `Fetch, keep and look at the networks that can be painted with. Each has a name
for --network, which also takes the name of a file.`,
		Args: cli.CommandWord,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newNetworksListCommand(),
		newNetworksPullCommand(),
		newNetworksImportCommand(),
		newNetworksInspectCommand(),
		newNetworksVerifyCommand(),
		newNetworksPathCommand(),
		newNetworksRemoveCommand(),
	)
	return cmd
}

// someNetworks are the arguments of a command: one network or more.
func someNetworks(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cli.Misused("expected the name of a network: 'pastiche networks list' lists them")
	}
	return nil
}

// completeNetworks lists the names of networks for the shell, and lets it add
// those of files where a command takes them.
func completeNetworks(directive cobra.ShellCompDirective) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		list, _ := registry.FromEnvironment().List() // names that cannot be read are not offered
		var names []cobra.Completion
		for _, e := range list {
			names = append(names, cobra.CompletionWithDesc(e.Name, e.Family))
		}
		return names, directive
	}
}

// onNetworks does something to each of several networks, and goes on to the next
// where that fails.
func onNetworks(names []string, do func(name string) error) error {
	var failures []error
	for _, name := range names {
		err := do(name)
		if errors.Is(err, context.Canceled) {
			return cli.ErrInterrupted
		}
		if err != nil {
			failures = append(failures, networkError(err))
		}
	}
	return errors.Join(failures...)
}

// networkError sorts the errors of the registry into the command's.
func networkError(err error) error {
	var output *cli.OutputError
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.As(err, &output):
		return err
	case errors.Is(err, registry.ErrUnknown):
		return cli.Misused("%w: 'pastiche networks list' lists those that are known", err)
	case errors.Is(err, registry.ErrName), errors.Is(err, registry.ErrBuiltIn):
		return &cli.UsageError{Err: err}
	case errors.Is(err, registry.ErrMirror):
		return cli.Misused("%s: %w", registry.MirrorVariable, err)
	case errors.Is(err, registry.ErrWrite):
		return &cli.OutputError{Err: err}
	default:
		return &cli.InputError{Err: err}
	}
}

// networkFileError is networkError for what happens to a file that was named.
func networkFileError(path string, err error) error {
	switch {
	case errors.Is(err, registry.ErrWrite):
		return networkError(err)
	case errors.Is(err, fs.ErrNotExist):
		return cli.Unreadable("%s: no such file, and no network of that name: 'pastiche networks list' lists the networks", path)
	case errors.Is(err, weights.ErrNoInput):
		return cli.Unreadable("%w to 'pastiche networks import %s'", err, path)
	}
	return networkError(err)
}

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
			return cli.Misused("no folder for networks: set %s, or HOME", registry.HomeVariable)
		}
		return cli.PrintText(fmt.Appendln(nil, store.Dir))
	}
	return onNetworks(names, func(name string) error {
		path, err := store.Path(name)
		if err != nil {
			return err
		}
		return cli.PrintText(fmt.Appendln(nil, path))
	})
}

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
		return cli.PrintText(fmt.Appendf(nil, "%s: matches its checksum\n", name))
	})
	return errors.Join(networkError(listErr), err)
}
