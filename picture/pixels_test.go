package picture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"math"
	"os"
	"testing"
)

func TestFromImageKeepsPrecision(t *testing.T) {
	rect := image.Rect(3, 5, 4, 6) // one pixel, not at the origin
	nrgba := image.NewNRGBA(rect)
	nrgba.SetNRGBA(3, 5, color.NRGBA{R: 200, G: 13, B: 255, A: 1})
	hidden := image.NewNRGBA(rect)
	hidden.SetNRGBA(3, 5, color.NRGBA{R: 200, G: 13, B: 255})
	nrgba64 := image.NewNRGBA64(rect)
	nrgba64.SetNRGBA64(3, 5, color.NRGBA64{R: 25764, G: 1, B: 65535, A: 257})
	rgba := image.NewRGBA(rect)
	rgba.SetRGBA(3, 5, color.RGBA{R: 100, G: 0, B: 128, A: 128})
	rgba64 := image.NewRGBA64(rect)
	rgba64.SetRGBA64(3, 5, color.RGBA64{R: 25764, G: 1, B: 65535, A: 65535})
	grey16 := image.NewGray16(rect)
	grey16.SetGray16(3, 5, color.Gray16{Y: 25764})
	cmyk := image.NewCMYK(rect)
	cmyk.SetCMYK(3, 5, color.CMYK{C: 0, M: 255, Y: 51, K: 51})
	palette := image.NewPaletted(rect, color.Palette{color.Black, color.NRGBA{R: 200, G: 13, B: 255, A: 1}})
	palette.SetColorIndex(3, 5, 1)

	const one8, one16 = 1. / 255, 257. / 65535
	tests := []struct {
		m          image.Image
		r, g, b, a float64
	}{
		{nrgba, 200, 13, 255, one8},
		{hidden, 200, 13, 255, 0},
		{nrgba64, 100.249, 1. / 257, 255, one16},
		{rgba, 199.219, 0, 255, 128. / 255},
		{rgba64, 100.249, 1. / 257, 255, 1},
		{grey16, 100.249, 100.249, 100.249, 1},
		{cmyk, 204, 0, 163.2, 1},
		{palette, 200, 13, 255, one8},
		{uniform{rect, color.NRGBA{R: 200, G: 13, B: 255, A: 1}}, 200, 13, 255, one8},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%T", tt.m), func(t *testing.T) {
			p := FromImage(tt.m)
			a := float32(1)
			if p.Alpha != nil {
				a = p.Alpha[0]
			}
			for i, want := range []float64{tt.r, tt.g, tt.b} {
				if math.Abs(float64(p.RGB[i])-want) > 2e-3 {
					t.Errorf("channel %d is %v, want %v", i, p.RGB[i], want)
				}
			}
			if math.Abs(float64(a)-tt.a) > 1e-6 {
				t.Errorf("opacity %v, want %v", a, tt.a)
			}
		})
	}
}

// uniform is an image of a type that the package does not know.
type uniform struct {
	rect image.Rectangle
	c    color.Color
}

func (u uniform) ColorModel() color.Model { return color.NRGBAModel }
func (u uniform) Bounds() image.Rectangle { return u.rect }
func (u uniform) At(x, y int) color.Color { return u.c }

func TestImageRoundTrip(t *testing.T) {
	p := noise(9, 7, true)
	again := FromImage(p.Image16())
	for i := range p.RGB {
		if math.Abs(float64(again.RGB[i]-p.RGB[i])) > 0.51/per8 {
			t.Fatalf("level %v became %v", p.RGB[i], again.RGB[i])
		}
	}
}

