package networks

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/dustin/go-humanize"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/weights/registry"
)

// listed is the JSON of a network.
type listed struct {
	registry.Entry
	Present bool   `json:"present"`
	Path    string `json:"path,omitempty"`
	Damage  string `json:"damage,omitempty"`
	BuiltIn bool   `json:"builtin"`
}

// List prints the networks of a store as a table, or as one JSON object a line. Where the
// file system reports an error, it prints the others.
func List(store *registry.Store, asJSON bool) error {
	list, listErr := store.List()
	var err error
	switch {
	case asJSON:
		err = listJSON(store, list)
	case cli.IsTerminal(os.Stdout):
		err = cli.PrintText(narrowTable(list))
	default:
		err = cli.PrintTable(func(w *tabwriter.Writer) {
			fmt.Fprintln(w, header+"\tINPUT\tORIGIN")
			for _, e := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\n", row(e), e.Input, cli.Printable(e.Origin))
			}
		})
	}
	return cmp.Or(err, Error(listErr))
}

func listJSON(store *registry.Store, list []registry.Entry) error {
	objects := make([]listed, len(list))
	for i, e := range list {
		o := listed{Entry: e, Present: e.Present(), BuiltIn: e.BuiltIn}
		if e.Damage != nil {
			o.Damage = e.Damage.Error()
		}
		if e.Present() && !e.BuiltIn {
			var err error
			if o.Path, err = store.Path(e.Name); err != nil {
				return Error(err)
			}
		}
		objects[i] = o
	}
	return cli.PrintJSON(objects)
}

const header = "NAME\tFAMILY\tSIZE\tLICENCE\tSTATUS"

// row returns the cells of a network below the header.
func row(e registry.Entry) string {
	return strings.Join([]string{
		e.Name, cli.Printable(e.Family), bytesOf(cmp.Or(e.Local.Size, e.Source.Size)),
		cli.Printable(cmp.Or(e.License, "unknown")), status(e),
	}, "\t")
}

// narrowTable returns the table for a terminal: the long cells stand in lines of their
// own below each row, so that no row is wider than the screen.
func narrowTable(list []registry.Entry) []byte {
	table := cli.FormatTable(func(w *tabwriter.Writer) {
		fmt.Fprintln(w, header)
		for _, e := range list {
			fmt.Fprintln(w, row(e))
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

// status returns in a word or two whether a network can be used.
func status(e registry.Entry) string {
	switch {
	case e.BuiltIn:
		return "built in"
	case e.Present():
		return "installed"
	case e.Damage != nil:
		return "damaged"
	}
	return "to pull"
}

func bytesOf(n int64) string { return humanize.Bytes(uint64(n)) }
