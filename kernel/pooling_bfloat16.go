package kernel

// Rows of bfloat16 are pooled as float32, and rounded: averages of four and their
// gradients are exact before that, and maxima are no new numbers.

// poolRow computes row y of the block b of dst, the pooled outputs of two rows of
// positions of maps of a full shape.
func (p *Pool) poolRow(s *scratch, h *Halving, dst *Tensor, in [2][]bfloat16, full *shape, b, y int) {
	var (
		n    = dst.W
		wide = p.widened(s, in, 2*n)
		out  = s.get(scratchOutput, pair*n*lane)
	)
	for half := range pair {
		at := full.offset(pair*b+half, 2*y, 0)
		p.impl.pool[h.Kind](pooling{
			out: out[half*n*lane:], in0: wide[0][half], in1: wide[1][half],
			route0: h.Route.from(at), route1: h.Route.from(at + full.row),
			n: n, scale: h.factor(),
		})
	}
	p.impl.bfloat16.narrow(narrow{out: dst.halfRow(b, y), low: out, high: out[n*lane:], positions: n})
}

// widened returns two rows of n positions as float32, the lower and the upper
// sixteen channels.
func (p *Pool) widened(s *scratch, rows [2][]bfloat16, n int) (wide [2][pair][]float32) {
	buffer := s.get(scratchPooling, 2*pair*n*lane)
	for i := range rows {
		for half := range pair {
			wide[i][half], buffer = buffer[:n*lane], buffer[n*lane:]
		}
		if rows[i] != nil {
			p.impl.bfloat16.widen(widening{low: wide[i][0], high: wide[i][1], in: rows[i], positions: n})
		}
	}
	return wide
}

// spreadRow computes the gradient with respect to two rows of the block b of a
// pooling's input, of a full shape, which became row y of its output, from grad,
// that with respect to the output. Beyond the output, where an odd side left a row
// or a column out, it is zero. in are the two rows of the input, for [L2] alone.
func (p *Pool) spreadRow(s *scratch, h *Halving, to [2][]bfloat16, grad, in *Tensor, full *shape, b, y int) {
	n := grad.W
	if y >= grad.H {
		for i := range to {
			clear(to[i])
		}
		return
	}
	var (
		rows [2][]bfloat16
		g    = s.get(scratchOutput, pair*n*lane)
		bf   = p.impl.bfloat16
		out  = s.get(scratchTransform, 2*pair*2*n*lane)
	)
	if in != nil {
		rows = [2][]bfloat16{in.halfRow(b, 2*y), in.halfRow(b, 2*y+1)}
	}
	wide := p.widened(s, rows, 2*n)
	bf.widen(widening{low: g, high: g[n*lane:], in: grad.halfRow(b, y), positions: n})
	for half := range pair {
		at := full.offset(pair*b+half, 2*y, 0)
		p.impl.poolBack[h.Kind](pooling{
			grad: g[half*n*lane:], in0: wide[0][half], in1: wide[1][half],
			grad0: out[half*2*n*lane:], grad1: out[(pair+half)*2*n*lane:],
			route0: h.Route.from(at), route1: h.Route.from(at + full.row),
			n: n, scale: h.factor(),
		})
	}
	for i := range to {
		upper := out[i*pair*2*n*lane:]
		bf.narrow(narrow{out: to[i], low: upper, high: upper[2*n*lane:], positions: 2 * n})
		clear(to[i][2*n*position : full.W*position])
	}
}
