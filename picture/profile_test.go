package picture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// openProfile returns the stored picture of a fixture and its profile.
func openProfile(t testing.TB, name string) (*Picture, *Profile) {
	t.Helper()
	f, err := Open(t.Context(), filepath.Join("testdata", name), Limits{})
	if err != nil || f.Profile == nil {
		t.Fatalf("%s: file %v, error %v", name, f, err)
	}
	return f.Picture, f.Profile
}

// TestProfileBack checks that FromSRGB inverts ToSRGB for colours in both gamuts.
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

// TestProfileIsKept checks that every format keeps a profile byte by byte, together
// with the levels and a record.
func TestProfileIsKept(t *testing.T) {
	_, short := openProfile(t, "profile-p3.png")
	long := &Profile{append(bytes.Clone(short.data), make([]byte, 1<<16)...), short.space} // two segments of a JPEG
	for _, f := range []*Profile{short, long} {
		for _, format := range []Format{PNG, JPEG, WebP, TIFF} {
			for _, record := range []string{"", testRecord} {
				p := clouds(1, 13, 9, [3]float64{100, 120, 140}, 20)
				var plain, kept bytes.Buffer
				if err := Encode(&plain, p, format, SaveOptions{}); err != nil {
					t.Fatal(err)
				}
				if err := Encode(&kept, p, format, SaveOptions{Profile: f, Record: record}); err != nil {
					t.Fatal(err)
				}
				got, _ := findRecord(kept.Bytes(), format)
				if got != record {
					t.Errorf("%s: the record beside a profile is %q", format, got)
				}
				a, err := Decode(t.Context(), &plain, "plain", Limits{})
				if err != nil || a.Profile != nil {
					t.Fatalf("%s: file %v, error %v", format, a, err)
				}
				b, err := Decode(t.Context(), &kept, "kept", Limits{})
				if err != nil || b.Profile == nil {
					t.Fatalf("%s: file %v, error %v", format, b, err)
				}
				if !bytes.Equal(b.Profile.data, f.data) {
					t.Errorf("%s: a profile of %d bytes is another one", format, len(f.data))
				}
				if !equalPictures(a.Picture, b.Picture) {
					t.Errorf("%s: the profile changes the levels as they are stored", format)
				}
			}
		}
	}
}

// TestProfileOfGIFAndBMP checks that the profiles of these formats, which are only
// read, are found byte by byte and used, and that pictures do not change.
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
			file, err := Decode(t.Context(), bytes.NewReader(test.file), test.name, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			f := file.Profile
			if (f != nil) != (len(test.found) > 0) || f != nil && !bytes.Equal(f.data, test.found) {
				t.Errorf("found the profile %v", f)
			}
			lost := test.found != nil && len(test.found) == 0
			if (len(file.Warnings) > 0) != lost || (file.NotKept != "") != lost {
				t.Errorf("a profile of %d bytes: %q, warnings %q", len(test.found), file.NotKept, file.Warnings)
			}
			plain, err := srgb(Decode(t.Context(), bytes.NewReader(read(test.plain)), test.plain, Limits{}))
			if err != nil || !equalPictures(file.Picture, plain) {
				t.Errorf("another picture, %v", err)
			}
			if equalPictures(file.SRGB(), plain) != (len(test.found) == 0) {
				t.Error("a profile that is not used, or none that is")
			}
		})
	}
}

