package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image/color"
	"os"
	"strings"
	"testing"
)

// bmpTest describes a BMP of 5x2 pixels: red, green, blue, white and black in
// the upper row, the reverse in the lower one.
type bmpTest struct {
	name        string
	info        int    // length of the second header
	bits        uint16 // a pixel
	compression uint32
	masks       []uint32
	palette     []byte
	pixels      []byte // from the lower row up
	used        uint32 // colours
	topDown     bool
	noOffset    bool
	offset      uint32 // of the pixels; 0 is where they are
}

func (b bmpTest) file() []byte {
	le := binary.LittleEndian
	info := make([]byte, max(b.info, 16))
	le.PutUint32(info, uint32(b.info))
	if b.info == 12 {
		info = info[:12]
		le.PutUint16(info[4:], 5)
		le.PutUint16(info[6:], 2)
		le.PutUint16(info[8:], 1)
		le.PutUint16(info[10:], b.bits)
	} else {
		h := int32(2)
		if b.topDown {
			h = -2
		}
		le.PutUint32(info[4:], 5)
		le.PutUint32(info[8:], uint32(h))
		le.PutUint16(info[12:], 1)
		le.PutUint16(info[14:], b.bits)
	}
	if b.info >= 40 {
		le.PutUint32(info[16:], b.compression)
		le.PutUint32(info[32:], b.used)
	}
	for i, m := range b.masks {
		if 40+4*i+4 <= b.info {
			le.PutUint32(info[40+4*i:], m)
		} else {
			info = le.AppendUint32(info, m)
		}
	}
	head := append([]byte("BM"), make([]byte, 12)...)
	if !b.noOffset {
		le.PutUint32(head[10:], uint32(len(head)+len(info)+len(b.palette)))
	}
	if b.offset > 0 {
		le.PutUint32(head[10:], b.offset)
	}
	return join(head, info, b.palette, b.pixels)
}

// words returns rows of pixels of some bytes each, filled up to words of 32
// bits, the lower row first.
func words(size int, colors ...uint32) (data []byte) {
	for _, reverse := range []bool{true, false} {
		for i := range colors {
			if reverse {
				i = len(colors) - 1 - i
			}
			data = append(data, binary.LittleEndian.AppendUint32(nil, colors[i])[:size]...)
		}
		data = append(data, make([]byte, -len(data)&3)...)
	}
	return data
}

