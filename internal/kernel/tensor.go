package kernel

import "fmt"

// lanes is the number of channels of a block. They are adjacent in memory.
const lanes = 16

// Tile is the side of an output tile of the Winograd transform; maps are rounded up to
// multiples of it. Where a part of a map begins at multiples of Tile, its values are
// the same to the bit as in the whole map, except near the edges of the part.
const Tile = 4

const tile = Tile

// slack is the number of zero positions after each block of a tensor or matrix. It lets
// a primitive read a full group at the end of a block.
const slack = 32

// shape is the shape and memory layout of feature maps. Offsets and strides count
// float32; those of bfloat16 are twice as large, since a position of a block is one
// cache line in either precision.
type shape struct {
	C, H, W int
	row     int // elements from one row of positions to the next
	plane   int // elements from one block of channels to the next
}

// bf16Ratio is the number of bfloat16 in the size of a float32, and therefore the
// number of blocks of sixteen channels in a block of thirty-two.
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

// bf16Blocks returns the number of blocks of thirty-two channels.
func (s *shape) bf16Blocks() int { return roundUp(s.C, bf16Ratio*lanes) / (bf16Ratio * lanes) }

// size returns the number of elements in the given precision.
func (s *shape) size(p Precision) int {
	if p == BFloat16 {
		return s.bf16Blocks() * bf16Ratio * s.plane
	}
	return s.blocks() * s.plane
}

// span returns the range of positions of a plane from the first row of the map to the
// last: the first position and the number of positions. The range includes the borders
// left and right of the rows, which are zero in activations and add nothing to a sum.
func (s *shape) span() (first, n int) {
	if s.row == 0 { // a matrix
		return 0, s.W
	}
	return s.row / lanes, s.H * s.row / lanes
}

// offset returns the index of the first channel of a block at a position. y and x may
// be -1, in the border.
func (s *shape) offset(block, y, x int) int {
	return block*s.plane + (y+1)*s.row + (x+1)*lanes
}

// Positions returns H*W, the number of positions.
func (s *shape) Positions() int { return s.H * s.W }

// same panics unless s and u are the same shape.
func (s *shape) same(u *shape) {
	if s.C != u.C || s.H != u.H || s.W != u.W {
		panic(fmt.Sprintf("kernel: tensors of %d x %d x %d and %d x %d x %d", s.C, s.H, s.W, u.C, u.H, u.W))
	}
}

// A Tensor is a stack of C feature maps of H rows and W columns, in the layout that the
// package documentation describes. The zero value has no shape; [Tensor.Reshape] gives
// it one.
type Tensor struct {
	// Precision is the number format of the values. It never changes once t has a
	// shape.
	Precision Precision
	shape
	data []float32  // the values in Float32
	bf16 []bfloat16 // the values in BFloat16
}

// NewTensor returns a zero tensor of c feature maps of h x w in float32.
func NewTensor(c, h, w int) *Tensor {
	t := new(Tensor)
	t.Reshape(c, h, w)
	return t
}

// Reshape makes t a tensor of c feature maps of h x w. It reuses the memory of t where
// that is large enough. The values are undefined afterwards.
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

// FromCHW returns a float32 tensor with the values of data, c x h x w in row-major
// order.
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

// Copy makes t a copy of src, which has the same precision.
func (t *Tensor) Copy(src *Tensor) {
	t.Reshape(src.C, src.H, src.W)
	copy(t.data, src.data)
	copy(t.bf16, src.bf16)
}

// rowAt returns the values of one row of a block of sixteen channels, [W][16].
func (t *Tensor) rowAt(block, y int) []float32 {
	return t.data[t.offset(block, y, 0):][:t.W*lanes]
}

// bf16Row returns the values of one row of a block of thirty-two channels, [W][32].
func (t *Tensor) bf16Row(block, y int) []bfloat16 {
	return t.bf16[bf16Ratio*t.offset(block, y, 0):][:t.W*bf16Ratio*lanes]
}

// Rows returns n rows of t from row y on. The result shares the memory of t; above and
// below it are other rows of t instead of a border. Costs use it to add to a gradient
// band by band.
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

// storedBlocks returns the number of blocks in memory: of sixteen channels in float32,
// of thirty-two in bfloat16.
func (t *Tensor) storedBlocks() int {
	if t.Precision == BFloat16 {
		return t.bf16Blocks()
	}
	return t.blocks()
}

// ClearBorder sets the border of the map, and the positions added by rounding, to zero.
func (t *Tensor) ClearBorder() {
	for b := range t.storedBlocks() {
		if t.Precision == BFloat16 {
			clearAround(&t.shape, t.bf16[b*t.plane*bf16Ratio:], bf16Ratio)
		} else {
			clearAround(&t.shape, t.data[b*t.plane:], 1)
		}
	}
}

// clearAround is [Tensor.ClearBorder] for one block. elements is the number of values
// in the size of a float32.
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
