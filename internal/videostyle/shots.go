package videostyle

import (
	"context"

	"github.com/pastiche-art/pastiche/picture"
)

// loopFrames is the number of frames at the end of a loop that lead to the first one.
const loopFrames = 8

// shots reads frames and says where shots begin. Near the end of a loop it reads the
// other frames ahead, as a cut among them ends the loop.
type shots struct {
	source Source
	cuts   *CutFinder // nil for the frames of one shot
	frames int        // the number of frames of a loop, 0 for no loop
	first  int        // the first frame of the shot
	at     int        // the number of the next frame
	ahead  []shown    // frames that were read ahead
	err    error      // of the source, after those
}

// shown is a frame and its place in its shot.
type shown struct {
	*picture.Picture
	begins bool
	// closeness says how near the end of a loop a frame is, 0 to 1: the last frame is at
	// 1, and all but the last frames are at 0.
	closeness float64
}

// newShots returns the shots of a source.
func newShots(source Source, opts Options) (*shots, error) {
	s := &shots{source: source}
	if opts.Loop {
		s.frames = opts.Frames
	}
	if opts.OneShot {
		return s, nil
	}
	var err error
	s.cuts, err = NewCutFinder()
	return s, err
}

func (s *shots) close() {
	if s.cuts != nil {
		s.cuts.Close()
	}
}

// resume continues with frame at, after the frame last of the shot that began at first.
func (s *shots) resume(at, first int, last *picture.Picture) {
	s.at, s.first = at, first
	if s.cuts != nil {
		s.cuts.Next(last)
	}
}

// next returns the next frame, or the error of the source.
func (s *shots) next(ctx context.Context) (shown, error) {
	left := s.frames - s.at
	ends := 0 < left && left <= loopFrames
	s.read(ctx, 1)
	if ends {
		s.read(ctx, left)
	}
	if len(s.ahead) == 0 {
		return shown{}, s.err
	}
	next := s.ahead[0]
	s.ahead = s.ahead[1:]
	if next.begins {
		s.first = s.at
	}
	s.at++
	if ends && s.first == 0 && !s.cutAhead() {
		next.closeness = float64(loopFrames+1-left) / loopFrames
	}
	return next, nil
}

// read reads frames until n are ahead or the source fails.
func (s *shots) read(ctx context.Context, n int) {
	for len(s.ahead) < n && s.err == nil {
		var next shown
		if next.Picture, s.err = s.source.Next(ctx); s.err != nil {
			return
		}
		next.begins = s.at+len(s.ahead) == 0
		if s.cuts != nil {
			next.begins = s.cuts.Next(next.Picture)
		}
		s.ahead = append(s.ahead, next)
	}
}

func (s *shots) cutAhead() bool {
	for _, f := range s.ahead {
		if f.begins {
			return true
		}
	}
	return false
}
