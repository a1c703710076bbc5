package loss

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/kernel"
)

// A Centre is the mean row of matrices that are seen one by one.
type Centre struct {
	sums []float64
	rows int
}

// Add takes in the rows of a matrix, which has as many columns as those before.
func (c *Centre) Add(p *kernel.Pool, m *kernel.Matrix) {
	if c.sums == nil {
		c.sums = make([]float64, m.Panels()*kernel.Lanes)
	}
	for k, v := range shareSums(p, m, nil) {
		c.sums[k] += v
	}
	c.rows += m.Rows
}

// Mean returns the mean of the rows so far.
func (c *Centre) Mean() []float64 {
	mean := slices.Clone(c.sums)
	for k := range mean {
		mean[k] /= float64(c.rows)
	}
	return mean
}

// A Search finds, for each row q of queries, S x D, the row k of candidates, that
// is nearest by cosine after both sets were centred,
//
//	argmax over k of (q - mean q)·(k - mean k) / |k - mean k|
//
// and the first of these where several are equally near (Kolkin et al. 2022,
// arXiv 2203.13215). It sees the candidates in parts, so that they need not all be
// in memory.
type Search struct {
	queries, found *kernel.Matrix
	mean           []float64
	best, products []float64
	nearest        []int32 // in one part
}

// NewSearch returns a search among candidates that have a mean, as their [Centre]
// has it.
func NewSearch(p *kernel.Pool, queries *kernel.Matrix, mean []float64) *Search {
	q := copied(queries)
	subtractMean(p, q)
	return &Search{queries: q, found: kernel.NewMatrix(q.Rows, q.Cols), mean: mean,
		best: slices.Repeat([]float64{math.Inf(-1)}, q.Rows), products: make([]float64, q.Rows), nearest: make([]int32, q.Rows)}
}

// Among looks at a part of the candidates, T x D. Where ctx is cancelled, it fails
// with context.Cause(ctx), and the search is of no use any more.
func (s *Search) Among(ctx context.Context, p *kernel.Pool, candidates *kernel.Matrix) error {
	along := copied(candidates)
	subtract(p, along, s.mean)
	d := unitDirections(p, along)
	if err := p.GreatestContext(ctx, s.nearest, s.queries, d.across); err != nil {
		return err
	}
	rowProducts(p, s.products, s.queries, d.along, s.nearest)
	for r, v := range s.products {
		if v > s.best[r] {
			s.best[r] = v
			s.found.CopyRow(r, candidates, int(s.nearest[r]))
		}
	}
	return nil
}

// Found returns the nearest of the candidates so far, S x D, as they are.
func (s *Search) Found() *kernel.Matrix { return s.found }

// directions are rows of length 1, T x D, and the same as columns.
type directions struct{ along, across *kernel.Matrix }

// newDirections returns the directions of the rows of a matrix, from their mean
// or from zero.
func newDirections(p *kernel.Pool, of *kernel.Matrix, centred bool) directions {
	along := copied(of)
	if centred {
		subtractMean(p, along)
	}
	return unitDirections(p, along)
}

// unitDirections gives the rows of a matrix, which becomes part of the result, a
// length of 1.
func unitDirections(p *kernel.Pool, along *kernel.Matrix) directions {
	d := directions{along, kernel.NewMatrix(along.Cols, along.Rows)}
	normalise(p, d.along, make([]float64, along.Rows))
	p.Transpose(d.across, d.along)
	return d
}

// HypercolumnMatching is the [Joint] cost of the first phase of neural neighbour
// style transfer (Kolkin et al. 2022, arXiv 2203.13215): every hypercolumn x of
// the picture is to have the direction of the one t that was chosen for it,
//
//	J = mean of 1 - x·t/(|x| |t|)
//
// where each x has its share in the mean. The targets are those of the style's
// hypercolumns that a [Search] found.
type HypercolumnMatching struct {
	*Hypercolumn
	weight            float64
	shares            []float64
	targets, unit     *kernel.Matrix
	inverse, products []float64
}

