package kernel

import "fmt"

// Crop makes dst a copy of the h x w positions of src from row y and column x on,
// surrounded by zeros. dst keeps its own precision.
func (p *Pool) Crop(dst, src *Tensor, y, x, h, w int) {
	src.contains(y, x, h, w)
	dst.Reshape(src.C, h, w)
	blocks := min(dst.storedBlocks(), src.storedBlocks())
	p.eachRowOf(blocks, &dst.shape, func(worker, b, row int) {
		switch [2]Precision{dst.Precision, src.Precision} {
		case [2]Precision{Float32, Float32}:
			copy(dst.rowAt(b, row), src.rowAt(b, y+row)[x*lanes:])
		case [2]Precision{BFloat16, BFloat16}:
			copy(dst.bf16Row(b, row), src.bf16Row(b, y+row)[x*bf16Lanes:])
		case [2]Precision{Float32, BFloat16}:
			low, high := p.scratch[worker].rows(dst, b, row)
			p.impl.bfloat16.fromBF16(fromBF16{low: low, high: high, in: src.bf16Row(b, y+row)[x*bf16Lanes:], positions: w})
		case [2]Precision{BFloat16, Float32}:
			low, high := p.scratch[worker].rows(src, b, y+row)
			p.impl.bfloat16.toBF16(toBF16{out: dst.bf16Row(b, row), low: low[x*lanes:], high: high[x*lanes:], positions: w})
		}
	})
	dst.ClearBorder()
}

// CopyAt copies the h x w positions of src from row sy and column sx on to the
// positions of dst from row y and column x on. dst and src have the same channels and
// precision.
func (p *Pool) CopyAt(dst *Tensor, y, x int, src *Tensor, sy, sx, h, w int) {
	dst.contains(y, x, h, w)
	src.contains(sy, sx, h, w)
	if dst.C != src.C || dst.Precision != src.Precision {
		panic(fmt.Sprintf("kernel: %d channels of %s in place of %d of %s", src.C, src.Precision, dst.C, dst.Precision))
	}
	p.eachRowOf(dst.storedBlocks(), &shape{H: h, row: w * lanes}, func(_, b, row int) {
		if dst.Precision == BFloat16 {
			copy(dst.bf16Row(b, y+row)[x*bf16Lanes:][:w*bf16Lanes], src.bf16Row(b, sy+row)[sx*bf16Lanes:])
			return
		}
		copy(dst.rowAt(b, y+row)[x*lanes:][:w*lanes], src.rowAt(b, sy+row)[sx*lanes:])
	})
}

// rows returns row y of the lower and of the upper sixteen channels of the b-th
// thirty-two of t, [W][16] each. Where t has no such upper channels, high is a zeroed
// scratch row that the caller may overwrite.
func (s *scratch) rows(t *Tensor, b, y int) (low, high []float32) {
	low = t.rowAt(bf16Ratio*b, y)
	if bf16Ratio*b+1 < t.blocks() {
		return low, t.rowAt(bf16Ratio*b+1, y)
	}
	high = s.get(scratchInput, len(low))
	clear(high)
	return low, high
}

// AddAt adds the values of src to those of dst from row y and column x on. Where dst is
// float32, src is float32 as well; where dst is bfloat16, src has either precision.
func (p *Pool) AddAt(dst, src *Tensor, y, x int) {
	dst.contains(y, x, src.H, src.W)
	if dst.Precision == Float32 {
		p.eachRow(src, func(b, row int) {
			p.addScaled(dst.rowAt(b, y+row)[x*lanes:][:src.W*lanes], 1, src.rowAt(b, row))
		})
		return
	}
	p.eachRowOf(dst.storedBlocks(), &src.shape, func(worker, b, row int) {
		var (
			bf  = p.impl.bfloat16
			to  = dst.bf16Row(b, y+row)[x*bf16Lanes:]
			sum = p.scratch[worker].get(scratchOutput, bf16Ratio*src.W*lanes)
		)
		bf.fromBF16(fromBF16{low: sum, high: sum[src.W*lanes:], in: to, positions: src.W})
		low, high := p.floatRows(worker, src, b, row)
		p.addScaled(sum[:src.W*lanes], 1, low)
		p.addScaled(sum[src.W*lanes:], 1, high)
		bf.toBF16(toBF16{out: to, low: sum, high: sum[src.W*lanes:], positions: src.W})
	})
}

// floatRows returns row y of the lower and of the upper sixteen channels of the b-th
// thirty-two of t in float32, whatever the precision of t.
func (p *Pool) floatRows(worker int, t *Tensor, b, y int) (low, high []float32) {
	s := &p.scratch[worker]
	if t.Precision == Float32 {
		return s.rows(t, b, y)
	}
	row := s.get(scratchInput, bf16Ratio*t.W*lanes)
	low, high = row[:t.W*lanes], row[t.W*lanes:]
	p.impl.bfloat16.fromBF16(fromBF16{low: low, high: high, in: t.bf16Row(b, y), positions: t.W})
	return low, high
}

// contains panics unless the map has the h x w positions from row y and column x on.
func (s *shape) contains(y, x, h, w int) {
	if y < 0 || x < 0 || h < 1 || w < 1 || y+h > s.H || x+w > s.W {
		panic(fmt.Sprintf("kernel: %d x %d positions from (%d, %d) on of a map of %d x %d", h, w, y, x, s.H, s.W))
	}
}
