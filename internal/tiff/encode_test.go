package tiff

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"testing"

	xtiff "golang.org/x/image/tiff"
)

// noise returns a picture of random colours, opaque for an even seed.
func noise(w, h int, seed byte) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	fill(m.Pix, seed)
	for i := 3; i < len(m.Pix) && seed%2 == 0; i += 4 {
		m.Pix[i] = 0xff
	}
	return m
}

func noise16(w, h int, seed byte) *image.NRGBA64 {
	m := image.NewNRGBA64(image.Rect(0, 0, w, h))
	fill(m.Pix, seed)
	for i := 6; i < len(m.Pix) && seed%2 == 0; i += 8 {
		m.Pix[i], m.Pix[i+1] = 0xff, 0xff
	}
	return m
}

func fill(pix []byte, seed byte) {
	if _, err := rand.NewChaCha8([32]byte{seed}).Read(pix); err != nil {
		panic(err)
	}
}

// TestEncode reads what was written with this package and with x/image/tiff.
func TestEncode(t *testing.T) {
	for _, c := range []struct {
		m       image.Image
		bits    uint64
		samples uint64
	}{
		{noise(300, 200, 2), 8, 3},
		{noise(300, 200, 3), 8, 4},
		{noise16(300, 200, 4), 16, 3},
		{noise16(300, 200, 5), 16, 4},
		{noise(1, 1, 6), 8, 3},
		{noise(40000, 2, 8), 8, 3},
	} {
		t.Run(fmt.Sprintf("%v of %d bits", c.m.Bounds(), c.bits), func(t *testing.T) {
			var b bytes.Buffer
			if err := Encode(&b, c.m, Metadata{}); err != nil {
				t.Fatal(err)
			}
			f, err := Open(b.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if n := f.Uint(tagSamplesPerPixel, 0); n != c.samples || f.Has(tagExtraSamples) != (n == 4) || f.Uint(tagBitsPerSample, 0) != c.bits {
				t.Errorf("%d samples of %d bits, want %d of %d", n, f.Uint(tagBitsPerSample, 0), c.samples, c.bits)
			}
			own, err := f.Decode(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			other, err := xtiff.Decode(bytes.NewReader(b.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			for y := range f.Height {
				for x := range f.Width {
					want := c.m.At(x, y)
					if own.At(x, y) != want {
						t.Fatalf("(%d, %d) is %v, want %v", x, y, own.At(x, y), want)
					}
					if got := other.At(x, y); !sameColour(got, want) {
						t.Fatalf("(%d, %d) is %v to x/image/tiff, want %v", x, y, got, want)
					}
				}
			}
		})
	}
}

func sameColour(a, b color.Color) bool {
	r, g, bl, al := a.RGBA()
	r2, g2, bl2, al2 := b.RGBA()
	return r == r2 && g == g2 && bl == bl2 && al == al2
}

func TestEncodeMetadata(t *testing.T) {
	meta := Metadata{
		ICCProfile:  bytes.Repeat([]byte("profile"), 100),
		Description: "A description, long enough to stand elsewhere",
		Artist:      "Ann", // which fits into the entry
		Copyright:   "nobody",
		DateTime:    "2026:11:30 14:51:10",
		XResolution: [2]uint32{300, 1}, YResolution: [2]uint32{2997, 10}, ResolutionUnit: 3,
	}
	var b bytes.Buffer
	if err := Encode(&b, noise(30, 20, 1), meta); err != nil {
		t.Fatal(err)
	}
	d, err := ReadDirectory(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for tag, want := range map[uint16]string{
		TagICCProfile: string(meta.ICCProfile), TagImageDescription: meta.Description + "\x00", TagArtist: "Ann\x00",
		TagCopyright: "nobody\x00", TagDateTime: meta.DateTime + "\x00",
	} {
		if got := d.Bytes(tag); string(got) != want {
			t.Errorf("tag %d is %q, want %q", tag, got, want)
		}
	}
	if x, y := d.Floats(TagXResolution, 1), d.Floats(TagYResolution, 1); len(x) != 1 || x[0] != 300 || len(y) != 1 || y[0] != 299.7 || d.Uint(TagResolutionUnit, 0) != 3 {
		t.Errorf("resolution %v by %v, unit %d", x, y, d.Uint(TagResolutionUnit, 0))
	}

	b.Reset()
	if err := Encode(&b, noise(30, 20, 1), Metadata{}); err != nil {
		t.Fatal(err)
	}
	if d, err = ReadDirectory(b.Bytes()); err != nil || d.Has(TagArtist) || d.Has(TagICCProfile) || d.Floats(TagXResolution, 1)[0] != 72 {
		t.Errorf("without metadata: %v, %v", d, err)
	}
}

func TestEncodeReportsTheWriter(t *testing.T) {
	want := errors.New("full")
	for room := range 2 {
		if err := Encode(&failing{room, want}, noise(30, 20, 1), Metadata{}); !errors.Is(err, want) {
			t.Errorf("after %d writes: got %v", room, err)
		}
	}
}

// failing fails after some writes.
type failing struct {
	room int
	err  error
}

func (f *failing) Write(p []byte) (int, error) {
	if f.room--; f.room < 0 {
		return 0, f.err
	}
	return len(p), nil
}
