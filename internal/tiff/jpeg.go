package tiff

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/jpeg"
	"io"

	"golang.org/x/image/webp"
)

// JPEG markers.
const (
	markerSOI   = 0xd8
	markerEOI   = 0xd9
	markerSOS   = 0xda
	markerAPP0  = 0xe0
	markerAPP14 = 0xee
	markerAPP15 = 0xef
	markerCOM   = 0xfe
)

// findOldJPEG finds the JPEG stream of an old-style JPEG (compression 6). Only whole
// streams are supported: other writers store tables and scans separately, each in its
// own way.
func (f *File) findOldJPEG() error {
	if f.compression != compressionOldJPEG {
		return nil
	}
	offset, size := f.Uint(tagOldJPEGOffset, 0), uint64(len(f.data))
	if offset == 0 {
		return nil // each strip or tile may be a whole stream
	}
	if offset >= size {
		return io.ErrUnexpectedEOF
	}
	// The length may cover only the tables and headers, with the strips after them.
	end := min(size, offset+min(size, f.Uint(tagOldJPEGLength, size)))
	counts := f.uints(tagStripByteCounts, maxParts)
	for i, strip := range f.uints(tagStripOffsets, len(counts)) {
		if strip <= size {
			end = max(end, strip+min(counts[i], size-strip))
		}
	}
	if f.stream = f.data[offset:end]; f.planar || !isWholeJPEG(f.stream) {
		return unsupported("its data is compressed as old-style JPEG (compression 6)")
	}
	return nil
}

// isWholeJPEG reports whether a stream has a frame and a scan.
func isWholeJPEG(stream []byte) bool {
	frame := false
	for marker := range segments(stream) {
		frame = frame || marker >= 0xc0 && marker <= 0xc2
		if marker == markerSOS {
			return frame
		}
	}
	return false
}

// segments yields the segments of a JPEG stream, with their markers, up to the first
// scan. The body of the scan extends to the end of the stream.
func segments(stream []byte) func(yield func(marker byte, segment []byte) bool) {
	return func(yield func(byte, []byte) bool) {
		stream := stream
		if len(stream) < 2 || stream[0] != 0xff || stream[1] != markerSOI {
			return
		}
		for stream = stream[2:]; len(stream) >= 4 && stream[0] == 0xff; {
			marker, n := stream[1], int(binary.BigEndian.Uint16(stream[2:]))
			switch marker {
			case 0xff: // a fill byte
				stream = stream[1:]
				continue
			case markerSOI: // a repeated SOI
				stream = stream[2:]
				continue
			case markerEOI:
				return
			case markerSOS:
				yield(marker, stream)
				return
			}
			if n+2 > len(stream) || !yield(marker, stream[:2+n]) {
				return
			}
			stream = stream[2+n:]
		}
	}
}

// decodeJPEG decodes the JPEG of a strip or tile. It is in abbreviated format: a tag
// holds the tables, and the photometric interpretation defines the components.
// decodeJPEG drops application markers and inserts Adobe's, which tells image/jpeg the
// colour model.
func (f *File) decodeJPEG(in *input, l layout) (image.Image, error) {
	part := in.data // JPEG bytes are never bit-reversed
	if f.stream != nil {
		part = f.stream
	}
	if f.compression == compressionOldJPEG && !isWholeJPEG(part) {
		return nil, unsupported("its data is compressed as old-style JPEG (compression 6)")
	}
	transform := byte(0)
	if f.photometric == photometricYCbCr {
		transform = 1
	}
	stream := []byte{0xff, markerSOI, 0xff, markerAPP14, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, transform}
	for _, s := range [][]byte{f.jpegTables(), part} {
		*in.work += int64(len(s))
		for marker, segment := range segments(s) {
			if marker < markerAPP0 || marker > markerAPP15 && marker != markerCOM {
				stream = append(stream, segment...)
			}
		}
	}
	stream = append(stream, 0xff, markerEOI) // may be missing
	c, err := jpeg.DecodeConfig(bytes.NewReader(stream))
	if err != nil {
		return nil, jpegError(err)
	}
	if err := f.checkPart(c, bytes.Count(stream, []byte{0xff, markerSOS}), l); err != nil {
		return nil, err
	}
	m, err := jpeg.Decode(bytes.NewReader(stream))
	return m, jpegError(err)
}

// jpegTables returns the shared tables of all strips or tiles.
func (f *File) jpegTables() []byte {
	if f.compression == compressionJPEG {
		return f.Bytes(tagJPEGTables)
	}
	return nil
}

// jpegError converts an error of image/jpeg.
func jpegError(err error) error {
	var lacking jpeg.UnsupportedError
	if errors.As(err, &lacking) {
		return unsupported("its JPEG data is of a kind that is not read: %s", string(lacking))
	}
	return err
}

