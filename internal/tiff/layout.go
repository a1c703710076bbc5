package tiff

import (
	"io"
	"slices"
)

// layout locates the pixels in the file. They are divided into parts, which are strips
// or tiles, row by row from the top left, and plane by plane.
type layout struct {
	width, height int // of a part, in pixels
	across, down  int // number of parts of a plane
	parts         []part
}

// part is the location of a strip or tile in the file.
type part struct{ offset, length uint64 }

const (
	// maxParts limits the number of decoders. It suffices for strips of one row in the
	// tallest picture that JPEG allows, in four planes, and for tiles of 16x16 in 67
	// megapixels.
	maxParts = 1 << 18

	// paddingAllowance is how many bytes tiles may extend beyond a small picture. Those
	// of a larger picture may take up to four times its bytes.
	paddingAllowance = 32 << 20
)

// layout reads the tags of strips or tiles. It limits what the decoder reads and writes
// by the length of the file and the size of the picture.
func (f *File) layout() (layout, error) {
	l := layout{width: f.Width, height: f.Height}
	if f.stream != nil {
		l.across, l.down = 1, 1
		return l, nil
	}
	offsets, counts := uint16(tagStripOffsets), uint16(tagStripByteCounts)
	if f.Has(tagTileWidth) {
		w, h := f.Uint(tagTileWidth, 0), f.Uint(tagTileLength, 0)
		if const32 := uint64(1<<31 - 1); w == 0 || h == 0 || w > const32 || h > const32 {
			return l, damaged("tiles of %dx%d pixels", w, h)
		}
		l.width, l.height = int(w), int(h)
		if f.Has(tagTileOffsets) { // some writers use the tags of strips
			offsets, counts = tagTileOffsets, tagTileByteCounts
		}
	} else if rows := f.Uint(tagRowsPerStrip, 0); rows > 0 {
		l.height = int(min(rows, uint64(f.Height)))
	}
	l.across, l.down = (f.Width-1)/l.width+1, (f.Height-1)/l.height+1
	n := l.across * l.down
	if f.planar {
		n *= f.colours + min(f.alpha, 1)
	}
	if l.across > maxParts || l.down > maxParts || n > maxParts {
		return l, damaged("%d strips or tiles", n)
	}
	if f.planar && f.alpha > 0 {
		n = l.across * l.down * (f.alpha + 1) // planes in between are not read
	}
	size := f.pictureBytes(f.Width, f.Height)
	if stored := f.pictureBytes(l.across*l.width, f.Height); stored > 4*size+paddingAllowance {
		return l, damaged("tiles of %dx%d pixels for a picture of %dx%d", l.width, l.height, f.Width, f.Height)
	}
	var err error
	l.parts, err = f.parts(offsets, counts, n)
	if err != nil {
		return l, err
	}
	if f.compression == compressionNone {
		return l, nil // the work is limited by the size of the picture
	}
	// Parts may share their data if they decode to more bytes than they take. Otherwise
	// a small file could be read over and over. The tables of JPEG, less than 1 KiB,
	// are read for each part.
	const tables = 1 << 10
	allowed := uint64(len(f.data)) + size
	for _, p := range l.parts {
		length := p.length + max(tables, uint64(len(f.jpegTables()))) - tables
		if length > allowed {
			return l, damaged("its strips or tiles overlap")
		}
		allowed -= length
	}
	return l, nil
}

// pictureBytes returns the bytes of the samples of w by h pixels.
func (f *File) pictureBytes(w, h int) uint64 {
	return (uint64(w)*uint64(f.samples*f.bits) + 7) / 8 * uint64(h)
}

// parts returns the first n strips or tiles, clamped to the file.
func (f *File) parts(offsetTag, countTag uint16, n int) ([]part, error) {
	offsets, counts := f.uints(offsetTag, n), f.uints(countTag, n)
	if len(offsets) < n {
		return nil, damaged("%d strips or tiles; expected %d", len(offsets), n)
	}
	if f.fields[countTag].cut && f.compression != compressionNone {
		return nil, io.ErrUnexpectedEOF
	}
	size := uint64(len(f.data))
	parts := make([]part, n)
	for i, offset := range offsets {
		switch {
		case offset == 0: // offset 0 is the header: the part was not written
			return nil, damaged("an empty strip or tile")
		case offset >= size:
			return nil, io.ErrUnexpectedEOF
		}
		parts[i] = part{offset, size - offset}
	}
	switch {
	case f.compression == compressionNone && !plausible(counts, n):
		// The length follows from the size of the picture.
	case len(counts) < n, !slices.ContainsFunc(counts, func(c uint64) bool { return c > 0 }):
		// A part without a byte count ends where the next part begins.
		ends := append(slices.Sorted(slices.Values(offsets)), size)
		for i, p := range parts {
			next, _ := slices.BinarySearch(ends, p.offset+1)
			parts[i].length = ends[next] - p.offset
		}
	default:
		for i := range parts {
			parts[i].length = min(parts[i].length, counts[i])
		}
	}
	return parts, nil
}

// plausible reports whether the byte counts of uncompressed data are credible. Many
// writers stored wrong ones; libtiff checks them in the same way.
func plausible(counts []uint64, n int) bool {
	return len(counts) >= n && n > 1 && counts[0] > 0 && (n == 2 || counts[0] == counts[1])
}
