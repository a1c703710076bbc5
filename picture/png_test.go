package picture

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"strings"
	"testing"
)

// chunk returns a chunk, badChunk one with a wrong checksum.
func chunk(id string, body ...byte) []byte { return pngChunk(append([]byte(id), body...)) }

func badChunk(id string, body ...byte) []byte {
	c := chunk(id, body...)
	c[len(c)-1] ^= 1
	return c
}

func be32(values ...uint32) (b []byte) {
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

func pngHeaderOf(w, h uint32, depth, kind byte) []byte {
	return chunk("IHDR", append(be32(w, h), depth, kind, 0, 0, 0)...)
}

// pngRows returns rows of distinct 8-bit samples, each after its filter byte.
func pngRows(w, h, samples int) []byte {
	var rows []byte
	for y := range h {
		rows = append(rows, 0)
		for i := range w * samples {
			rows = append(rows, byte(17*i+31*y))
		}
	}
	return rows
}

// TestPNGDamageThatCostsNothing reads invalid PNGs that have every pixel.
func TestPNGDamageThatCostsNothing(t *testing.T) {
	const w, h = 9, 7
	rows := pngRows(w, h, 3)
	data := deflated(rows)
	header, pixels, end := pngHeaderOf(w, h, 8, pngRGB), chunk("IDAT", data...), chunk("IEND")
	file := func(chunks ...[]byte) []byte { return append([]byte(pngSignature), join(chunks...)...) }
	good := file(header, pixels, end)

	palette := make([]byte, 3*256)
	for i := range palette {
		palette[i] = byte(i * 5)
	}
	paletteHeader := pngHeaderOf(w, h, 8, pngPalette)
	plte, indices := chunk("PLTE", palette...), chunk("IDAT", deflated(pngRows(w, h, 1))...)
	goodPalette := file(paletteHeader, plte, indices, end)
	translucent := file(paletteHeader, plte, chunk("tRNS", bytes.Repeat([]byte{128}, 256)...), indices, end)

	var tiny [][]byte
	for _, b := range data {
		tiny = append(tiny, chunk("IDAT", b), chunk("IDAT"))
	}
	tests := []struct {
		name       string
		file, good []byte
	}{
		{"wrong checksum of text", file(header, badChunk("tEXt", 'a', 0, 'b'), pixels, end), good},
		{"wrong checksum of a transparent colour", file(header, badChunk("tRNS", 0, 0, 0, 17, 0, 34), pixels, end), good},
		{"transparent colour behind the pixels", file(header, pixels, chunk("tRNS", 0, 0, 0, 17, 0, 34), end), good},
		{"a palette that RGB needs not", file(header, badChunk("PLTE", palette...), pixels, end), good},
		{"no end", file(header, pixels), good},
		{"wrong checksum of the end", file(header, pixels, badChunk("IEND")), good},
		{"bytes behind the end", append(bytes.Clone(good), "more"...), good},
		{"more rows than the picture has", file(header, chunk("IDAT", deflated(append(bytes.Clone(rows), rows...))...), end), good},
		{"bytes behind the rows", file(header, chunk("IDAT", append(bytes.Clone(data), "more"...)...), end), good},
		{"wrong checksum of the rows", file(header, chunk("IDAT", append(data[:len(data)-4:len(data)-4], 0, 0, 0, 0)...), end), good},
		{"no checksum of the rows", file(header, chunk("IDAT", data[:len(data)-4]...), end), good},
		{"cut in the checksum of the rows", join([]byte(pngSignature), header, pixels[:len(pixels)-6]), good},
		{"rows in many chunks", file(append(append([][]byte{header}, tiny...), end)...), good},
		{"text between the rows", file(header, chunk("IDAT", data[:9]...), chunk("tEXt", 'a', 0), chunk("IDAT", data[9:]...), end), good},
		{"transparency before the palette", file(paletteHeader, chunk("tRNS", 128), plte, indices, end), goodPalette},
		{"two palettes", file(paletteHeader, plte, plte, indices, end), goodPalette},
		{"more opacities than colours", file(paletteHeader, plte, chunk("tRNS", bytes.Repeat([]byte{128}, 300)...), indices, end), translucent},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want, err := Decode(t.Context(), bytes.NewReader(tt.good), "good.png", Limits{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decode(t.Context(), bytes.NewReader(tt.file), "a.png", Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Picture.Image().Pix, want.Picture.Image().Pix) {
				t.Error("other pixels")
			}
		})
	}
}

// TestPNGStaysStrict checks that pictures with uncertain pixels are refused.
func TestPNGStaysStrict(t *testing.T) {
	const w, h = 9, 7
	data := deflated(pngRows(w, h, 3))
	header := pngHeaderOf(w, h, 8, pngRGB)
	file := func(chunks ...[]byte) []byte { return append([]byte(pngSignature), join(chunks...)...) }
	short := pngRows(w, h, 3)
	tests := []struct {
		name string
		file []byte
		kind error
		says string
	}{
		{"header", file(badChunk("IHDR", header[8:21]...), chunk("IDAT", data...)), ErrCorrupt, "checksum of its header"},
		{"pixels", file(header, badChunk("IDAT", data...)), ErrCorrupt, "checksum of its pixels"},
		{"palette", file(pngHeaderOf(w, h, 8, pngPalette), badChunk("PLTE", 1, 2, 3), chunk("IDAT", data...)), ErrCorrupt, "checksum of its palette"},
		{"no palette", file(pngHeaderOf(w, h, 8, pngPalette), chunk("IDAT", data...)), ErrCorrupt, "no palette"},
		{"a row is missing", file(header, chunk("IDAT", deflated(short[:len(short)-28])...), chunk("IEND")), ErrCorrupt, "ends before the picture does"},
		{"no pixels", file(header, chunk("IEND")), ErrCorrupt, "ends before the picture does"},
		{"cut", file(header, chunk("IDAT", data...))[:60], ErrCorrupt, "ends before the picture does"},
		{"no Deflate", file(header, chunk("IDAT", 'n', 'o', 'n', 'e')), ErrCorrupt, "damaged"},
		{"three bits", file(pngHeaderOf(w, h, 3, pngRGB), chunk("IDAT", data...)), ErrCorrupt, "3 bits"},
	}
	for _, tt := range tests {
		_, err := Decode(t.Context(), bytes.NewReader(tt.file), "a.png", Limits{})
		if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.says)
		}
	}
}

