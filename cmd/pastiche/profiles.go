package main

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/pastiche-art/pastiche/picture"
)

// profiles say what the levels of the pictures that are opened mean.
type profiles struct {
	kept    *picture.Profile // that of the content, or nil for sRGB
	remarks []string         // on those that are not understood
}

// remark takes note of something to tell the user once.
func (c *profiles) remark(format string, args ...any) {
	if said := fmt.Sprintf(format, args...); !slices.Contains(c.remarks, said) {
		c.remarks = append(c.remarks, said)
	}
}

// tell tells the user what was noted.
func (c *profiles) tell(say func(format string, args ...any)) {
	for _, said := range c.remarks {
		say("%s", said)
	}
	c.remarks = nil
}

// warn tells it on standard error.
func warn(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// shown returns a painting in the levels of sRGB.
func (c *profiles) shown(p *picture.Picture) *picture.Picture {
	if c.kept == nil {
		return p
	}
	return c.kept.ToSRGB(p)
}

// manage returns a picture, as it is stored, in the levels that all are to have.
func (c *profiles) manage(path string, p *picture.Picture, f *picture.Profile) *picture.Picture {
	if f != nil {
		if err := f.Err(); err != nil {
			c.remark("%s: %v.", path, err)
		}
		p = f.ToSRGB(p)
	}
	if c.kept != nil {
		p = c.kept.FromSRGB(p)
	}
	return p
}

// keep makes a content's profile that of all pictures.
func (c *profiles) keep(path string, f *picture.Profile) error {
	switch {
	case f == nil:
		c.remark("%s carries no colour profile for --keep-profile to keep: its colours are taken for sRGB.", path)
		return nil
	case f.Err() != nil:
		return &inputError{fmt.Errorf("--keep-profile: %s: %w", path, f.Err())}
	case f.Grey():
		return &inputError{fmt.Errorf("--keep-profile: %s has a colour profile for greys: expected one for colours, which a painting has", path)}
	}
	c.kept = f
	return nil
}

// openPicture reads a picture within --max-pixels.
func (o *engineOptions) openPicture(path string) (*picture.Picture, error) {
	p, f, err := o.openAsStored(path)
	if err != nil {
		return nil, err
	}
	return o.profiles.manage(path, p, f), nil
}

// openAsStored reads a picture with the levels of its own profile.
func (o *engineOptions) openAsStored(path string) (*picture.Picture, *picture.Profile, error) {
	p, f, err := picture.OpenAsStored(path, picture.Limits{MaxPixels: o.maxPixels})
	switch {
	case errors.Is(err, picture.ErrTooLarge):
		return nil, nil, &inputError{fmt.Errorf("%w with --max-pixels", err)}
	case err != nil:
		return nil, nil, &inputError{err}
	}
	return p, f, nil
}
