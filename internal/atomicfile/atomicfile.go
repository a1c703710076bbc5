// Package atomicfile writes files that appear complete or not at all.
//
// The bytes are written to a temporary file in the folder of the destination. When they
// are complete and synced, the temporary file is renamed to the destination. After a
// crash, a full disk or a power failure, the destination is the old file or the new
// one, never a part.
//
//	Write        a path that the user chose: it follows links and writes to devices
//	Create       the same, for a file that is written over minutes or days
//	WriteNew     a name that the program chose: it never replaces an existing file
//	WriteUnused  the same, with a number added to the name where a file has it
//	Replace      a file in the program's own folders: it replaces links
//	SyncDir      a folder in which files were created, renamed or removed in other ways
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// Write creates or replaces the file at path with the bytes that write writes. On
// failure, and if write panics, an existing file is unchanged and no new file is left.
//
// A new file has the permissions that os.Create gives. A replaced file keeps its
// permissions. A symbolic link is followed: the link stays and its target is replaced.
//
// Three kinds of destination cannot be replaced by a rename and are written in place,
// where a failure can leave a part of the new bytes: anything but a regular file, such
// as /dev/stdout; a mount point, as in a container; and a file over which the system
// refuses to rename the complete temporary file.
//
// A failed file operation is an [*Error]. An error of write is returned with the path
// before it.
func Write(path string, write func(io.Writer) error) error {
	dst, err := resolve(path)
	if err != nil {
		return Failed(path, err)
	}
	if dst.inPlace {
		return overwrite(path, write)
	}
	return replace(path, dst, write)
}

// replace writes to a destination that can probably be replaced by a rename.
func replace(path string, dst destination, write func(io.Writer) error) error {
	return publish(path, dst, write, dst.replaceBy)
}

// replaceBy moves a temporary file to the destination.
func (dst destination) replaceBy(temp string) error {
	err := os.Rename(temp, dst.path)
	if err == nil || !dst.exists {
		return err
	}
	// A mount point is busy, and in a folder with the sticky bit only the owner of a
	// file may rename another over it.
	if err := copyOver(temp, dst.path); err != nil {
		return err
	}
	return os.Remove(temp)
}

// WriteNew creates a file at path as [Write] does, but never replaces one: if the path
// exists, even as a dangling link, it returns an [*Error] that is [fs.ErrExist]. It
// reports a path that exists before the call without calling write, and one that
// appears during the call afterwards.
func WriteNew(path string, write func(io.Writer) error) error {
	switch _, err := os.Lstat(path); {
	case err == nil:
		return Failed(path, fs.ErrExist)
	case !errors.Is(err, fs.ErrNotExist):
		return Failed(path, err)
	}
	return publish(path, destination{path: path}, write, func(temp string) error {
		return renameNew(temp, path)
	})
}

// Replace creates or replaces the file at path, as [Write] does, in a folder of the
// program. It replaces whatever has that name, even a link, by a regular file with the
// permissions that os.Create gives.
func Replace(path string, write func(io.Writer) error) error {
	return publish(path, destination{path: path}, write, func(temp string) error {
		return os.Rename(temp, path)
	})
}

// abandoned is the age since the last write at which a temporary file no longer belongs
// to a running process. A [File] may grow for days, but is written to every few minutes.
const abandoned = 24 * time.Hour

// CheckWritable reports, before a long computation, whether [Write] could write to path
// now: its folder exists, a file can be created in it, and an existing file may be
// changed. It leaves no file behind, and removes temporary files that a killed process
// left in the folder more than a day ago. The error is an [*Error].
func CheckWritable(path string) error {
	dst, err := resolve(path)
	if err != nil {
		return Failed(path, err)
	}
	if dst.inPlace {
		return nil
	}
	_ = Sweep(filepath.Dir(dst.path), abandoned) // a folder that cannot be listed can still be written to
	f, err := createTemp(filepath.Dir(dst.path), "", dst)
	if err != nil {
		return Failed(path, err)
	}
	return Failed(path, errors.Join(f.Close(), os.Remove(f.Name())))
}

// tempName matches the names of temporary files, see createTemp.
var tempName = regexp.MustCompile(`^\.pastiche-[0-9a-f]{8}\.tmp(\.\w+)?$`)

// Temporary reports whether a file of this name is a temporary one of this package, which
// a killed process leaves behind.
func Temporary(name string) bool { return tempName.MatchString(name) }

