package studio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Bounds of what is being received.
const (
	// block is the unit of the spool's space.
	block = 1 << 20 // bytes
	// spoolBlocks bounds what all uploads take on the disk before they are
	// decoded, and how many there are: each takes a block with its first byte.
	spoolBlocks = 2048
	// spoolWait is how long an upload waits for a block.
	spoolWait = 10 * time.Second
	// An upload needs at least leastRate bytes per second after its first seconds, and
	// more where it would take longer than longestUpload.
	leastRate     = 16 << 10
	firstBytes    = 8 * time.Second
	longestUpload = 10 * time.Minute
)

var (
	errSlow = errors.New("the upload is too slow")
	errBusy = errors.New("too many uploads at once: wait some seconds, then try again")
)

// A spool keeps uploads in files while they arrive.
type spool struct {
	folder string
	blocks *quota
}

// spooledPrefix begins the names of the files of a spool.
const spooledPrefix = "pastiche-upload-"

// newSpool returns a spool in a folder, "" for that of temporary files, and removes
// what a process that was killed left there.
func newSpool(folder string, blocks *quota) *spool {
	if folder == "" {
		folder = os.TempDir()
	}
	left, _ := filepath.Glob(filepath.Join(folder, spooledPrefix+"*"))
	for _, file := range left {
		os.RemoveAll(file) //nolint:errcheck // a file, or a folder where a video was made; the next start tries again
	}
	return &spool{folder, blocks}
}

// A spooled is the body of a request in a file.
type spooled struct {
	*os.File
	size   int64
	named  bool     // whether the file still has a name
	blocks []func() // give back the blocks of the spool that it takes
}

// receive stores a body as it arrives. The error is errBusy, errSlow, an
// [*http.MaxBytesError], or what reading the body or writing the file returned.
func (s *spool) receive(ctx context.Context, owner string, body io.Reader) (_ *spooled, err error) {
	f := &spooled{}
	defer func() {
		if err != nil {
			f.discard()
		}
	}()
	for {
		if err := f.grow(ctx, s.blocks, owner); err != nil {
			return nil, err
		}
		if f.File == nil {
			if f.File, err = os.CreateTemp(s.folder, spooledPrefix+"*"); err != nil {
				return nil, fmt.Errorf("the folder of uploads: %w", err)
			}
			f.named = os.Remove(f.Name()) != nil // where the system removes no open files
		}
		n, err := io.CopyN(f.File, body, block)
		f.size += n
		if errors.Is(err, io.EOF) {
			_, err = f.Seek(0, io.SeekStart)
			return f, err
		}
		if err != nil {
			return nil, err
		}
	}
}

// grow waits for another block of the spool.
func (f *spooled) grow(ctx context.Context, blocks *quota, owner string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, spoolWait, errBusy)
	defer cancel()
	release, err := blocks.wait(ctx, owner)
	if err == nil {
		f.blocks = append(f.blocks, release)
	}
	return err
}

// discard removes the file.
func (f *spooled) discard() {
	if f.File != nil {
		f.Close() //nolint:errcheck // nothing of it is kept
	}
	if f.named {
		os.Remove(f.Name()) // or newSpool does
	}
	for _, release := range f.blocks {
		release()
	}
}

// steady reads the body of a request, and fails where its rate is too low.
type steady struct {
	body  io.Reader
	out   *http.ResponseController
	read  int64         // bytes
	spent time.Duration // in reading them
	rate  int64         // bytes a second
}

// newSteady returns a reader of a body of at most a number of bytes.
func newSteady(w http.ResponseWriter, r *http.Request, most int64) *steady {
	announced := r.ContentLength
	if announced < 0 {
		announced = most
	}
	return &steady{
		body: http.MaxBytesReader(w, r.Body, most), out: http.NewResponseController(w),
		rate: max(leastRate, announced/int64(longestUpload/time.Second)),
	}
}

func (s *steady) Read(p []byte) (int, error) {
	begun := time.Now()
	allowed := firstBytes + time.Duration(s.read)*time.Second/time.Duration(s.rate)
	if err := s.deadline(begun.Add(allowed - s.spent)); err != nil {
		return 0, err
	}
	n, err := s.body.Read(p)
	s.read += int64(n)
	s.spent += time.Since(begun)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return n, fmt.Errorf("%w, less than %d KiB a second: make the pictures smaller, or try again with a better connection", errSlow, s.rate>>10)
	}
	if err != nil { // a deadline that passes later would end the request
		if err := s.deadline(time.Time{}); err != nil {
			return n, err
		}
	}
	return n, err
}

func (s *steady) deadline(at time.Time) error {
	if err := s.out.SetReadDeadline(at); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}
