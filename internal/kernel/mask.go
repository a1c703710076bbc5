package kernel

// A Mask holds one bit for each element of a tensor: which of them pass a
// gradient on. It serves tensors of either precision, and takes a thirty-second of
// the memory of one of float32 whose channels are a multiple of thirty-two. Create
// it with [NewMask].
type Mask struct {
	shape
	// One word for the sixteen channels of a position: bits[i] belongs to the
	// elements from i*lane on of a tensor of that shape.
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

// words returns the number of words of a mask: as many as the blocks of bfloat16
// take.
func (s *shape) words() int { return s.size(BFloat16) / lanes }

// from returns the words from a position on, or nil where there is no mask.
func (m *Mask) from(element int) []uint16 {
	if m == nil {
		return nil
	}
	return m.bits[element/lanes:]
}

// clearRow clears the bits of part of a row.
func (m *Mask) clearRow(block, y, from, to int) {
	if m != nil {
		clear(m.bits[m.offset(block, y, from)/lanes : m.offset(block, y, to)/lanes])
	}
}
