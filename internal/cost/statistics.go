package cost

import (
	"fmt"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// Statistics are the averages of an activation F, C x N, over its positions that the
// style costs compare.
type Statistics struct {
	Mean   []float64      // of each channel, C
	Second *kernel.Matrix // F Fᵀ/N, the Gram matrix over the number of positions, C x C
}

// Measure returns the statistics of an activation.
func Measure(e kernel.Engine, f *kernel.Tensor) *Statistics {
	return (*Guide)(nil).Measure(e, f, 0, 0)
}

// Blend returns the weighted mean of the statistics of several styles, or of the parts
// of a picture. The weights of parts are their numbers of positions.
func Blend(weights []float64, of ...*Statistics) *Statistics {
	if len(weights) != len(of) || len(of) == 0 {
		panic(fmt.Sprintf("cost: %d weights for %d statistics", len(weights), len(of)))
	}
	var total float64
	for _, w := range weights {
		total += w
	}
	s := newStatistics(len(of[0].Mean))
	for i, o := range of {
		s.Second.AddScaled(float32(weights[i]/total), o.Second)
		for c, m := range o.Mean {
			s.Mean[c] += weights[i] / total * m
		}
	}
	return s
}

// MeanActivation returns the mean of a whole activation over channels and over
// positions, weighted by T². A nil Guide gives all positions the same weight.
func (g *Guide) MeanActivation(e kernel.Engine, f *kernel.Tensor) float64 {
	s := newAccumulator(f.C, g)
	s.sums(e, f, 0, 0)
	return meanOf(s.Mean) / float64(s.means)
}

// MeanActivation returns the mean over channels and positions.
func (s *Statistics) MeanActivation() float64 {
	return meanOf(s.Mean)
}

func newStatistics(channels int) *Statistics {
	return &Statistics{Mean: make([]float64, channels), Second: kernel.NewMatrix(channels, channels)}
}

// An accumulator sums the statistics of an activation over its parts. finish turns the
// sums into means. The first part after finish starts a new sum.
type accumulator struct {
	Statistics
	guide        *Guide
	grams, means int // number of positions in the sums
	part         *Statistics
}

func newAccumulator(channels int, guide *Guide) *accumulator {
	return &accumulator{Statistics: *newStatistics(channels), guide: guide}
}

// gram adds the Gram matrix of a part f.
func (g *accumulator) gram(e kernel.Engine, f *kernel.Tensor, y, x int) {
	if g.guide == nil {
		g.addGram(e, f)
		return
	}
	g.guide.weighted(e, f, g.guide.root, y, x, func(band *kernel.Tensor) { g.addGram(e, band) })
}

func (g *accumulator) addGram(e kernel.Engine, f *kernel.Tensor) {
	to := &g.Statistics
	if g.grams > 0 {
		to = g.scratch()
	}
	e.Gram(to.Second, f)
	if g.grams > 0 {
		g.Second.AddScaled(1, to.Second)
	}
	g.grams += f.Positions()
}

// sums adds the channel sums of a part f.
func (g *accumulator) sums(e kernel.Engine, f *kernel.Tensor, y, x int) {
	if g.guide == nil {
		g.addSums(e, f)
		return
	}
	g.guide.weighted(e, f, g.guide.square, y, x, func(band *kernel.Tensor) { g.addSums(e, band) })
}

func (g *accumulator) addSums(e kernel.Engine, f *kernel.Tensor) {
	to := &g.Statistics
	if g.means > 0 {
		to = g.scratch()
	}
	e.Sums(to.Mean, f)
	if g.means > 0 {
		for c, v := range to.Mean {
			g.Mean[c] += v
		}
	}
	g.means += f.Positions()
}

// scratch returns a buffer for the sums of one part.
func (g *accumulator) scratch() *Statistics {
	if g.part == nil {
		g.part = newStatistics(len(g.Mean))
	}
	return g.part
}

// finish turns the sums into the statistics of scale times the activation and returns
// its number of positions.
func (g *accumulator) finish(scale float64) (positions int) {
	positions = g.grams
	g.Second.Scale(float32(scale * scale / float64(positions)))
	if g.means > 0 {
		for c := range g.Mean {
			g.Mean[c] *= scale / float64(g.means)
		}
	}
	g.grams, g.means = 0, 0
	return positions
}

// scaled returns the statistics of scale times the activation.
func (s *Statistics) scaled(scale float64) *Statistics {
	t := newStatistics(len(s.Mean))
	t.Second.AddScaled(float32(scale*scale), s.Second)
	for c, m := range s.Mean {
		t.Mean[c] = scale * m
	}
	return t
}
