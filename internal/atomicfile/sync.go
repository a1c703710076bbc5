package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
	"syscall"
)

// syncFile makes the bytes of a file survive a power failure, on file systems that
// support it.
func syncFile(f *os.File) error {
	err := f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

// SyncDir makes a rename in a folder survive a power failure. Windows has no such
// operation.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if errors.Is(err, fs.ErrPermission) {
		return nil // the folder may be writable without being readable
	}
	if err != nil {
		return err
	}
	defer d.Close()
	return syncFile(d)
}
