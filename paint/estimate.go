package paint

import (
	"context"
	"image"
	"math"
	"slices"
	"time"

	"github.com/pastiche-art/pastiche/picture"
)

// Resources are the memory and the time that a painting takes.
type Resources struct {
	Width, Height int   // of the painting, in pixels
	Memory        int64 // the peak, in bytes
	// Time is about how long it takes on this machine at present; 0 where that could
	// not be measured.
	Time time.Duration
}

// Estimate returns the resources of [Paint] with the same arguments or, where content
// is nil, of a [Texture] of the given shape. It paints a few iterations on small
// canvases, for about a second. The errors are those of [Check], or context.Cause(ctx).
func Estimate(ctx context.Context, content image.Image, shape image.Point, regions []Region, opts Options) (r *Resources, err error) {
	defer catch(&err)
	s, err := newSessionOr(content, shape, regions, opts)
	if err != nil {
		return nil, err
	}
	defer s.pool.Close()
	contentLayers, err := s.contentLayers()
	if err != nil {
		return nil, err
	}
	styleLayers, err := s.styleLayers()
	if err != nil {
		return nil, err
	}
	r = new(Resources)
	if r.Memory, err = s.checkScales(s.scales, s.memory, contentLayers, styleLayers); err != nil {
		return nil, err
	}
	r.Width, r.Height = picture.FitLong(s.shape.X, s.shape.Y, s.scales[len(s.scales)-1].Size)
	seconds := s.duration(ctx)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	r.Time = time.Duration(seconds * float64(time.Second))
	return r, nil
}

const (
	// estimateTime is the time limit of painting on small canvases.
	estimateTime = 1500 * time.Millisecond
	// estimateIterations is the number of iterations on each. The first one, which
	// includes measuring the pictures, is timed separately.
	estimateIterations = 3
	// firstEstimate and secondEstimate are the sides of squares with as many pixels as
	// the small canvases. The second is smaller where time is short, but has at least
	// minGrowth times the pixels of the first, so that the time that grows with the
	// pixels can be told from the rest.
	firstEstimate, secondEstimate = 64, 320
	minGrowth                     = 3
	// The first canvas is painted twice if that takes at most this part of the time,
	// because processors and memory are slow at first.
	againPart = 5
)

// duration returns the time that the scales of a session take in seconds, or 0 where it
// cannot be measured. It extrapolates from two canvases to the size of each scale, as
// [Pace] does.
func (s *session) duration(ctx context.Context) (seconds float64) {
	var costs []StyleCost
	for _, scale := range s.scales {
		if !slices.Contains(costs, scale.StyleCost) {
			costs = append(costs, scale.StyleCost)
		}
	}
	allowed := estimateTime / time.Duration(len(costs))
	for _, cost := range costs {
		iteration, opening, ok := s.measureCost(ctx, cost, allowed)
		if !ok {
			return 0
		}
		for _, scale := range s.scales {
			if scale.StyleCost == cost {
				pixels := s.pixels(scale.Size)
				seconds += opening.extrapolate(pixels) + iteration.extrapolate(pixels)*float64(scale.Iterations-1)
			}
		}
	}
	return seconds
}

// extrapolate returns the time for a number of pixels. It assumes that at least half of
// the time of the larger measured canvas grows with the pixels. Otherwise a delay of
// the smaller one by other programs could make the time seem constant.
func (l *line) extrapolate(pixels float64) float64 {
	return max(l.predict(pixels), l.present.seconds*(1+pixels/l.present.pixels)/2)
}

// spending is a time that grows with the pixels plus a constant part.
type spending struct {
	line
	fixed float64 // seconds
}

func (s *spending) extrapolate(pixels float64) float64 { return s.line.extrapolate(pixels) + s.fixed }

// measureCost returns the time of an iteration with a style cost, and of the first
// iteration of a scale.
func (s *session) measureCost(ctx context.Context, cost StyleCost, allowed time.Duration) (iteration, opening spending, ok bool) {
	if cost != EarthMoverCost {
		return s.measureGrowth(ctx, cost, allowed)
	}
	// This cost samples the same number of points on every canvas, which takes most of
	// the time on small ones. Only the time of the network grows, as with any cost.
	if iteration, opening, ok = s.measureGrowth(ctx, GramCost, allowed/2); !ok {
		return iteration, opening, false
	}
	ctx, cancel := context.WithTimeout(ctx, allowed)
	defer cancel()
	scale := s.smallScale(cost, firstEstimate)
	first, rest, err := s.shrunk(scale).timed(ctx)
	if err != nil {
		return iteration, opening, false
	}
	pixels := s.pixels(scale.Size)
	iteration.fixed = max(0, rest-iteration.predict(pixels))
	opening.fixed = max(0, first-opening.predict(pixels))
	return iteration, opening, true
}

