package weights

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strings"
)

// The MAT-file format, level 5 (MathWorks, "MAT-File Format", chapter 1): a header of
// 128 bytes, then elements. An element has a tag, which is its type and its length, and
// data. The elements of a file are its variables: arrays, which may be compressed with
// zlib. An array is an element that consists of elements.
const (
	matHeader  = 128
	matVersion = 124 // the position of the version in the header, 2 bytes
	matOrder   = 126 // the position of the characters MI, in the byte order of the file
	matLevel5  = 0x0100

	// The types of elements.
	miInt8       = 1
	miUint8      = 2
	miInt16      = 3
	miUint16     = 4
	miInt32      = 5
	miUint32     = 6
	miSingle     = 7
	miDouble     = 9
	miMatrix     = 14
	miCompressed = 15

	// The classes of arrays.
	mxCell   = 1
	mxStruct = 2
	mxChar   = 4
	mxDouble = 6  // the first class of numbers
	mxUint64 = 15 // the last

	matComplex = 1 << 11 // the flag of an array with imaginary parts

	// maxMatText is the largest length of a name in bytes: MATLAB allows 63 and may add
	// a zero.
	maxMatText = 64

	// maxMatItems is the largest number of cells or fields of an array that is read: a
	// VGG-19 has 43 layers, each with some ten fields. Their names fit the buffer.
	maxMatItems = bufferSize / maxMatText
)

// matNumbers are the storage formats of an array's numbers. MATLAB stores integers
// compactly, whatever the class of the array.
var matNumbers = map[uint32]dtype{
	miInt8:  {8, func(dst []float32, src []byte) { convert(dst, src, func(b []byte) int8 { return int8(b[0]) }) }, "int8"},
	miUint8: {8, func(dst []float32, src []byte) { convert(dst, src, func(b []byte) uint8 { return b[0] }) }, "uint8"},
	miInt16: {16, func(dst []float32, src []byte) {
		convert(dst, src, func(b []byte) int16 { return int16(binary.LittleEndian.Uint16(b)) })
	}, "int16"},
	miUint16: {16, func(dst []float32, src []byte) { convert(dst, src, binary.LittleEndian.Uint16) }, "uint16"},
	miInt32: {32, func(dst []float32, src []byte) {
		convert(dst, src, func(b []byte) int32 { return int32(binary.LittleEndian.Uint32(b)) })
	}, "int32"},
	miUint32: {32, func(dst []float32, src []byte) { convert(dst, src, binary.LittleEndian.Uint32) }, "uint32"},
	miSingle: dtypes["F32"],
	miDouble: dtypes["F64"],
}

// swapped is a format in the opposite byte order. Decoding swaps the bytes in place.
func swapped(format dtype) dtype {
	size := int(format.bits / 8)
	return dtype{format.bits, func(dst []float32, src []byte) {
		for number := range slices.Chunk(src, size) {
			slices.Reverse(number)
		}
		format.decode(dst, src)
	}, format.name}
}

func convert[T int8 | uint8 | int16 | uint16 | int32 | uint32](dst []float32, src []byte, number func([]byte) T) {
	size := len(src) / max(len(dst), 1)
	for i := range dst {
		dst[i] = float32(number(src[i*size:]))
	}
}

// A matFile reads a level 5 MAT-file from front to back. The first error ends the
// reading and is stored in err.
type matFile struct {
	r     io.ReaderAt
	size  int64
	order binary.ByteOrder

	bytes    matBytes // the bytes of the current variable
	pos      int64    // in the file, or in the decompressed variable
	inflated matInflated
	buffer   []byte
	err      error
}

// A matArray is an array whose contents have not been read.
type matArray struct {
	class  uint32
	flags  uint32
	dims   []int64
	name   string
	end    int64 // the position of its end
	fields matFields
}

// matFields are the names of a structure's fields, padded with zeros to the same
// length.
type matFields struct {
	names  string
	length int
}

func (f matFields) count() int {
	return len(f.names) / max(f.length, 1)
}

func (f matFields) name(i int) string {
	name, _, _ := strings.Cut(f.names[i*f.length:][:f.length], "\x00")
	return name
}

// A matItem is an element of a cell array, or a field of an element of a structure
// array.
type matItem struct {
	index int
	field string
	matArray
}

