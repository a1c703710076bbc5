// Package batch finds the pictures that files, folders and patterns name, and pairs
// photos with styles.
package batch

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// Options say what is painted, and where.
type Options struct {
	// Contents and Styles are names of files, folders whose pictures are meant, and
	// patterns as of [filepath.Match], in any part of a path. A folder or a file that
	// exists is taken literally, even where its name has characters of patterns. Hidden
	// files, whose names begin with a dot, are found only by a name or a pattern that
	// begins with one.
	Contents, Styles []string
	// Folder is where the paintings go. It need not exist. What lies in it is found only
	// by its name.
	Folder string
	// Zip pairs the first content with the first style, the second with the second, and
	// so on. Otherwise each content is painted in each style.
	Zip bool
}

// Work is one painting of a batch.
type Work struct {
	Content, Style string // files
	Painting       string // the file for the painting, a PNG in the folder of [Options]
}

// Unreadable is a picture in a folder, or that matches a pattern, in a format that
// package picture does not read.
type Unreadable struct {
	Path   string         `json:"path"`
	Format picture.Format `json:"format"`
}

// ErrNotFound is the error of a name, folder or pattern without pictures that can be
// read.
var ErrNotFound = errors.New("no pictures found")

// notFoundError is an ErrNotFound with a text of its own.
type notFoundError struct{ error }

func (e notFoundError) Unwrap() error        { return e.error }
func (e notFoundError) Is(target error) bool { return target == ErrNotFound }

// Plan returns the paintings of a batch, in the order of the contents, then of the
// styles. It also returns the pictures that are left out, each once, even with an error
// of pairing. It does not look for paintings that exist already. The error is
// [ErrNotFound], a [*paint.OptionError] about Folder or Zip, or one that names a malformed
// pattern or two paintings of the same name.
func Plan(o Options) ([]Work, []Unreadable, error) {
	f := finder{folder: o.Folder}
	contents, err := f.pictures(o.Contents)
	if err != nil {
		return nil, nil, err
	}
	styles, err := f.pictures(o.Styles)
	if err != nil {
		return nil, nil, err
	}
	works, err := o.pair(contents, styles)
	if err == nil {
		err = distinct(works)
	}
	return works, f.leftOut, err
}

func (o Options) pair(contents, styles []string) (works []Work, err error) {
	add := func(content, style string) {
		name := Stem(content) + "-" + Stem(style) + ".png"
		works = append(works, Work{content, style, filepath.Join(o.Folder, name)})
	}
	if !o.Zip {
		for _, content := range contents {
			for _, style := range styles {
				add(content, style)
			}
		}
		return works, nil
	}
	if len(contents) != len(styles) {
		return nil, &paint.OptionError{Option: "Zip", Reason: fmt.Sprintf("%d contents and %d styles: expected as many of both", len(contents), len(styles))}
	}
	for i, content := range contents {
		add(content, styles[i])
	}
	return works, nil
}

// distinct fails where two works would write the same painting.
func distinct(works []Work) error {
	of := make(map[string]Work)
	for _, w := range works {
		if other, taken := of[w.Painting]; taken {
			return fmt.Errorf("%s with %s and %s with %s would both become %s: rename one", other.Content, other.Style, w.Content, w.Style, w.Painting)
		}
		of[w.Painting] = w
	}
	return nil
}

// pictures returns the files that names mean.
func (f *finder) pictures(names []string) (files []string, err error) {
	for _, name := range names {
		found, err := f.find(name)
		if err != nil {
			return nil, err
		}
		files = slices.Concat(files, found)
	}
	return files, nil
}
