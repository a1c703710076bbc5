package registry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"time"

	"github.com/pastiche-art/pastiche/weights"
)

// sum computes the size and the checksum of what is written to it.
type sum struct {
	sha  hash.Hash
	size int64
}

func newSum() *sum { return &sum{sha: sha256.New()} }

func (s *sum) Write(b []byte) (int, error) {
	s.size += int64(len(b))
	return s.sha.Write(b)
}

func (s *sum) file() File { return File{s.size, hex.EncodeToString(s.sha.Sum(nil))} }

// compare returns a [*ChecksumError] about the file at place unless f equals want.
func (f File) compare(want File, place string) error {
	if f.SHA256 != want.SHA256 {
		return &ChecksumError{place, f.SHA256, want.SHA256}
	}
	return nil
}

func checksum(ctx context.Context, r io.Reader) (File, error) {
	s := newSum()
	_, err := io.Copy(s, &cancelable{ctx, r})
	return s.file(), err
}

// A checkedFile is an open file whose checksum has been computed. Reading it returns
// the bytes with that checksum, even if its path leads to another file by then.
type checkedFile struct {
	*os.File
	sum     File
	written time.Time // when it was last written to, before the checksum was taken
}

// openFile opens the file at path and computes its checksum. The caller closes it.
func openFile(ctx context.Context, path string) (*checkedFile, error) {
	// A named pipe would block when opened, so ask what path is first.
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w: expected a regular file, found a directory, pipe or device", path, weights.ErrNotNetwork)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	checked := &checkedFile{File: f}
	if info, err = f.Stat(); err == nil {
		checked.written = info.ModTime()
		checked.sum, err = checksum(ctx, f)
	}
	if err != nil {
		_ = f.Close() // the file was only read
		return nil, err
	}
	return checked, nil
}

// network reads the network of the file. It fails if the file was modified after its
// checksum was computed.
func (f *checkedFile) network(override weights.Override) (*weights.Network, error) {
	n, err := weights.ReadFile(f.File, override)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() != f.sum.Size || !info.ModTime().Equal(f.written) {
		return nil, fmt.Errorf("%s: %w: it was written to while it was being read: try again", f.Name(), weights.ErrMalformed)
	}
	return n, nil
}

// cancelable is a reader that fails when its context ends.
type cancelable struct {
	ctx context.Context
	io.Reader
}

func (c *cancelable) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.Reader.Read(b)
}
