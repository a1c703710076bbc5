package tiff

import (
	"encoding/binary"
	"io"
	"math"
)

// Directory is an image file directory, the values of one picture's tags.
type Directory struct {
	order  binary.ByteOrder
	fields map[uint16]field
}

// field is the value of one tag.
type field struct {
	kind   uint16
	values []byte // whole values, in the byte order of the file
	cut    bool   // the file ends before the last value
}

// Types of values. IFD types are offsets of directories.
const (
	typeByte      = 1
	typeASCII     = 2
	typeShort     = 3
	typeLong      = 4
	typeRational  = 5
	typeSByte     = 6
	typeUndefined = 7
	typeSShort    = 8
	typeSLong     = 9
	typeSRational = 10
	typeFloat     = 11
	typeDouble    = 12
	typeIFD       = 13
	typeLong8     = 16
	typeSLong8    = 17
	typeIFD8      = 18
)

// typeSizes holds the bytes of a value of each type.
var typeSizes = map[uint16]uint64{
	typeByte: 1, typeASCII: 1, typeShort: 2, typeLong: 4, typeRational: 8,
	typeSByte: 1, typeUndefined: 1, typeSShort: 2, typeSLong: 4, typeSRational: 8,
	typeFloat: 4, typeDouble: 8, typeIFD: 4, typeLong8: 8, typeSLong8: 8, typeIFD8: 8,
}

// structure reads directories of a file, or of the TIFF structure that EXIF is.
type structure struct {
	data  []byte
	order binary.ByteOrder
	big   bool // BigTIFF: counts and offsets have 64 bits

	// left is how many bytes of directories may still be read. Directories that do not
	// overlap are together shorter than the file.
	left uint64
}

// ReadDirectory returns the first directory of a TIFF structure. EXIF is one.
// The error is a FormatError or io.ErrUnexpectedEOF.
func ReadDirectory(data []byte) (Directory, error) {
	s, first, err := readHeader(data)
	if err != nil {
		return Directory{}, err
	}
	d, _, err := s.directory(first)
	return d, err
}

// readHeader returns the structure and the offset of its first directory.
func readHeader(data []byte) (*structure, uint64, error) {
	s := &structure{data: data, left: uint64(len(data))}
	if len(data) < 8 {
		return s, 0, io.ErrUnexpectedEOF
	}
	switch string(data[:4]) {
	case "II*\x00", "II+\x00":
		s.order = binary.LittleEndian
	case "MM\x00*", "MM\x00+":
		s.order = binary.BigEndian
	default:
		return s, 0, damaged("no header of TIFF")
	}
	if s.big = data[2] == '+' || data[3] == '+'; !s.big {
		return s, uint64(s.order.Uint32(data[4:])), nil
	}
	if len(data) < 16 {
		return s, 0, io.ErrUnexpectedEOF
	}
	if n := s.order.Uint16(data[4:]); n != 8 {
		return s, 0, damaged("offsets of %d bytes in a BigTIFF, which has 8", n)
	}
	return s, s.order.Uint64(data[8:]), nil
}

// directory returns the directory at an offset and the offset of the next, 0 at
// the end of the chain.
func (s *structure) directory(at uint64) (Directory, uint64, error) {
	head, entry, inline := uint64(2), uint64(12), uint64(4)
	if s.big {
		head, entry, inline = 8, 20, 8
	}
	size := uint64(len(s.data))
	if at > size || size-at < head {
		return Directory{}, 0, io.ErrUnexpectedEOF
	}
	n := s.word(at, head)
	if n > (size-at-head)/entry {
		return Directory{}, 0, io.ErrUnexpectedEOF
	}
	if n > math.MaxUint16+1 || n*entry > s.left {
		return Directory{}, 0, damaged("a directory of %d tags", n)
	}
	s.left -= n * entry
	at += head
	d := Directory{s.order, map[uint16]field{}}
	for range n {
		tag, kind := s.order.Uint16(s.data[at:]), s.order.Uint16(s.data[at+2:])
		if _, twice := d.fields[tag]; !twice {
			if f, ok := s.field(kind, s.word(at+4, inline), at+4+inline, inline); ok {
				d.fields[tag] = f
			}
		}
		at += entry
	}
	if size-at < inline {
		return d, 0, nil
	}
	return d, s.word(at, inline), nil
}

