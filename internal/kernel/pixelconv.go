package kernel

import (
	"fmt"
	"math"
)

const (
	// colors is the number of channels of a picture.
	colors = 3
	// columnBlocks is the number of blocks of sixteen channels that hold the 27 values
	// under a 3x3 kernel over three channels.
	columnBlocks = 2
)

// A PixelConv is the first layer of a network: a 3x3 convolution of stride 1 on the
// three channels of a picture, followed by ReLU. Its gradient is computed by one matrix
// product, which yields the gradients of the 27 values under the kernel at each pixel.
type PixelConv struct {
	Out           int
	scale, offset [colors]float32
	replicate     bool
	weight        []float32 // [out/16][27][16]
	transposed    []float32 // [2][out][16]
	bias          []float32
}

// NewPixelConv returns the layer with the given weights, out x 3 x 3 x 3, and biases,
// out. Its input is scale[c]*x + offset[c] for each channel c of a picture x. Outside
// the picture the input is zero or, with replicate, the value of the nearest pixel.
func NewPixelConv(out int, weight, bias []float32, scale, offset [colors]float32, replicate bool) *PixelConv {
	if len(weight) != out*colors*kernelArea || len(bias) != out {
		panic(fmt.Sprintf("kernel: %d weights and %d biases for %d x 3 x 3 x 3", len(weight), len(bias), out))
	}
	outs := roundUp(out, lanes)
	c := &PixelConv{Out: out, scale: scale, offset: offset, replicate: replicate,
		weight:     alignedFloats(outs * colors * kernelArea),
		transposed: alignedFloats(outs * columnBlocks * lanes),
		bias:       alignedFloats(outs),
	}
	copy(c.bias, bias)
	for k := range out {
		for t, w := range weight[k*colors*kernelArea:][:colors*kernelArea] {
			c.weight[(k/lanes*colors*kernelArea+t)*lanes+k%lanes] = w
			c.transposed[(t/lanes*outs+k)*lanes+t%lanes] = w
		}
	}
	return c
}

// pixelRows is the number of rows that a task computes.
const pixelRows = 8

// FirstConv implements [Engine]. dst may have either precision.
func (p *Pool) FirstConv(c *PixelConv, dst *Tensor, mask *Mask, picture []float32) {
	c.check(&dst.shape, picture)
	if mask != nil {
		mask.same(&dst.shape)
	}
	c.forward(p, dst, mask, picture, dst.H, 0)
}

// FirstConvRows implements [Engine]: dst is Out x rows x W, picture is 3 x h x W.
func (p *Pool) FirstConvRows(c *PixelConv, dst *Tensor, picture []float32, h, top int) {
	whole := newShape(dst.C, h, dst.W)
	whole.contains(top, 0, dst.H, dst.W)
	c.check(&whole, picture)
	c.forward(p, dst, nil, picture, h, top)
}

func (c *PixelConv) forward(p *Pool, dst *Tensor, mask *Mask, picture []float32, h, top int) {
	p.Run((dst.H+pixelRows-1)/pixelRows, func(worker, i int) {
		var (
			s      = &p.scratch[worker]
			first  = i * pixelRows
			rows   = min(pixelRows, dst.H-first)
			plane  = (rows + 2) * (dst.W + 2)
			padded = s.get(scratchTransform, colors*plane+1)
		)
		for ch := range colors {
			for y := range rows + 2 {
				c.pad(p, padded[ch*plane+y*(dst.W+2):][:dst.W+2], picture, ch, h, top+first+y-1)
			}
		}
		for y := range rows {
			c.forwardRow(p, s, dst, mask, firstConv{
				in: padded[y*(dst.W+2):], positions: dst.W, row: dst.W + 2, plane: plane,
			}, first+y)
		}
	})
	dst.ClearBorder()
}

func (c *PixelConv) check(out *shape, picture []float32) {
	if out.C != c.Out || len(picture) != colors*out.Positions() {
		panic(fmt.Sprintf("kernel: first layer of %d channels between a picture of %d values and %d x %d x %d",
			c.Out, len(picture), out.C, out.H, out.W))
	}
}

// forwardRow computes row y of dst. The caller has set the input of a.
func (c *PixelConv) forwardRow(p *Pool, s *scratch, dst *Tensor, mask *Mask, a firstConv, y int) {
	block := func(b int, out []float32) {
		a.out, a.mask = out, mask.from(dst.offset(b, y, 0))
		a.w, a.bias = c.weight[b*colors*kernelArea*lanes:], c.bias[b*lanes:]
		p.impl.firstConv(a)
	}
	if dst.Precision == Float32 {
		for b := range dst.blocks() {
			block(b, dst.rowAt(b, y))
		}
		return
	}
	out := s.get(scratchOutput, bf16Ratio*dst.W*lanes)
	for b := range dst.bf16Blocks() {
		low, high := out[:dst.W*lanes], out[dst.W*lanes:]
		block(bf16Ratio*b, low)
		if bf16Ratio*b+1 < dst.blocks() {
			block(bf16Ratio*b+1, high)
		} else {
			clear(high)
		}
		p.impl.bfloat16.toBF16(toBF16{out: dst.bf16Row(b, y), low: low, high: high, positions: dst.W})
	}
}

