package weights

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"math/bits"
	"slices"
)

// maxRank is the largest number of dimensions in NumPy and PyTorch.
const maxRank = 64

// bufferSize is the number of bytes to read and decode at a time. It is a multiple of
// the size of every number format.
const bufferSize = 64 << 10

// A tensor is an array of a file whose values have not been read.
type tensor struct {
	name  string // the name in the file
	shape []int64
	// strides holds, for each dimension of the shape, the distance in values between
	// neighbours in the file; nil is row-major order.
	strides []int64
	format  dtype
	// open returns a reader of the bytes of the tensor from its first value on. A tensor
	// is listed only if these bytes exist: span values or, if compressed, data that
	// decompresses to them within maxInflation.
	open func() (io.Reader, error)
	// source identifies the bytes: tensors of the same bytes have equal sources. nil
	// stands for bytes that no other tensor shares.
	source any
}

// maxInflation is the largest factor by which a compressed part of a file may grow when
// decompressed. Trained weights shrink by a tenth, or to a quarter where float32 holds
// float16 values; the compression format allows a factor of a thousand.
const maxInflation = 16

// count returns the number of values.
func (t *tensor) count() int64 {
	n := int64(1)
	for _, d := range t.shape {
		n *= d
	}
	return n
}

// rowMajor returns the strides of a tensor whose last dimension varies fastest.
func rowMajor(shape []int64) []int64 {
	strides := make([]int64, len(shape))
	step := int64(1)
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = step
		step *= shape[i]
	}
	return strides
}

// columnMajor returns the strides of a tensor whose first dimension varies fastest, as
// in MATLAB and Fortran.
func columnMajor(shape []int64) []int64 {
	strides := make([]int64, len(shape))
	step := int64(1)
	for i, d := range shape {
		strides[i] = step
		step *= d
	}
	return strides
}

// permuted returns the tensor with permuted dimensions: dimension i of the result is
// dimension order[i] of t. The bytes of the file stay the same.
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

// byteLength returns the size of a tensor without gaps. ok is false where that is more
// than 2^64 bits or not a whole number of bytes.
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

// span returns the number of values from the first to the last of the tensor in the
// file, including gaps. ok is false where that overflows, or where the strides let two
// elements share a value, as weights never do.
func span(shape, strides []int64) (values int64, ok bool) {
	if slices.Contains(shape, 0) {
		return 0, true
	}
	values = 1
	for _, a := range axes(shape, strides) {
		// The faster dimensions must end before the next step.
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

// An axis is a dimension of more than one element: the distances between its elements
// in the file and in the row-major result.
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

// A decoder reads tensors. It reuses its buffers.
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

// scatter reads the values in the order of the file and stores each at its place.
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
		at     int64          // the index of the next element in dst
		skip   int64          // number of values in the file before the next element
		loaded []float32      // values that have been read and not yet stored
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
		// Advance the fastest axis that has a next element.
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
