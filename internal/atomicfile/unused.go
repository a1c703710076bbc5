package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// WriteUnused makes a file as [WriteNew] does, of the first name that [Unused] returns
// when the file is complete. It returns the name.
func WriteUnused(path string, write func(io.Writer) error) (name string, err error) {
	for {
		name = Unused(path)
		if err := WriteNew(name, write); !errors.Is(err, fs.ErrExist) {
			return name, err
		}
	}
}

// Unused returns the first name that does not exist among path and, with a number before
// its extension, path-2, path-3 and so on.
func Unused(path string) string {
	ext := filepath.Ext(path)
	name := path
	for n := 2; ; n++ {
		if _, err := os.Lstat(name); err != nil {
			return name
		}
		name = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(path, ext), n, ext)
	}
}
