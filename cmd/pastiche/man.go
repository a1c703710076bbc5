package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// newManCommand returns the command that writes the manual pages for packages of the
// program. It is hidden: who has a package has the pages.
func newManCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "man DIR",
		Short:  "Write the manual pages of all commands into a folder",
		Args:   cobra.ExactArgs(1),
		Hidden: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o777); err != nil {
				return &outputError{err}
			}
			var err error
			eachCommand(cmd.Root(), func(cmd *cobra.Command) {
				if path := filepath.Join(args[0], manName(cmd)+".1"); err == nil && hasManPage(cmd) {
					err = os.WriteFile(path, []byte(manPage(cmd, programSource())), 0o666) //nolint:gosec // everybody reads it
				}
			})
			if err != nil {
				return &outputError{err}
			}
			return nil
		},
	}
}

func hasManPage(cmd *cobra.Command) bool {
	return cmd.IsAdditionalHelpTopicCommand() || !cmd.HasParent() || cmd.IsAvailableCommand() && cmd.Name() != "help"
}

// manName returns the name of a command's page, such as "pastiche-networks-pull".
func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manPage returns the manual page of a command or a help topic, in the macros of man(7).
// It has the date of the source, so that the same source gives the same page.
func manPage(cmd *cobra.Command, s source) string {
	var b strings.Builder
	day, _, _ := strings.Cut(s.Date, "T")
	fmt.Fprintf(&b, ".TH %q 1 %q %q pastiche\n", strings.ToUpper(manName(cmd)), day, "pastiche "+s.Version)
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(manName(cmd)), roff(cmd.Short))
	if cmd.Runnable() {
		fmt.Fprintf(&b, ".SH SYNOPSIS\n%s\n", roff(cmd.UseLine()))
	}
	b.WriteString(".SH DESCRIPTION\n")
	writeRoff(&b, cmd.Long)
	title := ""
	for _, f := range flagsOf(cmd) {
		if sectionTitle(f) != title {
			title = sectionTitle(f)
			fmt.Fprintf(&b, ".SH %s\n", roff(strings.ToUpper(title)))
		}
		fmt.Fprintf(&b, ".TP\n\\fB%s\\fR\n%s\n", roff(strings.TrimSpace(flagName(f))), roff(flagUsage(f)))
	}
	if cmd.HasExample() {
		b.WriteString(".SH EXAMPLES\n")
		writeRoff(&b, cmd.Example)
	}
	var related []string
	for _, other := range append([]*cobra.Command{cmd.Parent()}, cmd.Commands()...) {
		if other != nil && hasManPage(other) {
			related = append(related, `\fB`+roff(manName(other))+`\fR(1)`)
		}
	}
	if len(related) > 0 {
		fmt.Fprintf(&b, ".SH SEE ALSO\n%s\n", strings.Join(related, ",\n"))
	}
	return b.String()
}

// writeRoff writes paragraphs, which man fills, and indented lines, which it leaves as
// they are.
func writeRoff(b *strings.Builder, text string) {
	asItIs := false
	for line := range strings.SplitSeq(strings.Trim(text, "\n"), "\n") {
		if strings.TrimSpace(line) == "" {
			b.WriteString(".PP\n")
			continue
		}
		if indented := line[0] == ' ' || line[0] == '\t'; indented != asItIs {
			asItIs = indented
			b.WriteString(map[bool]string{true: ".nf\n", false: ".fi\n"}[asItIs])
		}
		fmt.Fprintln(b, roff(line))
	}
	if asItIs {
		b.WriteString(".fi\n")
	}
}

// roff returns text in which nothing is a command of roff.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		return `\&` + text
	}
	return text
}
