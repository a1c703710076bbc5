package job

import (
	"errors"
	"math"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/paint"
)

// A quick look is a job that shows within seconds what a painting will look like. It is
// small and ends early, is in no list of jobs, and is deleted soon.

const (
	// LookMemory is the memory in bytes that painting a look may take, in addition to
	// the job that the same worker paints at the same time.
	LookMemory = 384 << 20
	// lookRetention is how long a finished look is kept, and how long a queued one waits
	// before it is deleted.
	lookRetention = 10 * time.Minute
	// lookAttempts takes the place of maxAttempts for looks.
	lookAttempts = 2
	// lookInput is the long side of the pictures that a look is painted from, in pixels.
	lookInput = smallSize
	// lookFirst is the least long side of the first of several scales of a look, in
	// pixels. A smaller scale copies the composition of the style, not only its strokes.
	lookFirst = 80
	// lookAveraging is the decay of the mean over fewer iterations.
	lookAveraging = 0.8
	// lookLongest is the longest side of a look of a photo so narrow that the network
	// sees nothing of it at [api.LookSize].
	lookLongest = 4 * api.LookSize
)

// lookIterations are the most iterations of a look at one scale, by style cost. With
// them, a look takes one or two seconds on two processors with AVX-512.
var lookIterations = map[paint.StyleCost]int{
	paint.GramCost:        100,
	paint.WassersteinCost: 40,
	paint.NearestCost:     60,
	paint.SplitCost:       12,
	paint.EarthMoverCost:  24,
}

// look changes a recipe for a quick look: its size is at most [api.LookSize], it has
// fewer scales, and the iterations are bounded.
func look(r *paint.Recipe) {
	largest := r.Size
	if n := len(r.Scales); n > 0 {
		largest = r.Scales[n-1].Size
	}
	ratio := min(1, api.LookSize/float64(largest))
	shrunk := func(pixels int) int { return int(math.Round(float64(pixels) * ratio)) }
	r.Size = shrunk(largest)
	if r.FirstSize > 0 {
		r.FirstSize = max(shrunk(r.FirstSize), lookFirst)
	}
	r.StyleSize = shrunk(r.StyleSize)
	scales := r.Scales
	r.Scales = nil
	for _, s := range scales {
		s.Size, s.Iterations = shrunk(s.Size), bounded(s.Iterations, s.StyleCost, r)
		r.Scales = append(r.Scales, s)
	}
	if few := bounded(r.Iterations, "", r); r.Pyramid > 1 && few < r.Iterations {
		// Fewer steps have to be larger: otherwise the photo would hardly change.
		r.LearningRate *= math.Sqrt(float64(r.Iterations) / float64(few))
		r.Averaging = min(r.Averaging, lookAveraging)
	}
	r.Iterations = bounded(r.Iterations, "", r)
	r.FirstIterations = bounded(r.FirstIterations, "", r)
	r.FinalIterations = bounded(r.FinalIterations, r.FinalCost, r)
}

// bounded returns the number of iterations of a look where a painting has iterations:
// at most lookIterations of the cost. The cost "" stands for the recipe's.
func bounded(iterations int, cost paint.StyleCost, of *paint.Recipe) int {
	if cost == "" {
		cost = of.StyleCost
	}
	return min(iterations, lookIterations[cost])
}

// widen enlarges the recipe of a look of a narrow photo to the size that the network
// needs, which a [*paint.SizeError] in err names. It returns false, and changes nothing,
// where err names no size or one over lookLongest.
func widen(r *paint.Recipe, err error) bool {
	var small *paint.SizeError
	if !errors.As(err, &small) || small.Least <= r.Size || small.Least > lookLongest || len(r.Scales) > 0 {
		return false // scales have sizes of their own
	}
	r.Size, r.FirstSize = small.Least, 0
	return true
}

// maxAttempts returns the number of failed attempts in a row after which a job fails.
func (r *Record) maxAttempts() int {
	if r.Look {
		return lookAttempts
	}
	return maxAttempts
}
