package blob_test

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"go.uber.org/goleak"

	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/blob/blobtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newFolder(t *testing.T, reserve int64) (*blob.Folder, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "pictures")
	f, err := blob.NewFolder(dir, reserve)
	if err != nil {
		t.Fatal(err)
	}
	return f, dir
}

func TestFolder(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store {
		f, _ := newFolder(t, 0)
		return f
	})
}

// Neither a failed Put nor Remove leaves files or folders behind.
func TestFolderLeavesNothing(t *testing.T) {
	f, dir := newFolder(t, 0)
	if err := f.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Put(t.Context(), "a/b/c", iotest.ErrReader(errors.New("broken"))); err == nil {
		t.Error("put of a broken reader: no error")
	}
	for _, name := range []string{"a/b/c", "a/b/d", "e"} {
		if _, err := f.Put(t.Context(), name, strings.NewReader(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Copy(t.Context(), "a/b/d", "g/h"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a/b/c", "a/b/d", "e", "g"} {
		if err := f.Remove(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A folder that disappears, as when its disk is unmounted, is not made again.
func TestFolderMissing(t *testing.T) {
	f, dir := newFolder(t, 0)
	if _, err := f.Put(t.Context(), "a/b", strings.NewReader("text")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	_, put := f.Put(t.Context(), "a/c", strings.NewReader("text"))
	_, open := f.Open(t.Context(), "a/b")
	for operation, err := range map[string]error{
		"Ready": f.Ready(t.Context()), "Put": put, "Open": open,
		"Copy": f.Copy(t.Context(), "a/b", "a/c"), "Remove": f.Remove(t.Context(), "a/b"),
	} {
		if !errors.Is(err, fs.ErrNotExist) || errors.Is(err, blob.ErrNotFound) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v; want an error that names the folder", operation, err)
		}
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder was made again: %v", err)
	}
}

func TestFolderFull(t *testing.T) {
	f, _ := newFolder(t, math.MaxInt64)
	_, put := f.Put(t.Context(), "a/b", strings.NewReader("text"))
	for operation, err := range map[string]error{"Ready": f.Ready(t.Context()), "Put": put} {
		if !errors.Is(err, blob.ErrFull) {
			t.Errorf("%s: %v; want %v", operation, err, blob.ErrFull)
		}
	}
}

func TestFolderDamaged(t *testing.T) {
	for name, damage := range map[string]string{"cut": "tex", "longer": "text.", "flipped": "tExt"} {
		t.Run(name, func(t *testing.T) {
			f, dir := newFolder(t, 0)
			info, err := f.Put(t.Context(), "a/b", strings.NewReader("text"))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "a", "b"), []byte(damage), 0o600); err != nil {
				t.Fatal(err)
			}
			var damaged *blob.DamagedError
			if _, err := blob.ReadAll(t.Context(), f, "a/b", info); !errors.As(err, &damaged) || !strings.Contains(err.Error(), "a/b is damaged") {
				t.Errorf("%v; want a DamagedError", err)
			}
		})
	}
}

// A blob is not a folder of others.
func TestFolderOfBlob(t *testing.T) {
	f, _ := newFolder(t, 0)
	if _, err := f.Put(t.Context(), "a/b", strings.NewReader("text")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "a/b/c"} {
		if _, err := f.Put(t.Context(), name, strings.NewReader("text")); err == nil {
			t.Errorf("put of %s beside a/b: no error", name)
		}
	}
	if r, err := f.Open(t.Context(), "a/b"); err != nil {
		t.Error(err)
	} else if err := r.Close(); err != nil {
		t.Error(err)
	}
}
