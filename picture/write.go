package picture

import (
	"io"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
)

// CheckPath reports, before a long computation, whether Save could write a picture to a
// path now: the extension names a format, the folder exists, and a file can be created
// in it. It leaves no file behind. The errors are ErrFormat and ErrWrite.
func CheckPath(path string) error {
	if _, err := FormatOf(path); err != nil {
		return err
	}
	return CheckWritable(path)
}

// CheckWritable is CheckPath for other files. It also removes temporary files that a
// killed process left in the folder more than a day ago.
func CheckWritable(path string) error { return atomicfile.CheckWritable(path) }

// WriteFile makes a file of the bytes that write writes. The file appears whole
// or not at all: the bytes go to a temporary file in the same folder, which is
// synced and renamed over path when write has returned nil. On any failure, and
// if write panics, an existing file stays as it is and nothing is left behind.
//
// A new file has the permissions that os.Create gives; a replaced file keeps its
// own. A symbolic link is followed, so the link stays and its target is
// replaced. Devices, such as /dev/stdout, and files over which the system allows
// no rename, such as a file mounted into a container, are written in place. The
// error of a failed file operation is an ErrWrite; an error of write is returned
// with the path before it.
func WriteFile(path string, write func(io.Writer) error) error {
	return atomicfile.Write(path, write)
}
