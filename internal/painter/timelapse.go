package painter

import (
	"fmt"
	"path/filepath"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// timelapse shows how a painting came to be, as an animation.
type timelapse struct {
	path     string
	size     int                // the long side
	pictures *picture.Timelapse // nil before the first iteration
	saved    func(path string)
	*Inputs
	firstError
}

const (
	// timelapseFrames is about how many frames a timelapse has.
	timelapseFrames = 60
	// timelapseSize is the longest side of a timelapse, in pixels.
	timelapseSize = 400
)

// newTimelapse returns the timelapse of a painting, no larger than the painting.
func newTimelapse(path string, r paint.Recipe, in *Inputs, saved func(path string)) *timelapse {
	schedule := r.Schedule()
	return &timelapse{path: path, size: min(timelapseSize, schedule[len(schedule)-1].Size), Inputs: in, saved: saved}
}

func (t *timelapse) Iteration(p paint.Progress) {
	every := max(1, p.Steps/timelapseFrames)
	if p.Step%every != 0 && p.Step != 1 && p.Step != p.Steps {
		return
	}
	t.try(func() (err error) {
		if t.pictures == nil {
			if t.pictures, err = picture.NewTimelapse(t.path, t.size); err != nil {
				return err
			}
		}
		return t.pictures.Add(t.shown(p.Picture()))
	})
}

func (t *timelapse) Close() error {
	if t.pictures == nil || t.err != nil {
		return t.err
	}
	err := atomicfile.Write(t.path, t.pictures.Encode)
	if err == nil {
		t.saved(t.path)
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

// checkTimelapse refuses an extension that no timelapse has.
func checkTimelapse(path string) error {
	if _, err := picture.NewTimelapse(filepath.Base(path), 1); err != nil {
		return &cli.UsageError{Err: err}
	}
	return nil
}
