package kernel

import "math"

// winograd is the plan of one convolution: blocks of tiles that fit the cache,
// each a task.
type winograd struct {
	convolution
	across, tiles int       // tiles in a row, in all
	block         int       // tiles of one task, a multiple of the implementation's rows
	weights       []float32 // all transformed, where there are few, or nil
}

func (w *winograd) run() {
	w.across = roundUp(w.full.W, tile) / tile
	w.tiles = w.across * (roundUp(w.full.H, tile) / tile)
	w.transformWeights()
	w.block = w.chooseBlock()
	w.pool.Run((w.tiles+w.block-1)/w.block, w.task)
}

// A task takes as many tiles as keep its transformed input and output in the
// second-level cache. Where it has to transform the weights as well, it takes more,
// to do so less often. Measured on processors with 1 and 2 MiB of second-level
// cache: at 32 to 256 channels with shared weights, 28 tiles take 5 to 22 % less
// time than 224.
const (
	sharedTiles = 28
	ownTiles    = 224
	blockBytes  = 8 << 20 // of transformed input, however many its channels
)

// chooseBlock returns the number of tiles of a task: equal shares for every
// thread.
func (w *winograd) chooseBlock() int {
	rows, most := w.pool.impl.rows, ownTiles
	if w.weights != nil {
		most = sharedTiles
	}
	most = max(rows, min(most, blockBytes/(36*4*lane*w.src.blocks())))
	tasks := roundUp((w.tiles+most-1)/most, w.pool.threads)
	return roundUp((w.tiles+tasks-1)/tasks, rows)
}

// spread returns a stride of at least n elements whose multiples fall into
// different sets of a cache: the 36 values of a transform are written together.
func spread(n int) int {
	const line = cacheLine / 4
	return roundUp(n, line) | line
}

// sharedBytes is how much all transformed weights may take for the tasks to
// share them; where they take more, each task transforms what it needs.
const sharedBytes = 10 << 20

// uStride is the distance between the 36 values of transformed weights, and
// 36*uStride that between panels of them.
func (w *winograd) uStride() int { return spread(w.src.blocks() * lane * lane) }

// transformWeights transforms all weights at once, where there are few.
func (w *winograd) transformWeights() {
	var (
		panels = w.dst.blocks()
		size   = 36 * w.uStride()
	)
	if 4*panels*size > sharedBytes {
		return
	}
	w.pool.weights = grow(w.pool.weights, panels*size)
	w.weights = w.pool.weights
	w.pool.Run(panels, func(worker, k int) {
		w.panel(w.weights[k*size:], k, w.pool.scratch[worker].get(scratchTransform, winogradScratch))
	})
}

// panel transforms the weights of the k-th sixteen outputs.
func (w *winograd) panel(u []float32, k int, transform []float32) {
	channels := w.src.blocks() * lane
	w.pool.impl.winogradWeights(winogradWeights{
		u: u, w: w.filter.weight[k*channels*taps*lane:], scratch: transform,
		channels: channels, uStride: w.uStride(),
	})
}

// task convolves the i-th block of tiles.
func (w *winograd) task(worker, i int) {
	var (
		impl      = w.pool.impl
		scratch   = &w.pool.scratch[worker]
		first     = i * w.block
		count     = min(w.block, w.tiles-first)
		groups    = (count + impl.rows - 1) / impl.rows
		ins       = w.src.blocks()
		most      = min(impl.panels, w.dst.blocks()) // panels of outputs at once
		vBlock    = impl.rows * lane
		vGroup    = ins * vBlock
		vStride   = spread(groups * vGroup)
		uStride   = w.uStride()
		mPanel    = groups * impl.rows * lane
		mStride   = spread(most * mPanel)
		transform = scratch.get(scratchTransform, winogradScratch)
		v         = scratch.get(scratchInput, 36*vStride)
		m         = scratch.get(scratchOutput, 36*mStride)
		noFloor   = float32(math.Inf(-1))
		u         []float32
	)
	if w.weights == nil {
		u = scratch.get(scratchWeights, 36*uStride*most)
	}
	w.input(scratch, first, count, v, winogradInput{scratch: transform, row: w.full.row, vStride: vStride})
	for k := 0; k < w.dst.blocks(); k += most {
		panels := min(most, w.dst.blocks()-k)
		if w.weights != nil {
			u = w.weights[36*uStride*k:]
		} else {
			for q := range panels {
				w.panel(u[36*uStride*q:], k+q, transform)
			}
		}
		impl.product(product{
			out: m, in: v, w: u, bias: zeroBias[:],
			products: 36, outNext: mStride, inNext: vStride, wNext: uStride,
			panels: panels, steps: ins, groups: groups,
			inStep: vBlock, inGroup: vGroup,
			outPanel: mPanel, outGroup: vBlock,
			wPanel: 36 * uStride,
			floor:  noFloor,
		})
		for q := range panels {
			w.output(scratch, k+q, first, count, m[q*mPanel:], mStride, transform)
		}
	}
}

