package weights

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"math/bits"
	"slices"
)

// maxRank is how many dimensions NumPy and PyTorch allow.
const maxRank = 64

// bufferSize is how much is read and decoded at once. It is a multiple of every
// number format's size.
const bufferSize = 64 << 10

// A tensor is one array of a file, listed but not yet read.
type tensor struct {
	name  string // what the file calls it
	shape []int64
	// strides says for each dimension of the shape how many values lie between
	// two neighbours in the file; nil stands for row-major order.
	strides []int64
	format  dtype
	// open returns the bytes of the tensor from its first value on. A reader
	// lists a tensor only when these bytes are really present: span values, or
	// where they are compressed what unpacks to them within maxInflation.
	open func() (io.Reader, error)
	// source tells tensors of the same bytes: they have equal ones. nil stands
	// for bytes of their own.
	source any
}

// maxInflation bounds how many times its size a compressed part of a file may
// unpack to. Trained weights shrink by a tenth, to a quarter where float32
// holds what float16 could; the format's own bound is a thousand.
const maxInflation = 16

// count returns the number of values.
func (t *tensor) count() int64 {
	n := int64(1)
	for _, d := range t.shape {
		n *= d
	}
	return n
}

// rowMajor returns the strides of a tensor whose last dimension is the fastest.
func rowMajor(shape []int64) []int64 {
	strides := make([]int64, len(shape))
	step := int64(1)
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = step
		step *= shape[i]
	}
	return strides
}

// columnMajor returns the strides of a tensor whose first dimension is the
// fastest, as MATLAB and Fortran store it.
func columnMajor(shape []int64) []int64 {
	strides := make([]int64, len(shape))
	step := int64(1)
	for i, d := range shape {
		strides[i] = step
		step *= d
	}
	return strides
}

// permuted returns the tensor with its dimensions in another order: dimension i
// of the result is dimension order[i] of t. The file's bytes stay as they are.
func (t *tensor) permuted(order ...int) *tensor {
	p := &tensor{name: t.name, format: t.format, open: t.open, source: t.source}
	strides := t.strides
	if strides == nil {
		strides = rowMajor(t.shape)
	}
	for _, from := range order {
		p.shape = append(p.shape, t.shape[from])
		p.strides = append(p.strides, strides[from])
	}
	return p
}

// byteLength returns what a tensor without gaps takes. It is not ok when that
// is more than 2^64 bits or not a whole number of bytes.
func byteLength(shape []int64, numberBits uint64) (length uint64, ok bool) {
	total := numberBits
	for _, d := range shape {
		high, low := bits.Mul64(total, uint64(d))
		if high != 0 {
			return 0, false
		}
		total = low
	}
	return total / 8, total%8 == 0
}

// span returns how many values lie from the first to the last of the tensor in
// the file, gaps included. It is not ok when that overflows or when the strides
// let two elements share a value, which no weights do.
func span(shape, strides []int64) (values int64, ok bool) {
	if slices.Contains(shape, 0) {
		return 0, true
	}
	values = 1
	for _, a := range axes(shape, strides) {
		// What the faster dimensions cover has to end before the next step.
		if a.stride < values {
			return 0, false
		}
		high, low := bits.Mul64(uint64(a.length-1), uint64(a.stride))
		if high != 0 || low > math.MaxInt64-uint64(values) {
			return 0, false
		}
		values += int64(low)
	}
	return values, true
}

// An axis is a dimension of more than one element: how far apart its elements
// lie in the file and in the row-major result.
type axis struct{ length, stride, step int64 }

// axes returns the dimensions from the fastest in the file to the slowest.
func axes(shape, strides []int64) []axis {
	steps := rowMajor(shape)
	list := make([]axis, 0, len(shape))
	for i, d := range shape {
		if d > 1 {
			list = append(list, axis{d, strides[i], steps[i]})
		}
	}
	slices.SortStableFunc(list, func(a, b axis) int { return cmp.Compare(a.stride, b.stride) })
	return list
}

// A decoder reads tensors. Its buffers serve one after the other.
type decoder struct {
	bytes  [bufferSize]byte
	values [bufferSize / 2]float32
}

// read returns the tensor's values in row-major order.
func (d *decoder) read(t *tensor) ([]float32, error) {
	r, err := t.open()
	if err != nil {
		return nil, err
	}
	dst := make([]float32, t.count())
	if t.strides == nil || slices.Equal(t.strides, rowMajor(t.shape)) {
		return dst, d.fill(dst, r, t.format)
	}
	return dst, d.scatter(dst, r, t)
}

// fill reads the next len(dst) values of the file.
func (d *decoder) fill(dst []float32, r io.Reader, format dtype) error {
	size := int(format.bits / 8)
	for len(dst) > 0 {
		n := min(len(dst), len(d.bytes)/size)
		chunk := d.bytes[:n*size]
		if _, err := io.ReadFull(r, chunk); err != nil {
			return readError(err)
		}
		format.decode(dst[:n], chunk)
		dst = dst[n:]
	}
	return nil
}

// scatter reads the values in the order of the file and puts each to its place.
func (d *decoder) scatter(dst []float32, r io.Reader, t *tensor) error {
	if len(dst) == 0 {
		return nil
	}
	list := axes(t.shape, t.strides)
	rest, ok := span(t.shape, t.strides)
	if !ok {
		return fmt.Errorf("%w: the strides %v of the shape %v overlap", ErrMalformed, t.strides, t.shape)
	}
	var (
		index  [maxRank]int64 // of the next element, along each axis
		at     int64          // its place in dst
		skip   int64          // values in the file before it
		loaded []float32      // values of the file that are read and not yet placed
	)
	for {
		if skip >= int64(len(loaded)) {
			skip -= int64(len(loaded))
			n := min(rest, int64(len(d.values)), int64(len(d.bytes))/int64(t.format.bits/8))
			loaded = d.values[:n]
			if err := d.fill(loaded, r, t.format); err != nil {
				return err
			}
			rest -= n
			continue
		}
		loaded = loaded[skip:]
		dst[at] = loaded[0]
		// The next element along the fastest axis that has one.
		skip = 0
		k := 0
		for ; k < len(list) && index[k] == list[k].length-1; k++ {
			skip -= index[k] * list[k].stride
			at -= index[k] * list[k].step
			index[k] = 0
		}
		if k == len(list) {
			return nil
		}
		skip += list[k].stride
		at += list[k].step
		index[k]++
	}
}
