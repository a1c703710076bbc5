package picture

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const testRecord = `{"command":"pastiche paint \"Schloß\".jpg <a>","costs":{"total":1e-3}}`

// TestRecord checks that every format keeps a record and the picture.
func TestRecord(t *testing.T) {
	for _, format := range []Format{PNG, JPEG, WebP, TIFF} {
		for _, alpha := range []bool{false, true} {
			for _, record := range []string{testRecord, "x", strings.Repeat("long ", MaxRecord/5)} {
				p := clouds(1, 13, 9, [3]float64{100, 120, 140}, 20)
				if alpha {
					p.Alpha = bytesOf(13*9, 0.5)
				}
				plain, recorded := new(bytes.Buffer), new(bytes.Buffer)
				if err := Encode(plain, p, format, SaveOptions{}); err != nil {
					t.Fatal(err)
				}
				if err := Encode(recorded, p, format, SaveOptions{Record: record}); err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(t.TempDir(), "recorded")
				if err := os.WriteFile(path, recorded.Bytes(), 0o666); err != nil {
					t.Fatal(err)
				}
				got, err := OpenRecord(t.Context(), path, Limits{})
				if err != nil || got != record {
					t.Errorf("%s: the record is %.80q, error %v", format, got, err)
				}
				a, err := srgb(Decode(t.Context(), plain, "plain", Limits{}))
				if err != nil {
					t.Fatal(err)
				}
				b, err := srgb(Decode(t.Context(), recorded, "recorded", Limits{}))
				if err != nil {
					t.Fatalf("%s: %v", format, err)
				}
				if !equalPictures(a, b) {
					t.Errorf("%s: the record changes the picture", format)
				}
			}
		}
	}
}

func bytesOf(n int, v float32) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = v
	}
	return s
}

func equalPictures(a, b *Picture) bool {
	var x, y bytes.Buffer
	return Encode(&x, a, PNG, SaveOptions{}) == nil && Encode(&y, b, PNG, SaveOptions{}) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}

func TestRecordErrors(t *testing.T) {
	p := New(3, 3)
	for _, record := range []string{strings.Repeat("x", MaxRecord+1), "a\x00b", "\xff"} {
		if err := Encode(new(bytes.Buffer), p, PNG, SaveOptions{Record: record}); !errors.Is(err, ErrFormat) {
			t.Errorf("record %.10q: %v", record, err)
		}
	}
	path := filepath.Join(t.TempDir(), "p.png")
	if err := Save(path, p, SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenRecord(t.Context(), path, Limits{}); !errors.Is(err, ErrNoRecord) {
		t.Errorf("got %v, want ErrNoRecord", err)
	}
	if _, err := OpenRecord(t.Context(), path, Limits{MaxBytes: 10}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
	if err := os.WriteFile(path, []byte("no picture"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenRecord(t.Context(), path, Limits{}); !errors.Is(err, ErrFormat) {
		t.Errorf("got %v, want ErrFormat", err)
	}
	if _, err := OpenRecord(t.Context(), path+"x", Limits{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want ErrNotExist", err)
	}
}

// FuzzRecord checks that reading a record from any file either succeeds or finds none.
func FuzzRecord(f *testing.F) {
	for _, format := range []Format{PNG, JPEG, WebP, TIFF} {
		var b bytes.Buffer
		if err := Encode(&b, New(2, 2), format, SaveOptions{Record: testRecord}); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if record, ok := findRecord(data, sniff(data[:min(len(data), sniffLen)])); ok && len(record) > len(data) {
			t.Errorf("a record of %d bytes in a file of %d", len(record), len(data))
		}
	})
}
