package main

import (
	"path/filepath"
	"testing"

	"github.com/pastiche-art/pastiche/picture"
)

func TestCopy(t *testing.T) {
	for _, tc := range []struct {
		name  string
		w, h  int
		wantW int
		wantH int
	}{
		{"wide", 400, 200, 100, 50},
		{"tall", 150, 300, 50, 100},
		{"small enough", 60, 40, 60, 40},
	} {
		t.Run(tc.name, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, "picture.png")
			if err := picture.Save(path, picture.New(tc.w, tc.h), picture.SaveOptions{}); err != nil {
				t.Fatal(err)
			}
			if err := (shrinker{folder: folder, long: 100, quality: 70}).copy(path); err != nil {
				t.Fatal(err)
			}
			small, err := picture.Open(t.Context(), filepath.Join(folder, "picture.jpg"), picture.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if small.Format != picture.JPEG || small.Picture.W != tc.wantW || small.Picture.H != tc.wantH {
				t.Errorf("the copy is a %v of %d x %d pixels, want a JPEG of %d x %d",
					small.Format, small.Picture.W, small.Picture.H, tc.wantW, tc.wantH)
			}
		})
	}
}

func TestCopySaysWhichFileItCannotRead(t *testing.T) {
	absent := filepath.Join(t.TempDir(), "absent.jpg")
	if err := (shrinker{folder: t.TempDir(), long: 100, quality: 70}).copy(absent); err == nil {
		t.Error("no error for a file that does not exist")
	}
}
