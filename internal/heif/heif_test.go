package heif

import (
	"image"
	"os"
	"path/filepath"
	"testing"
)

// TestTurn compares the orientation of each pair of a rotation and a mirror with
// turning the corners of a picture one after the other.
func TestTurn(t *testing.T) {
	const w, h = 3, 2
	// Where a stored pixel goes in the upright picture, by the orientations of EXIF.
	exif := [...]func(x, y int) image.Point{
		1: image.Pt,
		2: func(x, y int) image.Point { return image.Pt(w-1-x, y) },
		3: func(x, y int) image.Point { return image.Pt(w-1-x, h-1-y) },
		4: func(x, y int) image.Point { return image.Pt(x, h-1-y) },
		5: func(x, y int) image.Point { return image.Pt(y, x) },
		6: func(x, y int) image.Point { return image.Pt(h-1-y, x) },
		7: func(x, y int) image.Point { return image.Pt(h-1-y, w-1-x) },
		8: func(x, y int) image.Point { return image.Pt(y, w-1-x) },
	}
	for rotation := range 4 {
		for _, mirror := range []mirror{unmirrored, topToBottom, leftToRight} {
			turn := (&Picture{codec: av1, rotation: rotation, mirror: mirror}).Turn()
			for y := range h {
				for x := range w {
					at, size := image.Pt(x, y), image.Pt(w, h)
					for range rotation { // a quarter anticlockwise
						at, size = image.Pt(at.Y, size.X-1-at.X), image.Pt(size.Y, size.X)
					}
					switch mirror {
					case topToBottom:
						at.Y = size.Y - 1 - at.Y
					case leftToRight:
						at.X = size.X - 1 - at.X
					}
					if got := exif[turn](x, y); got != at {
						t.Errorf("rotation %d, mirror %d: orientation %d takes %d, %d to %v, want %v", rotation, mirror, turn, x, y, got, at)
					}
				}
			}
		}
	}
}

// TestCropped: a clean aperture of whole pixels is cut out, and no other is.
func TestCropped(t *testing.T) {
	m := image.NewRGBA(image.Rect(0, 0, 10, 8))
	aperture := func(v ...byte) []byte {
		var b []byte
		for _, n := range v {
			b = append(b, 0, 0, 0, n)
		}
		return b
	}
	for _, test := range []struct {
		aperture []byte
		want     image.Rectangle
	}{
		{aperture(6, 1, 4, 1, 0, 1, 0, 1), image.Rect(2, 2, 8, 6)},
		{aperture(6, 1, 4, 1, 1, 1, 2, 1), image.Rect(3, 4, 9, 8)},
		{aperture(5, 1, 8, 1, 1, 2, 0, 2), image.Rect(3, 0, 8, 8)},
		{aperture(7, 2, 4, 1, 0, 1, 0, 1), m.Rect},
		{aperture(6, 1, 4, 1, 9, 1, 0, 1), m.Rect},
		{aperture(6, 0, 4, 1, 0, 1, 0, 1), m.Rect},
		{aperture(6, 1, 4), m.Rect},
		{nil, m.Rect},
	} {
		if got := cropped(m, test.aperture).Bounds(); got != test.want {
			t.Errorf("%v: %v, want %v", test.aperture, got, test.want)
		}
	}
}

// FuzzParse: no file makes Parse fail in any other way than by an error.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"*.heic", "*.avif"} {
		files, err := filepath.Glob(filepath.Join("..", "..", "picture", "testdata", "heif", pattern))
		if err != nil || len(files) == 0 {
			f.Fatal("no files", err)
		}
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse(data)
		if (p == nil) == (err == nil) {
			t.Fatalf("%v, %v", p, err)
		}
		if p != nil && (p.W < 1 || p.H < 1 || p.Turn() < 1 || p.Turn() > 8 || len(p.EXIF) > len(data)) {
			t.Errorf("%+v", p)
		}
	})
}
