package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/picture"
	"github.com/pastiche-art/pastiche/provenance"
)

// save saves a picture and returns the name of its file. Where the program chose the
// painting's name, no file is replaced, and the name may have a number.
func (p *paths) save(path string, of *picture.Picture, opts picture.SaveOptions) (string, error) {
	format, err := outputFormat(path)
	if err != nil {
		return path, err
	}
	encode := func(w io.Writer) error { return picture.Encode(w, of, format, opts) }
	if p.chosen != "" {
		return atomicfile.WriteUnused(path, encode)
	}
	if err := p.refuseInput(path); err != nil {
		return path, err
	}
	return path, writeOutput(path, encode)
}

// savePainting saves the painting and sets p.painting to the name of its file. Where that
// cannot be written, say because the disk is full, it saves the painting in the system's
// folder for temporary files, and the error names the file.
func (p *paths) savePainting(of *picture.Picture, opts picture.SaveOptions) error {
	name, err := p.save(cmp.Or(p.chosen, p.painting), of, opts)
	if exitCode(err) != cli.ExitOutput {
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
	painting   string // the file
	record     *provenance.Record
	cause      error
	checkpoint string // the file to continue from, or ""
}

func (e *unfinishedError) Error() string {
	if !errors.Is(e.cause, context.Canceled) {
		r := e.record
		return fmt.Sprintf("%v; the best picture so far, after %d of %d iterations, at %d x %d pixels, is %s",
			e.cause, r.Steps, r.Planned, r.Width, r.Height, savedIn(e.painting))
	}
	resume := "use --checkpoint FILE to be able to continue such a painting"
	if e.checkpoint != "" {
		resume = fmt.Sprintf("the same command with --resume %s continues it", e.checkpoint)
	}
	return fmt.Sprintf("%s; the unfinished picture is %s; %s", e.record.Unfinished(), savedIn(e.painting), resume)
}

// savedIn says where a picture is.
func savedIn(path string) string {
	if path == cli.StandardOutput {
		return "written to standard output"
	}
	return "saved in " + path
}

func (e *unfinishedError) Unwrap() error { return e.cause }
