package cost

import (
	"context"
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// A RowMean computes the mean row of several matrices.
type RowMean struct {
	sums []float64
	rows int
}

// Add adds the rows of a matrix. All matrices have the same number of columns.
func (c *RowMean) Add(p *kernel.Pool, m *kernel.Matrix) {
	if c.sums == nil {
		c.sums = make([]float64, m.Panels()*kernel.Lanes)
	}
	for k, v := range weightedSums(p, m, nil) {
		c.sums[k] += v
	}
	c.rows += m.Rows
}

// Mean returns the mean of the rows added so far.
func (c *RowMean) Mean() []float64 {
	mean := slices.Clone(c.sums)
	for k := range mean {
		mean[k] /= float64(c.rows)
	}
	return mean
}

// A Search finds, for each row q of queries, S x D, the nearest row k of candidates by
// cosine, after both sets have been centered,
//
//	argmax over k of (q - mean q)·(k - mean k) / |k - mean k|
//
// and the first of several equally near rows (Kolkin et al. 2022, arXiv 2203.13215). It
// takes the candidates in parts, which need not be in memory at the same time.
type Search struct {
	queries, found *kernel.Matrix
	mean           []float64
	best, products []float64
	nearest        []int32 // the nearest candidates in one part
}

// NewSearch returns a search among candidates with the given mean row, which a
// [RowMean] has computed.
func NewSearch(p *kernel.Pool, queries *kernel.Matrix, mean []float64) *Search {
	q := copied(queries)
	subtract(p, q, columnMeans(p, q))
	return &Search{queries: q, found: kernel.NewMatrix(q.Rows, q.Cols), mean: mean,
		best: slices.Repeat([]float64{math.Inf(-1)}, q.Rows), products: make([]float64, q.Rows), nearest: make([]int32, q.Rows)}
}

// AddCandidates searches a part of the candidates, T x D. Where ctx is cancelled it
// fails with context.Cause(ctx), and the search must not be used any more.
func (s *Search) AddCandidates(ctx context.Context, p *kernel.Pool, candidates *kernel.Matrix) error {
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

// Found returns the nearest of the candidates so far, S x D, as they were before
// centering.
func (s *Search) Found() *kernel.Matrix { return s.found }
