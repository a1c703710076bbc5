package tiff

import (
	"context"
	"encoding/binary"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tolerances, in 16-bit steps, of the pictures whose files cannot say their
// levels exactly, or whose decoders may differ. Others have to be right to the
// step.
var tolerances = map[string]int{
	"cmyk":     0x101,
	"lab":      0x81, // LittleCMS rounds to 8 bits here
	"ycc":      6 * 0x101,
	"ycc-webp": 10 * 0x101,
	"jpeg":     6 * 0x101,
}

func tolerance(name string) int {
	steps, longest := 1, 0
	for prefix, n := range tolerances {
		if strings.HasPrefix(name, prefix) && len(prefix) > longest {
			steps, longest = n, len(prefix)
		}
	}
	return steps
}

// vectors returns the files in testdata.
func vectors(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.tif")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	return files
}

// readWant returns the size and the samples of the picture that a file holds.
func readWant(t *testing.T, file string) (w, h int, pixels []color.NRGBA64) {
	t.Helper()
	name, _, _ := strings.Cut(filepath.Base(file), "-")
	data, err := os.ReadFile(filepath.Join("testdata", strings.TrimSuffix(name, ".tif")+".want"))
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	w, h = int(le.Uint16(data)), int(le.Uint16(data[2:]))
	for data = data[4:]; len(data) >= 8; data = data[8:] {
		pixels = append(pixels, color.NRGBA64{R: le.Uint16(data), G: le.Uint16(data[2:]), B: le.Uint16(data[4:]), A: le.Uint16(data[6:])})
	}
	return w, h, pixels
}

// TestVectors compares the files in testdata, most of which libtiff wrote, with
// the pixels they were made from.
func TestVectors(t *testing.T) {
	for _, file := range vectors(t) {
		name := strings.TrimSuffix(filepath.Base(file), ".tif")
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			w, h, want := readWant(t, file)
			f, err := Open(data)
			if err != nil {
				t.Fatal(err)
			}
			if f.Width != w || f.Height != h {
				t.Fatalf("%dx%d pixels, want %dx%d", f.Width, f.Height, w, h)
			}
			m, err := f.Decode(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			worst := 0
			for i, p := range want {
				got := unrounded(m.At(i%w, i/w))
				if off := difference(got.A, p.A); off > 0x100 || off > 0 && f.bits > 8 {
					t.Fatalf("pixel %d: opacity %d, want %d", i, got.A, p.A)
				}
				if name == "associated16-plain" && p.A < 0x1000 {
					continue // where there is little to divide
				}
				if p.A > 0 {
					worst = max(worst, difference(got.R, p.R), difference(got.G, p.G), difference(got.B, p.B))
				}
			}
			if limit := tolerance(name); worst > limit {
				t.Errorf("levels differ by up to %d, allowed %d", worst, limit)
			}
			t.Logf("%T, worst difference %d", m, worst)
			if f.work > workBound(data, f) {
				t.Errorf("work %d, more than %d", f.work, workBound(data, f))
			}
		})
	}
}

// unrounded returns a colour that goes through no multiplication with its opacity,
// unless the image has it like that.
func unrounded(c color.Color) color.NRGBA64 {
	if c, ok := c.(color.NRGBA); ok {
		return color.NRGBA64{R: uint16(c.R) * 0x101, G: uint16(c.G) * 0x101, B: uint16(c.B) * 0x101, A: uint16(c.A) * 0x101}
	}
	r, g, b, a := c.RGBA()
	if a == 0 {
		return color.NRGBA64{}
	}
	if c, ok := c.(color.NRGBA64); ok {
		return c
	}
	divided := func(v uint32) uint16 { return uint16(min(v*0xffff/a, 0xffff)) }
	return color.NRGBA64{R: divided(r), G: divided(g), B: divided(b), A: uint16(a)}
}

func difference(a, b uint16) int { return int(math.Abs(float64(a) - float64(b))) }
