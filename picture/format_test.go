package picture

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestUnreadableFilesAreNamed(t *testing.T) {
	tests := []struct {
		file, content string
		found         string
	}{
		{"photo.heic", "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "HEIC"},
		{"photo.avif", "\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00avifmif1miaf", "AVIF"},
		{"clip.jpg", "\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isommp42", "a video"},
		{"photo.cr3", "\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01crx isom", "a Canon CR3 raw photograph"},
		{"photo.cr2", "II*\x00\x10\x00\x00\x00CR\x02\x00", "a Canon CR2 raw photograph"},
		{"logo.svg", "<?xml version=\"1.0\"?>\n<!-- a comment -->\n<svg xmlns=", "SVG"},
		{"page.jpg", "\xef\xbb\xbf\n<!DOCTYPE html><title>Not found</title>", "HTML"},
		{"scan.pdf", "%PDF-1.7\n", "PDF"},
		{"art.psd", "8BPS\x00\x01", "a Photoshop PSD"},
		{"big.tif", "II+\x00\x08\x00\x00\x00", "BigTIFF"},
		{"photo.jxl", "\xff\x0a\x00", "JPEG XL"},
		{"notes.png", "BM is how a bitmap begins", "text"},
		{"random.png", "\x01\x02\x03\x04", "bytes of no known format"},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			_, err := Decode(strings.NewReader(tt.content), tt.file, Limits{})
			if !errors.Is(err, ErrFormat) {
				t.Fatalf("error %v, want ErrFormat", err)
			}
			for _, want := range []string{tt.file + ": ", "found " + tt.found, "expected JPEG, PNG"} {
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
			_, err := Open(tt.path, tt.lim)
			if !errors.Is(err, tt.want) {
				t.Fatalf("error %v, want %v", err, tt.want)
			}
			if text := err.Error(); !strings.Contains(text, tt.says) || strings.Count(text, tt.path) != 1 {
				t.Errorf("error %q should say %q and the path once", text, tt.says)
			}
		})
	}
	if _, err := Open(fixture, Limits{MaxPixels: 19 * 13}); err != nil {
		t.Errorf("a picture at the limit: %v", err)
	}
}

func TestDecodeBoundsTheReader(t *testing.T) {
	data, err := os.ReadFile("testdata/png-rgb.png")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(bytes.NewReader(data), "stream", Limits{MaxBytes: int64(len(data)) - 1}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("error %v, want ErrTooLarge", err)
	}
	if _, err := Decode(bytes.NewReader(data), "stream", Limits{MaxBytes: int64(len(data))}); err != nil {
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
