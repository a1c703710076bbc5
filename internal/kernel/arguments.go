package kernel

// The arguments of primitives. Each assembly function takes a pointer to one of these
// structs. The generators in _asm type-check this file by itself to find the offsets of
// the fields, so it imports nothing and refers to no other file.

// bfloat16 is the upper half of a float32.
type bfloat16 = uint16

// gemm multiplies groups of positions by panels of weights:
//
//	out[p][k] = max(floor, bias[k] + sum over s, c of in[s][p][c] * w[s][c][k])
//
// for the positions p of a group, the outputs k of the panels, the steps s and the
// sixteen channels c of each step. With accumulate, the previous value of out is added.
// One call computes several such products, each with the next out, in and w.
type gemm struct {
	out, in, w, bias       []float32
	products               int
	outNext, inNext, wNext int // elements from one product to the next
	panels                 int
	steps, groups          int
	inStep, inGroup        int // elements from one step, from one group to the next
	outPanel, outGroup     int // elements from one panel of sixteen outputs, from one group to the next
	wPanel                 int // elements from one panel of sixteen outputs to the next
	floor                  float32
	accumulate             bool
}

// syrk adds the products of two sets of channels, summed over positions, to a block of
// a symmetric matrix:
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

// sum adds the values of sixteen channels to out, summed over positions.
type sum struct {
	out, in   []float32
	positions int
}

// firstConv computes sixteen outputs of the first layer at adjacent positions:
//
//	out[p][k] = max(0, bias[k] + sum over c, y, x of in[c][y][p+x] * w[c][y][x][k])
//
// for the three channels c of a picture and the rows y and columns x of the 3x3 kernel.
// mask, unless nil, has a word for each position; its bits are set where out is
// positive. The function may read one element of in beyond the last one it needs.
type firstConv struct {
	out, in, w, bias []float32
	mask             []uint16
	positions        int
	row, plane       int // elements of in from one row to the next, from one channel to the next
}

// winogradWeights transforms the 3x3 kernels of sixteen outputs, w [channels][9][16],
// to u [36][channels][16]: u = G w Gᵀ.
type winogradWeights struct {
	u, w, scratch []float32
	channels      int
	uStride       int // elements from one of the 36 matrices to the next
}

// winogradInput transforms the 6x6 windows of adjacent tiles, which are four positions
// apart, of a block of channels to v [36][tiles][16]: v = Bᵀ d B. mask, unless nil, has
// a word for each position of in; elements whose bit is not set count as zero.
type winogradInput struct {
	v, in, scratch []float32
	mask           []uint16
	tiles          int
	row            int // elements of in, and words of mask, from one row to the next
	vStride        int // elements from one of the 36 matrices to the next
}

// winogradOutput transforms m [36][...][16] to the 4x4 outputs of adjacent tiles: out =
// max(floor, bias + Aᵀ m A). mask, unless nil, has a word for each position of out; its
// bits are set where out is positive.
type winogradOutput struct {
	out, m, bias, scratch []float32
	mask                  []uint16
	tiles                 int
	row                   int // elements of out from one row to the next
	mStride               int // elements from one of the 36 matrices to the next
	floor                 float32
}

// reluMask sets the bits of mask where in is positive and clears the others.
type reluMask struct {
	mask      []uint16
	in        []float32
	positions int
}

// applyMask copies the elements of in whose bits are set, and writes zero for the
// others.
type applyMask struct {
	out, in   []float32
	mask      []uint16
	positions int
}

// poolForward computes n outputs of a row of 2x2 pooling, for one block of channels,
// from two rows of 2n positions, in0 and in1. Maximum pooling sets the bits of argmax0
// and argmax1, unless nil, at the largest value of each window. Average pooling
// computes scale times the sum of each window.
type poolForward struct {
	out, in0, in1    []float32
	argmax0, argmax1 []uint16
	n                int
	scale            float32
}

// poolBackward computes the gradients with respect to in0 and in1 of poolForward, grad0
// and grad1, from grad, the gradient with respect to out.
type poolBackward struct {
	grad, grad0, grad1 []float32
	argmax0, argmax1   []uint16
	n                  int
	scale              float32
}

// convolve computes 32 outputs of a 3x3 convolution at groups of adjacent positions:
//
//	out[p][k] = round(max(floor, bias[k] + sum over b, t, c of in[b][p+t][c] * w[b][t][c][k]))
//
// for the blocks b of thirty-two channels c and the nine kernel elements t. in begins
// at the upper left kernel element of the first position. mask, unless nil, holds two
// words for each position: one for the lower sixteen outputs and, upper words later, one
// for the upper sixteen. A bit is set where its output is positive.
//
// Channels are added in pairs, in order, as the instruction VDPBF16PS adds them: of the
// two products of a pair, which are exact, the second is added first. AMX differs: for
// each kernel element, the instruction TDPBF16PS sums the products of the even channels
// and those of the odd channels separately, then adds both to the total.
type convolve struct {
	out        []bfloat16 // [groups*rows][32]
	mask       []uint16
	in         []bfloat16 // [blocks][rows][positions][32]
	w          []bfloat16 // [blocks][9][lower or upper sixteen outputs][16 pairs of channels][16 outputs][2]
	bias       []float32  // [32]
	sums       []float32  // [rows][32], for intermediate values
	blocks     int
	groups     int
	row, plane int // elements of in from one row to the next, from one block to the next
	upper      int
	floor      float32
}

