package networks

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/weights"
	"github.com/pastiche-art/pastiche/weights/registry"
)

// TestPull pulls a network that is published for the test, from a second mirror
// and on the second attempt.
func TestPull(t *testing.T) {
	builtin, err := weights.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := builtin.WriteSafetensors(&file, weights.Float32); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(file.Bytes())
	busy := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/missing":
			w.WriteHeader(http.StatusNotFound)
		case busy:
			busy = false
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file.Bytes()))
		}
	}))
	defer server.Close()
	store := &registry.Store{Dir: t.TempDir(), Known: []registry.Entry{{
		Name: "sample", Family: "VGG-13", License: "CC0", Origin: "a test", Input: builtin.Input,
		Source: registry.File{Size: int64(file.Len()), SHA256: hex.EncodeToString(sum[:])},
		URLs:   []string{server.URL + "/missing", server.URL + "/file"},
	}}}
	said := stderrOf(t, func() {
		if err := Pull(t.Context(), store, []string{"sample", "sample"}, false); err != nil {
			t.Error(err)
		}
	})
	want := server.URL + "/file: 503 Service Unavailable; retrying\nInstalled sample: 4.1 MB, a test; licence: CC0.\nsample is already installed.\n"
	if said != want {
		t.Errorf("said %q, want %q", said, want)
	}
	if err := store.Verify(t.Context(), "sample"); err != nil {
		t.Error(err)
	}
}

// stderrOf returns what is said on standard error.
func stderrOf(t *testing.T, do func()) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	before := os.Stderr
	os.Stderr = f
	defer func() { os.Stderr = before }()
	do()
	text, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
