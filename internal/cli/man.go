package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// NewManCommand returns the command that writes [ManPages] into a folder, for packages of
// the program. It is hidden: who has a package has the pages.
func NewManCommand(version, date string) *cobra.Command {
	return &cobra.Command{
		Use:    "man DIR",
		Short:  "Write the manual pages of all commands into a folder",
		Args:   cobra.ExactArgs(1),
		Hidden: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o777); err != nil {
				return &OutputError{err}
			}
			for name, page := range ManPages(cmd.Root(), version, date) {
				if err := os.WriteFile(filepath.Join(args[0], name), []byte(page), 0o666); err != nil { //nolint:gosec // everybody reads it
					return &OutputError{err}
				}
			}
			return nil
		},
	}
}

// ManPages returns the manual pages of a program's commands and help topics by the names
// of their files, such as "pastiche-networks-pull.1". Each has the program's version, and
// the date of its source as RFC 3339 has it: the same source gives the same pages.
func ManPages(root *cobra.Command, version, date string) map[string]string {
	pages := make(map[string]string)
	EachCommand(root, func(cmd *cobra.Command) {
		if hasManPage(cmd) {
			pages[manName(cmd)+".1"] = manPage(cmd, version, date)
		}
	})
	return pages
}

func hasManPage(cmd *cobra.Command) bool {
	return cmd.IsAdditionalHelpTopicCommand() || !cmd.HasParent() || cmd.IsAvailableCommand() && cmd.Name() != "help"
}

// manName returns the name of a command's page, such as "pastiche-networks-pull".
func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manPage returns the manual page of a command or a help topic, in the macros of man(7).
func manPage(cmd *cobra.Command, version, date string) string {
	var b strings.Builder
	day, _, _ := strings.Cut(date, "T")
	fmt.Fprintf(&b, ".TH %q 1 %q %q %s\n", strings.ToUpper(manName(cmd)), day, cmd.Root().Name()+" "+version, cmd.Root().Name())
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
