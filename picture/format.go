package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// Format is the name of a picture file format.
type Format string

// The formats that Decode reads. Encode writes JPEG, PNG, WebP and TIFF.
const (
	JPEG Format = "JPEG"
	PNG  Format = "PNG"
	WebP Format = "WebP"
	GIF  Format = "GIF"
	TIFF Format = "TIFF"
	BMP  Format = "BMP"
	HEIC Format = "HEIC"
	AVIF Format = "AVIF"
)

const (
	readable = "JPEG, PNG, WebP, GIF, TIFF, BMP, HEIC or AVIF"
	writable = ".png, .jpg, .jpeg, .webp, .tif or .tiff"
)

// FormatOf returns the format of a file name, by its extension in any case. The error
// is an ErrFormat.
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

// sniffLen is the number of leading bytes that sniff needs: SVG and HTML may begin with
// a declaration and comments.
const sniffLen = 1024

// Unsupported formats, by their names in messages.
const (
	jpegXL    Format = "JPEG XL"
	svg       Format = "SVG"
	pdf       Format = "PDF"
	video     Format = "a video"
	html      Format = "HTML: a web page, not the picture on it"
	lfs       Format = "a Git LFS pointer, not the picture that it stands for"
	zipped    Format = "a ZIP archive"
	gzipped   Format = "a gzip archive"
	text      Format = "text"
	unknown   Format = "bytes of no known format"
	canonCR2  Format = "a Canon CR2 raw photograph"
	canonCRW  Format = "a Canon CRW raw photograph"
	canonCR3  Format = "a Canon CR3 raw photograph"
	fujiRAF   Format = "a Fujifilm RAF raw photograph"
	olympus   Format = "an Olympus ORF raw photograph"
	panasonic Format = "a Panasonic RW2 raw photograph"
	minolta   Format = "a Minolta MRW raw photograph"
	sigma     Format = "a Sigma X3F raw photograph"
	pnm       Format = "a PNM picture of Netpbm"
	tga       Format = "a Targa TGA"
)

// rawPhotographs are the raw formats of cameras.
var rawPhotographs = []Format{canonCR2, canonCRW, canonCR3, fujiRAF, olympus, panasonic, minolta, sigma}

// advice returns what to do with a file in an unsupported format, as the end of an
// error message, such as "unpack it first".
func advice(f Format) string {
	switch f {
	case html:
		return "save the picture itself"
	case lfs:
		return "fetch it: git lfs pull"
	case text, unknown:
		return "name a picture"
	case zipped, gzipped:
		return "unpack it first"
	}
	with := "ImageMagick: magick FILE picture.png"
	switch f {
	case jpegXL:
		with = "libjxl: djxl FILE picture.png"
	case HEIC, AVIF: // an unsupported variant
		with = "libheif: heif-convert FILE picture.png"
	case svg:
		with = "librsvg: rsvg-convert FILE -o picture.png"
	case pdf:
		with = "Poppler: pdftoppm -png -singlefile FILE picture"
	case video:
		with = "FFmpeg: ffmpeg -i FILE -frames:v 1 picture.png"
	}
	if slices.Contains(rawPhotographs, f) {
		with = "darktable: darktable-cli FILE picture.png"
	}
	return "convert it first, for instance with " + with
}

// signatures of common formats, matched in order.
var signatures = []struct {
	offset int
	magic  string
	name   Format
}{
	{0, "\xff\xd8\xff", JPEG},
	{0, "\x89PNG\r\n\x1a\n", PNG},
	{0, "GIF87a", GIF},
	{0, "GIF89a", GIF},
	{8, "CR\x02", canonCR2},
	{6, "HEAPCCDR", canonCRW},
	{0, "II*\x00", TIFF},
	{0, "MM\x00*", TIFF},
	{0, "II+\x00", TIFF}, // of 64 bits
	{0, "MM\x00+", TIFF},
	{0, "II\xbc", "JPEG XR"},
	{0, "IIRO", olympus},
	{0, "IIRS", olympus},
	{0, "MMOR", olympus},
	{0, "IIU\x00", panasonic},
	{0, "FUJIFILMCCD-RAW", fujiRAF},
	{0, "\x00MRM", minolta},
	{0, "FOVb", sigma},
	{0, "8BPS", "a Photoshop PSD"},
	{0, "%PDF-", pdf},
	{0, "%!PS", "PostScript"},
	{0, "\xff\x0a", jpegXL},
	{4, "JXL \r\n", jpegXL},
	{4, "jP  \r\n", "JPEG 2000"},
	{0, "\xff\x4f\xff\x51", "JPEG 2000"},
	{0, "gimp xcf", "a GIMP XCF"},
	{0, "\x76\x2f\x31\x01", "OpenEXR"},
	{0, "#?RADIANCE", "Radiance HDR"},
	{0, "#?RGBE", "Radiance HDR"},
	{0, "qoif", "QOI"},
	{0, "farbfeld", "farbfeld"},
	{0, "DDS ", "a DirectDraw DDS"},
	{0, "BPG\xfb", "BPG"},
	{0, "FLIF", "FLIF"},
	{0, "\x8aMNG\r\n\x1a\n", "MNG"},
	{0, "icns", "an ICNS icon"},
	{0, "\x00\x00\x01\x00", "an ICO icon"},
	{0, "\x00\x00\x02\x00", "a CUR cursor"},
	{0, "\x0a\x05\x01", "PCX"},
	{0, "\x01\xda", "an SGI picture"},
	{0, "SIMPLE  =", "FITS"},
	{128, "DICM", "DICOM"},
	{0, "AT&TFORM", "DjVu"},
	{0, "/* XPM */", "XPM"},
	{0, "\xd7\xcd\xc6\x9a", "WMF"},
	{0, "\x1a\x45\xdf\xa3", video}, // WebM and Matroska
	{8, "AVI LIST", video},
	{0, "PK\x03\x04", zipped},
	{0, "\x1f\x8b", gzipped},
	{0, "version https://git-lfs", lfs},
}