// openMAT reads the header of a file.
func openMAT(r io.ReaderAt, size int64) (*matFile, error) {
	if size < matHeader {
		return nil, fmt.Errorf("%w: it has %d bytes, too few for the header of a MAT-file", ErrMalformed, size)
	}
	f := &matFile{r: r, size: size, buffer: make([]byte, bufferSize)}
	header := f.buffer[:matHeader]
	if err := readAt(r, header, 0); err != nil {
		return nil, err
	}
	switch order := header[matOrder:]; string(order) {
	case "IM":
		f.order = binary.LittleEndian
	case "MI":
		f.order = binary.BigEndian
	default:
		return nil, fmt.Errorf("%w: the MAT-file's order of bytes is %s, expected IM or MI", ErrMalformed, quote(order))
	}
	if v := f.order.Uint16(header[matVersion:]); v != matLevel5 {
		return nil, fmt.Errorf("%w: a MAT-file of version %#04x, expected %#04x, which MATLAB writes with save -v7",
			ErrNotNetwork, v, matLevel5)
	}
	f.inflated.left = maxInflation*size + constantBytes
	return f, nil
}

// variables yields the arrays of the file. When the loop continues, the rest of an
// array is skipped.
func (f *matFile) variables() iter.Seq[matArray] {
	return func(yield func(matArray) bool) {
		for next := int64(matHeader); next < f.size; {
			f.bytes, f.pos = &matPlain{f.r, next}, next
			var kind uint32
			var end int64
			kind, end, next = f.tag(f.size)
			if errors.Is(f.err, ErrMalformed) {
				f.err = fmt.Errorf("%w: the file is cut short", f.err)
			}
			if f.err == nil && kind == miCompressed {
				f.err = f.inflated.open(f.r, f.pos, end)
				f.bytes, f.pos = &f.inflated, 0
				kind, end, _ = f.tag(math.MaxInt64)
			}
			if f.err == nil && kind != miMatrix {
				f.fail("a variable of type %d, expected %d", kind, miMatrix)
			}
			a := f.array(end)
			if f.err != nil || !yield(a) || f.err != nil {
				return
			}
		}
	}
}

// items yields the contents of a cell or structure array, and nothing for other arrays.
// When the loop continues, the rest of an item is skipped.
func (f *matFile) items(a matArray) iter.Seq[matItem] {
	return func(yield func(matItem) bool) {
		fields := a.fields.count()
		if a.class == mxCell {
			fields = 1
		}
		if f.err != nil || fields == 0 {
			return
		}
		count, ok := byteLength(a.dims, 8)
		if !ok || count > uint64(maxMatItems/fields) {
			f.fail("%d fields of %v items, expected at most %d in all", fields, a.dims, maxMatItems)
			return
		}
		for i := range int(count) * fields {
			kind, end, next := f.tag(a.end)
			if f.err == nil && kind != miMatrix {
				f.fail("an item of type %d, expected %d", kind, miMatrix)
			}
			item := matItem{index: i / fields, matArray: f.array(end)}
			if a.class == mxStruct {
				item.field = a.fields.name(i % fields)
			}
			if f.err != nil || !yield(item) {
				return
			}
			f.skipTo(next)
		}
	}
}

// array reads an array that ends at end, except its contents.
func (f *matFile) array(end int64) matArray {
	a := matArray{end: end}
	if f.err != nil || f.pos == end { // an empty item
		return a
	}
	if flags := f.small(end, miUint32, 8, 8); f.err == nil {
		a.flags = f.order.Uint32(flags)
		a.class = a.flags & 0xff
	}
	dims := f.small(end, miInt32, 8, 4*maxRank)
	a.dims = make([]int64, len(dims)/4)
	for i := range a.dims {
		d := int32(f.order.Uint32(dims[4*i:]))
		if d < 0 {
			f.fail("the dimension %d", d)
		}
		a.dims[i] = int64(d)
	}
	a.name = string(f.small(end, miInt8, 0, maxMatText))
	if a.class == mxStruct {
		a.fields = f.fieldNames(end)
	}
	return a
}

