package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const (
	mostNameWidth = 26 // columns of a flag with its placeholder, beside which its help text stands
	shortExamples = 3  // examples in a short help text
)

// addHelp gives a command and those below it --help-all and the help texts of this file.
func addHelp(cmd *cobra.Command) {
	cmd.SetHelpFunc(func(cmd *cobra.Command, _ []string) { fmt.Fprint(cmd.OutOrStdout(), helpText(cmd, Width())) })
	cmd.SetUsageFunc(func(cmd *cobra.Command) error { return cmd.Help() })
	EachCommand(cmd, func(cmd *cobra.Command) {
		cmd.InitDefaultHelpFlag()
		cmd.Flags().BoolFunc(helpAll, "print every flag and the whole help text", func(string) error {
			return cmd.Flags().Set("help", "true")
		})
	})
}

// helpAll is the flag that prints the whole help text.
const helpAll = "help-all"

// EachCommand calls f for a command and all those below it.
func EachCommand(cmd *cobra.Command, f func(*cobra.Command)) {
	f(cmd)
	for _, below := range cmd.Commands() {
		EachCommand(below, f)
	}
}

// helpText returns the help text of a command: the short one, unless it has no everyday
// flags or --help-all is given. The short one has the first paragraph, the first examples
// and the everyday flags.
func helpText(cmd *cobra.Command, width int) string {
	flags := flagsOf(cmd)
	common := slices.DeleteFunc(slices.Clone(flags), func(f *pflag.Flag) bool { return f.Annotations[everydayOf] == nil })
	short := len(common) > 0 && !cmd.Flags().Changed(helpAll)
	var b strings.Builder
	about, examples := strings.TrimSpace(cmp.Or(cmd.Long, cmd.Short)), strings.Split(cmd.Example, "\n")
	if short {
		about, _, _ = strings.Cut(about, "\n\n")
		examples = examples[:min(len(examples), shortExamples)]
	}
	b.WriteString(reflowed(about, width))
	if cmd.Runnable() || cmd.HasAvailableSubCommands() {
		b.WriteString("\nUsage:\n")
		if cmd.Runnable() && !(cmd.HasAvailableSubCommands() && !cmd.HasParent()) {
			fmt.Fprintf(&b, "  %s\n", cmd.UseLine())
		}
		if cmd.HasAvailableSubCommands() {
			fmt.Fprintf(&b, "  %s COMMAND\n", cmd.CommandPath())
		}
	}
	if cmd.HasExample() {
		b.WriteString("\nExamples:\n")
		for _, example := range examples {
			lines := []string{example}
			if utf8.RuneCountInString(example) > width {
				lines = Wrapped(example, width-len(continued))
			}
			b.WriteString(strings.Join(lines, continued+"\n      ") + "\n")
		}
	}
	writeCommands(&b, cmd)
	if short {
		writeFlags(&b, "Flags", common, width)
		fmt.Fprintf(&b, "\n'%s --%s' prints more, and all %d flags.\n", cmd.CommandPath(), helpAll, len(flags))
		return b.String()
	}
	for len(flags) > 0 {
		title := sectionTitle(flags[0])
		n := slices.IndexFunc(flags, func(f *pflag.Flag) bool { return sectionTitle(f) != title })
		if n < 0 {
			n = len(flags)
		}
		writeFlags(&b, title, flags[:n], width)
		flags = flags[n:]
	}
	return b.String()
}

// flagsOf returns the flags of a command in the order of its help text, section by
// section, without those of every command.
func flagsOf(cmd *cobra.Command) []*pflag.Flag {
	var flags []*pflag.Flag
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Name != "help" && f.Name != helpAll {
			flags = append(flags, f)
		}
	})
	place := func(f *pflag.Flag) []string {
		if of := f.Annotations[sectionOf]; of != nil {
			return of[1:]
		}
		return []string{"last"}
	}
	slices.SortStableFunc(flags, func(a, b *pflag.Flag) int { return slices.Compare(place(a), place(b)) })
	return flags
}

func sectionTitle(f *pflag.Flag) string {
	if values := f.Annotations[sectionOf]; values != nil {
		return values[0]
	}
	return "Flags"
}

// writeCommands writes the commands below a command, by their groups.
func writeCommands(b *strings.Builder, cmd *cobra.Command) {
	write := func(title string, is func(*cobra.Command) bool) {
		for _, below := range cmd.Commands() {
			if is(below) {
				if title != "" {
					fmt.Fprintf(b, "\n%s\n", title)
					title = ""
				}
				fmt.Fprintf(b, "  %-*s  %s\n", below.NamePadding(), below.Name(), below.Short)
			}
		}
	}
	rest := "Commands:"
	for _, g := range cmd.Groups() {
		rest = "Other commands:"
		write(g.Title, func(below *cobra.Command) bool { return below.IsAvailableCommand() && below.GroupID == g.ID })
	}
	write(rest, func(below *cobra.Command) bool { return below.IsAvailableCommand() && below.GroupID == "" })
	write("Help topics:", (*cobra.Command).IsAdditionalHelpTopicCommand)
}

// writeFlags writes flags under a title, with their help texts in a column of their own.
func writeFlags(b *strings.Builder, title string, flags []*pflag.Flag, width int) {
	fmt.Fprintf(b, "\n%s:\n", title)
	names, column := make([]string, len(flags)), 0
	for i, f := range flags {
		names[i] = flagName(f)
		if n := len(names[i]); n <= mostNameWidth {
			column = max(column, n)
		}
	}
	column += 2
	indent := strings.Repeat(" ", column)
	for i, f := range flags {
		name := names[i]
		if len(name)+2 > column {
			fmt.Fprintf(b, "%s\n", name)
			name = ""
		}
		for _, line := range Wrapped(flagUsage(f), width-column) {
			fmt.Fprintf(b, "%-*s%s\n", column, name, line)
			name = indent
		}
	}
}

// flagName returns a flag as a command line has it, such as "  -o, --output FILE".
func flagName(f *pflag.Flag) string {
	name := "  --" + f.Name
	if f.Shorthand != "" {
		name = "  -" + f.Shorthand + ", --" + f.Name
	}
	placeholder, usage := pflag.UnquoteUsage(f)
	if usage == f.Usage { // without backquotes: the placeholder is the type
		placeholder = cmp.Or(map[string]string{"int": "N", "float": "NUMBER", "string": "WORD"}[placeholder], placeholder)
	}
	if placeholder != "" {
		name += " " + strings.ToUpper(placeholder)
	}
	return name
}

// flagUsage returns the help text of a flag, with its default where it has one.
func flagUsage(f *pflag.Flag) string {
	_, usage := pflag.UnquoteUsage(f)
	switch f.DefValue {
	case "", "0", "0s", "[]", "false":
		return usage
	}
	return fmt.Sprintf("%s (default %s)", usage, f.DefValue)
}

// continued ends a line of a command that goes on in the next one.
const continued = ` \`