// TestPNGTransparentSampleCountsWithItsBits compares only the significant bits of tRNS
// samples, as libpng does.
func TestPNGTransparentSampleCountsWithItsBits(t *testing.T) {
	for _, tt := range []struct {
		depth, transparent byte
		row                byte // two pixels at least, the first transparent
	}{{1, 0xff, 0x80}, {2, 0xfe, 0x80}, {4, 0xf3, 0x30}, {8, 0x44, 0x44}} {
		w := max(8/uint32(tt.depth), 1)
		file := join([]byte(pngSignature), pngHeaderOf(w, 1, tt.depth, pngGrey),
			chunk("tRNS", 0xff, tt.transparent), chunk("IDAT", deflated([]byte{0, tt.row})...), chunk("IEND"))
		f, err := Decode(t.Context(), bytes.NewReader(file), "a.png", Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range int(w) {
			if transparent := f.Picture.Alpha != nil && f.Picture.Alpha[i] == 0; transparent != (i == 0) {
				t.Errorf("%d bits: pixel %d: transparent %v", tt.depth, i, transparent)
			}
		}
	}
}

// TestAnimatedPNG reads the picture that browsers show first: the default image if it
// is the first frame, else that frame on its canvas.
func TestAnimatedPNG(t *testing.T) {
	const w, h, frameW, frameH = 9, 7, 4, 3
	header, end := pngHeaderOf(w, h, 8, pngRGB), chunk("IEND")
	pixels := chunk("IDAT", deflated(pngRows(w, h, 3))...)
	control := func(number, w, h, x, y uint32) []byte {
		return chunk("fcTL", append(be32(number, w, h, x, y), 0, 1, 0, 10, 0, 0)...)
	}
	frame := deflated(pngRows(frameW, frameH, 3))
	data := func(number uint32, d []byte) []byte { return chunk("fdAT", append(be32(number), d...)...) }
	file := func(chunks ...[]byte) []byte { return append([]byte(pngSignature), join(chunks...)...) }
	animation := chunk("acTL", be32(2, 0)...)
	whole, at := image.Rect(0, 0, w, h), image.Rect(5, 2, 5+frameW, 2+frameH)
	tests := []struct {
		name string
		file []byte
		want image.Rectangle
	}{
		{"default picture", file(header, animation, control(0, w, h, 0, 0), pixels, control(1, frameW, frameH, 5, 2), data(2, frame), end), whole},
		{"frame", file(header, animation, pixels, control(0, frameW, frameH, 5, 2), data(1, frame[:7]), data(2, frame[7:]), end), at},
		{"frame, then another", file(header, animation, pixels, control(0, frameW, frameH, 5, 2), data(1, frame), control(2, w, h, 0, 0), data(3, frame[:3]), end), at},
		{"no animation", file(header, pixels, control(0, frameW, frameH, 5, 2), data(1, frame), end), whole},
		{"animation of no frames", file(header, chunk("acTL", be32(0, 0)...), pixels, control(0, frameW, frameH, 5, 2), data(1, frame), end), whole},
		{"animation of impossibly many frames", file(header, chunk("acTL", be32(1<<31, 0)...), pixels, control(0, frameW, frameH, 5, 2), data(1, frame), end), whole},
		{"default picture before the animation", file(header, control(0, w, h, 0, 0), animation, pixels, control(1, frameW, frameH, 5, 2), data(2, frame), end), whole},
		{"frame beyond the canvas", file(header, animation, pixels, control(0, frameW, frameH, 6, 2), data(1, frame), end), whole},
		{"frame without data", file(header, animation, pixels, control(0, frameW, frameH, 5, 2), end), whole},
		{"wrong checksum of the control", file(header, animation, pixels, badChunk("fcTL", control(0, frameW, frameH, 5, 2)[8:34]...), data(1, frame), end), whole},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := Decode(t.Context(), bytes.NewReader(tt.file), "a.png", Limits{})
			if err != nil {
				t.Fatal(err)
			}
			p := f.Picture
			if p.W != w || p.H != h {
				t.Fatalf("%dx%d", p.W, p.H)
			}
			rows := pngRows(tt.want.Dx(), tt.want.Dy(), 3)
			stride := 1 + 3*tt.want.Dx()
			for i := range w * h {
				in := image.Pt(i%w, i/w)
				visible := p.Alpha == nil || p.Alpha[i] == 1
				if visible != in.In(tt.want) {
					t.Fatalf("pixel %v: visible %v", in, visible)
				}
				if in = in.Sub(tt.want.Min); visible && p.RGB[i] != float32(rows[in.Y*stride+1+3*in.X]) {
					t.Fatalf("pixel %v has red %v", in, p.RGB[i])
				}
			}
		})
	}
}

