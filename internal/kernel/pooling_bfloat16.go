package kernel

// Rows of bfloat16 are pooled in float32 and then rounded. Rounding is the only error:
// averages of four values and their gradients are exact in float32, and a maximum is
// one of the inputs.

// poolRow computes row y of block b of dst by pooling two rows of a map of shape full.
func (p *Pool) poolRow(s *scratch, d *downsampling, dst *Tensor, in [2][]bfloat16, full *shape, b, y int) {
	var (
		n    = dst.W
		wide [2][]float32 // a row of the lower sixteen channels, then one of the upper
		out  = s.get(scratchOutput, bf16Ratio*n*lanes)
		all  = s.get(scratchPooling, 2*bf16Ratio*2*n*lanes)
	)
	for i := range wide {
		wide[i] = all[i*bf16Ratio*2*n*lanes:]
		p.impl.bfloat16.fromBF16(fromBF16{low: wide[i], high: wide[i][2*n*lanes:], in: in[i], positions: 2 * n})
	}
	for half := range bf16Ratio {
		at := full.offset(bf16Ratio*b+half, 2*y, 0)
		d.forward(p.impl.primitives, at, at+full.row, poolForward{
			out: out[half*n*lanes:], in0: wide[0][half*2*n*lanes:], in1: wide[1][half*2*n*lanes:], n: n,
		})
	}
	p.impl.bfloat16.toBF16(toBF16{out: dst.bf16Row(b, y), low: out, high: out[n*lanes:], positions: n})
}

// poolRowBack computes the gradient with respect to two rows of block b of a map of
// shape full, from row y of grad, the gradient of the pooled output. The gradient is
// zero in an odd last row or column, which pooling ignores.
func (p *Pool) poolRowBack(s *scratch, d *downsampling, to [2][]bfloat16, grad *Tensor, full *shape, b, y int) {
	n := grad.W
	if y >= grad.H {
		for i := range to {
			clear(to[i])
		}
		return
	}
	var (
		g   = s.get(scratchOutput, bf16Ratio*n*lanes)
		bf  = p.impl.bfloat16
		out = s.get(scratchTransform, 2*bf16Ratio*2*n*lanes)
	)
	bf.fromBF16(fromBF16{low: g, high: g[n*lanes:], in: grad.bf16Row(b, y), positions: n})
	for half := range bf16Ratio {
		at := full.offset(bf16Ratio*b+half, 2*y, 0)
		d.backward(p.impl.primitives, at, at+full.row, poolBackward{
			grad: g[half*n*lanes:], grad0: out[half*2*n*lanes:], grad1: out[(bf16Ratio+half)*2*n*lanes:], n: n,
		})
	}
	for i := range to {
		upper := out[i*bf16Ratio*2*n*lanes:]
		bf.toBF16(toBF16{out: to[i], low: upper, high: upper[2*n*lanes:], positions: 2 * n})
		clear(to[i][2*n*bf16Lanes : full.W*bf16Lanes])
	}
}
