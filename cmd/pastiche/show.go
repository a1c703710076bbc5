package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/picture"
	"github.com/pastiche-art/pastiche/provenance"
)

func newShowCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show PICTURE",
		Short: "Show how a painting was painted",
		Long: `Show how a painting was painted, by the command or in the studio: the command that
paints it again, the recipe, the inputs with their checksums, the network, the size and
the costs. The picture's file carries all this unless it was painted with
--no-provenance.

Of a painting that was interrupted or that diverged, it shows how far it came, and the
command that paints the finished picture.`,
		Example: "  pastiche show painting.png\n  pastiche show painting.png --json | jq .recipe",
		Args:    cli.Args(1, 1, "one picture"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runShow(cmd.Context(), args[0], asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the whole record, one JSON object")
	return cmd
}

func runShow(ctx context.Context, path string, asJSON bool) error {
	r, err := provenance.Read(ctx, path)
	if errors.Is(err, picture.ErrNoRecord) {
		return cli.Unreadable("%s: the picture does not say how it was painted: expected one that pastiche painted, without --no-provenance", path)
	}
	if err != nil {
		return &cli.InputError{Err: err}
	}
	if asJSON {
		return cli.PrintJSON([]*provenance.Record{r})
	}
	return cli.PrintText([]byte(described(r)))
}

// described returns a record in words.
func described(r *provenance.Record) string {
	var b bytes.Buffer
	command := r.Command()
	switch unfinished := r.Unfinished(); {
	case command == nil:
		fmt.Fprintf(&b, "No command of this version paints by this recipe, %s. Another version painted the picture, or a program that uses the library.\n\n", cli.Printable(r.Recipe.Name))
	case unfinished != "":
		fmt.Fprintf(&b, "Unfinished: %s.\nThis command paints the finished picture, not this one:\n\n", cli.Printable(unfinished))
		fallthrough
	default:
		fmt.Fprintf(&b, "%s\n\n", cli.Printable(cli.ShellWords(command)))
	}
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	row := func(label, format string, values ...any) {
		fmt.Fprintf(table, "  %s\t%s\n", label, cli.Printable(fmt.Sprintf(format, values...)))
	}
	strength := ""
	if r.Strength != nil {
		strength = ", strength " + r.Strength.String()
	}
	row("recipe", "%s%s", r.Recipe.Name, strength)
	for _, in := range r.Inputs {
		row(strings.ReplaceAll(string(in.Role), "_", " "), "%s  sha256 %s", in.Name, in.SHA256)
	}
	row("network", "%s  digest %s", r.Network.Name, r.Network.Digest)
	row("seed", "%d", r.Seed)
	if r.Faces > 0 {
		row("faces", "%d kept", r.Faces)
	}
	row("size", "%d x %d pixels", r.Width, r.Height)
	row("iterations", "%d", r.Steps)
	row("costs", "total %.6g, content %.6g, style %.6g", r.Costs.Total, r.Costs.Content, r.Costs.Style)
	row("software", "%s", r.Software)
	table.Flush() //nolint:errcheck // a buffer takes all
	return b.String()
}
