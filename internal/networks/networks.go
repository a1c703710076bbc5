// Package networks is what the commands about networks do: it pulls networks, imports,
// lists, describes and verifies them, prints the results on standard output and messages
// on standard error, and gives errors the exit codes of package cli.
//
//	[List], [Pull], [Import], [Inspect], ... -> weights/registry -> tables, JSON, messages
package networks

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/weights"
	"github.com/pastiche-art/pastiche/weights/registry"
)

// Error returns an error of the registry with its exit code and with what to do about it.
// nil stays nil.
func Error(err error) error {
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
	case errors.Is(err, registry.ErrUndelivered):
		return cli.Unreadable("%w; a file that was fetched in another way can be kept with 'pastiche networks import FILE'", err)
	case errors.Is(err, registry.ErrWrite):
		return &cli.OutputError{Err: err}
	}
	return &cli.InputError{Err: err}
}

// FileError is [Error] for an error of reading the network file at path.
func FileError(path string, err error) error {
	switch {
	case errors.Is(err, registry.ErrWrite):
	case errors.Is(err, fs.ErrNotExist):
		return cli.Unreadable("%s: no such file, and no network of that name: 'pastiche networks list' lists the networks", path)
	case errors.Is(err, weights.ErrNoInput):
		return cli.Unreadable("%w to 'pastiche networks import %s'", err, path)
	}
	return Error(err)
}

// each calls do for each name, and goes on to the next where it fails.
func each(names []string, do func(name string) error) error {
	var failures []error
	for _, name := range names {
		err := do(name)
		if errors.Is(err, context.Canceled) {
			return cli.ErrInterrupted
		}
		failures = append(failures, Error(err))
	}
	return errors.Join(failures...)
}

// PrintPaths prints the path of the file of each network, or without names the folder of
// the store.
func PrintPaths(store *registry.Store, names []string) error {
	if len(names) == 0 {
		if store.Dir == "" {
			return cli.Misused("no folder for networks: set %s, or HOME", registry.HomeVariable)
		}
		return cli.PrintText(fmt.Appendln(nil, store.Dir))
	}
	return each(names, func(name string) error {
		path, err := store.Path(name)
		if err != nil {
			return err
		}
		return cli.PrintText(fmt.Appendln(nil, path))
	})
}

// Remove deletes networks.
func Remove(ctx context.Context, store *registry.Store, names []string) error {
	store.Progress = say
	return each(names, func(name string) error { return store.Remove(ctx, name) })
}

// Verify compares networks with their checksums, or without names all that the store
// has, and prints which ones match.
func Verify(ctx context.Context, store *registry.Store, names []string) error {
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
	err := each(names, func(name string) error {
		if err := store.Verify(ctx, name); err != nil {
			return err
		}
		return cli.PrintText(fmt.Appendf(nil, "%s: matches its checksum\n", name))
	})
	return errors.Join(Error(listErr), err)
}
