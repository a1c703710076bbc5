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
	// LookMemory is what painting a look may take, in bytes, besides the painting that
	// the same worker is at work on.
	LookMemory = 384 << 20
	// lookRetention is how long a look stays when it is finished, or waits.
	lookRetention = 10 * time.Minute
	// lookAttempts is the maxAttempts of looks.
	lookAttempts = 2
	// lookInput is the long side of the pictures that a look is painted from, in pixels.
	lookInput = smallSize
	// lookFirst is the long side of the first of several scales of a look. At smaller
	// ones the style's composition is painted with its strokes.
	lookFirst = 80
	// lookAveraging is the decay of the mean over fewer iterations.
	lookAveraging = 0.8
	// lookLongest is the longest side of a look of a photo so narrow that the network
	// sees nothing of it at [api.LookSize].
	lookLongest = 4 * api.LookSize
)

// lookIterations are the most iterations of a look at a scale, by the style cost: on two
// processors with AVX-512, all scales take a second or two.
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
		// Few steps that are as small as those of many would leave the photo as it is.
		r.LearningRate *= math.Sqrt(float64(r.Iterations) / float64(few))
		r.Averaging = min(r.Averaging, lookAveraging)
	}
	r.Iterations = bounded(r.Iterations, "", r)
	r.FirstIterations = bounded(r.FirstIterations, "", r)
	r.FinalIterations = bounded(r.FinalIterations, r.FinalCost, r)
}

// bounded returns how many of so many iterations a look makes with a style cost, or with
// that of the recipe where it is "".
func bounded(iterations int, cost paint.StyleCost, of *paint.Recipe) int {
	if cost == "" {
		cost = of.StyleCost
	}
	return min(iterations, lookIterations[cost])
}

// widen gives a look of a narrow photo the size that the network needs, as the error of
// a check says. It reports false where there is no such size.
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
