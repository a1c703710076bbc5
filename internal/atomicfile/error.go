package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ErrWrite matches every [*Error] in errors.Is.
var ErrWrite = errors.New("cannot be written")

// An Error reports a path that cannot be written. Its text is a sentence with the path,
// the reason and what to do. errors.Is finds [ErrWrite] in it, and the reason.
type Error struct {
	Path string
	Err  error
}

// Failed returns an [*Error] about path, or nil where err is nil.
func Failed(path string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{path, err}
}

// Error returns the text.
func (e *Error) Error() string {
	var (
		pathErr *fs.PathError
		linkErr *os.LinkError
	)
	reason := e.Err
	switch { // these errors name a path, either Path again or that of the temporary file
	case errors.As(e.Err, &pathErr):
		reason = pathErr.Err
	case errors.As(e.Err, &linkErr):
		reason = linkErr.Err
	}
	return fmt.Sprintf("%s: cannot be written (%v): %s", e.Path, reason, e.advice())
}

// advice returns what to do.
func (e *Error) advice() string {
	dir := filepath.Dir(e.Path)
	switch {
	case errors.Is(e.Err, fs.ErrNotExist) && isMissing(dir):
		return fmt.Sprintf("make the directory %s first", dir)
	case errors.Is(e.Err, fs.ErrPermission):
		return "choose another place or change its permissions"
	case errors.Is(e.Err, fs.ErrExist):
		return "choose another name"
	case errors.Is(e.Err, syscall.ENOSPC):
		return "free some space or choose another place"
	}
	return "choose another place"
}

// isMissing reports whether a path does not exist. Some folders, such as /proc, report
// the same for files that cannot be created in them.
func isMissing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// Unwrap returns [ErrWrite] and the reason.
func (e *Error) Unwrap() []error { return []error{ErrWrite, e.Err} }
