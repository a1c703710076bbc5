//go:build amd64 && !noasm

package kernel

// bfloat16Assembly is the generated functions of one instruction set.
type bfloat16Assembly struct {
	convolve func(out, mask, in, w *uint16, bias, sums *float32, blocks, groups, row, plane, upper int, floor float32)
	narrow   func(out *uint16, low, high *float32, positions int)
	widen    func(low, high *float32, in *uint16, positions int)
	sift     func(out, in, low, high *uint16, positions int)
}

// primitives calls the functions with the pointers and strides that they take.
// An operation on nothing never reaches them.
func (f bfloat16Assembly) primitives(rows int) *bfloat16Primitives {
	return &bfloat16Primitives{
		rows: rows,
		convolve: func(a convolve) {
			f.convolve(&a.out[0], first(a.mask), &a.in[0], &a.w[0], &a.bias[0], &a.sums[0],
				a.blocks, a.groups, a.row, a.plane, a.upper, a.floor)
		},
		narrow: func(a narrow) { f.narrow(&a.out[0], &a.low[0], &a.high[0], a.positions) },
		widen:  func(a widening) { f.widen(&a.low[0], &a.high[0], &a.in[0], a.positions) },
		sift:   func(a sift) { f.sift(&a.out[0], &a.in[0], &a.low[0], &a.high[0], a.positions) },
	}
}
