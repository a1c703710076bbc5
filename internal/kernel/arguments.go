package kernel

// The arguments of primitives. Assembly takes a pointer to one of these structs. The
// generators in _asm type-check this file to find the offsets of the fields, so it has
// no imports and uses nothing that is declared elsewhere.

// bfloat16 is the upper half of a float32.
type bfloat16 = uint16

// gemm multiplies groups of rows positions by panels of weights:
//
//	out[p][k] = max(floor, bias[k] + sum over s, c of in[s][p][c] * w[s][c][k])
//
// for the positions p of a group, the outputs k of the panels, the steps s and the
// sixteen channels c of each. With accumulate, what out held is added. It does so a
// number of times, each time with the next out, in and w.
type gemm struct {
	out, in, w, bias       []float32
	products               int
	outNext, inNext, wNext int // from one product to the next
	panels                 int
	steps, groups          int
	inStep, inGroup        int // from one step, from one group to the next
	outPanel, outGroup     int // from one panel of sixteen outputs, from one group to the next
	wPanel                 int // from one panel of sixteen outputs to the next
	floor                  float32
	accumulate             bool
}

// syrk adds the products of two sets of channels, summed over positions, to what will
// be a symmetric matrix:
//
//	out[r][k] += sum over p of a[p][r] * b[p][k]
//
// for syrkRows channels r and the channels k of the panels.
type syrk struct {
	out, a, b        []float32
	panels           int
	positions        int
	outPanel, bPanel int
}

// sum adds the values of sixteen channels over positions to out.
type sum struct {
	out, in   []float32
	positions int
}

// firstConv computes sixteen outputs of the first layer at positions that lie side by
// side:
//
//	out[p][k] = max(0, bias[k] + sum over c, y, x of in[c][y][p+x] * w[c][y][x][k])
//
// for the three channels c of a picture and the 3x3 kernel's rows y and columns x.
// Where mask is not nil, it has a word for each position and is set where out is
// positive. in may be read one element beyond what that takes.
type firstConv struct {
	out, in, w, bias []float32
	mask             []uint16
	positions        int
	row, plane       int // of in, from one row, from one channel to the next
}

// winogradWeights transforms the 3x3 kernels of sixteen outputs, w
// [channels][9][16], to u [36][channels][16]: u = G w Gᵀ.
type winogradWeights struct {
	u, w, scratch []float32
	channels      int
	uStride       int // from one of the 36 to the next
}

// winogradInput transforms the 6x6 windows of adjacent tiles, four positions apart,
// of a block of channels to v [36][tiles][16]: v = Bᵀ d B. Where mask is not nil, it has a
// word for each position of in, and elements whose bit is not set count as zero.
type winogradInput struct {
	v, in, scratch []float32
	mask           []uint16
	tiles          int
	row            int // of in and mask
	vStride        int // from one of the 36 to the next
}

// winogradOutput transforms m [36][...][16] to the 4x4 outputs of adjacent
// tiles: out = max(floor, bias + Aᵀ m A). Where mask is not nil, it has a word for
// each position of out and is set where out is positive.
type winogradOutput struct {
	out, m, bias, scratch []float32
	mask                  []uint16
	tiles                 int
	row                   int // of out
	mStride               int // from one of the 36 to the next
	floor                 float32
}

// reluMask sets the bits of mask where in is positive.
type reluMask struct {
	mask      []uint16
	in        []float32
	positions int
}

// applyMask copies the elements of in whose bits are set, and zeros for others.
type applyMask struct {
	out, in   []float32
	mask      []uint16
	positions int
}

// poolForward computes n outputs of a row of 2x2 pooling over one block of channels
// from in0 and in1, two rows of 2n positions. Maximum pooling sets the bits of route0
// and route1, unless these are nil, where the maxima came from. Average pooling computes
// scale times the sum of a window.
type poolForward struct {
	out, in0, in1    []float32
	argmax0, argmax1 []uint16
	n                int
	scale            float32
}

// poolBackward is the reverse of poolForward: it computes the gradients with respect to
// in0 and in1, grad0 and grad1, from the gradient with respect to out, grad.
type poolBackward struct {
	grad, grad0, grad1 []float32
	argmax0, argmax1   []uint16
	n                  int
	scale              float32
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

// toBF16 rounds thirty-two channels, the lower and the upper sixteen.
type toBF16 struct {
	out       []bfloat16
	low, high []float32
	positions int
}

// fromBF16 is the reverse of toBF16.
type fromBF16 struct {
	low, high []float32
	in        []bfloat16
	positions int
}

// applyMaskBF16 copies the elements of in whose bits are set in the masks of the
// lower and the upper sixteen channels, and zeros for others.
type applyMaskBF16 struct {
	out, in   []bfloat16
	low, high []uint16
	positions int
}

// The primitives below work on n elements of vectors, a multiple of sixteen of them
// in assembly. Their sums have an order that n alone decides: the elements at one
// place of each sixteen are added up in order, in float64.

// addScaled adds s times src to dst.
type addScaled struct {
	dst, src []float32
	n        int
	s        float32
}

// addDifference adds slope*(f - g) to dst.
type addDifference struct {
	dst, f, g []float32
	n         int
	slope     float32
}

// moments updates the means of gradients and of their squares:
//
//	mean = beta1*mean + rest1*gradient
//	square = beta2*square + rest2*gradient*gradient
type moments struct {
	mean, square, gradient     []float32
	n                          int
	beta1, rest1, beta2, rest2 float32
}

// descent computes dst = from - rate*mean/(root*sqrt(square) + epsilon), no less
// than low and no more than high.
type descent struct {
	dst, from, mean, square []float32
	n                       int
	rate, root, epsilon     float32
	low, high               float32
}

// dot forms the sums of the products of a and b.
type dot struct {
	a, b []float32
	n    int
	sums [16]float64
}

// difference forms the sums of the squares of a - b.
type difference struct {
	a, b    []float32
	n       int
	squares [16]float64
}

// dots64 computes the inner products of a with count rows of b, in float64:
//
//	out[j] = sum over i of a[i] * b[j*stride+i]
//
// for n elements, a multiple of eight, and a count that is a multiple of four. The
// elements at one place of each eight are added up in order, and those eight sums in
// pairs that lie four, two and one apart.
type dots64 struct {
	out, a, b        []float64
	n, count, stride int
}

// variation takes two adjacent rows of a picture, upper and lower, at n positions
// that have a neighbour on either side. Its slices of the rows begin one position
// before those of the gradients. With the differences of position x
//
//	dx[x] = upper[x+1] - upper[x], dy[x] = lower[x] - upper[x],
//	d↘[x] = lower[x+1] - upper[x], d↙[x] = lower[x] - upper[x+1],
//
// it sums 4 (dx² + dy²) + d↘² + d↙² and adds
//
//	straight*dx[x-1] - diagonal*d↙[x-1] - (straight*dx[x] + straight*dy[x] + diagonal*d↘[x])
//
// to upperGrad[x] and, after that,
//
//	diagonal*d↘[x-1] + (straight*dy[x] + diagonal*d↙[x])
//
// to lowerGrad[x], which may be the same row.
type variation struct {
	upper, lower, upperGrad, lowerGrad []float32
	n                                  int
	straight, diagonal                 float32
	sums                               [16]float64
}
