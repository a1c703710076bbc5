package kernel

// direct is the plan of one convolution of bfloat16 maps as its definition has
// it: strips of rows, each a task. The sums of a position are formed in registers
// from first to last; nothing but outputs is written.
//
// What is not in memory as the convolution takes it, a gradient that a mask holds
// back or a pooling spreads, is made for a strip and the rows around it, in the
// second-level cache. Outputs that are pooled stay there.
type direct struct {
	convolution
	rows int // of a strip
}

// position is the number of bfloat16 of one position of a block.
const position = pair * lane

// A strip takes as many rows as stripBytes of input allow: more rows amortise
// fetching the weights and what is made twice around the edges, fewer leave the
// cache room for the weights of thirty-two outputs. The rows are whole windows of
// a pooling.
const stripBytes = 512 << 10

func (d *direct) run() {
	most := max(2, stripBytes/(d.src.stored()*d.full.row*int(Float32.Bytes())))
	tasks := roundUp((d.full.H+most-1)/most, d.pool.threads)
	d.rows = roundUp((d.full.H+tasks-1)/tasks, 2)
	d.pool.Run((d.full.H+d.rows-1)/d.rows, d.task)
}

// strip is the rows of a task and what it convolves.
type strip struct {
	scratch *scratch
	top, n  int        // rows
	in      []bfloat16 // from the upper left tap of the first output on
	plane   int        // from one block of in to the next
}

func (d *direct) task(worker, i int) {
	s := strip{scratch: &d.pool.scratch[worker], top: i * d.rows}
	s.n = min(d.rows, d.full.H-s.top)
	if d.mask == nil && d.before == nil {
		s.in, s.plane = d.src.bf16[pair*d.full.offset(0, s.top-1, -1):], pair*d.full.plane
	} else {
		d.input(&s)
	}
	for k := range d.dst.stored() {
		d.outputs(&s, k)
	}
}

// input makes what a strip convolves: its rows, the one above and the one below.
func (d *direct) input(s *strip) {
	var (
		row         = pair * d.full.row
		first, last = max(0, s.top-1), min(s.top+s.n, d.full.H-1)
		spread      [2][]bfloat16
	)
	s.plane = (s.n+2)*row + slack*position
	s.in = s.scratch.bf16(scratchInput, d.src.stored()*s.plane)
	if d.before != nil {
		two := s.scratch.bf16(scratchPooling, 2*row)
		spread = [2][]bfloat16{two[:row], two[row:]}
	}
	for b := range d.src.stored() {
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
				d.pool.spreadRow(s.scratch, d.before, spread, d.src, &d.full, b, y/2)
			}
			d.applyMask(at(y), spread[y%2], b, y)
		}
	}
}

// applyMask copies what the mask lets through of row y of a block to a row with its
// border.
func (d *direct) applyMask(to, from []bfloat16, b, y int) {
	end := (1 + d.full.W) * position
	clear(to[:position])
	clear(to[end:])
	d.pool.impl.bfloat16.applyMaskBF16(applyMaskBF16{
		out: to[position:end], in: from,
		low:       d.mask.from(d.full.offset(pair*b, y, 0)),
		high:      d.mask.from(d.full.offset(pair*b+1, y, 0)),
		positions: d.full.W,
	})
}

// callOperations is about how many operations a call of convolve makes: as long
// as it runs, some 30 microseconds at two teraflops, nobody can stop it.
const callOperations = 1 << 26

// outputs computes the block k of a strip's outputs.
func (d *direct) outputs(s *strip, k int) {
	var (
		bf     = d.pool.impl.bfloat16
		blocks = d.src.stored()
		across = d.full.row / lane
		count  = (s.n-1)*across + d.full.W // positions, those between rows included
		most   = max(1, callOperations/(2*taps*position*position*blocks*bf.rows))
		mask   = d.reluMask.from(d.full.offset(pair*k, s.top, 0))
		out    []bfloat16
	)
	if d.after == nil {
		out = d.dst.bf16[pair*d.full.offset(k, s.top, 0):]
	} else {
		out = s.scratch.bf16(scratchOutput, s.n*pair*d.full.row)
	}
	call := convolve{
		w: d.filter.bf16[k*blocks*taps*tapWeights:], bias: d.filter.bias[k*position:],
		sums:   s.scratch.get(scratchOutput, bf.rows*position),
		blocks: blocks, row: pair * d.full.row, plane: s.plane,
		upper: d.full.plane / lane, floor: d.filter.floor,
	}
	for p := 0; p < count; p += call.groups * bf.rows {
		call.groups = min(most, (count-p)/bf.rows)
		call.in, call.out = s.in[p*position:], out[p*position:]
		if mask != nil {
			call.mask = mask[p:]
		}
		if call.groups == 0 {
			d.remainder(s, call, count-p)
			break
		}
		bf.convolve(call)
	}
	if mask != nil { // no gradient comes from between the rows
		for y := range s.n - 1 {
			between := mask[y*across+d.full.W:]
			clear(between[:across-d.full.W])
			clear(between[call.upper:][:across-d.full.W])
		}
	}
	if d.after != nil {
		for y := 0; y+1 < s.n; y += 2 {
			rows := [2][]bfloat16{out[y*pair*d.full.row:], out[(y+1)*pair*d.full.row:]}
			d.pool.poolRow(s.scratch, d.after, d.dst, rows, &d.full, k, (s.top+y)/2)
		}
	}
}

// remainder makes a call for fewer positions than are computed at once.
func (d *direct) remainder(s *strip, call convolve, positions int) {
	var (
		bf     = d.pool.impl.bfloat16
		whole  = call
		out    = s.scratch.bf16(scratchTransform, bf.rows*position)
		upper  = bf.rows
		masked = call.mask != nil
	)
	whole.out, whole.groups = out, 1
	if masked {
		whole.mask, whole.upper = s.scratch.bf16(scratchWeights, pair*bf.rows), upper
	}
	bf.convolve(whole)
	copy(call.out[:positions*position], out)
	if masked {
		copy(call.mask[:positions], whole.mask)
		copy(call.mask[call.upper:][:positions], whole.mask[upper:])
	}
}
