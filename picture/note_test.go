package picture

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const testNote = `{"command":"pastiche paint \"Schloß\".jpg <a>","costs":{"total":1e-3}}`

// TestNote: a note comes back from every format, and the picture with it.
func TestNote(t *testing.T) {
	for _, format := range []Format{PNG, JPEG, WebP, TIFF} {
		for _, alpha := range []bool{false, true} {
			for _, note := range []string{testNote, "x", strings.Repeat("long ", MaxNote/5)} {
				p := clouds(1, 13, 9, [3]float64{100, 120, 140}, 20)
				if alpha {
					p.Alpha = bytesOf(13*9, 0.5)
				}
				plain, noted := new(bytes.Buffer), new(bytes.Buffer)
				if err := Encode(plain, p, format, SaveOptions{}); err != nil {
					t.Fatal(err)
				}
				if err := Encode(noted, p, format, SaveOptions{Note: note}); err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(t.TempDir(), "noted")
				if err := os.WriteFile(path, noted.Bytes(), 0o666); err != nil {
					t.Fatal(err)
				}
				got, err := OpenNote(path, Limits{})
				if err != nil || got != note {
					t.Errorf("%s: the note is %.80q, error %v", format, got, err)
				}
				a, err := Decode(plain, "plain", Limits{})
				if err != nil {
					t.Fatal(err)
				}
				b, err := Decode(noted, "noted", Limits{})
				if err != nil {
					t.Fatalf("%s: %v", format, err)
				}
				if !equalPictures(a, b) {
					t.Errorf("%s: the note changes the picture", format)
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

func TestNoteErrors(t *testing.T) {
	p := New(3, 3)
	for _, note := range []string{strings.Repeat("x", MaxNote+1), "a\x00b", "\xff"} {
		if err := Encode(new(bytes.Buffer), p, PNG, SaveOptions{Note: note}); !errors.Is(err, ErrFormat) {
			t.Errorf("note %.10q: %v", note, err)
		}
	}
	path := filepath.Join(t.TempDir(), "p.png")
	if err := Save(path, p, SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenNote(path, Limits{}); !errors.Is(err, ErrNoNote) {
		t.Errorf("got %v, want ErrNoNote", err)
	}
	if _, err := OpenNote(path, Limits{MaxBytes: 10}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
	if err := os.WriteFile(path, []byte("no picture"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenNote(path, Limits{}); !errors.Is(err, ErrFormat) {
		t.Errorf("got %v, want ErrFormat", err)
	}
	if _, err := OpenNote(path+"x", Limits{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want ErrNotExist", err)
	}
}

// FuzzNote: no file makes reading a note fail in any other way than by not
// finding one.
func FuzzNote(f *testing.F) {
	for _, format := range []Format{PNG, JPEG, WebP, TIFF} {
		var b bytes.Buffer
		if err := Encode(&b, New(2, 2), format, SaveOptions{Note: testNote}); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if note, ok := findNote(data, sniff(data[:min(len(data), sniffLen)])); ok && len(note) > len(data) {
			t.Errorf("a note of %d bytes in a file of %d", len(note), len(data))
		}
	})
}
