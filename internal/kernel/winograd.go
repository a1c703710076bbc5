package kernel

import "math"

// winograd computes one float32 convolution. It transforms input tiles, multiplies them
// by transformed weights in groups of the implementation's rows, and transforms the
// products back.
type winograd struct {
	convolution
	across, tiles    int // tiles in a row, and in all
	block            int // tiles transformed at a time, in whole groups
	steps            int // blocks of input channels multiplied at a time
	uStride, vStride int // elements from one of the 36 matrices to the next, of weights and of input
}

func (w *winograd) run() {
	w.across = roundUp(w.full.W, tile) / tile
	w.tiles = w.across * (roundUp(w.full.H, tile) / tile)
	w.uStride = w.filter.uStride()
	if int(Float32.Bytes())*w.filter.transformed() <= sharedBytes {
		w.byTiles()
	} else {
		w.byOutputs()
	}
}

// tileRange is a range of count tiles.
type tileRange struct{ first, count int }

const (
	// sharedBytes is the size up to which the tasks share all transformed weights in
	// the processor's last-level cache.
	sharedBytes = 10 << 20
	// sharedTiles is the number of tiles of a task that shares transformed weights. Its
	// transformed input and output then fit in the second-level cache: with 1 and 2 MiB
	// of it, 28 tiles take 5 to 22 % less time than 224, at 32 to 256 channels.
	sharedTiles = 28
)

// byTiles gives each task a few tiles and all outputs. The tasks share the transformed
// weights.
func (w *winograd) byTiles() {
	u := w.transformedWeights()
	w.steps = w.src.blocks()
	w.divide(sharedTiles, w.pool.threads)
	w.pool.Run((w.tiles+w.block-1)/w.block, func(worker, i int) {
		var (
			scratch = &w.pool.scratch[worker]
			v       = scratch.get(scratchInput, 36*w.vStride)
			some    = tileRange{i * w.block, min(w.block, w.tiles-i*w.block)}
		)
		w.input(scratch, some, v)
		for k := 0; k < w.dst.blocks(); k += w.pool.impl.panels {
			w.multiply(scratch, some, v, u[36*w.uStride*k:], k)
		}
	})
}

const (
	// inputBytes is about the size of the transformed input that the tasks share where
	// they do not share transformed weights.
	inputBytes = 10 << 20
	// sharedSteps is the number of blocks of input channels that byOutputs multiplies
	// at a time. The weights of 128 channels and 32 outputs are half of a first-level
	// cache of 32 KiB and stay there for all groups: with 512 channels of 64 x 64 this
	// takes 16 to 21 % less time than multiplying all at once. byTiles has few groups
	// in a row, and there the additions in memory cost more than the cache saves.
	sharedSteps = 8
	// tasksEach is the smallest number of tasks for each thread.
	tasksEach = 4
)

// byOutputs gives each task a few outputs, whose weights it transforms, and many tiles.
// The tasks share the transformed input.
func (w *winograd) byOutputs() {
	w.steps = sharedSteps
	w.divide(inputBytes/(36*int(Float32.Bytes())*w.filter.ins), 1)
	w.pool.inputs = grow(w.pool.inputs, 36*w.vStride)
	for first := 0; first < w.tiles; first += w.block {
		w.multiplyByOutputs(tileRange{first, min(w.block, w.tiles-first)})
	}
}

// multiplyByOutputs convolves a range of tiles. Where there are fewer groups of outputs
// than threads need tasks, several tasks divide the tiles of each group.
func (w *winograd) multiplyByOutputs(all tileRange) {
	var (
		rows, panels = w.pool.impl.rows, w.pool.impl.panels
		groups       = (all.count + rows - 1) / rows
		outputs      = (w.dst.blocks() + panels - 1) / panels
		shares       = min(groups, (tasksEach*w.pool.threads+outputs-1)/outputs)
		share        = (groups + shares - 1) / shares // groups of tiles
	)
	// part returns the tiles of n groups from the given group on, and their transformed
	// input.
	part := func(group, n int) (tileRange, []float32) {
		first := group * rows
		return tileRange{all.first + first, min(n*rows, all.count-first)}, w.pool.inputs[first*w.filter.ins:]
	}
	w.pool.Run(groups, func(worker, i int) {
		some, v := part(i, 1)
		w.input(&w.pool.scratch[worker], some, v)
	})
	shares = (groups + share - 1) / share
	w.pool.Run(outputs*shares, func(worker, i int) {
		var (
			scratch = &w.pool.scratch[worker]
			k       = i / shares * panels
			u       = scratch.get(scratchWeights, 36*w.uStride*panels)
			some, v = part(i%shares*share, share)
		)
		for q := range min(panels, w.dst.blocks()-k) {
			w.transformPanel(scratch, u[36*w.uStride*q:], k+q)
		}
		w.multiply(scratch, some, v, u, k)
	})
}

