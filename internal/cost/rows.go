package cost

import (
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// The functions of this file work on matrices with a row for each point. They add in
// float64, in the order of rows or columns.

// minLength is the length below which a row has no direction: its cosine with any other
// row, and the gradient of that cosine, count as 0. It is far below the length of the
// activations of any useful network.
const minLength = 1e-8

// taskRows is the number of rows that a task computes.
const taskRows = 64

// rowRanges divides the rows into ranges and calls do for each, from lo to hi-1.
func rowRanges(p *kernel.Pool, rows int, do func(lo, hi int)) {
	p.Run((rows+taskRows-1)/taskRows, func(_, i int) {
		do(i*taskRows, min((i+1)*taskRows, rows))
	})
}

// uniformWeights returns n equal weights that add up to 1.
func uniformWeights(n int) []float64 {
	return slices.Repeat([]float64{1 / float64(n)}, n)
}

// weightedSums returns the sum of all rows, each multiplied by its factor. nil factors
// mean 1.
func weightedSums(p *kernel.Pool, m *kernel.Matrix, factors []float64) []float64 {
	sums := make([]float64, m.Panels()*kernel.Lanes)
	p.Run(m.Panels(), func(_, i int) {
		sum := sums[i*kernel.Lanes:][:kernel.Lanes]
		panel := m.Panel(i)
		for r := range m.Rows {
			factor := 1.
			if factors != nil {
				factor = factors[r]
			}
			for k, v := range panel[r*kernel.Lanes:][:kernel.Lanes] {
				sum[k] += factor * float64(v)
			}
		}
	})
	return sums
}

// subtractWeighted subtracts from each row of m the given row times the row's weight.
func subtractWeighted(p *kernel.Pool, m *kernel.Matrix, row, weights []float64) {
	p.Run(m.Panels(), func(_, i int) {
		from := row[i*kernel.Lanes:][:kernel.Lanes]
		panel := m.Panel(i)
		for r, weight := range weights {
			for k := range from {
				v := &panel[r*kernel.Lanes+k]
				*v = float32(float64(*v) - weight*from[k])
			}
		}
	})
}

// columnMeans returns the mean row, including the padding.
func columnMeans(p *kernel.Pool, m *kernel.Matrix) []float64 {
	means := weightedSums(p, m, nil)
	for k := range means {
		means[k] /= float64(m.Rows)
	}
	return means
}

// subtract subtracts the given row from every row of m.
func subtract(p *kernel.Pool, m *kernel.Matrix, row []float64) {
	p.Run(m.Panels(), func(_, i int) {
		from := row[i*kernel.Lanes:][:kernel.Lanes]
		panel := m.Panel(i)
		for r := range m.Rows {
			for k := range from {
				v := &panel[r*kernel.Lanes+k]
				*v = float32(float64(*v) - from[k])
			}
		}
	})
}

// normalise divides every row by its length and stores the inverse of the length. A row
// shorter than minLength becomes zero, and its inverse is 0.
func normalise(p *kernel.Pool, m *kernel.Matrix, inverse []float64) {
	rowRanges(p, m.Rows, func(lo, hi int) {
		rows := inverse[lo:hi]
		clear(rows)
		for i := range m.Panels() {
			panel := m.Panel(i)[lo*kernel.Lanes:]
			for r := range rows {
				for _, v := range panel[r*kernel.Lanes:][:kernel.Lanes] {
					rows[r] += float64(v) * float64(v)
				}
			}
		}
		for r, square := range rows {
			if square < minLength*minLength {
				rows[r] = 0
			} else {
				rows[r] = 1 / math.Sqrt(square)
			}
		}
		for i := range m.Panels() {
			panel := m.Panel(i)[lo*kernel.Lanes:]
			for r, s := range rows {
				row := panel[r*kernel.Lanes:][:kernel.Lanes]
				for k, v := range row {
					row[k] = float32(s * float64(v))
				}
			}
		}
	})
}

// rowProducts computes the inner product of each row r of a with row at[r] of b, or
// with row r of b where at is nil.
func rowProducts(p *kernel.Pool, dst []float64, a, b *kernel.Matrix, at []int32) {
	rowRanges(p, a.Rows, func(lo, hi int) {
		clear(dst[lo:hi])
		for i := range a.Panels() {
			from, to := a.Panel(i), b.Panel(i)
			for r := lo; r < hi; r++ {
				other := r
				if at != nil {
					other = int(at[r])
				}
				x, y := from[r*kernel.Lanes:][:kernel.Lanes], to[other*kernel.Lanes:][:kernel.Lanes]
				for k, v := range x {
					dst[r] += float64(v) * float64(y[k])
				}
			}
		}
	})
}

func meanOf(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// gather sets row r of dst to weight times row at[r] of src.
func gather(p *kernel.Pool, dst, src *kernel.Matrix, at []int32, weight float32) {
	p.Run(dst.Panels(), func(_, i int) {
		to, from := dst.Panel(i), src.Panel(i)
		for r, other := range at {
			row := to[r*kernel.Lanes:][:kernel.Lanes]
			for k, v := range from[int(other)*kernel.Lanes:][:kernel.Lanes] {
				row[k] = weight * v
			}
		}
	})
}

// scatterAdd sets row r of dst to weight times the sum of the rows s of src with at[s]
// = r.
func scatterAdd(p *kernel.Pool, dst, src *kernel.Matrix, at []int32, weight float32) {
	p.Run(dst.Panels(), func(_, i int) {
		to, from := dst.Panel(i), src.Panel(i)
		clear(to)
		for s, r := range at {
			row := to[int(r)*kernel.Lanes:][:kernel.Lanes]
			for k, v := range from[s*kernel.Lanes:][:kernel.Lanes] {
				row[k] += weight * v
			}
		}
	})
}

// normaliseBackward is the backward pass of normalise. It turns g, the gradient of a
// cost with respect to the rows u of length 1, into the gradient with respect to the
// original rows x, multiplied by weight and by the row's own weight, unless weights are
// nil:
//
//	dJ/dx = (g - (u·g) u)/|x|
//
// scratch has a number for each row.
func normaliseBackward(p *kernel.Pool, g, u *kernel.Matrix, inverse, scratch []float64, weight float64, weights []float64) {
	rowProducts(p, scratch, u, g, nil)
	p.Run(g.Panels(), func(_, i int) {
		gradient, unit := g.Panel(i), u.Panel(i)
		for r, along := range scratch {
			factor := weight * inverse[r]
			if weights != nil {
				factor *= weights[r]
			}
			row := gradient[r*kernel.Lanes:][:kernel.Lanes]
			for k, v := range unit[r*kernel.Lanes:][:kernel.Lanes] {
				row[k] = float32(factor * (float64(row[k]) - along*float64(v)))
			}
		}
	})
}

// weightedMean returns the sum of values, each multiplied by its weight.
func weightedMean(values, weights []float64) (mean float64) {
	for i, v := range values {
		mean += weights[i] * v
	}
	return mean
}

func copied(m *kernel.Matrix) *kernel.Matrix {
	c := kernel.NewMatrix(m.Rows, m.Cols)
	c.Copy(m)
	return c
}

// directions holds rows of length 1, T x D, and their transpose.
type directions struct{ rows, columns *kernel.Matrix }

// newDirections returns the directions of the rows of a matrix relative to an origin;
// nil is zero.
func newDirections(p *kernel.Pool, of *kernel.Matrix, origin []float64) directions {
	d := directions{copied(of), kernel.NewMatrix(of.Cols, of.Rows)}
	if origin != nil {
		subtract(p, d.rows, origin)
	}
	normalise(p, d.rows, make([]float64, of.Rows))
	p.Transpose(d.columns, d.rows)
	return d
}
