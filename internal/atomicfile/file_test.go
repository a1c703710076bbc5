package atomicfile

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestCreate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "film.avi")
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if ext := filepath.Ext(f.Name()); ext != ".avi" {
		t.Errorf("the temporary file has the extension %q", ext)
	}
	if f.Streams() {
		t.Error("a new file streams")
	}
	f.Write([]byte("hello world"))
	f.WriteAt([]byte("J"), 0)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is there before Commit: %v", err)
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	f.Discard()
	if got, err := os.ReadFile(path); err != nil || string(got) != "Jello world" {
		t.Errorf("%q, %v", got, err)
	}
	if got := names(t, dir); got != "film.avi" {
		t.Errorf("the folder holds %s", got)
	}
}

func TestDiscard(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "film")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(f.Name()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the temporary file: %v, %v", info.Mode(), err)
	}
	f.Write([]byte("new"))
	f.Discard()
	if got, _ := os.ReadFile(path); string(got) != "old" {
		t.Errorf("%q", got)
	}
	if got := names(t, dir); got != "film" {
		t.Errorf("the folder holds %s", got)
	}
}

func TestCreateOnADevice(t *testing.T) {
	f, err := Create(os.DevNull)
	if err != nil {
		t.Skip(err)
	}
	if !f.Streams() {
		t.Error("a device does not stream")
	}
	f.Write(bytes.Repeat([]byte("x"), 10))
	if err := f.Commit(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(os.DevNull); err != nil {
		t.Error(err)
	}
}

func TestCreateWithoutFolder(t *testing.T) {
	_, err := Create(filepath.Join(t.TempDir(), "none", "film"))
	if !errors.Is(err, ErrWrite) {
		t.Errorf("%v", err)
	}
}
