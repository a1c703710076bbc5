package kernel

// bfloat16Primitives are the primitives of an implementation that has bfloat16.
// They are called as those of [primitives] are.
type bfloat16Primitives struct {
	// convolve keeps a block of rows positions times 32 outputs in registers.
	rows int

	convolve func(convolve)
	narrow   func(narrow)
	widen    func(widening)
	sift     func(sift)
}

// convolve computes 32 outputs of a 3x3 convolution at groups of rows positions,
// one after the other:
//
//	out[p][k] = round(max(floor, bias[k] + sum over b, t, c of in[b][p+t][c] * w[b][t][c][k]))
//
// for the blocks b of thirty-two channels c and the nine taps t. in begins at the
// upper left tap of the first position. Where mask is not nil, it has a word for
// each position, of the lower sixteen outputs, and upper words further one of
// the upper sixteen, which are set where out is positive.
//
// A sum takes the pairs of channels in order, each as the instruction VDPBF16PS
// does: of the two products, which are exact, the second is added first. Tiles of
// AMX do otherwise: the instruction TDPBF16PS adds the products of the even and of
// the odd channels of a tap among themselves, and both sums to the rest.
type convolve struct {
	out        []bfloat16 // [groups*rows][32]
	mask       []uint16
	in         []bfloat16 // [blocks][rows][positions][32]
	w          []bfloat16 // [blocks][9][2 halves of the outputs][16 pairs of channels][16 outputs][2]
	bias       []float32  // [32]
	sums       []float32  // [rows][32], for intermediate values
	blocks     int
	groups     int
	row, plane int // of in
	upper      int
	floor      float32
}

// tapWeights is the number of weights of one tap between two blocks.
const tapWeights = pair * lane * pair * lane

// narrow rounds thirty-two channels, the lower and the upper sixteen.
type narrow struct {
	out       []bfloat16
	low, high []float32
	positions int
}

// widening is the reverse of narrow.
type widening struct {
	low, high []float32
	in        []bfloat16
	positions int
}

// sift copies the elements of in whose bits are set in the masks of the lower and
// the upper sixteen channels, and zeros for others.
type sift struct {
	out, in   []bfloat16
	low, high []uint16
	positions int
}
