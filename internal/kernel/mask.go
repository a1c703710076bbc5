package kernel

// A Mask holds one bit for each element of a tensor: whether the element propagates a
// gradient. A ReLU mask is set where the output is positive; an argmax mask is set at
// the largest value of each pooling window. A mask serves tensors of either precision.
// It takes 1/32 of the memory of a float32 tensor whose channels are a multiple of 32.
// Create it with [NewMask].
type Mask struct {
	shape
	// One word holds the sixteen channels of a position: bits[i] belongs to the
	// elements of a float32 tensor from i*lanes on.
	bits []uint16
}

// NewMask returns an empty mask for tensors of c feature maps of h x w.
func NewMask(c, h, w int) *Mask {
	m := new(Mask)
	m.Reshape(c, h, w)
	return m
}

// Reshape makes m an empty mask for tensors of c feature maps of h x w, reusing
// its memory where that suffices.
func (m *Mask) Reshape(c, h, w int) {
	m.shape = newShape(c, h, w)
	n := m.words()
	if cap(m.bits) < n {
		m.bits = make([]uint16, n)
		return
	}
	m.bits = m.bits[:n]
	clear(m.bits)
}

// MaskBytes returns the memory that a mask for tensors of c feature maps of
// h x w takes.
func MaskBytes(c, h, w int) int64 {
	s := newShape(c, h, w)
	return int64(s.words()) * lanes / 8
}

// Bytes returns the memory that m holds, which may be more than its shape takes.
func (m *Mask) Bytes() int64 { return int64(cap(m.bits)) * lanes / 8 }

// words returns the number of words of a mask, which covers whole blocks of bfloat16.
func (s *shape) words() int { return s.size(BFloat16) / lanes }

// from returns the words from an element on, or nil where m is nil.
func (m *Mask) from(element int) []uint16 {
	if m == nil {
		return nil
	}
	return m.bits[element/lanes:]
}

// clearRow clears the bits of positions from to to-1 of a row. m may be nil.
func (m *Mask) clearRow(block, y, from, to int) {
	if m != nil {
		clear(m.bits[m.offset(block, y, from)/lanes : m.offset(block, y, to)/lanes])
	}
}
