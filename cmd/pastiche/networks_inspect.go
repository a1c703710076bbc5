package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/weights"
	"github.com/pastiche-art/pastiche/weights/registry"
)

func newNetworksInspectCommand() *cobra.Command {
	var opts networksInspectOptions
	cmd := &cobra.Command{
		Use:   "inspect FILE|NAME",
		Short: "Show what a network's file holds",
		Long: `Show what a network's file holds, or the network of a name: the family, the
layers, their shapes and what the file calls them, the number format, the input
that it expects and how that is known, the checksum of the file as it is now, and
the licence where it is known. All of the file is read and checked. Where the file
of a name has another checksum than it was kept with, the exit code is 3.

` + inputFlagsHelp + `

With --json, one object.`,
		Example: `  pastiche networks inspect vgg19-dcbb9e9d.pth
  pastiche networks inspect builtin --json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misused("expected one file or the name of one network, found %d", len(args))
			}
			return nil
		},
		ValidArgsFunction: completeNetworks(cobra.ShellCompDirectiveDefault),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runNetworksInspect(cmd.Context(), &opts, args[0])
		},
	}
	opts.AddFlags(cmd)
	return cmd
}

type networksInspectOptions struct {
	inputOptions
	json bool
}

func (o *networksInspectOptions) AddFlags(cmd *cobra.Command) {
	o.inputOptions.AddFlags(cmd)
	cmd.Flags().BoolVar(&o.json, "json", false, "print one object")
}

// inspectedNetwork is what a program reads of a network's file.
type inspectedNetwork struct {
	Name        string           `json:"name"`
	Path        string           `json:"path,omitempty"`
	Format      string           `json:"format"`
	Values      string           `json:"dtype"` // of the first weights in the file
	Size        int64            `json:"size"`
	SHA256      string           `json:"sha256"`
	Origin      string           `json:"origin"`
	Family      string           `json:"family"`
	License     string           `json:"license,omitempty"`
	Input       weights.Input    `json:"input"`
	InputSource string           `json:"input_source"`
	Pooling     string           `json:"pooling,omitempty"`
	Layers      []inspectedLayer `json:"layers"`
}

type inspectedLayer struct {
	Name   string `json:"name"`
	Shape  [4]int `json:"shape"`  // of the weights: outputs, inputs, height, width
	Tensor string `json:"tensor"` // what the file calls the weights
}

func runNetworksInspect(ctx context.Context, opts *networksInspectOptions, what string) error {
	override, err := opts.override()
	if err != nil {
		return err
	}
	store := registry.FromEnvironment()
	o, err := inspect(ctx, store, what, override)
	if err != nil {
		return err
	}
	if err := printInspected(o, opts.json); err != nil || o.Path == what {
		return err
	}
	return networkError(store.Verify(ctx, what))
}

func printInspected(o inspectedNetwork, asJSON bool) error {
	if asJSON {
		return printJSON([]inspectedNetwork{o})
	}
	return printTable(func(w *tabwriter.Writer) {
		fmt.Fprintf(w, "name\t%s\n", printable(o.Name))
		fmt.Fprintf(w, "family\t%s\n", printable(o.Family))
		fmt.Fprintf(w, "file\t%s, %s, %s\n", o.Format, o.Values, humanize.Bytes(uint64(o.Size)))
		fmt.Fprintf(w, "sha256\t%s\n", o.SHA256)
		fmt.Fprintf(w, "origin\t%s\n", printable(o.Origin))
		fmt.Fprintf(w, "licence\t%s\n", printable(cmp.Or(o.License, "unknown")))
		fmt.Fprintf(w, "input\t%s\n", o.Input)
		fmt.Fprintf(w, "input known by\t%s\n", o.InputSource)
		fmt.Fprintf(w, "pooling\t%s\n", cmp.Or(o.Pooling, "unknown"))
		for _, l := range o.Layers {
			fmt.Fprintf(w, "%s\t%d x %d x %d x %d, from %s\n", l.Name, l.Shape[0], l.Shape[1], l.Shape[2], l.Shape[3], printable(l.Tensor))
		}
	})
}

// inspect reads what is to be shown: the network of a name, and otherwise a
// file.
func inspect(ctx context.Context, store *registry.Store, what string, override weights.Override) (inspectedNetwork, error) {
	e, err := store.Entry(what)
	var n *weights.Network
	path := what
	switch {
	case errors.Is(err, registry.ErrUnknown):
		if n, e, err = store.Read(ctx, path, override); err != nil {
			return inspectedNetwork{}, networkFileError(path, err)
		}
		e.Local = e.Source
	case err != nil:
		return inspectedNetwork{}, networkError(err)
	case e.BuiltIn:
		path = ""
		n, err = weights.Read(strings.NewReader(weights.BuiltinFile()), e.Local.Size, e.Name, override)
	default:
		if path, err = store.Path(what); err == nil {
			var now registry.Entry
			n, now, err = store.Read(ctx, path, override)
			e.Local = now.Source
		}
	}
	if err != nil {
		return inspectedNetwork{}, networkError(err)
	}
	o := inspectedNetwork{
		Name: cmp.Or(e.Name, n.Name), Path: path, Format: n.Format, Values: n.Values,
		Size: e.Local.Size, SHA256: e.Local.SHA256, Origin: e.Origin,
		Family: e.Family, License: e.License, InputSource: n.InputSource, Pooling: n.Pooling,
		Input: n.Input,
	}
	for i, c := range n.Convs {
		o.Layers = append(o.Layers, inspectedLayer{c.Name, [4]int{c.Out, c.In, 3, 3}, n.Sources[i]})
	}
	return o, nil
}
