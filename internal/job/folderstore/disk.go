package folderstore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/job"
)

// path joins the store's folder and words to a path.
func (s *Store) path(words ...string) string {
	return filepath.Join(append([]string{s.dir}, words...)...)
}

// change is called before each change of the folder. Its error prevents the change.
func (s *Store) change(path string) error {
	if s.step == nil {
		return nil
	}
	return s.step(path)
}

// mkdir makes a folder and its parents up to s.dir, but not s.dir itself: where that was
// removed, the store must not begin an empty one.
func (s *Store) mkdir(dir string) error {
	err := s.change(dir)
	if err == nil {
		err = os.Mkdir(dir, 0o700)
	}
	switch above := filepath.Dir(dir); {
	case err == nil:
		return atomicfile.SyncDir(above)
	case errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, fs.ErrNotExist) && above != s.dir:
		if err := s.mkdir(above); err != nil {
			return err
		}
		return s.mkdir(dir)
	}
	return err
}

// write makes or replaces a file. When it returns, the file is on the disk.
func (s *Store) write(path string, data []byte) error {
	if dir := filepath.Dir(path); dir != s.dir {
		if err := s.mkdir(dir); err != nil {
			return err
		}
	}
	if err := s.change(path); err != nil {
		return err
	}
	return atomicfile.Replace(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// touch makes an empty file. When it returns, the file is on the disk.
func (s *Store) touch(path string) error {
	dir := filepath.Dir(path)
	if err := s.mkdir(dir); err != nil {
		return err
	}
	if err := s.change(path); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return atomicfile.SyncDir(dir)
}

// remove removes a file. It returns nil where the file does not exist.
func (s *Store) remove(path string) error {
	if err := s.change(path); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// readNames returns the sorted names in a folder: none where the folder does not exist or
// is a file.
func readNames(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

// explain wraps an error of the file system in [blob.ErrFull] or [job.ErrDown]. It returns
// nil for nil.
func (s *Store) explain(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", blob.ErrFull, err)
	}
	if gone := s.exists(); gone != nil {
		return gone
	}
	return fmt.Errorf("%w: %w", job.ErrDown, err)
}

// exists returns a [job.ErrDown] where the folder of the store was removed.
func (s *Store) exists() error {
	for _, dir := range []string{s.dir, s.path("records"), s.path("lists")} {
		if _, err := os.Stat(dir); err != nil {
			return fmt.Errorf("%w: the folder %s, which holds the jobs, cannot be read: restore it and start the server again: %w", job.ErrDown, dir, err)
		}
	}
	return nil
}
