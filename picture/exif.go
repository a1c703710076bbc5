package picture

import (
	"bytes"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pastiche-art/pastiche/internal/tiff"
)

// exifMetadata returns the metadata in EXIF data or in a TIFF.
func exifMetadata(data []byte) Metadata {
	e, err := tiff.ReadEXIF(data)
	if err != nil {
		return Metadata{}
	}
	m := Metadata{
		Artist:     exifText(e.Main.Bytes(tiff.TagArtist)),
		Copyright:  exifText(e.Main.Bytes(tiff.TagCopyright)),
		Resolution: exifResolution(e.Main),
		Place:      newPlace(e.GPS),
	}
	for _, value := range [][]byte{
		e.Photo.Bytes(tiff.TagDateTimeOriginal),
		e.Main.Bytes(tiff.TagDateTimeOriginal), // where TIFF/EP has it
		e.Main.Bytes(tiff.TagDateTime),
	} {
		if date, ok := parseDate(exifText(value)); ok {
			m.Date = date
			break
		}
	}
	return m
}

// exifResolution returns the resolution of a directory, 0 where it has none.
func exifResolution(d tiff.Directory) float64 {
	x, y := d.Floats(tiff.TagXResolution, 1), d.Floats(tiff.TagYResolution, 1)
	if len(x) == 0 {
		return 0
	}
	if len(y) == 0 {
		y = x
	}
	const inches, centimetres = 2, 3
	switch d.Uint(tiff.TagResolutionUnit, inches) {
	case inches:
		return square(x[0], y[0])
	case centimetres:
		return square(x[0]*centimetresPerInch, y[0]*centimetresPerInch)
	}
	return 0
}

// exifText returns an EXIF text. Parts separated by a zero, such as the copyrights of a
// photographer and of an editor, are joined.
func exifText(value []byte) string {
	if len(value) > MaxMetadataText {
		value = []byte(cutText(string(value)))
	}
	var parts []string
	for part := range bytes.SplitSeq(value, []byte{0}) {
		if text := plainText(part); text != "" {
			parts = append(parts, text)
		}
	}
	return cutText(strings.Join(parts, "; "))
}

// plainText returns UTF-8 text; other bytes are read as Latin-1. It removes surrounding
// spaces and control characters.
func plainText(b []byte) string {
	text := string(b)
	if !utf8.Valid(b) {
		runes := make([]rune, len(b))
		for i, c := range b {
			runes[i] = rune(c)
		}
		text = string(runes)
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text))
}

// cutText truncates a text to the largest writable length, between two characters.
func cutText(text string) string {
	if len(text) <= MaxMetadataText {
		return text
	}
	end := MaxMetadataText
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// exifDate is the format of dates in EXIF.
const exifDate = "2006:01:02 15:04:05"

// dateLayouts are the formats of dates in EXIF and PNG files.
var dateLayouts = []string{
	exifDate, "2006:01:02 15:04", "2006:01:02",
	"2006-01-02 15:04:05", time.RFC3339, "2006-01-02T15:04:05", "2006-01-02",
	time.RFC1123, time.RFC1123Z, "2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05 MST", "2 Jan 2006", time.ANSIC,
}

// parseDate returns the local time at the place where the picture was taken.
func parseDate(text string) (time.Time, bool) {
	for _, layout := range dateLayouts {
		t, err := time.Parse(layout, text)
		if err == nil && t.Year() >= 1 {
			t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
			return t, !t.IsZero()
		}
	}
	return time.Time{}, false
}

// tags returns the metadata as TIFF and EXIF tags.
func (m Metadata) tags() tiff.Metadata {
	tags := tiff.Metadata{Artist: m.Artist, Copyright: m.Copyright}
	if !m.Date.IsZero() {
		tags.DateTime = m.Date.Format(exifDate)
		tags.DateTimeOriginal = tags.DateTime
	}
	if m.Resolution > 0 {
		tags.XResolution = fraction(m.Resolution)
		tags.YResolution = tags.XResolution
	}
	if m.Place != nil {
		tags.GPS = m.Place.fields
	}
	return tags
}

// exif returns the metadata as EXIF, or nil where there is none. It contains no
// orientation, thumbnail or camera notes.
func (m Metadata) exif() []byte {
	if m.empty() {
		return nil
	}
	return tiff.EncodeEXIF(m.tags())
}

// fraction returns a resolution as a fraction with a denominator of at most 10,000.
func fraction(v float64) [2]uint32 {
	const parts = 10_000
	if v == math.Trunc(v) {
		return [2]uint32{uint32(v), 1}
	}
	return [2]uint32{uint32(math.Round(v * parts)), parts}
}
