package weights

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// The safetensors format (https://github.com/huggingface/safetensors): the
// length of the header in 8 bytes, the header in JSON, the data. The header
// gives each tensor's number format, shape and place in the data:
//
//	{"__metadata__": {"key": "text"},
//	 "name": {"dtype": "F16", "shape": [32, 3, 3, 3], "data_offsets": [0, 1728]}}
const (
	lengthSize   = 8
	maxHeader    = 100_000_000 // bytes, the format's own limit
	metadataName = "__metadata__"

	// shortestEntry is how few bytes a tensor takes in a header.
	shortestEntry = len(`"":{"dtype":"U8","shape":[],"data_offsets":[0,0]}`)
)

// readSafetensors lists the tensors of a file in the safetensors format. The
// input convention, the pooling, the name, family, version and licence come from
// the metadata, those of them that are there.
//
// Every rule of the format is enforced: a header of at most 100 MB that lies
// within the file, no name twice, and tensors whose bytes agree with their
// shapes and cover the data without holes or overlaps.
func readSafetensors(r io.ReaderAt, size int64, told [][]string) (*listing, error) {
	l := &listing{layout: layout{told: told}}
	if err := l.addSafetensors(r, size); err != nil {
		return nil, err
	}
	return l, nil
}

// addSafetensors adds what the file has to the listing. Of several files, the
// last that has metadata counts.
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

// readHeader returns the JSON, including the spaces that may follow it.
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

// safetensors is a file whose header is being read.
type safetensors struct {
	layout   *layout
	metadata metadata
	r        io.ReaderAt
	start    int64 // of the data in the file
	size     int64 // of the data

	// What naturals fills, one tensor after the other.
	dims [maxRank]int64
	ends [2]int64
}

// description is what the header says about a tensor.
type description struct {
	name, format []byte
	shape, place []int64
}

// extent is where a tensor lies in the data.
type extent struct {
	name       []byte
	begin, end int64
}

// parse fills the metadata and the layout from the header, which it
// overwrites, and checks the place of every tensor.
func (f *safetensors) parse(header []byte) error {
	s := &scanner{text: header}
	extents := make([]extent, 0, len(header)/shortestEntry+1)
	described := false
	err := s.object(func(key []byte) error {
		if string(key) != metadataName {
			d, err := f.describe(s, key)
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
		return s.object(func(key []byte) error {
			value, err := s.str()
			if err != nil {
				return err
			}
			return f.metadata.add(key, value)
		})
	})
	if err != nil {
		return err
	}
	if err := s.end(); err != nil {
		return err
	}
	return f.check(extents)
}

var descriptionKeys = [...]string{"dtype", "shape", "data_offsets"}

// describe reads the description of the tensor called name and checks it in
// itself. The result is valid until the next call.
func (f *safetensors) describe(s *scanner, name []byte) (description, error) {
	d := description{name: name}
	var seen [len(descriptionKeys)]bool
	err := s.object(func(key []byte) (err error) {
		i := slices.IndexFunc(descriptionKeys[:], func(k string) bool { return k == string(key) })
		switch {
		case i < 0:
			return d.malformed("has the key %s, expected %s", quote(key), strings.Join(descriptionKeys[:], ", "))
		case seen[i]:
			return d.malformed("has %s twice", descriptionKeys[i])
		}
		seen[i] = true
		switch descriptionKeys[i] {
		case "dtype":
			d.format, err = s.str()
		case "shape":
			d.shape, err = s.naturals(f.dims[:])
		case "data_offsets":
			d.place, err = s.naturals(f.ends[:])
		}
		return err
	})
	if err != nil {
		return d, err
	}
	if i := slices.Index(seen[:], false); i >= 0 {
		return d, d.malformed("has no %s", descriptionKeys[i])
	}
	number, known := dtypes[string(d.format)]
	if !known {
		return d, d.malformed("has the dtype %s, which safetensors does not know", quote(d.format))
	}
	if len(d.place) != len(f.ends) || d.place[0] > d.place[1] {
		return d, d.malformed("has the data_offsets %v, expected its begin and its end", d.place)
	}
	present := d.place[1] - d.place[0]
	if length, ok := byteLength(d.shape, number.bits); !ok || length != uint64(present) {
		return d, d.malformed("has %d bytes, which is not what %s of the shape %v takes", present, d.format, d.shape)
	}
	return d, nil
}

func (d description) malformed(text string, args ...any) error {
	return fmt.Errorf("%w: tensor %s %s", ErrMalformed, quote(d.name), fmt.Sprintf(text, args...))
}

// list puts the tensor into the layout if it belongs to a convolution.
func (f *safetensors) list(d description) error {
	slot, err := f.layout.slot(d.name)
	if err != nil || slot == nil {
		return err
	}
	if *slot != nil {
		return d.malformed("is there twice")
	}
	number := dtypes[string(d.format)]
	if number.decode == nil {
		return fmt.Errorf("%w: %s is stored as %s, expected F16, BF16, F32 or F64", ErrNotVGG, d.name, d.format)
	}
	begin, length := f.start+d.place[0], d.place[1]-d.place[0]
	*slot = &tensor{name: string(d.name), shape: slices.Clone(d.shape), format: number, open: func() (io.Reader, error) {
		return io.NewSectionReader(f.r, begin, length), nil
	}}
	return nil
}

// check finds tensors of the same name, and those that do not cover the data
// without holes and overlaps.
func (f *safetensors) check(extents []extent) error {
	slices.SortFunc(extents, func(a, b extent) int { return bytes.Compare(a.name, b.name) })
	for i := 1; i < len(extents); i++ {
		if name := extents[i].name; bytes.Equal(name, extents[i-1].name) {
			return fmt.Errorf("%w: tensor %s is there twice", ErrMalformed, quote(name))
		}
	}
	slices.SortFunc(extents, func(a, b extent) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	covered := int64(0)
	for i, e := range extents {
		switch {
		case e.begin < covered:
			return fmt.Errorf("%w: tensors %s and %s overlap", ErrMalformed, quote(extents[i-1].name), quote(e.name))
		case e.begin > covered:
			return fmt.Errorf("%w: bytes %d to %d of the data belong to no tensor", ErrMalformed, covered, e.begin)
		case e.end > f.size:
			return fmt.Errorf("%w: tensor %s ends at byte %d of the data, which has %d: the file is cut short",
				ErrMalformed, quote(e.name), e.end, f.size)
		}
		covered = e.end
	}
	if covered < f.size {
		return fmt.Errorf("%w: bytes %d to %d of the data belong to no tensor", ErrMalformed, covered, f.size)
	}
	return nil
}
