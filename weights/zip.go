package weights

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
)

// The zip format (PKWARE, APPNOTE.TXT 6.3): files, each behind a local header;
// then the directory, which has all headers again; then where to find it.
// archive/zip makes an object of every entry before one is asked for; this
// walks the directory and keeps nothing.
const (
	zipLocal     = "PK\x03\x04"
	zipDirectory = "PK\x01\x02"
	zipEnd       = "PK\x05\x06"
	zip64End     = "PK\x06\x06"
	zip64Locator = "PK\x06\x07"

	zipLocalLength     = 30
	zipDirectoryLength = 46
	zipEndLength       = 22
	zip64EndLength     = 56
	zip64LocatorLength = 20

	zipStored   = 0
	zipDeflated = 8

	zipEncrypted = 1 << 0 // a flag
	zip64Extra   = 1      // the extra field with what 32 bits cannot hold
)

// A zipFile is an archive.
type zipFile struct {
	r                io.ReaderAt
	directory, bytes int64 // where the directory is, and its length
}

// A zipEntry is what the directory says of a file.
type zipEntry struct {
	name         []byte // valid until the next entry
	flags        uint16
	method       uint16
	crc          uint32
	packed, size int64
	header       int64 // where the local header is
}

func isZip(begin []byte) bool {
	return bytes.HasPrefix(begin, []byte(zipLocal)) || bytes.HasPrefix(begin, []byte(zipEnd))
}

func openZip(r io.ReaderAt, size int64) (*zipFile, error) {
	tail := make([]byte, min(size, zipEndLength+math.MaxUint16))
	if err := readAt(r, tail, size-int64(len(tail))); err != nil {
		return nil, err
	}
	// The archive's comment, up to 65535 bytes, may follow the end record.
	at := bytes.LastIndex(tail, []byte(zipEnd))
	if at < 0 || len(tail)-at < zipEndLength {
		return nil, fmt.Errorf("%w: the zip archive has no directory at its end: the file is cut short", ErrMalformed)
	}
	end := tail[at:]
	z := &zipFile{r: r}
	z.bytes = int64(binary.LittleEndian.Uint32(end[12:]))
	z.directory = int64(binary.LittleEndian.Uint32(end[16:]))
	before := size - int64(len(end))
	var locator [zip64LocatorLength]byte
	if before >= int64(len(locator)) {
		if err := readAt(r, locator[:], before-int64(len(locator))); err != nil {
			return nil, err
		}
		if string(locator[:4]) == zip64Locator {
			if err := z.readEnd64(binary.LittleEndian.Uint64(locator[8:]), size); err != nil {
				return nil, err
			}
		}
	}
	if z.directory < 0 || z.bytes < 0 || z.directory > before || z.bytes > before-z.directory {
		return nil, fmt.Errorf("%w: the zip directory is said to be %d bytes from byte %d on, but the file has %d: it is cut short",
			ErrMalformed, z.bytes, z.directory, size)
	}
	return z, nil
}

// readEnd64 reads the end record for large archives.
func (z *zipFile) readEnd64(at uint64, size int64) error {
	var end [zip64EndLength]byte
	if at > math.MaxInt64 || int64(at) > size-int64(len(end)) {
		return fmt.Errorf("%w: the zip64 end record is said to be at byte %d, but the file has %d", ErrMalformed, at, size)
	}
	if err := readAt(z.r, end[:], int64(at)); err != nil {
		return err
	}
	if string(end[:4]) != zip64End {
		return fmt.Errorf("%w: at byte %d: found % x, expected a zip64 end record", ErrMalformed, at, end[:4])
	}
	z.bytes = int64(binary.LittleEndian.Uint64(end[40:]))
	z.directory = int64(binary.LittleEndian.Uint64(end[48:]))
	return nil
}

// walk calls visit with each entry of the directory, until one returns an error.
func (z *zipFile) walk(visit func(e *zipEntry) error) error {
	r := bufio.NewReader(io.NewSectionReader(z.r, z.directory, z.bytes))
	var (
		head  [zipDirectoryLength]byte
		names []byte
		e     zipEntry
	)
	for left := z.bytes; left > 0; {
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return readError(err)
		}
		if string(head[:4]) != zipDirectory {
			return fmt.Errorf("%w: at byte %d of the zip directory: found % x, expected an entry", ErrMalformed, z.bytes-left, head[:4])
		}
		name := int(binary.LittleEndian.Uint16(head[28:]))
		extra := int(binary.LittleEndian.Uint16(head[30:]))
		comment := int(binary.LittleEndian.Uint16(head[32:]))
		names = slices.Grow(names[:0], name+extra)[:name+extra]
		if _, err := io.ReadFull(r, names); err != nil {
			return readError(err)
		}
		if _, err := r.Discard(comment); err != nil {
			return readError(err)
		}
		left -= int64(len(head) + name + extra + comment)
		e = zipEntry{
			name:   names[:name],
			flags:  binary.LittleEndian.Uint16(head[8:]),
			method: binary.LittleEndian.Uint16(head[10:]),
			crc:    binary.LittleEndian.Uint32(head[16:]),
			packed: int64(binary.LittleEndian.Uint32(head[20:])),
			size:   int64(binary.LittleEndian.Uint32(head[24:])),
			header: int64(binary.LittleEndian.Uint32(head[42:])),
		}
		e.extend(names[name:])
		if err := visit(&e); err != nil {
			return err
		}
	}
	return nil
}

// extend takes from the extra field what 32 bits cannot hold.
func (e *zipEntry) extend(extra []byte) {
	for len(extra) >= 4 {
		id, length := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		extra = extra[4:]
		if length > len(extra) {
			return
		}
		if field := extra[:length]; id == zip64Extra {
			for _, v := range []*int64{&e.size, &e.packed, &e.header} {
				if *v == math.MaxUint32 && len(field) >= 8 {
					*v = int64(binary.LittleEndian.Uint64(field))
					field = field[8:]
				}
			}
		}
		extra = extra[length:]
	}
}

// data returns where the bytes of an entry begin, once they are known to lie
// before the directory.
func (z *zipFile) data(e *zipEntry) (int64, error) {
	bad := func(text string, args ...any) (int64, error) {
		return 0, fmt.Errorf("%w: the zip entry %s %s", ErrMalformed, quote(e.name), fmt.Sprintf(text, args...))
	}
	switch {
	case e.flags&zipEncrypted != 0:
		return bad("is encrypted")
	case e.method != zipStored && e.method != zipDeflated:
		return bad("is packed by method %d, expected stored or deflated", e.method)
	case e.method == zipStored && e.packed != e.size:
		return bad("has %d bytes, but %d are stored", e.size, e.packed)
	case e.size < 0 || e.packed < 0 || e.header < 0 || e.header > z.directory-zipLocalLength:
		return bad("begins outside the file")
	}
	var head [zipLocalLength]byte
	if err := readAt(z.r, head[:], e.header); err != nil {
		return 0, err
	}
	if string(head[:4]) != zipLocal {
		return bad("is said to be at byte %d, but there is none", e.header)
	}
	start := e.header + zipLocalLength +
		int64(binary.LittleEndian.Uint16(head[26:])) + int64(binary.LittleEndian.Uint16(head[28:]))
	if start > z.directory || e.packed > z.directory-start {
		return bad("has %d bytes from byte %d on, more than come before the directory: the file is cut short", e.packed, start)
	}
	return start, nil
}
