package kernel

// direct computes one bfloat16 convolution by its definition. Each task takes a strip
// of rows. The sum of an output stays in registers from the first product to the last;
// only outputs are written.
//
// An input that first has to be masked or sent back through a pooling is prepared in
// the second-level cache, for the rows of the strip and one row above and below.
// Outputs to be pooled stay in that cache as well.
type direct struct {
	convolution
	rows int // of a strip
}

// bf16Lanes is the number of channels of a block of bfloat16.
const bf16Lanes = bf16Ratio * lanes

// stripBytes is the size of the input of a strip. With more rows, fewer loads of
// weights and fewer repeated rows at the edges; with fewer rows, the weights of
// thirty-two outputs still fit in the cache. A strip has an even number of rows, for
// 2x2 pooling.
const stripBytes = 512 << 10

func (d *direct) run() {
	maxRows := max(2, stripBytes/(d.src.storedBlocks()*d.full.row*int(Float32.Bytes())))
	tasks := roundUp((d.full.H+maxRows-1)/maxRows, d.pool.threads)
	d.rows = roundUp((d.full.H+tasks-1)/tasks, 2)
	d.pool.Run((d.full.H+d.rows-1)/d.rows, d.task)
}

// strip holds the rows of one task and its input.
type strip struct {
	scratch *scratch
	top, n  int        // rows
	in      []bfloat16 // begins at the upper left kernel element of the first output
	plane   int        // elements from one block of in to the next
}

func (d *direct) task(worker, i int) {
	s := strip{scratch: &d.pool.scratch[worker], top: i * d.rows}
	s.n = min(d.rows, d.full.H-s.top)
	if d.mask == nil && d.before == nil {
		s.in, s.plane = d.src.bf16[bf16Ratio*d.full.offset(0, s.top-1, -1):], bf16Ratio*d.full.plane
	} else {
		d.input(&s)
	}
	for k := range d.dst.storedBlocks() {
		d.outputs(&s, k)
	}
}

// input prepares the input of a strip: its rows, the row above and the row below.
func (d *direct) input(s *strip) {
	var (
		row         = bf16Ratio * d.full.row
		first, last = max(0, s.top-1), min(s.top+s.n, d.full.H-1)
		unpooled    [2][]bfloat16
	)
	s.plane = (s.n+2)*row + slack*bf16Lanes
	s.in = s.scratch.bf16(scratchInput, d.src.storedBlocks()*s.plane)
	if d.before != nil {
		two := s.scratch.bf16(scratchPooling, 2*row)
		unpooled = [2][]bfloat16{two[:row], two[row:]}
	}
	for b := range d.src.storedBlocks() {
		rows := s.in[b*s.plane:]
		at := func(y int) []bfloat16 { return rows[(y-s.top+1)*row:][:row] }
		if s.top == 0 {
			clear(at(-1))
		}
		if s.top+s.n == d.full.H {
			clear(at(d.full.H))
		}
		for y := first; y <= last; y++ {
			if d.before == nil {
				d.applyMask(at(y), d.src.bf16Row(b, y), b, y)
				continue
			}
			if y == first || y%2 == 0 {
				d.pool.poolRowBack(s.scratch, d.before, unpooled, d.src, &d.full, b, y/2)
			}
			d.applyMask(at(y), unpooled[y%2], b, y)
		}
	}
}

// applyMask writes row y of a block to a row with borders, with zeros where the mask is
// not set.
func (d *direct) applyMask(to, from []bfloat16, b, y int) {
	end := (1 + d.full.W) * bf16Lanes
	clear(to[:bf16Lanes])
	clear(to[end:])
	d.pool.impl.bfloat16.applyMaskBF16(applyMaskBF16{
		out: to[bf16Lanes:end], in: from,
		low:       d.mask.from(d.full.offset(bf16Ratio*b, y, 0)),
		high:      d.mask.from(d.full.offset(bf16Ratio*b+1, y, 0)),
		positions: d.full.W,
	})
}

// callOperations is about how many operations one call of convolve makes. The scheduler
// cannot preempt a call: it takes some 30 microseconds at two teraflops.
const callOperations = 1 << 26

// outputs computes block k of the outputs of a strip.
func (d *direct) outputs(s *strip, k int) {
	var (
		bf        = d.pool.impl.bfloat16
		blocks    = d.src.storedBlocks()
		across    = d.full.row / lanes
		count     = (s.n-1)*across + d.full.W // positions, including the borders between rows
		maxGroups = max(1, callOperations/(2*kernelArea*bf16Lanes*bf16Lanes*blocks*bf.rows))
		mask      = d.reluMask.from(d.full.offset(bf16Ratio*k, s.top, 0))
		out       []bfloat16
	)
	if d.after == nil {
		out = d.dst.bf16[bf16Ratio*d.full.offset(k, s.top, 0):]
	} else {
		out = s.scratch.bf16(scratchOutput, s.n*bf16Ratio*d.full.row)
	}
	call := convolve{
		w: d.filter.bf16[k*blocks*kernelArea*elementWeights:], bias: d.filter.bias[k*bf16Lanes:],
		sums:   s.scratch.get(scratchOutput, bf.rows*bf16Lanes),
		blocks: blocks, row: bf16Ratio * d.full.row, plane: s.plane,
		upper: d.full.plane / lanes, floor: d.filter.floor,
	}
	for p := 0; p < count; p += call.groups * bf.rows {
		call.groups = min(maxGroups, (count-p)/bf.rows)
		call.in, call.out = s.in[p*bf16Lanes:], out[p*bf16Lanes:]
		if mask != nil {
			call.mask = mask[p:]
		}
		if call.groups == 0 {
			d.remainder(s, call, count-p)
			break
		}
		bf.convolve(call)
	}
	if mask != nil { // borders between rows have no gradient
		for y := range s.n - 1 {
			between := mask[y*across+d.full.W:]
			clear(between[:across-d.full.W])
			clear(between[call.upper:][:across-d.full.W])
		}
	}
	if d.after != nil {
		for y := 0; y+1 < s.n; y += 2 {
			rows := [2][]bfloat16{out[y*bf16Ratio*d.full.row:], out[(y+1)*bf16Ratio*d.full.row:]}
			d.pool.poolRow(s.scratch, d.after, d.dst, rows, &d.full, k, (s.top+y)/2)
		}
	}
}

// remainder computes fewer positions than a full group, through a scratch buffer.
func (d *direct) remainder(s *strip, call convolve, positions int) {
	var (
		bf     = d.pool.impl.bfloat16
		whole  = call
		out    = s.scratch.bf16(scratchTransform, bf.rows*bf16Lanes)
		upper  = bf.rows
		masked = call.mask != nil
	)
	whole.out, whole.groups = out, 1
	if masked {
		whole.mask, whole.upper = s.scratch.bf16(scratchWeights, bf16Ratio*bf.rows), upper
	}
	bf.convolve(whole)
	copy(call.out[:positions*bf16Lanes], out)
	if masked {
		copy(call.mask[:positions], whole.mask)
		copy(call.mask[call.upper:][:positions], whole.mask[upper:])
	}
}
