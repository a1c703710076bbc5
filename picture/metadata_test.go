package picture

import (
	"bytes"
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/internal/tiff"
)

// taken is the date of the fixtures.
var taken = time.Date(2024, 6, 30, 18, 21, 7, 0, time.UTC)

// TestForeignMetadata reads metadata that other programs wrote.
func TestForeignMetadata(t *testing.T) {
	const artist, rights = "Anna Müller", "© 2024 Anna Müller"
	for file, want := range map[string]Metadata{
		"exif.jpg":  {Artist: artist, Copyright: rights, Date: taken, Resolution: 240},
		"exif.png":  {Artist: artist, Copyright: rights, Date: taken, Resolution: 240},
		"exif.webp": {Artist: artist, Copyright: rights, Date: taken, Resolution: 240},
		"exif.heic": {Artist: artist, Copyright: rights, Date: taken, Resolution: 240},
		"exif.avif": {Artist: artist, Copyright: rights, Date: taken, Resolution: 240},
		"tags.tif":  {Artist: artist, Copyright: rights, Date: taken, Resolution: 120 * 2.54},
		"text.png":  {Artist: artist, Copyright: rights, Date: taken, Resolution: 300},
		"jfif.jpg":  {Resolution: 118 * 2.54},
	} {
		f, err := Open(t.Context(), filepath.Join("testdata", "metadata", file), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		got := f.Metadata
		if located := !strings.HasPrefix(file, "text") && !strings.HasPrefix(file, "jfif"); located != (got.Place != nil) {
			t.Errorf("%s: place %v", file, got.Place)
		} else if located {
			const most = 1e-6
			south, east, ok := got.Place.degrees()
			if !ok || math.Abs(south+33.8567844) > most || math.Abs(east-151.2152967) > most {
				t.Errorf("%s: %v degrees north, %v east, %v", file, south, east, ok)
			}
		}
		got.Place = nil
		if got != want {
			t.Errorf("%s: %+v, want %+v", file, got, want)
		}
	}
}

// sydney is the Sydney Opera House.
func sydney(t testing.TB) *Place {
	t.Helper()
	f, err := Open(t.Context(), filepath.Join("testdata", "metadata", "exif.jpg"), Limits{})
	if err != nil || f.Metadata.Place == nil {
		t.Fatalf("%v, place %v", err, f)
	}
	return f.Metadata.Place
}

// TestMetadataTravels checks that every format keeps the metadata, together with the
// profile and the record, and that the pixels do not change.
func TestMetadataTravels(t *testing.T) {
	p := noise(31, 17, true)
	whole := Metadata{Artist: "Anna Müller", Copyright: "© 2024", Date: taken, Resolution: 299.72, Place: sydney(t)}
	for _, format := range []Format{JPEG, PNG, WebP, TIFF} {
		for name, want := range map[string]Metadata{
			"all": whole, "artist": {Artist: "A"}, "copyright": {Copyright: "C"}, "date": {Date: taken},
			"resolution": {Resolution: 300}, "place": {Place: whole.Place},
			"longest": {Artist: strings.Repeat("a", MaxMetadataText), Copyright: strings.Repeat("ü", MaxMetadataText/2), Resolution: 65535, Place: whole.Place},
		} {
			encode := func(opt SaveOptions) *File {
				var b bytes.Buffer
				if err := Encode(&b, p, format, opt); err != nil {
					t.Fatalf("%s, %s: %v", format, name, err)
				}
				f, err := Decode(t.Context(), &b, "picture", Limits{})
				if err != nil {
					t.Fatalf("%s, %s: %v", format, name, err)
				}
				return f
			}
			f, plain := encode(SaveOptions{Metadata: want, Record: "how"}), encode(SaveOptions{Record: "how"})
			if format == TIFF && want.Resolution == 0 {
				want.Resolution = 72 // which TIFF requires
			}
			if !reflect.DeepEqual(f.Metadata, want) {
				t.Errorf("%s, %s: %+v, want %+v", format, name, f.Metadata, want)
			}
			if record, ok := findRecord(f.Data, format); !ok || record != "how" {
				t.Errorf("%s, %s: record %q, %v", format, name, record, ok)
			}
			if !reflect.DeepEqual(f.Picture, plain.Picture) {
				t.Errorf("%s, %s: other pixels", format, name)
			}
		}
	}
}

// TestOnlyMetadata checks that the orientation, comments and other EXIF of the content
// are not written.
func TestOnlyMetadata(t *testing.T) {
	f, err := Open(t.Context(), filepath.Join("testdata", "metadata", "exif.jpg"), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []Format{JPEG, PNG, WebP, TIFF} {
		var b bytes.Buffer
		if err := Encode(&b, f.Picture, format, SaveOptions{Metadata: f.Metadata}); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b.Bytes(), []byte("not for the painting")) {
			t.Errorf("%s: the comment of the content", format)
		}
		got, err := Decode(t.Context(), &b, "picture", Limits{})
		if err != nil || got.Picture.W != f.Picture.W {
			t.Errorf("%s: turned: %v", format, err)
		}
	}
	var b bytes.Buffer
	if err := Encode(&b, f.Picture, JPEG, SaveOptions{}); err != nil || bytes.Contains(b.Bytes(), []byte(exifPrefix)) {
		t.Errorf("EXIF that nobody asked for, %v", err)
	}
}

// TestUnwritableMetadata checks that metadata that no file can hold is refused.
func TestUnwritableMetadata(t *testing.T) {
	for want, m := range map[string]Metadata{
		"artist":     {Artist: strings.Repeat("a", MaxMetadataText+1)},
		"copyright":  {Copyright: "\xff"},
		"date":       {Date: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"resolution": {Resolution: math.NaN()},
	} {
		err := SaveOptions{Metadata: m}.Check(PNG)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// TestOddMetadata reads texts and dates as they occur in real files.
func TestOddMetadata(t *testing.T) {
	long := strings.Repeat("a", MaxMetadataText-1)
	for value, want := range map[string]string{
		"plain\x00":                             "plain",
		"  spaces \x00\x00":                     "spaces",
		"photographer\x00ed\x00":                "photographer; ed",
		" \x00editor\x00":                       "editor",
		"M\xfcller":                             "Müller",
		"two\nlines\x1b[31m":                    "two lines [31m",
		"":                                      "",
		long + "ü":                              long,
		strings.Repeat("\xfc", MaxMetadataText): strings.Repeat("ü", MaxMetadataText/2),
	} {
		if got := exifText([]byte(value)); got != want {
			t.Errorf("%.20q is %.40q, want %.40q", value, got, want)
		}
	}
	for _, value := range []string{
		"2024:06:30 18:21:07", "2024-06-30 18:21:07", "2024-06-30T18:21:07", "2024-06-30T18:21:07+02:00",
		"Sun, 30 Jun 2024 18:21:07 GMT", "30 Jun 2024 18:21:07 +0200", "2024:06:30 18:21:07.123",
	} {
		if got, ok := parseDate(value); !ok || !got.Equal(taken) {
			t.Errorf("%q is %v, %v", value, got, ok)
		}
	}
	for _, value := range []string{"", "0000:00:00 00:00:00", "    :  :     :  :  ", "yesterday", "2024:13:01 00:00:00"} {
		if got, ok := parseDate(value); ok {
			t.Errorf("%q is %v", value, got)
		}
	}
	for _, r := range [][2]float64{{300, 300}, {1, 1}} {
		if square(r[0], r[1]) != r[0] {
			t.Errorf("%v is no resolution", r)
		}
	}
	for _, r := range [][2]float64{{0, 0}, {-1, -1}, {300, 150}, {1e9, 1e9}, {math.NaN(), math.NaN()}, {math.Inf(1), math.Inf(1)}} {
		if square(r[0], r[1]) != 0 {
			t.Errorf("%v is a resolution", r)
		}
	}
}

// FuzzMetadata checks that metadata read from any bytes can be written and read again.
func FuzzMetadata(f *testing.F) {
	whole := Metadata{Artist: "Anna", Copyright: "©", Date: taken, Resolution: 299.72, Place: sydney(f)}
	exif := whole.exif()
	f.Add(exif)
	f.Add(tiff.EncodeEXIF(tiff.Metadata{XResolution: [2]uint32{1, 0}, DateTime: "0000:00:00 00:00:00"}))
	chunk := func(body string) []byte { return join(make([]byte, 8), pngChunk([]byte(body))) }
	f.Add(chunk("tEXtAuthor\x00Anna"))
	f.Add(chunk("iTXtCopyright\x00\x01\x00de\x00\x00" + string(deflated([]byte("rights")))))
	f.Add(chunk("pHYs\x00\x00\x2e\x23\x00\x00\x2e\x23\x01"))
	f.Add(join([]byte{0xff, 0xd8}, jpegMetadata(whole)))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range []Format{JPEG, PNG, WebP, TIFF, HEIC} {
			m := readMetadata(data, format, data)
			if err := m.validate(); err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			if m.empty() {
				continue
			}
			if m.Place != nil {
				m.Place.degrees()
			}
			exif := m.exif()
			if len(exif) > math.MaxUint16-len(exifPrefix)-2 {
				t.Fatalf("%s: %d bytes do not fit into a JPEG", format, len(exif))
			}
			again := exifMetadata(exif)
			if math.Abs(again.Resolution-m.Resolution) > 1e-4 {
				t.Fatalf("%s: resolution %v becomes %v", format, m.Resolution, again.Resolution)
			}
			again.Resolution = m.Resolution
			if !reflect.DeepEqual(again, m) {
				t.Fatalf("%s: %+v becomes %+v", format, m, again)
			}
		}
	})
}
