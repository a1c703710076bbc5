package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// openProfile returns a fixture as it is stored, and its profile.
func openProfile(t testing.TB, name string) (*Picture, *Profile) {
	t.Helper()
	p, f, err := OpenAsStored(filepath.Join("testdata", name), Limits{})
	if err != nil || f == nil {
		t.Fatalf("%s: profile %v, error %v", name, f, err)
	}
	return p, f
}

// TestProfileBack: what a profile makes of sRGB comes back, for colours that both
// have.
func TestProfileBack(t *testing.T) {
	for _, name := range []string{"profile-p3.png", "profile-gamma.png", "profile-sampled.png", "profile-linear.png"} {
		_, f := openProfile(t, name)
		want := clouds(1, 32, 24, [3]float64{100, 120, 140}, 20)
		stored := f.FromSRGB(want)
		if levelsApart(stored, want) < 1 {
			t.Errorf("%s: its levels are those of sRGB", name)
		}
		// The curves are straight between 32nd parts of a level.
		if worst := levelsApart(f.ToSRGB(stored), want); worst > 0.01 {
			t.Errorf("%s: levels come back %.3g away", name, worst)
		}
	}
}

func levelsApart(a, b *Picture) (worst float64) {
	for i, v := range a.RGB {
		worst = max(worst, math.Abs(float64(v-b.RGB[i])))
	}
	return worst
}

// TestProfileIsKept: a profile comes back, byte by byte, from every format, with
// the levels that it came with, and a note.
func TestProfileIsKept(t *testing.T) {
	_, short := openProfile(t, "profile-p3.png")
	long := newProfile(append(bytes.Clone(short.data), make([]byte, 1<<16)...)) // two segments of a JPEG
	for _, f := range []*Profile{short, long} {
		for _, format := range []Format{PNG, JPEG, WebP, TIFF} {
			for _, note := range []string{"", testNote} {
				p := clouds(1, 13, 9, [3]float64{100, 120, 140}, 20)
				var plain, kept bytes.Buffer
				if err := Encode(&plain, p, format, SaveOptions{}); err != nil {
					t.Fatal(err)
				}
				if err := Encode(&kept, p, format, SaveOptions{Profile: f, Note: note}); err != nil {
					t.Fatal(err)
				}
				got, _ := findNote(kept.Bytes(), format)
				if got != note {
					t.Errorf("%s: the note beside a profile is %q", format, got)
				}
				a, none, err := DecodeAsStored(&plain, "plain", Limits{})
				if err != nil || none != nil {
					t.Fatalf("%s: profile %v, error %v", format, none, err)
				}
				b, again, err := DecodeAsStored(&kept, "kept", Limits{})
				if err != nil || again == nil {
					t.Fatalf("%s: profile %v, error %v", format, again, err)
				}
				if !bytes.Equal(again.data, f.data) {
					t.Errorf("%s: a profile of %d bytes is another one", format, len(f.data))
				}
				if !equalPictures(a, b) {
					t.Errorf("%s: the profile changes the levels as they are stored", format)
				}
			}
		}
	}
}

