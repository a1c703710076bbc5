package weights

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
)

// matBytes are the remaining bytes of a variable.
type matBytes interface {
	// read fills p with the next bytes.
	read(p []byte) error
	// skip skips the next n bytes.
	skip(n int64) error
	// keep skips the next n bytes, too. open returns a reader of these bytes, even
	// after reading has continued.
	keep(n int64) (open func() (io.Reader, error), err error)
	// String returns a description for errors.
	String() string
}

// matPlain are uncompressed bytes of the file. The caller respects the size of the
// file.
type matPlain struct {
	r   io.ReaderAt
	pos int64
}

func (b *matPlain) read(p []byte) error {
	err := readAt(b.r, p, b.pos)
	b.pos += int64(len(p))
	return err
}

func (b *matPlain) skip(n int64) error {
	b.pos += n
	return nil
}

func (b *matPlain) keep(n int64) (func() (io.Reader, error), error) {
	r, start := b.r, b.pos
	b.pos += n
	return func() (io.Reader, error) { return io.NewSectionReader(r, start, n), nil }, nil
}

func (b *matPlain) String() string { return "the file" }

// matInflated are the bytes that a compressed variable decompresses to. They can be
// read once, from front to back; keep copies them into memory.
type matInflated struct {
	left   int64 // number of bytes that the file may still decompress to
	kept   int64 // number of bytes in memory
	start  int64 // position of the compressed bytes in the file
	packed *bufio.Reader
	bytes  io.ReadCloser
	unread [4 << 10]byte // a buffer for skipped bytes
}

// constantBytes is how many bytes a file of any size may decompress to: an average
// image of 256 x 256 in double precision is constant and takes almost nothing when
// compressed.
const constantBytes = 256 * 256 * 3 * 8

// open starts the variable that is compressed between two positions of the file.
func (b *matInflated) open(r io.ReaderAt, start, end int64) error {
	b.start = start
	section := io.NewSectionReader(r, start, end-start)
	if b.bytes == nil {
		b.packed = bufio.NewReaderSize(section, bufferSize)
		z, err := zlib.NewReader(b.packed)
		b.bytes = z
		return b.error(err)
	}
	b.packed.Reset(section)
	return b.error(b.bytes.(zlib.Resetter).Reset(b.packed, nil)) //nolint:errcheck // zlib documents that its readers are Resetters
}

func (b *matInflated) read(p []byte) error {
	if err := b.spend(int64(len(p))); err != nil {
		return err
	}
	return b.fill(p)
}

func (b *matInflated) skip(n int64) error {
	if err := b.spend(n); err != nil {
		return err
	}
	for n > 0 {
		part := b.unread[:min(n, int64(len(b.unread)))]
		if err := b.fill(part); err != nil {
			return err
		}
		n -= int64(len(part))
	}
	return nil
}

func (b *matInflated) fill(p []byte) error {
	_, err := io.ReadFull(b.bytes, p)
	return b.error(err)
}

// keep reads the bytes in pieces, so that memory use is limited by the bytes that
// exist.
func (b *matInflated) keep(n int64) (func() (io.Reader, error), error) {
	b.kept += n
	var pieces [][]byte
	for n > 0 {
		piece := make([]byte, min(n, bufferSize))
		if err := b.read(piece); err != nil {
			return nil, err
		}
		pieces = append(pieces, piece)
		n -= int64(len(piece))
	}
	return func() (io.Reader, error) {
		readers := make([]io.Reader, len(pieces))
		for i, p := range pieces {
			readers[i] = bytes.NewReader(p)
		}
		return io.MultiReader(readers...), nil
	}, nil
}

func (b *matInflated) spend(n int64) error {
	if b.left -= n; b.left < 0 {
		return fmt.Errorf("%w: with %v the file unpacks to more than %d times its size", ErrMalformed, b, maxInflation)
	}
	return nil
}

// error distinguishes errors in the compressed bytes from errors of the file system.
func (b *matInflated) error(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: %v end while they are being read", ErrMalformed, b)
	case errors.Is(err, zlib.ErrHeader), errors.Is(err, zlib.ErrDictionary), errors.Is(err, zlib.ErrChecksum), errors.As(err, &corrupt):
		return fmt.Errorf("%w: %v: %w", ErrMalformed, b, err)
	default:
		return err
	}
}

func (b *matInflated) String() string {
	return fmt.Sprintf("the bytes inflated from byte %d on", b.start)
}
