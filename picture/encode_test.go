package picture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/image/tiff"
)

func TestSaveAndOpenAgain(t *testing.T) {
	tests := []struct {
		file   string
		opt    SaveOptions
		alpha  bool
		levels float64 // how far a level may move
	}{
		{"p.png", SaveOptions{}, false, 0.5},
		{"p.png", SaveOptions{}, true, 0.5},
		{"p.png", SaveOptions{Depth: 16}, true, 0.5 / per8},
		{"p.tif", SaveOptions{}, false, 0.5},
		{"p.tiff", SaveOptions{}, true, 0.5},
		{"p.tif", SaveOptions{Depth: 16}, true, 0.5 / per8},
		{"p.webp", SaveOptions{}, false, 0.5},
		{"p.webp", SaveOptions{}, true, 0.5},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s depth %d alpha %v", tt.file, tt.opt.Depth, tt.alpha), func(t *testing.T) {
			for _, size := range [][2]int{{1, 1}, {67, 45}, {16, 130}} {
				p := noise(6, 5, tt.alpha).Resize(size[0], size[1])
				path := filepath.Join(t.TempDir(), tt.file)
				if err := Save(path, p, tt.opt); err != nil {
					t.Fatal(err)
				}
				got, err := srgb(Open(t.Context(), path, Limits{}))
				if err != nil {
					t.Fatal(err)
				}
				if got.W != p.W || got.H != p.H || (got.Alpha != nil) != tt.alpha {
					t.Fatalf("%dx%d, alpha %v", got.W, got.H, got.Alpha != nil)
				}
				for i := range p.RGB {
					if d := math.Abs(float64(got.RGB[i] - p.RGB[i])); d > tt.levels+1e-4 {
						t.Fatalf("%v: level %d was %v and is %v", size, i, p.RGB[i], got.RGB[i])
					}
				}
				for i := range p.Alpha {
					if d := math.Abs(float64(got.Alpha[i]-p.Alpha[i])) * maxLevel; d > tt.levels+1e-4 {
						t.Fatalf("%v: opacity %d was %v and is %v", size, i, p.Alpha[i], got.Alpha[i])
					}
				}
			}
		})
	}
}

func TestWebPIsLosslessOnNoise(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {2, 3}, {17, 33}, {256, 256}, {301, 77}} {
		p := noise(size[0], size[1], size[0]%2 == 0)
		var b bytes.Buffer
		if err := Encode(&b, p, WebP, SaveOptions{}); err != nil {
			t.Fatal(err)
		}
		got, err := srgb(Decode(t.Context(), &b, "noise.webp", Limits{}))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Image().Pix, p.Image().Pix) {
			t.Errorf("%v: the pixels changed", size)
		}
	}
}

func TestRounding(t *testing.T) {
	tests := []struct {
		level  float32
		want8  uint8
		want16 uint16
		name   string
	}{
		{-1e9, 0, 0, "far below"},
		{-0.2, 0, 0, "below"},
		{0.499, 0, 128, "down"},
		{0.5, 1, 129, "up"},
		{127.6, 128, 32793, "middle"},
		{254.4, 254, 65381, "near white"},
		{255.3, 255, 65535, "above"},
		{1e30, 255, 65535, "far above"},
	}
	for _, tt := range tests {
		p := New(1, 1)
		p.RGB[0] = tt.level
		if got := p.Image().Pix[0]; got != tt.want8 {
			t.Errorf("%v: %d in 8 bits, want %d", tt.level, got, tt.want8)
		}
		if got := p.Image16().NRGBA64At(0, 0).R; got != tt.want16 {
			t.Errorf("%v: %d in 16 bits, want %d", tt.level, got, tt.want16)
		}
	}
}

