package cli

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pastiche-art/pastiche/internal/spelling"
)

// flagKinds says what a flag names, by the placeholder in its help text. Flags with
// other placeholders may be empty.
var flagKinds = map[string]string{"FILE": "a file", "FOLDER": "a folder", "DIR": "a folder", "NAME": "a name", "URL": "a URL", "KEY": "a key", "NAME=VALUE": "a name and a value"}

// refuseEmpty refuses empty names of files, which is what a script passes for a
// variable that is not set, in every argument and flag of a command.
func (p *Program) refuseEmpty(cmd *cobra.Command, args []string) error {
	words := p.argumentWords(cmd)
	for i, arg := range args {
		if arg != "" || len(words) == 0 {
			continue
		}
		word := words[min(i, len(words)-1)]
		return Misused("%s: expected %s, found an empty name", word, p.Arguments[word])
	}
	var err error
	cmd.Flags().Visit(func(f *pflag.Flag) {
		placeholder, _ := pflag.UnquoteUsage(f)
		kind, ok := flagKinds[placeholder]
		if !ok || err != nil {
			return
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		if slices.Contains(values, "") {
			err = Misused("--%s: expected %s, found an empty name", f.Name, kind)
		}
	})
	return err
}

// argumentWords returns the words for a command's arguments in its usage line, of
// which the last one stands for all that follow.
func (p *Program) argumentWords(cmd *cobra.Command) []string {
	var words []string
	for _, word := range strings.Fields(cmd.Use)[1:] {
		word = strings.TrimSuffix(strings.Trim(word, "[]"), "...")
		if p.Arguments[word] == "" {
			break // the flags
		}
		words = append(words, word)
	}
	return words
}

// flagError gives pflag's complaint about a flag its sentence.
func (p *Program) flagError(cmd *cobra.Command, err error) error {
	var (
		unknown *pflag.NotExistError
		invalid *pflag.InvalidValueError
	)
	switch {
	case errors.As(err, &unknown):
		if file := dashed(unknown); file != "" {
			return Misused("%w; for a file of that name: ./%s", err, file)
		}
		if meant := p.meantFlag(cmd, unknown.GetSpecifiedName()); meant != "" {
			return Misused("%w: did you mean %s?", err, meant)
		}
	case errors.As(err, &invalid):
		return invalidValue(invalid)
	}
	return err
}

// meantFlag returns the flag that a command has for an unknown one, or "".
func (p *Program) meantFlag(cmd *cobra.Command, unknown string) string {
	if p.Meant != nil {
		if meant := p.Meant(cmd, unknown); meant != "" {
			return meant
		}
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if nearest := spelling.Nearest(unknown, names); nearest != "" {
		return "--" + nearest
	}
	return ""
}

// dashed returns the argument that was taken for flags, where it looks like the
// name of a file: one that exists or that has an extension. Otherwise it returns "".
func dashed(unknown *pflag.NotExistError) string {
	end := unknown.GetSpecifiedShortnames()
	if end == "" {
		end = "-" + unknown.GetSpecifiedName()
	}
	for _, arg := range os.Args[1:] {
		name, _, _ := strings.Cut(arg, "=")
		if strings.HasPrefix(arg, "-") && (strings.HasSuffix(arg, end) || strings.HasSuffix(name, end)) &&
			(strings.Contains(arg, ".") || Exists(arg)) {
			return arg
		}
	}
	return ""
}

// Exists reports whether a path names anything.
func Exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// invalidValue gives pflag's complaint about a value its sentence.
func invalidValue(invalid *pflag.InvalidValueError) error {
	kind := invalid.GetFlag().Value.Type()
	expected := map[string]string{
		"int": "a whole number", "int64": "a whole number", "uint64": "a whole number, 0 or more",
		"float64": "a number", "float64Slice": "numbers with commas between them", "duration": "a time such as 30s",
	}[kind]
	if expected == "" || kind != "duration" && !errors.As(invalid, new(*strconv.NumError)) {
		return Misused("--%s %s: %w", invalid.GetFlag().Name, invalid.GetValue(), errors.Unwrap(invalid))
	}
	return Misused("--%s %s: expected %s", invalid.GetFlag().Name, invalid.GetValue(), expected)
}

// Args returns the Args of a command with from least to most arguments, or any number
// from least where most is negative. expected says what they are, such as "one picture".
func Args(least, most int, expected string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if n := len(args); n < least || most >= 0 && n > most {
			return Misused("expected %s, found %d", expected, n)
		}
		return nil
	}
}

// CommandWord refuses the word that a command with subcommands does not know. It is such a
// command's Args.
func CommandWord(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2 // edits, as cobra's own suggestions allow
	if alike := cmd.SuggestionsFor(args[0]); len(alike) > 0 {
		return Misused("no command %q: did you mean %s?", args[0], strings.Join(alike, " or "))
	}
	return Misused("no command %q", args[0])
}