// TestProfileOfGIFAndBMP: it is found, byte by byte, where these formats have it, which
// are only read, and used; and pictures are as they were.
func TestProfileOfGIFAndBMP(t *testing.T) {
	_, want := openProfile(t, "profile-p3.png")
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	extended := func(name, id string) []byte {
		file := read(name)
		var extension []byte
		for _, block := range append([][]byte{[]byte(id)}, slices.Collect(slices.Chunk(want.data, 255))...) {
			extension = append(append(extension, byte(len(block))), block...)
		}
		colours := 13 + 3<<(file[10]&7+1)
		return join(file[:colours], []byte{0x21, 0xfe, 2, 'h', 'i', 0, 0x21, 0xff}, extension, []byte{0}, file[colours:])
	}
	// The header of version 5 is that of version 1 and 84 bytes more.
	fifth := func(space string, at, n int) []byte {
		file := read("bmp.bmp")
		le := binary.LittleEndian
		info := append(bytes.Clone(file[14:54]), make([]byte, 84)...)
		le.PutUint32(info, 124)
		copy(info[56:], space)
		le.PutUint32(info[112:], uint32(at))
		le.PutUint32(info[116:], uint32(n))
		header := bytes.Clone(file[:14])
		le.PutUint32(header[10:], le.Uint32(header[10:])+84)
		return join(header, info, file[54:], want.data)
	}
	behind := len(read("bmp.bmp")) - 14 + 84
	for _, test := range []struct {
		name, plain string
		file        []byte
		found       []byte // nil for none
	}{
		{"GIF", "gif.gif", extended("gif.gif", "ICCRGBG1012"), want.data},
		{"GIF with another extension", "gif.gif", extended("gif.gif", "NETSCAPE2.0"), nil},
		{"BMP", "bmp.bmp", fifth("DEBM", behind, len(want.data)), want.data},
		{"BMP in sRGB", "bmp.bmp", fifth("BGRs", 0, 0), nil},
		{"BMP with a profile elsewhere", "bmp.bmp", fifth("KNIL", behind, 20), []byte{}},
		{"BMP with a profile beyond its end", "bmp.bmp", fifth("DEBM", behind, len(want.data)+1), []byte{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, f, err := DecodeAsStored(bytes.NewReader(test.file), test.name, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if (f == nil) != (test.found == nil) || f != nil && !bytes.Equal(f.data, test.found) {
				t.Errorf("found the profile %v", f)
			}
			if f != nil && (f.Err() == nil) != (len(test.found) > 0) {
				t.Errorf("a profile of %d bytes: %v", len(test.found), f.Err())
			}
			plain, err := Decode(bytes.NewReader(read(test.plain)), test.plain, Limits{})
			if err != nil || !equalPictures(p, plain) {
				t.Errorf("another picture, %v", err)
			}
			managed, err := Decode(bytes.NewReader(test.file), test.name, Limits{})
			if err != nil || equalPictures(managed, plain) != (len(test.found) == 0) {
				t.Errorf("error %v, or a profile that is not used, or none that is", err)
			}
		})
	}
}

// TestProfilesThatAreNotUnderstood: levels stay, and a sentence says why.
func TestProfilesThatAreNotUnderstood(t *testing.T) {
	for name, said := range map[string]string{
		"profile-cmyk.png":  `its colour profile "A press" is for CMYK: `,
		"profile-table.tif": `its colour profile "A scanner" has a table in place of a matrix: `,
	} {
		p, f := openProfile(t, name)
		err := f.Err()
		if !errors.Is(err, ErrProfile) || !strings.HasPrefix(err.Error(), said) {
			t.Errorf("%s: %v", name, err)
		}
		if !equalPictures(p, f.ToSRGB(p)) {
			t.Errorf("%s: its levels changed", name)
		}
		if err := Encode(new(bytes.Buffer), p, PNG, SaveOptions{Profile: f}); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: saved with it: %v", name, err)
		}
	}
	for name, damage := range map[string]func(d []byte) []byte{
		"cut":              func(d []byte) []byte { return d[:200] },
		"empty":            func([]byte) []byte { return nil },
		"no curve":         func(d []byte) []byte { return bytes.Replace(d, []byte("gTRC"), []byte("none"), 1) },
		"no primary":       func(d []byte) []byte { return bytes.Replace(d, []byte("bXYZ"), []byte("none"), 1) },
		"a curve unknown":  func(d []byte) []byte { return bytes.Replace(d, []byte("para\x00"), []byte("none\x00"), 1) },
		"far":              func(d []byte) []byte { return append(bytes.Clone(d[:132]), bytes.Repeat([]byte{0xff}, 99)...) },
		"huge":             func([]byte) []byte { return make([]byte, maxProfile+1) },
		"primaries in one": func(d []byte) []byte { return bytes.ReplaceAll(d, []byte("gXYZ"), []byte("rXYZ")) },
	} {
		_, f := openProfile(t, "profile-p3.png")
		if err := newProfile(damage(f.data)).Err(); !errors.Is(err, ErrProfile) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSRGBProfile: the profile of sRGB leaves levels as they are, to the bit.
func TestSRGBProfile(t *testing.T) {
	p, f := openProfile(t, "profile-srgb.png")
	managed, err := Open("testdata/profile-srgb.png", Limits{})
	if err != nil || f.Err() != nil {
		t.Fatal(err, f.Err())
	}
	if levelsApart(p, managed) != 0 {
		t.Error("levels changed")
	}
}

// TestGreyProfile: a profile of greys is not for a picture with colours, nor to be
// kept.
func TestGreyProfile(t *testing.T) {
	_, f := openProfile(t, "profile-grey.png")
	if f.Err() != nil || !f.Grey() {
		t.Fatalf("%v, grey %v", f.Err(), f.Grey())
	}
	p, _ := openProfile(t, "profile-p3.png")
	var b bytes.Buffer
	if err := Encode(&b, p, PNG, SaveOptions{Profile: f}); !errors.Is(err, ErrFormat) {
		t.Errorf("saved with it: %v", err)
	}
	if err := Encode(&b, p, PNG, SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	chunk := pngChunk(append([]byte("iCCPgrey\x00\x00"), deflated(f.data)...))
	file := join(b.Bytes()[:pngHeaderEnd], chunk, b.Bytes()[pngHeaderEnd:])
	if _, f, err := DecodeAsStored(bytes.NewReader(file), "a.png", Limits{}); err != nil || f.Err() == nil {
		t.Errorf("with colours: %v, error %v", f.Err(), err)
	}
}

// FuzzProfile: no bytes make a profile fail in any other way than by saying so,
// and levels stay levels.
func FuzzProfile(f *testing.F) {
	paths, err := filepath.Glob("testdata/profile-*.want")
	if err != nil || len(paths) == 0 {
		f.Fatal(err)
	}
	for _, path := range paths {
		_, profile := openProfile(f, strings.TrimSuffix(filepath.Base(path), ".want"))
		f.Add(profile.data)
	}
	if cut, err := os.ReadFile("testdata/profile-p3.png"); err == nil {
		f.Add(cut[:100])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		profile := newProfile(data)
		if err := profile.Err(); err != nil && (strings.ContainsAny(err.Error(), "\n\r\x00") || len(err.Error()) > 400) {
			t.Errorf("not a clear sentence: %q", err)
		}
		p := clouds(1, 5, 4, [3]float64{100, 120, 140}, 90)
		for _, q := range []*Picture{profile.ToSRGB(p), profile.FromSRGB(p)} {
			for _, v := range q.RGB {
				if !(v >= 0 && v <= maxLevel) {
					t.Fatalf("level %v", v)
				}
			}
		}
	})
}
