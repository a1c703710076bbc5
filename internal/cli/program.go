package cli

import (
	"context"
	"errors"
	"fmt"
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
	// ExitCode returns the exit code of a command that ended with an error; nil is
	// [ExitCode].
	ExitCode func(error) int
}

// Prepare adds to all commands their help texts and --help-all, environment variables for
// their flags, and the checks of their arguments.
func (p *Program) Prepare() {
	p.Root.SilenceErrors, p.Root.SilenceUsage = true, true
	p.Root.SetFlagErrorFunc(p.flagError)
	p.Root.PersistentPreRunE = p.refuseEmpty
	addHelp(p.Root)
	EachCommand(p.Root, readEnvironment)
}

// Run runs the command of the process's arguments, prints its error, and returns its exit
// code. The first interruption cancels the command's context, the second one ends the
// process.
func (p *Program) Run() int {
	ctx, stop := interruptible(context.Background())
	defer stop()
	// What fails before a command has begun is cobra's complaint about its words and flags.
	begun := false
	p.Root.PersistentPreRunE = func(cmd *cobra.Command, args []string) error {
		begun = true
		return p.refuseEmpty(cmd, args)
	}
	cmd, err := p.Root.ExecuteContextC(ctx)
	if err != nil && !begun {
		err = &UsageError{err}
	}
	err = withVariables(cmd, err)
	exitCode := p.ExitCode
	if exitCode == nil {
		exitCode = ExitCode
	}
	code := exitCode(err)
	if err != nil && !errors.As(err, new(*ReportedError)) {
		PrintError(os.Stderr, p.Root.Name(), err)
	}
	if code == ExitUsage {
		fmt.Fprintf(os.Stderr, "Run '%s --help' for usage.\n", cmd.CommandPath())
	}
	return code
}
