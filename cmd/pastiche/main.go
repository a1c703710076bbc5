// Command pastiche paints a photograph in the manner of other pictures.
//
// The way of a command: main reads the verb, whose file holds its constructor,
// its options with AddFlags, and its run function. That opens the inputs
// (engine.go), calls the library, and writes the results. Errors come back to
// main, which alone turns them into a sentence and an exit code.
//
// While a painting is made, each iteration is passed to its witnesses
// (witness.go): one that reports to the user (bar.go, events.go), and
// those that were asked for (course.go, snapshots.go, costlog.go).
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/internal/vgg"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// The exit codes.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitInput       = 3
	exitOutput      = 4
	exitDiverged    = 5
	exitRefused     = 6
	exitInterrupted = 130 // 128 and the number of SIGINT, as shells report it
)

// exitCodesHelp is the only list of exit codes for users.
const exitCodesHelp = `Every command ends with one of these codes:
    0  success
    1  an unexpected failure
    2  wrong usage: a flag, an unknown name, a kernel that this machine lacks
    3  an input cannot be read: a picture or a network
    4  an output cannot be written
    5  the costs diverged; the best picture so far is saved
    6  the server refuses access: ` + keyVariable + ` holds no API key of it
  130  interrupted; a painting is saved as it is, and files that were fetched stay

Of several paintings, the code is that of those that failed, or 1 where they
failed for several reasons.`

// exitCode returns the exit code of a command that ended with err.
func exitCode(err error) int {
	var (
		usage    *usageError
		input    *inputError
		option   *paint.OptionError
		layer    *vgg.LayerError
		size     *vgg.SizeError
		memory   *paint.MemoryError
		absent   *kernel.UnavailableError
		output   *outputError
		diverged *paint.DivergedError
		batch    *batchError
	)
	if code, ok := exitOfServer(err); ok {
		return code
	}
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &batch):
		return batch.exitCode()
	case errors.As(err, &input), errors.Is(err, paint.ErrTransparent):
		return exitInput
	case errors.As(err, &output), errors.Is(err, picture.ErrWrite):
		return exitOutput
	case errors.As(err, &usage), errors.As(err, &option), errors.As(err, &layer), errors.As(err, &size), errors.As(err, &memory), errors.As(err, &absent):
		return exitUsage
	case errors.As(err, &diverged):
		return exitDiverged
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitFailure
}

// usageError is the fault of the command line.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

func misused(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// inputError is the fault of a file that was to be read.
type inputError struct{ error }

func (e *inputError) Unwrap() error { return e.error }

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := interruptible(context.Background())
	defer stop()
	root := newRootCommand()
	// What fails before a command has begun is cobra's complaint about its
	// words and flags.
	begun := false
	root.PersistentPreRunE = func(cmd *cobra.Command, args []string) error {
		begun = true
		return refuseEmpty(cmd, args)
	}
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !begun {
		err = &usageError{err}
	}
	err = withVariables(cmd, err)
	code := exitCode(err)
	if err != nil && !errors.Is(err, errUnread) && !errors.As(err, new(*loggedError)) {
		printError(os.Stderr, err)
	}
	if code == exitUsage {
		fmt.Fprintf(os.Stderr, "Run '%s --help' for usage.\n", cmd.CommandPath())
	}
	return code
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "pastiche",
		Short: "Paint a photograph in the manner of other pictures",
		Long: `pastiche paints a photograph in the manner of other pictures: neural style
transfer, on the processor, offline.

Begin with two pictures of your own:
  pastiche paint photo.jpg painting.jpg

'pastiche COMMAND --help' explains a command, 'pastiche help exit-codes' the exit codes,
and 'pastiche help environment' the environment variables.`,
		Version:       moduleVersion(),
		Args:          commandWord,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(flagError)
	root.Flags().BoolP("version", "v", false, "print the version")
	for _, g := range []struct {
		title    string
		commands []*cobra.Command
	}{
		{"Commands that paint:", []*cobra.Command{newPaintCommand(), newExploreCommand(), newTextureCommand(), newReconstructCommand()}},
		{"Commands about pictures and networks:", []*cobra.Command{
			newRecipesCommand(), newShowCommand(), newScoreCommand(), newFeaturesCommand(), newBenchCommand(), newNetworksCommand(),
		}},
		{"Commands of a server:", []*cobra.Command{newServeCommand(), newWorkerCommand(), newHealthCommand()}},
		{"Commands that use a server:", []*cobra.Command{newJobsCommand()}},
	} {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title})
		for _, cmd := range g.commands {
			cmd.GroupID = g.title
			root.AddCommand(cmd)
		}
	}
	root.AddCommand(newVersionCommand(),
		&cobra.Command{Use: "exit-codes", Short: "The exit codes of all commands", Long: exitCodesHelp},
		&cobra.Command{Use: "environment", Short: "Environment variables, which may give every flag", Long: environmentHelp})
	addHelp(root)
	eachCommand(root, readEnvironment)
	return root
}

// commandWord refuses the word that a command with subcommands did not know.
func commandWord(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2 // edits, as cobra's own suggestions allow
	if alike := cmd.SuggestionsFor(args[0]); len(alike) > 0 {
		return misused("no command %q: did you mean %s?", args[0], strings.Join(alike, " or "))
	}
	return misused("no command %q", args[0])
}