// divide sets the number of tiles of a block so that the blocks are about equal, their
// number is a multiple of n, and each has at most about maxTiles tiles.
func (w *winograd) divide(maxTiles, n int) {
	rows := w.pool.impl.rows
	maxTiles = max(rows, maxTiles)
	blocks := roundUp((w.tiles+maxTiles-1)/maxTiles, n)
	w.block = roundUp((w.tiles+blocks-1)/blocks, rows)
	w.vStride = paddedStride(w.block * w.filter.ins)
}

// paddedStride returns a stride of at least n elements whose multiples fall into
// different sets of a cache, because the 36 values of a transform are written together.
func paddedStride(n int) int {
	const line = cacheLine / 4
	return roundUp(n, line) | line
}

// transformedWeights returns all transformed weights, in the cache of the filter or
// else in the buffer of the pool.
func (w *winograd) transformedWeights() []float32 {
	size := w.filter.transformed()
	transform := func(u []float32) []float32 {
		w.pool.Run(w.dst.blocks(), func(worker, k int) {
			w.transformPanel(&w.pool.scratch[worker], u[36*w.uStride*k:], k)
		})
		return u
	}
	if w.filter.keeps() {
		return w.filter.kept.get(w.pool.impl.primitives, func() []float32 { return transform(alignedFloats(size)) })
	}
	w.pool.weights = grow(w.pool.weights, size)
	return transform(w.pool.weights)
}

// transformPanel transforms the weights of the k-th sixteen outputs.
func (w *winograd) transformPanel(scratch *scratch, u []float32, k int) {
	w.pool.impl.winogradWeights(winogradWeights{
		u: u, w: w.filter.panel(scratch, k), scratch: scratch.get(scratchTransform, winogradScratch),
		channels: w.filter.ins, uStride: w.uStride,
	})
}

// multiply convolves a range of tiles, whose transformed input is v, to the outputs
// from block k on that are computed at once, whose transformed weights are u.
func (w *winograd) multiply(scratch *scratch, some tileRange, v, u []float32, k int) {
	var (
		impl    = w.pool.impl
		groups  = (some.count + impl.rows - 1) / impl.rows
		ins     = w.src.blocks()
		vBlock  = impl.rows * lanes
		panels  = min(impl.panels, w.dst.blocks()-k)
		mPanel  = groups * vBlock
		mStride = paddedStride(panels * mPanel)
		m       = scratch.get(scratchOutput, 36*mStride)
	)
	for s := 0; s < ins; s += w.steps {
		impl.gemm(gemm{
			out: m, in: v[s*vBlock:], w: u[s*lanes*lanes:], bias: zeroBias[:],
			products: 36, outNext: mStride, inNext: w.vStride, wNext: w.uStride,
			panels: panels, steps: min(w.steps, ins-s), groups: groups,
			inStep: vBlock, inGroup: ins * vBlock,
			outPanel: mPanel, outGroup: vBlock,
			wPanel: 36 * w.uStride,
			floor:  float32(math.Inf(-1)), accumulate: s > 0,
		})
	}
	for q := range panels {
		w.output(scratch, some, k+q, m[q*mPanel:], mStride)
	}
}

// runs divides a range of tiles into runs within one row of tiles, of at most the given
// length, and calls do for each: t is the index of the run in the range, y and x are
// the position of its first output.
func (w *winograd) runs(some tileRange, longest int, do func(t, y, x, tiles int)) {
	for t := 0; t < some.count; {
		y, x := (some.first+t)/w.across, (some.first+t)%w.across
		tiles := min(w.across-x, some.count-t, longest)
		do(t, y*tile, x*tile, tiles)
		t += tiles
	}
}

// pooledRun is the number of tiles that pass from the convolution to the pooling, or
// back, through the first-level cache.
const pooledRun = 8

// input transforms a range of tiles to v.
func (w *winograd) input(scratch *scratch, some tileRange, v []float32) {
	var (
		in      = winogradInput{scratch: scratch.get(scratchTransform, winogradScratch), row: w.full.row, vStride: w.vStride}
		longest = w.across
		rows    []float32
	)
	if w.before != nil {
		longest, rows = pooledRun, scratch.get(scratchPooling, (tile+4)*in.row)
	}
	w.runs(some, longest, func(t, y, x, tiles int) {
		for b := range w.src.blocks() {
			at := w.full.offset(b, y-1, x-1)
			in.mask = w.mask.from(at)
			if w.before == nil {
				in.in = w.src.data[at:]
			} else {
				w.poolRunBack(rows, b, y, x, tiles)
				in.in = rows[in.row+lanes:] // rows begins two positions above and left of the first output
			}
			w.inputRun(v, b, t, tiles, in)
		}
	})
}

