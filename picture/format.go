package picture

import (
	"bytes"
	"encoding/binary"
	"path/filepath"
	"slices"
	"strings"
)

// Format names a picture file format as people do.
type Format string

// The formats that Decode reads. Encode writes JPEG, PNG, WebP and TIFF.
const (
	JPEG Format = "JPEG"
	PNG  Format = "PNG"
	WebP Format = "WebP"
	GIF  Format = "GIF"
	TIFF Format = "TIFF"
	BMP  Format = "BMP"
)

const (
	readable = "JPEG, PNG, WebP, GIF, TIFF or BMP"
	writable = ".png, .jpg, .jpeg, .webp, .tif or .tiff"
)

// FormatOf returns the format in which a file of that name is saved, judged by
// its extension in any case. The error is an ErrFormat.
func FormatOf(path string) (Format, error) {
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".png":
		return PNG, nil
	case ".jpg", ".jpeg":
		return JPEG, nil
	case ".webp":
		return WebP, nil
	case ".tif", ".tiff":
		return TIFF, nil
	case "":
		return "", fail(ErrFormat, nil, "%s: the name has no extension to choose a format by (expected %s): add one", path, writable)
	default:
		return "", fail(ErrFormat, nil, "%s: pictures are not saved as %q (expected %s): choose one of these", path, ext, writable)
	}
}

// sniffLen is how many leading bytes sniff wants: SVG and HTML may begin with
// a declaration and comments.
const sniffLen = 1024

// signatures of the formats people meet, matched in order. The formats that
// Decode reads carry its constants as names.
var signatures = []struct {
	offset int
	magic  string
	name   Format
}{
	{0, "\xff\xd8\xff", JPEG},
	{0, "\x89PNG\r\n\x1a\n", PNG},
	{0, "GIF87a", GIF},
	{0, "GIF89a", GIF},
	{8, "CR\x02", "a Canon CR2 raw photograph"},
	{0, "II*\x00", TIFF},
	{0, "MM\x00*", TIFF},
	{0, "II+\x00", "BigTIFF"},
	{0, "MM\x00+", "BigTIFF"},
	{0, "8BPS", "a Photoshop PSD"},
	{0, "%PDF-", "PDF"},
	{0, "%!PS", "PostScript"},
	{0, "\xff\x0a", "JPEG XL"},
	{4, "JXL \r\n", "JPEG XL"},
	{4, "jP  \r\n", "JPEG 2000"},
	{0, "\xff\x4f\xff\x51", "JPEG 2000"},
	{0, "gimp xcf", "a GIMP XCF"},
	{0, "\x76\x2f\x31\x01", "OpenEXR"},
	{0, "#?RADIANCE", "Radiance HDR"},
	{0, "qoif", "QOI"},
	{0, "\x00\x00\x01\x00", "an ICO icon"},
	{0, "PK\x03\x04", "a ZIP archive"},
	{0, "\x1f\x8b", "a gzip archive"},
}

// sniff names what a file's first bytes are. It is one of the constants when
// Decode can try, and otherwise a phrase for an error message.
func sniff(head []byte) Format {
	if isBMP(head) {
		return BMP
	}
	if len(head) >= riffHeaderLen && string(head[:4]) == "RIFF" && string(head[8:riffHeaderLen]) == "WEBP" {
		return WebP
	}
	for _, s := range signatures {
		if len(head) >= s.offset && bytes.HasPrefix(head[s.offset:], []byte(s.magic)) {
			return s.name
		}
	}
	if len(head) >= 12 && string(head[4:8]) == "ftyp" {
		return sniffISO(head)
	}
	return sniffText(head)
}

// isBMP asks for a known header length too, as "BM" alone begins many a text.
func isBMP(head []byte) bool {
	if len(head) < 18 || string(head[:2]) != "BM" {
		return false
	}
	known := []uint32{12, 16, 40, 52, 56, 64, 108, 124}
	return slices.Contains(known, binary.LittleEndian.Uint32(head[14:]))
}

// sniffISO tells apart the users of ISO/IEC 14496-12 boxes by their brands.
func sniffISO(head []byte) Format {
	end := min(len(head), int(min(binary.BigEndian.Uint32(head), sniffLen)))
	brands := string(head[8:max(end, 12)])
	switch {
	case strings.Contains(brands, "avif"), strings.Contains(brands, "avis"):
		return "AVIF"
	case strings.Contains(brands, "hei"), strings.Contains(brands, "hev"), strings.Contains(brands, "mif1"):
		return "HEIC"
	case strings.HasPrefix(brands, "crx "):
		return "a Canon CR3 raw photograph"
	default:
		return "a video"
	}
}

func sniffText(head []byte) Format {
	text := strings.ToLower(string(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")))
	switch {
	case strings.HasPrefix(text, "<") && strings.Contains(text, "<svg"):
		return "SVG"
	case strings.HasPrefix(text, "<!doctype html"), strings.HasPrefix(text, "<html"):
		return "HTML: a web page, not the picture on it"
	case strings.IndexFunc(text, func(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\r\n", r) || r == '\uFFFD' }) < 0:
		return "text"
	default:
		return "bytes of no known format"
	}
}
