package kernel

// primitives is one implementation of what is worth writing in assembly. The
// operations of the package are loops over these.
//
// Slices stand for pointers: a primitive works from element 0 on, with strides
// counted in elements. The functions of generic.go define what each computes.
type primitives struct {
	// product keeps a block of rows positions times so many panels of sixteen
	// outputs in registers, gram one of gramRows channels times as many panels. Both
	// take fewer panels as well, from one on.
	rows, panels, gramRows int

	product         func(product)
	gram            func(gram)
	sum             func(sum)
	pixels          func(pixels)
	winogradWeights func(winogradWeights)
	winogradInput   func(winogradInput)
	winogradOutput  func(winogradOutput)
	positive        func(positive)
	masked          func(masked)
	pool, poolBack  [poolings]func(pooling)
}

// product multiplies groups of rows positions by panels of weights:
//
//	out[p][k] = max(floor, bias[k] + sum over s, c of in[s][p][c] * w[s][c][k])
//
// for the positions p of a group, the outputs k of the panels, the steps s and the
// sixteen channels c of each. With accumulate, what out held is added. It does so a
// number of times, each time with the next out, in and w.
type product struct {
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

// zeroBias is the bias of a product without one.
var zeroBias [mostPanels * lane]float32

// mostPanels is the largest number of panels of an implementation.
const mostPanels = 2

// gram adds the products of two sets of channels, summed over positions:
//
//	out[r][k] += sum over p of a[p][r] * b[p][k]
//
// for gramRows channels r and the channels k of the panels.
type gram struct {
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

// pixels computes sixteen outputs of the first layer at positions that lie side by
// side:
//
//	out[p][k] = max(0, bias[k] + sum over c, y, x of in[c][y][p+x] * w[c][y][x][k])
//
// for the three channels c of a picture and the 3x3 kernel's rows y and columns x.
// Where mask is not nil, it has a word for each position and is set where out is
// positive. in may be read one element beyond what that takes.
type pixels struct {
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

// winogradScratch is the number of elements that the transforms need for
// intermediate values.
const winogradScratch = 36 * lane

// positive sets the bits of mask where in is positive.
type positive struct {
	mask      []uint16
	in        []float32
	positions int
}

// masked copies the elements of in whose bits are set, and zeros for others.
type masked struct {
	out, in   []float32
	mask      []uint16
	positions int
}

// pooling describes n outputs of a row of 2x2 pooling over one block of
// channels. Forward computes out from in0 and in1, two rows of 2n positions; for
// maxima, route0 and route1, unless nil, then say where each came from.
// Backward computes the gradients grad0 and grad1 with respect to in0 and in1
// from grad, the gradient with respect to out. Averages need neither inputs nor
// routes for it, maxima no inputs, roots of squares no routes.
type pooling struct {
	out, in0, in1      []float32
	grad, grad0, grad1 []float32
	route0, route1     []uint16
	n                  int
	scale              float32
}