// TestProfilesThatAreNotKept checks that their pictures are converted to sRGB, and that
// a clause names the profile.
func TestProfilesThatAreNotKept(t *testing.T) {
	for name, want := range map[string]string{
		"profile-table.tif":      `its colour profile "A scanner" has a table of colours`,
		"profile-table8.png":     `its colour profile "An old scanner" has a table of colours`,
		"profile-modular.png":    `its colour profile "A camera" has a table of colours`,
		"profile-press.jpg":      `its colour profile "A press" is for CMYK`,
		"profile-grey.png":       `its colour profile "Grey, gamma 1.8" is for greys`,
		"profile-grey-lab.png":   `its colour profile "Grey of Lab" is for greys`,
		"profile-grey-table.png": `its colour profile "Sepia" has a table of colours`,
	} {
		f, err := Open(t.Context(), filepath.Join("testdata", name), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if f.Profile != nil || f.NotKept != want || len(f.Warnings) > 0 {
			t.Errorf("%s: profile %v, %q, warnings %q", name, f.Profile, f.NotKept, f.Warnings)
		}
	}
}

// TestProfilesThatAreNotUnderstood checks the sentences about unsupported profiles.
func TestProfilesThatAreNotUnderstood(t *testing.T) {
	for name, damage := range map[string]func(d []byte) []byte{
		"cut":              func(d []byte) []byte { return d[:200] },
		"empty":            func([]byte) []byte { return nil },
		"no curve":         func(d []byte) []byte { return bytes.Replace(d, []byte("gTRC"), []byte("none"), 1) },
		"no primary":       func(d []byte) []byte { return bytes.Replace(d, []byte("bXYZ"), []byte("none"), 1) },
		"a curve unknown":  func(d []byte) []byte { return bytes.Replace(d, []byte("para\x00"), []byte("none\x00"), 1) },
		"far":              func(d []byte) []byte { return append(bytes.Clone(d[:132]), bytes.Repeat([]byte{0xff}, 99)...) },
		"huge":             func([]byte) []byte { return make([]byte, maxProfile+1) },
		"primaries in one": func(d []byte) []byte { return bytes.ReplaceAll(d, []byte("gXYZ"), []byte("rXYZ")) },
		"of six inks":      func(d []byte) []byte { return bytes.Replace(d, []byte("RGB "), []byte("6CLR"), 1) },
		"of an unknown kind": func(d []byte) []byte {
			return bytes.Replace(d, []byte("RGB "), []byte{1, 2, 3, 4}, 1)
		},
		"a link of two devices": func(d []byte) []byte { return bytes.Replace(d, []byte("XYZ "), []byte("CMYK"), 1) },
	} {
		_, f := openProfile(t, "profile-p3.png")
		file := described(t, damage(f.data), image.NewNRGBA(image.Rect(0, 0, 2, 2)))
		if file.Profile != nil || len(file.Warnings) != 1 || !strings.HasPrefix(file.Warnings[0], file.NotKept+": ") {
			t.Errorf("%s: profile %v, %q, warnings %q", name, file.Profile, file.NotKept, file.Warnings)
		}
	}
}

// described returns the file of an image with a profile.
func described(t testing.TB, icc []byte, m image.Image) *File {
	t.Helper()
	if icc == nil {
		icc = []byte{}
	}
	f := new(File)
	if err := f.setPicture(t.Context(), &raster{image: m, icc: icc}); err != nil {
		t.Fatal(err)
	}
	return f
}

// TestProfileOfAnotherKind checks that a profile for another kind of picture is not
// used, with a warning.
func TestProfileOfAnotherKind(t *testing.T) {
	_, p3 := openProfile(t, "profile-p3.png")
	press := jpegICC(t, "profile-press.jpg")
	grey := pngICC(t, "profile-grey.png")
	rgb := image.NewNRGBA(image.Rect(0, 0, 2, 2))
	copy(rgb.Pix, []byte{200, 10, 90, 255})
	inks := image.NewCMYK(image.Rect(0, 0, 2, 2))
	copy(inks.Pix, []byte{200, 10, 90, 30})
	for name, test := range map[string]struct {
		icc     []byte
		image   image.Image
		warning string
	}{
		"CMYK for RGB":    {press, rgb, `its colour profile "A press" is for CMYK, which the picture is not: its colours are taken for sRGB; `},
		"greys for RGB":   {grey, rgb, `its colour profile "Grey, gamma 1.8" is for greys, which the picture is not: its colours are taken for sRGB; `},
		"RGB for CMYK":    {p3.data, inks, `its colour profile "Display P3" is for RGB, and the picture is CMYK: its inks are converted as without a profile; `},
		"damage for CMYK": {press[:len(press)-9], inks, `its colour profile "A press" is damaged: its inks are converted as without a profile; `},
	} {
		f := described(t, test.icc, test.image)
		if len(f.Warnings) != 1 || !strings.HasPrefix(f.Warnings[0], test.warning) {
			t.Errorf("%s: warnings %q", name, f.Warnings)
		}
		if f.Profile != nil || !equalPictures(f.Picture, FromImage(test.image)) {
			t.Errorf("%s: a profile is used", name)
		}
	}
}

func jpegICC(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return joinedProfile(data)
}

func pngICC(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return pngProfile(data)
}

// TestSRGBProfile checks that the profile of sRGB leaves levels unchanged, to the bit.
func TestSRGBProfile(t *testing.T) {
	p, f := openProfile(t, "profile-srgb.png")
	managed, err := srgb(Open(t.Context(), "testdata/profile-srgb.png", Limits{}))
	if err != nil {
		t.Fatal(err)
	}
	if !f.space.same || levelsApart(p, managed) != 0 {
		t.Error("levels changed")
	}
}

// hostileTables are the data of tags with wrong or excessive sizes.
func hostileTables() map[string][]byte {
	be := binary.BigEndian
	lut := func(kind string, channels, side byte, rest ...byte) []byte {
		return append(append([]byte(kind+"\x00\x00\x00\x00"), channels, 3, side, 0), rest...)
	}
	modular := func(curve []byte) []byte {
		tag := lut("mAB ", 3, 0)
		tag = be.AppendUint32(tag, 32)
		return append(append(tag, make([]byte, 16)...), curve...)
	}
	samples := func(n uint32, rest []byte) []byte {
		return append(be.AppendUint32([]byte("curv\x00\x00\x00\x00"), n), rest...)
	}
	random := rand.New(rand.NewPCG(1, 2))
	rough := make([]byte, 1<<20)
	for i := range rough {
		rough[i] = byte(random.Uint32())
	}
	wide := be.AppendUint16(be.AppendUint16(make([]byte, 36), 65535), 65535)
	return map[string][]byte{
		"curve of 2^32 samples":    modular(samples(math.MaxUint32, nil)),
		"curve of rough samples":   modular(samples(1<<18, rough)),
		"table of 255 sides":       lut("mft1", 3, 255, rough...),
		"table of no sides":        lut("mft1", 3, 0, rough...),
		"table of one side":        lut("mft2", 3, 1, rough...),
		"table of 255 inputs":      lut("mft1", 255, 2, rough...),
		"table of wide curves":     lut("mft2", 3, 2, append(wide, rough...)...),
		"table that is cut":        lut("mft2", 3, 17, rough[:999]...),
		"table of another type":    lut("mpet", 3, 17, rough...),
		"modular, offset far":      append(lut("mAB ", 3, 0), bytes.Repeat([]byte{0xff}, 99)...),
		"modular, offsets inwards": append(lut("mAB ", 3, 0), bytes.Repeat([]byte{0, 0, 0, 20}, 20)...),
		"modular, nothing":         modular(nil),
	}
}

// tableProfile returns an RGB profile of a table.
func tableProfile(tag []byte) []byte {
	be := binary.BigEndian
	header := make([]byte, iccHeaderLen)
	header[8] = 2
	copy(header[12:], "mntrRGB Lab ")
	copy(header[36:], "acsp")
	table := append(be.AppendUint32(nil, 1), "A2B0"...)
	table = be.AppendUint32(be.AppendUint32(table, iccHeaderLen+4+iccTagLen), uint32(len(tag)))
	return join(header, table, tag)
}

// TestHostileTables checks that they are refused before they take memory or time.
func TestHostileTables(t *testing.T) {
	for name, tag := range hostileTables() {
		var profile *iccProfile
		data := tableProfile(tag)
		used := allocated(func() { profile = readICC(data) })
		if profile.problem == "" {
			t.Errorf("%s: understood", name)
		}
		if limit := uint64(len(data) + 1<<20); used > limit {
			t.Errorf("%s: %d bytes allocated, allowed %d", name, used, limit)
		}
	}
}

// TestTableMemory checks that the largest table stays within the memory of Limits.
func TestTableMemory(t *testing.T) {
	const side = 70
	body := make([]byte, 36+3*256+3*side*side*side+3*256)
	data := tableProfile(append(append([]byte("mft1\x00\x00\x00\x00"), 3, 3, side, 0), body...))
	var f *File
	used := allocated(func() { f = described(t, data, image.NewNRGBA(image.Rect(0, 0, 4, 4))) })
	if len(f.Warnings) > 0 {
		t.Fatal(f.Warnings)
	}
	if limit := uint64(32 << 20); used > limit {
		t.Errorf("%d bytes allocated, allowed %d", used, limit)
	}
}

// TestTableStops checks that the conversion by a table stops with the context.
func TestTableStops(t *testing.T) {
	profile := readICC(jpegICC(t, "profile-press.jpg"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := profile.table.fromCMYK(ctx, image.NewCMYK(image.Rect(0, 0, 9, 9))); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// FuzzProfile checks that any profile gives valid levels, and that problems are
// described in a sentence.
func FuzzProfile(f *testing.F) {
	for _, path := range fixtures(f) {
		if data, err := os.ReadFile(path); err == nil && strings.HasPrefix(filepath.Base(path), "profile-") {
			stored, err := decoders[sniff(data)](f.Context(), data, Limits{}.orDefault())
			if err != nil {
				f.Fatal(err)
			}
			f.Add(stored.icc)
			f.Add(stored.icc[:min(len(stored.icc), 200)])
		}
	}
	for _, tag := range hostileTables() {
		f.Add(tableProfile(tag[:min(len(tag), 1<<10)]))
	}
	grey, inks := image.NewGray(image.Rect(0, 0, 5, 4)), image.NewCMYK(image.Rect(0, 0, 5, 4))
	for i := range grey.Pix {
		grey.Pix[i] = byte(13 * i)
	}
	for i := range inks.Pix {
		inks.Pix[i] = byte(31 * i)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, m := range []image.Image{clouds(1, 5, 4, [3]float64{100, 120, 140}, 90), grey, inks} {
			file := described(t, data, m)
			for _, w := range file.Warnings {
				if strings.ContainsAny(w, "\n\r\x00") || len(w) > 400 {
					t.Errorf("not a clear sentence: %q", w)
				}
			}
			pictures := []*Picture{file.SRGB()}
			if file.Profile != nil {
				pictures = append(pictures, file.Profile.FromSRGB(file.SRGB()))
			}
			for _, p := range pictures {
				for _, v := range p.RGB {
					if !(v >= 0 && v <= maxLevel) {
						t.Fatalf("level %v", v)
					}
				}
			}
		}
	})
}
