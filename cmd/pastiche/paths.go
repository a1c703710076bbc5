package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/picture"
)

// paths are the files that a painting reads and writes.
type paths struct {
	inputs   []string
	painting string // where it goes, or is once it is saved
	// chosen is the painting's name that the program chose. A number is added where a
	// file has it. It is "" for a name that the user gave, whose file is replaced.
	chosen string
	fixed  []string // pictures whose names have no number: an earlier one is not written over
	folder string   // that the painting goes to, or ""
	// chosenFolder is the folder's name that the program chose, or "".
	chosenFolder string
	costLog      string // --cost-log, or empty
	chart        string // --chart, or empty
	sheet        string // --sheet, or empty
	film         string // --film, or empty
	// checkpoint is --checkpoint, or else --resume, or empty.
	checkpoint string
	resume     string // --resume, or empty
	made       bool   // the folder was made by prepare
}

// namePainting decides where a painting goes. The name is that of a file or of a
// folder: one that exists, that ends in a separator, or, for the course's recipe, that
// has no extension. In a folder, and without a name, the painting's name is called,
// with a number where a file has that name. The course's painting has a fixed name. It
// goes to a new folder where no name is given.
func (p *paths) namePainting(name string, course bool, called string) {
	switch {
	case name == cli.StandardOutput:
		p.painting = name
		return
	case name == "" && course:
		p.chosenFolder = courseFolder
		p.folder = atomicfile.Unused(courseFolder)
		p.choose(filepath.Join(p.folder, coursePainting))
		return
	case name == "":
		p.choose(called + ".png")
		return
	}
	info, err := os.Stat(name)
	exists := err == nil && info.IsDir()
	if !exists && !os.IsPathSeparator(name[len(name)-1]) && !(course && filepath.Ext(name) == "") {
		p.painting = name
		return
	}
	p.folder = filepath.Clean(name)
	if course {
		p.painting = filepath.Join(p.folder, coursePainting)
		p.fixed = []string{p.painting, courseSnapshot(p.painting, 1)}
	} else {
		p.choose(filepath.Join(p.folder, called+".png"))
	}
}

// choose chooses a name for a painting.
func (p *paths) choose(name string) {
	p.chosen, p.painting = name, atomicfile.Unused(name)
}

// name returns the name of a painting, without an extension: those of its inputs.
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

// check refuses names that cannot be written. A resumed painting may replace its own
// pictures.
func (p *paths) check() error {
	for _, path := range p.fixed {
		if p.resume == "" && exists(path) {
			return cli.Misused("%s is there already and is not written over: choose another folder for --output, or --output %s to paint over it", path, p.painting)
		}
	}
	if _, err := outputFormat(p.painting); err != nil {
		return &cli.UsageError{Err: err}
	}
	if p.chart != "" {
		if err := checkChartPath(p.chart); err != nil {
			return err
		}
	}
	if p.sheet != "" {
		if _, err := picture.FormatOf(p.sheet); err != nil {
			return &cli.UsageError{Err: err}
		}
	}
	if p.film != "" {
		if err := checkFilmPath(p.film); err != nil {
			return err
		}
	}
	outputs := []struct{ flag, path string }{
		{"--output", p.painting}, {"--cost-log", p.costLog}, {"--chart", p.chart},
		{"--sheet", p.sheet}, {"--film", p.film}, {"--checkpoint", p.checkpoint},
	}
	for i, o := range outputs {
		if o.path == "" {
			continue
		}
		if o.path == cli.StandardOutput {
			if i == 0 {
				continue
			}
			return cli.Misused("%s -: only --output is written to standard output: choose a file, such as ./-", o.flag)
		}
		if err := p.refuseInput(o.path); err != nil {
			return err
		}
		for _, other := range outputs[:i] {
			if filepath.Clean(o.path) == filepath.Clean(other.path) {
				return cli.Misused("%s and %s both name %s: choose two names", other.flag, o.flag, o.path)
			}
		}
	}
	return nil
}

// refuseInput refuses to write over an input.
func (p *paths) refuseInput(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil // there is nothing to write over
	}
	for _, input := range p.inputs {
		if of, err := os.Stat(input); err == nil && os.SameFile(info, of) {
			return cli.Misused("%s is an input, which is never written over: choose another name", path)
		}
	}
	if of, err := os.Stat(p.resume); err == nil && os.SameFile(info, of) && path != p.checkpoint {
		return cli.Misused("%s is the checkpoint to resume, which is never written over: choose another name", path)
	}
	return nil
}

// prepare makes the folder, and fails before hours of work where a file cannot be written.
func (p *paths) prepare() error {
	if p.chosenFolder != "" {
		if err := p.makeFolder(); err != nil {
			return err
		}
	} else if p.folder != "" && !exists(p.folder) {
		if err := os.MkdirAll(p.folder, 0o777); err != nil {
			return cli.Unwritable(p.folder, err)
		}
		p.made = true
	}
	for _, path := range []string{p.painting, p.costLog, p.chart, p.sheet, p.film, p.checkpoint} {
		if path == "" {
			continue
		}
		if err := checkOutput(path); err != nil {
			return err
		}
	}
	return nil
}

// makeFolder makes the folder that the program has chosen, which nothing else has
// made.
func (p *paths) makeFolder() error {
	for {
		p.folder = atomicfile.Unused(p.chosenFolder)
		err := os.Mkdir(p.folder, 0o777)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return cli.Unwritable(p.folder, err)
		}
		p.made = true
		p.choose(filepath.Join(p.folder, filepath.Base(p.chosen)))
		return nil
	}
}

// tidy removes a folder that was made and stayed empty.
func (p *paths) tidy() {
	if p.made {
		os.Remove(p.folder) // which fails where it holds anything
	}
}