// Sweep removes this package's temporary files from the folder dir, except those
// modified within the given age. It is no error if dir does not exist.
func Sweep(dir string, age time.Duration) error {
	d, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer d.Close()
	for {
		entries, err := d.ReadDir(1024)
		for _, e := range entries {
			if !Temporary(e.Name()) {
				continue
			}
			info, err := e.Info()
			if err != nil || !info.Mode().IsRegular() || time.Since(info.ModTime()) < age {
				continue // another process may have renamed it in the meantime
			}
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// publish writes a temporary file beside dst and moves it to its place with move. It
// leaves no temporary file. Errors name path.
func publish(path string, dst destination, write func(io.Writer) error, move func(temp string) error) error {
	f, err := createTemp(filepath.Dir(dst.path), "", dst)
	if err != nil {
		return Failed(path, err)
	}
	moved := false
	defer func() {
		if !moved {
			_ = f.Close() // closing twice is harmless, and Windows removes only closed files
			os.Remove(f.Name())
		}
	}()
	if _, err := fill(path, f, write); err != nil {
		return err
	}
	if err := syncFile(f); err != nil {
		return Failed(path, err)
	}
	if err := f.Close(); err != nil {
		return Failed(path, err)
	}
	if err := move(f.Name()); err != nil {
		return Failed(path, err)
	}
	moved = true
	return Failed(path, SyncDir(filepath.Dir(dst.path)))
}

// fill runs write on f, buffered, and returns the number of bytes that reached f. An
// error of f is an *Error; an error of write is not.
func fill(path string, f io.Writer, write func(io.Writer) error) (int64, error) {
	sink := &sink{w: f}
	buffered := bufio.NewWriter(sink)
	err := write(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	if sink.err != nil {
		return sink.n, Failed(path, sink.err)
	}
	if err != nil {
		return sink.n, fmt.Errorf("%s: %w", path, err)
	}
	return sink.n, nil
}

// sink counts the bytes that its writer has accepted and keeps the writer's error.
type sink struct {
	w   io.Writer
	n   int64
	err error
}

func (s *sink) Write(b []byte) (int, error) {
	n, err := s.w.Write(b)
	s.n += int64(n)
	if err != nil {
		s.err = err
	}
	return n, err
}

// overwrite writes to the file or device at path in place. A file keeps its old bytes
// until the first new ones arrive.
func overwrite(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return Failed(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Failed(path, err)
	}
	n, err := fill(path, f, write)
	if info.Mode().IsRegular() {
		if n > 0 || err == nil {
			err = errors.Join(err, Failed(path, f.Truncate(n)))
		}
		if err == nil {
			err = Failed(path, syncFile(f))
		}
	}
	if err != nil {
		return err
	}
	return Failed(path, f.Close())
}

// copyOver writes the bytes of the file at from into the file at to.
func copyOver(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer dst.Close()
	n, err := io.Copy(dst, src)
	if err != nil {
		return err
	}
	if err := dst.Truncate(n); err != nil {
		return err
	}
	if err := syncFile(dst); err != nil {
		return err
	}
	return dst.Close()
}

// renameNew renames a file to a path that must not exist.
func renameNew(from, to string) error {
	err := os.Link(from, to)
	if err == nil {
		return os.Remove(from)
	}
	if errors.Is(err, fs.ErrExist) {
		return fs.ErrExist
	}
	// File systems without hard links, such as FAT: an empty file reserves the
	// name, and only its owner renames over it.
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	err = f.Close()
	if err == nil {
		err = os.Rename(from, to)
	}
	if err != nil {
		os.Remove(to)
	}
	return err
}

// destination is the target of a path.
type destination struct {
	path    string      // without symbolic links
	exists  bool        // as a regular file with the permission bits mode
	mode    fs.FileMode // zero unless it exists
	inPlace bool        // it cannot be replaced by a rename: not a regular file, or a mount point
}

var (
	errDirectory = errors.New("it is a directory; expected a file")
	errSocket    = errors.New("it is a socket; expected a file")
	errLinks     = errors.New("too many symbolic links")
)

// maxLinks is the largest number of consecutive symbolic links, as in Linux.
const maxLinks = 40

// resolve follows the symbolic links at path, even to a missing file, and refuses paths
// that os.Create would refuse.
func resolve(path string) (destination, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return destination{}, errDirectory
	case err == nil && info.Mode().Type() == fs.ModeSocket:
		return destination{}, errSocket
	case err == nil && !info.Mode().IsRegular():
		return destination{path: path, inPlace: true}, nil
	case err == nil:
		// A rename would replace a file that its owner made read-only.
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return destination{}, err
		}
		_ = f.Close()
		target, err := filepath.EvalSymlinks(path)
		return destination{target, true, info.Mode().Perm(), isMountPoint(path)}, err
	case !errors.Is(err, fs.ErrNotExist):
		return destination{}, err
	}
	for range maxLinks {
		target, err := os.Readlink(path)
		if err != nil {
			return destination{path: path}, nil
		}
		if !filepath.IsAbs(target) {
			// The folder may be reached through links, so follow them before
			// simplifying its name.
			dir, err := filepath.EvalSymlinks(filepath.Dir(path))
			if err != nil {
				return destination{}, err
			}
			target = dir + string(filepath.Separator) + target
		}
		path = target
	}
	return destination{}, errLinks
}

// createTemp creates the temporary file in the folder dir, with an extension or none.
// Unlike os.CreateTemp, it never gives the file a permission that the destination should
// not have.
func createTemp(dir, ext string, dst destination) (*os.File, error) {
	const attempts = 100
	mode := fs.FileMode(0o666)
	if dst.exists {
		mode = dst.mode
	}
	var f *os.File
	err := fs.ErrExist
	for i := 0; i < attempts && errors.Is(err, fs.ErrExist); i++ {
		name := filepath.Join(dir, fmt.Sprintf(".pastiche-%08x.tmp%s", rand.Uint32(), ext))
		f, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	}
	if err != nil {
		return nil, err
	}
	if dst.exists {
		// The umask may have removed more permissions than the destination lacks.
		if err := f.Chmod(mode); err != nil {
			_ = f.Close()
			os.Remove(f.Name())
			return nil, err
		}
	}
	return f, nil
}
