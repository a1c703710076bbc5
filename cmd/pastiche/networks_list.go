package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/weights"
	"github.com/pastiche-art/pastiche/weights/registry"
)

func newNetworksListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the networks that --network knows by name",
		Long: `List the networks that --network knows by name: the one that is built in,
those that can be pulled, with the size of what is fetched, and those that were
imported.

With --json, one object for each network, a line each:
  {"name":…,"family":…,"license":…,
   "input":{"channels":…,"max":…,"mean":[…],"std":[…]},"origin":…,"urls":[…],
   "source":{"size":…,"sha256":…},"present":…,"local":{"size":…,"sha256":…},
   "path":…,"damage":…,"builtin":…}
where source is the file as it was published or imported, local what this
machine keeps of it, and damage why it cannot be used. Sizes are in bytes.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runNetworksList(asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one object a line")
	return cmd
}

// listedNetwork is what a program reads of a network.
type listedNetwork struct {
	Name    string         `json:"name"`
	Family  string         `json:"family"`
	License string         `json:"license,omitempty"`
	Input   weights.Input  `json:"input"`
	Origin  string         `json:"origin"`
	URLs    []string       `json:"urls,omitempty"`
	Source  registry.File  `json:"source"`
	Present bool           `json:"present"`
	Local   *registry.File `json:"local,omitempty"`
	Path    string         `json:"path,omitempty"`
	Damage  string         `json:"damage,omitempty"`
	BuiltIn bool           `json:"builtin"`
}

// runNetworksList lists what it can even where the file system reports an error.
func runNetworksList(asJSON bool) error {
	store := registry.FromEnvironment()
	list, listErr := store.List()
	var err error
	switch {
	case asJSON:
		err = printNetworksJSON(store, list)
	case cli.IsTerminal(os.Stdout):
		err = cli.PrintText(networksForPerson(list))
	default:
		err = cli.PrintTable(func(w *tabwriter.Writer) {
			fmt.Fprintln(w, networksHeader+"\tINPUT\tORIGIN")
			for _, e := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\n", networkRow(e), e.Input, cli.Printable(e.Origin))
			}
		})
	}
	return cmp.Or(err, networkError(listErr))
}

const networksHeader = "NAME\tFAMILY\tSIZE\tLICENCE\tSTATUS"

// networkRow is the cells of a network under networksHeader.
func networkRow(e registry.Entry) string {
	size := humanize.Bytes(uint64(cmp.Or(e.Local.Size, e.Source.Size)))
	return strings.Join([]string{e.Name, cli.Printable(e.Family), size, cli.Printable(cmp.Or(e.License, "unknown")), status(e)}, "\t")
}

// networksForPerson is the table on a terminal, which would break its lines:
// what is long stands under each row.
func networksForPerson(list []registry.Entry) []byte {
	table := cli.FormatTable(func(w *tabwriter.Writer) {
		fmt.Fprintln(w, networksHeader)
		for _, e := range list {
			fmt.Fprintln(w, networkRow(e))
		}
	})
	var b bytes.Buffer
	for i, line := range slices.Collect(bytes.Lines(table)) {
		b.Write(line)
		if i > 0 {
			fmt.Fprintf(&b, "    %s\n    %s\n", cli.Printable(list[i-1].Origin), list[i-1].Input)
		}
	}
	return b.Bytes()
}

// status says in a word or two whether a network can be used.
func status(e registry.Entry) string {
	switch {
	case e.BuiltIn:
		return "built in"
	case e.Present():
		return "installed"
	case e.Damage != nil:
		return "damaged"
	default:
		return "to pull"
	}
}

func printNetworksJSON(store *registry.Store, list []registry.Entry) error {
	var objects []listedNetwork
	for _, e := range list {
		o := listedNetwork{
			Name: e.Name, Family: e.Family, License: e.License, Input: e.Input,
			Origin: e.Origin, URLs: e.URLs, Source: e.Source, Present: e.Present(), BuiltIn: e.BuiltIn,
		}
		if e.Present() {
			o.Local = &e.Local
		}
		if e.Damage != nil {
			o.Damage = e.Damage.Error()
		}
		if e.Present() && !e.BuiltIn {
			path, err := store.Path(e.Name)
			if err != nil {
				return networkError(err)
			}
			o.Path = path
		}
		objects = append(objects, o)
	}
	return cli.PrintJSON(objects)
}
