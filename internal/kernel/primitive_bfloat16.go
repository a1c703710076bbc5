package kernel

// bfloat16Primitives are the primitives of bfloat16. The conventions of [primitives]
// apply.
type bfloat16Primitives struct {
	// convolve keeps a block of sums in registers: rows positions times 32 outputs.
	rows int

	convolve      func(convolve)
	toBF16        func(toBF16)
	fromBF16      func(fromBF16)
	applyMaskBF16 func(applyMaskBF16)
}

// elementWeights is the number of weights of one kernel element between two blocks.
const elementWeights = bf16Ratio * lanes * bf16Ratio * lanes
