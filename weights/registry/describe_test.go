package registry

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/weights"
)

func TestDescribe(t *testing.T) {
	store := &Store{Dir: t.TempDir(), Known: wellKnown}
	builtin, err := store.Describe(t.Context(), "builtin", weights.Override{})
	if err != nil {
		t.Fatal(err)
	}
	if builtin.Path != "" || builtin.Name != "builtin" || builtin.Size != int64(len(weights.BuiltinFile())) || builtin.Layers[0].Shape[1] != 3 {
		t.Errorf("%+v", builtin)
	}
	path := filepath.Join(t.TempDir(), "copy.safetensors")
	if err := os.WriteFile(path, []byte(weights.BuiltinFile()), 0o666); err != nil {
		t.Fatal(err)
	}
	file, err := store.Describe(t.Context(), path, weights.Override{})
	if err != nil {
		t.Fatal(err)
	}
	if file.Path != path || file.SHA256 != builtin.SHA256 || file.Format != "safetensors" || len(file.Layers) != len(builtin.Layers) || file.Layers[0].Name != "conv1_1" {
		t.Errorf("%+v", file)
	}
	if _, err := store.Describe(t.Context(), "missing.pth", weights.Override{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of a missing file: %v", err)
	}
	if _, err := store.Describe(t.Context(), "vgg19", weights.Override{}); !errors.Is(err, ErrAbsent) {
		t.Errorf("of a network that is not here: %v", err)
	}
}

// TestRate: the rate counts what this process received alone.
func TestRate(t *testing.T) {
	begun := time.Unix(1e9, 0)
	var event Event
	d := &download{
		store: &Store{Progress: func(e Event) { event = e }},
		want:  File{Size: 1000}, sum: &sum{size: 400}, begun: begun, first: 400,
	}
	d.report("https://example.com/file", begun)
	if want := (Fetching{"https://example.com/file", 400, 1000, 0, 0}); event != want {
		t.Errorf("before the first byte: %+v", event)
	}
	d.sum.size = 500
	d.report("https://example.com/file", begun.Add(2*time.Second))
	if want := (Fetching{"https://example.com/file", 500, 1000, 50, 10 * time.Second}); event != want {
		t.Errorf("%+v, expected %+v", event, want)
	}
}
