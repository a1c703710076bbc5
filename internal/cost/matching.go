package cost

import "github.com/pastiche-art/pastiche/internal/kernel"

// HypercolumnMatching is the [Cost] of the first phase of neural neighbour style
// transfer (Kolkin et al. 2022, arXiv 2203.13215). It compares the direction of every
// hypercolumn x of the picture with that of its target t:
//
//	J = weighted mean of 1 - x·t/(|x| |t|)
//
// A [Search] has found the targets among the hypercolumns of the style.
type HypercolumnMatching struct {
	*Hypercolumn
	weights           []float64
	targets, unit     *kernel.Matrix
	inverse, products []float64
}

// NewHypercolumnMatching returns the cost of a hypercolumn against targets, S x D.
// weights are the weights of the points in the mean and add up to 1; nil weights all
// alike. The cost takes ownership of the hypercolumn.
func NewHypercolumnMatching(p *kernel.Pool, h *Hypercolumn, targets *kernel.Matrix, weights []float64) *HypercolumnMatching {
	h.checkPoints(targets)
	t := &HypercolumnMatching{Hypercolumn: h, weights: h.weights(weights), targets: copied(targets), unit: copied(targets),
		inverse: make([]float64, h.points), products: make([]float64, h.points)}
	normalise(p, t.targets, t.inverse)
	return t
}

// Evaluate implements [Cost].
func (t *HypercolumnMatching) Evaluate(p *kernel.Pool, weight float64) float64 {
	t.unit.Copy(t.Columns())
	normalise(p, t.unit, t.inverse)
	rowProducts(p, t.products, t.unit, t.targets, nil)
	cost := 1 - weightedMean(t.products, t.weights)
	gradient := t.Gradient()
	gradient.Copy(t.targets)
	normaliseBackward(p, gradient, t.unit, t.inverse, t.products, -weight, t.weights)
	return cost
}

// Work implements [Cost].
func (t *HypercolumnMatching) Work() float64 { return float64(t.points) * float64(t.columns.Cols) }
