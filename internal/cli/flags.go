package cli

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The annotations of a flag.
const (
	sectionOf  = "section"  // its title, its place, and the flag's place among all flags of the command
	everydayOf = "everyday" // the short help shows the flag
)

// Section puts flags of a command under a title of its help text, in the order of their
// names. Sections stand in the order of the calls. Flags without a section come last.
func Section(cmd *cobra.Command, title string, names ...string) {
	place, first := 0, ""
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if of := f.Annotations[sectionOf]; of != nil {
			place++
			if of[0] == title {
				first = of[1]
			}
		}
	})
	if first == "" {
		first = sortable(place)
	}
	for i, name := range names {
		annotate(cmd, name, sectionOf, title, first, sortable(place+i))
	}
}

// sortable returns a place as a text that sorts as places do.
func sortable(place int) string { return fmt.Sprintf("%03d", place) }

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

// Var adds a flag of any type. Its default is what to holds, and format returns the text
// of a value, "" for one that is not given. The placeholder in a help text is the part of
// usage between backquotes, or else the one of T, without its stars.
func Var[T any](flags *pflag.FlagSet, to *T, name, usage string, parse func(string) (T, error), format func(T) string) {
	flags.Var(&value[T]{to, parse, format}, name, usage)
}

type value[T any] struct {
	to     *T
	parse  func(string) (T, error)
	format func(T) string
}

func (v *value[T]) Set(text string) error {
	parsed, err := v.parse(text)
	if err == nil {
		*v.to = parsed
	}
	return err
}

func (v *value[T]) String() string { return v.format(*v.to) }

// Type returns the name of T, without the stars of a pointer.
func (v *value[T]) Type() string { return strings.TrimLeft(fmt.Sprintf("%T", *v.to), "*") }

// BytesVar adds a flag of a number of bytes with its unit, such as 2GiB or 500MB; 0 is
// not given.
func BytesVar(flags *pflag.FlagSet, to *int64, name, usage string) {
	Var(flags, to, name, usage, parseBytes, func(n int64) string {
		if n == 0 {
			return ""
		}
		return humanize.IBytes(uint64(n))
	})
}

func parseBytes(text string) (int64, error) {
	n, err := humanize.ParseBytes(text)
	if err != nil || n == 0 || n > math.MaxInt64 {
		return 0, errors.New("expected a size such as 2GiB or 500MB")
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return 0, errors.New("expected a size with its unit, such as 2GiB or 500MB")
	}
	return int64(n), nil
}
