package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/gofrs/flock"
)

// unfinished is the name in incoming of the file that is being written. The
// holder of the lock is the only one to write.
const unfinished = "new"

// lockInterval is how often a lock that another process holds is tried.
const lockInterval = 100 * time.Millisecond

// lock waits until no other process changes the folder, and clears away what
// one that was killed has left.
func (s *Store) lock(ctx context.Context) (unlock func(), err error) {
	if s.Dir == "" {
		return nil, fmt.Errorf("the folder of networks %w: the environment names no home; set %s to a folder", ErrWrite, HomeVariable)
	}
	if err := os.MkdirAll(filepath.Join(s.Dir, "incoming"), 0o777); err != nil {
		return nil, cannotWrite(s.Dir, err)
	}
	path := filepath.Join(s.Dir, "lock")
	l := flock.New(path, flock.SetPermissions(0o666))
	got, err := l.TryLock()
	if err == nil && !got {
		s.report(Waiting{s.Dir})
		_, err = l.TryLockContext(ctx, lockInterval)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, cannotWrite(path, err)
	}
	unlock = func() {
		os.Remove(s.incoming(unfinished))
		_ = l.Unlock() // the end of the process unlocks it too
	}
	if err := s.sweep(); err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

// sweep deletes blobs without a name and a file that was not finished.
func (s *Store) sweep() error {
	os.Remove(s.incoming(unfinished))
	recorded, err := s.recorded()
	if err != nil {
		return err
	}
	named := make(map[string]bool)
	for _, name := range recorded {
		e, err := s.readRecord(name)
		if err != nil {
			return nil // whatever it names must stay
		}
		named[s.blob(e.Local)] = true
	}
	blobs, err := os.ReadDir(filepath.Join(s.Dir, "blobs"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, b := range blobs {
		path := filepath.Join(s.Dir, "blobs", b.Name())
		if named[path] {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return cannotWrite(path, err)
		}
	}
	return nil
}

// write fills the unfinished file and syncs it.
func (s *Store) write(fill func(io.Writer) error) (File, error) {
	path := s.incoming(unfinished)
	os.Remove(path)
	// Whoever else may write to the folder cannot have put a link here.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return File{}, cannotWrite(path, err)
	}
	defer f.Close()
	sink := &sink{to: f, sum: newSum()}
	if err := fill(sink); err != nil {
		if sink.err != nil {
			return File{}, cannotWrite(path, sink.err)
		}
		return File{}, err
	}
	if err := f.Sync(); err != nil {
		return File{}, cannotWrite(path, err)
	}
	if err := f.Close(); err != nil {
		return File{}, cannotWrite(path, err)
	}
	return sink.sum.file(), nil
}

// publish moves the unfinished file to its place.
func (s *Store) publish(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return cannotWrite(dir, err)
	}
	if err := os.Rename(s.incoming(unfinished), path); err != nil {
		return cannotWrite(path, err)
	}
	return cannotWrite(path, syncDir(dir))
}

// syncDir makes what was renamed in a folder last. Windows keeps no buffer of
// folders that could be synced.
func syncDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// cannotWrite gives an error of writing to a place its sentence; nil stays nil.
func cannotWrite(path string, err error) error {
	if err == nil {
		return nil
	}
	var pathErr *fs.PathError
	var linkErr *os.LinkError
	switch { // either would repeat the place
	case errors.As(err, &pathErr):
		err = pathErr.Err
	case errors.As(err, &linkErr):
		err = linkErr.Err
	}
	return fmt.Errorf("%s: %w: %w", path, ErrWrite, err)
}

// sink takes the checksum of what goes to a file, and tells the file's errors
// from those of whoever fills it.
type sink struct {
	to  io.Writer
	sum *sum
	err error
}

func (s *sink) Write(b []byte) (int, error) {
	n, err := s.to.Write(b)
	_, _ = s.sum.Write(b[:n]) // a checksum takes everything
	if err != nil {
		s.err = err
	}
	return n, err
}
