package weights

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

// The safetensors format (https://github.com/huggingface/safetensors): the length of
// the header in 8 bytes, the header in JSON, the data. The header gives the number
// format, the shape and the position of each tensor:
//
//	{"__metadata__": {"key": "text"},
//	 "name": {"dtype": "F16", "shape": [32, 3, 3, 3], "data_offsets": [0, 1728]}}
const (
	lengthSize   = 8
	metadataName = "__metadata__"

	// maxHeader is the largest size of a header in bytes. It limits the memory for its
	// JSON: some 25 times as much, token by token. The format allows 100 MB. A VGG's
	// header has some 4000 bytes; one of maxHeader describes 10,000 tensors.
	maxHeader = 1 << 20
)

// readSafetensors lists the tensors of a safetensors file. The metadata may give the
// input convention, the pooling, the name, family, version and licence.
//
// It enforces every rule of the format: the header is within the file and has at most
// maxHeader bytes, no name occurs twice, and the bytes of the tensors agree with their
// shapes and cover the data without gaps or overlaps.
func readSafetensors(r io.ReaderAt, size int64, given layerNames) (*listing, error) {
	l := &listing{layout: layout{given: given}}
	if err := l.addSafetensors(r, size); err != nil {
		return nil, err
	}
	return l, nil
}

// addSafetensors adds the tensors of the file to the listing. Of several files, the
// metadata of the last that has any apply.
func (l *listing) addSafetensors(r io.ReaderAt, size int64) error {
	header, err := readHeader(r, size)
	if err != nil {
		return err
	}
	start := lengthSize + int64(len(header))
	f := safetensors{layout: &l.layout, r: r, start: start, size: size - start, metadata: metadata{}}
	if err := f.parse(header); err != nil {
		return err
	}
	if len(f.metadata) == 0 {
		return nil
	}
	l.metadata = f.metadata
	l.input, err = f.metadata.input()
	return err
}

// readHeader returns the JSON, including trailing spaces.
func readHeader(r io.ReaderAt, size int64) ([]byte, error) {
	var begin [lengthSize]byte
	if err := readAt(r, begin[:], 0); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint64(begin[:])
	if length > maxHeader {
		return nil, fmt.Errorf("%w: the header has %d bytes, expected at most %d", ErrMalformed, length, maxHeader)
	}
	if rest := size - lengthSize; int64(length) > rest {
		return nil, fmt.Errorf("%w: the header has %d bytes, but only %d follow: the file is cut short",
			ErrMalformed, length, rest)
	}
	header := make([]byte, length)
	if err := readAt(r, header, lengthSize); err != nil {
		return nil, err
	}
	if !utf8.Valid(header) {
		return nil, fmt.Errorf("%w: the header is not UTF-8", ErrMalformed)
	}
	return header, nil
}

// safetensors is a file while its header is being read.
type safetensors struct {
	layout   *layout
	metadata metadata
	r        io.ReaderAt
	start    int64 // of the data in the file
	size     int64 // of the data
}

// description is the header's description of a tensor.
type description struct {
	name, format string
	shape, place []int64
}

// extent is the position of a tensor in the data.
type extent struct {
	name       string
	begin, end int64
}

// parse fills the metadata and the layout from the header, and checks the position of
// every tensor.
func (f *safetensors) parse(header []byte) error {
	r := newHeaderReader(header)
	var extents []extent
	described := false
	err := r.object(func(key string) error {
		if key != metadataName {
			d, err := r.description(key)
			if err != nil {
				return err
			}
			extents = append(extents, extent{key, d.place[0], d.place[1]})
			return f.list(d)
		}
		if described {
			return fmt.Errorf("%w: the header has %q twice", ErrMalformed, metadataName)
		}
		described = true
		return r.object(func(key string) error {
			value, err := r.text()
			if err != nil {
				return err
			}
			return f.metadata.add(key, value)
		})
	})
	if err != nil {
		return err
	}
	if err := r.end(); err != nil {
		return err
	}
	return f.check(extents)
}

