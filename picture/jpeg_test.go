package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestJPEGKinds reads files of cjpeg that image/jpeg does not support. The pictures are
// ramps, drawn by make.py. They lose a little where a chroma sample covers many pixels,
// most at the edges.
func TestJPEGKinds(t *testing.T) {
	files, err := filepath.Glob("testdata/jpeg/*.jpg")
	if err != nil || len(files) < 12 {
		t.Fatalf("%d fixtures: %v", len(files), err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			f, err := Open(t.Context(), path, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			p := f.Picture
			if p.W != 45 || p.H != 37 {
				t.Fatalf("%dx%d", p.W, p.H)
			}
			var worst, sum float64
			for i := range p.W * p.H {
				x, y := float64(i%p.W), float64(i/p.W)
				for c, want := range []float64{60 + 2*x, 200 - 2*y, 50 + x + y} {
					d := math.Abs(float64(p.RGB[c*p.W*p.H+i]) - want)
					worst, sum = max(worst, d), sum+d
				}
			}
			if mean := sum / float64(len(p.RGB)); worst > 6 || mean > 1 {
				t.Errorf("levels differ by up to %.1f, %.2f in the mean", worst, mean)
			}
		})
	}
}

// readTestJPEG returns a fixture and the position of its scan's data.
func readTestJPEG(t *testing.T, name string) (file []byte, coded int) {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("testdata/jpeg", name))
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(file, []byte{0xff, markerSOS})
	return file, at + 2 + int(binary.BigEndian.Uint16(file[at+2:]))
}

