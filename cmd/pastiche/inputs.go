package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"runtime"
	"slices"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/picture"
)

// inputs are the pictures of a command. Each is read once: a pipe cannot be read again,
// and a file may change meanwhile.
type inputs struct {
	kept     *picture.Profile         // the profile of the content, with --keep-profile
	metadata picture.Metadata         // of the content, as far as --keep-metadata keeps it
	warnings []string                 // on what was read, each once
	opened   map[string]*picture.File // what was read, by path, until release
	digests  map[string][32]byte      // SHA-256 of what was read, by path
	files    map[string][]byte        // what was read, by path; nil where nobody needs it
}

// warn adds a warning, which tell shows.
func (in *inputs) warn(format string, args ...any) {
	if w := fmt.Sprintf(format, args...); !slices.Contains(in.warnings, w) {
		in.warnings = append(in.warnings, w)
	}
}

// tell shows the warnings, each once.
func (in *inputs) tell(say func(format string, args ...any)) {
	for _, w := range in.warnings {
		say("%s", w)
	}
	in.warnings = nil
}

// shown returns a painting in sRGB.
func (in *inputs) shown(p *picture.Picture) *picture.Picture {
	if in.kept == nil {
		return p
	}
	return in.kept.ToSRGB(p)
}

// levels returns a picture in the kept profile, or in sRGB without one.
func (in *inputs) levels(f *picture.File) *picture.Picture {
	switch in.kept {
	case nil:
		return f.SRGB()
	case f.Profile:
		return f.Picture
	}
	return in.kept.FromSRGB(f.SRGB())
}

// keep makes a content's profile the profile of all pictures.
func (in *inputs) keep(path string, f *picture.File) error {
	switch {
	case f.Profile != nil:
		in.kept = f.Profile
	case f.NotKept != "":
		return cli.Unreadable("--keep-profile: %s: %s, which a painting cannot keep: expected an RGB profile of curves and a matrix, or no --keep-profile", path, f.NotKept)
	default:
		in.warn("%s carries no colour profile for --keep-profile to keep: its colours are taken for sRGB.", path)
	}
	return nil
}

// release frees the pictures' memory for painting.
func (in *inputs) release() { in.opened = nil }

// read reads the picture in a file, or that of standard input, within
// --max-pixels. A path that was read since the last release is not read again.
func (o *engineOptions) read(ctx context.Context, path string) (*picture.File, error) {
	if f := o.inputs.opened[path]; f != nil {
		return f, nil
	}
	f, err := o.open(ctx, path)
	switch {
	case ctx.Err() != nil:
		return nil, cli.ErrInterrupted
	case errors.Is(err, picture.ErrTooLarge):
		return nil, cli.Unreadable("%w with --max-pixels", err)
	case err != nil:
		return nil, &cli.InputError{Err: err}
	}
	for _, w := range f.Warnings {
		o.inputs.warn("%s: %s.", path, w)
	}
	if o.inputs.opened == nil {
		o.inputs.opened = make(map[string]*picture.File)
	}
	o.inputs.opened[path] = f
	if o.inputs.digests == nil {
		o.inputs.digests = make(map[string][32]byte)
	}
	o.inputs.digests[path] = f.SHA256()
	if o.inputs.files != nil {
		o.inputs.files[path] = f.Data
	}
	return f, nil
}

func (o *engineOptions) open(ctx context.Context, path string) (*picture.File, error) {
	limits := picture.Limits{MaxPixels: o.maxPixels}
	if path != cli.StandardInput {
		return picture.Open(ctx, path, limits)
	}
	if _, again := o.inputs.digests[path]; again {
		return nil, errors.New("standard input (-) was read for an earlier painting: expected it for one painting, as it can be read only once")
	}
	if cli.IsTerminal(os.Stdin) {
		return nil, errors.New("standard input (-) is a terminal: expected a picture from another program or a file")
	}
	if runtime.GOOS == "windows" {
		return picture.Decode(ctx, os.Stdin, "standard input", limits)
	}
	return picture.Open(ctx, "/dev/stdin", limits) // opened anew, so that Ctrl-C ends the reading
}

// openPicture reads a picture in the kept profile, or in sRGB without one.
func (o *engineOptions) openPicture(ctx context.Context, path string) (*picture.Picture, error) {
	f, err := o.read(ctx, path)
	if err != nil {
		return nil, err
	}
	return o.inputs.levels(f), nil
}

// openPictures reads pictures one after another.
func (o *engineOptions) openPictures(ctx context.Context, paths []string) ([]image.Image, error) {
	var pictures []image.Image
	for _, path := range paths {
		p, err := o.openPicture(ctx, path)
		if err != nil {
			return nil, err
		}
		pictures = append(pictures, p)
	}
	return pictures, nil
}
