package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// The exit codes of a command.
const (
	ExitOK          = 0
	ExitFailure     = 1   // unexpected
	ExitUsage       = 2   // the command line is wrong
	ExitInput       = 3   // an input cannot be read
	ExitOutput      = 4   // an output cannot be written
	ExitDiverged    = 5   // the costs of an optimization diverged
	ExitRefused     = 6   // a server refused access
	ExitInterrupted = 130 // 128 and the number of SIGINT, as shells report it
)

// ExitCode returns the exit code of a command that ended with err: that of the first
// error in its tree with a method ExitCode, ExitInterrupted where err is
// [context.Canceled], and otherwise ExitFailure.
func ExitCode(err error) int {
	var coded interface {
		error
		ExitCode() int
	}
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &coded):
		return coded.ExitCode()
	case errors.Is(err, context.Canceled):
		return ExitInterrupted
	}
	return ExitFailure
}

// UsageError is a mistake on the command line.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

// ExitCode returns ExitUsage.
func (e *UsageError) ExitCode() int { return ExitUsage }

// Misused returns a [UsageError] with the text of [fmt.Errorf].
func Misused(format string, args ...any) error {
	return &UsageError{fmt.Errorf(format, args...)}
}

// InputError is an error of reading a file or a picture that the command line names.
type InputError struct{ Err error }

func (e *InputError) Error() string { return e.Err.Error() }
func (e *InputError) Unwrap() error { return e.Err }

// ExitCode returns ExitInput.
func (e *InputError) ExitCode() int { return ExitInput }

// Unreadable returns an [InputError] with the text of [fmt.Errorf].
func Unreadable(format string, args ...any) error {
	return &InputError{fmt.Errorf(format, args...)}
}

// OutputError is an error of writing a file or standard output.
type OutputError struct{ Err error }

func (e *OutputError) Error() string { return e.Err.Error() }
func (e *OutputError) Unwrap() error { return e.Err }

// ExitCode returns ExitOutput.
func (e *OutputError) ExitCode() int { return ExitOutput }

// Unwritable returns the error of writing to a file or a stream as an [OutputError] that
// names it. A nil err stays nil.
func Unwritable(name string, err error) error {
	if err == nil {
		return nil
	}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err // it would repeat the name
	}
	return &OutputError{fmt.Errorf("%s: cannot be written: %w", name, err)}
}

// ReportedError is an error that the user has seen already, or that nobody is left to
// see. It is not printed; the exit code is that of Err.
type ReportedError struct{ Err error }

func (e *ReportedError) Error() string { return e.Err.Error() }
func (e *ReportedError) Unwrap() error { return e.Err }
