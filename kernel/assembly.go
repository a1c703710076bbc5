//go:build (amd64 || arm64) && !noasm

package kernel

//go:generate go run -C _asm . -isa avx2 -out ../avx2_amd64.s -stubs ../avx2_amd64.go -pkg kernel
//go:generate go run -C _asm . -isa avx512 -out ../avx512_amd64.s -stubs ../avx512_amd64.go -pkg kernel
//go:generate go run -C _asm . -isa avx512bf16 -out ../avx512bf16_amd64.s -stubs ../avx512bf16_amd64.go -pkg kernel
//go:generate go run -C _asm . -isa amx -out ../amx_amd64.s -stubs ../amx_amd64.go -pkg kernel
//go:generate go run -C _asm ./neon -out ../neon_arm64.s -stubs ../neon_arm64.go

// assembly is the generated functions of one instruction set.
type assembly struct {
	product           [mostPanels]productFunction // of one panel, of two
	gram              [mostPanels]gramFunction
	sum               func(out, in *float32, positions int)
	pixels            func(out *float32, mask *uint16, in, w, bias *float32, positions, row, plane int)
	winogradWeights   func(u, w, scratch *float32, channels, uStride int)
	winogradInput     func(v, in *float32, mask *uint16, scratch *float32, tiles, row, vStride int)
	winogradOutput    func(out *float32, mask *uint16, m, bias, scratch *float32, tiles, row, mStride int, floor float32)
	positive          func(mask *uint16, in *float32, positions int)
	masked            func(out, in *float32, mask *uint16, positions int)
	averagePool       func(out, in0, in1 *float32, n int, scale float32)
	averagePoolBack   func(grad, grad0, grad1 *float32, n int, scale float32)
	maximumPool       func(out, in0, in1 *float32, route0, route1 *uint16, n int)
	maximumPoolBack   func(grad, grad0, grad1 *float32, route0, route1 *uint16, n int)
	euclideanPool     func(out, in0, in1 *float32, n int, scale float32)
	euclideanPoolBack func(grad, in0, in1, grad0, grad1 *float32, n int, scale float32)
}

type (
	productFunction func(out, in, w, bias *float32,
		products, steps, groups, outNext, inNext, wNext, inStep, inGroup, outPanel, outGroup, wPanel int, floor float32, accumulate bool)
	gramFunction func(out, a, b *float32, positions, outPanel, bPanel int)
)

// primitives calls the functions with the pointers and strides that they take.
// An operation on nothing never reaches them.
func (f assembly) primitives(rows, panels, gramRows int) *primitives {
	return &primitives{
		rows: rows, panels: panels, gramRows: gramRows,
		product: func(a product) {
			f.product[a.panels-1](&a.out[0], &a.in[0], &a.w[0], &a.bias[0], a.products, a.steps, a.groups,
				a.outNext, a.inNext, a.wNext, a.inStep, a.inGroup, a.outPanel, a.outGroup, a.wPanel, a.floor, a.accumulate)
		},
		gram: func(a gram) {
			f.gram[a.panels-1](&a.out[0], &a.a[0], &a.b[0], a.positions, a.outPanel, a.bPanel)
		},
		sum: func(a sum) {
			f.sum(&a.out[0], &a.in[0], a.positions)
		},
		pixels: func(a pixels) {
			f.pixels(&a.out[0], first(a.mask), &a.in[0], &a.w[0], &a.bias[0], a.positions, a.row, a.plane)
		},
		winogradWeights: func(a winogradWeights) {
			f.winogradWeights(&a.u[0], &a.w[0], &a.scratch[0], a.channels, a.uStride)
		},
		winogradInput: func(a winogradInput) {
			f.winogradInput(&a.v[0], &a.in[0], first(a.mask), &a.scratch[0], a.tiles, a.row, a.vStride)
		},
		winogradOutput: func(a winogradOutput) {
			f.winogradOutput(&a.out[0], first(a.mask), &a.m[0], &a.bias[0], &a.scratch[0], a.tiles, a.row, a.mStride, a.floor)
		},
		positive: func(a positive) { f.positive(&a.mask[0], &a.in[0], a.positions) },
		masked:   func(a masked) { f.masked(&a.out[0], &a.in[0], &a.mask[0], a.positions) },
		pool: [poolings]func(pooling){
			Max: func(a pooling) {
				f.maximumPool(&a.out[0], &a.in0[0], &a.in1[0], first(a.route0), first(a.route1), a.n)
			},
			Average: func(a pooling) { f.averagePool(&a.out[0], &a.in0[0], &a.in1[0], a.n, a.scale) },
			L2:      func(a pooling) { f.euclideanPool(&a.out[0], &a.in0[0], &a.in1[0], a.n, a.scale) },
		},
		poolBack: [poolings]func(pooling){
			Max: func(a pooling) {
				f.maximumPoolBack(&a.grad[0], &a.grad0[0], &a.grad1[0], &a.route0[0], &a.route1[0], a.n)
			},
			Average: func(a pooling) {
				f.averagePoolBack(&a.grad[0], &a.grad0[0], &a.grad1[0], a.n, a.scale)
			},
			L2: func(a pooling) {
				f.euclideanPoolBack(&a.grad[0], &a.in0[0], &a.in1[0], &a.grad0[0], &a.grad1[0], a.n, a.scale)
			},
		},
	}
}

// first returns a pointer to the words of a mask, nil where there is none.
func first(mask []uint16) *uint16 {
	if mask == nil {
		return nil
	}
	return &mask[0]
}
