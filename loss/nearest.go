package loss

import (
	"fmt"

	"github.com/pastiche-art/pastiche/kernel"
)

// Nearest returns, for each row q of queries, S x D, the row k of candidates,
// T x D, that is nearest by cosine after both sets were centred,
//
//	argmax over k of (q - mean q)·(k - mean k) / |k - mean k|
//
// and the first of these where several are equally near (Kolkin et al. 2022,
// arXiv 2203.13215).
func Nearest(p *kernel.Pool, queries, candidates *kernel.Matrix) []int32 {
	q := copied(queries)
	subtractMean(p, q)
	nearest := make([]int32, q.Rows)
	p.Greatest(nearest, q, newDirections(p, candidates, true).across)
	return nearest
}

// directions are rows of length 1, T x D, and the same as columns.
type directions struct{ along, across *kernel.Matrix }

// newDirections returns the directions of the rows of a matrix, from their mean
// or from zero.
func newDirections(p *kernel.Pool, of *kernel.Matrix, centred bool) directions {
	d := directions{copied(of), kernel.NewMatrix(of.Cols, of.Rows)}
	if centred {
		subtractMean(p, d.along)
	}
	normalise(p, d.along, make([]float64, of.Rows))
	p.Transpose(d.across, d.along)
	return d
}

// HypercolumnMatching is the [Joint] cost of the first phase of neural neighbour
// style transfer (Kolkin et al. 2022, arXiv 2203.13215): every hypercolumn x of
// the picture is to have the direction of the one t that was chosen for it,
//
//	J = mean of 1 - x·t/(|x| |t|)
//
// The targets are rows of the style's hypercolumns, chosen once with [Nearest] and
// taken out with [Select].
type HypercolumnMatching struct {
	*Hypercolumn
	weight            float64
	targets, unit     *kernel.Matrix
	inverse, products []float64
}

// NewHypercolumnMatching returns the cost of a hypercolumn against targets, S x D,
// with a weight. The hypercolumn is the cost's from then on.
func NewHypercolumnMatching(p *kernel.Pool, h *Hypercolumn, targets *kernel.Matrix, weight float64) *HypercolumnMatching {
	h.check(targets, targets.Rows == h.points)
	t := &HypercolumnMatching{Hypercolumn: h, weight: weight, targets: copied(targets), unit: copied(targets),
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

// Evaluate implements [Joint].
func (t *HypercolumnMatching) Evaluate(p *kernel.Pool) float64 {
	t.unit.Copy(t.Columns())
	normalise(p, t.unit, t.inverse)
	rowProducts(p, t.products, t.unit, t.targets, nil)
	cost := 1 - meanOf(t.products)
	pull := t.Gradient()
	pull.Copy(t.targets)
	throughLengths(p, pull, t.unit, t.inverse, t.products, t.weight/float64(t.points))
	return cost
}

// NearestNeighbours is the [Joint] cost of the second phase of neural neighbour
// style transfer (Kolkin et al. 2022, arXiv 2203.13215), their feature splitting
// where the hypercolumn has but one layer: with x' = x - mean x and likewise for
// the style's hypercolumns s,
//
//	J = mean over x of min over s of 1 - x'·s'/(|x'| |s'|)
//
// The nearest are looked for at each evaluation, as [Nearest] does. The gradient
// is that with the choice held constant, as it is where the choice is unique.
type NearestNeighbours struct {
	*Hypercolumn
	weight            float64
	style             directions
	unit              *kernel.Matrix
	nearest           []int32
	inverse, products []float64
}

// NewNearestNeighbours returns the cost of a hypercolumn against those of the
// styles, T x D, with a weight. The hypercolumn is the cost's from then on.
func NewNearestNeighbours(p *kernel.Pool, h *Hypercolumn, style *kernel.Matrix, weight float64) *NearestNeighbours {
	h.check(style, true)
	return &NearestNeighbours{Hypercolumn: h, weight: weight, style: newDirections(p, style, true),
		unit: kernel.NewMatrix(h.columns.Rows, h.columns.Cols), nearest: make([]int32, h.points),
		inverse: make([]float64, h.points), products: make([]float64, h.points)}
}

// Evaluate implements [Joint].
func (t *NearestNeighbours) Evaluate(p *kernel.Pool) float64 {
	t.unit.Copy(t.Columns())
	subtractMean(p, t.unit)
	normalise(p, t.unit, t.inverse)
	p.Greatest(t.nearest, t.unit, t.style.across)
	rowProducts(p, t.products, t.unit, t.style.along, t.nearest)
	cost := 1 - meanOf(t.products)
	pull := t.Gradient()
	gather(p, pull, t.style.along, t.nearest, 1)
	throughLengths(p, pull, t.unit, t.inverse, t.products, t.weight/float64(t.points))
	// Each row has its share in the mean that all lost.
	subtractMean(p, pull)
	return cost
}
