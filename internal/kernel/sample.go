package kernel

import "fmt"

// Corners are the four positions of a feature map around a point, with their weights in
// the bilinear interpolation at the point.
type Corners [4]struct {
	Y, X   int32
	Weight float32
}

// Sample adds the interpolated values of f at points to rows of dst, [len(at)][...],
// from a column on that is a multiple of 16. With the corners k of point i:
//
//	dst[i][column+c] += sum over k of at[i][k].Weight f[c][at[i][k].Y - y][at[i][k].X - x]
//
// f is the tile of a larger map that begins in row y and column x. Corners outside the
// tile are skipped; the other tiles add them.
func (p *Pool) Sample(dst *Matrix, column int, f *Tensor, at []Corners, y, x int) {
	p.eachCorner(dst, column, f, at, y, x, func(row, value []float32, weight float32) {
		for k, v := range value {
			row[k] += weight * v
		}
	})
}

// SampleBack is the transpose of [Pool.Sample]: from src, the gradient with respect to
// dst, it adds the gradient with respect to f to grad, which has the shape of f.
func (p *Pool) SampleBack(grad *Tensor, src *Matrix, column int, at []Corners, y, x int) {
	p.eachCorner(src, column, grad, at, y, x, func(row, value []float32, weight float32) {
		for k, v := range row {
			value[k] += weight * v
		}
	})
}

// eachCorner calls do for each block of channels and each corner inside f, with sixteen
// columns of a row of m and sixteen channels of f. A task takes one block of channels
// and all points in order.
func (p *Pool) eachCorner(m *Matrix, column int, f *Tensor, at []Corners, y, x int, do func(row, value []float32, weight float32)) {
	if m.Rows != len(at) || column%lanes != 0 || column < 0 || column+f.C > m.Cols {
		panic(fmt.Sprintf("kernel: %d points of %d channels in a matrix of %d x %d from column %d on",
			len(at), f.C, m.Rows, m.Cols, column))
	}
	p.Run(f.blocks(), func(_, b int) {
		rows := m.Panel(column/lanes + b)
		for i := range at {
			for _, c := range &at[i] {
				row, col := int(c.Y)-y, int(c.X)-x
				if c.Weight != 0 && row >= 0 && row < f.H && col >= 0 && col < f.W {
					do(rows[i*lanes:][:lanes], f.rowAt(b, row)[col*lanes:][:lanes], c.Weight)
				}
			}
		}
	})
}
