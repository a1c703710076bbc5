package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

// The names of standard input and standard output among the files of a command line.
const (
	StandardInput  = "-"
	StandardOutput = "-"
)

// Program is a program's command with all those below it.
type Program struct {
	Root *cobra.Command
	// Arguments says what each argument of a command is, by its word in the usage line,
	// such as "a picture" for PHOTO. None of them may be empty.
	Arguments map[string]string
	// Meant returns what to write for a flag that a command lacks, or "" where it does
	// not know; the flag of the nearest spelling is suggested then. It may be nil.
	Meant func(cmd *cobra.Command, flag string) string
	// ExitCode returns the exit code of a command that ended with an error, as the
	// function [ExitCode] does for the errors of this package.
	ExitCode func(error) int

	begun bool // a command, whose words and flags cobra has found right
}

// Prepare adds to all commands their help texts and --help-all, environment variables for
// their flags, and the checks of their arguments.
func (p *Program) Prepare() {
	p.Root.SilenceErrors, p.Root.SilenceUsage = true, true
	p.Root.SetFlagErrorFunc(p.flagError)
	p.Root.PersistentPreRunE = func(cmd *cobra.Command, args []string) error {
		p.begun = true
		return p.refuseEmpty(cmd, args)
	}
	addHelp(p.Root)
	EachCommand(p.Root, readEnvironment)
}

// Run runs the command of the process's arguments, prints its error, and returns its exit
// code. The first interruption cancels the command's context, the second one ends the
// process.
func (p *Program) Run() int {
	ctx, stop := interruptible(context.Background())
	defer stop()
	return p.run(ctx, os.Stderr)
}

func (p *Program) run(ctx context.Context, stderr io.Writer) int {
	cmd, err := p.Root.ExecuteContextC(ctx)
	if err != nil && !p.begun {
		err = &UsageError{err}
	}
	err = withVariables(cmd, err)
	code := p.ExitCode(err)
	if err != nil && !errors.As(err, new(*ReportedError)) {
		PrintError(stderr, p.Root.Name(), err)
	}
	if code == ExitUsage {
		fmt.Fprintf(stderr, "Run '%s --help' for usage.\n", cmd.CommandPath())
	}
	return code
}
