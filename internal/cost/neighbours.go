package cost

import "github.com/pastiche-art/pastiche/internal/kernel"

// NearestNeighbours is the [Cost] of the second phase of neural neighbour style
// transfer (Kolkin et al. 2022, arXiv 2203.13215); with a hypercolumn of one layer it
// is their feature splitting. With x' = x - mean x, and likewise for the hypercolumns s
// of the style,
//
//	J = mean over x of min over s of 1 - x'·s'/(|x'| |s'|)
//
// Both means over x are weighted. Every evaluation searches for the nearest neighbours
// again. The gradient treats them as constant, which is exact where they are unique.
type NearestNeighbours struct {
	*Hypercolumn
	weights           []float64
	style             directions
	unit              *kernel.Matrix
	nearest           []int32
	inverse, products []float64
}

// NewNearestNeighbours returns the cost of a hypercolumn against those of the styles, T
// x D. weights are as in [NewHypercolumnMatching]. The cost takes ownership of the
// hypercolumn.
func NewNearestNeighbours(p *kernel.Pool, h *Hypercolumn, style *kernel.Matrix, weights []float64) *NearestNeighbours {
	h.check(style)
	return &NearestNeighbours{Hypercolumn: h, weights: h.weights(weights), style: newDirections(p, style, columnMeans(p, style)),
		unit: kernel.NewMatrix(h.columns.Rows, h.columns.Cols), nearest: make([]int32, h.points),
		inverse: make([]float64, h.points), products: make([]float64, h.points)}
}

// Evaluate implements [Cost].
func (t *NearestNeighbours) Evaluate(p *kernel.Pool, weight float64) float64 {
	t.unit.Copy(t.Columns())
	subtract(p, t.unit, weightedSums(p, t.unit, t.weights))
	normalise(p, t.unit, t.inverse)
	p.ArgmaxProduct(t.nearest, t.unit, t.style.columns)
	rowProducts(p, t.products, t.unit, t.style.rows, t.nearest)
	cost := 1 - weightedMean(t.products, t.weights)
	gradient := t.Gradient()
	gather(p, gradient, t.style.rows, t.nearest, 1)
	normaliseBackward(p, gradient, t.unit, t.inverse, t.products, -weight, t.weights)
	// Every row contributes its weight to the mean that was subtracted from all rows.
	subtractWeighted(p, gradient, weightedSums(p, gradient, nil), t.weights)
	return cost
}

// Work implements [Cost].
func (t *NearestNeighbours) Work() float64 {
	return float64(t.style.rows.Rows) * float64(t.points) * float64(t.columns.Cols)
}
