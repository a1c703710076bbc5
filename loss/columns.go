package loss

import (
	"fmt"
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/kernel"
)

// What costs of hypercolumns do with matrices of a row for each point. Sums over
// rows or columns are in float64 and in the order of these.

// leastLength is the length of a row below which it has no direction: its cosine
// with any other is 0, as is the gradient of that. It is far below any activation
// of a network that sees something.
const leastLength = 1e-8

// columnRows is the number of rows that a task takes.
const columnRows = 64

// eachRows calls do for ranges of rows that make up all, from lo to hi-1.
func eachRows(p *kernel.Pool, rows int, do func(lo, hi int)) {
	p.Run((rows+columnRows-1)/columnRows, func(_, i int) {
		do(i*columnRows, min((i+1)*columnRows, rows))
	})
}

// subtractMean subtracts from every row the mean of all.
func subtractMean(p *kernel.Pool, m *kernel.Matrix) { subtract(p, m, columnMeans(p, m)) }

// evenShares returns the shares of n rows that count alike.
func evenShares(n int) []float64 {
	return slices.Repeat([]float64{1 / float64(n)}, n)
}

// shareSums returns the sum of all rows, each times its factor; a nil factor is 1.
func shareSums(p *kernel.Pool, m *kernel.Matrix, factors []float64) []float64 {
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

// subtractShares subtracts from each row its share of a row.
func subtractShares(p *kernel.Pool, m *kernel.Matrix, row, shares []float64) {
	p.Run(m.Panels(), func(_, i int) {
		from := row[i*kernel.Lanes:][:kernel.Lanes]
		panel := m.Panel(i)
		for r, share := range shares {
			for k := range from {
				v := &panel[r*kernel.Lanes+k]
				*v = float32(float64(*v) - share*from[k])
			}
		}
	})
}

// columnMeans returns the mean row, of which padding is part.
func columnMeans(p *kernel.Pool, m *kernel.Matrix) []float64 {
	means := shareSums(p, m, nil)
	for k := range means {
		means[k] /= float64(m.Rows)
	}
	return means
}

// subtract subtracts a row from every row.
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

// normalise makes every row one of length 1, or of zeros where it has no
// direction, and stores 1 over the length that it had, or 0, to inverse.
func normalise(p *kernel.Pool, m *kernel.Matrix, inverse []float64) {
	eachRows(p, m.Rows, func(lo, hi int) {
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
			if square < leastLength*leastLength {
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

// rowProducts stores the inner product of each row of a with the row of b that
// at says, or with that of the same number where at is nil, to dst.
func rowProducts(p *kernel.Pool, dst []float64, a, b *kernel.Matrix, at []int32) {
	eachRows(p, a.Rows, func(lo, hi int) {
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

// gather makes row r of dst weight times row at[r] of src.
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

// scatter makes row r of dst weight times the sum of the rows s of src for which
// at[s] is r.
func scatter(p *kernel.Pool, dst, src *kernel.Matrix, at []int32, weight float32) {
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

// throughLengths turns pull, minus the gradient of a cost with respect to the
// rows u of length 1, into the gradient with respect to the rows x from which
// they were made, times weight and, unless shares are nil, the row's share:
//
//	dJ/dx = -(pull - (u·pull) u)/|x|
//
// products is room for a number for each row.
func throughLengths(p *kernel.Pool, pull, u *kernel.Matrix, inverse, products []float64, weight float64, shares []float64) {
	rowProducts(p, products, u, pull, nil)
	p.Run(pull.Panels(), func(_, i int) {
		g, panel := pull.Panel(i), u.Panel(i)
		for r, along := range products {
			factor := weight * inverse[r]
			if shares != nil {
				factor *= shares[r]
			}
			row := g[r*kernel.Lanes:][:kernel.Lanes]
			for k, v := range panel[r*kernel.Lanes:][:kernel.Lanes] {
				row[k] = float32(factor * (along*float64(v) - float64(row[k])))
			}
		}
	})
}

// weighedMean returns the sum of values, each times its share of 1.
func weighedMean(values, shares []float64) (mean float64) {
	for i, v := range values {
		mean += shares[i] * v
	}
	return mean
}

func copied(m *kernel.Matrix) *kernel.Matrix {
	c := kernel.NewMatrix(m.Rows, m.Cols)
	c.Copy(m)
	return c
}

// Stack returns the rows of several matrices of as many columns, one matrix below
// the other: the hypercolumns of several styles, or of one seen from several
// sides.
func Stack(of ...*kernel.Matrix) *kernel.Matrix {
	var rows int
	for _, m := range of {
		if m.Cols != of[0].Cols {
			panic(fmt.Sprintf("loss: a matrix of %d columns below one of %d", m.Cols, of[0].Cols))
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
