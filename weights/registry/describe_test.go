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
	store := &Store{Dir: t.TempDir(), Known: Known()}
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
	var got Fetching
	d := &download{
		store: &Store{Progress: func(e Event) { got = e.(Fetching) }},
		want:  File{Size: 1000}, sum: &sum{size: 400}, begun: begun, first: 400,
	}
	if d.report("https://example.com/file", begun); got.PerSecond != 0 || got.Left != 0 {
		t.Errorf("before the first byte: %+v", got)
	}
	d.sum.size = 500
	if d.report("https://example.com/file", begun.Add(2*time.Second)); got.PerSecond != 50 || got.Left != 10*time.Second || got.Done != 500 || got.Total != 1000 {
		t.Errorf("%+v, expected 50 bytes per second and 10 seconds left", got)
	}
}