// inputRun transforms a run of tiles of block b, from index t on. The tiles of a group
// are multiplied at once and are adjacent in v.
func (w *winograd) inputRun(v []float32, b, t, tiles int, in winogradInput) {
	rows := w.pool.impl.rows
	for end := t + tiles; t < end; t += in.tiles {
		in.tiles = min(end-t, rows-t%rows)
		in.v = v[((t/rows*w.src.blocks()+b)*rows+t%rows)*lanes:]
		w.pool.impl.winogradInput(in)
		in.in = in.in[in.tiles*tile*lanes:]
		if in.mask != nil {
			in.mask = in.mask[in.tiles*tile:]
		}
	}
}

// poolRunBack computes the gradient of the pooling's input in block b, from two rows
// and columns before a run of tiles to two after it. Beyond the map, rows keeps its old
// contents: the mask is not set there.
func (w *winograd) poolRunBack(rows []float32, b, y, x, tiles int) {
	var (
		row         = w.full.row
		top, bottom = max(y/2-1, 0), min(y/2+tile/2+1, w.src.H)
		left, right = max(x/2-1, 0), min(x/2+tiles*tile/2+1, w.src.W)
		at          = func(fy, fx int) int { return (fy-y+2)*row + (fx-x+2)*lanes }
	)
	for r := top; r < bottom; r++ {
		upper, lower := w.full.offset(b, 2*r, 2*left), w.full.offset(b, 2*r+1, 2*left)
		w.before.backward(w.pool.impl.primitives, upper, lower, poolBackward{
			grad:  w.src.data[w.src.offset(b, r, left):],
			grad0: rows[at(2*r, 2*left):], grad1: rows[at(2*r+1, 2*left):], n: right - left,
		})
	}
	// Pooling ignores an odd last row or column: its gradient is zero. Elsewhere the
	// pooling windows cover all positions that the tiles read.
	if end := 2 * right; end < w.full.W && end <= x+tiles*tile {
		for r := 2 * top; r < 2*bottom; r++ {
			clear(rows[at(r, end):][:lanes])
		}
	}
	if end := 2 * bottom; end < w.full.H && end <= y+tile {
		clear(rows[at(end, 2*left):][:(2*(right-left)+1)*lanes])
	}
}

// output transforms products back to a range of tiles of block k.
func (w *winograd) output(scratch *scratch, some tileRange, k int, m []float32, mStride int) {
	out := winogradOutput{
		bias: w.filter.bias[k*lanes:], scratch: scratch.get(scratchTransform, winogradScratch),
		row: w.full.row, mStride: mStride, floor: w.filter.floor,
	}
	longest := w.across
	if w.after != nil {
		longest = pooledRun
		out.out = scratch.get(scratchPooling, (tile+4)*out.row)
	}
	w.runs(some, longest, func(t, y, x, tiles int) {
		at := w.full.offset(k, y, x)
		if w.after == nil {
			out.out = w.dst.data[at:]
		}
		out.m, out.mask, out.tiles = m[t*lanes:], w.reluMask.from(at), tiles
		w.pool.impl.winogradOutput(out)
		w.clearMask(k, y, x, x+tiles*tile)
		if w.after != nil {
			w.poolRun(out.out, k, y, x, tiles)
		}
	})
}

// poolRun pools the outputs of a run of tiles to the destination.
func (w *winograd) poolRun(rows []float32, k, y, x, tiles int) {
	n := min(tiles*tile/2, w.dst.W-x/2)
	if n <= 0 {
		return
	}
	for r := y / 2; r < min(y/2+tile/2, w.dst.H); r++ {
		upper, lower := w.full.offset(k, 2*r, x), w.full.offset(k, 2*r+1, x)
		w.after.forward(w.pool.impl.primitives, upper, lower, poolForward{
			out: w.dst.data[w.dst.offset(k, r, x/2):],
			in0: rows[(2*r-y)*w.full.row:], in1: rows[(2*r+1-y)*w.full.row:], n: n,
		})
	}
}

// clearMask clears the bits that a row of tiles has set beyond the right and lower edge
// of the map, where outputs have no gradient.
func (w *winograd) clearMask(k, y, left, right int) {
	for row := y; row < y+tile; row++ {
		from := left
		if row < w.full.H {
			from = max(from, w.full.W)
		}
		if from < right {
			w.reluMask.clearRow(k, row, from, right)
		}
	}
}