// fieldNames reads the names of a structure's fields.
func (f *matFile) fieldNames(end int64) matFields {
	word := f.small(end, miInt32, 4, 4)
	if f.err != nil {
		return matFields{}
	}
	length := f.order.Uint32(word)
	if length < 1 || length > maxMatText {
		f.fail("names of %d bytes for the fields of a structure, expected 1 to %d", length, maxMatText)
		return matFields{}
	}
	names := f.small(end, miInt8, 0, int64(maxMatItems*length))
	return matFields{string(names), int(length)}
}

// text reads an array of characters. It truncates texts that are longer than all names
// of interest.
func (f *matFile) text(a matArray) string {
	if a.class != mxChar {
		return ""
	}
	kind, end, _ := f.tag(a.end)
	data := f.buffer[:min(end-f.pos, maxMatText)]
	if f.read(data); f.err != nil {
		return ""
	}
	if kind == miUint16 { // MATLAB's own characters
		for i := range len(data) / 2 {
			data[i] = byte(f.order.Uint16(data[2*i:]))
		}
		data = data[:len(data)/2]
	}
	return string(data)
}

// numbers lists an array of numbers and skips it.
func (f *matFile) numbers(a matArray) *tensor {
	kind, end, _ := f.tag(a.end)
	if f.err != nil {
		return nil
	}
	format, known := matNumbers[kind]
	switch length, ok := byteLength(a.dims, format.bits); {
	case !known || a.class < mxDouble || a.class > mxUint64 || a.flags&matComplex != 0:
		f.fail("an array of class %d with the flags %#x and elements of type %d, expected real numbers", a.class, a.flags, kind)
		return nil
	case !ok || length != uint64(end-f.pos):
		f.fail("%d bytes, which is not what %v numbers of %d bits take", end-f.pos, a.dims, format.bits)
		return nil
	}
	if f.order == binary.BigEndian {
		format = swapped(format)
	}
	t := &tensor{shape: a.dims, strides: columnMajor(a.dims), format: format}
	t.open, f.err = f.bytes.keep(end - f.pos)
	f.pos = end
	return t
}

// tag reads the tag of an element that ends before limit. It returns the type, the
// position of the end of the data, and that of the next element.
func (f *matFile) tag(limit int64) (kind uint32, end, next int64) {
	if f.err == nil && limit-f.pos < 8 {
		f.fail("%d bytes, expected the 8 of a tag", limit-f.pos)
	}
	word := f.buffer[:4]
	f.read(word)
	if f.err != nil {
		return 0, f.pos, f.pos
	}
	kind = f.order.Uint32(word)
	if size := int64(kind >> 16); size != 0 {
		// The short form: type and length in 4 bytes, data in the next 4.
		kind, end, next = kind&0xffff, f.pos+size, f.pos+4
	} else {
		f.read(word)
		size := int64(f.order.Uint32(word))
		end, next = f.pos+size, f.pos+size
		if kind != miCompressed {
			next += -size & 7
		}
	}
	if f.err == nil && (end > next || next > limit) {
		f.fail("an element of %d bytes where there is room for %d", end-f.pos, limit-f.pos)
	}
	return kind, end, next
}

// small reads an element of least to most bytes. The result is valid until the next
// read.
func (f *matFile) small(limit int64, want uint32, least, most int64) []byte {
	kind, end, next := f.tag(limit)
	size := end - f.pos
	if f.err == nil && (kind != want || size < least || size > most) {
		f.fail("an element of type %d with %d bytes, expected type %d with %d to %d", kind, size, want, least, most)
	}
	if f.err != nil {
		return nil
	}
	data := f.buffer[:size]
	f.read(data)
	f.skipTo(next)
	if f.err != nil {
		return nil
	}
	return data
}

func (f *matFile) read(p []byte) {
	if f.err == nil {
		f.err = f.bytes.read(p)
		f.pos += int64(len(p))
	}
}

func (f *matFile) skipTo(pos int64) {
	if f.err == nil {
		f.err = f.bytes.skip(pos - f.pos)
		f.pos = pos
	}
}

// fail stores an error about what was found at the position.
func (f *matFile) fail(found string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf("%w: at byte %d of %v: found %s", ErrMalformed, f.pos, f.bytes, fmt.Sprintf(found, args...))
	}
}