// Sniff returns the format of the file that r reads, by its first bytes. If it is none
// of the constants of this package, it is a phrase for a message, such as "JPEG XL" or
// "a Photoshop PSD". The error is that of r.
func Sniff(r io.Reader) (Format, error) {
	head := make([]byte, sniffLen)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", err
	}
	return sniff(head[:n]), nil
}

// Readable reports whether Decode reads pictures of the format.
func (f Format) Readable() bool {
	_, readable := decoders[f]
	return readable
}

// Picture reports whether files of the format hold a photograph or a drawing, whether
// Decode supports the format or not. Icons, documents and videos do not.
func (f Format) Picture() bool {
	return f.Readable() || slices.Contains(rawPhotographs, f) || slices.Contains(unreadable, f)
}

// unreadable are the other picture formats that sniff recognizes and Decode does not
// support.
var unreadable = []Format{
	jpegXL, "JPEG 2000", "JPEG XR", svg, "OpenEXR", "Radiance HDR", "QOI", "BPG", "FLIF", "farbfeld",
	pnm, tga, "PCX", "an SGI picture", "a DirectDraw DDS", "a Photoshop PSD", "a GIMP XCF",
}

// sniff returns the format of a file with the given first bytes: a constant if Decode
// may read it, and otherwise a phrase for an error message.
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
	switch {
	case len(head) >= 12 && string(head[4:8]) == "ftyp":
		return sniffISO(head)
	case isPNM(head):
		return pnm
	case isTGA(head):
		return tga
	}
	return sniffText(head)
}

// isBMP also requires a known header length, because other files begin with "BM".
func isBMP(head []byte) bool {
	if len(head) < 18 || string(head[:2]) != "BM" {
		return false
	}
	known := []uint32{12, 16, 40, 52, 56, 64, 108, 124}
	return slices.Contains(known, binary.LittleEndian.Uint32(head[14:]))
}

// isPNM also requires a blank after the number, then a digit or a comment, because
// texts may begin with "P1". A PAM (P7) names its fields.
func isPNM(head []byte) bool {
	if len(head) < 4 || head[0] != 'P' || !strings.ContainsRune(" \t\r\n", rune(head[2])) {
		return false
	}
	next := bytes.TrimLeft(head[2:], " \t\r\n")
	switch {
	case head[1] == '7':
		return bytes.HasPrefix(next, []byte("WIDTH")) || bytes.HasPrefix(next, []byte("HEIGHT")) || bytes.HasPrefix(next, []byte("#"))
	case head[1] >= '1' && head[1] <= '6':
		return len(next) > 0 && (next[0] == '#' || next[0] >= '1' && next[0] <= '9')
	}
	return false
}

// isTGA requires a consistent header, because a TGA has no signature at its beginning.
func isTGA(head []byte) bool {
	if len(head) < 18 {
		return false
	}
	var (
		le     = binary.LittleEndian
		colors = head[1]
		kind   = head[2] &^ 8 // without run lengths
		bits   = head[16]
	)
	switch {
	case kind < 1 || kind > 3 || head[2] > 11 || colors > 1 || (kind == 1) != (colors == 1),
		colors == 0 && !bytes.Equal(head[3:8], make([]byte, 5)),
		le.Uint16(head[12:]) == 0 || le.Uint16(head[14:]) == 0,
		head[17]&0xc0 != 0:
		return false
	case kind == 2:
		return bits == 15 || bits == 16 || bits == 24 || bits == 32
	}
	return bits == 8 || bits == 16 && kind == 3
}

// sniffISO distinguishes the formats based on ISO/IEC 14496-12 by their brands.
func sniffISO(head []byte) Format {
	end := min(len(head), int(min(binary.BigEndian.Uint32(head), sniffLen)))
	brands := string(head[8:max(end, 12)])
	switch {
	case strings.Contains(brands, "avif"), strings.Contains(brands, "avis"):
		return AVIF
	case strings.Contains(brands, "hei"), strings.Contains(brands, "hev"), strings.Contains(brands, "mif1"):
		return HEIC
	case strings.HasPrefix(brands, "crx "):
		return canonCR3
	default:
		return video
	}
}

func sniffText(head []byte) Format {
	words := strings.ToLower(string(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")))
	switch {
	case strings.HasPrefix(words, "<") && strings.Contains(words, "<svg"):
		return svg
	case strings.HasPrefix(words, "<!doctype html"), strings.HasPrefix(words, "<html"):
		return html
	case strings.IndexFunc(words, func(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\r\n", r) || r == '\uFFFD' }) < 0:
		return text
	default:
		return unknown
	}
}
