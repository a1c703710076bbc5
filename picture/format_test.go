package picture

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

func TestUnreadableFilesAreNamed(t *testing.T) {
	tests := []struct {
		file, content string
		found, do     string
	}{
		{"clip.jpg", "\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isommp42", "a video", "ffmpeg -i FILE"},
		{"clip.webm", "\x1a\x45\xdf\xa3\x9fB\x86\x81", "a video", "ffmpeg -i FILE"},
		{"clip.avi", "RIFF\x00\x10\x00\x00AVI LIST", "a video", "ffmpeg -i FILE"},
		{"photo.cr3", "\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01crx isom", "a Canon CR3 raw photograph", "darktable-cli FILE"},
		{"photo.cr2", "II*\x00\x10\x00\x00\x00CR\x02\x00", "a Canon CR2 raw photograph", "darktable-cli FILE"},
		{"photo.raf", "FUJIFILMCCD-RAW 0201", "a Fujifilm RAF raw photograph", "darktable-cli FILE"},
		{"photo.orf", "IIRO\x08\x00\x00\x00", "an Olympus ORF raw photograph", "darktable-cli FILE"},
		{"photo.rw2", "IIU\x00\x08\x00\x00\x00", "a Panasonic RW2 raw photograph", "darktable-cli FILE"},
		{"logo.svg", "<?xml version=\"1.0\"?>\n<!-- a comment -->\n<svg xmlns=", "SVG", "rsvg-convert FILE"},
		{"page.jpg", "\xef\xbb\xbf\n<!DOCTYPE html><title>Not found</title>", "HTML", "save the picture itself"},
		{"scan.pdf", "%PDF-1.7\n", "PDF", "pdftoppm -png"},
		{"art.psd", "8BPS\x00\x01", "a Photoshop PSD", "magick FILE picture.png"},
		{"photo.jxl", "\xff\x0a\x00", "JPEG XL", "djxl FILE"},
		{"photo.jxr", "II\xbc\x01", "JPEG XR", "magick FILE picture.png"},
		{"sky.hdr", "#?RGBE\nFORMAT=32-bit_rle_rgbe\n", "Radiance HDR", "magick FILE picture.png"},
		{"a.ppm", "P6\n# a comment\n3 2 255\n", "a PNM picture", "magick FILE picture.png"},
		{"a.pgm", "P5 3 2 255 ", "a PNM picture", "magick FILE picture.png"},
		{"a.pam", "P7\nWIDTH 3\n", "a PNM picture", "magick FILE picture.png"},
		{"a.tga", "\x00\x00\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10\x00\x10\x00\x18\x20", "a Targa TGA", "magick FILE picture.png"},
		{"a.tga", "\x04\x01\x01\x00\x00\x00\x01\x18\x00\x00\x00\x00\x10\x00\x10\x00\x08\x00name", "a Targa TGA", "magick FILE picture.png"},
		{"a.ff", "farbfeld\x00\x00\x00\x01", "farbfeld", "magick FILE picture.png"},
		{"a.dds", "DDS |\x00\x00\x00", "a DirectDraw DDS", "magick FILE picture.png"},
		{"a.ico", "\x00\x00\x01\x00\x01\x00", "an ICO icon", "magick FILE picture.png"},
		{"photos.zip", "PK\x03\x04", "a ZIP archive", "unpack it first"},
		{"photo.png", "version https://git-lfs.github.com/spec/v1\noid sha256:0", "a Git LFS pointer", "git lfs pull"},
		{"notes.png", "BM is how a bitmap begins", "text", "name a picture"},
		{"notes.ppm", "P6 is how a pixmap begins", "text", "name a picture"},
		{"random.png", "\x01\x02\x03\x04", "bytes of no known format", "name a picture"},
		{"zeros.png", strings.Repeat("\x00", 100), "bytes of no known format", "name a picture"},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			_, err := Decode(t.Context(), strings.NewReader(tt.content), tt.file, Limits{})
			if !errors.Is(err, ErrFormat) {
				t.Fatalf("error %v, want ErrFormat", err)
			}
			for _, want := range []string{tt.file + ": ", "found " + tt.found, "expected JPEG, PNG", tt.do} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.png")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const fixture = "testdata/png-rgb.png" // 19x13
	tests := []struct {
		name, path string
		lim        Limits
		want       error
		says       string
	}{
		{"absent", filepath.Join(dir, "absent.png"), Limits{}, fs.ErrNotExist, "cannot be read"},
		{"directory", dir, Limits{}, ErrFormat, "found a directory"},
		{"empty", empty, Limits{}, ErrCorrupt, "empty"},
		{"too many pixels", fixture, Limits{MaxPixels: 19*13 - 1}, ErrTooLarge, "19x13"},
		{"too many bytes", fixture, Limits{MaxBytes: 40}, ErrTooLarge, "larger than the limit"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Open(t.Context(), tt.path, tt.lim)
			if !errors.Is(err, tt.want) {
				t.Fatalf("error %v, want %v", err, tt.want)
			}
			if text := err.Error(); !strings.Contains(text, tt.says) || strings.Count(text, tt.path) != 1 {
				t.Errorf("error %q should say %q and the path once", text, tt.says)
			}
		})
	}
	if _, err := Open(t.Context(), fixture, Limits{MaxPixels: 19 * 13}); err != nil {
		t.Errorf("a picture at the limit: %v", err)
	}
}

