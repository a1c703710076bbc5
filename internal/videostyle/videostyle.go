// Package videostyle paints videos frame by frame so that they hold still.
//
// # The way of a frame
//
//	frame, small -> [CutFinder] -> whether it begins a shot
//	frame, frames 1, 2 and 4 before -> optical flow both ways -> where it can be relied on
//	their paintings -> warped along the flow -> the picture to begin with, and references
//	the last scale of the recipe, a few iterations -> painting, rounded to 8 bits
//	pixels that have not moved -> those of the painting before, to the bit
//
// [Paint] does this for each frame of a video. It keeps what is done in a [State], such as
// a folder, from which it continues after any interruption to the same bytes. The first
// frame of a shot is painted as a picture is, so that the paintings of a shot depend on
// its frames alone: shots can be painted apart, to the same bytes as together.
//
// The references follow "Artistic Style Transfer for Videos" (Ruder, Dosovitskiy and Brox
// 2016, arXiv 1604.08610) with its long-term consistency: a pixel is held to the nearest
// of the three frames in which it can be seen.
package videostyle

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// Options say how to paint a video.
type Options struct {
	// Paint says how to paint a frame. Its Recipe has the size of the video. Its Init,
	// References, Resume and Progress are not read.
	Paint paint.Options
	// Regions returns the regions of a frame. Frames are counted from 0.
	Regions func(ctx context.Context, frame int) ([]paint.Region, error)
	// Temporal is the weight of the temporal cost. With 0 each frame is painted by
	// itself.
	Temporal float64
	// Iterations is the number of iterations of a frame that follows another one.
	Iterations int
	// OneShot says that the frames are those of one shot, so that cuts need not be found.
	OneShot bool
	// Loop makes the last frames lead to the first one, unless the video has several
	// shots. It needs Frames.
	Loop bool
	// Frames is the number of frames of the video, 0 where that is not known.
	Frames int
}

// Defaults of Options.
const (
	DefaultTemporal   = 40
	DefaultIterations = 10
)

// A Source is the frames of a video.
type Source interface {
	// Next returns the next frame, or io.EOF after the last one.
	Next(ctx context.Context) (*picture.Picture, error)
	// Skip skips n frames.
	Skip(ctx context.Context, n int) error
}

// Rounded returns a frame as [Paint] sees it: laid on white, in 8 bits.
func Rounded(frame *picture.Picture) *picture.Picture { return rounded(frame) }

// roundedFrames are the rounded frames of a source, so that frames which were kept in 8
// bits are painted as they are when they are read first.
type roundedFrames struct{ Source }

// Next implements [Source].
func (s roundedFrames) Next(ctx context.Context) (*picture.Picture, error) {
	frame, err := s.Source.Next(ctx)
	if err != nil {
		return nil, err
	}
	return rounded(frame), nil
}

// ErrChanged is wrapped by the error of a video that is not the one that a state was
// begun with.
var ErrChanged = errors.New("the video has changed since its painting began")

// Paint paints the frames of a source from the first one on, except those that the state
// has, and saves each in the state. progress, unless nil, is called after each. Paint
// returns when the source ends.
func Paint(ctx context.Context, source Source, state *State, opts Options, progress func(frame int, painted *Painted)) error {
	p, err := newPainter(opts)
	if err != nil {
		return err
	}
	defer p.close()
	shots, err := newShots(roundedFrames{source}, opts)
	if err != nil {
		return err
	}
	defer shots.close()
	if err := resume(ctx, shots, state, p); err != nil {
		return err
	}
	for n := state.Done(); ; n++ {
		next, err := shots.next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		painted, err := p.paint(ctx, next)
		if err != nil {
			return fmt.Errorf("frame %d: %w", n+1, err)
		}
		if err := state.save(ctx, p); err != nil {
			return err
		}
		if progress != nil {
			progress(n, painted)
		}
	}
}

// resume brings the shots and the painter to where the state ends.
func resume(ctx context.Context, s *shots, state *State, p *painter) error {
	at := state.at
	if at.Done == 0 {
		return nil
	}
	var last *picture.Picture
	show := func(n int) error {
		frame, err := s.source.Next(ctx)
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: it ends after %d frames, and %d are painted", ErrChanged, n, at.Done)
		}
		if err != nil {
			return err
		}
		painting, err := state.Painting(ctx, n)
		if err != nil {
			return err
		}
		p.remember(p.prepared(frame, painting), painting)
		last = frame
		return nil
	}
	if err := show(0); err != nil {
		return err
	}
	first := max(at.Done-farthest, at.Shot, 1)
	if err := s.source.Skip(ctx, first-1); err != nil {
		return err
	}
	for n := first; n < at.Done; n++ {
		if err := show(n); err != nil {
			return err
		}
	}
	s.resume(at.Done, at.Shot, last)
	p.next, p.shot = at.Done, at.Shot
	p.past = p.past[:min(len(p.past), at.Done-at.Shot)]
	if digest := p.past[0].digest(); digest != at.Frame {
		return fmt.Errorf("%w: frame %d is not the one that was painted", ErrChanged, at.Done)
	}
	var err error
	p.base, err = state.base(ctx, at.Done-1)
	return err
}