// smallScale returns a scale of a few iterations with a style cost. Its canvas has as
// many pixels as a square of the given side, but is no larger than the painting.
func (s *session) smallScale(cost StyleCost, side float64) Scale {
	scale := s.scales[len(s.scales)-1]
	scale.StyleCost, scale.Iterations = cost, estimateIterations
	scale.Size = min(scale.Size, s.longOf(side*side))
	return scale
}

// measureGrowth measures iterations on two canvases.
func (s *session) measureGrowth(ctx context.Context, cost StyleCost, allowed time.Duration) (iteration, opening spending, ok bool) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, allowed)
	defer cancel()
	last := s.scales[len(s.scales)-1]
	try := func(side float64) bool {
		scale := s.smallScale(cost, side)
		first, rest, err := s.shrunk(scale).timed(ctx)
		if err != nil {
			return false
		}
		pixels := s.pixels(scale.Size)
		opening.set(pixels, first)
		iteration.set(pixels, rest)
		return true
	}
	if !try(firstEstimate) {
		return iteration, opening, false
	}
	took := time.Since(began)
	if again := time.Now(); took < allowed/againPart && try(firstEstimate) {
		took = time.Since(again)
	}
	const half = 2 // of the remaining time, since larger canvases may be slower
	growth := float64(allowed-time.Since(began)) / float64(took) / half
	side := min(firstEstimate*math.Sqrt(max(growth, minGrowth)), secondEstimate)
	if s.longOf(side*side) <= last.Size {
		try(side)
	}
	return iteration, opening, true
}

// pixels returns the number of pixels of a canvas.
func (s *session) pixels(long int) float64 {
	w, h := s.canvasSize(long)
	return float64(w) * float64(h)
}

// longOf returns the long side of the painting when it has the given number of pixels.
func (s *session) longOf(pixels float64) int {
	long, short := float64(max(s.shape.X, s.shape.Y)), float64(min(s.shape.X, s.shape.Y))
	return int(math.Ceil(math.Sqrt(pixels * long / short)))
}

// shrunk returns a session with a single scale and with pictures no larger than it
// needs.
func (s *session) shrunk(scale Scale) *session {
	w, h := picture.FitLong(s.shape.X, s.shape.Y, scale.Size)
	small := &session{
		recipe: s.recipe, network: s.network, pool: s.pool, shape: s.shape, content: s.content.Resize(w, h),
		opacity: s.opacity, faces: s.faces, deepest: s.deepest, opts: s.opts, memory: s.memory, scales: []Scale{scale}, steps: scale.Iterations,
	}
	small.opts.Resume = nil
	if s.init != nil {
		small.init = s.init.Resize(w, h)
	}
	for _, r := range s.regions {
		of := *r
		of.styles = nil
		for _, style := range r.styles {
			resized := *style
			w, h := picture.FitLong(style.picture.W, style.picture.H, s.styleSize(scale, style))
			resized.picture = style.picture.Resize(w, h)
			of.styles = append(of.styles, &resized)
		}
		small.regions = append(small.regions, &of)
	}
	return small
}

// timed paints. It returns the time until the first iteration has ended and that of
// every other one, in seconds.
func (s *session) timed(ctx context.Context) (first, other float64, err error) {
	began := time.Now()
	var ends []time.Duration
	s.opts.Progress = func(Progress) { ends = append(ends, time.Since(began)) }
	_, err = s.paint(ctx)
	switch {
	case err != nil && len(ends) < estimateIterations-1:
		return 0, 0, err
	case len(ends) == 1: // it converged
		return ends[0].Seconds(), ends[0].Seconds(), nil
	}
	least := ends[1] - ends[0] // other programs only make it longer
	for i := 2; i < len(ends); i++ {
		least = min(least, ends[i]-ends[i-1])
	}
	return ends[0].Seconds(), least.Seconds(), nil
}