// standardJPEG is a picture with the standard tables.
func standardJPEG(t *testing.T) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 50, 40))
	for i := range m.Pix {
		m.Pix[i] = uint8(i * i >> 7)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func without(file []byte, markers ...byte) []byte {
	out := []byte{0xff, markerSOI}
	jpegMarkers(file, func(s jpegSegment, coded []byte) bool {
		if !bytes.Contains(markers, []byte{s.marker}) {
			out = appendSegment(out, s)
		}
		out = append(out, coded...)
		return true
	})
	return append(out, 0xff, markerEOI)
}

// TestJPEGDamageThatCostsNothing reads invalid JPEGs that have every pixel.
func TestJPEGDamageThatCostsNothing(t *testing.T) {
	standard := standardJPEG(t)
	restarts, coded := readTestJPEG(t, "restarts.jpg")
	progressive, _ := readTestJPEG(t, "progressive.jpg")
	odd, _ := readTestJPEG(t, "3x1-1x1-1x1.jpg")
	first := coded + bytes.Index(restarts[coded:], []byte{0xff, markerRST0})
	third := coded + bytes.Index(restarts[coded:], []byte{0xff, markerRST0 + 2})
	size := bytes.Index(standard, []byte{0xff, markerSOF0}) + 5
	insert := func(file []byte, at int, bytes ...byte) []byte { return join(file[:at], bytes, file[at:]) }
	noHeight := bytes.Clone(standard)
	copy(noHeight[size:], []byte{0, 0})
	misnumbered := bytes.Clone(restarts)
	misnumbered[first+1], misnumbered[third+1] = markerRST0+5, markerRST0

	tests := []struct {
		name       string
		good, file []byte
	}{
		{"no end", standard, standard[:len(standard)-2]},
		{"half an end", standard, standard[:len(standard)-1]},
		{"no end, progressive", progressive, progressive[:len(progressive)-2]},
		{"no end, odd sampling", odd, odd[:len(odd)-2]},
		{"no Huffman tables", standard, without(standard, markerDHT)},
		{"two beginnings", standard, insert(standard, 0, 0xff, markerSOI)},
		{"fill bytes", standard, insert(standard, 2, 0xff, 0xff, 0xff)},
		{"bytes between segments", standard, insert(standard, 2+2+int(binary.BigEndian.Uint16(standard[4:])), 0, 1, 2)},
		{"bytes behind the end", standard, append(bytes.Clone(standard), "\x00\x00\xff\xdaftypmp42"...)},
		{"restart interval without restarts", standard, insert(standard, 2, 0xff, markerDRI, 0, 4, 0, 3)},
		{"a restart behind the last interval", standard, insert(standard, len(standard)-2, 0xff, markerRST0)},
		{"height behind the scan", standard, insert(noHeight, len(standard)-2, 0xff, markerDNL, 0, 4, 0, 40)},
		{"restarts misnumbered", restarts, misnumbered},
		{"bytes before a restart", restarts, insert(restarts, first, 0x12, 0x34)},
		{"fill bytes before a restart", restarts, insert(restarts, first, 0xff, 0xff)},
		{"a restart missing", restarts, join(restarts[:first], restarts[first+2:])},
		{"two restarts missing", restarts, join(restarts[:first], restarts[first+2:third], restarts[third+2:])},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want, err := Decode(t.Context(), bytes.NewReader(tt.good), "good.jpg", Limits{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decode(t.Context(), bytes.NewReader(tt.file), "a.jpg", Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if got.Picture.W != want.Picture.W || got.Picture.H != want.Picture.H {
				t.Fatalf("%dx%d", got.Picture.W, got.Picture.H)
			}
			for i, v := range want.Picture.RGB {
				// After the split, chroma is rounded once more.
				if d := math.Abs(float64(v - got.Picture.RGB[i])); d > 1.5 {
					t.Fatalf("level %d differs by %g", i, d)
				}
			}
		})
	}
}

// TestJPEGSplitIsExact compares the components of a split file with those that
// image/jpeg decodes.
func TestJPEGSplitIsExact(t *testing.T) {
	paths, err := filepath.Glob("testdata/jpeg-*.jpg")
	if err != nil {
		t.Fatal(err)
	}
	paths = append(paths, "testdata/jpeg/restarts.jpg")
	n := 0
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := readJPEG(data)
		if err != nil {
			t.Fatal(err)
		}
		m, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		ycc, ok := m.(*image.YCbCr)
		if !ok {
			continue
		}
		files, err := f.split(t.Context())
		if err != nil {
			t.Fatal(path, err)
		}
		n++
		for i, plane := range [][]byte{ycc.Y, ycc.Cb, ycc.Cr} {
			m, err := jpeg.Decode(bytes.NewReader(files[i]))
			if err != nil {
				t.Fatal(path, err)
			}
			grey, ok := m.(*image.Gray)
			if !ok {
				t.Fatalf("%s: component %d is %T", path, i, m)
			}
			stride := ycc.CStride
			if i == 0 {
				stride = ycc.YStride
			}
			for y := range grey.Rect.Dy() {
				if w := grey.Rect.Dx(); !bytes.Equal(grey.Pix[y*grey.Stride:][:w], plane[y*stride:][:w]) {
					t.Fatalf("%s: component %d differs in row %d", path, i, y)
				}
			}
		}
	}
	if n < 10 {
		t.Errorf("only %d files", n)
	}
}

// TestJPEGCutShort checks that incomplete pictures are refused with a clear error.
func TestJPEGCutShort(t *testing.T) {
	standard := standardJPEG(t)
	restarts, coded := readTestJPEG(t, "restarts.jpg")
	odd, oddCoded := readTestJPEG(t, "3x1-1x1-1x1.jpg")
	progressive, _ := readTestJPEG(t, "progressive.jpg")
	last := bytes.LastIndex(progressive, []byte{0xff, markerSOS})
	end := []byte{0xff, markerEOI}
	scan := bytes.Index(standard, []byte{0xff, markerSOS})
	for name, file := range map[string][]byte{
		"half":                       standard[:(scan+len(standard))/2],
		"half, with an end":          join(standard[:(scan+len(standard))/2], end),
		"a few bytes":                standard[:len(standard)-9],
		"header":                     standard[:scan-30],
		"header of the scan":         standard[:scan+7],
		"odd sampling":               odd[:(oddCoded+len(odd))/2],
		"restarts":                   restarts[:(coded+len(restarts))/2],
		"last scan of a progressive": progressive[:last],
		"in the last scan":           progressive[:last+12],
	} {
		_, err := Decode(t.Context(), bytes.NewReader(file), "a.jpg", Limits{})
		if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "ends before the picture does") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestJPEGKindsThatAreNamed(t *testing.T) {
	frame := func(marker, precision, components byte) []byte {
		file := appendSegment([]byte{0xff, markerSOI}, jpegSegment{markerAPP0, []byte("JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")})
		body := []byte{precision, 0, 8, 0, 8, components}
		for i := range components {
			body = append(body, i+1, 0x11, 0)
		}
		return appendSegment(file, jpegSegment{marker, body})
	}
	for says, file := range map[string][]byte{
		"(arithmetic coding)":                  frame(0xc9, 8, 3),
		"(12 bits a sample)":                   frame(markerSOF1, 12, 3),
		"(lossless coding)":                    frame(0xc3, 8, 3),
		"(hierarchical coding)":                frame(0xc5, 8, 3),
		"(JPEG-LS, a lossless coding)":         frame(markerLS, 8, 3),
		"(2 components)":                       frame(markerSOF0, 8, 2),
		"(lossless coding, arithmetic coding)": frame(0xcb, 8, 3),
	} {
		_, err := Decode(t.Context(), bytes.NewReader(file), "a.jpg", Limits{})
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), says) {
			t.Errorf("want %q: %v", says, err)
		}
	}
}

