package cli

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"
)

// The annotations of a flag.
const (
	sectionOf  = "section"  // its title, and the flag's place among all flags of the command
	everydayOf = "everyday" // the short help shows the flag
)

const (
	plainWidth    = 80  // columns of a help text where standard output is no terminal
	leastWidth    = 40  // columns, however narrow the terminal
	mostWidth     = 100 // columns, however wide the terminal
	mostNameWidth = 26  // columns of a flag with its placeholder, beside which its help text stands
	shortExamples = 3   // examples in a short help text
)

// Section puts flags of a command under a title of its help text, in the order of their
// names. Sections stand in the order of the calls. Flags without a section come last.
func Section(cmd *cobra.Command, title string, names ...string) {
	place := 0
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Annotations[sectionOf] != nil {
			place++
		}
	})
	for i, name := range names {
		annotate(cmd, name, sectionOf, title, strconv.Itoa(place+i))
	}
}

// Everyday marks the flags of a command that 'COMMAND --help' shows. A command that marks
// none shows all of them.
func Everyday(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		annotate(cmd, name, everydayOf)
	}
}

func annotate(cmd *cobra.Command, flag, key string, values ...string) {
	if err := cmd.Flags().SetAnnotation(flag, key, append([]string{}, values...)); err != nil {
		panic(err) // only for a flag that does not exist
	}
}

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

// IsTerminal reports whether a file is a terminal that can move its cursor.
func IsTerminal(f *os.File) bool {
	return term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
}

// Width returns how many columns a text for a person takes on standard output.
func Width() int {
	width, _, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		return plainWidth
	}
	return min(max(width, leastWidth), mostWidth)
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
	place := func(f *pflag.Flag) int {
		if f.Annotations[sectionOf] == nil {
			return len(flags)
		}
		n, _ := strconv.Atoi(f.Annotations[sectionOf][1]) // as section writes it
		return n
	}
	first := make(map[string]int) // place of a section
	for _, f := range flags {
		title := sectionTitle(f)
		if at, found := first[title]; !found || place(f) < at {
			first[title] = place(f)
		}
	}
	slices.SortStableFunc(flags, func(a, b *pflag.Flag) int {
		return cmp.Or(cmp.Compare(first[sectionTitle(a)], first[sectionTitle(b)]), cmp.Compare(place(a), place(b)))
	})
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
	if placeholder, _ := pflag.UnquoteUsage(f); placeholder != "" {
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

// reflowed returns a text with its paragraphs Wrapped. Lines that are indented, such as
// those of a list, stay as they are, and where they are too long, continue below the text
// of their last column.
func reflowed(text string, width int) string {
	var b strings.Builder
	var paragraph []string
	flush := func() {
		if len(paragraph) > 0 {
			b.WriteString(strings.Join(Wrapped(strings.Join(paragraph, " "), width), "\n") + "\n")
		}
		paragraph = nil
	}
	for line := range strings.SplitSeq(text, "\n") {
		if line != "" && line[0] != ' ' {
			paragraph = append(paragraph, line)
			continue
		}
		flush()
		column := strings.LastIndex(strings.TrimRight(line, " "), "  ") + 2
		if column < 2 || column > mostNameWidth {
			column = len(line) - len(strings.TrimLeft(line, " "))
		}
		for i, part := range Wrapped(line[column:], width-column) {
			if i > 0 {
				line = strings.Repeat(" ", len(line))
			}
			b.WriteString(strings.TrimRight(line[:column]+part, " ") + "\n")
		}
	}
	flush()
	return b.String()
}

// Wrapped returns text in lines of at most width columns, unless a word is longer. The
// first one keeps its indent.
func Wrapped(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			indent, _, _ := strings.Cut(text, word)
			line = indent + word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	return append(lines, line)
}

// Complete registers the values of a flag for the shell.
func Complete(cmd *cobra.Command, flag string, values []string, directive cobra.ShellCompDirective) {
	CompleteBy(cmd, flag, cobra.FixedCompletions(values, directive))
}

// CompleteBy registers what finds the values of a flag for the shell.
func CompleteBy(cmd *cobra.Command, flag string, find cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, find); err != nil {
		panic(err) // only for a flag that does not exist
	}
}
