package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pastiche-art/pastiche/picture"
)

// outputError is the fault of a place that was to be written.
type outputError struct{ error }

func (e *outputError) Unwrap() error { return e.error }

// unwritable gives an error of writing to a place its sentence; nil stays nil.
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

// paths are the files that a painting reads and writes.
type paths struct {
	inputs   []string
	painting string
	folder   string // that the painting goes to, where a folder was named
	log      string // --log, or empty
	chart    string // --plot, or empty
	sheet    string // --sheet, or empty
	film     string // --film, or empty
	// checkpoint is --checkpoint, or else --resume, or empty.
	checkpoint string
	made       bool // the folder was made by prepare
}

// namePainting decides where a painting goes. The name says a file, or a
// folder: one that exists, that ends in a separator, or, for the note's recipe,
// that has no extension. In a folder, and without a name, a painting is called
// after its inputs, and never like a file that exists; the note's painting
// keeps its name. called is the name after the inputs.
func (p *paths) namePainting(name string, note bool, called string) {
	if name == "" && note {
		name = noteFolder + string(filepath.Separator)
	}
	if name == "" {
		p.painting = unused("", called)
		return
	}
	info, err := os.Stat(name)
	exists := err == nil && info.IsDir()
	if !exists && !os.IsPathSeparator(name[len(name)-1]) && !(note && filepath.Ext(name) == "") {
		p.painting = name
		return
	}
	p.folder = filepath.Clean(name)
	if note {
		p.painting = filepath.Join(p.folder, notePainting)
	} else {
		p.painting = unused(p.folder, called)
	}
}

// unused returns a name for a painting that no file in the folder has.
func unused(folder, called string) string {
	base := filepath.Join(folder, called)
	path := base + ".png"
	for n := 2; exists(path); n++ {
		path = base + "-" + strconv.Itoa(n) + ".png"
	}
	return path
}

// name returns what a painting is called after: its inputs.
func (w *work) name() string {
	var parts []string
	if w.content == "" {
		parts = append(parts, "texture")
	} else {
		parts = append(parts, stem(w.content))
	}
	for _, style := range w.styles {
		parts = append(parts, stem(style))
	}
	return strings.Join(parts, "-")
}

// stem returns the name of a file without folder and extension.
func stem(path string) string {
	return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// check finds the faults of the names themselves.
func (p *paths) check() error {
	if _, err := picture.FormatOf(p.painting); err != nil {
		return &usageError{err}
	}
	if p.chart != "" {
		if err := checkChartPath(p.chart); err != nil {
			return err
		}
	}
	if p.sheet != "" {
		if _, err := picture.FormatOf(p.sheet); err != nil {
			return &usageError{err}
		}
	}
	if p.film != "" {
		if err := checkFilmPath(p.film); err != nil {
			return err
		}
	}
	outputs := []struct{ flag, path string }{
		{"--output", p.painting}, {"--log", p.log}, {"--plot", p.chart},
		{"--sheet", p.sheet}, {"--film", p.film}, {"--checkpoint", p.checkpoint},
	}
	for i, o := range outputs {
		if o.path == "" {
			continue
		}
		if err := p.spare(o.path); err != nil {
			return err
		}
		for _, other := range outputs[:i] {
			if filepath.Clean(o.path) == filepath.Clean(other.path) {
				return misused("%s and %s both name %s: choose two names", other.flag, o.flag, o.path)
			}
		}
	}
	return nil
}

// spare refuses to write over an input.
func (p *paths) spare(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil // there is nothing to write over
	}
	for _, input := range p.inputs {
		if of, err := os.Stat(input); err == nil && os.SameFile(info, of) {
			return misused("%s is an input, which is never written over: choose another name", path)
		}
	}
	return nil
}

// prepare makes the folder and finds, before hours of work, what could not be
// written.
func (p *paths) prepare() error {
	if p.folder != "" && !exists(p.folder) {
		if err := os.MkdirAll(p.folder, 0o777); err != nil {
			return unwritable(p.folder, err)
		}
		p.made = true
	}
	for _, path := range []string{p.painting, p.log, p.chart, p.sheet, p.film, p.checkpoint} {
		if path == "" {
			continue
		}
		if err := picture.CheckWritable(path); err != nil {
			return err
		}
	}
	return nil
}

// tidy removes a folder that was made and stayed empty.
func (p *paths) tidy() {
	if p.made {
		os.Remove(p.folder) // which fails where it holds anything
	}
}
