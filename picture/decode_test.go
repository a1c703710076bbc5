package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fixtures returns the pictures in testdata that have reference pixels there.
func fixtures(t testing.TB) []string {
	t.Helper()
	wants, err := filepath.Glob("testdata/*.want")
	if err != nil || len(wants) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for i, w := range wants {
		wants[i] = strings.TrimSuffix(w, ".want")
	}
	return wants
}

// readWant returns the reference of a fixture; make.py documents its contents.
func readWant(t *testing.T, fixture string) *Picture {
	t.Helper()
	data, err := os.ReadFile(fixture + ".want")
	if err != nil {
		t.Fatal(err)
	}
	next := func() uint16 {
		v := binary.LittleEndian.Uint16(data)
		data = data[2:]
		return v
	}
	p := New(int(next()), int(next()))
	plane := p.W * p.H
	p.Alpha = make([]float32, plane)
	for i := range plane {
		for c := range 3 {
			p.RGB[c*plane+i] = float32(next()) / per8
		}
		p.Alpha[i] = float32(next()) / math.MaxUint16
	}
	return p
}

// tolerances, in levels, of the formats whose decoders may legitimately
// differ: the inverse DCT and the colour conversion of libjpeg, libwebp and
// Pillow round to whole levels several times.
var tolerances = map[string]float64{
	"jpeg-": 2.5,
	// Pillow converts YCCK and CMYK in 8-bit steps.
	"jpeg-cmyk": 3, "jpeg-ycck": 3,
	"webp-lossy": 2.5, "webp-lossless": 1e-3,
	// littlecms rounds to 16 bits and to whole levels; a larger gamut spreads what
	// JPEG decoders differ in.
	"profile-": 0.75, "profile-parts": 4, "profile-press": 2.5,
	"": 1e-3,
}

func tolerance(name string) float64 {
	best := ""
	for prefix := range tolerances {
		if strings.HasPrefix(name, prefix) && len(prefix) > len(best) {
			best = prefix
		}
	}
	return tolerances[best]
}

func TestDecodeAgainstReference(t *testing.T) {
	for _, path := range fixtures(t) {
		name := filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			got, err := srgb(Open(t.Context(), path, Limits{}))
			if err != nil {
				t.Fatal(err)
			}
			want := readWant(t, path)
			if got.W != want.W || got.H != want.H {
				t.Fatalf("size %dx%d, want %dx%d", got.W, got.H, want.W, want.H)
			}
			plane := got.W * got.H
			var worst, alphaWorst float64
			for i := range plane {
				a := float32(1)
				if got.Alpha != nil {
					a = got.Alpha[i]
				}
				alphaWorst = max(alphaWorst, math.Abs(float64(a-want.Alpha[i])))
				if want.Alpha[i] == 0 {
					continue // decoders are free to drop what cannot be seen
				}
				for c := range 3 {
					worst = max(worst, math.Abs(float64(got.RGB[c*plane+i]-want.RGB[c*plane+i])))
				}
			}
			if limit := tolerance(name); worst > limit {
				t.Errorf("levels differ by up to %.4g, allowed %g", worst, limit)
			}
			if alphaWorst > 1e-6 {
				t.Errorf("opacities differ by up to %.3g", alphaWorst)
			}
			translucent := false
			for _, a := range want.Alpha {
				translucent = translucent || a != 1
			}
			if translucent != (got.Alpha != nil) {
				t.Errorf("Alpha != nil is %v, want %v", got.Alpha != nil, translucent)
			}
			t.Logf("worst difference %.3g levels", worst)
		})
	}
}

// srgb returns the picture of a file in the levels of sRGB.
func srgb(f *File, err error) (*Picture, error) {
	if err != nil {
		return nil, err
	}
	return f.SRGB(), nil
}

func TestSizeIsAskedBeforeDecoding(t *testing.T) {
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, 30, 20))); err != nil {
		t.Fatal(err)
	}
	tooMany := errors.New("too many pixels together")
	var asked image.Point
	lim := Limits{Size: func(w, h int) error {
		asked = image.Pt(w, h)
		return tooMany
	}}
	cut := file.Bytes()[:file.Len()-20] // which a decoder of pixels would refuse
	if _, err := Decode(t.Context(), bytes.NewReader(cut), "a.png", lim); !errors.Is(err, tooMany) || asked != image.Pt(30, 20) {
		t.Errorf("asked for %v, error %v; expected 30x20 and %v", asked, err, tooMany)
	}
}
