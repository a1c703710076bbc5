package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/png"
	"math"
	"slices"
	"strings"
	"testing"
)

// pngOf returns a PNG of one row of colours, with chunks before the pixels.
func pngOf(t testing.TB, levels [][colors]uint16, chunks ...[]byte) []byte {
	t.Helper()
	m := image.NewNRGBA64(image.Rect(0, 0, len(levels), 1))
	for i, rgb := range levels {
		for c, v := range rgb {
			binary.BigEndian.PutUint16(m.Pix[8*i+2*c:], v)
		}
		m.Pix[8*i+6], m.Pix[8*i+7] = 0xff, 0xff
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return join(b.Bytes()[:pngHeaderEnd], join(chunks...), b.Bytes()[pngHeaderEnd:])
}

// Chunks that describe colours.
func cICP(codes ...byte) []byte { return pngChunk(append([]byte("cICP"), codes...)) }
func gAMA(gamma float64) []byte { return pngChunk(pngNumbers("gAMA", gamma)) }
func cHRM(g *gamut) []byte {
	return pngChunk(pngNumbers("cHRM", g.white[0], g.white[1], g.red[0], g.red[1], g.green[0], g.green[1], g.blue[0], g.blue[1]))
}

func pngNumbers(id string, values ...float64) []byte {
	b := []byte(id)
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, uint32(math.Round(v*pngUnit)))
	}
	return b
}

var sRGB = pngChunk([]byte("sRGB\x00"))

func iCCP(profile []byte) []byte {
	return pngChunk(append([]byte("iCCPname\x00\x00"), deflated(profile)...))
}

// pale are 16-bit colours that all colour spaces contain.
var pale = [][colors]uint16{{0, 0, 0}, {0xffff, 0xffff, 0xffff}, {0x8080, 0x8080, 0x8080}, {0x2020, 0x2020, 0x2020}, {0xa0a0, 0x7070, 0x6060}, {0x5050, 0x9090, 0x8080}, {0x7878, 0x7070, 0xb0b0}}

