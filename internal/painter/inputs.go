package painter

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"os"
	"runtime"
	"slices"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/picture"
)

// Inputs are the pictures that a command reads. Each is read once: a pipe cannot be read
// again, and a file may change meanwhile.
type Inputs struct {
	MaxPixels int64 // of a picture; see [picture.Limits]

	kept     *picture.Profile         // the profile of the content, where it is kept
	metadata picture.Metadata         // of the content, as far as it is kept
	warnings []string                 // on what was read, each once
	opened   map[string]*picture.File // what was read, by path, until release
	digests  map[string]string        // SHA-256 of what was read in hexadecimal, by path
	of       map[image.Image]string   // the paths of the pictures and masks that were returned, until release
}

// warn adds a warning, which Tell shows.
func (in *Inputs) warn(format string, args ...any) {
	if w := fmt.Sprintf(format, args...); !slices.Contains(in.warnings, w) {
		in.warnings = append(in.warnings, w)
	}
}

// Tell shows the warnings on what was read, each once.
func (in *Inputs) Tell(say func(format string, args ...any)) {
	for _, w := range in.warnings {
		say("%s", w)
	}
	in.warnings = nil
}

// shown returns a painting in sRGB.
func (in *Inputs) shown(p *picture.Picture) *picture.Picture {
	if in.kept == nil {
		return p
	}
	return in.kept.ToSRGB(p)
}

// levels returns a picture in the kept profile, or in sRGB without one.
func (in *Inputs) levels(f *picture.File) *picture.Picture {
	switch in.kept {
	case nil:
		return f.SRGB()
	case f.Profile:
		return f.Picture
	}
	return in.kept.FromSRGB(f.SRGB())
}

// keep makes a content's profile the profile of all pictures.
func (in *Inputs) keep(path string, f *picture.File) error {
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
func (in *Inputs) release() { in.opened, in.of = nil, nil }

// read reads the picture in a file, or that of standard input. A path that was read since
// the last release is not read again.
func (in *Inputs) read(ctx context.Context, path string) (*picture.File, error) {
	if in.MaxPixels < 1 {
		return nil, cli.Misused("--max-pixels %d: expected 1 or more", in.MaxPixels)
	}
	if f := in.opened[path]; f != nil {
		return f, nil
	}
	f, err := in.open(ctx, path)
	switch {
	case ctx.Err() != nil:
		return nil, cli.ErrInterrupted
	case errors.Is(err, picture.ErrTooLarge):
		return nil, cli.Unreadable("%w with --max-pixels", err)
	case err != nil:
		return nil, &cli.InputError{Err: err}
	}
	for _, w := range f.Warnings {
		in.warn("%s: %s.", path, w)
	}
	if in.opened == nil {
		in.opened, in.of = make(map[string]*picture.File), make(map[image.Image]string)
	}
	if in.digests == nil {
		in.digests = make(map[string]string)
	}
	in.opened[path] = f
	sum := sha256.Sum256(f.Data)
	in.digests[path] = hex.EncodeToString(sum[:])
	return f, nil
}

func (in *Inputs) open(ctx context.Context, path string) (*picture.File, error) {
	limits := picture.Limits{MaxPixels: in.MaxPixels}
	if path != cli.StandardInput {
		return picture.Open(ctx, path, limits)
	}
	if in.digests[path] != "" {
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

// Open reads a picture in the kept profile, or in sRGB without one.
func (in *Inputs) Open(ctx context.Context, path string) (*picture.Picture, error) {
	return in.openAs(ctx, path, in.levels)
}

// openAs reads a picture, and returns what levels returns of its file.
func (in *Inputs) openAs(ctx context.Context, path string, levels func(*picture.File) *picture.Picture) (*picture.Picture, error) {
	f, err := in.read(ctx, path)
	if err != nil {
		return nil, err
	}
	p := levels(f)
	in.of[p] = path
	return p, nil
}

// OpenAll reads pictures as [Inputs.Open] does.
func (in *Inputs) OpenAll(ctx context.Context, paths []string) ([]image.Image, error) {
	return in.openAll(ctx, paths, in.levels)
}

// openAll is openAs for pictures.
func (in *Inputs) openAll(ctx context.Context, paths []string, levels func(*picture.File) *picture.Picture) ([]image.Image, error) {
	var pictures []image.Image
	for _, path := range paths {
		p, err := in.openAs(ctx, path, levels)
		if err != nil {
			return nil, err
		}
		pictures = append(pictures, p)
	}
	return pictures, nil
}

// File returns the bytes of the file that a picture or a mask was read from, or nil for a
// picture that is not from a file.
func (in *Inputs) File(of image.Image) []byte {
	if f := in.opened[in.of[of]]; f != nil {
		return f.Data
	}
	return nil
}
