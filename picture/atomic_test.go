package picture

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
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

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.csv")
	for _, text := range []string{"first", "second, longer", ""} {
		if err := WriteFile(path, put(text)); err != nil {
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

func TestWriteFileFailures(t *testing.T) {
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
					return WriteFile(target, tt.write)
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

func TestWriteFilePermissions(t *testing.T) {
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
	if err := WriteFile(filepath.Join(dir, "new"), put("new")); err != nil {
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
		if err := WriteFile(filepath.Join(dir, "new"), put("newer")); err != nil {
			t.Fatal(err)
		}
		if got := mode("new"); got != want {
			t.Errorf("a replaced file has mode %v, want %v", got, want)
		}
	}
}

func TestWriteFileFollowsLinks(t *testing.T) {
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
			if err := WriteFile(path, put(text+path)); err != nil {
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
	if err := WriteFile(loop, put("")); !errors.Is(err, ErrWrite) {
		t.Errorf("a loop of links: error %v", err)
	}
	if got := names(t, dir) + " " + names(t, sub); got != "chain link loop sub target" {
		t.Errorf("left: %s", got)
	}
}

func TestWriteFileLeavesDevicesAlone(t *testing.T) {
	before, err := os.Stat(os.DevNull)
	if err != nil || before.Mode().IsRegular() {
		t.Skip("no null device")
	}
	if err := WriteFile(os.DevNull, put("gone")); err != nil {
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
	if err := CheckPath("/proc/a.png"); !errors.Is(err, ErrWrite) || strings.Contains(err.Error(), "make the directory") {
		t.Errorf("got %v", err)
	}
}

func TestCheckPath(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file.png")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "folder.png")
	readOnly := filepath.Join(dir, "readonly")
	for _, d := range []string{folder, readOnly} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	frozen := filepath.Join(dir, "frozen.png")
	if err := os.WriteFile(frozen, nil, 0o400); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(readOnly, 0o500); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, path string
		want       error
		says       string
		privileged bool // the superuser may
	}{
		{"new", filepath.Join(dir, "new.png"), nil, "", false},
		{"existing", file, nil, "", false},
		{"no extension", filepath.Join(dir, "new"), ErrFormat, "no extension", false},
		{"unknown extension", filepath.Join(dir, "new.bmp"), ErrFormat, ".bmp", false},
		{"no directory", filepath.Join(dir, "none", "new.png"), ErrWrite, "make the directory", false},
		{"file as directory", filepath.Join(file, "new.png"), ErrWrite, "cannot be written", false},
		{"directory", folder, ErrWrite, "directory", false},
		{"read-only file", frozen, ErrWrite, "permissions", true},
		{"read-only directory", filepath.Join(readOnly, "new.png"), ErrWrite, "permissions", true},
	}
	before := names(t, dir)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.privileged && os.Geteuid() <= 0 {
				t.Skip("permissions do not bind the superuser")
			}
			err := CheckPath(tt.path)
			if !errors.Is(err, tt.want) {
				t.Fatalf("error %v, want %v", err, tt.want)
			}
			if err != nil && (!strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), ".tmp")) {
				t.Errorf("error %q should say %q and no temporary name", err, tt.says)
			}
			// Save must agree with what CheckPath foretold.
			if saveErr := Save(tt.path, New(2, 2), SaveOptions{}); tt.want != nil && !errors.Is(saveErr, tt.want) {
				t.Errorf("Save: error %v, want %v", saveErr, tt.want)
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