func TestDecodeBoundsTheReader(t *testing.T) {
	data, err := os.ReadFile("testdata/png-rgb.png")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(t.Context(), bytes.NewReader(data), "stream", Limits{MaxBytes: int64(len(data)) - 1}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("error %v, want ErrTooLarge", err)
	}
	if _, err := Decode(t.Context(), bytes.NewReader(data), "stream", Limits{MaxBytes: int64(len(data))}); err != nil {
		t.Errorf("a file at the limit: %v", err)
	}
}

func TestFormatOf(t *testing.T) {
	for path, want := range map[string]Format{
		"a.png": PNG, "a.PNG": PNG, "a.b.jpg": JPEG, "x/a.jpeg": JPEG, "a.webp": WebP, "a.tif": TIFF, "a.tiff": TIFF,
		"a": "", "png": "", "a.gif": "", "a.bmp": "", "dir.png/a": "",
	} {
		got, err := FormatOf(path)
		if got != want || (want == "") != errors.Is(err, ErrFormat) {
			t.Errorf("FormatOf(%q) = %q, %v; want %q", path, got, err, want)
		}
	}
}

func TestSniff(t *testing.T) {
	tests := []struct {
		head              string
		want              Format
		readable, picture bool
	}{
		{"\xff\xd8\xff\xe0", JPEG, true, true},
		{"BM", "text", false, false},
		{"", "text", false, false},
		{"8BPS\x00\x01", "a Photoshop PSD", false, true},
		{"\xff\x0a\x00", "JPEG XL", false, true},
		{"II+\x00\x08\x00", TIFF, true, true},
		{"FUJIFILMCCD-RAW 0201", "a Fujifilm RAF raw photograph", false, true},
		{"IIRS\x08\x00", "an Olympus ORF raw photograph", false, true},
		{"IIU\x00\x18\x00", "a Panasonic RW2 raw photograph", false, true},
		{"FOVb\x00\x00", "a Sigma X3F raw photograph", false, true},
		{"\x00MRM\x00", "a Minolta MRW raw photograph", false, true},
		{"II\x1a\x00\x00\x00HEAPCCDR", "a Canon CRW raw photograph", false, true},
		{"%PDF-1.7\n", "PDF", false, false},
		{"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isommp42", "a video", false, false},
		{"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        ", "bytes of no known format", false, false},
	}
	for _, tt := range tests {
		got, err := Sniff(strings.NewReader(tt.head))
		if err != nil || got != tt.want || got.Readable() != tt.readable || got.Picture() != tt.picture {
			t.Errorf("%q: %q, readable %v, picture %v, error %v", tt.head, got, got.Readable(), got.Picture(), err)
		}
	}
	broken := errors.New("broken")
	if _, err := Sniff(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("error %v, want the reader's", err)
	}
}