// TestCMYKJPEGWithoutAdobe checks that levels of ink are inverted only if Adobe's
// segment says so.
func TestCMYKJPEGWithoutAdobe(t *testing.T) {
	data, err := os.ReadFile("testdata/jpeg-cmyk.jpg")
	if err != nil {
		t.Fatal(err)
	}
	cmyk := func(data []byte) *image.CMYK {
		r, err := decodeJPEG(t.Context(), data, Limits{}.orDefault())
		if err != nil {
			t.Fatal(err)
		}
		m, ok := r.image.(*image.CMYK)
		if !ok {
			t.Fatalf("%T", r.image)
		}
		return m
	}
	adobe, none := cmyk(data), cmyk(without(data, markerAPP14))
	for i, v := range adobe.Pix {
		if none.Pix[i] != 255-v {
			t.Fatalf("sample %d is %d without the segment, %d with it", i, none.Pix[i], v)
		}
	}
}

// TestColoursOfJPEG follows libjpeg: JFIF means Y, Cb and Cr, whatever Adobe's segment
// says, before or after it.
func TestColoursOfJPEG(t *testing.T) {
	file := standardJPEG(t)
	jfif := jpegSegment{markerAPP0, []byte("JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")}
	rgb := jpegSegment{markerAPP14, []byte("Adobe\x00\x64\x00\x00\x00\x00\x00")}
	for name, tt := range map[string]struct {
		segments []jpegSegment
		model    color.Model
	}{
		"none":            {nil, color.YCbCrModel},
		"Adobe":           {[]jpegSegment{rgb}, color.RGBAModel},
		"JFIF then Adobe": {[]jpegSegment{jfif, rgb}, color.YCbCrModel},
		"Adobe then JFIF": {[]jpegSegment{rgb, jfif}, color.YCbCrModel},
	} {
		head := []byte{0xff, markerSOI}
		for _, s := range tt.segments {
			head = appendSegment(head, s)
		}
		r, err := decodeJPEG(t.Context(), join(head, file[2:]), Limits{}.orDefault())
		if err != nil {
			t.Fatal(err)
		}
		if r.image.ColorModel() != tt.model {
			t.Errorf("%s: %T", name, r.image)
		}
	}
}

// scansOf returns a progressive JPEG of w by h pixels whose scans, after that of the DC
// coefficients, say in a few bytes that no coefficient changes.
func scansOf(w, h, components, scans int) []byte {
	f := jpegFile{sof: markerSOF2}
	for i := range components {
		f.components = append(f.components, jpegComponent{id: byte(i + 1), h: 1, v: 1})
	}
	file := appendSegment([]byte{0xff, markerSOI}, f.frame(w, h, f.components))
	// Both tables have one code, 0, which means no difference, or a run of 2^14 blocks
	// without coefficients.
	one := append([]byte{0, 1}, make([]byte, 15)...)
	file = appendSegment(file, jpegSegment{markerDHT, append(one, 0)})
	one[0] = 0x10
	file = appendSegment(file, jpegSegment{markerDHT, append(one, 0xe0)})
	blocks := divUp(w, 8) * divUp(h, 8)
	for i := range components {
		file = appendSegment(file, jpegSegment{markerSOS, []byte{1, byte(i + 1), 0, 0, 0, 0}})
		file = append(file, make([]byte, divUp(blocks, 8)+2)...)
	}
	for i := range scans {
		file = appendSegment(file, jpegSegment{markerSOS, []byte{1, byte(i%components + 1), 0, 1, 63, 0}})
		file = append(file, make([]byte, 2*divUp(blocks, 1<<14)+2)...)
	}
	return append(file, 0xff, markerEOI)
}

// TestScansAreBounded checks that scans that cost far more than they can show are
// refused before any is decoded.
func TestScansAreBounded(t *testing.T) {
	for _, tt := range []struct {
		components, scans int
		says              string
	}{
		{1, 40, ""},
		{3, 90, ""},
		{3, 490, "more than 100 scans"},
		{1, 80, "more than 64 times"},
	} {
		t.Run(fmt.Sprint(tt.scans), func(t *testing.T) {
			file := scansOf(640, 480, tt.components, tt.scans)
			_, err := Decode(t.Context(), bytes.NewReader(file), "a.jpg", Limits{})
			if tt.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %q", err, tt.says)
			}
			if used := allocated(func() { _, _ = readJPEG(file) }); used > 1<<20 {
				t.Errorf("%d bytes allocated", used)
			}
		})
	}
}
