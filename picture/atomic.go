package picture

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// CheckPath tells, before hours of work, whether Save could write a picture to
// that path now: the extension names a format, the directory exists, and a
// file can be made in it. It leaves nothing behind. The errors are ErrFormat
// and ErrWrite.
func CheckPath(path string) error {
	if _, err := FormatOf(path); err != nil {
		return err
	}
	return CheckWritable(path)
}

// CheckWritable is CheckPath for a file that is not a picture.
func CheckWritable(path string) error {
	dst, err := resolve(path)
	if err != nil {
		return cannotWrite(path, err)
	}
	if dst.direct {
		return nil
	}
	f, err := createTemp(dst)
	if err != nil {
		return cannotWrite(path, err)
	}
	return cannotWrite(path, errors.Join(f.Close(), os.Remove(f.Name())))
}

// WriteFile makes a file of what write writes. The file appears whole or not
// at all: the bytes go to a temporary file in the same directory, which is
// synced and renamed over path when write has returned nil. On any failure,
// and if write panics, an existing file stays as it is and nothing is left
// behind.
//
// A new file has the permissions that os.Create gives; one that is replaced
// keeps its own. A symbolic link is followed, so the link stays and its target
// is replaced. What is not a regular file, such as /dev/stdout, is written
// directly. The error of a failed file operation is an ErrWrite; an error from
// write is returned with the path before it.
func WriteFile(path string, write func(io.Writer) error) error {
	dst, err := resolve(path)
	if err != nil {
		return cannotWrite(path, err)
	}
	if dst.direct {
		return writeDirect(path, write)
	}
	f, err := createTemp(dst)
	if err != nil {
		return cannotWrite(path, err)
	}
	renamed := false
	defer func() {
		if !renamed {
			_ = f.Close() // closing twice is harmless, and Windows removes only closed files
			os.Remove(f.Name())
		}
	}()
	if err := fillFile(path, f, write); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return cannotWrite(path, err)
	}
	if err := f.Close(); err != nil {
		return cannotWrite(path, err)
	}
	if err := os.Rename(f.Name(), dst.path); err != nil {
		return cannotWrite(path, err)
	}
	renamed = true
	return cannotWrite(path, syncDir(filepath.Dir(dst.path)))
}

// fillFile runs write on f, buffered. It tells write's own errors from f's.
func fillFile(path string, f *os.File, write func(io.Writer) error) error {
	sink := &recorder{w: f}
	buffered := bufio.NewWriter(sink)
	err := write(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	if sink.err != nil {
		return cannotWrite(path, sink.err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// recorder remembers the error of its writer.
type recorder struct {
	w   io.Writer
	err error
}

func (r *recorder) Write(b []byte) (int, error) {
	n, err := r.w.Write(b)
	if err != nil {
		r.err = err
	}
	return n, err
}

func writeDirect(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return cannotWrite(path, err)
	}
	defer f.Close()
	if err := fillFile(path, f, write); err != nil {
		return err
	}
	return cannotWrite(path, f.Close())
}

// destination is where a path leads.
type destination struct {
	path   string      // behind all symbolic links
	exists bool        // as a regular file, of that mode
	mode   fs.FileMode // its permission bits
	direct bool        // neither a regular file nor to be made one
}

var (
	errDirectory = errors.New("it is a directory; expected a file")
	errLinks     = errors.New("too many symbolic links")
)

// maxLinks is how many symbolic links in a row are followed, as in Linux.
const maxLinks = 40

// resolve follows the symbolic links at path, even to a file that is yet to be
// made, and refuses what os.Create would refuse.
func resolve(path string) (destination, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return destination{}, errDirectory
	case err == nil && !info.Mode().IsRegular():
		return destination{path: path, direct: true}, nil
	case err == nil:
		// A rename would replace a file that its owner made read-only.
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return destination{}, err
		}
		_ = f.Close()
		target, err := filepath.EvalSymlinks(path)
		return destination{path: target, exists: true, mode: info.Mode().Perm()}, err
	case !errors.Is(err, fs.ErrNotExist):
		return destination{}, err
	}
	for range maxLinks {
		target, err := os.Readlink(path)
		if err != nil {
			return destination{path: path}, nil
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		path = target
	}
	return destination{}, errLinks
}

// createTemp makes the temporary file. Unlike os.CreateTemp's it has the
// permissions that the destination is to have.
func createTemp(dst destination) (*os.File, error) {
	const attempts = 100
	var f *os.File
	err := fs.ErrExist
	for i := 0; i < attempts && errors.Is(err, fs.ErrExist); i++ {
		name := filepath.Join(filepath.Dir(dst.path), fmt.Sprintf(".pastiche-%08x.tmp", rand.Uint32()))
		f, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	}
	if err != nil {
		return nil, err
	}
	if dst.exists {
		if err := f.Chmod(dst.mode); err != nil {
			_ = f.Close()
			os.Remove(f.Name())
			return nil, err
		}
	}
	return f, nil
}

// syncDir makes a rename in a directory last through a power failure, on
// systems and file systems that let a directory be synced.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if errors.Is(err, fs.ErrPermission) {
		return nil // one may write into a directory without reading it
	}
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// cannotWrite gives a file operation's error its sentence; nil stays nil.
func cannotWrite(path string, err error) error {
	if err == nil {
		return nil
	}
	var (
		pathErr *fs.PathError
		linkErr *os.LinkError
	)
	reason := err
	switch { // these would repeat the name, or name the temporary file
	case errors.As(err, &pathErr):
		reason = pathErr.Err
	case errors.As(err, &linkErr):
		reason = linkErr.Err
	}
	advice := "choose another place"
	switch {
	case errors.Is(err, fs.ErrNotExist) && isMissing(filepath.Dir(path)):
		advice = fmt.Sprintf("make the directory %s first", filepath.Dir(path))
	case errors.Is(err, fs.ErrPermission):
		advice = "choose another place or change its permissions"
	case errors.Is(err, syscall.ENOSPC):
		advice = "free some space or choose another place"
	}
	return fail(ErrWrite, err, "%s: cannot be written (%v): %s", path, reason, advice)
}

// isMissing tells whether there is nothing at a path. Some folders, such as
// /proc, answer so of a file that cannot be made in them.
func isMissing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}
