package painter

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/picture"
)

// TestPaintingIsSavedElsewhere: the folder goes away while the painting is
// made.
func TestPaintingIsSavedElsewhere(t *testing.T) {
	elsewhere := t.TempDir()
	for _, name := range []string{"TMPDIR", "TMP"} {
		t.Setenv(name, elsewhere)
	}
	out := &Outputs{Picture: filepath.Join(t.TempDir(), "gone", "p.png")}
	err := out.SavePicture(picture.New(5, 4), picture.SaveOptions{})
	if !errors.Is(err, picture.ErrWrite) {
		t.Fatalf("got %v, want %v", err, picture.ErrWrite)
	}
	saved, _ := filepath.Glob(filepath.Join(elsewhere, "pastiche-*.png"))
	if len(saved) != 1 || !strings.HasSuffix(err.Error(), "the painting is in "+saved[0]+" instead") {
		t.Fatalf("found %v, said %v", saved, err)
	}
	if _, err := picture.Open(t.Context(), saved[0], picture.Limits{}); err != nil {
		t.Error(err)
	}
}
