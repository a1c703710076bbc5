package tiff

import (
	"bytes"
	"cmp"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"image"
	"io"
	"math"
	"slices"
)

// Metadata describes a picture. A zero field writes no tag, except the resolution,
// which TIFF requires.
type Metadata struct {
	ICCProfile  []byte
	Description string // ImageDescription
	Artist      string
	Copyright   string
	DateTime    string // "2006:01:02 15:04:05", when the picture was last changed

	// DateTimeOriginal is when the picture was taken, in the format of DateTime. It is
	// written to the EXIF directory.
	DateTimeOriginal string
	// GPS are the fields of the GPS directory.
	GPS []Field

	// XResolution and YResolution are pixels per unit, as fractions. TIFF replaces a
	// fraction with a 0 by 72; EXIF omits it.
	XResolution, YResolution [2]uint32
	// ResolutionUnit is 1 for none, 2 for an inch, 3 for a centimetre; 0 becomes 2.
	ResolutionUnit uint16
}

// stripBytes is the smallest size of a strip before compression, except in small
// pictures. Larger strips compress no better.
const stripBytes = 64 << 10

// ErrTooLarge is the error of Encode where 32-bit offsets do not suffice.
var ErrTooLarge = errors.New("the file would be larger than 4 GiB, which is all that TIFF can hold")

// Encode writes m, which must not be empty, as a little-endian TIFF with predictor 2
// and Deflate: RGB if m is opaque, otherwise RGB with unassociated alpha. The samples
// have 16 bits if m is an NRGBA64 and 8 bits if it is an NRGBA; Encode panics for other
// types. The same picture and metadata always give the same bytes.
//
// The error is ErrTooLarge or that of w.
func Encode(w io.Writer, m image.Image, meta Metadata) error {
	var e encoder
	switch m := m.(type) {
	case *image.NRGBA:
		e = encoder{m.Pix, m.Stride, m.Rect.Dx(), m.Rect.Dy(), 1, channels(m.Opaque())}
	case *image.NRGBA64:
		e = encoder{m.Pix, m.Stride, m.Rect.Dx(), m.Rect.Dy(), 2, channels(m.Opaque())}
	default:
		panic("tiff: only NRGBA and NRGBA64 are encoded")
	}
	strips, counts := e.strips()
	fields := e.fields(counts, meta)

	// The order in the file: header, directories, strips.
	file, places := encodeStructure(fields, meta)
	offset := uint64(len(file))
	for i, n := range counts {
		binary.LittleEndian.PutUint32(file[places[tagStripOffsets]+4*i:], uint32(offset))
		offset += uint64(n)
	}
	if offset > math.MaxUint32 {
		return ErrTooLarge
	}
	if _, err := w.Write(file); err != nil {
		return err
	}
	_, err := w.Write(strips)
	return err
}

func channels(opaque bool) int {
	if opaque {
		return 3
	}
	return 4
}

// encoder holds the picture, with four samples for each pixel, of which it writes the
// first channels.
type encoder struct {
	pix           []byte
	stride        int
	width, height int
	bytes         int // of a sample
	channels      int
}

// rowsPerStrip returns the number of rows in stripBytes.
func (e encoder) rowsPerStrip() int {
	return min((stripBytes-1)/(e.width*e.channels*e.bytes)+1, e.height)
}

// strips returns the compressed strips, one after the other, and their lengths.
func (e encoder) strips() (data []byte, counts []uint32) {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	row := make([]byte, e.width*e.channels*e.bytes)
	for y, step := 0, e.rowsPerStrip(); y < e.height; y += step {
		before := b.Len()
		z.Reset(&b)
		for r := range min(step, e.height-y) {
			e.row(row, e.pix[(y+r)*e.stride:])
			must(z.Write(row))
		}
		must(0, z.Close())
		counts = append(counts, uint32(b.Len()-before))
	}
	return b.Bytes(), counts
}

// must panics for an error of writing to memory, which never occurs.
func must(_ int, err error) {
	if err != nil {
		panic(err)
	}
}

// row computes a row: the difference of each sample from that of the pixel before, in
// the byte order of the file. Images of Go store the upper byte first.
func (e encoder) row(to, pix []byte) {
	var left [4]uint16
	for range e.width {
		for c := range e.channels {
			if e.bytes == 1 {
				v := uint16(pix[c])
				to[0] = byte(v - left[c])
				left[c] = v
			} else {
				v := binary.BigEndian.Uint16(pix[2*c:])
				binary.LittleEndian.PutUint16(to, v-left[c])
				left[c] = v
			}
			to = to[e.bytes:]
		}
		pix = pix[4*e.bytes:]
	}
}

// fields returns the fields of the main directory.
func (e encoder) fields(counts []uint32, meta Metadata) []Field {
	for _, r := range []*[2]uint32{&meta.XResolution, &meta.YResolution} {
		if r[0] == 0 || r[1] == 0 {
			*r = [2]uint32{72, 1}
		}
	}
	fields := append(meta.fields(),
		longField(tagImageWidth, uint32(e.width)),
		longField(tagImageLength, uint32(e.height)),
		shortField(tagBitsPerSample, slices.Repeat([]int{8 * e.bytes}, e.channels)...),
		shortField(tagCompression, compressionDeflate),
		shortField(tagPhotometric, photometricRGB),
		longField(tagStripOffsets, make([]uint32, len(counts))...),
		shortField(tagSamplesPerPixel, e.channels),
		longField(tagRowsPerStrip, uint32(e.rowsPerStrip())),
		longField(tagStripByteCounts, counts...),
		shortField(tagPlanarConfig, 1),
		shortField(tagPredictor, 2),
	)
	if e.channels == 4 {
		fields = append(fields, shortField(tagExtraSamples, extraUnassociated))
	}
	return fields
}

// fields returns the fields of the main directory that hold the metadata.
func (meta Metadata) fields() []Field {
	var fields []Field
	for _, text := range []struct {
		tag  uint16
		text string
	}{
		{TagImageDescription, meta.Description}, {TagDateTime, meta.DateTime},
		{TagArtist, meta.Artist}, {TagCopyright, meta.Copyright},
	} {
		if text.text != "" {
			fields = append(fields, asciiField(text.tag, text.text))
		}
	}
	if meta.XResolution[0] != 0 && meta.YResolution[0] != 0 {
		x, y := longField(TagXResolution, meta.XResolution[:]...), longField(TagYResolution, meta.YResolution[:]...)
		x.Kind, y.Kind = typeRational, typeRational
		fields = append(fields, x, y, shortField(TagResolutionUnit, int(cmp.Or(meta.ResolutionUnit, 2))))
	}
	if len(meta.ICCProfile) > 0 {
		fields = append(fields, Field{TagICCProfile, typeUndefined, meta.ICCProfile})
	}
	return fields
}

func shortField(tag uint16, values ...int) Field {
	f := Field{tag, typeShort, nil}
	for _, v := range values {
		f.Value = binary.LittleEndian.AppendUint16(f.Value, uint16(v))
	}
	return f
}

func longField(tag uint16, values ...uint32) Field {
	f := Field{tag, typeLong, nil}
	for _, v := range values {
		f.Value = binary.LittleEndian.AppendUint32(f.Value, v)
	}
	return f
}
