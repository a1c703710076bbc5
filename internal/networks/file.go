package networks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/weights"
	"github.com/pastiche-art/pastiche/weights/registry"
)

// Import stores the network file at path under a name, as [registry.Store.Import] does. A
// quiet one reports only errors.
func Import(ctx context.Context, store *registry.Store, path, name string, override weights.Override, quiet bool) error {
	if quiet {
		_, err := store.Import(ctx, path, name, override)
		return FileError(path, err)
	}
	store.Progress = say
	e, err := store.Import(ctx, path, name, override)
	if err != nil {
		return FileError(path, err)
	}
	cli.Warn("Installed %s: %s, input %s, %s.", e.Name, e.Family, e.Input, bytesOf(e.Local.Size))
	return nil
}

// Inspect prints a description of the network of a name, or else of the network file at
// that path, as a table or as one JSON object. It compares the file of a name with its
// checksum.
func Inspect(ctx context.Context, store *registry.Store, what string, override weights.Override, asJSON bool) error {
	d, err := store.Describe(ctx, what, override)
	if err != nil {
		if _, unnamed := store.Entry(what); errors.Is(unnamed, registry.ErrUnknown) {
			return FileError(what, err)
		}
		return Error(err)
	}
	if asJSON {
		err = cli.PrintJSON([]*registry.Description{d})
	} else {
		err = cli.PrintTable(func(w *tabwriter.Writer) { describe(w, d) })
	}
	if err != nil || d.Path == what {
		return err
	}
	return Error(store.Verify(ctx, what))
}

func describe(w *tabwriter.Writer, d *registry.Description) {
	fmt.Fprintf(w, "name\t%s\n", cli.Printable(d.Name))
	fmt.Fprintf(w, "family\t%s\n", cli.Printable(d.Family))
	fmt.Fprintf(w, "file\t%s, %s, %s\n", d.Format, d.Values, bytesOf(d.Size))
	fmt.Fprintf(w, "sha256\t%s\n", d.SHA256)
	fmt.Fprintf(w, "origin\t%s\n", cli.Printable(d.Origin))
	fmt.Fprintf(w, "licence\t%s\n", cli.Printable(cmp.Or(d.License, "unknown")))
	fmt.Fprintf(w, "input\t%s\n", d.Input)
	fmt.Fprintf(w, "source of input\t%s\n", d.InputSource)
	fmt.Fprintf(w, "pooling\t%s\n", cmp.Or(d.Pooling, "unknown"))
	for _, l := range d.Layers {
		fmt.Fprintf(w, "%s\t%d x %d x %d x %d, from %s\n", l.Name, l.Shape[0], l.Shape[1], l.Shape[2], l.Shape[3], cli.Printable(l.Tensor))
	}
}
