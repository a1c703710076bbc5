package cost

import (
	"context"
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// A Centre computes the mean row of several matrices, which it is given one by one.
type Centre struct {
	sums []float64
	rows int
}

// Add takes in the rows of a matrix, which has as many columns as those before.
func (c *Centre) Add(p *kernel.Pool, m *kernel.Matrix) {
	if c.sums == nil {
		c.sums = make([]float64, m.Panels()*kernel.Lanes)
	}
	for k, v := range weightedSums(p, m, nil) {
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
	nearest        []int32 // of one part
}

// NewSearch returns a search among candidates that have a mean, as their [Centre]
// has it.
func NewSearch(p *kernel.Pool, queries *kernel.Matrix, mean []float64) *Search {
	q := copied(queries)
	subtract(p, q, columnMeans(p, q))
	return &Search{queries: q, found: kernel.NewMatrix(q.Rows, q.Cols), mean: mean,
		best: slices.Repeat([]float64{math.Inf(-1)}, q.Rows), products: make([]float64, q.Rows), nearest: make([]int32, q.Rows)}
}

// Among takes in a part of the candidates, T x D. Where ctx is cancelled, it fails
// with context.Cause(ctx), and the search is of no use any more.
func (s *Search) Among(ctx context.Context, p *kernel.Pool, candidates *kernel.Matrix) error {
	d := newDirections(p, candidates, s.mean)
	if err := p.ArgmaxProductContext(ctx, s.nearest, s.queries, d.columns); err != nil {
		return err
	}
	rowProducts(p, s.products, s.queries, d.rows, s.nearest)
	for r, v := range s.products {
		if v > s.best[r] {
			s.best[r] = v
			s.found.CopyRow(r, candidates, int(s.nearest[r]))
		}
	}
	return nil
}

// Found returns the nearest of the candidates so far, S x D, not centred.
func (s *Search) Found() *kernel.Matrix { return s.found }
