package kernel

// bfloat16Primitives are the primitives of an implementation that has bfloat16.
// They are called as those of [primitives] are.
type bfloat16Primitives struct {
	// convolve keeps a block of rows positions times 32 outputs in registers.
	rows int

	convolve      func(convolve)
	toBF16        func(toBF16)
	fromBF16      func(fromBF16)
	applyMaskBF16 func(applyMaskBF16)
}

// tapWeights is the number of weights of one tap between two blocks.
const elementWeights = bf16Ratio * lanes * bf16Ratio * lanes
