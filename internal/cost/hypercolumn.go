package cost

import (
	"fmt"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// A Map describes the activation of a layer in a [Hypercolumn].
type Map struct {
	C, H, W int
	// Factor multiplies the activations; 0 means 1. Kolkin et al. 2022 use 1/C, so that
	// layers with many channels do not outweigh the others.
	Factor float64
}

// A Hypercolumn samples several layers at the same points of a picture and concatenates
// the samples (Hariharan et al. 2015, arXiv 1411.5752). Its columns are a matrix X, S x
// D: a row for each of S points, with an entry for each channel of each layer. It
// interpolates bilinearly between positions. Each layer begins at a multiple of sixteen
// entries; the entries in between are always zero.
//
// It implements Observe and AddGradient of [Cost] for all costs of hypercolumns.
type Hypercolumn struct {
	layers            []sampled
	points            int
	channels          int // channels of all layers: the entries of a row without padding
	columns, gradient *kernel.Matrix
	observing         bool
}

// sampled is a layer with its sampling points.
type sampled struct {
	Map
	column int // the first column of the layer
	at     []kernel.Corners
}

// NewHypercolumn returns the hypercolumn of the given layers at the given points.
func NewHypercolumn(points []Point, layers ...Map) *Hypercolumn {
	h := &Hypercolumn{points: len(points)}
	var columns int
	for _, m := range layers {
		if m.Factor == 0 {
			m.Factor = 1
		}
		h.layers = append(h.layers, sampled{m, columns, make([]kernel.Corners, len(points))})
		h.channels += m.C
		columns += (m.C + kernel.Lanes - 1) / kernel.Lanes * kernel.Lanes
	}
	h.columns = kernel.NewMatrix(len(points), columns)
	h.gradient = kernel.NewMatrix(len(points), columns)
	h.SetPoints(points)
	return h
}

// SetPoints replaces the points. Their number must stay the same.
func (h *Hypercolumn) SetPoints(points []Point) {
	if len(points) != h.points {
		panic(fmt.Sprintf("cost: a hypercolumn of %d points moves to %d", h.points, len(points)))
	}
	for _, l := range h.layers {
		for i, at := range points {
			l.at[i] = at.corners(l.H, l.W, l.Factor)
		}
	}
}

// Observe adds the samples in a part f of the activation of a layer to the columns. The
// first position of f is in row y and column x of the whole.
func (h *Hypercolumn) Observe(e kernel.Engine, layer int, f *kernel.Tensor, y, x int) {
	if !h.observing {
		h.columns.Clear()
		h.observing = true
	}
	l := h.layer(layer, f, y, x)
	e.Sample(h.columns, l.column, f, l.at, y, x)
}

// Columns ends an observation and returns X, S x D, which is valid until the next
// Observe.
func (h *Hypercolumn) Columns() *kernel.Matrix {
	h.observing = false
	return h.columns
}

// Gradient returns the matrix, S x D, in which a cost stores the gradient with respect
// to X for [Hypercolumn.AddGradient].
func (h *Hypercolumn) Gradient() *kernel.Matrix { return h.gradient }

// AddGradient adds the gradient with respect to a part of the activation of a layer to
// grad.
func (h *Hypercolumn) AddGradient(e kernel.Engine, layer int, grad, _ *kernel.Tensor, y, x int) {
	l := h.layer(layer, grad, y, x)
	e.SampleBack(grad, h.gradient, l.column, l.at, y, x)
}

// layer returns a layer. It panics unless the part lies within it.
func (h *Hypercolumn) layer(number int, part *kernel.Tensor, y, x int) *sampled {
	l := &h.layers[number]
	if part.C != l.C || y < 0 || x < 0 || y+part.H > l.H || x+part.W > l.W {
		panic(fmt.Sprintf("cost: %d x %d x %d from (%d, %d) on of a layer of %d x %d x %d", part.C, part.H, part.W, y, x, l.C, l.H, l.W))
	}
	return l
}

// check panics unless m has as many columns as the hypercolumn.
func (h *Hypercolumn) check(m *kernel.Matrix) {
	if m.Cols != h.columns.Cols {
		panic(fmt.Sprintf("cost: %d x %d for hypercolumns of %d x %d", m.Rows, m.Cols, h.columns.Rows, h.columns.Cols))
	}
}

// checkPoints panics unless m has the shape of the columns.
func (h *Hypercolumn) checkPoints(m *kernel.Matrix) {
	h.check(m)
	if m.Rows != h.points {
		panic(fmt.Sprintf("cost: %d rows for a hypercolumn of %d points", m.Rows, h.points))
	}
}

// weights returns the given weights of the points, or equal weights where they are nil.
func (h *Hypercolumn) weights(given []float64) []float64 {
	if given == nil {
		return uniformWeights(h.points)
	}
	if len(given) != h.points {
		panic(fmt.Sprintf("cost: %d shares for a hypercolumn of %d points", len(given), h.points))
	}
	return given
}

// Stack concatenates the rows of several matrices with the same number of columns: the
// hypercolumns of several styles, for example, or of a rotated style.
func Stack(of ...*kernel.Matrix) *kernel.Matrix {
	var rows int
	for _, m := range of {
		if m.Cols != of[0].Cols {
			panic(fmt.Sprintf("cost: a matrix of %d columns below one of %d", m.Cols, of[0].Cols))
		}
		rows += m.Rows
	}
	all := kernel.NewMatrix(rows, of[0].Cols)
	for i := range all.Panels() {
		to := all.Panel(i)
		for _, m := range of {
			to = to[copy(to, m.Panel(i)):]
		}
	}
	return all
}