func TestJPEGIsLaidOnWhite(t *testing.T) {
	p := New(16, 16) // black
	p.Alpha = make([]float32, 16*16)
	for i := range p.Alpha {
		p.Alpha[i] = 0.25
	}
	var b bytes.Buffer
	if err := Encode(&b, p, JPEG, SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	got, err := srgb(Decode(t.Context(), &b, "white.jpg", Limits{}))
	if err != nil {
		t.Fatal(err)
	}
	if v := got.RGB[100]; math.Abs(float64(v)-0.75*maxLevel) > 2 {
		t.Errorf("level %v, want %v", v, 0.75*maxLevel)
	}
}

func TestNotFiniteIsNeverEncoded(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for _, inAlpha := range []bool{false, true} {
			p := noise(5, 5, true)
			if inAlpha {
				p.Alpha[7] = float32(bad)
			} else {
				p.RGB[60] = float32(bad)
			}
			for _, format := range []Format{PNG, JPEG, WebP, TIFF} {
				var b bytes.Buffer
				if err := Encode(&b, p, format, SaveOptions{}); !errors.Is(err, ErrNotFinite) || b.Len() > 0 {
					t.Errorf("%v in %s: error %v and %d bytes", bad, format, err, b.Len())
				}
			}
			path := filepath.Join(t.TempDir(), "kept.png")
			if err := os.WriteFile(path, []byte("kept"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := Save(path, p, SaveOptions{}); !errors.Is(err, ErrNotFinite) {
				t.Errorf("saving %v: error %v", bad, err)
			}
			if kept, _ := os.ReadFile(path); string(kept) != "kept" {
				t.Error("the old file is gone")
			}
		}
	}
}

func TestEncodeErrors(t *testing.T) {
	p := New(2, 2)
	tests := []struct {
		name   string
		p      *Picture
		format Format
		opt    SaveOptions
		want   error
	}{
		{"format", p, GIF, SaveOptions{}, ErrFormat},
		{"quality", p, JPEG, SaveOptions{Quality: 101}, ErrFormat},
		{"depth", p, PNG, SaveOptions{Depth: 12}, ErrFormat},
		{"depth of a JPEG", p, JPEG, SaveOptions{Depth: 16}, ErrFormat},
		{"quality of a PNG", p, PNG, SaveOptions{Quality: 80}, ErrFormat},
		{"long WebP", New(16385, 1), WebP, SaveOptions{}, ErrTooLarge},
		{"long JPEG", New(1, 65536), JPEG, SaveOptions{}, ErrTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := Encode(io.Discard, tt.p, tt.format, tt.opt); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

// full fails after some bytes, as a full disk does.
type full struct{ room int }

var errFull = errors.New("no room")

func (f *full) Write(b []byte) (int, error) {
	if f.room -= len(b); f.room < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestEncodeReportsTheWriter(t *testing.T) {
	p := noise(50, 50, true)
	for _, format := range []Format{PNG, JPEG, WebP, TIFF} {
		if err := Encode(&full{100}, p, format, SaveOptions{}); !errors.Is(err, errFull) {
			t.Errorf("%s: error %v", format, err)
		}
	}
}

func TestEncodeIsDeterministic(t *testing.T) {
	p := noise(120, 90, true)
	for _, format := range []Format{PNG, JPEG, WebP, TIFF} {
		var first, second bytes.Buffer
		if err := errors.Join(Encode(&first, p, format, SaveOptions{}), Encode(&second, p, format, SaveOptions{})); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("%s: two encodings differ", format)
		}
	}
}

func TestSaveJPEG(t *testing.T) {
	// So gentle a slope that subsampling its chroma changes little.
	p := New(67, 45)
	for i := range p.RGB {
		p.RGB[i] = float32(40 + 2*(i%p.W) + i/p.W/3)
	}
	for _, file := range []string{"P.JPG", "p.jpeg"} {
		path := filepath.Join(t.TempDir(), file)
		if err := Save(path, p, SaveOptions{}); err != nil {
			t.Fatal(err)
		}
		got, err := srgb(Open(t.Context(), path, Limits{}))
		if err != nil {
			t.Fatal(err)
		}
		if got.W != p.W || got.H != p.H || got.Alpha != nil {
			t.Fatalf("%dx%d, alpha %v", got.W, got.H, got.Alpha != nil)
		}
		for i := range p.RGB {
			if d := math.Abs(float64(got.RGB[i] - p.RGB[i])); d > 4 {
				t.Fatalf("level %d was %v and is %v", i, p.RGB[i], got.RGB[i])
			}
		}
	}
}

// Grey has no chroma to subsample, so only the quality counts.
func TestJPEGQuality(t *testing.T) {
	p := noise(64, 64, false)
	plane := p.W * p.H
	copy(p.RGB[plane:2*plane], p.RGB[:plane])
	copy(p.RGB[2*plane:], p.RGB[:plane])
	size := func(quality int, most float64) int {
		var b bytes.Buffer
		if err := Encode(&b, p, JPEG, SaveOptions{Quality: quality}); err != nil {
			t.Fatal(err)
		}
		n := b.Len()
		got, err := srgb(Decode(t.Context(), &b, "grey.jpg", Limits{}))
		if err != nil {
			t.Fatal(err)
		}
		for i := range p.RGB {
			if d := math.Abs(float64(got.RGB[i] - p.RGB[i])); d > most {
				t.Fatalf("quality %d: level %v became %v", quality, p.RGB[i], got.RGB[i])
			}
		}
		return n
	}
	if best, normal, low := size(100, 4), size(0, 20), size(30, maxLevel); best <= normal || normal <= low || normal != size(DefaultQuality, 20) {
		t.Errorf("sizes %d at 100, %d by default, %d at 30", best, normal, low)
	}
}

func TestTIFFKeepsSixteenBits(t *testing.T) {
	p := New(1, 1)
	p.RGB = []float32{100.25, 0, 255}
	var b bytes.Buffer
	if err := Encode(&b, p, TIFF, SaveOptions{Depth: 16}); err != nil {
		t.Fatal(err)
	}
	m, err := tiff.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if r, _, blue, _ := m.At(0, 0).RGBA(); r != 25764 || blue != 65535 {
		t.Errorf("red %d, blue %d", r, blue)
	}
}
