package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/pastiche-art/pastiche/picture"
)

// save saves a picture under a name that is given, or derived from that of the
// painting. Where the program has chosen the painting's name, no file is replaced. It
// returns the name.
func (p *paths) save(path string, of *picture.Picture, opts picture.SaveOptions) (string, error) {
	format, err := outputFormat(path)
	if err != nil {
		return path, err
	}
	encode := func(w io.Writer) error { return picture.Encode(w, of, format, opts) }
	if p.chosen != "" {
		return writeUnused(path, encode)
	}
	if err := p.spare(path); err != nil {
		return path, err
	}
	return path, writeOutput(path, encode)
}

// savePainting saves the painting, and from then on p.painting is its name. Where its
// place has become unwritable since that was checked, say because the disk is full,
// the painting goes to the system's folder for temporary files, so that the work is
// not lost.
func (p *paths) savePainting(of *picture.Picture, opts picture.SaveOptions) error {
	name, err := p.save(cmp.Or(p.chosen, p.painting), of, opts)
	if exitCode(err) != exitOutput {
		p.painting = name
		return err
	}
	ext := cmp.Or(filepath.Ext(p.painting), ".png")
	f, tempErr := os.CreateTemp("", "pastiche-*"+ext)
	if tempErr != nil {
		return err
	}
	defer f.Close()
	if picture.Save(f.Name(), of, opts) != nil {
		os.Remove(f.Name())
		return err
	}
	return fmt.Errorf("%w; the painting is in %s instead", err, f.Name())
}

// unfinishedError says why a painting ended early, and where it is saved.
type unfinishedError struct {
	painting string
	steps    int
	cause    error
	// checkpoint is the file to continue from, or "".
	checkpoint string
}

func (e *unfinishedError) Error() string {
	if errors.Is(e.cause, context.Canceled) {
		said := fmt.Sprintf("interrupted after iteration %d; the painting as it was is %s", e.steps, savedIn(e.painting))
		if e.checkpoint != "" {
			said += fmt.Sprintf("; the same command with --resume %s continues it", e.checkpoint)
		}
		return said
	}
	return fmt.Sprintf("%v; the best picture so far is %s", e.cause, savedIn(e.painting))
}

// savedIn says where a picture is.
func savedIn(path string) string {
	if path == standardOutput {
		return "written to standard output"
	}
	return "saved in " + path
}

func (e *unfinishedError) Unwrap() error { return e.cause }
