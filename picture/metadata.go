package picture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// Metadata is the metadata of a picture. The zero value is empty.
//
// It is read from EXIF, from the equivalent fields of JFIF and PNG, and from TIFF tags.
// Damaged metadata is dropped.
type Metadata struct {
	Artist, Copyright string // at most MaxMetadataText bytes of UTF-8

	// Date is when the picture was taken, or else when it was changed. Files hold
	// the time of a clock without its zone: the location says nothing.
	Date time.Time

	// Resolution is the size in print, in pixels per inch.
	Resolution float64

	// Place is where the picture was taken; nil where that is unknown.
	Place *Place
}

// Limits of metadata.
const (
	MaxMetadataText = 4096    // bytes of a text; longer ones are truncated
	maxResolution   = 1 << 16 // pixels per inch, of which JFIF writes no more
)

// empty reports whether there is no metadata.
func (m Metadata) empty() bool {
	return m.Artist == "" && m.Copyright == "" && m.Date.IsZero() && m.Resolution == 0 && m.Place == nil
}

// validate returns an error for metadata that cannot be written.
func (m Metadata) validate() error {
	for _, t := range []struct{ called, text string }{{"artist", m.Artist}, {"copyright", m.Copyright}} {
		if len(t.text) > MaxMetadataText || strings.ContainsRune(t.text, 0) || !utf8.ValidString(t.text) {
			return fmt.Errorf("%s of %d bytes; expected UTF-8 text of at most %d", t.called, len(t.text), MaxMetadataText)
		}
	}
	if year := m.Date.Year(); !m.Date.IsZero() && (year < 1 || year > 9999) {
		return fmt.Errorf("date of the year %d; expected 1 to 9999", year)
	}
	if m.Resolution != 0 && !plausible(m.Resolution) {
		return fmt.Errorf("resolution is %g pixels per inch; expected 1 to %d", m.Resolution, maxResolution-1)
	}
	return nil
}

// plausible reports whether a number can be a resolution.
func plausible(ppi float64) bool { return ppi >= 1 && ppi < maxResolution }

// fill copies the fields that m lacks.
func (m *Metadata) fill(from Metadata) {
	if m.Artist == "" {
		m.Artist = from.Artist
	}
	if m.Copyright == "" {
		m.Copyright = from.Copyright
	}
	if m.Date.IsZero() {
		m.Date = from.Date
	}
	if m.Resolution == 0 {
		m.Resolution = from.Resolution
	}
	if m.Place == nil {
		m.Place = from.Place
	}
}

// readMetadata returns the metadata of a file of any format. exif is the EXIF of a HEIC
// or AVIF.
func readMetadata(data []byte, format Format, exif []byte) Metadata {
	var m Metadata
	switch format {
	case JPEG:
		var jfif Metadata
		for marker, body := range jpegSegments(data) {
			if body, ok := bytes.CutPrefix(body, []byte(exifPrefix)); ok && marker == markerAPP1 && exif == nil {
				exif = body
			}
			if body, ok := bytes.CutPrefix(body, []byte(jfifPrefix)); ok && marker == markerAPP0 && jfif.Resolution == 0 {
				jfif.Resolution = jfifResolution(body)
			}
		}
		m = exifMetadata(exif)
		m.fill(jfif)
	case PNG:
		// The specification prefers the chunks of PNG to those of EXIF, which other
		// programs may not have updated.
		m, exif = pngMetadata(data)
		m.fill(exifMetadata(exif))
	case WebP:
		for id, body := range riffChunks(data[min(len(data), riffHeaderLen):]) {
			if id == webpEXIFID {
				// Some writers keep the prefix that EXIF has in JPEG.
				return exifMetadata(bytes.TrimPrefix(body, []byte(exifPrefix)))
			}
		}
	case TIFF:
		return exifMetadata(data)
	case HEIC, AVIF:
		return exifMetadata(exif)
	}
	return m
}

// jfifPrefix begins the JFIF segment, the first of a JPEG (ITU-T T.871).
const jfifPrefix = "JFIF\x00"

// The units of JFIF's densities.
const (
	jfifInch       = 1
	jfifCentimetre = 2
)

const centimetresPerInch = 2.54

// jfifResolution returns the resolution in the body of a JFIF segment, or 0.
func jfifResolution(body []byte) float64 {
	const fields = 7 // version, unit, two densities
	if len(body) < fields {
		return 0
	}
	x, y := float64(binary.BigEndian.Uint16(body[3:])), float64(binary.BigEndian.Uint16(body[5:]))
	switch body[2] {
	case jfifInch:
		return square(x, y)
	case jfifCentimetre:
		return square(x*centimetresPerInch, y*centimetresPerInch)
	}
	return 0
}

// square returns the resolution of square pixels, up to rounding, and 0 for other
// pixels and for implausible numbers.
func square(x, y float64) float64 {
	const most = 0.01 // of the difference
	if !plausible(x) || !(math.Abs(x-y) <= most*x) {
		return 0
	}
	return x
}

// withMetadata returns an encoded PNG, JPEG or WebP with the profile, the record and
// the metadata of the options.
func withMetadata(file []byte, format Format, p *Picture, opt SaveOptions) []byte {
	if opt.Record == "" && opt.Profile == nil && opt.Metadata.empty() {
		return file
	}
	switch format {
	case PNG:
		var chunks []byte
		if opt.Profile != nil {
			// A name, no other method of compression than the first.
			chunks = pngChunk(append([]byte(pngProfileID+"ICC profile\x00\x00"), deflated(opt.Profile.data)...))
		}
		chunks = append(chunks, pngMetadataChunks(opt.Metadata)...)
		if opt.Record != "" {
			chunks = append(chunks, pngRecord(opt.Record)...)
		}
		return join(file[:pngHeaderEnd], chunks, file[pngHeaderEnd:])
	case JPEG:
		const start = 2 // the start-of-image marker
		return join(file[:start], jpegMetadata(opt.Metadata), jpegProfileSegments(opt.Profile), jpegRecord(opt.Record), file[start:])
	}
	return webpWith(file, p, opt)
}

// jpegMetadata returns the JFIF segment, if there is a resolution, and the EXIF
// segment.
func jpegMetadata(m Metadata) []byte {
	var segments []byte
	add := func(marker byte, body []byte) {
		segments = binary.BigEndian.AppendUint16(append(segments, 0xff, marker), uint16(2+len(body)))
		segments = append(segments, body...)
	}
	if m.Resolution > 0 {
		const major, minor = 1, 2
		density := uint16(min(math.Round(m.Resolution), math.MaxUint16))
		jfif := append([]byte(jfifPrefix), major, minor, jfifInch)
		jfif = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(jfif, density), density)
		add(markerAPP0, append(jfif, 0, 0)) // no thumbnail
	}
	if exif := m.exif(); exif != nil {
		add(markerAPP1, append([]byte(exifPrefix), exif...))
	}
	return segments
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
