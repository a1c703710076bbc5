package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// content returns a file's text.
func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// names returns what a directory holds.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

func put(text string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.csv")
	for _, text := range []string{"first", "second, longer", ""} {
		if err := Write(path, put(text)); err != nil {
			t.Fatal(err)
		}
		if got := content(t, path); got != text {
			t.Errorf("content %q, want %q", got, text)
		}
	}
	if got := names(t, dir); got != "a.csv" {
		t.Errorf("the directory holds %s", got)
	}
}

func TestWriteFailures(t *testing.T) {
	errHalfway := errors.New("halfway")
	// More than any buffer, so that some of it has reached the file.
	half := strings.Repeat("half ", 1<<18)
	tests := []struct {
		name  string
		write func(io.Writer) error
	}{
		{"error at once", func(io.Writer) error { return errHalfway }},
		{"error halfway", func(w io.Writer) error { return errors.Join(put(half)(w), errHalfway) }},
		{"panic", func(w io.Writer) error { _ = put(half)(w); panic(errHalfway) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "old.npy")
			if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, target := range []string{path, filepath.Join(dir, "new.npy")} {
				err := func() (err error) {
					defer func() {
						if r := recover(); r != nil {
							err, _ = r.(error)
						}
					}()
					return Write(target, tt.write)
				}()
				if !errors.Is(err, errHalfway) || errors.Is(err, ErrWrite) {
					t.Errorf("error %v", err)
				}
			}
			if got := content(t, path); got != "old" {
				t.Errorf("the old file holds %.20q", got)
			}
			if got := names(t, dir); got != "old.npy" {
				t.Errorf("the directory holds %s", got)
			}
		})
	}
}

func TestWritePermissions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no permission bits")
	}
	dir := t.TempDir()
	mode := func(name string) fs.FileMode {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode()
	}
	// A new file has what os.Create gives under whatever umask this runs.
	f, err := os.Create(filepath.Join(dir, "created"))
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := Write(filepath.Join(dir, "new"), put("new")); err != nil {
		t.Fatal(err)
	}
	if got, want := mode("new"), mode("created"); got != want {
		t.Errorf("a new file has mode %v, want %v", got, want)
	}
	// A replaced one keeps its own, even one that the umask would not give.
	for _, want := range []fs.FileMode{0o600, 0o666, 0o755} {
		if err := os.Chmod(filepath.Join(dir, "new"), want); err != nil {
			t.Fatal(err)
		}
		if err := Write(filepath.Join(dir, "new"), put("newer")); err != nil {
			t.Fatal(err)
		}
		if got := mode("new"); got != want {
			t.Errorf("a replaced file has mode %v, want %v", got, want)
		}
	}
}

func TestWriteFollowsLinks(t *testing.T) {
	dir := t.TempDir()
	sub := filepath.Join(dir, "sub")
	if err := os.Mkdir(sub, 0o700); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(sub, "target")
	link, chain := filepath.Join(dir, "link"), filepath.Join(dir, "chain")
	if err := os.Symlink(filepath.Join("sub", "target"), link); err != nil {
		t.Skip(err)
	}
	if err := os.Symlink("link", chain); err != nil {
		t.Fatal(err)
	}
	// First the links dangle, then they lead to a file.
	for _, text := range []string{"new", "replaced"} {
		for _, path := range []string{chain, link} {
			if err := Write(path, put(text+path)); err != nil {
				t.Fatal(err)
			}
			if got := content(t, target); got != text+path {
				t.Errorf("the target holds %q", got)
			}
			if info, err := os.Lstat(path); err != nil || info.Mode().Type() != fs.ModeSymlink {
				t.Errorf("%s is no link any more", path)
			}
		}
	}
	loop := filepath.Join(dir, "loop")
	if err := os.Symlink("loop", loop); err != nil {
		t.Fatal(err)
	}
	if err := Write(loop, put("")); !errors.Is(err, ErrWrite) {
		t.Errorf("a loop of links: error %v", err)
	}
	if got := names(t, dir) + " " + names(t, sub); got != "chain link loop sub target" {
		t.Errorf("left: %s", got)
	}
}