// TestDescribedColors compares levels with those that LittleCMS 2.14 computes, in
// floating point, from profiles with the same curves and primaries
// (testdata/described.py).
func TestDescribedColors(t *testing.T) {
	adobe := &gamut{[2]float64{0.64, 0.33}, [2]float64{0.21, 0.71}, [2]float64{0.15, 0.06}, whiteD65}
	for name, test := range map[string]struct {
		chunks []byte
		want   [][colors]float64 // colours outside sRGB are clipped
	}{
		"Display P3":            {cICP(12, 13, 0, 1), describedP3},
		"BT.709":                {cICP(1, 1, 0, 1), describedBT709},
		"BT.2020, 10 bits":      {cICP(9, 14, 0, 1), describedBT2020},
		"BT.2020, 12 bits":      {cICP(9, 15, 0, 1), describedBT2020},
		"gamma of 1.0":          {gAMA(1), describedLinear},
		"Adobe RGB":             {join(gAMA(1/2.2), cHRM(adobe)), describedAdobe},
		"primaries alone":       {cHRM((&cicp{primaries: primariesP3}).gamut()), describedP3},
		"linear by code points": {cICP(1, 8, 0, 1), describedLinear},
	} {
		f, err := Decode(t.Context(), bytes.NewReader(pngOf(t, pale, test.chunks)), name, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if f.Profile != nil || f.NotKept == "" || len(f.Warnings) > 0 {
			t.Errorf("%s: profile %v, %q, warnings %q", name, f.Profile, f.NotKept, f.Warnings)
		}
		for i, rgb := range test.want {
			for c, want := range rgb {
				if got := float64(f.Picture.RGB[c*len(pale)+i]); math.Abs(got-min(max(want, 0), maxLevel)) > 0.1 {
					t.Errorf("%s: level %d of colour %d is %.3f, want %.3f", name, c, i, got, want)
				}
			}
		}
	}
}

// TestColorsOfSRGB checks that descriptions of sRGB, and implausible ones, leave levels
// unchanged.
func TestColorsOfSRGB(t *testing.T) {
	linear := gAMA(1)
	for name, chunks := range map[string][]byte{
		"code points":            cICP(1, 13, 0, 1),
		"unspecified":            cICP(2, 2, 0, 1),
		"code points that lack":  cICP(1, 1),
		"chunk":                  sRGB,
		"chunk beside gamma":     join(linear, sRGB),
		"gamma":                  gAMA(1 / 2.2),
		"gamma, rounded":         gAMA(0.45),
		"gamma and primaries":    join(gAMA(1/2.2), cHRM(&srgbGamut)),
		"primaries":              cHRM(&srgbGamut),
		"gamma of 0":             gAMA(0),
		"gamma of 40000":         gAMA(40000),
		"primaries of no area":   cHRM(&gamut{[2]float64{0.3, 0.3}, [2]float64{0.3, 0.3}, [2]float64{0.3, 0.3}, whiteD65}),
		"primaries of zeros":     cHRM(&gamut{}),
		"white of zeros":         cHRM(&gamut{red: [2]float64{0.68, 0.32}, green: [2]float64{0.265, 0.69}, blue: [2]float64{0.15, 0.06}}),
		"gamma after the colour": nil,
	} {
		file := pngOf(t, pale, chunks)
		if chunks == nil {
			file = join(file[:len(file)-12], linear, file[len(file)-12:])
		}
		f, err := Decode(t.Context(), bytes.NewReader(file), name, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		plain, err := srgb(Decode(t.Context(), bytes.NewReader(pngOf(t, pale)), "plain", Limits{}))
		if err != nil {
			t.Fatal(err)
		}
		if d := levelsApart(f.SRGB(), plain); d > 0 || len(f.Warnings) > 0 {
			t.Errorf("%s: levels moved by up to %.3g; warnings %q", name, d, f.Warnings)
		}
	}
}

// TestPrecedence checks the precedence of cICP, iCCP, sRGB, and gAMA with cHRM;
// unsupported code points come last.
func TestPrecedence(t *testing.T) {
	_, wide := openProfile(t, "profile-gamma.png")
	profile := iCCP(wide.data)
	unknown := cICP(10, 17, 0, 1)
	decode := func(chunks ...[]byte) *File {
		f, err := Decode(t.Context(), bytes.NewReader(pngOf(t, pale, chunks...)), "a.png", Limits{})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	plain := decode()
	for _, test := range []struct {
		name    string
		got     *File
		want    *Picture
		warning string
	}{
		{"code points over a profile", decode(profile, cICP(12, 13, 0, 1)), decode(cICP(12, 13, 0, 1)).Picture, ""},
		{"code points of sRGB over a profile", decode(profile, cICP(1, 13, 0, 1)), plain.Picture, ""},
		{"a profile over gamma", decode(gAMA(1), profile), wide.ToSRGB(plain.Picture), ""},
		{"a profile over unknown code points", decode(unknown, profile), wide.ToSRGB(plain.Picture), ""},
		{"unknown code points", decode(unknown, gAMA(1)), plain.Picture, "its colours are described by code points that are not understood (CICP 10/17/0): its colours are taken for sRGB; "},
		{"code points of Y, Cb and Cr", decode(cICP(1, 13, 1, 1)), plain.Picture, "its colours are described by code points that are not understood (CICP 1/13/1): "},
	} {
		if d := levelsApart(test.got.SRGB(), test.want); d > 0 {
			t.Errorf("%s: levels differ by up to %.3g", test.name, d)
		}
		if w := strings.Join(test.got.Warnings, "\n"); (w == "") != (test.warning == "") || !strings.HasPrefix(w, test.warning) {
			t.Errorf("%s: warning %q", test.name, w)
		}
	}
}

// TestNarrowRange checks that levels of the narrow video range are expanded.
func TestNarrowRange(t *testing.T) {
	levels := [][colors]uint16{{16 * per8, 16 * per8, 16 * per8}, {235 * per8, 235 * per8, 235 * per8}, {0, 126 * per8, 255 * per8}}
	f, err := Decode(t.Context(), bytes.NewReader(pngOf(t, levels, cICP(1, 13, 0, 0))), "a.png", Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := []float32{0, 255, 0, 0, 255, 128.0822, 0, 255, 255}
	for i, v := range f.Picture.RGB {
		if math.Abs(float64(v-want[i])) > 1e-3 {
			t.Errorf("level %d is %v, want %v", i, v, want[i])
		}
	}
}

// TestHDR checks that pictures up to reference white, 203 cd/m2, keep their lights, and
// brighter ones are compressed. The codes are those of BT.2408, table 1: 38 % is a grey
// card of 26 cd/m2, and white is 58 % in PQ and 75 % in HLG.
func TestHDR(t *testing.T) {
	grey := func(codes ...float64) (row [][colors]uint16) {
		for _, v := range codes {
			s := uint16(math.Round(v * math.MaxUint16))
			row = append(row, [colors]uint16{s, s, s})
		}
		return row
	}
	decode := func(transfer byte, row [][colors]uint16) *File {
		f, err := Decode(t.Context(), bytes.NewReader(pngOf(t, row, cICP(9, transfer, 0, 1))), "a.png", Limits{})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	for name, test := range map[string]struct {
		transfer   byte
		card, page float64
		lamps      []float64 // up to 1000 cd/m2
	}{"PQ": {transferPQ, 0.38, 0.5807, []float64{0.65, 0.7, 0.751827}}, "HLG": {transferHLG, 0.38, 0.75, []float64{0.8, 0.9, 1}}} {
		f := decode(test.transfer, grey(0, test.card, test.page))
		if len(f.Warnings) > 0 && !strings.Contains(f.Warnings[0], "up to 203 ") {
			t.Errorf("%s: warnings %q", name, f.Warnings)
		}
		// 26 of 203 cd/m2 are level 100.5; BT.2408 rounds its percentages.
		if got := f.Picture.RGB[:3]; got[0] > 0.01 || math.Abs(float64(got[1])-100.5) > 2 || got[2] < 254 {
			t.Errorf("%s: black, a grey card and a page are %v", name, got)
		}
		dim := f.Picture.RGB[1]
		f = decode(test.transfer, grey(append([]float64{0, test.card, test.page}, test.lamps...)...))
		if want := "it is an HDR picture (" + name + ", up to 1000 cd/m2): "; len(f.Warnings) != 1 || !strings.HasPrefix(f.Warnings[0], want) {
			t.Errorf("%s: warnings %q, want %q", name, f.Warnings, want)
		}
		got := f.Picture.RGB[:6]
		if !slices.IsSorted(got) || got[2] > 250 || got[4] > 254.9 || got[5] < 254.5 {
			t.Errorf("%s: levels %v", name, got)
		}
		if d := got[1] - dim; d > 0.01 || d < -0.01 {
			t.Errorf("%s: a grey card is %v beside lamps and %v without", name, got[1], dim)
		}
		for i, v := range got {
			if math.Abs(float64(f.Picture.RGB[6+i]-v)) > 0.1 || math.Abs(float64(f.Picture.RGB[12+i]-v)) > 0.1 {
				t.Errorf("%s: grey %d has a colour", name, i)
			}
		}
	}
}

// FuzzPNGColors checks that any chunks give valid levels or an error.
func FuzzPNGColors(f *testing.F) {
	f.Add([]byte{9, 16, 0, 1}, []byte{0, 0, 0xb1, 0x8f}, pngNumbers("", 0.3, 0.3, 0.6, 0.3, 0.3, 0.6, 0.1, 0.1))
	f.Add([]byte{9, 18, 0, 0}, []byte{0xff, 0xff, 0xff, 0xff}, bytes.Repeat([]byte{0xff}, 32))
	f.Add([]byte{22, 4, 0, 0}, []byte{0, 0, 0, 1}, make([]byte, 32))
	f.Add([]byte{}, []byte{0, 1, 0, 0}, pngNumbers("", 0.3, 0.3, 0.6, 0.3, 0.3, 0.6, 0.1, 0.1))
	f.Fuzz(func(t *testing.T, code, gamma, primaries []byte) {
		var chunks [][]byte
		for id, body := range map[string][]byte{"cICP": code, "gAMA": gamma, "cHRM": primaries} {
			if len(body) > 0 {
				chunks = append(chunks, pngChunk(append([]byte(id), body...)))
			}
		}
		p, err := srgb(Decode(t.Context(), bytes.NewReader(pngOf(t, pale, chunks...)), "fuzz", hostileLimits))
		checkOutcome(t, "fuzz", p, err)
		if err != nil {
			return
		}
		for _, v := range p.RGB {
			if !(v >= 0 && v <= maxLevel) {
				t.Fatalf("level %v", v)
			}
		}
	})
}
