package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// mounted mounts a file of its own over a file, as containers do, and returns
// the paths of both. It skips the test where this process may not mount.
func mounted(t *testing.T) (source, path string) {
	t.Helper()
	source, path = filepath.Join(t.TempDir(), "source"), filepath.Join(t.TempDir(), "mounted")
	for _, p := range []string{source, path} {
		if err := os.WriteFile(p, []byte("old, and longer than what follows"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mount(source, path, "", unix.MS_BIND, ""); err != nil {
		t.Skipf("this process may not mount: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(path, 0); err != nil {
			t.Error(err)
		}
	})
	return source, path
}

func TestWriteMountPoint(t *testing.T) {
	source, path := mounted(t)
	if err := CheckWritable(path); err != nil {
		t.Error(err)
	}
	if err := Write(path, func(io.Writer) error { return errors.New("at once") }); err == nil {
		t.Error("the error of write was lost")
	}
	if got := content(t, source); !strings.HasPrefix(got, "old, ") {
		t.Errorf("after a failure the file holds %q", got)
	}
	if err := Write(path, put("new")); err != nil {
		t.Fatal(err)
	}
	if got := content(t, source); got != "new" {
		t.Errorf("the file holds %q", got)
	}
	if got := names(t, filepath.Dir(path)); got != "mounted" {
		t.Errorf("the folder holds %s", got)
	}
}

// TestRenameRefused writes in place where the kernel refuses the rename, as one
// before Linux 5.8 does over a mount point that it cannot report.
func TestRenameRefused(t *testing.T) {
	source, path := mounted(t)
	dst := destination{path: path, exists: true, mode: 0o600}
	if err := replace(path, dst, put("new")); err != nil {
		t.Fatal(err)
	}
	if got := content(t, source); got != "new" {
		t.Errorf("the file holds %q", got)
	}
	if got := names(t, filepath.Dir(path)); got != "mounted" {
		t.Errorf("the folder holds %s", got)
	}
}

// TestDiskFull leaves nothing behind on a file system that is full.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("none", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("this process may not mount: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	path := filepath.Join(dir, "new")
	if err := Write(path, put("small")); err != nil {
		t.Fatal(err)
	}
	for _, write := range []func(string, func(io.Writer) error) error{Write, Replace} {
		err := write(path, put(strings.Repeat("large", 1<<16)))
		if !errors.Is(err, unix.ENOSPC) || !errors.Is(err, ErrWrite) || !strings.Contains(err.Error(), "free some space") {
			t.Errorf("error %v", err)
		}
	}
	if got := content(t, path); got != "small" {
		t.Errorf("the old file holds %.20q", got)
	}
	if got := names(t, dir); got != "new" {
		t.Errorf("the folder holds %s", got)
	}
}
