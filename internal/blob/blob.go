// Package blob stores the pictures of jobs: immutable sequences of bytes with
// names.
//
// A [Store] is a folder ([Folder]), a bucket of an S3 service ([S3]), or a stream
// of a NATS server or cluster ([NATS]). The package blobtest holds the contract
// that all of them keep.
//
// A name is a path such as 01jdz6k3v9/result-2, see [CheckName]. The name of one
// blob is never a folder of another: where a/b is a blob, a is none. A blob is
// written once and never changes; another version gets another name. So a reader
// never sees bytes of two versions.
//
// A store may be damaged by a disk or by a person. Whoever stores a blob keeps
// its [Info], and [ReadAll] compares the bytes with it.
package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"
)

// Errors of a [Store].
var (
	// ErrNotFound is the error of a blob that does not exist, or not yet as a
	// whole.
	ErrNotFound = errors.New("no such blob")
	// ErrFull is the error of a store without space.
	ErrFull = errors.New("no space left for pictures: free some, or delete jobs")
)

// A Store keeps blobs. Its methods may be called by several goroutines. Each
// method refuses a name that [CheckName] refuses.
type Store interface {
	// Put stores all that r reads under name, and returns its length and
	// digest. When it returns without error, the blob survives a crash, and
	// every process sees it. On any error, r's included, Put leaves no blob of
	// that name; where the store does not answer any more, one may remain until
	// Remove. Put never has the whole blob in memory.
	//
	// A blob that has the name already is replaced as a whole. Callers do that
	// only to repeat a Put whose outcome they do not know.
	Put(ctx context.Context, name string, r io.Reader) (Info, error)
	// Open returns a blob. Reading and seeking use ctx until Close. A blob that
	// is removed or replaced while it is read yields its own bytes to the end or
	// an error, never other bytes.
	Open(ctx context.Context, name string) (Reader, error)
	// Copy stores the blob from under the name to as well, as Put does. It moves
	// no bytes through this process where the store can avoid that.
	Copy(ctx context.Context, from, to string) error
	// Remove removes the blob of that name and all whose names begin with name
	// and a slash. There may be none.
	Remove(ctx context.Context, name string) error
	// Ready returns an error where nothing can be stored now; [ErrFull] where
	// there is no space.
	Ready(ctx context.Context) error
	// Close ends the use of the store.
	Close() error
}

// Info describes a blob.
type Info struct {
	Size   int64  `json:"size"`   // in bytes
	SHA256 string `json:"sha256"` // in hexadecimal
}

// A Reader reads a blob. Its [io.Seeker] makes ranges possible.
type Reader interface {
	io.ReadSeekCloser
	Size() int64
}

// MaxName is the length of the longest name in bytes. With it, a name fits into a
// file name, a subject of NATS and a key of S3.
const MaxName = 200

// CheckName returns an error unless name is the name of a blob: at most [MaxName]
// bytes; segments with slashes between them; in each segment lower-case letters of
// ASCII, digits, "-", "_" and ".", but no "." at its beginning or end.
func CheckName(name string) error {
	if len(name) > MaxName {
		return fmt.Errorf("the blob name %.20q... has %d bytes; expected at most %d", name, len(name), MaxName)
	}
	for segment := range strings.SplitSeq(name, "/") {
		if segment == "" {
			return fmt.Errorf("the blob name %q is empty, or has an empty segment; expected a path such as id/picture-1", name)
		}
		if segment[0] == '.' || segment[len(segment)-1] == '.' {
			return fmt.Errorf("the blob name %q has a segment that begins or ends with a dot; expected a path such as id/picture-1", name)
		}
		for i := range len(segment) {
			if c := segment[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
				return fmt.Errorf(`the blob name %q contains %q; expected lower-case letters, digits, "-", "_", "." and "/"`, name, c)
			}
		}
	}
	return nil
}

// A DamagedError reports a blob whose bytes are not those that were stored.
type DamagedError struct {
	Name string
	Want Info
	Got  Info // SHA256 is empty where the size alone shows the damage
}

func (e *DamagedError) Error() string {
	if e.Got.Size != e.Want.Size {
		return fmt.Sprintf("the blob %s is damaged: it has %d bytes, and %d were stored; submit the job again", e.Name, e.Got.Size, e.Want.Size)
	}
	return fmt.Sprintf("the blob %s is damaged: its SHA-256 is %s, and that of the stored bytes was %s; submit the job again", e.Name, e.Got.SHA256, e.Want.SHA256)
}

// ReadAll returns the bytes of a blob that was stored as want says. The error is a
// [*DamagedError] where the blob has another size or digest now, and [ErrNotFound]
// where there is none.
func ReadAll(ctx context.Context, s Store, name string, want Info) ([]byte, error) {
	r, err := s.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if r.Size() != want.Size {
		return nil, &DamagedError{name, want, Info{Size: r.Size()}}
	}
	data := make([]byte, want.Size)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, fmt.Errorf("the blob %s: %w", name, err)
	}
	sum := sha256.Sum256(data)
	if got := (Info{want.Size, hex.EncodeToString(sum[:])}); got != want {
		return nil, &DamagedError{name, want, got}
	}
	return data, nil
}

// source reads a blob that is being stored and finds its Info. It fails when its
// context has ended, also at the end of the blob. Its errors other than io.EOF are wrapped: a cut HTTP body ends
// with io.ErrUnexpectedEOF, which io.ReadFull also returns at a good end.
type source struct {
	ctx  context.Context
	r    io.Reader
	sum  hash.Hash
	size int64
}

func newSource(ctx context.Context, r io.Reader) *source {
	return &source{ctx: ctx, r: r, sum: sha256.New()}
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.sum.Write(p[:n])
	s.size += int64(n)
	if ended := s.ctx.Err(); ended != nil {
		return n, ended
	}
	if err != nil && err != io.EOF { //nolint:errorlint // an io.EOF that is wrapped is no good end
		err = fmt.Errorf("reading the picture: %w", err)
	}
	return n, err
}

// info returns the Info of all that was read.
func (s *source) info() Info {
	return Info{s.size, hex.EncodeToString(s.sum.Sum(nil))}
}

// seek returns the position that [io.Seeker] asks for in a blob of that size.
func seek(pos, size, offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
		pos = 0
	case io.SeekEnd:
		pos = size
	case io.SeekCurrent:
	default:
		return 0, fmt.Errorf("seek: whence is %d; expected 0, 1 or 2", whence)
	}
	if pos+offset < 0 {
		return 0, fmt.Errorf("seek: position %d is before the beginning", pos+offset)
	}
	return pos + offset, nil
}

// cleanupTimeout bounds what Put does after an error, so that it returns although
// the store does not answer.
const cleanupTimeout = 10 * time.Second