// The position of a chroma edge in a cropped 4:2:0 image must not change.
func TestCroppedChroma(t *testing.T) {
	whole := image.NewYCbCr(image.Rect(0, 0, 16, 16), image.YCbCrSubsampleRatio420)
	for i := range whole.Y {
		whole.Y[i] = 128
	}
	for i := range whole.Cb {
		whole.Cb[i] = uint8(64 + 16*(i%8))
		whole.Cr[i] = uint8(64 + 16*(i/8))
	}
	all := FromImage(whole)
	crop := FromImage(whole.SubImage(image.Rect(5, 3, 12, 14)))
	for y := 1; y < crop.H-1; y++ {
		for x := 1; x < crop.W-1; x++ {
			for c := range 3 {
				got, want := crop.RGB[(c*crop.H+y)*crop.W+x], all.RGB[(c*16+y+3)*16+x+5]
				if got != want {
					t.Fatalf("channel %d at %d,%d is %v, want %v", c, x, y, got, want)
				}
			}
		}
	}
}

// The corner of the upright picture at which the first stored row and column are, for
// each orientation (TIFF 6.0, page 36).
func TestOrientations(t *testing.T) {
	// Stored: a b c / d e f.
	want := map[orientation]string{
		1: "abc/def", 2: "cba/fed", 3: "fed/cba", 4: "def/abc",
		5: "ad/be/cf", 6: "da/eb/fc", 7: "fc/eb/da", 8: "cf/be/ad",
		0: "abc/def", 9: "abc/def", -1: "abc/def",
	}
	stored := image.NewGray(image.Rect(0, 0, 3, 2))
	copy(stored.Pix, "abcdef")
	for o, rows := range want {
		p := oriented(stored, fullRange, o)
		var got []byte
		for i := range p.W * p.H {
			if i > 0 && i%p.W == 0 {
				got = append(got, '/')
			}
			got = append(got, byte(p.RGB[2*p.W*p.H+i]))
		}
		if string(got) != rows {
			t.Errorf("orientation %d: %s, want %s", o, got, rows)
		}
	}
}

func TestBrokenExifIsIgnored(t *testing.T) {
	whole, err := os.ReadFile("testdata/jpeg-orientation-6.jpg")
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(whole, []byte(exifPrefix)) + len(exifPrefix)
	for i, garbage := range []string{"XXXX", "II*\x00\xff\xff\xff\xff", "MM\x00*\x00\x00\x00\x08\xff\xff"} {
		data := bytes.Clone(whole)
		copy(data[at:], garbage)
		p, err := srgb(Decode(t.Context(), bytes.NewReader(data), "broken.jpg", Limits{}))
		if err != nil || p.W != 19 {
			t.Errorf("garbage %d: %v, error %v; want the picture as stored", i, p, err)
		}
	}
}

func TestAnimatedWebPFrameOnCanvas(t *testing.T) {
	const canvasW, canvasH, x, y = 30, 24, 4, 6
	p := noise(11, 9, false)
	var still bytes.Buffer
	if err := Encode(&still, p, WebP, SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	bitstream := still.Bytes()[riffHeaderLen:]
	le := binary.LittleEndian
	file := append([]byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x12\x00\x00\x00"), canvasW-1, 0, 0, canvasH-1, 0, 0)
	file = le.AppendUint32(append(file, "ANMF"...), uint32(anmfLen+len(bitstream)))
	file = append(file, x/2, 0, 0, y/2, 0, 0, byte(p.W-1), 0, 0, byte(p.H-1), 0, 0, 100, 0, 0, 0)
	file = append(file, bitstream...)

	got, err := srgb(Decode(t.Context(), bytes.NewReader(file), "animated.webp", Limits{}))
	if err != nil {
		t.Fatal(err)
	}
	if got.W != canvasW || got.H != canvasH || got.Alpha == nil {
		t.Fatalf("%dx%d, alpha %v", got.W, got.H, got.Alpha != nil)
	}
	for i, a := range got.Alpha {
		fx, fy := i%canvasW-x, i/canvasW-y
		inside := fx >= 0 && fy >= 0 && fx < p.W && fy < p.H
		if (a == 1) != inside {
			t.Fatalf("opacity %v at %d,%d", a, i%canvasW, i/canvasW)
		}
		if inside && math.Abs(float64(got.RGB[i]-p.RGB[fy*p.W+fx])) > 0.51 {
			t.Fatalf("red %v, want %v", got.RGB[i], p.RGB[fy*p.W+fx])
		}
	}
}