// description reads and checks the description of the named tensor.
func (r headerReader) description(name string) (description, error) {
	d := description{name: name}
	hasFormat := false
	err := r.object(func(key string) (err error) {
		var seen bool
		switch key {
		case "dtype":
			seen, hasFormat = hasFormat, true
			d.format, err = r.text()
		case "shape":
			seen = d.shape != nil
			d.shape, err = r.naturals(maxRank)
		case "data_offsets":
			seen = d.place != nil
			d.place, err = r.naturals(2)
		default:
			return d.malformed("has the key %s, expected dtype, shape and data_offsets", quote([]byte(key)))
		}
		if seen {
			return d.malformed("has %s twice", key)
		}
		return err
	})
	if err != nil {
		return d, err
	}
	switch {
	case !hasFormat:
		return d, d.malformed("has no dtype")
	case d.shape == nil:
		return d, d.malformed("has no shape")
	case d.place == nil:
		return d, d.malformed("has no data_offsets")
	}
	number, known := dtypes[d.format]
	if !known {
		return d, d.malformed("has the dtype %s, which safetensors does not know", quote([]byte(d.format)))
	}
	if len(d.place) != 2 || d.place[0] > d.place[1] {
		return d, d.malformed("has the data_offsets %v, expected its begin and its end", d.place)
	}
	present := d.place[1] - d.place[0]
	if length, ok := byteLength(d.shape, number.bits); !ok || length != uint64(present) {
		return d, d.malformed("has %d bytes, which is not what %s of the shape %v takes", present, d.format, d.shape)
	}
	return d, nil
}

func (d description) malformed(text string, args ...any) error {
	return fmt.Errorf("%w: tensor %s %s", ErrMalformed, quote([]byte(d.name)), fmt.Sprintf(text, args...))
}

// list adds the tensor to the layout if it belongs to a convolution.
func (f *safetensors) list(d description) error {
	return f.layout.add([]byte(d.name), func() (*tensor, error) {
		number := dtypes[d.format]
		if number.decode == nil {
			return nil, fmt.Errorf("%w: %s is stored as %s, expected F16, BF16, F32 or F64", ErrNotVGG, d.name, d.format)
		}
		begin, length := f.start+d.place[0], d.place[1]-d.place[0]
		return &tensor{name: d.name, shape: d.shape, format: number, open: func() (io.Reader, error) {
			return io.NewSectionReader(f.r, begin, length), nil
		}}, nil
	})
}

// check fails where two tensors have the same name, or where the tensors do not cover
// the data without gaps and overlaps.
func (f *safetensors) check(extents []extent) error {
	slices.SortFunc(extents, func(a, b extent) int { return cmp.Compare(a.name, b.name) })
	for i := 1; i < len(extents); i++ {
		if name := extents[i].name; name == extents[i-1].name {
			return fmt.Errorf("%w: tensor %s is there twice", ErrMalformed, quote([]byte(name)))
		}
	}
	slices.SortFunc(extents, func(a, b extent) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	covered := int64(0)
	for i, e := range extents {
		switch {
		case e.begin < covered:
			return fmt.Errorf("%w: tensors %s and %s overlap", ErrMalformed, quote([]byte(extents[i-1].name)), quote([]byte(e.name)))
		case e.begin > covered:
			return fmt.Errorf("%w: bytes %d to %d of the data belong to no tensor", ErrMalformed, covered, e.begin)
		case e.end > f.size:
			return fmt.Errorf("%w: tensor %s ends at byte %d of the data, which has %d: the file is cut short",
				ErrMalformed, quote([]byte(e.name)), e.end, f.size)
		}
		covered = e.end
	}
	if covered < f.size {
		return fmt.Errorf("%w: bytes %d to %d of the data belong to no tensor", ErrMalformed, covered, f.size)
	}
	return nil
}
