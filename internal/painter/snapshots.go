package painter

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// snapshots is the observer that saves the picture at intervals of iterations.
type snapshots struct {
	every   int
	first   int // the first iteration after which the picture is saved
	name    func(painting string, step int) string
	out     *Outputs
	profile *picture.Profile // or nil
	saved   func(path string)
	firstError
}

// numbered names the painting after an iteration: mine-000100.png beside
// mine.png.
func numbered(painting string, step int) string {
	ext := filepath.Ext(painting)
	return fmt.Sprintf("%s-%06d%s", strings.TrimSuffix(painting, ext), step, ext)
}

func (s *snapshots) Iteration(p paint.Progress) {
	if p.Step < s.first || (p.Step-s.first)%s.every != 0 {
		return
	}
	s.try(func() error {
		path := s.name(s.out.Picture, p.Step)
		path, err := s.out.save(path, p.Picture(), picture.SaveOptions{Profile: s.profile})
		if err == nil {
			s.saved(path)
		}
		return err
	})
}
