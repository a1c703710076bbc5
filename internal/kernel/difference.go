package kernel

import "fmt"

// SquaredDifference returns the sum of (f - g)² over all channels and positions of f,
// each position multiplied by its weight, or by 1 where by is nil. Position (0, 0) of f
// corresponds to position (y, x) of g and of the weights.
func (p *Pool) SquaredDifference(f, g *Tensor, by *Weights, y, x int) float64 {
	f.within(g, y, x)
	by.contain(&f.shape, y, x)
	return p.SumTasks(f.blocks()*f.H, func(i int) (sum float64) {
		row := i % f.H
		a, b := f.rowAt(i/f.H, row), g.rowAt(i/f.H, y+row)[x*lanes:]
		if by == nil {
			return p.squaredDifference(a, b)
		}
		for col, w := range by.row(y+row, x, f.W) {
			sum += float64(w) * p.squaredDifference(a[col*lanes:][:lanes], b[col*lanes:])
		}
		return sum
	})
}

// squaredDifference returns the sum of the squares of a - b.
func (p *Pool) squaredDifference(a, b []float32) float64 {
	sums := p.impl.difference(difference{a: a, b: b, n: len(a)})
	return total(&sums)
}

// AddDifference adds slope*(f - g) to dst, each position multiplied by its weight. This
// is the gradient of slope/2 times [Pool.SquaredDifference] with respect to f.
func (p *Pool) AddDifference(dst, f, g *Tensor, by *Weights, y, x int, slope float32) {
	dst.same(&f.shape)
	f.within(g, y, x)
	by.contain(&f.shape, y, x)
	p.eachRow(dst, func(b, row int) {
		to, f, g := dst.rowAt(b, row), f.rowAt(b, row), g.rowAt(b, y+row)[x*lanes:]
		if by == nil {
			p.impl.addDifference(addDifference{dst: to, f: f, g: g, n: len(to), slope: slope})
			return
		}
		for col, w := range by.row(y+row, x, dst.W) {
			p.impl.addDifference(addDifference{dst: to[col*lanes:], f: f[col*lanes:], g: g[col*lanes:], n: lanes, slope: w * slope})
		}
	})
}

// within panics unless a map of shape s fits into g from row y and column x on.
func (s *shape) within(g *Tensor, y, x int) {
	if s.C != g.C {
		panic(fmt.Sprintf("kernel: tensors of %d and %d channels", s.C, g.C))
	}
	g.contains(y, x, s.H, s.W)
}

// SumSquares returns the sum of the squares of all values of f.
func (p *Pool) SumSquares(f *Tensor) float64 {
	return p.SumTasks(f.blocks()*f.H, func(i int) float64 {
		row := f.rowAt(i/f.H, i%f.H)
		return p.dot(row, row)
	})
}
