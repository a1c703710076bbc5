package cost

import (
	"math"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// minDistance is a lower bound of the mean distance of a point from all others. Points
// that are all equal differ by rounding alone.
const minDistance = 1e-6

// SelfSimilarity is the content [Cost] of STROTSS (Kolkin et al. 2019, arXiv
// 1904.12785). It preserves which points of the content look alike, not how they look.
// With the cosine distances D, n x n, between the hypercolumns of n points, of the
// picture X and of the content C at the same points,
//
//	J = 1/n sum over i, j of |DX[i][j]/sum over k of DX[k][j] - DC[i][j]/sum over k of DC[k][j]|
//
// This is the paper's mean over all i and j times n, as in its authors' code, so that
// it does not depend on the number of points.
type SelfSimilarity struct {
	*Hypercolumn
	target            *kernel.Matrix // DC, each column divided by its sum
	unit              directions
	distances         *kernel.Matrix // n x n
	slopes, transpose *kernel.Matrix // n x n: dJ/dD, and its transpose
	sums              []float64
	inverse, scratch  []float64
}

// NewSelfSimilarity returns the cost of a hypercolumn against the columns of the
// content at the same points, n x D. The cost takes ownership of the hypercolumn.
func NewSelfSimilarity(p *kernel.Pool, h *Hypercolumn, content *kernel.Matrix) *SelfSimilarity {
	h.checkPoints(content)
	n, d := content.Rows, content.Cols
	t := &SelfSimilarity{Hypercolumn: h, target: kernel.NewMatrix(n, n),
		unit:      directions{kernel.NewMatrix(n, d), kernel.NewMatrix(d, n)},
		distances: kernel.NewMatrix(n, n), slopes: kernel.NewMatrix(n, n), transpose: kernel.NewMatrix(n, n),
		sums: make([]float64, n), inverse: make([]float64, n), scratch: make([]float64, n)}
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
	t.unit.rows.Copy(x)
	normalise(p, t.unit.rows, t.inverse)
	p.Transpose(t.unit.columns, t.unit.rows)
	p.Multiply(t.distances, t.unit.rows, t.unit.columns)
	p.Run(t.distances.Panels(), func(_, b int) {
		panel, sums := t.distances.Panel(b), t.columnSums(b)
		clear(sums)
		for i := range n {
			row := panel[i*kernel.Lanes:][:len(sums)]
			for k, cosine := range row {
				row[k] = 1 - cosine
				sums[k] += float64(row[k])
			}
		}
		for k, sum := range sums {
			sums[k] = max(sum, minDistance*float64(n))
		}
	})
}

// columnSums returns the column sums of a panel of distances.
func (t *SelfSimilarity) columnSums(panel int) []float64 {
	return t.sums[panel*kernel.Lanes : min((panel+1)*kernel.Lanes, t.points)]
}

// Evaluate implements [Cost].
func (t *SelfSimilarity) Evaluate(p *kernel.Pool, weight float64) float64 {
	t.measure(p, t.Columns())
	cost := p.SumTasks(t.slopes.Panels(), t.computeSlopes)
	// D[i][j] = 1 - u[i]·u[j], so dJ/du = -(dJ/dD + its transpose) u.
	p.Transpose(t.transpose, t.slopes)
	t.slopes.AddScaled(1, t.transpose)
	gradient := t.Gradient()
	p.Multiply(gradient, t.slopes, t.unit.rows)
	normaliseBackward(p, gradient, t.unit.rows, t.inverse, t.scratch, -weight, nil)
	return cost / float64(t.points)
}

// computeSlopes computes a panel of
//
//	dJ/dD[i][j] = 1/n (sgn(E[i][j])/sum[j] - sum over k of sgn(E[k][j]) D[k][j]/sum[j]²)
//
// where E are the differences in the definition of J. It returns the sum of |E|.
func (t *SelfSimilarity) computeSlopes(b int) (cost float64) {
	var (
		distances, target, slopes = t.distances.Panel(b), t.target.Panel(b), t.slopes.Panel(b)
		sums                      = t.columnSums(b)
		along                     [kernel.Lanes]float64
	)
	for at := 0; at < len(slopes); at += kernel.Lanes {
		for k, sum := range sums {
			share := float64(distances[at+k]) / sum
			off := share - float64(target[at+k])
			cost += math.Abs(off)
			slopes[at+k] = sign(float32(off))
			along[k] += float64(slopes[at+k]) * share
		}
	}
	for at := 0; at < len(slopes); at += kernel.Lanes {
		for k, sum := range sums {
			slopes[at+k] = float32((float64(slopes[at+k]) - along[k]) / (float64(t.points) * sum))
		}
	}
	return cost
}

// Work implements [Cost].
func (t *SelfSimilarity) Work() float64 { return 2 * square(t.points) * float64(t.columns.Cols) }
