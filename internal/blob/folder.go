package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
)

// A Folder keeps each blob in a file of its own: the blob a/b of the folder dir is
// the file dir/a/b. Several processes may use one folder. The folder may be on a
// network file system whose renames are atomic.
type Folder struct {
	dir     string
	reserve int64
}

var _ Store = (*Folder)(nil)

// NewFolder returns a store in the folder dir, which it makes where it is missing.
// The store is full when its disk has fewer than reserve bytes left.
func NewFolder(dir string, reserve int64) (*Folder, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("the folder of pictures: %w", err)
	}
	return &Folder{dir, reserve}, nil
}

// Put stores a blob, see [Store].
func (f *Folder) Put(ctx context.Context, name string, r io.Reader) (Info, error) {
	src := newSource(ctx, r)
	begun := false
	err := f.place(name, func(file string) (bool, error) {
		err := atomicfile.Replace(file, func(w io.Writer) error {
			begun = true
			_, err := io.Copy(w, src)
			return err
		})
		return !begun, err
	})
	if err != nil {
		return Info{}, err
	}
	return src.info(), nil
}

// Open opens a blob, see [Store].
func (f *Folder) Open(ctx context.Context, name string) (Reader, error) {
	if err := errors.Join(CheckName(name), ctx.Err()); err != nil {
		return nil, err
	}
	file, err := os.Open(f.file(name))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		if err := f.exists(); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %s", ErrNotFound, name)
	}
	if err != nil {
		return nil, fmt.Errorf("the blob %s: %w", name, err)
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		_ = file.Close() // nothing was written
		if err == nil {
			err = fmt.Errorf("%w: %s", ErrNotFound, name)
		}
		return nil, err
	}
	return &folderReader{ctx, file, info.Size()}, nil
}

// Copy makes a hard link, or copies where the file system has none, see [Store].
func (f *Folder) Copy(ctx context.Context, from, to string) error {
	if err := errors.Join(CheckName(from), ctx.Err()); err != nil {
		return err
	}
	linked := false
	err := f.place(to, func(file string) (bool, error) {
		err := os.Link(f.file(from), file)
		linked = err == nil
		if linked {
			return false, atomicfile.SyncDir(filepath.Dir(file))
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return false, nil // copied below
		}
		if _, err := os.Stat(f.file(from)); errors.Is(err, fs.ErrNotExist) {
			return false, fmt.Errorf("%w: %s", ErrNotFound, from)
		}
		return true, err
	})
	if err != nil || linked {
		return err
	}
	r, err := f.Open(ctx, from)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = f.Put(ctx, to, r)
	return err
}

// tries is how often a folder is made again that Remove of another blob removed
// meanwhile, because it was empty.
const tries = 100

// place makes the folders of a blob and calls do with the path of its file. When
// the folder disappears again meanwhile, do returns true to be called once more.
// The file survives a crash when place returns nil, and is removed otherwise.
func (f *Folder) place(name string, do func(file string) (again bool, err error)) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if err := f.space(); err != nil {
		return err
	}
	file, parent := f.file(name), path.Dir(name)
	var err error
	for again, try := true, 0; again && try < tries; try++ {
		if err = f.makeFolders(parent); err == nil {
			again, err = do(file)
		}
		if err == nil {
			err = f.syncAbove(parent)
		}
		if !errors.Is(err, fs.ErrNotExist) || f.exists() != nil {
			break
		}
	}
	if err == nil {
		return nil
	}
	if !errors.Is(err, ErrNotFound) {
		os.Remove(file)
	}
	f.prune(parent)
	if missing := f.exists(); missing != nil {
		return missing
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return fmt.Errorf("storing the blob %s: %w", name, err)
}

// makeFolders makes the folders of a path in the store, but never the store's own.
func (f *Folder) makeFolders(name string) error {
	if name == "." {
		return nil
	}
	if err := f.makeFolders(path.Dir(name)); err != nil {
		return err
	}
	if err := os.Mkdir(f.file(name), 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// syncAbove makes the folders above a folder last through a power failure. Another
// goroutine may have made them, and may not have synced them yet.
func (f *Folder) syncAbove(name string) error {
	for name != "." {
		name = path.Dir(name)
		if err := atomicfile.SyncDir(f.file(name)); err != nil {
			return err
		}
	}
	return nil
}

// prune removes a folder of the store and those above it, as far as they are empty.
func (f *Folder) prune(name string) {
	for name != "." && syscall.Rmdir(f.file(name)) == nil { // os.Remove would remove a blob, too
		name = path.Dir(name)
	}
}

// Remove removes blobs, see [Store].
func (f *Folder) Remove(ctx context.Context, name string) error {
	if err := errors.Join(CheckName(name), ctx.Err(), f.exists()); err != nil {
		return err
	}
	var err error
	for range tries { // a blob that is being stored refills the folder
		if err = os.RemoveAll(f.file(name)); err == nil {
			break
		}
	}
	if err != nil && !errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("removing the blob %s: %w", name, err)
	}
	f.prune(path.Dir(name))
	return nil
}

// Ready makes a file and removes it, see [Store].
func (f *Folder) Ready(ctx context.Context) error {
	if err := errors.Join(ctx.Err(), f.space()); err != nil {
		return err
	}
	probe, err := os.CreateTemp(f.dir, ".ready-")
	if err != nil {
		return fmt.Errorf("the folder of pictures: %w", err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// Close does nothing.
func (f *Folder) Close() error { return nil }

// space returns an error where the folder is missing, or its disk full.
func (f *Folder) space() error {
	if err := f.exists(); err != nil {
		return err
	}
	free, err := freeSpace(f.dir)
	if err != nil {
		return fmt.Errorf("the free space of %s: %w", f.dir, err)
	}
	if free < f.reserve {
		return fmt.Errorf("%w (%s has %d MiB left, of which %d are kept free)", ErrFull, f.dir, free>>20, f.reserve>>20)
	}
	return nil
}

// exists returns an error where the store's folder is missing. It may be on a disk
// that is not mounted any more, so it is never made again.
func (f *Folder) exists() error {
	info, err := os.Stat(f.dir)
	if err == nil && !info.IsDir() {
		err = errors.New("it is a file")
	}
	if err != nil {
		return fmt.Errorf("the folder of pictures %s is missing (%w): mount its disk, or restart to begin with an empty folder", f.dir, err)
	}
	return nil
}

// file returns the path of a blob.
func (f *Folder) file(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

// folderReader reads a blob in a folder.
type folderReader struct {
	ctx  context.Context
	file *os.File
	size int64
}

func (r *folderReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.file.Read(p)
}

func (r *folderReader) Seek(offset int64, whence int) (int64, error) {
	return r.file.Seek(offset, whence)
}

func (r *folderReader) Close() error { return r.file.Close() }

func (r *folderReader) Size() int64 { return r.size }
