package loss

import (
	"fmt"

	"github.com/pastiche-art/pastiche/kernel"
)

// A Map is the shape of the activation of a layer in a [Hypercolumn].
type Map struct {
	C, H, W int
	// Scale multiplies the activations; 0 means 1. Kolkin et al. 2022 have 1/C,
	// so that layers of many channels do not outweigh the others.
	Scale float64
}

// A Hypercolumn looks at several layers at the same points of a picture and lays
// what it sees there side by side (Hariharan et al. 2015, arXiv 1411.5752): its
// columns are a matrix X, S x D, of a row for each of S points and as many
// entries as the layers have channels. Between positions it interpolates
// bilinearly. Each layer begins at a multiple of sixteen entries; those between
// are always zero.
//
// It is the part of a [Joint] cost that all costs of hypercolumns share.
type Hypercolumn struct {
	layers            []sampled
	points            int
	channels          int // entries of a row that a layer has, not padding
	columns, gradient *kernel.Matrix
	seen              bool // since the last observation ended
}

// sampled is a layer at the points.
type sampled struct {
	Map
	panel int // the first of the layer's
	at    []corners
}

// NewHypercolumn returns the hypercolumn of some layers at some points.
func NewHypercolumn(points []Point, layers ...Map) *Hypercolumn {
	h := &Hypercolumn{points: len(points)}
	var panels int
	for _, m := range layers {
		if m.Scale == 0 {
			m.Scale = 1
		}
		h.layers = append(h.layers, sampled{m, panels, make([]corners, len(points))})
		h.channels += m.C
		panels += (m.C + kernel.Lanes - 1) / kernel.Lanes
	}
	h.columns = kernel.NewMatrix(len(points), panels*kernel.Lanes)
	h.gradient = kernel.NewMatrix(len(points), panels*kernel.Lanes)
	h.Move(points)
	return h
}

// Move makes the hypercolumn look at other points, as many as before.
func (h *Hypercolumn) Move(points []Point) {
	if len(points) != h.points {
		panic(fmt.Sprintf("loss: a hypercolumn of %d points moves to %d", h.points, len(points)))
	}
	for _, l := range h.layers {
		for i, at := range points {
			l.at[i] = at.around(l.H, l.W, l.Scale)
		}
	}
}

// Observe adds a part f of the activation of a layer, whose first position lies
// in row y and column x of the whole, to the columns.
func (h *Hypercolumn) Observe(p *kernel.Pool, layer int, f *kernel.Tensor, y, x int) {
	if !h.seen {
		h.columns.Clear()
		h.seen = true
	}
	h.each(p, layer, f, y, x, func(column, at []float32, weight float32) {
		for k, v := range at {
			column[k] += weight * v
		}
	}, h.columns)
}

// Columns ends an observation and returns X, S x D, which stays as it is until
// the next one.
func (h *Hypercolumn) Columns() *kernel.Matrix {
	h.seen = false
	return h.columns
}

// Gradient returns the matrix, S x D, from which [Hypercolumn.AddGradient] takes
// the gradient with respect to X.
func (h *Hypercolumn) Gradient() *kernel.Matrix { return h.gradient }

// AddGradient adds the gradient with respect to a part of the activation of a
// layer to grad.
func (h *Hypercolumn) AddGradient(p *kernel.Pool, layer int, grad, _ *kernel.Tensor, y, x int) {
	h.each(p, layer, grad, y, x, func(column, at []float32, weight float32) {
		for k, v := range column {
			at[k] += weight * v
		}
	}, h.gradient)
}

// each calls do for sixteen entries of a row of m and sixteen channels of a
// position of the part that has a share in them.
func (h *Hypercolumn) each(p *kernel.Pool, layer int, part *kernel.Tensor, y, x int, do func(column, at []float32, weight float32), m *kernel.Matrix) {
	l := h.layers[layer]
	if part.C != l.C || y < 0 || x < 0 || y+part.H > l.H || x+part.W > l.W {
		panic(fmt.Sprintf("loss: %d x %d x %d from (%d, %d) on of a layer of %d x %d x %d", part.C, part.H, part.W, y, x, l.C, l.H, l.W))
	}
	p.Run(part.Blocks(), func(_, b int) {
		columns := m.Panel(l.panel + b)
		for i, around := range l.at {
			for _, c := range around {
				row, col := int(c.y)-y, int(c.x)-x
				if c.weight == 0 || row < 0 || row >= part.H || col < 0 || col >= part.W {
					continue
				}
				do(columns[i*kernel.Lanes:][:kernel.Lanes], part.Row(b, row)[col*kernel.Lanes:][:kernel.Lanes], c.weight)
			}
		}
	})
}
