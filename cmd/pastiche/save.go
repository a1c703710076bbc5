package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pastiche-art/pastiche/picture"
)

// save saves a painting. Where its place has become unwritable since that was
// checked, say because the disk is full, the painting goes to the system's
// folder for temporary files, so that the work is not lost.
func save(path string, p *picture.Picture, opts picture.SaveOptions) error {
	err := picture.Save(path, p, opts)
	if !errors.Is(err, picture.ErrWrite) {
		return err
	}
	f, tempErr := os.CreateTemp("", "pastiche-*"+filepath.Ext(path))
	if tempErr != nil {
		return err
	}
	defer f.Close()
	if picture.Save(f.Name(), p, opts) != nil {
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
		said := fmt.Sprintf("interrupted after iteration %d; the painting as it was is saved in %s", e.steps, e.painting)
		if e.checkpoint != "" {
			said += fmt.Sprintf("; the same command with --resume %s continues it", e.checkpoint)
		}
		return said
	}
	return fmt.Sprintf("%v; the best picture so far is saved in %s", e.cause, e.painting)
}

func (e *unfinishedError) Unwrap() error { return e.cause }
