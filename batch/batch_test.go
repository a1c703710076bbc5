package batch_test

import (
	"errors"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/batch"
	"github.com/pastiche-art/pastiche/paint"
)

// folder makes files, in which a PNG has one pixel and another file its own name, and
// goes to their folder.
func folder(t *testing.T, files ...string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		switch filepath.Ext(name) {
		case ".png":
			err = png.Encode(f, image.NewGray(image.Rect(0, 0, 1, 1)))
		case ".psd":
			_, err = f.WriteString("8BPS")
		default:
			_, err = f.WriteString(name)
		}
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
}

func TestPlan(t *testing.T) {
	folder(t, "photos/b.png", "photos/a.png", "photos/.hidden.png", "photos/notes.txt", "photos/raw.psd", "photos/sub/c.png",
		"[1]/d.png", "styles/x.png", "styles/y.png")
	for _, c := range []struct {
		name string
		batch.Options
		want string // contents-styles
	}{
		{"a folder, without hidden, unreadable and other files", batch.Options{Contents: []string{"photos"}, Styles: []string{"styles/x.png"}}, "a-x b-x"},
		{"every pair", batch.Options{Contents: []string{"photos"}, Styles: []string{"styles"}}, "a-x a-y b-x b-y"},
		{"pairs", batch.Options{Contents: []string{"photos"}, Styles: []string{"styles"}, Zip: true}, "a-x b-y"},
		{"the order of names", batch.Options{Contents: []string{"photos/b.png", "photos/a.png"}, Styles: []string{"styles/x.png"}}, "b-x a-x"},
		{"a hidden file by its name", batch.Options{Contents: []string{"photos/.hidden.png"}, Styles: []string{"styles/x.png"}}, ".hidden-x"},
		{"a hidden file by a pattern", batch.Options{Contents: []string{"photos/.*"}, Styles: []string{"styles/x.png"}}, ".hidden-x"},
		{"a pattern of folders", batch.Options{Contents: []string{"p*/*/*.png"}, Styles: []string{"styles/x.png"}}, "c-x"},
		{"brackets in the name of a folder", batch.Options{Contents: []string{"[1]/d*"}, Styles: []string{"styles/x.png"}}, "d-x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.Folder = "out"
			works, _, err := batch.Plan(c.Options)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range works {
				if w.Painting != filepath.Join("out", batch.Stem(w.Content)+"-"+batch.Stem(w.Style)+".png") {
					t.Errorf("%+v", w)
				}
				got = append(got, strings.TrimSuffix(filepath.Base(w.Painting), ".png"))
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%q, expected %s", got, c.want)
			}
		})
	}
}

func TestLeftOut(t *testing.T) {
	folder(t, "photos/a.png", "photos/one.psd", "photos/two.psd")
	// The folder is named twice, and its files are left out once.
	works, leftOut, err := batch.Plan(batch.Options{Contents: []string{"photos"}, Styles: []string{"photos"}})
	if err != nil || len(works) != 1 || len(leftOut) != 2 {
		t.Fatalf("%v, %v, %v", works, leftOut, err)
	}
	const want = "2 files left out: one.psd (a Photoshop PSD), two.psd (a Photoshop PSD)"
	if got := batch.Describe(leftOut); got != want {
		t.Errorf("%s, expected %s", got, want)
	}
	many := slices.Repeat(leftOut, 6)
	if got := batch.Describe(many); !strings.HasPrefix(got, "12 files left out: ") || !strings.HasSuffix(got, ", and 2 more") {
		t.Errorf("of twelve: %s", got)
	}
}

func TestErrors(t *testing.T) {
	folder(t, "photos/a.png", "photos/b.png", "other/a.png", "style.png", "empty/notes.txt")
	style := []string{"style.png"}
	for _, c := range []struct {
		name string
		batch.Options
		option, message string // "" is ErrNotFound
	}{
		{"a missing file", batch.Options{Contents: []string{"missing.png"}, Styles: style}, "", "missing.png: no such file, folder or pattern"},
		{"a missing style", batch.Options{Contents: []string{"photos"}, Styles: []string{"missing*"}}, "", "missing*: no such file"},
		{"an empty folder", batch.Options{Contents: []string{"empty"}, Styles: style}, "", "no pictures in this folder"},
		{"a pattern of other files", batch.Options{Contents: []string{"empty/*"}, Styles: style}, "", "no pictures match this pattern"},
		{"counts", batch.Options{Contents: []string{"photos"}, Styles: style, Zip: true}, "Zip", "2 contents and 1 styles"},
		{"paintings among inputs", batch.Options{Contents: []string{"photos"}, Styles: style, Folder: "./photos"}, "Folder", "would be painted again"},
		{"one name for two", batch.Options{Contents: []string{"photos", "other"}, Styles: style}, "-", "would both become a-style.png"},
		{"a malformed pattern", batch.Options{Contents: []string{"photos/[a"}, Styles: style}, "-", "does not end"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := batch.Plan(c.Options)
			if err == nil || !strings.Contains(err.Error(), c.message) {
				t.Fatalf("%v, expected %s", err, c.message)
			}
			option := &paint.OptionError{Option: "-"}
			errors.As(err, &option)
			if errors.Is(err, batch.ErrNotFound) != (c.option == "") || c.option != "" && option.Option != c.option {
				t.Errorf("%v is of another kind", err)
			}
		})
	}
}

func TestUnreadableFolder(t *testing.T) {
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		t.Skip("every folder is readable")
	}
	folder(t, "photos/a.png", "style.png")
	if err := os.Chmod("photos", 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod("photos", 0o700) })
	_, _, err := batch.Plan(batch.Options{Contents: []string{"photos"}, Styles: []string{"style.png"}})
	if !errors.Is(err, batch.ErrNotFound) || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("%v", err)
	}
}

func ExampleStem() {
	for _, path := range []string{"photos/cat.jpg", "photo.JPG_original", "day 1.5", "scan.NEF"} {
		fmt.Println(batch.Stem(path))
	}
	// Output:
	// cat
	// photo.JPG_original
	// day 1.5
	// scan
}