func TestKindsOfBMP(t *testing.T) {
	palette := []byte{0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0, 255, 255, 255, 0}
	palette16 := append(bytes.Clone(palette), make([]byte, 4*(16-4))...)
	palette3 := []byte{0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 255, 0, 0, 0}
	rgb24 := words(3, 0xff0000, 0xff00, 0xff, 0xffffff, 0)
	rgb32 := words(4, 0xff0000, 0xff00, 0xff, 0xffffff, 0)
	rgb565 := words(2, 0xf800, 0x07e0, 0x1f, 0xffff, 0)
	half := words(4, 0x80ff0000, 0x8000ff00, 0x800000ff, 0x80ffffff, 0x80000000)
	runs8 := []byte{1, 4, 1, 3, 0, 3, 2, 1, 0, 0, 0, 0, 0, 5, 0, 1, 2, 3, 4, 0, 0, 1}
	runs4 := []byte{0, 5, 0x43, 0x21, 0, 0, 0, 0, 1, 0, 2, 0x12, 2, 0x34, 0, 1}
	tests := []bmpTest{
		{name: "4 bits", info: 40, bits: 4, palette: palette16, pixels: []byte{0x43, 0x21, 0, 0, 0x01, 0x23, 0x40, 0}},
		{name: "8 bits, few colours", info: 40, bits: 8, used: 5, palette: palette16[:20], pixels: words(1, 0, 1, 2, 3, 4)},
		{name: "8 bits, fewer colours than it says", info: 40, bits: 8, used: 256, palette: palette16[:16], pixels: words(1, 0, 1, 2, 3, 4)},
		{name: "8 bits, an index beyond the palette", info: 40, bits: 8, used: 4, palette: palette, pixels: words(1, 0, 1, 2, 3, 200)},
		{name: "4 bits, no offset of the pixels", info: 40, bits: 4, palette: palette16, pixels: []byte{0x43, 0x21, 0, 0, 0x01, 0x23, 0x40, 0}, noOffset: true},
		{name: "4 bits, the offset is that of the palette", info: 40, bits: 4, palette: palette16, pixels: []byte{0x43, 0x21, 0, 0, 0x01, 0x23, 0x40, 0}, offset: 54},
		{name: "8 bits, few colours, the offset is that of the palette", info: 40, bits: 8, used: 5, palette: palette16[:20], pixels: words(1, 0, 1, 2, 3, 4), offset: 54},
		{name: "16 bits, the offset is that of the masks", info: 40, bits: 16, compression: bmpBitfields, masks: []uint32{0xf800, 0x7e0, 0x1f}, pixels: rgb565, offset: 54},
		{name: "8 bits of OS/2", info: 12, bits: 8, palette: palette3, pixels: words(1, 0, 1, 2, 3, 4)},
		{name: "24 bits of OS/2", info: 12, bits: 24, pixels: rgb24},
		{name: "24 bits of OS/2 2", info: 64, bits: 24, pixels: rgb24},
		{name: "24 bits of OS/2 2, cut to 16 bytes", info: 16, bits: 24, pixels: rgb24},
		{name: "24 bits", info: 40, bits: 24, pixels: rgb24},
		{name: "24 bits, the last row not filled up", info: 40, bits: 24, pixels: rgb24[:len(rgb24)-1]},
		{name: "24 bits, top down", info: 40, bits: 24, pixels: append(bytes.Clone(rgb24[16:]), rgb24[:16]...), topDown: true},
		{name: "24 bits, version 5", info: 124, bits: 24, pixels: rgb24},
		{name: "16 bits", info: 40, bits: 16, pixels: words(2, 0x7c00, 0x3e0, 0x1f, 0x7fff, 0)},
		{name: "16 bits, masks", info: 40, bits: 16, compression: bmpBitfields, masks: []uint32{0xf800, 0x7e0, 0x1f}, pixels: rgb565},
		{name: "16 bits, masks in the header", info: 56, bits: 16, compression: bmpBitfields, masks: []uint32{0xf800, 0x7e0, 0x1f, 0}, pixels: rgb565},
		{name: "32 bits", info: 40, bits: 32, pixels: rgb32},
		{name: "32 bits, the fourth byte is nothing", info: 40, bits: 32, pixels: half},
		{name: "32 bits, masks", info: 40, bits: 32, compression: bmpBitfields, masks: []uint32{0xff0000, 0xff00, 0xff}, pixels: half},
		{name: "32 bits, other masks", info: 40, bits: 32, compression: bmpBitfields, masks: []uint32{0xff000000, 0xff0000, 0xff00}, pixels: words(4, 0xff000000, 0xff0000, 0xff00, 0xffffff00, 0)},
		{name: "32 bits, 10 a sample", info: 40, bits: 32, compression: bmpBitfields, masks: []uint32{0x3ff00000, 0xffc00, 0x3ff}, pixels: words(4, 0x3ff00000, 0xffc00, 0x3ff, 0x3fffffff, 0)},
		{name: "32 bits, opacity that is 0 everywhere", info: 108, bits: 32, compression: bmpBitfields, masks: []uint32{0xff0000, 0xff00, 0xff, 0xff000000}, pixels: rgb32},
		{name: "translucent, version 4", info: 108, bits: 32, compression: bmpBitfields, masks: []uint32{0xff0000, 0xff00, 0xff, 0xff000000}, pixels: half},
		{name: "translucent, masks behind the header", info: 40, bits: 32, compression: bmpAlphaBitfields, masks: []uint32{0xff0000, 0xff00, 0xff, 0xff000000}, pixels: half},
		{name: "runs of 8 bits", info: 40, bits: 8, compression: bmpRLE8, used: 5, palette: palette16[:20], pixels: runs8},
		{name: "runs of 8 bits, the end not said", info: 40, bits: 8, compression: bmpRLE8, used: 5, palette: palette16[:20], pixels: runs8[:len(runs8)-2]},
		{name: "runs of 8 bits that leave the row", info: 40, bits: 8, compression: bmpRLE8, used: 5, palette: palette16[:20], pixels: []byte{
			1, 4, 1, 3, 1, 2, 1, 1, 200, 0, 255, 2, 0, 2, 255, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 5, 0, 1, 2, 3, 4, 0, 255, 1, 0, 1,
		}},
		{name: "runs of 4 bits that leave the row", info: 40, bits: 4, compression: bmpRLE4, palette: palette16, pixels: []byte{
			0, 4, 0x43, 0x21, 200, 0x01, 255, 0x23, 0, 0, 0, 5, 0x01, 0x23, 0x40, 0, 255, 0x12, 0, 1,
		}},
		{name: "runs of 4 bits", info: 40, bits: 4, compression: bmpRLE4, palette: palette16, pixels: runs4},
		{name: "runs of 24 bits of OS/2", info: 64, bits: 24, compression: bmpRLE24, pixels: []byte{
			0, 5, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0,
			1, 0, 0, 255, 1, 0, 255, 0, 1, 255, 0, 0, 1, 255, 255, 255, 1, 0, 0, 0, 0, 1,
		}},
	}
	want := []color.NRGBA64{{R: 0xffff}, {G: 0xffff}, {B: 0xffff}, {R: 0xffff, G: 0xffff, B: 0xffff}, {}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := Decode(t.Context(), bytes.NewReader(tt.file()), "a.bmp", Limits{})
			if err != nil {
				t.Fatal(err)
			}
			p := f.Picture
			if p.W != 5 || p.H != 2 {
				t.Fatalf("%dx%d", p.W, p.H)
			}
			opacity := uint16(0xffff)
			if strings.HasPrefix(tt.name, "translucent") {
				opacity = 0x8080
			}
			for i := range 10 {
				want := want[min(i, 9-i)]
				want.A = opacity
				if got := p.At(i%5, i/5); got != want {
					t.Errorf("pixel %d is %v, want %v", i, got, want)
				}
			}
		})
	}
}

