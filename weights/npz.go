package weights

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"regexp"
	"strconv"
)

// An .npz file is a zip archive of .npy files, one for each array (numpy.lib.format):
// a magic number, the version, the length of the header, the header as a
// Python dictionary, the numbers.
const (
	npySuffix = ".npy"
	npyMagic  = "\x93NUMPY"

	// maxNpyHeader bounds the header in bytes; NumPy pads it to 128.
	maxNpyHeader = 4096
)

// npyFormats are the number formats by NumPy's descriptions.
var npyFormats = map[string]string{"<f2": "F16", "<f4": "F32", "<f8": "F64"}

var npyHeader = regexp.MustCompile(
	`^\{'descr': '([^']*)', 'fortran_order': (True|False), 'shape': \(((?:\d{1,18}, ?)*\d{0,18})\),? ?\}[ ]*\n$`)

// readZip lists the tensors of an archive, of PyTorch or of NumPy.
func readZip(r io.ReaderAt, size int64, told [][]string) (*listing, error) {
	z, err := openZip(r, size)
	if err != nil {
		return nil, err
	}
	pickle, arrays := "", false
	err = z.walk(func(e *zipEntry) error {
		arrays = arrays || bytes.HasSuffix(e.name, []byte(npySuffix))
		if string(e.name) == torchPickle || bytes.HasSuffix(e.name, []byte("/"+torchPickle)) {
			if pickle != "" {
				return fmt.Errorf("%w: the zip archive has both %s and %s", ErrMalformed, quote([]byte(pickle)), quote(e.name))
			}
			pickle = string(e.name)
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case pickle != "":
		return readTorchZip(z, pickle, told)
	case arrays:
		return readNPZ(z, told)
	}
	return nil, fmt.Errorf("%w: it is a zip archive, but has neither %s, as PyTorch's have, nor arrays of NumPy", ErrNotNetwork, torchPickle)
}

// npzFile is an archive of NumPy's that is being read.
type npzFile struct {
	listing
	zip      *zipFile
	inflater io.ReadCloser
}

func readNPZ(z *zipFile, told [][]string) (*listing, error) {
	f := &npzFile{zip: z}
	f.layout.told = told
	f.format = "NumPy"
	return &f.listing, z.walk(func(e *zipEntry) error {
		name, ok := bytes.CutSuffix(e.name, []byte(npySuffix))
		if !ok {
			return nil
		}
		slot, err := f.layout.slot(name)
		if err != nil || slot == nil {
			return err
		}
		if *slot != nil {
			return fmt.Errorf("%w: tensor %s is there twice", ErrMalformed, quote(name))
		}
		*slot, err = f.tensor(e)
		return err
	})
}

// tensor reads the header of an array.
func (f *npzFile) tensor(e *zipEntry) (*tensor, error) {
	bad := func(kind error, text string, args ...any) (*tensor, error) {
		return nil, fmt.Errorf("%w: the array %s %s", kind, quote(e.name), fmt.Sprintf(text, args...))
	}
	start, err := f.zip.data(e)
	if err != nil {
		return nil, err
	}
	if e.size/maxInflation > e.packed {
		return bad(ErrMalformed, "unpacks from %d to %d bytes, more than %d times as many", e.packed, e.size, maxInflation)
	}
	if e.method == zipDeflated {
		f.room += e.size
	}
	entry := *e
	entry.name = nil
	// NumPy writes version 1, 2 for headers over 64 KiB, 3 for names of fields.
	var begin [len(npyMagic) + 4]byte
	r := f.open(entry, start)
	if _, err := io.ReadFull(r, begin[:]); err != nil {
		return nil, readError(err)
	}
	length := int(binary.LittleEndian.Uint16(begin[len(npyMagic)+2:]))
	if !bytes.HasPrefix(begin[:], []byte(npyMagic+"\x01\x00")) || length > maxNpyHeader {
		return bad(ErrMalformed, "begins with % x, expected NumPy's format 1.0 and a header of at most %d bytes", begin, maxNpyHeader)
	}
	header := make([]byte, length)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, readError(err)
	}
	m := npyHeader.FindSubmatch(header)
	if m == nil {
		return bad(ErrMalformed, "has the header %s, expected its descr, fortran_order and shape", quote(header))
	}
	name, known := npyFormats[string(m[1])]
	if !known {
		return bad(ErrNotVGG, "is stored as %s, expected <f2, <f4 or <f8", quote(m[1]))
	}
	t := &tensor{name: string(bytes.TrimSuffix(e.name, []byte(npySuffix))), format: dtypes[name]}
	for _, d := range bytes.FieldsFunc(m[3], func(c rune) bool { return c == ',' || c == ' ' }) {
		n, err := strconv.ParseInt(string(d), 10, 64)
		if err != nil || len(t.shape) == maxRank {
			return bad(ErrMalformed, "has the shape (%s)", m[3])
		}
		t.shape = append(t.shape, n)
	}
	if string(m[2]) == "True" {
		t.strides = columnMajor(t.shape)
	}
	skip := int64(len(begin) + length)
	if size, ok := byteLength(t.shape, t.format.bits); !ok || size != uint64(e.size-skip) {
		return bad(ErrMalformed, "has %d bytes, which is not what %s of the shape %v takes", e.size-skip, m[1], t.shape)
	}
	t.open = func() (io.Reader, error) {
		r := f.open(entry, start)
		_, err := io.CopyN(io.Discard, r, skip)
		return r, err
	}
	return t, nil
}

// open returns the bytes of an entry that begins at start. It serves until the
// next call.
func (f *npzFile) open(e zipEntry, start int64) io.Reader {
	packed := io.NewSectionReader(f.zip.r, start, e.packed)
	c := &checkedReader{r: packed, left: e.size, want: e.crc}
	if e.method == zipDeflated {
		if f.inflater == nil {
			f.inflater = flate.NewReader(packed)
		} else {
			// flate documents that its readers are Resetters, and Reset cannot fail.
			_ = f.inflater.(flate.Resetter).Reset(packed, nil) //nolint:errcheck // see above
		}
		c.r = f.inflater
	}
	return c
}

// A checkedReader reads that many bytes and compares their CRC-32.
type checkedReader struct {
	r         io.Reader
	left      int64
	sum, want uint32
}

func (c *checkedReader) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.left)])
	if corrupt := flate.CorruptInputError(0); errors.As(err, &corrupt) {
		return n, fmt.Errorf("%w: a zip entry cannot be unpacked: %w", ErrMalformed, err)
	}
	c.sum = crc32.Update(c.sum, crc32.IEEETable, p[:n])
	c.left -= int64(n)
	if c.left == 0 && c.sum != c.want {
		// Without the last bytes: io.ReadFull drops the error that comes with them.
		return 0, fmt.Errorf("%w: the checksum of a zip entry is %08x, expected %08x", ErrMalformed, c.sum, c.want)
	}
	return n, err
}
