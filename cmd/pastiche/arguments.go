package main

import (
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pastiche-art/pastiche/internal/spelling"
	"github.com/pastiche-art/pastiche/paint"
)

// argumentKinds says what each argument of a command names, by its word in the
// usage line.
var argumentKinds = map[string]string{
	"CONTENT": "a picture", "STYLE": "a picture", "PICTURE": "a picture", "PHOTO": "a picture", "PAINTING": "a picture", "IMAGE": "a picture",
	"FILE": "a file", "FILE|NAME": "a file or the name of a network", "NAME|FILE": "the name of a recipe or a file", "DIR": "a folder", "NAME": "the name of a network", "ID": "the id of a job",
}

// flagKinds says what a flag names, by the placeholder in its help text. Flags with
// other placeholders may be empty.
var flagKinds = map[string]string{"FILE": "a file", "FOLDER": "a folder", "DIR": "a folder", "NAME": "a name", "URL": "a URL", "KEY": "a key", "NAME=VALUE": "a name and a value"}

// refuseEmpty refuses empty names of files, which is what a script passes for a
// variable that is not set, in every argument and flag of a command.
func refuseEmpty(cmd *cobra.Command, args []string) error {
	words := argumentWords(cmd)
	for i, arg := range args {
		if arg != "" || len(words) == 0 {
			continue
		}
		word := words[min(i, len(words)-1)]
		return misused("%s: expected %s, found an empty name", word, argumentKinds[word])
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
			err = misused("--%s: expected %s, found an empty name", f.Name, kind)
		}
	})
	return err
}

// argumentWords returns the words for a command's arguments in its usage line, of
// which the last one stands for all that follow.
func argumentWords(cmd *cobra.Command) []string {
	var words []string
	for _, word := range strings.Fields(cmd.Use)[1:] {
		word = strings.TrimSuffix(strings.Trim(word, "[]"), "...")
		if argumentKinds[word] == "" {
			break // the flags
		}
		words = append(words, word)
	}
	return words
}

// flagError gives pflag's complaint about a flag its sentence.
func flagError(cmd *cobra.Command, err error) error {
	var (
		unknown *pflag.NotExistError
		invalid *pflag.InvalidValueError
	)
	switch {
	case errors.As(err, &unknown):
		if file := dashed(unknown); file != "" {
			return misused("%w; for a file of that name: ./%s", err, file)
		}
		if meant := meantFlag(cmd, unknown.GetSpecifiedName()); meant != "" {
			return misused("%w: did you mean %s?", err, meant)
		}
	case errors.As(err, &invalid):
		return invalidValue(invalid)
	}
	return err
}

// meantFlag returns the flag that a command has for an unknown one, or "".
func meantFlag(cmd *cobra.Command, unknown string) string {
	if f := cmd.Flags().Lookup("set"); f != nil {
		for _, p := range paint.Parameters() {
			if parameterFlag(p.Name) == unknown || p.Name == unknown {
				return "--set " + p.Name + "=VALUE"
			}
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
			(exists(arg) || strings.Contains(arg, ".")) {
			return arg
		}
	}
	return ""
}
