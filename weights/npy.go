package weights

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"regexp"
	"strconv"
)

// An .npy file (numpy.lib.format) has a magic number, the version, the length of the
// header, the header as a Python dictionary, and the numbers of one array. An array of
// objects has a pickle instead of the numbers.
const (
	npySuffix = ".npy"
	npyMagic  = "\x93NUMPY"

	// maxNPYHeader is the largest size of the header in bytes; NumPy pads it to 128.
	maxNPYHeader = 4096

	npyObjects = "|O"
)

// npyFormats are the number formats by NumPy's names.
var npyFormats = map[string]string{"<f2": "F16", "<f4": "F32", "<f8": "F64"}

var npyHeader = regexp.MustCompile(
	`^\{'descr': '([^']*)', 'fortran_order': (True|False), 'shape': \(((?:\d{1,18}, ?)*\d{0,18})\),? ?\}[ ]*\n$`)

// An npyArray holds the header of an .npy file.
type npyArray struct {
	descr   string // the number format
	fortran bool   // the first dimension varies fastest
	shape   []int64
	length  int64 // the length of everything before the numbers, in bytes
}

// readNPYHead reads an .npy file up to its numbers. what is its name in errors.
func readNPYHead(r io.Reader, what string) (npyArray, error) {
	var h npyArray
	// NumPy writes version 1; version 2 for headers over 64 KiB; version 3 for field
	// names.
	var begin [len(npyMagic) + 4]byte
	if _, err := io.ReadFull(r, begin[:]); err != nil {
		return h, readError(err)
	}
	length := int(binary.LittleEndian.Uint16(begin[len(npyMagic)+2:]))
	if !bytes.HasPrefix(begin[:], []byte(npyMagic+"\x01\x00")) || length > maxNPYHeader {
		return h, fmt.Errorf("%w: %s begins with % x, expected NumPy's format 1.0 and a header of at most %d bytes", ErrMalformed, what, begin, maxNPYHeader)
	}
	header := make([]byte, length)
	if _, err := io.ReadFull(r, header); err != nil {
		return h, readError(err)
	}
	m := npyHeader.FindSubmatch(header)
	if m == nil {
		return h, fmt.Errorf("%w: %s has the header %s, expected its descr, fortran_order and shape", ErrMalformed, what, quote(header))
	}
	h = npyArray{descr: string(m[1]), fortran: string(m[2]) == "True", length: int64(len(begin) + length)}
	for _, d := range bytes.FieldsFunc(m[3], func(c rune) bool { return c == ',' || c == ' ' }) {
		n, err := strconv.ParseInt(string(d), 10, 64)
		if err != nil || len(h.shape) == maxRank {
			return h, fmt.Errorf("%w: %s has the shape (%s)", ErrMalformed, what, m[3])
		}
		h.shape = append(h.shape, n)
	}
	return h, nil
}

func isNPY(begin []byte) bool { return bytes.HasPrefix(begin, []byte(npyMagic)) }

// readNPY lists the arrays of a dictionary that numpy.save wrote as an array of
// one object.
func readNPY(r io.ReaderAt, size int64, given layerNames) (*listing, error) {
	head, err := readNPYHead(io.NewSectionReader(r, 0, size), "it")
	if err != nil {
		return nil, err
	}
	if head.descr != npyObjects {
		return nil, fmt.Errorf("%w: a single array of NumPy (.npy), of %s: expected the arrays of all layers, in an .npz file or a dictionary",
			ErrNotNetwork, quote([]byte(head.descr)))
	}
	return readPickleFrom(r, head.length, size, given)
}

func isPickle(begin []byte) bool {
	return len(begin) > 1 && begin[0] == opProto && begin[1] <= maxPickleProtocol
}

// readPickle lists the arrays of NumPy in a pickle.
func readPickle(r io.ReaderAt, size int64, given layerNames) (*listing, error) {
	return readPickleFrom(r, 0, size, given)
}

func readPickleFrom(r io.ReaderAt, start, size int64, given layerNames) (*listing, error) {
	f := newPickledFile(r, given)
	root, err := f.machine(start, size).run()
	if err != nil {
		return nil, err
	}
	if err := f.list(root, nil, 0); err != nil {
		return nil, err
	}
	if f.layout.candidates == nil && f.layout.skipped == nil {
		return nil, fmt.Errorf("%w: a pickle without arrays of NumPy, and not of torch.save", ErrNotNetwork)
	}
	return &f.listing, nil
}