// checkPart checks the size in the header of a JPEG or WebP strip or tile before pixels
// are allocated. Each scan passes over all pixels.
func (f *File) checkPart(c image.Config, scans int, l layout) error {
	const (
		each     = 2 << 20 // pixels of a tile, which may exceed a small picture
		all      = 8 << 20 // pixels of all, times their scans
		maxScans = 32      // a progressive JPEG has about ten, one of CMYK eighteen
	)
	picture, own := int64(f.Width)*int64(f.Height), int64(c.Width)*int64(c.Height)
	f.ownPixels += own * int64(scans)
	if own > 2*picture+each || f.ownPixels > maxScans*picture+all {
		return damaged("%dx%d pixels in %d scans in a strip or tile of %dx%d", c.Width, c.Height, scans, l.width, l.height)
	}
	if c.Width < min(l.width, f.Width) {
		return damaged("%d columns in a strip or tile of %d", c.Width, l.width)
	}
	f.work += own * int64(scans)
	return nil
}

// openJPEG returns the samples of a JPEG strip or tile, colours not converted.
func (f *File) openJPEG(in *input, l layout) (io.Reader, error) {
	m, err := f.decodeJPEG(in, l)
	if err != nil {
		return nil, err
	}
	samples := f.samples
	if f.planar {
		samples = 1
	}
	switch m := m.(type) {
	case *image.Gray:
		if samples == 1 {
			return f.newRows(m.Pix, m.Stride, 1, m.Rect, 1, l), nil
		}
	case *image.RGBA:
		if samples == 3 {
			return f.newRows(m.Pix, m.Stride, 4, m.Rect, 3, l), nil
		}
	case *image.CMYK:
		// With Adobe's marker, image/jpeg takes 255 for no ink.
		for i, v := range m.Pix {
			m.Pix[i] = ^v
		}
		if samples == 4 {
			return f.newRows(m.Pix, m.Stride, 4, m.Rect, 4, l), nil
		}
	}
	return nil, damaged("a JPEG whose components are not the %d samples of a pixel", samples)
}

// openWebP returns the samples of a WebP strip or tile.
func (f *File) openWebP(in *input, l layout) (io.Reader, error) {
	data := in.rest()
	c, err := webp.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if err := f.checkPart(c, 1, l); err != nil {
		return nil, err
	}
	m, err := webp.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	rgba, lossless := m.(*image.NRGBA)
	if !lossless {
		rgba = fromStudioYCbCr(m)
	}
	return f.newRows(rgba.Pix, rgba.Stride, 4, m.Bounds(), f.samples, l), nil
}

// fromStudioYCbCr converts lossy WebP, whose levels are those of ITU-R BT.601: 16 to
// 235 for luma, 16 to 240 for chroma. It interpolates the chroma, which has half the
// width and height, as libwebp does.
func fromStudioYCbCr(m image.Image) *image.NRGBA {
	b := m.Bounds()
	to := image.NewNRGBA(b)
	ycc, _ := m.(*image.YCbCr)
	withAlpha, ok := m.(*image.NYCbCrA)
	if ok {
		ycc = &withAlpha.YCbCr
	}
	convert := yccConverter(bt601, []float64{16, 235, 128, 240, 128, 240})
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			cb, cr := interpolated(ycc, x, y)
			red, green, blue := convert(float64(ycc.Y[ycc.YOffset(x, y)]), cb, cr)
			alpha := byte(0xff)
			if withAlpha != nil {
				alpha = withAlpha.A[withAlpha.AOffset(x, y)]
			}
			copy(to.Pix[to.PixOffset(x, y):], []byte{byte(red >> 8), byte(green >> 8), byte(blue >> 8), alpha})
		}
	}
	return to
}

// interpolated returns the chroma of a pixel of a 4:2:0 image: nine parts of the sample
// of its own block, three of the nearest block beside it, three of the nearest block
// above or below, and one of the block diagonally between them.
func interpolated(m *image.YCbCr, x, y int) (cb, cr float64) {
	besideX := min(max(x+2*(x&1)-1, m.Rect.Min.X), m.Rect.Max.X-1)
	besideY := min(max(y+2*(y&1)-1, m.Rect.Min.Y), m.Rect.Max.Y-1)
	own, beside := m.COffset(x, y), m.COffset(besideX, y)
	across, far := m.COffset(x, besideY), m.COffset(besideX, besideY)
	of := func(plane []byte) float64 {
		return (9*float64(plane[own]) + 3*float64(plane[beside]) + 3*float64(plane[across]) + float64(plane[far])) / 16
	}
	return of(m.Cb), of(m.Cr)
}

// newRows returns the samples of a strip or tile as rows. Pixels are step samples
// apart, and rows stride samples. Columns and rows outside the part or the picture are
// dropped.
func (f *File) newRows(pix []byte, stride, step int, b image.Rectangle, samples int, l layout) io.Reader {
	height := min(b.Dy(), l.height, f.Height)
	rows := make([]byte, l.width*samples*height)
	for y := range height {
		row := rows[y*l.width*samples:]
		for x := range min(b.Dx(), l.width) {
			copy(row[x*samples:][:samples], pix[y*stride+x*step:])
		}
	}
	return bytes.NewReader(rows)
}
