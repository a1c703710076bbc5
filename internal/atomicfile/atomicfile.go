// Package atomicfile writes files that appear whole or not at all.
//
// The bytes go to a temporary file in the destination's folder. When they are
// complete and synced, that file is renamed to the destination. A crash, a full
// disk or a power failure therefore leaves the old file or the new one, never a
// part of one.
//
//	Write        a path that the user chose: links are followed, devices written to
//	WriteNew     a name that the program chose: an existing file is never replaced
//	WriteUnused  the same, with a number added to the name where a file has it
//	Replace      a file in the program's own folders: links are replaced
//	SyncDir      a folder in which files were made, renamed or removed otherwise
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

// Write makes a file at path of the bytes that write writes. On any failure,
// and if write panics, an existing file stays as it is and nothing is left
// behind.
//
// A new file has the permissions that os.Create gives. A replaced file keeps
// its permissions. A symbolic link is followed, so the link stays and its
// target is replaced.
//
// Three kinds of destination cannot be replaced by a rename and are written in
// place, where a failure can leave a part of the new bytes: what is not a
// regular file, such as /dev/stdout; a file that is a mount point, as in a
// container; and, when everything else has been written, a file over which the
// system refuses to rename.
//
// A failed file operation is an [*Error]. An error of write is returned with
// the path before it.
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

// replace writes to a destination that can be renamed over, as far as is known.
func replace(path string, dst destination, write func(io.Writer) error) error {
	return publish(path, dst, write, func(temp string) error {
		err := os.Rename(temp, dst.path)
		if err == nil || !dst.exists {
			return err
		}
		// A mount point is busy, and in a folder with the sticky bit only the
		// owner of a file may rename another over it.
		if err := copyOver(temp, dst.path); err != nil {
			return err
		}
		return os.Remove(temp)
	})
}

// WriteNew makes a file at path as [Write] does, but never replaces one: where
// the path exists, be it as a link that leads nowhere, the error is an [*Error]
// that is [fs.ErrExist]. A path that exists before the call is reported without
// calling write; one that appears meanwhile is reported afterwards.
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

// Replace makes a file at path as [Write] does, in a folder that belongs to the
// program: whatever has that name, a link included, is replaced by a regular
// file with the permissions that os.Create gives.
func Replace(path string, write func(io.Writer) error) error {
	return publish(path, destination{path: path}, write, func(temp string) error {
		return os.Rename(temp, path)
	})
}

// abandoned is the age from which a temporary file belongs to no running
// process. Writing a file takes minutes at most.
const abandoned = 24 * time.Hour

// CheckWritable reports, before hours of work, whether [Write] could write to
// path now: its folder exists, a file can be made in it, and an existing file
// may be changed. It leaves nothing behind, and removes temporary files that a
// killed process left in the folder more than a day ago. The error is an
// [*Error].
func CheckWritable(path string) error {
	dst, err := resolve(path)
	if err != nil {
		return Failed(path, err)
	}
	if dst.inPlace {
		return nil
	}
	_ = Sweep(filepath.Dir(dst.path), abandoned) // a folder that cannot be listed can still be written to
	f, err := createTemp(dst)
	if err != nil {
		return Failed(path, err)
	}
	return Failed(path, errors.Join(f.Close(), os.Remove(f.Name())))
}

// tempName matches the names of temporary files, see createTemp.
var tempName = regexp.MustCompile(`^\.pastiche-[0-9a-f]{8}\.tmp$`)

// Sweep removes this package's temporary files from the folder dir, except those
// written to within the last age. A dir that does not exist is no error.
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
			if !tempName.MatchString(e.Name()) {
				continue
			}
			info, err := e.Info()
			if err != nil || !info.Mode().IsRegular() || time.Since(info.ModTime()) < age {
				continue // another process may have renamed it meanwhile
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

// publish fills a temporary file beside dst and moves it to its place with move,
// after which nothing has the temporary name any more. Errors name path.
func publish(path string, dst destination, write func(io.Writer) error, move func(temp string) error) error {
	f, err := createTemp(dst)
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

// fill runs write on f, buffered, and returns how many bytes reached f. An error
// of f is an *Error; an error of write is not.
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

// sink counts the bytes that its writer took and keeps the writer's error.
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

// overwrite writes to what is at path, which stays the same file or device. A
// file keeps its old bytes until the first new ones arrive.
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

// destination is where a path leads.
type destination struct {
	path    string      // behind all symbolic links
	exists  bool        // as a regular file with the permission bits mode
	mode    fs.FileMode // zero unless it exists
	inPlace bool        // it cannot be renamed over: not a regular file, or a mount point
}

var (
	errDirectory = errors.New("it is a directory; expected a file")
	errSocket    = errors.New("it is a socket; expected a file")
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
			// The folder itself may be reached through links, so its name must
			// not be shortened before they are followed.
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

// createTemp makes the temporary file. Unlike os.CreateTemp's it has, from the
// start, no permission that the destination is not to have.
func createTemp(dst destination) (*os.File, error) {
	const attempts = 100
	mode := fs.FileMode(0o666)
	if dst.exists {
		mode = dst.mode
	}
	var f *os.File
	err := fs.ErrExist
	for i := 0; i < attempts && errors.Is(err, fs.ErrExist); i++ {
		name := filepath.Join(filepath.Dir(dst.path), fmt.Sprintf(".pastiche-%08x.tmp", rand.Uint32()))
		f, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	}
	if err != nil {
		return nil, err
	}
	if dst.exists {
		// The umask may have taken away more than the destination lacks.
		if err := f.Chmod(mode); err != nil {
			_ = f.Close()
			os.Remove(f.Name())
			return nil, err
		}
	}
	return f, nil
}
