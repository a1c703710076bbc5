package registry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/pastiche-art/pastiche/weights"
)

// sum takes the size and the checksum of what is written to it.
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

// compare returns a [*ChecksumError] about the file at a place where it is not
// the one that is wanted.
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

func checksumFile(ctx context.Context, path string) (File, error) {
	// A named pipe would block when opened, so ask what path is first.
	info, err := os.Stat(path)
	if err != nil {
		return File{}, err
	}
	if !info.Mode().IsRegular() {
		return File{}, fmt.Errorf("%s: %w: expected a regular file, found a directory, pipe or device", path, weights.ErrNotNetwork)
	}
	f, err := os.Open(path)
	if err != nil {
		return File{}, err
	}
	defer f.Close()
	return checksum(ctx, f)
}

// cancelable reads until its context ends.
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
