package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/weights"
	"github.com/pastiche-art/pastiche/weights/registry"
)

func newNetworksCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "networks",
		Short: "Fetch, keep and look at the networks that can be painted with",
		Long: `Fetch, keep and look at the networks that can be painted with. Each has a name
for --network, which also takes the name of a file.`,
		Args: commandWord,
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
		return misused("expected the name of a network: 'pastiche networks list' lists them")
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
			return errInterrupted
		}
		if err != nil {
			failures = append(failures, networkError(err))
		}
	}
	return errors.Join(failures...)
}

// networkError sorts the errors of the registry into the command's.
func networkError(err error) error {
	var output *outputError
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.As(err, &output):
		return err
	case errors.Is(err, registry.ErrUnknown):
		return &usageError{fmt.Errorf("%w: 'pastiche networks list' lists those that are known", err)}
	case errors.Is(err, registry.ErrName), errors.Is(err, registry.ErrBuiltIn):
		return &usageError{err}
	case errors.Is(err, registry.ErrMirror):
		return &usageError{fmt.Errorf("%s: %w", registry.MirrorVariable, err)}
	case errors.Is(err, registry.ErrWrite):
		return &outputError{err}
	default:
		return &inputError{err}
	}
}

// networkFileError is networkError for what happens to a file that was named.
func networkFileError(path string, err error) error {
	switch {
	case errors.Is(err, registry.ErrWrite):
		return networkError(err)
	case errors.Is(err, fs.ErrNotExist):
		return &inputError{fmt.Errorf("%s: no such file, and no network of that name: 'pastiche networks list' lists the networks", path)}
	case errors.Is(err, weights.ErrNoInput):
		return &inputError{fmt.Errorf("%w to 'pastiche networks import %s'", err, path)}
	}
	return networkError(err)
}
