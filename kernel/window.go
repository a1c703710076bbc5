package kernel

import "fmt"

// Crop makes dst a copy of the h x w positions of src from row y and column x on,
// with zeros around them. dst keeps its own precision.
func (p *Pool) Crop(dst, src *Tensor, y, x, h, w int) {
	src.contains(y, x, h, w)
	dst.Reshape(src.C, h, w)
	blocks := min(dst.stored(), src.stored())
	p.eachRowOf(blocks, &dst.shape, func(worker, b, row int) {
		switch [2]Precision{dst.Precision, src.Precision} {
		case [2]Precision{Float32, Float32}:
			copy(dst.rowAt(b, row), src.rowAt(b, y+row)[x*lane:])
		case [2]Precision{BFloat16, BFloat16}:
			copy(dst.halfRow(b, row), src.halfRow(b, y+row)[x*position:])
		case [2]Precision{Float32, BFloat16}:
			low, high := p.scratch[worker].rows(dst, b, row)
			p.impl.bfloat16.widen(widening{low: low, high: high, in: src.halfRow(b, y+row)[x*position:], positions: w})
		case [2]Precision{BFloat16, Float32}:
			low, high := p.scratch[worker].rows(src, b, y+row)
			p.impl.bfloat16.narrow(narrow{out: dst.halfRow(b, row), low: low[x*lane:], high: high[x*lane:], positions: w})
		}
	})
	dst.clearBorder()
}

// rows returns a row of the lower and of the upper sixteen channels of the b-th
// thirty-two of t. Where there are no upper ones, zeros stand for them, to which may
// be written.
func (s *scratch) rows(t *Tensor, b, y int) (low, high []float32) {
	low = t.rowAt(pair*b, y)
	if pair*b+1 < t.blocks() {
		return low, t.rowAt(pair*b+1, y)
	}
	high = s.get(scratchInput, len(low))
	clear(high)
	return low, high
}

// Paste adds the values of src, in float32, to those of dst from row y and column
// x on.
func (p *Pool) Paste(dst, src *Tensor, y, x int) {
	dst.contains(y, x, src.H, src.W)
	if dst.Precision == Float32 {
		p.eachRow(src, func(b, row int) {
			addScaled(dst.rowAt(b, y+row)[x*lane:][:src.W*lane], 1, src.rowAt(b, row))
		})
		return
	}
	p.eachRowOf(dst.stored(), &src.shape, func(worker, b, row int) {
		var (
			bf  = p.impl.bfloat16
			to  = dst.halfRow(b, y+row)[x*position:]
			sum = p.scratch[worker].get(scratchInput, pair*src.W*lane)
		)
		bf.widen(widening{low: sum, high: sum[src.W*lane:], in: to, positions: src.W})
		for half := range min(pair, src.blocks()-pair*b) {
			addScaled(sum[half*src.W*lane:][:src.W*lane], 1, src.rowAt(pair*b+half, row))
		}
		bf.narrow(narrow{out: to, low: sum, high: sum[src.W*lane:], positions: src.W})
	})
}

// contains panics unless the h x w positions from row y and column x on are
// within the map.
func (s *shape) contains(y, x, h, w int) {
	if y < 0 || x < 0 || h < 1 || w < 1 || y+h > s.H || x+w > s.W {
		panic(fmt.Sprintf("kernel: %d x %d positions from (%d, %d) on of a map of %d x %d", h, w, y, x, s.H, s.W))
	}
}
