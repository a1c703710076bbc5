package weights

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A besideFile is a file in the folder of the network file that holds some of its
// tensors.
type besideFile struct {
	needed int64 // the size that its tensors need
	file   *os.File
}

// isBeside reports whether a name in a file is the name of a file in the same folder.
func isBeside(name string) bool {
	return filepath.IsLocal(name) && filepath.Base(name) == name && name != "." && !strings.ContainsRune(name, 0)
}

// beside returns the file with the given name. openBeside opens it once all tensors are
// listed.
func (l *listing) beside(name string) *besideFile {
	if l.besides == nil {
		l.besides = map[string]*besideFile{}
	}
	b := l.besides[name]
	if b == nil {
		b = new(besideFile)
		l.besides[name] = b
	}
	return b
}

// openBeside opens the files in dir, the folder of the network file, that hold tensors.
// It refuses links that leave dir. The caller calls closeBeside, even after an error.
func (l *listing) openBeside(dir string) error {
	if len(l.besides) == 0 {
		return nil
	}
	if dir == "" {
		return fmt.Errorf("%w: its weights are in other files, such as %s, and it was opened without its folder",
			ErrNotNetwork, quote([]byte(l.anyBeside())))
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for name, b := range l.besides {
		// A named pipe would block when opened, so ask what the file is first.
		info, err := root.Stat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("%w: its weights are in the file %s, which is not beside it: put it into the same folder", ErrMalformed, quote([]byte(name)))
		case err != nil:
			return fmt.Errorf("its weights are in the file %s beside it, which must be a file of the same folder: %w", quote([]byte(name)), err)
		case !info.Mode().IsRegular():
			return fmt.Errorf("%w: its weights are in %s, which is not a regular file", ErrNotNetwork, quote([]byte(name)))
		case info.Size() < b.needed:
			return fmt.Errorf("%w: the file %s beside it has %d bytes, expected at least %d: it is cut short, or of another network",
				ErrMalformed, quote([]byte(name)), info.Size(), b.needed)
		}
		if b.file, err = root.Open(name); err != nil {
			return fmt.Errorf("opening a file beside it: %w", err)
		}
		l.room += info.Size()
	}
	return nil
}

// anyBeside returns the alphabetically first of the names of the files.
func (l *listing) anyBeside() string {
	first := ""
	for name := range l.besides {
		if first == "" || name < first {
			first = name
		}
	}
	return first
}

// closeBeside closes the files that openBeside has opened.
func (l *listing) closeBeside() {
	for _, b := range l.besides {
		if b.file != nil {
			_ = b.file.Close() // the file was only read
		}
	}
}
