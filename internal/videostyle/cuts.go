package videostyle

import (
	"github.com/pastiche-art/pastiche/internal/flow"
	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/picture"
)

// cutSize is the long side, in pixels, of the copies on which cuts are found.
const cutSize = 160

// A CutFinder finds the cuts of a video: the frames that begin a shot. It compares small
// copies of the frames, so that the cuts do not depend on the size of the painting, and
// cost little beside it. It ignores the frames' opacity, which it lays on white.
//
// Pans, zooms, flashes that leave something to see, and fades are no cuts. A frame of one
// colour after a frame with a picture is a cut, as is the next picture after it.
//
// One goroutine at a time uses a CutFinder.
type CutFinder struct {
	pool      *kernel.Pool
	estimator *flow.Estimator
	last      *flow.Gray // the frame before, nil before the first one
}

// NewCutFinder returns a CutFinder for the frames of one video. It works on the thread of
// its caller. It fails only where the environment selects a kernel that this machine lacks.
func NewCutFinder() (*CutFinder, error) {
	pool, err := kernel.NewPool(1)
	if err != nil {
		return nil, err
	}
	return &CutFinder{pool: pool, estimator: flow.NewEstimator(pool)}, nil
}

// Next reports whether a frame begins a shot, where the frame before it is that of the
// call before. The first frame does, as does a frame of another size.
func (f *CutFinder) Next(frame *picture.Picture) (cut bool) {
	last := f.last
	small := frame
	if max(frame.W, frame.H) > cutSize {
		small = frame.Resize(picture.FitLong(frame.W, frame.H, cutSize))
	}
	f.last = flow.NewGray(onWhite(small).RGB, small.W, small.H)
	if last == nil || last.Width != small.W || last.Height != small.H {
		return true
	}
	back, forth := f.estimator.Flow(f.last, last, nil), f.estimator.Flow(last, f.last, nil)
	return flow.IsCut(last, f.last, flow.Reliable(forth, back))
}

// Close frees what the CutFinder holds.
func (f *CutFinder) Close() { f.pool.Close() }