// field returns the values of an entry: count values of type kind. The last inline
// bytes of the entry, at offset at, hold the values if they fit, and otherwise the
// offset of the values. Values beyond the end of the file are dropped. ok is false for
// an unknown type.
func (s *structure) field(kind uint16, count, at, inline uint64) (field, bool) {
	size := typeSizes[kind]
	if size == 0 {
		return field{}, false
	}
	if count > inline/size {
		at = min(s.word(at, inline), uint64(len(s.data)))
	}
	room := (uint64(len(s.data)) - at) / size
	whole := min(count, room)
	return field{kind, s.data[at : at+whole*size : at+whole*size], whole < count}, true
}

// word returns the unsigned integer of size bytes, 2, 4 or 8, at an offset.
func (s *structure) word(at, size uint64) uint64 {
	switch size {
	case 2:
		return uint64(s.order.Uint16(s.data[at:]))
	case 4:
		return uint64(s.order.Uint32(s.data[at:]))
	default:
		return s.order.Uint64(s.data[at:])
	}
}

// Has reports whether the directory has an entry for the tag.
func (d Directory) Has(tag uint16) bool { _, ok := d.fields[tag]; return ok }

// Uint returns the first value of the tag. It returns otherwise where the tag is
// missing or its value is negative or not an integer.
func (d Directory) Uint(tag uint16, otherwise uint64) uint64 {
	if v := d.uints(tag, 1); len(v) == 1 {
		return v[0]
	}
	return otherwise
}

// uints returns the first integers of a tag, at most limit. It stops at a negative
// value.
func (d Directory) uints(tag uint16, limit int) []uint64 {
	f := d.fields[tag]
	size := int(typeSizes[f.kind])
	if size == 0 {
		return nil
	}
	n := min(len(f.values)/size, limit)
	values := make([]uint64, 0, n)
	for i := range n {
		var v int64
		b := f.values[i*size:]
		switch f.kind {
		case typeByte, typeUndefined:
			v = int64(b[0])
		case typeSByte:
			v = int64(int8(b[0]))
		case typeShort:
			v = int64(d.order.Uint16(b))
		case typeSShort:
			v = int64(int16(d.order.Uint16(b)))
		case typeLong, typeIFD:
			v = int64(d.order.Uint32(b))
		case typeSLong:
			v = int64(int32(d.order.Uint32(b)))
		case typeLong8, typeSLong8, typeIFD8:
			v = int64(d.order.Uint64(b)) // no file has offsets above 1<<63
		default:
			return values
		}
		if v < 0 {
			return values
		}
		values = append(values, uint64(v))
	}
	return values
}

// Floats returns the first numbers of a tag, at most limit, integers or not.
func (d Directory) Floats(tag uint16, limit int) []float64 {
	f := d.fields[tag]
	size := int(typeSizes[f.kind])
	if size == 0 {
		return nil
	}
	n := min(len(f.values)/size, limit)
	values := make([]float64, 0, n)
	for i := range n {
		b := f.values[i*size:]
		switch f.kind {
		case typeRational:
			values = append(values, float64(d.order.Uint32(b))/float64(d.order.Uint32(b[4:])))
		case typeSRational:
			values = append(values, float64(int32(d.order.Uint32(b)))/float64(int32(d.order.Uint32(b[4:]))))
		case typeFloat:
			values = append(values, float64(math.Float32frombits(d.order.Uint32(b))))
		case typeDouble:
			values = append(values, math.Float64frombits(d.order.Uint64(b)))
		default:
			for _, v := range d.uints(tag, limit) {
				values = append(values, float64(v))
			}
			return values
		}
	}
	return values
}

// Bytes returns the value of a tag of type BYTE, ASCII or UNDEFINED. It returns nil
// where the tag is missing, has another type, or is cut off by the end of the file.
func (d Directory) Bytes(tag uint16) []byte {
	switch f := d.fields[tag]; f.kind {
	case typeByte, typeASCII, typeUndefined:
		if !f.cut {
			return f.values
		}
	}
	return nil
}
