package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
	"math"
)

// The chunks of PNG that hold metadata, beside that of EXIF.
const (
	pngEXIFID       = "eXIf"
	pngResolutionID = "pHYs"
)

// maxPNGTexts is the largest number of text chunks that are read. A file may have
// millions, each of which takes time to decompress.
const maxPNGTexts = 64

// Lengths in tenths of a millimetre, in whose whole numbers conversions are exact.
const (
	inch  = 254
	metre = 10_000
)

// pngMetadata returns the metadata in a PNG's own chunks, and its EXIF.
func pngMetadata(data []byte) (m Metadata, exif []byte) {
	texts := 0
	for id, body := range pngChunks(data) {
		switch id {
		case pngEXIFID:
			if exif == nil {
				exif = body
			}
		case pngResolutionID:
			if m.Resolution == 0 {
				m.Resolution = pngResolution(body)
			}
		case "tEXt", "zTXt", "iTXt":
			if texts++; texts <= maxPNGTexts {
				m.fill(pngText(id, body))
			}
		}
	}
	return m, exif
}

// pngResolution returns the resolution in a pHYs chunk, 0 where it has none.
func pngResolution(body []byte) float64 {
	const length, perMetre = 9, 1
	if len(body) < length || body[8] != perMetre {
		return 0
	}
	x, y := binary.BigEndian.Uint32(body), binary.BigEndian.Uint32(body[4:])
	ppi := float64(x) * inch / metre
	// Most files use a whole number of pixels per inch, which the chunk cannot
	// represent exactly.
	if whole := math.Round(ppi); math.Round(whole*metre/inch) == float64(x) {
		return square(whole, float64(y)*inch/metre)
	}
	return square(ppi, float64(y)*inch/metre)
}

// pngText returns the text of a chunk.
func pngText(id string, body []byte) (m Metadata) {
	keyword, rest, found := bytes.Cut(body, []byte{0})
	if !found {
		return m
	}
	switch string(keyword) {
	case "Author":
		m.Artist = pngValue(id, rest)
	case "Copyright":
		m.Copyright = pngValue(id, rest)
	case "Creation Time":
		m.Date, _ = parseDate(pngValue(id, rest))
	}
	return m
}

// pngValue returns the text after the keyword and its zero.
func pngValue(id string, rest []byte) string {
	compressed := id == "zTXt"
	switch {
	case compressed && len(rest) > 0:
		rest = rest[1:] // the method, of which there is one
	case id == "iTXt" && len(rest) > 2:
		compressed = rest[0] == 1
		// The language, and the keyword in it.
		_, rest, _ = bytes.Cut(rest[2:], []byte{0})
		_, rest, _ = bytes.Cut(rest, []byte{0})
	}
	if compressed {
		r, err := zlib.NewReader(bytes.NewReader(rest))
		if err != nil {
			return ""
		}
		if rest, err = io.ReadAll(io.LimitReader(r, MaxMetadataText)); err != nil {
			return ""
		}
	}
	return exifText(rest)
}

// pngMetadataChunks returns the chunks of metadata.
func pngMetadataChunks(m Metadata) []byte {
	var chunks []byte
	if m.Resolution > 0 {
		perMetre := uint32(math.Round(m.Resolution * metre / inch))
		body := binary.BigEndian.AppendUint32([]byte(pngResolutionID), perMetre)
		chunks = pngChunk(append(binary.BigEndian.AppendUint32(body, perMetre), 1))
	}
	if exif := m.exif(); exif != nil {
		chunks = append(chunks, pngChunk(append([]byte(pngEXIFID), exif...))...)
	}
	return chunks
}
