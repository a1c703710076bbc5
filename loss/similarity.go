package loss

import (
	"math"

	"github.com/pastiche-art/pastiche/kernel"
)

// leastDistance is the mean distance of a point from all others below which the
// self-similarity takes it for that: points that all look alike differ by
// rounding alone.
const leastDistance = 1e-6

// SelfSimilarity is the [Joint] content cost of STROTSS (Kolkin et al. 2019, arXiv
// 1904.12785): what looks alike in the content is to look alike in the picture,
// whatever it looks like. With the cosine distances D, n x n, between the
// hypercolumns of n points, of the picture X and of the content C at the same
// points,
//
//	J = 1/n sum over i, j of |DX[i][j]/sum over k of DX[k][j] - DC[i][j]/sum over k of DC[k][j]|
//
// This is the paper's mean over all i and j times n, as its authors' code has it,
// so that it does not depend on the number of points.
type SelfSimilarity struct {
	*Hypercolumn
	weight            float64
	target            *kernel.Matrix // DC, each column divided by its sum
	unit, across      *kernel.Matrix
	distances, pull   *kernel.Matrix // n x n
	transposed        *kernel.Matrix
	sums              []float64
	inverse, products []float64
}

// NewSelfSimilarity returns the cost of a hypercolumn against the columns of the
// content at the same points, n x D, with a weight. The hypercolumn is the cost's
// from then on.
func NewSelfSimilarity(p *kernel.Pool, h *Hypercolumn, content *kernel.Matrix, weight float64) *SelfSimilarity {
	h.check(content, content.Rows == h.points)
	n, d := content.Rows, content.Cols
	t := &SelfSimilarity{Hypercolumn: h, weight: weight, target: kernel.NewMatrix(n, n),
		unit: kernel.NewMatrix(n, d), across: kernel.NewMatrix(d, n),
		distances: kernel.NewMatrix(n, n), pull: kernel.NewMatrix(n, n), transposed: kernel.NewMatrix(n, n),
		sums: make([]float64, n), inverse: make([]float64, n), products: make([]float64, n)}
	t.measure(p, content)
	for j := range n {
		for i := range n {
			t.target.Set(i, j, float32(float64(t.distances.At(i, j))/t.sums[j]))
		}
	}
	return t
}

// measure computes the distances between the rows of x, and their sums.
func (t *SelfSimilarity) measure(p *kernel.Pool, x *kernel.Matrix) {
	n := t.points
	t.unit.Copy(x)
	normalise(p, t.unit, t.inverse)
	p.Transpose(t.across, t.unit)
	p.Multiply(t.distances, t.unit, t.across)
	p.Run(t.distances.Panels(), func(_, b int) {
		panel := t.distances.Panel(b)
		sums := t.sums[b*kernel.Lanes : min((b+1)*kernel.Lanes, n)]
		clear(sums)
		for i := range n {
			row := panel[i*kernel.Lanes:][:len(sums)]
			for k, cosine := range row {
				row[k] = 1 - cosine
				sums[k] += float64(row[k])
			}
		}
		for k, sum := range sums {
			sums[k] = max(sum, leastDistance*float64(n))
		}
	})
}

// Evaluate implements [Joint].
func (t *SelfSimilarity) Evaluate(p *kernel.Pool) float64 {
	t.measure(p, t.Columns())
	n := float64(t.points)
	// pull is minus the gradient with respect to D, that is with respect to the
	// cosines: 1/n (sgn(E[i][j])/sum j - sum over k of sgn(E[k][j]) D[k][j]/(sum j)²)
	// for the differences E.
	cost := p.SumTasks(t.pull.Panels(), func(b int) (cost float64) {
		distances, target, pull := t.distances.Panel(b), t.target.Panel(b), t.pull.Panel(b)
		for k, sum := range t.sums[b*kernel.Lanes : min((b+1)*kernel.Lanes, t.points)] {
			var along float64
			for at := k; at < len(pull); at += kernel.Lanes {
				share := float64(distances[at]) / sum
				off := share - float64(target[at])
				cost += math.Abs(off)
				pull[at] = sign(float32(off))
				along += float64(pull[at]) * share
			}
			for at := k; at < len(pull); at += kernel.Lanes {
				pull[at] = float32((float64(pull[at]) - along) / (n * sum))
			}
		}
		return cost
	})
	// Both points of a pair move: D[i][j] is 1 - u[i]·u[j].
	p.Transpose(t.transposed, t.pull)
	t.pull.AddScaled(1, t.transposed)
	gradient := t.Gradient()
	p.Multiply(gradient, t.pull, t.unit)
	throughLengths(p, gradient, t.unit, t.inverse, t.products, t.weight, nil)
	return cost / n
}
