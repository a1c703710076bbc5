package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
)

// lockInterval is how often a lock that another process holds is tried.
const lockInterval = 100 * time.Millisecond

// lock waits until no other process changes the folder, and clears away what
// one that was killed has left.
func (s *Store) lock(ctx context.Context) (unlock func(), err error) {
	if s.Dir == "" {
		return nil, fmt.Errorf("the folder of networks %w: the environment names no home: set %s to a folder", ErrWrite, HomeVariable)
	}
	if err := os.MkdirAll(filepath.Join(s.Dir, "incoming"), 0o777); err != nil {
		return nil, atomicfile.Failed(s.Dir, err)
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
		return nil, atomicfile.Failed(path, err)
	}
	unlock = func() {
		_ = l.Unlock() // the end of the process unlocks it too
	}
	if err := s.sweep(); err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

// sweep deletes what processes that were killed have left: files that were being
// written, and blobs without a name. The caller holds the lock, so that no other
// process is writing.
func (s *Store) sweep() error {
	for _, folder := range []string{"names", "blobs", "incoming"} {
		path := filepath.Join(s.Dir, folder)
		if err := atomicfile.Sweep(path, 0); err != nil {
			return atomicfile.Failed(path, err)
		}
	}
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
			return atomicfile.Failed(path, err)
		}
	}
	return nil
}

// write makes a file in the folder, and the folder where it is not there yet.
func write(path string, fill func(io.Writer) error) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return atomicfile.Failed(dir, err)
	}
	return atomicfile.Replace(path, fill)
}
