package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/term"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/picture"
)

// standardOutput is the name of standard output among the files of --output.
const standardOutput = "-"

// outputError is an error of writing a file or standard output.
type outputError struct{ error }

func (e *outputError) Unwrap() error { return e.error }

// unwritable returns an error of writing to a place as an outputError; nil stays nil.
func unwritable(place string, err error) error {
	if err == nil {
		return nil
	}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err // it would repeat the place
	}
	return &outputError{fmt.Errorf("%s: cannot be written: %w", place, err)}
}

// checkOutput fails, before hours of work, where a file or standard output cannot be
// written.
func checkOutput(path string) error {
	if path != standardOutput {
		return atomicfile.CheckWritable(path)
	}
	if term.IsTerminal(int(os.Stdout.Fd())) {
		return misused("--output -: standard output is a terminal: expected a file or a pipe, as in -o - > file")
	}
	return nil
}

// writeOutput writes a file, or all at once to standard output.
func writeOutput(path string, write func(io.Writer) error) error {
	if path != standardOutput {
		return atomicfile.Write(path, write)
	}
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	_, err := os.Stdout.Write(b.Bytes())
	return unwritable("standard output", err)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// outputFormat returns the format of a picture of that name.
func outputFormat(path string) (picture.Format, error) {
	if path == standardOutput {
		return picture.PNG, nil
	}
	return picture.FormatOf(path)
}
