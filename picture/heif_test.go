package picture

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHEIF compares pictures that libheif's encoder made of a PNG with that PNG, up to
// compression.
func TestHEIF(t *testing.T) {
	for _, test := range []struct {
		file, source string
		mean         float64 // levels
		warnings     int
	}{
		{"plain.heic", "plain.png", 1.5, 0},
		{"444.heic", "plain.png", 1, 0},
		{"studio709.heic", "plain.png", 1.5, 0},
		{"grey.heic", "grey.png", 0.5, 0},
		{"alpha.heic", "alpha.png", 1.5, 1},
		{"plain.avif", "plain.png", 2.5, 0},
		{"444.avif", "plain.png", 1.5, 0},
		{"deep.avif", "plain.png", 2.5, 0},
		{"grey.avif", "grey.png", 0.5, 0},
		{"alpha.avif", "alpha.png", 2.5, 0},
	} {
		t.Run(test.file, func(t *testing.T) {
			f, err := Open(t.Context(), filepath.Join("testdata", "heif", test.file), Limits{Untrusted: test.file == "plain.avif"})
			if err != nil {
				t.Fatal(err)
			}
			if len(f.Warnings) != test.warnings {
				t.Errorf("warnings %q", f.Warnings)
			}
			want, err := srgb(Open(t.Context(), filepath.Join("testdata", "heif", test.source), Limits{}))
			if err != nil {
				t.Fatal(err)
			}
			got := f.SRGB()
			if got.W != want.W || got.H != want.H {
				t.Fatalf("%d x %d, want %d x %d", got.W, got.H, want.W, want.H)
			}
			if (got.Alpha != nil) != (want.Alpha != nil && test.warnings == 0) {
				t.Errorf("opacity %v, want %v", got.Alpha != nil, want.Alpha != nil)
			}
			var sum float64
			var n int
			for i, v := range got.RGB {
				const visible = 0.5 // below, levels multiplied by the opacity are coarse
				if want.Alpha != nil && want.Alpha[i%len(want.Alpha)] < visible {
					continue
				}
				sum += max(float64(v-want.RGB[i]), float64(want.RGB[i]-v))
				n++
			}
			if mean := sum / float64(n); mean > test.mean {
				t.Errorf("levels are %.2f off, want at most %.2f", mean, test.mean)
			}
		})
	}
}

// TestHEIFTurned checks the orientation in an AVIF. The test pictures have an unneeded
// box of bit depths, which is replaced by the rotation.
func TestHEIFTurned(t *testing.T) {
	data, err := os.ReadFile("testdata/heif/444.avif")
	if err != nil {
		t.Fatal(err)
	}
	open := func(data []byte) *Picture {
		p, err := srgb(Decode(t.Context(), bytes.NewReader(data), "turned.avif", Limits{}))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	upright := open(data)
	at := bytes.Index(data, []byte("pixi"))
	turned := bytes.Clone(data)
	copy(turned[at:], "irot\x01") // a quarter anticlockwise
	got := open(turned)
	if got.W != upright.H || got.H != upright.W {
		t.Fatalf("%d x %d, want %d x %d", got.W, got.H, upright.H, upright.W)
	}
	for y := range got.H {
		for x := range got.W {
			if got.RGB[y*got.W+x] != upright.RGB[x*upright.W+upright.W-1-y] {
				t.Fatalf("pixel %d, %d is not turned", x, y)
			}
		}
	}
}

// TestHEIFRefused checks that unsupported features are named, and that decoding stops.
func TestHEIFRefused(t *testing.T) {
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join("testdata", "heif", name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	avif, heic := read("plain.avif"), read("plain.heic")
	size := bytes.Index(avif, []byte("ispe")) + 8
	huge := bytes.Clone(avif)
	copy(huge[size:], "\x00\x00\xff\xff\x00\x00\xff\xff")
	large := bytes.Clone(avif) // 5000 x 2600
	copy(large[size:], "\x00\x00\x13\x88\x00\x00\x0a\x28")
	for _, test := range []struct {
		name string
		data []byte
		kind error
		said string
	}{
		{"cut.avif", avif[:len(avif)-40], ErrCorrupt, "ends before"},
		{"cut.heic", heic[:len(heic)/2], ErrCorrupt, "ends before"},
		{"short.heic", heic[:60], ErrCorrupt, ""},
		{"huge.avif", huge, ErrTooLarge, "megapixels"},
		{"large.avif", large, ErrTooLarge, "13.0 megapixels, more than the limit of 12.5"},
		{"vvc.heic", bytes.ReplaceAll(heic, []byte("hvc1"), []byte("vvc1")), ErrFormat, "compressed as VVC"},
		{"other.heic", bytes.ReplaceAll(heic, []byte("hvc1"), []byte("?!?!")), ErrFormat, `type "?!?!"`},
	} {
		f, err := Decode(t.Context(), bytes.NewReader(test.data), test.name, Limits{Untrusted: true})
		if f != nil || !errors.Is(err, test.kind) || !strings.Contains(err.Error(), test.said) || !strings.HasPrefix(err.Error(), test.name+": ") {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	ended, end := context.WithCancel(t.Context())
	end()
	for _, untrusted := range []bool{false, true} {
		if _, err := Decode(ended, bytes.NewReader(avif), "a.avif", Limits{Untrusted: untrusted}); !errors.Is(err, context.Canceled) {
			t.Errorf("after the end of the context: %v", err)
		}
	}
}