// TestBMPRunsThatSkip checks that pixels outside all runs are transparent.
func TestBMPRunsThatSkip(t *testing.T) {
	file := bmpTest{
		info: 40, bits: 8, compression: bmpRLE8, used: 2, palette: []byte{1, 2, 3, 0, 4, 5, 6, 0},
		pixels: []byte{2, 1, 0, 2, 1, 1, 1, 0, 0, 1}, // two pixels, one to the right and up, one pixel
	}.file()
	f, err := Decode(t.Context(), bytes.NewReader(file), "a.bmp", Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := []float32{0, 0, 0, 1, 0, 1, 1, 0, 0, 0}
	for i, a := range want {
		if f.Picture.Alpha == nil || f.Picture.Alpha[i] != a {
			t.Fatalf("opacities %v, want %v", f.Picture.Alpha, want)
		}
	}
}

// TestBMPHoldsOtherFormats reads the JPEG or the PNG in a BMP.
func TestBMPHoldsOtherFormats(t *testing.T) {
	for path, compression := range map[string]uint32{"testdata/jpeg-420.jpg": bmpJPEG, "testdata/png-rgb.png": bmpPNG} {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want, err := Open(t.Context(), path, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(t.Context(), bytes.NewReader(bmpTest{info: 40, compression: compression, pixels: data}.file()), "a.bmp", Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if got.Format != BMP || !bytes.Equal(got.Picture.Image().Pix, want.Picture.Image().Pix) {
			t.Errorf("%s: another picture", path)
		}
	}
}

func TestBMPsThatAreRefused(t *testing.T) {
	rgb24 := words(3, 0xff0000, 0xff00, 0xff, 0xffffff, 0)
	for _, tt := range []struct {
		bmp  bmpTest
		kind error
		says string
	}{
		{bmpTest{info: 64, bits: 1, compression: bmpHuffman}, ErrFormat, "Huffman coding"},
		{bmpTest{info: 40, bits: 64, pixels: make([]byte, 80)}, ErrFormat, "64 bits a pixel"},
		{bmpTest{info: 40, bits: 32, compression: 11}, ErrFormat, "compression 11"},
		{bmpTest{info: 40, bits: 7}, ErrCorrupt, "7 bits a pixel"},
		{bmpTest{info: 40, bits: 24, compression: bmpRLE8}, ErrCorrupt, "compression 1 with 24 bits"},
		{bmpTest{info: 40, bits: 32, compression: bmpBitfields, masks: []uint32{0xff00ff, 0, 0}, pixels: make([]byte, 40)}, ErrCorrupt, "has a hole"},
		{bmpTest{info: 40, bits: 24, pixels: rgb24[:20]}, ErrCorrupt, "ends before the picture does"},
		{bmpTest{info: 40, bits: 8, compression: bmpRLE8, used: 1, palette: make([]byte, 4), pixels: []byte{5, 0, 0, 0, 4, 0}}, ErrCorrupt, "ends before the picture does"},
	} {
		_, err := Decode(t.Context(), bytes.NewReader(tt.bmp.file()), "a.bmp", Limits{})
		if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("want %q: %v", tt.says, err)
		}
	}
}
