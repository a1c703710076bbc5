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

// lockInterval is the time between attempts to take a lock that another process holds.
const lockInterval = 100 * time.Millisecond

// lock waits until no other process holds the lock of the folder, takes it, and deletes
// the leftovers of killed processes.
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
		_ = l.Unlock() // the lock is also released when the process ends
	}
	if err := s.sweep(); err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

// sweep deletes the leftovers of killed processes: temporary files and blobs without a
// name. The caller holds the lock, so that no other process is writing.
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
			return nil // an unreadable record may name any blob: keep them
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

// write writes a file in the folder. It creates the folder if necessary.
func write(path string, fill func(io.Writer) error) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return atomicfile.Failed(dir, err)
	}
	return atomicfile.Replace(path, fill)
}
