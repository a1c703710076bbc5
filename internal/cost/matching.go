package cost

import "github.com/pastiche-art/pastiche/internal/kernel"

// HypercolumnMatching is the [Cost] of the first phase of neural neighbour
// style transfer (Kolkin et al. 2022, arXiv 2203.13215): every hypercolumn x of
// the picture is to have the direction of the target t that was chosen for it,
//
//	J = mean of 1 - x·t/(|x| |t|)
//
// where each x has its share in the mean. The targets are the style's hypercolumns
// that a [Search] found.
type HypercolumnMatching struct {
	*Hypercolumn
	shares            []float64
	targets, unit     *kernel.Matrix
	inverse, products []float64
}

// NewHypercolumnMatching returns the cost of a hypercolumn against targets, S x D.
// Each point has a share in the mean, which add up to 1, or where these are nil, all
// the same. The hypercolumn is the cost's from then on.
func NewHypercolumnMatching(p *kernel.Pool, h *Hypercolumn, targets *kernel.Matrix, shares []float64) *HypercolumnMatching {
	h.checkPoints(targets)
	t := &HypercolumnMatching{Hypercolumn: h, shares: h.shares(shares), targets: copied(targets), unit: copied(targets),
		inverse: make([]float64, h.points), products: make([]float64, h.points)}
	normalise(p, t.targets, t.inverse)
	return t
}

// Evaluate implements [Cost].
func (t *HypercolumnMatching) Evaluate(p *kernel.Pool, weight float64) float64 {
	t.unit.Copy(t.Columns())
	normalise(p, t.unit, t.inverse)
	rowProducts(p, t.products, t.unit, t.targets, nil)
	cost := 1 - weightedMean(t.products, t.shares)
	gradient := t.Gradient()
	gradient.Copy(t.targets)
	normaliseBackward(p, gradient, t.unit, t.inverse, t.products, -weight, t.shares)
	return cost
}

// Work implements [Cost].
func (t *HypercolumnMatching) Work() float64 { return float64(t.points) * float64(t.columns.Cols) }
