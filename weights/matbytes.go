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

// matBytes are the bytes of a variable from where it is read on.
type matBytes interface {
	// read fills p with the next bytes.
	read(p []byte) error
	// skip passes over the next n bytes.
	skip(n int64) error
	// keep passes over the next n bytes too. What it returns gives them, also
	// when the reading has gone on.
	keep(n int64) (open func() (io.Reader, error), err error)
	// String names them for errors.
	String() string
}

// matPlain are bytes as the file has them. The caller keeps to the file's size.
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

// matInflated are the bytes that a compressed variable unpacks to. They can be
// had once, from front to back, so that what is kept is kept in memory.
type matInflated struct {
	left   int64 // how many bytes more the file may unpack to
	kept   int64 // how many are in memory
	start  int64 // of the compressed bytes in the file
	packed *bufio.Reader
	bytes  io.ReadCloser
	unread [4 << 10]byte // for what is skipped
}

// constantBytes is what a file may unpack to whatever its size: an average image
// of 256 x 256 in double precision, which is constant, takes next to nothing.
const constantBytes = 256 * 256 * 3 * 8

// open begins the variable that is compressed between two positions.
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

// keep takes the bytes in pieces: no more memory is used than bytes are there.
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

// error tells errors of the compressed bytes from other errors, those
// of the file system.
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
