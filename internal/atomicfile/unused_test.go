package atomicfile

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestWriteUnused: each file gets a name of its own, and one that appears while it is
// written stays as it is.
func TestWriteUnused(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "p.tar.png")
	write := func(text string, meanwhile func()) string {
		t.Helper()
		name, err := WriteUnused(path, func(w io.Writer) error {
			meanwhile()
			_, err := io.WriteString(w, text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return filepath.Base(name)
	}
	if name := write("first", func() {}); name != "p.tar.png" {
		t.Errorf("the first is %s", name)
	}
	other := filepath.Join(folder, "p.tar-2.png")
	name := write("second", func() {
		if err := os.WriteFile(other, []byte("other"), 0o600); err != nil {
			t.Error(err)
		}
	})
	if name != "p.tar-3.png" {
		t.Errorf("the second is %s", name)
	}
	if text, err := os.ReadFile(other); err != nil || string(text) != "other" {
		t.Errorf("the file that appeared has %q, %v", text, err)
	}
}
