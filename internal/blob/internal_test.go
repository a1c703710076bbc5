package blob

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// FuzzName checks that a name that CheckName takes is a subject of NATS, from which
// the name can be told, and a path below its folder.
func FuzzName(f *testing.F) {
	for _, name := range []string{"", "a", "01jdz6k3v9/result-2", "a/b.c", "a.b/c", "a..b", "../a", "a/META", "a=b", strings.Repeat("a/", 100)} {
		f.Add(name)
	}
	const prefix = "pastiche"
	subjects := regexp.MustCompile(`^pastiche\.blob(\.[a-z0-9_=-]+)+$`)
	f.Fuzz(func(t *testing.T, name string) {
		if CheckName(name) != nil {
			return
		}
		subject := (&NATS{prefix: prefix}).subject(name)
		if !subjects.MatchString(subject) {
			t.Errorf("%q has the subject %q", name, subject)
		}
		back := strings.TrimPrefix(subject, prefix+".blob.")
		back = strings.ReplaceAll(strings.ReplaceAll(back, ".", "/"), "=", ".")
		if back != name {
			t.Errorf("%q has the subject %q, which is that of %q", name, subject, back)
		}
		folder := &Folder{dir: t.TempDir()}
		if file := folder.file(name); !strings.HasPrefix(file, folder.dir) || len(file) != len(folder.dir)+1+len(name) {
			t.Errorf("%q has the file %q", name, file)
		}
	})
}

// A folder is made again when Remove of another blob removed it, because it was
// empty.
func TestFolderPruned(t *testing.T) {
	f, err := NewFolder(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	err = f.place("a/b/c", func(file string) (bool, error) {
		if calls++; calls == 1 {
			f.prune("a/b")
		}
		return true, os.WriteFile(file, nil, 0o600)
	})
	if err != nil || calls != 2 {
		t.Errorf("%v after %d calls; want none after 2", err, calls)
	}
	if _, err := os.Stat(filepath.Join(f.dir, "a", "b", "c")); err != nil {
		t.Error(err)
	}
}

// A full disk is ErrFull, and the begun file is removed.
func TestFolderNoSpace(t *testing.T) {
	f, err := NewFolder(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT} {
		err := f.place("a/b", func(file string) (bool, error) {
			return false, errors.Join(os.WriteFile(file, nil, 0o600), &fs.PathError{Op: "write", Path: file, Err: full})
		})
		if !errors.Is(err, ErrFull) || !errors.Is(err, full) {
			t.Errorf("%v: %v; want %v", full, err, ErrFull)
		}
	}
	if left, err := os.ReadDir(f.dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