// NewHypercolumnMatching returns the cost of a hypercolumn against targets, S x D,
// with a weight. The points have shares, which add up to 1, in the mean, or where
// these are nil, all the same. The hypercolumn is the cost's from then on.
func NewHypercolumnMatching(p *kernel.Pool, h *Hypercolumn, targets *kernel.Matrix, shares []float64, weight float64) *HypercolumnMatching {
	h.check(targets, targets.Rows == h.points)
	t := &HypercolumnMatching{Hypercolumn: h, weight: weight, shares: h.shares(shares), targets: copied(targets), unit: copied(targets),
		inverse: make([]float64, h.points), products: make([]float64, h.points)}
	normalise(p, t.targets, t.inverse)
	return t
}

// check panics unless a matrix fits the columns.
func (h *Hypercolumn) check(m *kernel.Matrix, rows bool) {
	if m.Cols != h.columns.Cols || !rows {
		panic(fmt.Sprintf("loss: %d x %d for hypercolumns of %d x %d", m.Rows, m.Cols, h.columns.Rows, h.columns.Cols))
	}
}

// shares returns the shares of the points.
func (h *Hypercolumn) shares(of []float64) []float64 {
	if of == nil {
		return evenShares(h.points)
	}
	if len(of) != h.points {
		panic(fmt.Sprintf("loss: %d shares for a hypercolumn of %d points", len(of), h.points))
	}
	return of
}

// Evaluate implements [Joint].
func (t *HypercolumnMatching) Evaluate(p *kernel.Pool) float64 {
	t.unit.Copy(t.Columns())
	normalise(p, t.unit, t.inverse)
	rowProducts(p, t.products, t.unit, t.targets, nil)
	cost := 1 - weighedMean(t.products, t.shares)
	pull := t.Gradient()
	pull.Copy(t.targets)
	throughLengths(p, pull, t.unit, t.inverse, t.products, t.weight, t.shares)
	return cost
}

// NearestNeighbours is the [Joint] cost of the second phase of neural neighbour
// style transfer (Kolkin et al. 2022, arXiv 2203.13215), their feature splitting
// where the hypercolumn has but one layer: with x' = x - mean x and likewise for
// the style's hypercolumns s,
//
//	J = mean over x of min over s of 1 - x'·s'/(|x'| |s'|)
//
// where each x has its share in both of its means.
// The nearest are looked for at each evaluation, as a [Search] does. The gradient
// is that with the choice held constant, as it is where the choice is unique.
type NearestNeighbours struct {
	*Hypercolumn
	weight            float64
	shares            []float64
	style             directions
	unit              *kernel.Matrix
	nearest           []int32
	inverse, products []float64
}

// NewNearestNeighbours returns the cost of a hypercolumn against those of the
// styles, T x D, with a weight. The points have shares as those of
// [NewHypercolumnMatching] do. The hypercolumn is the cost's from then on.
func NewNearestNeighbours(p *kernel.Pool, h *Hypercolumn, style *kernel.Matrix, shares []float64, weight float64) *NearestNeighbours {
	h.check(style, true)
	return &NearestNeighbours{Hypercolumn: h, weight: weight, shares: h.shares(shares), style: newDirections(p, style, true),
		unit: kernel.NewMatrix(h.columns.Rows, h.columns.Cols), nearest: make([]int32, h.points),
		inverse: make([]float64, h.points), products: make([]float64, h.points)}
}

// Evaluate implements [Joint].
func (t *NearestNeighbours) Evaluate(p *kernel.Pool) float64 {
	t.unit.Copy(t.Columns())
	subtract(p, t.unit, shareSums(p, t.unit, t.shares))
	normalise(p, t.unit, t.inverse)
	p.Greatest(t.nearest, t.unit, t.style.across)
	rowProducts(p, t.products, t.unit, t.style.along, t.nearest)
	cost := 1 - weighedMean(t.products, t.shares)
	pull := t.Gradient()
	gather(p, pull, t.style.along, t.nearest, 1)
	throughLengths(p, pull, t.unit, t.inverse, t.products, t.weight, t.shares)
	// Each row has its share in the mean that all lost.
	subtractShares(p, pull, shareSums(p, pull, nil), t.shares)
	return cost
}
