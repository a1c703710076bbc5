package kernel

import (
	"fmt"
	"math"
)

// Difference returns the sum of the squares and the sum of the absolute values
// of f - g over all channels and positions of f, where the first position of f
// is that of g in row y and column x.
func (p *Pool) Difference(f, g *Tensor, y, x int) (squares, absolutes float64) {
	f.within(g, y, x)
	rows := max(1, taskElements/f.row)
	chunks := (f.H + rows - 1) / rows
	parts := make([][2]float64, f.blocks()*chunks)
	p.Run(len(parts), func(_, i int) {
		for row := i % chunks * rows; row < min((i%chunks+1)*rows, f.H); row++ {
			s, a := difference(f.rowAt(i/chunks, row), g.rowAt(i/chunks, y+row)[x*lane:])
			parts[i][0] += s
			parts[i][1] += a
		}
	})
	for _, part := range parts {
		squares += part[0]
		absolutes += part[1]
	}
	return squares, absolutes
}

// difference has two sums of each kind, because one would wait for each
// addition to finish. The length of a row is a multiple of sixteen.
func difference(a, b []float32) (squares, absolutes float64) {
	var s0, s1, a0, a1 float64
	for i := 1; i < len(a) && i < len(b); i += 2 {
		d0, d1 := float64(a[i-1]-b[i-1]), float64(a[i]-b[i])
		s0 += d0 * d0
		s1 += d1 * d1
		a0 += math.Abs(d0)
		a1 += math.Abs(d1)
	}
	return s0 + s1, a0 + a1
}

// AddDifference adds slope*d + sign*sgn(d), where d = f - g and sgn(0) = 0, to
// dst: the gradient with respect to f of a function of the two sums of
// [Pool.Difference].
func (p *Pool) AddDifference(dst, f, g *Tensor, y, x int, slope, sign float32) {
	dst.same(&f.shape)
	f.within(g, y, x)
	p.eachRow(dst, func(b, row int) {
		to, f, g := dst.rowAt(b, row), f.rowAt(b, row), g.rowAt(b, y+row)[x*lane:]
		if sign == 0 {
			for i, v := range f {
				to[i] += slope * (v - g[i])
			}
			return
		}
		const signBit = 1 << 31
		for i, v := range f {
			// Where both activations are zero, which is often, nothing is added.
			if d := v - g[i]; d != 0 {
				signed := math.Float32frombits(math.Float32bits(sign) ^ math.Float32bits(d)&signBit)
				to[i] += slope*d + signed
			}
		}
	})
}

// within panics unless s fits into g from row y and column x on.
func (s *shape) within(g *Tensor, y, x int) {
	if s.C != g.C {
		panic(fmt.Sprintf("kernel: tensors of %d and %d channels", s.C, g.C))
	}
	g.contains(y, x, s.H, s.W)
}
