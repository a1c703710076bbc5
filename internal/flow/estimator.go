package flow

import "github.com/pastiche-art/pastiche/internal/kernel"

// minSide is the least width and height of a level of the pyramid other than the first:
// one patch.
const minSide = kernel.PatchSize

// An Estimator estimates flow. It keeps its buffers from one pair of frames to the next.
// One goroutine at a time uses an Estimator, as it does the worker pool.
type Estimator struct {
	pool   *kernel.Pool
	levels []*level // the finest, of the size of the frames, first
	refiner
}

// NewEstimator returns an Estimator that works on the threads of pool.
func NewEstimator(pool *kernel.Pool) *Estimator { return &Estimator{pool: pool} }

// A level is one level of the pyramids of both frames.
type level struct {
	grid
	from, to     []float32
	gradX, gradY []float32 // gradient of from; zero in the border
	u, v         []float32 // flow, in pixels of this level
	guessU       []float32 // initial flow
	guessV       []float32
	patches
}

// Flow returns the flow from one frame to another one of the same size. initial, unless
// nil, is a guess such as the flow of the frame before: the search also begins at it, and
// keeps what fits the frames better. Flow panics where the sizes differ or a frame is
// empty.
//
// The result is the same to the bit for any number of threads.
func (e *Estimator) Flow(from, to *Gray, initial *Field) *Field {
	checkPair(from, to)
	if initial != nil {
		initial.checkSize("frame", from.Width, from.Height)
	}
	e.resize(from.Width, from.Height)
	e.load(from, to, initial)
	e.estimate(0, initial != nil)
	finest, f := e.levels[0], NewField(from.Width, from.Height)
	for y := range f.Height {
		copy(f.U[y*f.Width:], finest.row(finest.u, y, 0))
		copy(f.V[y*f.Width:], finest.row(finest.v, y, 0))
	}
	return f
}

// QuickFlow is Flow at half the size of the frames, interpolated. It takes about a quarter
// of the time, and its errors are two to three times as large.
func (e *Estimator) QuickFlow(from, to *Gray) *Field {
	checkPair(from, to)
	e.resize(from.Width, from.Height)
	if len(e.levels) == 1 {
		return e.Flow(from, to, nil)
	}
	e.load(from, to, nil)
	e.estimate(1, false)
	half, f := e.levels[1], NewField(from.Width, from.Height)
	e.levels[0].eachRow(e.pool, 0, func(y int) {
		for x := range f.Width {
			i := y*f.Width + x
			f.U[i], f.V[i] = half.upsampled(float32(x), float32(y))
		}
	})
	return f
}

// estimate finds the flow of all levels from the coarsest one to the one given.
func (e *Estimator) estimate(finest int, guess bool) {
	for i := len(e.levels) - 1; i >= finest; i-- {
		l := e.levels[i]
		var coarse *level
		if i+1 < len(e.levels) {
			coarse = e.levels[i+1]
		}
		l.search(e.pool, coarse, guess)
		l.densify(e.pool)
		e.refine(e.pool, l)
	}
}

// resize makes buffers for frames of w x h, unless the Estimator has them.
func (e *Estimator) resize(w, h int) {
	if len(e.levels) > 0 && e.levels[0].w == w && e.levels[0].h == h {
		return
	}
	e.levels = nil
	e.refiner = refiner{}
	for {
		e.levels = append(e.levels, newLevel(w, h))
		w, h = (w+1)/2, (h+1)/2
		if min(w, h) < minSide {
			return
		}
	}
}

func newLevel(w, h int) *level {
	l := &level{grid: newGrid(w, h)}
	for _, plane := range []*[]float32{&l.from, &l.to, &l.gradX, &l.gradY, &l.u, &l.v, &l.guessU, &l.guessV} {
		*plane = make([]float32, l.size())
	}
	l.layOut(l.grid)
	return l
}

// load fills the pyramids.
func (e *Estimator) load(from, to *Gray, initial *Field) {
	finest := e.levels[0]
	for y := range from.Height {
		i, n := y*from.Width, from.Width
		copy(finest.row(finest.from, y, 0), from.Levels[i:i+n])
		copy(finest.row(finest.to, y, 0), to.Levels[i:i+n])
		if initial != nil {
			copy(finest.row(finest.guessU, y, 0), initial.U[i:i+n])
			copy(finest.row(finest.guessV, y, 0), initial.V[i:i+n])
		}
	}
	for i, l := range e.levels {
		if i > 0 {
			finer := e.levels[i-1]
			reduce(e.pool, l.from, l.grid, finer.from, finer.grid)
			reduce(e.pool, l.to, l.grid, finer.to, finer.grid)
			if initial != nil {
				l.halve(e.pool, l.guessU, finer.guessU, finer)
				l.halve(e.pool, l.guessV, finer.guessV, finer)
			}
		}
		l.extend(l.from, border)
		l.extend(l.to, border)
		if initial != nil {
			l.extend(l.guessU, 2)
			l.extend(l.guessV, 2)
		}
		l.eachRow(e.pool, 0, func(y int) {
			differentiateX(l.row(l.gradX, y, 0), l.from[l.at(y, -2):])
			differentiateY(l.row(l.gradY, y, 0), l.from[l.at(y-2, 0):], l.stride)
		})
	}
}

// halve computes a component of flow at half the size, in pixels of that size.
func (l *level) halve(pool *kernel.Pool, dst, src []float32, finer *level) {
	reduce(pool, dst, l.grid, src, finer.grid)
	l.eachRow(pool, 0, func(y int) {
		for x, v := range l.row(dst, y, 0) {
			l.row(dst, y, 0)[x] = v / 2
		}
	})
}

// differentiateX computes the derivative in x from five pixels around each: src begins
// two pixels before dst. The error is of the fourth order.
func differentiateX(dst, src []float32) {
	src = src[:len(dst)+4]
	for x := range dst {
		dst[x] = derivative(src[x], src[x+1], src[x+3], src[x+4])
	}
}

// differentiateY is differentiateX for the derivative in y: src begins two rows above.
func differentiateY(dst, src []float32, stride int) {
	n := len(dst)
	a, b, c, d := src[:n], src[stride:][:n], src[3*stride:][:n], src[4*stride:][:n]
	for x := range dst {
		dst[x] = derivative(a[x], b[x], c[x], d[x])
	}
}

// derivative returns the derivative at a pixel from those at distances -2, -1, 1 and 2.
func derivative(a, b, c, d float32) float32 { return (8*(c-b) - (d - a)) * (1. / 12) }