// runs calls do for the runs of tiles, at most of the given length, that lie in
// one row of tiles, among count from the first on; t is a run's place among
// them, y and x that of its first output in the map.
func (w *winograd) runs(first, count, longest int, do func(t, y, x, tiles int)) {
	for t := 0; t < count; {
		y, x := (first+t)/w.across, (first+t)%w.across
		tiles := min(w.across-x, count-t, longest)
		do(t, y*tile, x*tile, tiles)
		t += tiles
	}
}

// pooledRun is the number of tiles that are convolved on one side of a pooling
// before the other side takes them out of the first-level cache.
const pooledRun = 8

// input transforms count tiles from the first on to v, as the arguments in say.
func (w *winograd) input(scratch *scratch, first, count int, v []float32, in winogradInput) {
	longest, rows := w.across, []float32(nil)
	if w.before != nil {
		longest, rows = pooledRun, scratch.get(scratchPooling, (tile+4)*in.row)
	}
	w.runs(first, count, longest, func(t, y, x, tiles int) {
		for b := range w.src.blocks() {
			at := w.full.offset(b, y-1, x-1)
			in.mask = w.mask.from(at)
			if w.before == nil {
				in.in = w.src.data[at:]
			} else {
				w.unpool(rows, b, y, x, tiles)
				in.in = rows[in.row+lane:] // they begin two above and left of the first output
			}
			w.inputRun(v, b, t, tiles, in)
		}
	})
}

// inputRun transforms a run of tiles, from the t-th on, of block b. The tiles of a
// group, which are multiplied at once, lie side by side in v.
func (w *winograd) inputRun(v []float32, b, t, tiles int, in winogradInput) {
	rows := w.pool.impl.rows
	for end := t + tiles; t < end; t += in.tiles {
		in.tiles = min(end-t, rows-t%rows)
		in.v = v[((t/rows*w.src.blocks()+b)*rows+t%rows)*lane:]
		w.pool.impl.winogradInput(in)
		in.in = in.in[in.tiles*tile*lane:]
		if in.mask != nil {
			in.mask = in.mask[in.tiles*tile:]
		}
	}
}

// unpool sends the gradient in block b back through the pooling to the rows and
// columns from two before a run of tiles to two after it. Beyond the map it
// leaves what was there: the mask passes nothing on.
func (w *winograd) unpool(rows []float32, b, y, x, tiles int) {
	var (
		row         = w.full.row
		top, bottom = max(y/2-1, 0), min(y/2+tile/2+1, w.src.H)
		left, right = max(x/2-1, 0), min(x/2+tiles*tile/2+1, w.src.W)
		at          = func(fy, fx int) int { return (fy-y+2)*row + (fx-x+2)*lane }
	)
	for r := top; r < bottom; r++ {
		upper, lower := w.full.offset(b, 2*r, 2*left), w.full.offset(b, 2*r+1, 2*left)
		w.pool.impl.poolBack[w.before.Kind](pooling{
			grad:  w.src.data[w.src.offset(b, r, left):],
			grad0: rows[at(2*r, 2*left):], grad1: rows[at(2*r+1, 2*left):],
			route0: w.before.Route.from(upper), route1: w.before.Route.from(lower),
			n: right - left, scale: w.before.factor(),
		})
	}
	// What an odd side leaves out has no gradient. Where the map goes on, the
	// windows end beyond what the tiles see.
	if end := 2 * right; end < w.full.W && end <= x+tiles*tile {
		for r := 2 * top; r < 2*bottom; r++ {
			clear(rows[at(r, end):][:lane])
		}
	}
	if end := 2 * bottom; end < w.full.H && end <= y+tile {
		clear(rows[at(end, 2*left):][:(2*(right-left)+1)*lane])
	}
}

// output transforms count tiles from first on to the block k of the
// destination.
func (w *winograd) output(scratch *scratch, k, first, count int, m []float32, mStride int, transform []float32) {
	out := winogradOutput{
		bias: w.filter.bias[k*lane:], scratch: transform,
		row: w.full.row, mStride: mStride, floor: w.filter.floor,
	}
	longest := w.across
	if w.after != nil {
		longest = pooledRun
		out.out = scratch.get(scratchPooling, (tile+4)*out.row)
	}
	w.runs(first, count, longest, func(t, y, x, tiles int) {
		at := w.full.offset(k, y, x)
		if w.after == nil {
			out.out = w.dst.data[at:]
		}
		out.m, out.mask, out.tiles = m[t*lane:], w.positive.from(at), tiles
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
		w.pool.impl.pool[w.after.Kind](pooling{
			out: w.dst.data[w.dst.offset(k, r, x/2):],
			in0: rows[(2*r-y)*w.full.row:], in1: rows[(2*r+1-y)*w.full.row:],
			route0: w.after.Route.from(upper), route1: w.after.Route.from(lower),
			n: n, scale: w.after.factor(),
		})
	}
}

// clearMask clears the bits that a row of tiles set beyond the map's right and
// lower edge, so that no gradient comes from there.
func (w *winograd) clearMask(k, y, left, right int) {
	for row := y; row < y+tile; row++ {
		from := left
		if row < w.full.H {
			from = max(from, w.full.W)
		}
		if from < right {
			w.positive.clearRow(k, row, from, right)
		}
	}
}
