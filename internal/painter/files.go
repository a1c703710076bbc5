package painter

import (
	"errors"
	"strings"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/paint"
)

// Files holds the names of the pictures that a command reads, "" for those it does not
// have.
type Files struct {
	Content, Keep, Init string
	Picture             string // the one that is measured
	// One name per style or mask. A single name counts for every region.
	Styles, Masks, StyleMasks []string
}

// file is a file with its role.
type file struct {
	role paint.Role
	path string
}

// all returns the files, those of one role in their order.
func (f Files) all() []file {
	var all []file
	add := func(role paint.Role, paths ...string) {
		for _, path := range paths {
			if path != "" {
				all = append(all, file{role, path})
			}
		}
	}
	add(paint.ContentRole, f.Content)
	add(paint.StyleRole, f.Styles...)
	add(paint.MaskRole, f.Masks...)
	add(paint.StyleMaskRole, f.StyleMasks...)
	add(paint.KeepRole, f.Keep)
	add(paint.InitRole, f.Init)
	add(paint.PictureRole, f.Picture)
	return all
}

// paths returns the names of the files.
func (f Files) paths() []string {
	var paths []string
	for _, file := range f.all() {
		paths = append(paths, file.path)
	}
	return paths
}

// Named gives the library's complaint about a picture the name of its file, and any other
// complaint about an option that of its flag. A picture of which nothing is visible is the
// fault of the file.
func (f Files) Named(err error) error {
	var of *paint.PictureError
	if !errors.As(err, &of) {
		return InFlags(err)
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
func (f Files) name(of *paint.PictureError) string {
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
