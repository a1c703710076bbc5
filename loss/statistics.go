package loss

import (
	"fmt"

	"github.com/pastiche-art/pastiche/kernel"
)

// Statistics are what the style costs know of an activation F, C x N: no
// positions, only averages over them.
type Statistics struct {
	Mean   []float64      // of each channel, C
	Second *kernel.Matrix // F Fᵀ/N, the Gram matrix over the number of positions, C x C
}

// GramMatrix computes Gram(A) = A Aᵀ to dst, C x C, for the activation f as a
// matrix A of C x (nH nW). A function of dst whose gradient with respect to it
// is the symmetric matrix D has the gradient 2 D A with respect to A, which
// [kernel.Pool.AddProduct] computes.
func GramMatrix(p *kernel.Pool, dst *kernel.Matrix, f *kernel.Tensor) { p.Gram(dst, f) }

// Measure returns the statistics of an activation.
func Measure(p *kernel.Pool, f *kernel.Tensor) *Statistics {
	return (*Guide)(nil).Measure(p, f, 0, 0)
}

// Blend returns the weighted mean of the statistics of several styles, or of
// the parts of one picture, which have weights in proportion to their
// positions.
func Blend(weights []float64, of ...*Statistics) *Statistics {
	if len(weights) != len(of) || len(of) == 0 {
		panic(fmt.Sprintf("loss: %d weights for %d statistics", len(weights), len(of)))
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

// MeanActivation returns the mean over channels and positions.
func (s *Statistics) MeanActivation() float64 {
	var sum float64
	for _, m := range s.Mean {
		sum += m
	}
	return sum / float64(len(s.Mean))
}

func newStatistics(channels int) *Statistics {
	return &Statistics{Mean: make([]float64, channels), Second: kernel.NewMatrix(channels, channels)}
}

// gathering is statistics in the making: sums over the positions of the parts of
// an activation that were seen so far. The first part of a new activation takes
// the place of the last one's statistics.
type gathering struct {
	Statistics
	guide        *Guide
	grams, means int // positions summed up
	part         *Statistics
}

func newGathering(channels int, guide *Guide) *gathering {
	return &gathering{Statistics: *newStatistics(channels), guide: guide}
}

// gram adds the Gram matrix of a part.
func (g *gathering) gram(p *kernel.Pool, f *kernel.Tensor, y, x int) {
	if g.guide == nil {
		g.addGram(p, f)
		return
	}
	g.guide.weighed(p, f, g.guide.root, y, x, func(band *kernel.Tensor) { g.addGram(p, band) })
}

func (g *gathering) addGram(p *kernel.Pool, f *kernel.Tensor) {
	to := &g.Statistics
	if g.grams > 0 {
		to = g.spare()
	}
	GramMatrix(p, to.Second, f)
	if g.grams > 0 {
		g.Second.AddScaled(1, to.Second)
	}
	g.grams += f.Positions()
}

// sums adds the sums of a part.
func (g *gathering) sums(p *kernel.Pool, f *kernel.Tensor, y, x int) {
	if g.guide == nil {
		g.addSums(p, f)
		return
	}
	g.guide.weighed(p, f, g.guide.square, y, x, func(band *kernel.Tensor) { g.addSums(p, band) })
}

func (g *gathering) addSums(p *kernel.Pool, f *kernel.Tensor) {
	to := &g.Statistics
	if g.means > 0 {
		to = g.spare()
	}
	p.Sums(to.Mean, f)
	if g.means > 0 {
		for c, v := range to.Mean {
			g.Mean[c] += v
		}
	}
	g.means += f.Positions()
}

// spare returns room for the sums of one part.
func (g *gathering) spare() *Statistics {
	if g.part == nil {
		g.part = newStatistics(len(g.Mean))
	}
	return g.part
}

// finish turns the sums into the statistics of scale times the activation and
// returns its number of positions.
func (g *gathering) finish(scale float64) (positions int) {
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

// centre turns the second moments into covariances, S = F Fᵀ/N - mu muᵀ.
func (s *Statistics) centre() {
	for i := range s.Second.Panels() {
		panel := s.Second.Panel(i)
		var columns [kernel.Lanes]float64
		copy(columns[:], s.Mean[i*kernel.Lanes:])
		for r, mean := range s.Mean {
			row := (*[kernel.Lanes]float32)(panel[r*kernel.Lanes:])
			for k := range row {
				row[k] = float32(float64(row[k]) - mean*columns[k])
			}
		}
	}
}

// centredGradient is the gradient, with respect to an activation F, of a cost of
// the means and covariances of scale*F: matrix F + bias at every position.
type centredGradient struct {
	matrix *kernel.Matrix
	bias   []float32
	sums   []float64 // bias before it is rounded
}

func newCentredGradient(channels int) centredGradient {
	return centredGradient{matrix: kernel.NewMatrix(channels, channels), bias: make([]float32, channels)}
}

// centredFactor returns 2 weight scale²/N.
func centredFactor(positions int, weight, scale float64) float64 {
	return 2 * weight * scale * scale / float64(positions)
}

// set computes the gradient of weight times the cost,
//
//	dJ/dF = 2 scale²/N dS F + scale/N (dmu - 2 dS mu)
//
// given its gradient dS with respect to the covariances times [centredFactor], which
// matrix holds, that with respect to the means, those means, and the number of
// positions.
func (g *centredGradient) set(dMean, mean []float64, positions int, weight, scale float64) {
	k := weight * scale / float64(positions)
	g.sums = g.sums[:0]
	for _, d := range dMean {
		g.sums = append(g.sums, k*d)
	}
	for i := range g.matrix.Panels() {
		panel := g.matrix.Panel(i)
		var columns [kernel.Lanes]float64
		copy(columns[:], mean[i*kernel.Lanes:])
		for r := range g.sums {
			row := (*[kernel.Lanes]float32)(panel[r*kernel.Lanes:])
			var sum float64
			for k, v := range row {
				sum += float64(v) * columns[k]
			}
			g.sums[r] -= sum / scale
		}
	}
	for r, sum := range g.sums {
		g.bias[r] = float32(sum)
	}
}

func (g *centredGradient) add(p *kernel.Pool, grad, f *kernel.Tensor, guide *Guide, y, x int) {
	guide.addProduct(p, grad, g.matrix, f, g.bias, y, x)
}
