package picture

import (
	"bytes"
	"errors"
	"image"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/internal/tiff"
)

// tiffVector returns a file of the tests of package tiff, which compare its pixels.
func tiffVector(name string) string {
	return filepath.Join("..", "internal", "tiff", "testdata", name+".tif")
}

// TestTIFFKinds reads kinds of TIFF that are common in printing and scanning, and keeps
// more than 8 bits where the file has them.
func TestTIFFKinds(t *testing.T) {
	for _, c := range []struct {
		name  string
		r     float32 // of the last pixel, in levels of 8 bits
		alpha bool
		deep  bool
	}{
		{"rgb8-unspecified", 255, false, false},
		{"rgb8-bigtiff", 255, false, false},
		{"rgb8-right-to-left-lzw", 255, false, false},
		{"rgb8-subifd", 255, false, false},
		{"greyalpha8-one-bits", 255, true, false},
		{"rgb16-planar", 255, false, true},
		{"float-32-predicted", 255, false, true},
		{"associated16-plain", 255, true, true},
		{"cmyk-plain", 255 - 6, false, false},      // of black
		{"ycc-2x2", 128 + 60*0.5918, false, false}, // 60 sin(19/30)
		{"ycc-jpeg", 128 + 60*0.5918, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := Open(t.Context(), tiffVector(c.name), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			p := f.Picture
			if p.W != 20 || p.H != 12 || (p.Alpha != nil) != c.alpha || f.Deep != c.deep {
				t.Fatalf("%dx%d pixels, alpha %v, deep %v", p.W, p.H, p.Alpha != nil, f.Deep)
			}
			tolerance := float32(1e-2)
			switch {
			case strings.HasPrefix(c.name, "ycc"):
				tolerance = 3
			case strings.HasPrefix(c.name, "associated"):
				tolerance = 0.02
			}
			if got := p.RGB[p.W*p.H-1]; got < c.r-tolerance || got > c.r+tolerance {
				t.Errorf("red of the last pixel is %g, want %g", got, c.r)
			}
		})
	}
}

// TestTIFFErrors checks the sentences about unreadable TIFFs.
func TestTIFFErrors(t *testing.T) {
	header := []byte("II*\x00\x08\x00\x00\x00")
	for _, c := range []struct {
		name string
		tags []uint16 // tag and SHORT, by turns
		kind error
		says string
	}{
		{"compression", []uint16{256, 1, 257, 1, 259, 34925, 262, 1}, ErrFormat, "this kind of TIFF is not supported (its data is compressed as LZMA): convert it first, for instance with ImageMagick: magick FILE picture.png"},
		{"raw", []uint16{256, 1, 257, 1, 258, 8, 262, 32803}, ErrFormat, "this kind of TIFF is not supported (it is a camera's raw photograph): convert it first, for instance with ImageMagick: magick FILE picture.png"},
		{"size", []uint16{256, 60000, 257, 60000, 258, 8, 262, 1}, ErrTooLarge, "this TIFF is too large (60000x60000 pixels, 3600.0 megapixels, more than the limit of 50): shrink it or raise the limit"},
		{"strips", []uint16{256, 1, 257, 1, 258, 8, 262, 1}, ErrCorrupt, "this TIFF is damaged (0 strips or tiles; expected 1): get another copy"},
		{"end", []uint16{256, 1, 257, 1, 258, 8, 262, 1, 273, 60000}, ErrCorrupt, "this TIFF ends before the picture does: get a complete copy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := append(bytes.Clone(header), byte(len(c.tags)/2), 0)
			for i := 0; i < len(c.tags); i += 2 {
				tag, v := c.tags[i], c.tags[i+1]
				data = append(data, byte(tag), byte(tag>>8), 3, 0, 1, 0, 0, 0, byte(v), byte(v>>8), 0, 0)
			}
			_, err := Decode(t.Context(), bytes.NewReader(append(data, 0, 0, 0, 0)), "a.tif", Limits{})
			if !errors.Is(err, c.kind) || err.Error() != "a.tif: "+c.says {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestOpaqueTIFFHasNoAlpha checks that an opaque TIFF has three samples a pixel,
// because print services refuse a fourth.
func TestOpaqueTIFFHasNoAlpha(t *testing.T) {
	const samplesPerPixel = 277
	p := New(30, 20)
	samples := func() uint64 {
		var b bytes.Buffer
		if err := Encode(&b, p, TIFF, SaveOptions{}); err != nil {
			t.Fatal(err)
		}
		d, err := tiff.ReadDirectory(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		return d.Uint(samplesPerPixel, 0)
	}
	if n := samples(); n != 3 {
		t.Errorf("%d samples in a pixel of an opaque picture", n)
	}
	p.Alpha = make([]float32, p.W*p.H)
	if n := samples(); n != 4 {
		t.Errorf("%d samples in a pixel of a transparent picture", n)
	}
}

// TestTIFFOrientationAndProfile applies the orientation and the profile of the
// full-size picture's tags.
func TestTIFFOrientationAndProfile(t *testing.T) {
	f, err := Open(t.Context(), tiffVector("rgb8-thumbnail-first"), Limits{}) // whose thumbnail is turned
	if err != nil {
		t.Fatal(err)
	}
	if f.Picture.W != 20 {
		t.Errorf("%dx%d pixels", f.Picture.W, f.Picture.H)
	}
	var b bytes.Buffer
	m := image.NewNRGBA(image.Rect(0, 0, 3, 2))
	if err := tiff.Encode(&b, m, tiff.Metadata{ICCProfile: []byte("no profile")}); err != nil {
		t.Fatal(err)
	}
	f, err = Decode(t.Context(), io.Reader(&b), "a.tif", Limits{})
	if err != nil || len(f.Warnings) != 1 {
		t.Errorf("got %+v, %v", f, err)
	}
}
