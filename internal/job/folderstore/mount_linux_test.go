package folderstore

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/job/storetest"
)

// mount mounts a small file system in memory. It skips the test where this process
// may not mount.
func mount(t *testing.T, flags uintptr) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := unix.Mount("none", dir, "tmpfs", flags, "size=512k"); err != nil {
		t.Skipf("this process may not mount: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestDiskFull fills the disk and frees space.
func TestDiskFull(t *testing.T) {
	dir := mount(t, 0)
	s := openTest(t, dir)
	r := add(t, s, storetest.Record("", "one"))
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, bytes.Repeat([]byte("x"), 1<<20), 0o600); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("filling the disk: %v", err)
	}
	for what, err := range map[string]error{
		"Create":  s.Create(ctx, storetest.Record("", "two", storetest.WithKey("key"))),
		"Replace": s.Replace(ctx, r),
		"Ready":   s.Ready(ctx),
	} {
		if !errors.Is(err, blob.ErrFull) {
			t.Errorf("%s on a full disk: error %v", what, err)
		}
	}
	if now, err := s.Load(ctx, "", "one"); err != nil || now.Revision != r.Revision {
		t.Errorf("the record on a full disk: %+v, %v", now, err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(ctx); err != nil {
		t.Error(err)
	}
	add(t, s, storetest.Record("", "two", storetest.WithKey("key")))
	storetest.In(api.Done)(r)
	if err := s.Replace(ctx, r); err != nil {
		t.Error(err)
	}
}

// TestDiskFullDelete deletes records on a full disk, which makes space.
func TestDiskFullDelete(t *testing.T) {
	dir := mount(t, 0)
	s := openTest(t, dir)
	r := add(t, s, storetest.Record("", "one", storetest.In(api.Done)))
	if err := os.WriteFile(filepath.Join(dir, "ballast"), bytes.Repeat([]byte("x"), 1<<20), 0o600); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("filling the disk: %v", err)
	}
	if err := s.Delete(ctx, r); err != nil {
		t.Error(err)
	}
	if _, err := s.Load(ctx, "", "one"); !errors.Is(err, job.ErrNotFound) {
		t.Errorf("Load: error %v", err)
	}
}

func TestReadOnly(t *testing.T) {
	dir := mount(t, unix.MS_RDONLY)
	_, err := Open(dir, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "cannot be written") {
		t.Errorf("error %v", err)
	}
}
