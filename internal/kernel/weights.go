package kernel

import "fmt"

// Weights holds a weight for each position of a map of H rows and W columns. Operations
// treat nil as a weight of 1 at every position.
type Weights struct {
	H, W   int
	Values []float32 // H x W
}

// ApplyWeights makes dst a copy of the given rows of f, from row first on, in which
// every position is multiplied by its weight. f is the tile of the weighted map that
// begins in row y and column x.
func (p *Pool) ApplyWeights(dst, f *Tensor, first, rows int, by *Weights, y, x int) {
	f.contains(first, 0, rows, f.W)
	by.contain(&f.shape, y, x)
	dst.Reshape(f.C, rows, f.W)
	dst.ClearBorder()
	p.eachRow(dst, func(b, row int) {
		to, from := dst.rowAt(b, row), f.rowAt(b, first+row)
		for i, w := range by.row(y+first+row, x, f.W) {
			to, from := to[i*lanes:][:lanes], from[i*lanes:][:lanes]
			for k, v := range from {
				to[k] = w * v
			}
		}
	})
}

// AddWeighted multiplies every position of f by its weight and adds the result to rows
// of dst, from row first on. dst is the tile of the weighted map that begins in row y
// and column x.
func (p *Pool) AddWeighted(dst, f *Tensor, first int, by *Weights, y, x int) {
	dst.contains(first, 0, f.H, f.W)
	by.contain(&dst.shape, y, x)
	p.eachRow(f, func(b, row int) {
		to, from := dst.rowAt(b, first+row), f.rowAt(b, row)
		for i, w := range by.row(y+first+row, x, f.W) {
			to, from := to[i*lanes:][:lanes], from[i*lanes:][:lanes]
			for k, v := range from {
				to[k] += w * v
			}
		}
	})
}

// row returns the weights of n positions of a row.
func (w *Weights) row(y, x, n int) []float32 { return w.Values[y*w.W+x:][:n] }

// contain panics unless a map of shape f fits into the weights from row y and column x
// on.
func (w *Weights) contain(f *shape, y, x int) {
	if w == nil {
		return
	}
	if y < 0 || x < 0 || y+f.H > w.H || x+f.W > w.W || len(w.Values) != w.H*w.W {
		panic(fmt.Sprintf("kernel: a map of %d x %d from (%d, %d) on with %d weights for %d x %d",
			f.H, f.W, y, x, len(w.Values), w.H, w.W))
	}
}
