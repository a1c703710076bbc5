package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// orientation says how the stored rows and columns relate to the upright
// picture: TIFF tag 274, which EXIF shares, values 1 to 8.
type orientation int

// upright is the orientation of a picture stored as it is to be seen.
const upright orientation = 1

// place maps a stored pixel (x, y) of a w by h raster to its index
// origin + x*stepX + y*stepY in the upright picture.
type place struct{ origin, stepX, stepY int }

// upend returns the upright picture's size and where the stored pixels go.
func (o orientation) upend(w, h int) (upW, upH int, at place) {
	switch o {
	case 2: // mirrored left to right
		return w, h, place{w - 1, -1, w}
	case 3: // upside down
		return w, h, place{w*h - 1, -1, -w}
	case 4: // mirrored top to bottom
		return w, h, place{w * (h - 1), 1, -w}
	case 5: // mirrored about the main diagonal
		return h, w, place{0, h, 1}
	case 6: // to be turned a quarter clockwise
		return h, w, place{h - 1, h, -1}
	case 7: // mirrored about the other diagonal
		return h, w, place{w*h - 1, -h, -1}
	case 8: // to be turned a quarter anticlockwise
		return h, w, place{h * (w - 1), -h, 1}
	default:
		return w, h, place{0, 1, w}
	}
}

// exifPrefix begins the JPEG segment that holds EXIF.
const exifPrefix = "Exif\x00\x00"

// jpegOrientation finds the EXIF segment before the first scan. Whatever is
// wrong on the way means upright: a picture is more than its metadata.
func jpegOrientation(data []byte) orientation {
	const app1 = 0xe1
	for marker, body := range jpegSegments(data) {
		if exif, ok := bytes.CutPrefix(body, []byte(exifPrefix)); ok && marker == app1 {
			return exifOrientation(exif)
		}
	}
	return upright
}

// pngOrientation finds the eXIf chunk, wherever it is.
func pngOrientation(data []byte) orientation {
	for id, body := range pngChunks(data) {
		if id == "eXIf" {
			return exifOrientation(body)
		}
	}
	return upright
}

func exifOrientation(exif []byte) orientation {
	dir, err := readIFD(exif)
	if err != nil {
		return upright
	}
	return dir.orientation()
}

// Tags and values of TIFF 6.0 that concern this package.
const (
	tagNewSubfileType      = 254
	tagCompression         = 259
	tagPhotometric         = 262
	tagOrientation         = 274
	tagPlanarConfiguration = 284

	reducedResolution = 1 // a bit of NewSubfileType
	faxGroup3         = 3 // of Compression
	faxGroup4         = 4
	blackIsZero       = 1 // of PhotometricInterpretation
	separatePlanes    = 2 // of PlanarConfiguration
)

// ifd is the first image file directory of a TIFF file, or of the TIFF
// structure that EXIF is.
type ifd struct {
	order   binary.ByteOrder
	entries []byte
}

const ifdEntryLen = 12 // tag, type, count, value

var errIFD = errors.New("no TIFF directory")

func readIFD(data []byte) (ifd, error) {
	if len(data) < 8 {
		return ifd{}, io.ErrUnexpectedEOF
	}
	var d ifd
	switch string(data[:4]) {
	case "II*\x00":
		d.order = binary.LittleEndian
	case "MM\x00*":
		d.order = binary.BigEndian
	default:
		return ifd{}, errIFD
	}
	at := uint64(d.order.Uint32(data[4:]))
	if at+2 > uint64(len(data)) {
		return ifd{}, io.ErrUnexpectedEOF
	}
	n := uint64(d.order.Uint16(data[at:])) * ifdEntryLen
	if at+2+n > uint64(len(data)) {
		return ifd{}, io.ErrUnexpectedEOF
	}
	d.entries = data[at+2 : at+2+n]
	return d, nil
}

// value returns the single number stored under a tag, or 0.
func (d ifd) value(tag uint16) uint32 {
	const (
		typeShort = 3
		typeLong  = 4
	)
	for e := d.entries; len(e) >= ifdEntryLen; e = e[ifdEntryLen:] {
		if d.order.Uint16(e) != tag || d.order.Uint32(e[4:]) != 1 {
			continue
		}
		switch d.order.Uint16(e[2:]) {
		case typeShort:
			return uint32(d.order.Uint16(e[8:]))
		case typeLong:
			return d.order.Uint32(e[8:])
		}
	}
	return 0
}

func (d ifd) orientation() orientation {
	return orientation(d.value(tagOrientation))
}
