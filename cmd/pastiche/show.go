package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/picture"
)

func newShowCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show PICTURE",
		Short: "Show how a painting was painted",
		Long: `Show how a painting was painted, as the picture itself says: the command that
paints it again, the recipe and the size, the inputs with their checksums, the network, the faces that were kept, and the
costs.` +
			exitHelp(exitOK, exitFailure, exitUsage, exitInput),
		Example: "  pastiche show painting.png\n  pastiche show painting.png --json | jq .recipe",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runShow(cmd.Context(), args[0], asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the whole record, one JSON object")
	return cmd
}

func runShow(ctx context.Context, path string, asJSON bool) error {
	text, err := picture.OpenRecord(ctx, path, picture.Limits{})
	if errors.Is(err, picture.ErrNoRecord) {
		return &inputError{fmt.Errorf("%s: the picture does not say how it was painted: expected one that pastiche painted, without --no-note", path)}
	}
	if err != nil {
		return &inputError{err}
	}
	var r record
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return &inputError{fmt.Errorf("%s: its record is damaged: %w", path, err)}
	}
	if asJSON {
		return printText([]byte(printableJSON(text) + "\n"))
	}
	var unsaid []string
	if len(r.Command) == 0 { // a studio was given none
		r.Command, unsaid, _ = studioCommand(&r) // a recipe of another version may be unknown here
	}
	var b bytes.Buffer
	if len(r.Command) > 0 {
		fmt.Fprintf(&b, "%s\n\n", printable(shellWords(r.Command)))
	}
	if len(unsaid) > 0 {
		fmt.Fprintf(&b, "  besides, no flag sets %s of its recipe: --json prints them\n", printable(strings.Join(unsaid, ", ")))
	}
	fmt.Fprintf(&b, "  recipe   %s, %d pixels\n", printable(r.Recipe.Name), longSide(&r.Recipe))
	for _, in := range r.Inputs {
		fmt.Fprintf(&b, "  input    %s  sha256 %s\n", printable(in.Name), printable(in.SHA256))
	}
	fmt.Fprintf(&b, "  network  %s  sha256 %s\n", printable(r.Network.Name), printable(r.Network.Digest))
	fmt.Fprintf(&b, "  seed     %d\n", r.Seed)
	if r.Faces > 0 {
		fmt.Fprintf(&b, "  faces    %d kept\n", r.Faces)
	}
	if r.Strength != nil {
		fmt.Fprintf(&b, "  strength %v\n", *r.Strength)
	}
	fmt.Fprintf(&b, "  costs    total %.6g, content %.6g, style %.6g after %d iterations\n",
		r.Costs.Total, r.Costs.Content, r.Costs.Style, r.Steps)
	fmt.Fprintf(&b, "  painted by %s\n", printable(r.Software))
	return printText(b.Bytes())
}

// shellWords returns words as a shell takes them.
func shellWords(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = w
		if strings.ContainsAny(w, " \t\n'\"\\$`&|;<>()*?[]#~{}!") || w == "" {
			quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}
