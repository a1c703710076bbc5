package kernel

// WeighedDifference returns the sum of the squares and the sum of the absolute
// values of f - g over all channels and positions of f, each position multiplied
// by its weight. The first position of f is that of g and of the weights in row y
// and column x.
func (p *Pool) WeighedDifference(f, g *Tensor, by Weights, y, x int) (squares, absolutes float64) {
	f.within(g, y, x)
	by.contain(&f.shape, y, x)
	parts := make([][2]float64, f.blocks()*f.H)
	p.Run(len(parts), func(_, i int) {
		b, row := i/f.H, i%f.H
		from, to := f.rowAt(b, row), g.rowAt(b, y+row)[x*lane:]
		for col, w := range by.row(y+row, x, f.W) {
			s, a := difference(from[col*lane:][:lane], to[col*lane:][:lane])
			parts[i][0] += float64(w) * s
			parts[i][1] += float64(w) * a
		}
	})
	for _, part := range parts {
		squares += part[0]
		absolutes += part[1]
	}
	return squares, absolutes
}

// AddWeighedDifference adds the gradient with respect to f of a function of the
// two sums of [Pool.WeighedDifference] to dst: weight*(slope*d + sign*sgn(d)),
// where d = f - g and sgn(0) = 0.
func (p *Pool) AddWeighedDifference(dst, f, g *Tensor, by Weights, y, x int, slope, sign float32) {
	dst.same(&f.shape)
	f.within(g, y, x)
	by.contain(&f.shape, y, x)
	p.eachRow(dst, func(b, row int) {
		to, f, g := dst.rowAt(b, row), f.rowAt(b, row), g.rowAt(b, y+row)[x*lane:]
		for col, w := range by.row(y+row, x, dst.W) {
			to, f, g := to[col*lane:][:lane], f[col*lane:][:lane], g[col*lane:][:lane]
			for k, v := range f {
				switch d := v - g[k]; {
				case d > 0:
					to[k] += w * (slope*d + sign)
				case d != 0:
					to[k] += w * (slope*d - sign)
				}
			}
		}
	})
}
