package kernel

import "fmt"

// lane is the number of channels that lie side by side in memory.
const lanes = 16

// Tile is the side of a Winograd output tile, to which maps are rounded up. Parts
// of a map that begin at multiples of it are computed to the bit as in the whole,
// but for what the edges of the part change.
const Tile = 4

const tile = Tile

// slack is the number of zero positions after each block of a tensor or
// matrix, so that a primitive may take its last positions in a full group.
const slack = 32

// shape is the shape of feature maps and their place in memory. Places count
// elements of float32; those of bfloat16 are twice as many, as a position of a
// block is a cache line in either precision.
type shape struct {
	C, H, W int
	row     int // elements from one row of positions to the next
	plane   int // elements from one block of channels to the next
}

// pair is the number of bfloat16 in the place of a float32, and of blocks of
// sixteen channels in one of thirty-two.
const bf16Ratio = 2

func newShape(c, h, w int) shape {
	if c <= 0 || h <= 0 || w <= 0 {
		panic(fmt.Sprintf("kernel: tensor of %d x %d x %d", c, h, w))
	}
	row := (roundUp(w, tile) + 2) * lanes
	return shape{c, h, w, row, (roundUp(h, tile)+2)*row + slack*lanes}
}

// blocks returns the number of blocks of sixteen channels.
func (s *shape) blocks() int { return roundUp(s.C, lanes) / lanes }

// pairs returns the number of blocks of thirty-two channels.
func (s *shape) bf16Blocks() int { return roundUp(s.C, bf16Ratio*lanes) / (bf16Ratio * lanes) }

// size returns the number of elements in a precision.
func (s *shape) size(p Precision) int {
	if p == BFloat16 {
		return s.bf16Blocks() * bf16Ratio * s.plane
	}
	return s.blocks() * s.plane
}

// span returns the positions of a plane from the first row of the map to its last: the
// first one and their number. The borders left and right of the rows are among them;
// those of activations are zero and add nothing to a sum.
func (s *shape) span() (first, n int) {
	if s.row == 0 { // a matrix, whose rows are positions
		return 0, s.W
	}
	return s.row / lanes, s.H * s.row / lanes
}

// offset returns the index of the first channel of a block at a position;
// y and x may be -1, the border.
func (s *shape) offset(block, y, x int) int {
	return block*s.plane + (y+1)*s.row + (x+1)*lanes
}

// Positions returns H*W, the number of positions.
func (s *shape) Positions() int { return s.H * s.W }

// same panics unless u is the same shape.
func (s *shape) same(u *shape) {
	if s.C != u.C || s.H != u.H || s.W != u.W {
		panic(fmt.Sprintf("kernel: tensors of %d x %d x %d and %d x %d x %d", s.C, s.H, s.W, u.C, u.H, u.W))
	}
}

// A Tensor is a stack of C feature maps of H rows and W columns in the layout
// of the package documentation. The zero value is one without a shape, for
// [Tensor.Reshape].
type Tensor struct {
	// Precision is that of the values. It does not change once there is a shape.
	Precision Precision
	shape
	data []float32  // of Float32
	bf16 []bfloat16 // of BFloat16
}

// NewTensor returns a zero tensor of c feature maps of h x w in float32.
func NewTensor(c, h, w int) *Tensor {
	t := new(Tensor)
	t.Reshape(c, h, w)
	return t
}

// Reshape makes t a tensor of c feature maps of h x w, reusing its memory
// where that suffices. Its values are then whatever that memory held.
func (t *Tensor) Reshape(c, h, w int) {
	t.shape = newShape(c, h, w)
	if t.Precision == BFloat16 {
		t.bf16 = grow(t.bf16, t.size(BFloat16))
		return
	}
	t.data = grow(t.data, t.size(Float32))
}

// TensorBytes returns the memory that a tensor of c feature maps of h x w
// takes.
func TensorBytes(p Precision, c, h, w int) int64 {
	s := newShape(c, h, w)
	return int64(s.size(p)) * p.Bytes()
}