// TestApplePNG reads PNGs from iPhone programs: blue first, premultiplied, Deflate
// without a zlib header.
func TestApplePNG(t *testing.T) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, -1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte{0, 10, 20, 40, 255, 25, 50, 100, 128, 0, 0, 0, 0}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file := join([]byte(pngSignature), chunk("CgBI", 0x50, 0, 0x20, 2), pngHeaderOf(3, 1, 8, pngRGBA), chunk("IDAT", b.Bytes()...), chunk("IEND"))
	f, err := Decode(t.Context(), bytes.NewReader(file), "a.png", Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := []byte{40, 20, 10, 255, 199, 100, 50, 128, 0, 0, 0, 0}
	if got := f.Picture.Image().Pix; !bytes.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestPNGProfileChecksum reads a profile in a chunk with a wrong checksum, as GIMP 2.10
// wrote them, and checks the warning where the profile cannot be decompressed.
func TestPNGProfileChecksum(t *testing.T) {
	header, pixels := pngHeaderOf(2, 2, 8, pngRGB), chunk("IDAT", deflated(pngRows(2, 2, 3))...)
	file := func(profile []byte) []byte {
		typed := append([]byte("iCCPname\x00\x00"), profile...)
		c := pngChunk(typed)
		binary.BigEndian.PutUint32(c[len(c)-4:], crc32.ChecksumIEEE(typed)+1)
		return join([]byte(pngSignature), header, c, pixels, chunk("IEND"))
	}
	grey, err := Open(t.Context(), "testdata/profile-gamma.png", Limits{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := Decode(t.Context(), bytes.NewReader(file(deflated(grey.Profile.data))), "a.png", Limits{})
	if err != nil || f.Profile == nil || len(f.Warnings) > 0 {
		t.Errorf("a whole profile: %v, %v", err, f)
	}
	f, err = Decode(t.Context(), bytes.NewReader(file([]byte("damaged"))), "a.png", Limits{})
	if err != nil || len(f.Warnings) != 1 {
		t.Errorf("a damaged profile: %v, %v", err, f)
	}
}