// toBF16 rounds thirty-two channels, sixteen from low and sixteen from high.
type toBF16 struct {
	out       []bfloat16
	low, high []float32
	positions int
}

// fromBF16 is the inverse of toBF16.
type fromBF16 struct {
	low, high []float32
	in        []bfloat16
	positions int
}

// applyMaskBF16 copies the elements of in whose bits are set, and writes zero for the
// others. low and high are the masks of the lower and of the upper sixteen channels.
type applyMaskBF16 struct {
	out, in   []bfloat16
	low, high []uint16
	positions int
}

// The primitives below take vectors of n elements. The assembly requires a multiple of
// sixteen. A sum accumulates in float64, separately for each of the sixteen places i%16,
// in order, so that its rounding depends on n alone.

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

// moments updates the running means of gradients and of their squares:
//
//	mean = beta1*mean + rest1*gradient
//	square = beta2*square + rest2*gradient*gradient
type moments struct {
	mean, square, gradient     []float32
	n                          int
	beta1, rest1, beta2, rest2 float32
}

// descent computes dst = from - rate*mean/(root*sqrt(square) + epsilon), clamped to
// [low, high].
type descent struct {
	dst, from, mean, square []float32
	n                       int
	rate, root, epsilon     float32
	low, high               float32
}

// dot computes the sums of the products of a and b, one sum for each place i%16.
type dot struct {
	a, b []float32
	n    int
	sums [16]float64
}

// difference computes the sums of the squares of a - b, one sum for each place i%16.
type difference struct {
	a, b    []float32
	n       int
	squares [16]float64
}

// dots64 computes a matrix-vector product in float64: the inner products of a with
// count rows of b,
//
//	out[j] = sum over i of a[i] * b[j*stride+i]
//
// for n elements, a multiple of eight, and a count that is a multiple of four. Each of
// the eight places i%8 has its own sum, added in order. The eight sums are then added
// in pairs, at distances four, two and one.
type dots64 struct {
	out, a, b        []float64
	n, count, stride int
}

// variation computes the total variation of two adjacent rows of a picture, upper and
// lower, at n positions that have a neighbour on either side. The slices of the rows
// begin one position before the slices of the gradients. With the differences at
// position x
//
//	dx[x] = upper[x+1] - upper[x], dy[x] = lower[x] - upper[x],
//	d↘[x] = lower[x+1] - upper[x], d↙[x] = lower[x] - upper[x+1],
//
// it sums 4 (dx² + dy²) + d↘² + d↙², adds
//
//	straight*dx[x-1] - diagonal*d↙[x-1] - (straight*dx[x] + straight*dy[x] + diagonal*d↘[x])
//
// to upperGrad[x], and then adds
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

// patchDifference compares a patch of eight rows of eight pixels with one of another
// picture that lies between pixels. Rows are row elements apart in all slices. With
//
//	d = (weights[0]*to[y][x] + weights[1]*to[y][x+1]) +
//	    (weights[2]*to[y+1][x] + weights[3]*to[y+1][x+1]) - from[y][x]
//
// it sums d, d*d, gradX[y][x]*d and gradY[y][x]*d, one sum for each column x, in this
// order.
type patchDifference struct {
	from, gradX, gradY, to []float32
	row                    int
	weights                [4]float32
	sums                   [32]float32
}

// linearise computes the equations of n adjacent pixels of optical flow (see
// [FlowEquations]). right begins one pixel to the left, up one row above. With
//
//	r1 = xt + (xx*(u-u0) + xy*(v-v0)), r2 = yt + (yx*(u-u0) + yy*(v-v0)),
//	w = weight / sqrt((r1*r1 + r2*r2) + epsilon),
//	a11 = inertia + w*(xx*xx + yx*yx), a12 = w*(xx*xy + yx*yy), a22 = inertia + w*(xy*xy + yy*yy)
//
// it computes
//
//	b1 = (a11*u0 + a12*v0) - w*(xx*xt + yx*yt)
//	b2 = (a12*u0 + a22*v0) - w*(xy*xt + yy*yt)
//
// and, after it has added (right[x-1] + right[x]) + (up + down) to a11 and a22, the inverse
// of the matrix.
type linearise struct {
	u, v, u0, v0                    []float32
	xx, xy, xt, yx, yy, yt          []float32
	right, up, down                 []float32
	b1, b2                          []float32
	inverse11, inverse12, inverse22 []float32
	n                               int
	weight, epsilon, inertia        float32
}

// relax moves every second one of n adjacent pixels of optical flow towards the solution
// of its equations. chosen is a mask: alternately all ones, where the pixels move, and
// zero. u and v begin one row
// above and one pixel to the left, right one pixel to the left, up one row above. With
//
//	su = (b1 + (right[x-1]*u[y][x-1] + right[x]*u[y][x+1])) + (up*u[y-1][x] + down*u[y+1][x])
//
// and sv the same for v and b2,
//
//	u += factor*((inverse11*su + inverse12*sv) - u)
//	v += factor*((inverse12*su + inverse22*sv) - v)
type relax struct {
	u, v                            []float32
	right, up, down                 []float32
	b1, b2                          []float32
	inverse11, inverse12, inverse22 []float32
	row, n                          int
	factor                          float32
	chosen                          [8]uint32
}
