package picture

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestCheckPath(t *testing.T) {
	tests := []struct {
		name, path string
		want       error
	}{
		{"new", "new.png", nil},
		{"no extension", "new", ErrFormat},
		{"unknown extension", "new.bmp", ErrFormat},
		{"no folder", filepath.Join("none", "new.png"), ErrWrite},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, tt.path)
			if err := CheckPath(path); !errors.Is(err, tt.want) {
				t.Fatalf("error %v, want %v", err, tt.want)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
				t.Errorf("left: %v, %v", left, err)
			}
			// Save must agree with what CheckPath foretold.
			if err := Save(path, New(2, 2), SaveOptions{}); !errors.Is(err, tt.want) {
				t.Errorf("Save: error %v, want %v", err, tt.want)
			}
		})
	}
}
