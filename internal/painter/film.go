package painter

import (
	"fmt"
	"path/filepath"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// film shows how a painting came to be, as an animation.
type film struct {
	path  string
	size  int           // the long side
	roll  *picture.Film // nil before the first iteration
	saved func(path string)
	*Inputs
	firstError
}

const (
	// filmFrames is about how many frames a film has.
	filmFrames = 60
	// filmSize is the longest side of a film, in pixels.
	filmSize = 400
)

// newFilm returns the film of a painting, no larger than the painting.
func newFilm(path string, r paint.Recipe, in *Inputs, saved func(path string)) *film {
	schedule := r.Schedule()
	return &film{path: path, size: min(filmSize, schedule[len(schedule)-1].Size), Inputs: in, saved: saved}
}

func (f *film) Iteration(p paint.Progress) {
	every := max(1, p.Steps/filmFrames)
	if p.Step%every != 0 && p.Step != 1 && p.Step != p.Steps {
		return
	}
	f.try(func() (err error) {
		if f.roll == nil {
			if f.roll, err = picture.NewFilm(f.path, f.size); err != nil {
				return err
			}
		}
		return f.roll.Add(f.shown(p.Picture()))
	})
}

func (f *film) Close() error {
	if f.roll == nil || f.err != nil {
		return f.err
	}
	err := atomicfile.Write(f.path, f.roll.Encode)
	if err == nil {
		f.saved(f.path)
	}
	return err
}

// sheet is a contact sheet of the painting at the end of each scale.
type sheet struct {
	path     string
	pictures []picture.SheetPicture
	saved    func(path string)
	*Inputs
}

// sheetField is the side of a field of a contact sheet, in pixels.
const sheetField = 320

func (s *sheet) Iteration(p paint.Progress) {
	if p.Iteration != p.Iterations {
		return
	}
	s.pictures = append(s.pictures, picture.SheetPicture{
		Picture: s.shown(p.Picture()),
		Label:   fmt.Sprintf("%d x %d, iteration %d", p.Width, p.Height, p.Step),
	})
}

func (s *sheet) Close() error {
	paper := picture.ContactSheet(s.pictures, 0, sheetField, sheetField)
	if paper == nil {
		return nil
	}
	err := picture.Save(s.path, paper, picture.SaveOptions{})
	if err == nil {
		s.saved(s.path)
	}
	return err
}

// checkFilm refuses an extension that no film has.
func checkFilm(path string) error {
	if _, err := picture.NewFilm(filepath.Base(path), 1); err != nil {
		return &cli.UsageError{Err: err}
	}
	return nil
}