func TestWriteLeavesDevicesAlone(t *testing.T) {
	before, err := os.Stat(os.DevNull)
	if err != nil || before.Mode().IsRegular() {
		t.Skip("no null device")
	}
	if err := Write(os.DevNull, put("gone")); err != nil {
		t.Fatal(err)
	}
	if err := CheckWritable(os.DevNull); err != nil {
		t.Error(err)
	}
	if after, err := os.Stat(os.DevNull); err != nil || after.Mode() != before.Mode() {
		t.Errorf("the null device became %v", after.Mode())
	}
}

// TestMissingFolder gives no advice to make a folder that is there.
func TestMissingFolder(t *testing.T) {
	if _, err := os.Stat("/proc"); err != nil {
		t.Skip("no /proc, in which no file can be made")
	}
	if err := CheckWritable("/proc/a.png"); !errors.Is(err, ErrWrite) || strings.Contains(err.Error(), "make the directory") {
		t.Errorf("got %v", err)
	}
}

func TestCheckWritable(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "folder")
	readOnly := filepath.Join(dir, "readonly")
	for _, d := range []string{folder, readOnly} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	frozen := filepath.Join(dir, "frozen")
	if err := os.WriteFile(frozen, nil, 0o400); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(readOnly, 0o500); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, path string
		says       string // empty where the path is writable
		privileged bool   // the superuser may
	}{
		{"new", filepath.Join(dir, "new"), "", false},
		{"existing", file, "", false},
		{"no directory", filepath.Join(dir, "none", "new"), "make the directory", false},
		{"file as directory", filepath.Join(file, "new"), "cannot be written", false},
		{"directory", folder, "directory", false},
		{"long name", filepath.Join(dir, strings.Repeat("n", 300)), "cannot be written", false},
		{"read-only file", frozen, "permissions", true},
		{"read-only directory", filepath.Join(readOnly, "new"), "permissions", true},
	}
	before := names(t, dir)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.privileged && os.Geteuid() <= 0 {
				t.Skip("permissions do not bind the superuser")
			}
			// Writing must agree with what was foretold.
			for _, err := range []error{CheckWritable(tt.path), Write(tt.path, put("new"))} {
				if (tt.says == "") != (err == nil) {
					t.Fatalf("error %v", err)
				}
				if err != nil && (!errors.Is(err, ErrWrite) || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), ".tmp")) {
					t.Errorf("error %q should say %q and no temporary name", err, tt.says)
				}
			}
		})
		if tt.name == "new" {
			os.Remove(tt.path)
		}
	}
	if after := names(t, dir); after != before {
		t.Errorf("left: %s; before: %s", after, before)
	}
}

// TestWriteLinkInLinkedFolder follows a link upwards from the folder that it is
// in, not from the link through which that folder was reached.
func TestWriteLinkInLinkedFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "deep", "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join("deep", "sub"), filepath.Join(dir, "short")); err != nil {
		t.Skip(err)
	}
	if err := os.Symlink(filepath.Join("..", "target"), filepath.Join(dir, "deep", "sub", "link")); err != nil {
		t.Fatal(err)
	}
	if err := Write(filepath.Join(dir, "short", "link"), put("new")); err != nil {
		t.Fatal(err)
	}
	if got := content(t, filepath.Join(dir, "deep", "target")); got != "new" {
		t.Errorf("the target holds %q", got)
	}
	if got := names(t, dir); got != "deep short" {
		t.Errorf("the folder holds %s", got)
	}
}

