package kernel

import (
	"context"
	"fmt"
	"math"
)

// argmaxRows is about how many rows of a one task compares with a panel of columns of
// b, so that the panel stays in the cache.
const argmaxRows = 224

// ArgmaxProduct finds, for each row of a, the column of b with the largest inner
// product: at[r] is the smallest c that maximizes the sum over i of a[r][i] b[i][c],
// and 0 where every product is NaN. The products are computed block by block; the whole
// matrix of products is never stored.
func (p *Pool) ArgmaxProduct(at []int32, a, b *Matrix) {
	_ = p.ArgmaxProductContext(context.Background(), at, a, b) // which is never cancelled
}

// ArgmaxProductContext is [Pool.ArgmaxProduct] with cancellation. Every thread checks
// ctx before each block of a few hundred rows. Once ctx is cancelled it returns
// context.Cause(ctx), and the contents of at are undefined.
func (p *Pool) ArgmaxProductContext(ctx context.Context, at []int32, a, b *Matrix) error {
	if a.Cols != b.Rows || len(at) != a.Rows {
		panic(fmt.Sprintf("kernel: %d indices for the products of %d x %d and %d x %d", len(at), a.Rows, a.Cols, b.Rows, b.Cols))
	}
	var (
		impl = p.impl
		rows = roundUp(argmaxRows, impl.rows)
	)
	p.Run((a.Rows+rows-1)/rows, func(worker, i int) {
		if ctx.Err() != nil {
			return
		}
		var (
			first   = i * rows
			n       = min(rows, a.Rows-first)
			groups  = (n + impl.rows - 1) / impl.rows
			panel   = groups * impl.rows * lanes
			scores  = p.scratch[worker].get(scratchOutput, impl.panels*panel)
			highest = p.scratch[worker].get(scratchInput, n)
		)
		clear(at[first:][:n])
		for r := range highest {
			highest[r] = float32(math.Inf(-1))
		}
		for q := 0; q < b.Panels(); q += impl.panels {
			panels := min(impl.panels, b.Panels()-q)
			impl.gemm(gemm{
				out: scores, in: a.data[first*lanes:], w: b.data[q*b.panel:], bias: zeroBias[:],
				products: 1, panels: panels, steps: (a.Cols + lanes - 1) / lanes, groups: groups,
				inStep: a.panel, inGroup: impl.rows * lanes,
				outPanel: panel, outGroup: impl.rows * lanes,
				wPanel: b.panel,
				floor:  float32(math.Inf(-1)),
			})
			for k := range panels {
				column := (q + k) * lanes
				updateArgmax(at[first:][:n], highest, scores[k*panel:], column, min(lanes, b.Cols-column))
			}
		}
	})
	return context.Cause(ctx)
}

// updateArgmax updates at and the highest products of each row with the products of up
// to sixteen columns, scores [len(at)][16], of which the first is column first.
func updateArgmax(at []int32, highest, scores []float32, first, columns int) {
	for r, high := range highest {
		for k, v := range scores[r*lanes:][:columns] {
			if v > high {
				high = v
				highest[r], at[r] = v, int32(first+k)
			}
		}
	}
}

// Transpose computes dst = mᵀ.
func (p *Pool) Transpose(dst, m *Matrix) {
	if dst.Rows != m.Cols || dst.Cols != m.Rows {
		panic(fmt.Sprintf("kernel: %d x %d for the transpose of %d x %d", dst.Rows, dst.Cols, m.Rows, m.Cols))
	}
	p.Run(dst.Panels(), func(_, i int) {
		to, rows := dst.Panel(i), min(lanes, m.Rows-i*lanes)
		for j := range m.Panels() {
			from := m.Panel(j)[i*lanes*lanes:][:rows*lanes]
			block := to[j*lanes*lanes:][:min(lanes, m.Cols-j*lanes)*lanes]
			for c := range len(block) / lanes {
				for r := range rows {
					block[c*lanes+r] = from[r*lanes+c]
				}
			}
		}
	})
}
