package weights

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
)

const (
	zipLocal = "PK\x03\x04" // begins an entry, and with it an archive
	zipEnd   = "PK\x05\x06" // begins an archive without entries

	zipEncrypted = 1 << 0 // a flag of an entry

	// maxZipDirectory is the largest number of bytes that archive/zip may read to list
	// an archive, because it creates an object of about ten times the size for each
	// entry. An entry takes some 100 bytes, and a network with its optimizer has a few
	// hundred entries.
	maxZipDirectory = 1 << 20
)

// A zipFile is an archive with the list of its entries.
type zipFile struct {
	*zip.Reader
	r    io.ReaderAt
	size int64
}

func isZip(begin []byte) bool {
	return bytes.HasPrefix(begin, []byte(zipLocal)) || bytes.HasPrefix(begin, []byte(zipEnd))
}

// openZip lists the entries of the archive in the size bytes of r.
func openZip(r io.ReaderAt, size int64) (*zipFile, error) {
	bounded := &directoryReader{r, size, maxZipDirectory}
	z, err := zip.NewReader(bounded, size)
	// Names of entries are never used as paths, so that all are safe.
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, zipError(err, "the directory at the end of the zip archive")
	}
	// The directory has been read. Entries have limits of their own.
	bounded.left = math.MaxInt64
	return &zipFile{z, r, size}, nil
}

// A directoryReader passes at most left bytes of the file to archive/zip. Reading more,
// or beyond the end, is an error: the archive is damaged.
type directoryReader struct {
	io.ReaderAt
	size, left int64
}

func (d *directoryReader) ReadAt(p []byte, offset int64) (int, error) {
	if offset < 0 || offset > d.size {
		return 0, zip.ErrFormat
	}
	if d.left -= int64(len(p)); d.left < 0 {
		return 0, fmt.Errorf("%w: the directory of the zip archive has more than %d bytes", ErrMalformed, maxZipDirectory)
	}
	n := int(min(int64(len(p)), d.size-offset))
	if err := readAt(d.ReaderAt, p[:n], offset); err != nil {
		return 0, err
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// zipError converts an error of archive/zip while it reads what. It distinguishes
// errors in the archive from errors of the file system.
func zipError(err error, what string) error {
	if errors.Is(err, zip.ErrFormat) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %s is missing or damaged: the file may be cut short", ErrMalformed, what)
	}
	return err
}

// data returns the position of the bytes of an entry, after checking that they are
// within the file.
func (z *zipFile) data(e *zip.File) (int64, error) {
	bad := func(text string, args ...any) (int64, error) {
		return 0, fmt.Errorf("%w: the zip entry %s %s", ErrMalformed, quote([]byte(e.Name)), fmt.Sprintf(text, args...))
	}
	switch {
	case e.Flags&zipEncrypted != 0:
		return bad("is encrypted")
	case e.Method != zip.Store && e.Method != zip.Deflate:
		return bad("is packed by method %d, expected stored or deflated", e.Method)
	case e.Method == zip.Store && e.CompressedSize64 != e.UncompressedSize64:
		return bad("has %d bytes, but %d are stored", e.UncompressedSize64, e.CompressedSize64)
	}
	start, err := e.DataOffset()
	if err != nil {
		return 0, zipError(err, "the header of the zip entry "+quote([]byte(e.Name)))
	}
	if start > z.size || e.CompressedSize64 > uint64(z.size-start) {
		return bad("has %d bytes from byte %d on, but the file has %d: it is cut short", e.CompressedSize64, start, z.size)
	}
	return start, nil
}
