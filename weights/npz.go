package weights

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

// An .npz file is a zip archive of .npy files, one for each array.

// readZip lists the tensors of a zip archive of PyTorch, NumPy or Keras.
func readZip(r io.ReaderAt, size int64, given layerNames) (*listing, error) {
	z, err := openZip(r, size)
	if err != nil {
		return nil, err
	}
	pickle, arrays := "", false
	for _, e := range z.File {
		if e.Name == kerasWeights {
			return readKeras(z, e, given)
		}
		arrays = arrays || strings.HasSuffix(e.Name, npySuffix)
		if e.Name == torchPickle || strings.HasSuffix(e.Name, "/"+torchPickle) {
			if pickle != "" {
				return nil, fmt.Errorf("%w: the zip archive has both %s and %s", ErrMalformed, quote([]byte(pickle)), quote([]byte(e.Name)))
			}
			pickle = e.Name
		}
	}
	switch {
	case pickle != "":
		return readTorchZip(z, pickle, given)
	case arrays:
		return readNPZ(z, given)
	}
	return nil, fmt.Errorf("%w: it is a zip archive, but has neither %s, as PyTorch's have, nor arrays of NumPy, nor %s, as Keras' have",
		ErrNotNetwork, torchPickle, kerasWeights)
}

// npzFile is an archive of NumPy while it is being read.
type npzFile struct {
	listing
	zip      *zipFile
	inflater io.ReadCloser
}

func readNPZ(z *zipFile, given layerNames) (*listing, error) {
	f := &npzFile{zip: z}
	f.layout.given = given
	f.format = "NumPy"
	for _, e := range z.File {
		name, ok := bytes.CutSuffix([]byte(e.Name), []byte(npySuffix))
		if !ok {
			continue
		}
		if err := f.layout.add(name, func() (*tensor, error) { return f.tensor(e) }); err != nil {
			return nil, err
		}
	}
	return &f.listing, nil
}

// tensor reads the header of an array.
func (f *npzFile) tensor(e *zip.File) (*tensor, error) {
	bad := func(kind error, text string, args ...any) (*tensor, error) {
		return nil, fmt.Errorf("%w: the array %s %s", kind, quote([]byte(e.Name)), fmt.Sprintf(text, args...))
	}
	start, err := f.zip.data(e)
	if err != nil {
		return nil, err
	}
	if e.UncompressedSize64/maxInflation > e.CompressedSize64 {
		return bad(ErrMalformed, "unpacks from %d to %d bytes, more than %d times as many", e.CompressedSize64, e.UncompressedSize64, maxInflation)
	}
	size := int64(e.UncompressedSize64)
	if e.Method == zip.Deflate {
		f.room += size
	}
	head, err := readNPYHead(f.open(e, start), "the array "+quote([]byte(e.Name)))
	if err != nil {
		return nil, err
	}
	name, known := npyFormats[head.descr]
	if !known {
		return bad(ErrNotVGG, "is stored as %s, expected <f2, <f4 or <f8", quote([]byte(head.descr)))
	}
	t := &tensor{name: strings.TrimSuffix(e.Name, npySuffix), format: dtypes[name], shape: head.shape}
	if head.fortran {
		t.strides = columnMajor(t.shape)
	}
	skip := head.length
	if want, ok := byteLength(t.shape, t.format.bits); !ok || want != uint64(size-skip) {
		return bad(ErrMalformed, "has %d bytes, which is not what %s of the shape %v takes", size-skip, head.descr, t.shape)
	}
	t.open = func() (io.Reader, error) {
		r := f.open(e, start)
		_, err := io.CopyN(io.Discard, r, skip)
		return r, err
	}
	return t, nil
}

// open returns a reader of the entry that begins at start. It is valid until the next
// call.
func (f *npzFile) open(e *zip.File, start int64) io.Reader {
	packed := io.NewSectionReader(f.zip.r, start, int64(e.CompressedSize64))
	c := &checkedReader{r: packed, left: int64(e.UncompressedSize64), want: e.CRC32}
	if e.Method == zip.Deflate {
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

// A checkedReader reads a number of bytes and compares their CRC-32.
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
		// Return no bytes: io.ReadFull would drop an error that comes with the last
		// ones.
		return 0, fmt.Errorf("%w: the checksum of a zip entry is %08x, expected %08x", ErrMalformed, c.sum, c.want)
	}
	return n, err
}
