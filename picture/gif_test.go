package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"strings"
	"testing"
)

// testGIF is a GIF of 20x10 pixels in 16 colors. frame is the position of the
// description of its only frame.
func testGIF(t *testing.T) (file []byte, frame int) {
	t.Helper()
	var palette color.Palette
	for i := range 16 {
		palette = append(palette, color.RGBA{uint8(16 * i), uint8(255 - 16*i), 128, 255})
	}
	m := image.NewPaletted(image.Rect(0, 0, 20, 10), palette)
	for i := range m.Pix {
		m.Pix[i] = uint8(i * 7 % 16)
	}
	var b bytes.Buffer
	if err := gif.Encode(&b, m, &gif.Options{NumColors: 16}); err != nil {
		t.Fatal(err)
	}
	file = b.Bytes()
	frame = bytes.Index(file, []byte{gifFrame, 0, 0, 0, 0, 20, 0, 10, 0})
	if frame < 0 {
		t.Fatal("no frame")
	}
	return file, frame
}

// TestGIFsThatBendTheRules reads invalid GIFs like browsers; Chromium 156 shows all of
// them.
func TestGIFsThatBendTheRules(t *testing.T) {
	good, frame := testGIF(t)
	le := binary.LittleEndian
	with := func(change func(file []byte) []byte) []byte { return change(bytes.Clone(good)) }
	screen := func(file []byte, w, h uint16) []byte {
		le.PutUint16(file[6:], w)
		le.PutUint16(file[8:], h)
		return file
	}
	place := func(file []byte, x, y uint16) []byte {
		le.PutUint16(file[frame+1:], x)
		le.PutUint16(file[frame+3:], y)
		return file
	}
	tests := []struct {
		name   string
		file   []byte
		canvas image.Point
		at     image.Point
	}{
		{"whole", good, image.Pt(20, 10), image.Point{}},
		{"no end", good[:len(good)-1], image.Pt(20, 10), image.Point{}},
		{"no last block", append(bytes.Clone(good[:len(good)-2]), ';'), image.Pt(20, 10), image.Point{}},
		{"trailing bytes", append(bytes.Clone(good), "<html>"...), image.Pt(20, 10), image.Point{}},
		{"damaged second frame", append(bytes.Clone(good[:len(good)-1]), gifFrame, 1, 2), image.Pt(20, 10), image.Point{}},
		{"screen of no size", with(func(f []byte) []byte { return screen(f, 0, 0) }), image.Pt(20, 10), image.Point{}},
		{"screen of no size, frame aside", with(func(f []byte) []byte { return screen(place(f, 3, 4), 0, 0) }), image.Pt(23, 14), image.Pt(3, 4)},
		{"frame leaves the screen", with(func(f []byte) []byte { return screen(f, 20, 7) }), image.Pt(20, 10), image.Point{}},
		{"frame beyond the screen", with(func(f []byte) []byte { return screen(place(f, 30, 1), 25, 25) }), image.Pt(50, 25), image.Pt(30, 1)},
	}
	want, err := Decode(t.Context(), bytes.NewReader(good), "good.gif", Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := Decode(t.Context(), bytes.NewReader(tt.file), "a.gif", Limits{})
			if err != nil {
				t.Fatal(err)
			}
			p := f.Picture
			if p.W != tt.canvas.X || p.H != tt.canvas.Y {
				t.Fatalf("%dx%d, want %v", p.W, p.H, tt.canvas)
			}
			for y := range p.H {
				for x := range p.W {
					in := image.Pt(x, y).Sub(tt.at)
					if got := p.At(x, y); got != want.Picture.At(in.X, in.Y) {
						t.Fatalf("pixel %d,%d is %v", x, y, got)
					}
				}
			}
		})
	}
}

// TestGIFWithMoreDataThanPixels checks that reading stops after the last pixel.
func TestGIFWithMoreDataThanPixels(t *testing.T) {
	file, frame := testGIF(t)
	binary.LittleEndian.PutUint16(file[frame+7:], 6) // rows of ten
	f, err := Decode(t.Context(), bytes.NewReader(file), "a.gif", Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if p := f.Picture; p.At(19, 5) == (color.NRGBA64{}) || p.At(0, 6) != (color.NRGBA64{}) {
		t.Error("the frame does not end at its sixth row")
	}
}

// TestGIFWithoutColors checks that missing colours are black.
func TestGIFWithoutColors(t *testing.T) {
	good, _ := testGIF(t)
	const colors = 3 * 16
	none := bytes.Clone(good)
	none[10] &^= gifColorsBit
	none = append(none[:gifScreenLen:gifScreenLen], none[gifScreenLen+colors:]...)
	few := bytes.Clone(good)
	few[10] = few[10]&^gifColorsMask | 1
	few = append(few[:gifScreenLen+12:gifScreenLen+12], few[gifScreenLen+colors:]...)
	for name, tt := range map[string]struct {
		file  []byte
		known int
	}{"no table": {none, 0}, "a table of four": {few, 4}} {
		f, err := Decode(t.Context(), bytes.NewReader(tt.file), "a.gif", Limits{})
		if err != nil {
			t.Fatal(name, err)
		}
		for i := range 16 {
			x := i * 7 % 16 // where colour i is, as 7*7 is 1 modulo 16
			black := f.Picture.At(x, 0) == color.NRGBA64{A: 0xffff}
			if black != (i >= tt.known) {
				t.Errorf("%s: colour %d is %v", name, i, f.Picture.At(x, 0))
			}
		}
	}
}

func TestGIFCutShort(t *testing.T) {
	good, frame := testGIF(t)
	for _, n := range []int{gifScreenLen - 1, gifScreenLen + 5, frame + 4, frame + 10, frame + 40, len(good) - 20} {
		_, err := Decode(t.Context(), bytes.NewReader(good[:n]), "a.gif", Limits{})
		if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "ends before the picture does") {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}
