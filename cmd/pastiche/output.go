package main

import (
	"bytes"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/picture"
)

// checkOutput fails, before hours of work, where a file or standard output cannot be
// written.
func checkOutput(path string) error {
	if path != cli.StandardOutput {
		return atomicfile.CheckWritable(path)
	}
	if term.IsTerminal(int(os.Stdout.Fd())) {
		return cli.Misused("--output -: standard output is a terminal: expected a file or a pipe, as in -o - > file")
	}
	return nil
}

// writeOutput writes a file, or all at once to standard output.
func writeOutput(path string, write func(io.Writer) error) error {
	if path != cli.StandardOutput {
		return atomicfile.Write(path, write)
	}
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	_, err := os.Stdout.Write(b.Bytes())
	return cli.Unwritable("standard output", err)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// outputFormat returns the format of a picture of that name.
func outputFormat(path string) (picture.Format, error) {
	if path == cli.StandardOutput {
		return picture.PNG, nil
	}
	return picture.FormatOf(path)
}
