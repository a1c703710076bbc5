package main

import (
	"errors"
	"strings"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/paint"
)

// inputFiles holds the names of the files that a painting reads, "" for those it does
// not have.
type inputFiles struct {
	content, keep, init string
	picture             string // the one that score judges
	// One name per style or mask. A single name counts for every region.
	styles, masks, styleMasks []string
}

// inputFiles returns the files of a painting.
func (o *paintOptions) inputFiles(w work) inputFiles {
	return inputFiles{content: w.content, styles: w.styles, masks: o.masks, styleMasks: o.styleMasks, keep: o.keep, init: o.init}
}

// inputFiles returns the files of an exploration.
func (w work) inputFiles() inputFiles { return inputFiles{content: w.content, styles: w.styles} }

// inputFile is a file that a painting reads.
type inputFile struct {
	role paint.Role
	path string
}

// all returns the files, those of one role in their order.
func (f inputFiles) all() []inputFile {
	var all []inputFile
	add := func(role paint.Role, paths ...string) {
		for _, path := range paths {
			if path != "" {
				all = append(all, inputFile{role, path})
			}
		}
	}
	add(paint.ContentRole, f.content)
	add(paint.StyleRole, f.styles...)
	add(paint.MaskRole, f.masks...)
	add(paint.StyleMaskRole, f.styleMasks...)
	add(paint.KeepRole, f.keep)
	add(paint.InitRole, f.init)
	add(paint.PictureRole, f.picture)
	return all
}

// named gives the library's complaint about a picture the name of its file, and any other
// complaint about an option that of its flag. A picture of which nothing is visible is the
// fault of the file.
func (f inputFiles) named(err error) error {
	var of *paint.PictureError
	if !errors.As(err, &of) {
		return inFlags(err)
	}
	name := f.name(of)
	var small *paint.SizeError
	switch {
	case errors.Is(err, paint.ErrTransparent):
		return cli.Unreadable("%s: %w", name, paint.ErrTransparent)
	case errors.As(err, &small) && small.Least > 0:
		return cli.Misused("%s: %w; paint it with --size %d or more, or %s", name, small.Err, small.Least, small.Help)
	}
	return cli.Misused("%s: %s", name, of.Reason())
}

// name returns the file of a picture, with its flag where it has one.
func (f inputFiles) name(of *paint.PictureError) string {
	var files []string
	for _, file := range f.all() {
		if file.role == of.Role {
			files = append(files, file.path)
		}
	}
	file := numberedFile(files, of.Number)
	if file == "" {
		return of.Name()
	}
	switch of.Role {
	case paint.MaskRole, paint.StyleMaskRole, paint.KeepRole, paint.InitRole:
		return "--" + strings.ReplaceAll(string(of.Role), "_", "-") + " " + file
	}
	return file
}

// numberedFile returns files[number-1], or "" if there is no such file. A single file
// has every number.
func numberedFile(files []string, number int) string {
	if len(files) == 1 {
		return files[0]
	}
	if number < 1 || number > len(files) {
		return ""
	}
	return files[number-1]
}