// Bytes returns the memory that t holds, which may be more than its shape takes.
func (t *Tensor) Bytes() int64 {
	return Float32.Bytes()*int64(cap(t.data)) + BFloat16.Bytes()*int64(cap(t.bf16))
}

// FromCHW returns a tensor with the values of data, c x h x w in row-major
// order, in float32.
func FromCHW(c, h, w int, data []float32) *Tensor {
	if len(data) != c*h*w {
		panic(fmt.Sprintf("kernel: %d values for a tensor of %d x %d x %d", len(data), c, h, w))
	}
	t := NewTensor(c, h, w)
	for ch := range c {
		for y := range h {
			src := data[(ch*h+y)*w:][:w]
			dst := t.data[t.offset(ch/lanes, y, 0)+ch%lanes:]
			for x, v := range src {
				dst[x*lanes] = v
			}
		}
	}
	return t
}

// CHW returns the values of t, C x H x W in row-major order.
func (t *Tensor) CHW() []float32 {
	data := make([]float32, t.C*t.H*t.W)
	for ch := range t.C {
		for y := range t.H {
			dst := data[(ch*t.H+y)*t.W:][:t.W]
			if t.Precision == BFloat16 {
				src := t.bf16Row(ch/(bf16Ratio*lanes), y)[ch%(bf16Ratio*lanes):]
				for x := range dst {
					dst[x] = widen(src[x*bf16Ratio*lanes])
				}
				continue
			}
			src := t.data[t.offset(ch/lanes, y, 0)+ch%lanes:]
			for x := range dst {
				dst[x] = src[x*lanes]
			}
		}
	}
	return data
}

// Zero sets every value to zero.
func (t *Tensor) Zero() {
	clear(t.data)
	clear(t.bf16)
}

// Copy makes t an exact copy of src, which has its precision.
func (t *Tensor) Copy(src *Tensor) {
	t.Reshape(src.C, src.H, src.W)
	copy(t.data, src.data)
	copy(t.bf16, src.bf16)
}

// rowAt returns the values of one row of one block of sixteen channels,
// [W][16].
func (t *Tensor) rowAt(block, y int) []float32 {
	return t.data[t.offset(block, y, 0):][:t.W*lanes]
}

// bf16Row returns the values of one row of one block of thirty-two channels,
// [W][32].
func (t *Tensor) bf16Row(block, y int) []bfloat16 {
	return t.bf16[bf16Ratio*t.offset(block, y, 0):][:t.W*bf16Ratio*lanes]
}

// Rows returns n rows of t from row y on, which share its memory: what is above
// and below them in place of a border is the rest of t. It serves to add to a
// gradient part by part.
func (t *Tensor) Rows(y, n int) *Tensor {
	t.contains(y, 0, n, t.W)
	rows := &Tensor{Precision: t.Precision, shape: shape{t.C, n, t.W, t.row, t.plane}}
	if t.Precision == BFloat16 {
		rows.bf16 = t.bf16[y*t.row*bf16Ratio:]
	} else {
		rows.data = t.data[y*t.row:]
	}
	return rows
}

// stored returns the number of blocks that the channels lie in: of sixteen or of
// thirty-two.
func (t *Tensor) storedBlocks() int {
	if t.Precision == BFloat16 {
		return t.bf16Blocks()
	}
	return t.blocks()
}

// ClearBorder makes everything around the map zero, the border and what rounding
// added.
func (t *Tensor) ClearBorder() {
	for b := range t.storedBlocks() {
		if t.Precision == BFloat16 {
			clearAround(&t.shape, t.bf16[b*t.plane*bf16Ratio:], bf16Ratio)
		} else {
			clearAround(&t.shape, t.data[b*t.plane:], 1)
		}
	}
}

// clearAround is [Tensor.ClearBorder] of one block, of a number of elements in
// the place of each float32.
func clearAround[E float32 | bfloat16](s *shape, plane []E, elements int) {
	row, position := s.row*elements, lanes*elements
	plane = plane[:s.plane*elements]
	clear(plane[:row])
	for y := range s.H {
		row := plane[(y+1)*row:][:row]
		clear(row[:position])
		clear(row[(1+s.W)*position:])
	}
	clear(plane[(1+s.H)*row:])
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }
