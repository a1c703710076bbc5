package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
)

// A File is written over time and appears at its path when it is committed. Whoever
// creates one calls Commit or Discard. It is not buffered.
type File struct {
	path string
	dst  destination
	f    *os.File
	temp bool // f is a temporary file, not the destination
	done bool
}

// shortExtension matches the extensions that a temporary file keeps.
var shortExtension = regexp.MustCompile(`^\.\w{1,8}$`)

// Create returns a file that Commit moves to path, with the permissions and the links
// that [Write] describes. The temporary file keeps the extension of path, for programs
// that choose a format by it.
//
// A mount point is written by Commit, from a temporary file in the folder for temporary
// files. A device or a pipe is written at once; see [File.Streams]. The errors of
// Create, Commit and writes are an [*Error].
func Create(path string) (*File, error) {
	dst, err := resolve(path)
	if err != nil {
		return nil, Failed(path, err)
	}
	file := &File{path: path, dst: dst, temp: true}
	ext := filepath.Ext(path)
	if !shortExtension.MatchString(ext) {
		ext = ""
	}
	switch {
	case dst.inPlace && !dst.exists:
		file.temp = false
		file.f, err = os.OpenFile(path, os.O_WRONLY, 0)
	case dst.inPlace:
		file.f, err = createTemp(os.TempDir(), ext, dst)
	default:
		_ = Sweep(filepath.Dir(dst.path), abandoned) // a folder that cannot be listed can still be written to
		file.f, err = createTemp(filepath.Dir(dst.path), ext, dst)
	}
	if err != nil {
		return nil, Failed(path, err)
	}
	return file, nil
}

// Name returns the path of the file that the bytes go to until Commit. Another program
// may write there.
func (f *File) Name() string { return f.f.Name() }

// Streams reports whether the path is a device or a pipe, which WriteAt and other
// programs may be unable to write to.
func (f *File) Streams() bool { return !f.temp }

// Write writes at the end of what Write has written.
func (f *File) Write(b []byte) (int, error) {
	n, err := f.f.Write(b)
	return n, Failed(f.path, err)
}

// WriteAt changes bytes that have been written.
func (f *File) WriteAt(b []byte, offset int64) (int, error) {
	n, err := f.f.WriteAt(b, offset)
	return n, Failed(f.path, err)
}

// Commit syncs the file and moves it to its path. After an error nothing is left.
func (f *File) Commit() error {
	if !f.temp {
		f.done = true
		return Failed(f.path, f.f.Close())
	}
	defer f.Discard()
	if err := errors.Join(syncFile(f.f), f.f.Close()); err != nil {
		return Failed(f.path, err)
	}
	move := f.dst.replaceBy
	if f.dst.inPlace {
		move = func(temp string) error { return copyOver(temp, f.dst.path) }
	}
	if err := move(f.f.Name()); err != nil {
		return Failed(f.path, err)
	}
	f.done = !f.dst.inPlace // Discard removes the copied file
	return Failed(f.path, SyncDir(filepath.Dir(f.dst.path)))
}

// Discard removes the file, unless it was committed. An existing file at the path is
// unchanged. What a device has received stays there.
func (f *File) Discard() {
	if f.done {
		return
	}
	f.done = true
	_ = f.f.Close() // closing twice is harmless, and Windows removes only closed files
	if f.temp {
		os.Remove(f.f.Name())
	}
}