func TestWriteNew(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "new")
	if err := WriteNew(path, put("first")); err != nil {
		t.Fatal(err)
	}
	unused := func(io.Writer) error { t.Error("write was called"); return nil }
	if err := WriteNew(path, unused); !errors.Is(err, fs.ErrExist) || !errors.Is(err, ErrWrite) {
		t.Errorf("over a file: error %v", err)
	}
	dangling := filepath.Join(dir, "dangling")
	if err := os.Symlink("nowhere", dangling); err == nil {
		if err := WriteNew(dangling, unused); !errors.Is(err, fs.ErrExist) {
			t.Errorf("over a link: error %v", err)
		}
		os.Remove(dangling)
	}
	// A file that appears while the bytes are made.
	race := filepath.Join(dir, "race")
	err := WriteNew(race, func(w io.Writer) error {
		return errors.Join(put("ours")(w), os.WriteFile(race, []byte("theirs"), 0o600))
	})
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a file that appeared: error %v", err)
	}
	if got := content(t, race); got != "theirs" {
		t.Errorf("the file that appeared holds %q", got)
	}
	if got := content(t, path); got != "first" {
		t.Errorf("the file holds %q", got)
	}
	if err := WriteNew(filepath.Join(dir, "none", "new"), unused); !errors.Is(err, ErrWrite) || errors.Is(err, fs.ErrExist) {
		t.Errorf("in a missing folder: error %v", err)
	}
	if err := WriteNew(filepath.Join(dir, strings.Repeat("n", 300)), unused); !errors.Is(err, ErrWrite) {
		t.Errorf("with a long name: error %v", err)
	}
	if got := names(t, dir); got != "new race" {
		t.Errorf("the folder holds %s", got)
	}
}

// TestWriteNewOnce lets many writers choose the same name: one gets it.
func TestWriteNewOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new")
	const writers = 8
	results := make(chan error)
	for range writers {
		go func() { results <- WriteNew(path, put("whole")) }()
	}
	won := 0
	for range writers {
		err := <-results
		if err == nil {
			won++
		} else if !errors.Is(err, fs.ErrExist) {
			t.Error(err)
		}
	}
	if won != 1 || content(t, path) != "whole" {
		t.Errorf("%d writers made the file", won)
	}
}

// TestReplace replaces a link and leaves its target.
func TestReplace(t *testing.T) {
	dir := t.TempDir()
	target, path := filepath.Join(dir, "target"), filepath.Join(dir, "path")
	if err := os.WriteFile(target, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("target", path); err != nil {
		t.Skip(err)
	}
	for _, text := range []string{"over a link", "over a file"} {
		if err := Replace(path, put(text)); err != nil {
			t.Fatal(err)
		}
		if content(t, path) != text || content(t, target) != "old" {
			t.Errorf("%s: the path holds %q, the target of the link %q", text, content(t, path), content(t, target))
		}
	}
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		t.Errorf("the path is %v, %v", info.Mode(), err)
	}
}

// TestSweep removes temporary files by name and age, and nothing else.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	old := time.Now().Add(-48 * time.Hour)
	for _, f := range []struct {
		name string
		old  bool
	}{
		{".pastiche-00000001.tmp", true},
		{".pastiche-00000002.tmp", false},
		{".pastiche-mine.tmp", true},
		{".pastiche-00000003.tmp~", true},
		{".pastiche-00000006.tmp.mp4", true},
		{"pastiche-00000004.tmp", true},
	} {
		path := filepath.Join(dir, f.name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if f.old {
			if err := os.Chtimes(path, old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.Mkdir(filepath.Join(dir, ".pastiche-00000005.tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := CheckWritable(filepath.Join(dir, "new")); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); got != ".pastiche-00000002.tmp .pastiche-00000003.tmp~ .pastiche-00000005.tmp .pastiche-mine.tmp pastiche-00000004.tmp" {
		t.Errorf("the folder holds %s", got)
	}
	if err := Sweep(dir, 0); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); strings.Contains(got, "00000002") {
		t.Errorf("the folder holds %s", got)
	}
	if err := Sweep(filepath.Join(dir, "none"), 0); err != nil {
		t.Errorf("a missing folder: %v", err)
	}
}