// pad writes row y of one channel of a picture of height h to row, with one pixel of
// padding on either side. y may be -1 or h, outside the picture.
func (c *PixelConv) pad(p *Pool, row, picture []float32, ch, h, y int) {
	if !c.replicate && (y < 0 || y >= h) {
		clear(row)
		return
	}
	w := len(row) - 2
	y = min(max(y, 0), h-1)
	for x := range row {
		row[x] = c.offset[ch]
	}
	p.addScaled(row[1:][:w], c.scale[ch], picture[(ch*h+y)*w:][:w])
	row[0], row[w+1] = 0, 0
	if c.replicate {
		row[0], row[w+1] = row[1], row[w]
	}
}

// FirstConvBack implements [Engine]: dst is 3 x H x W, grad is Out x H x W, and mask is
// the ReLU mask that FirstConv has set.
func (p *Pool) FirstConvBack(c *PixelConv, dst []float32, grad *Tensor, mask *Mask) {
	c.check(&grad.shape, dst)
	mask.same(&grad.shape)
	p.Run((grad.H+pixelRows-1)/pixelRows, func(worker, i int) {
		c.backwardRows(p, &p.scratch[worker], dst, grad, mask,
			i*pixelRows, min((i+1)*pixelRows, grad.H))
	})
}

// backwardRows computes the rows of the gradient from top to bottom. The gradients of
// the 27 values under the kernel are added up in rows of the padded picture, which are
// counted from its upper border.
func (c *PixelConv) backwardRows(p *Pool, scratch *scratch, dst []float32, grad *Tensor, mask *Mask, top, bottom int) {
	h, w := grad.H, grad.W
	low, high := top+1, bottom+1
	if top == 0 {
		low = 0
	}
	if bottom == h {
		high = h + 2
	}
	padded := scratch.get(scratchTransform, (high-low)*colors*(w+2))
	clear(padded)
	for y := max(low-2, 0); y < min(high, h); y++ {
		columns, width := c.columnGradients(p, scratch, grad, mask, y)
		for x := 0; x < w; x += columnChunk {
			n := min(columnChunk, w-x)
			for r := range colors * kernelArea / kernelSide {
				ch, dy := r/kernelSide, r%kernelSide
				if y+dy >= low && y+dy < high {
					addColumns(padded[((y+dy-low)*colors+ch)*(w+2)+x:][:n+2], columns[x*lanes:], r, width)
				}
			}
		}
	}
	for ch := range colors {
		for y := top; y < bottom; y++ {
			clear(dst[(ch*h+y)*w:][:w])
		}
		for y := low; y < high; y++ {
			c.unpad(p, dst[ch*h*w:][:h*w], padded[((y-low)*colors+ch)*(w+2):][:w+2], h, w, y, c.scale[ch])
		}
	}
}

// columnChunk is the number of positions whose gradients are added to all rows while
// they are in the first-level cache.
const columnChunk = 128

// kernelSide is the number of columns of a 3x3 kernel.
const kernelSide = 3

// addColumns adds gradients to one row of the padded picture: those of kernel row r,
// one of the nine rows of three channels, from columns [2][width][16].
func addColumns(row, columns []float32, r, width int) {
	var of [kernelSide][]float32
	for i := range of {
		t := kernelSide*r + i
		of[i] = columns[t/lanes*width*lanes+t%lanes:]
	}
	var last, before float32 // the gradients that the pixel to the left, and the one before it, add here
	w := len(row) - 2
	for x := range w {
		i := x * lanes
		row[x] += of[0][i] + last
		last, before = of[1][i]+before, of[2][i]
	}
	row[w] += last
	row[w+1] += before
}

// unpad is the transpose of pad, for row y of the padded gradient of one channel.
func (c *PixelConv) unpad(p *Pool, dst, padded []float32, h, w, y int, scale float32) {
	if !c.replicate && (y == 0 || y == h+1) {
		return
	}
	row := dst[min(max(y-1, 0), h-1)*w:][:w]
	p.addScaled(row, scale, padded[1:][:w])
	if c.replicate {
		row[0] += padded[0] * scale
		row[w-1] += padded[w+1] * scale
	}
}

// columnGradients returns the gradients with respect to the 27 values under the kernel
// at each pixel of row y, [2][width][16].
func (c *PixelConv) columnGradients(p *Pool, scratch *scratch, grad *Tensor, mask *Mask, y int) (columns []float32, width int) {
	impl := p.impl
	width = roundUp(grad.W, impl.rows)
	in := scratch.get(scratchInput, grad.bf16Blocks()*bf16Ratio*width*lanes)
	for b := range grad.blocks() {
		to, at := in[b*width*lanes:], grad.offset(b, y, 0)
		from := to
		switch {
		case grad.Precision == Float32:
			from = grad.data[at:]
		case b%bf16Ratio == 0:
			impl.bfloat16.fromBF16(fromBF16{low: to, high: to[width*lanes:], in: grad.bf16Row(b/bf16Ratio, y), positions: grad.W})
		}
		impl.applyMask(applyMask{out: to, in: from, mask: mask.from(at), positions: grad.W})
	}
	columns = scratch.get(scratchOutput, columnBlocks*width*lanes)
	for k := 0; k < columnBlocks; k += impl.panels {
		impl.gemm(gemm{
			out: columns[k*width*lanes:], in: in, w: c.transposed[k*grad.blocks()*lanes*lanes:], bias: zeroBias[:],
			products: 1, panels: impl.panels, steps: grad.blocks(), groups: width / impl.rows,
			inStep: width * lanes, inGroup: impl.rows * lanes,
			outPanel: width * lanes, outGroup: impl.rows * lanes,
			wPanel: grad.blocks() * lanes * lanes,
			floor:  float32(math.Inf(-1)),
		})
	}
	return columns, width
}
