package cost

import "github.com/pastiche-art/pastiche/internal/kernel"

// NearestNeighbours is the [Cost] cost of the second phase of neural neighbour
// style transfer (Kolkin et al. 2022, arXiv 2203.13215), their feature splitting
// where the hypercolumn has but one layer: with x' = x - mean x and likewise for
// the style's hypercolumns s,
//
//	J = mean over x of min over s of 1 - x'·s'/(|x'| |s'|)
//
// where each x has its share in both means over x. Every evaluation looks for the
// nearest anew, as a [Search] does. The gradient holds the choice constant, which is
// exact where the choice is unique.
type NearestNeighbours struct {
	*Hypercolumn
	shares            []float64
	style             directions
	unit              *kernel.Matrix
	nearest           []int32
	inverse, products []float64
}

// NewNearestNeighbours returns the cost of a hypercolumn against those of the
// styles, T x D. The points have shares as those of [NewHypercolumnMatching] do. The
// hypercolumn is the cost's from then on.
func NewNearestNeighbours(p *kernel.Pool, h *Hypercolumn, style *kernel.Matrix, shares []float64) *NearestNeighbours {
	h.check(style)
	return &NearestNeighbours{Hypercolumn: h, shares: h.shares(shares), style: newDirections(p, style, columnMeans(p, style)),
		unit: kernel.NewMatrix(h.columns.Rows, h.columns.Cols), nearest: make([]int32, h.points),
		inverse: make([]float64, h.points), products: make([]float64, h.points)}
}

// Evaluate implements [Cost].
func (t *NearestNeighbours) Evaluate(p *kernel.Pool, weight float64) float64 {
	t.unit.Copy(t.Columns())
	subtract(p, t.unit, weightedSums(p, t.unit, t.shares))
	normalise(p, t.unit, t.inverse)
	p.ArgmaxProduct(t.nearest, t.unit, t.style.columns)
	rowProducts(p, t.products, t.unit, t.style.rows, t.nearest)
	cost := 1 - weightedMean(t.products, t.shares)
	gradient := t.Gradient()
	gather(p, gradient, t.style.rows, t.nearest, 1)
	normaliseBackward(p, gradient, t.unit, t.inverse, t.products, -weight, t.shares)
	// Each row has its share in the mean that all lost.
	subtractShares(p, gradient, weightedSums(p, gradient, nil), t.shares)
	return cost
}

// Work implements [Cost].
func (t *NearestNeighbours) Work() float64 {
	return float64(t.style.rows.Rows) * float64(t.points) * float64(t.columns.Cols)
}
