package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/picture"
)

// TestKeepProfile: a painting of a content that is kept but for a row, in the content's own
// profile, has the content's levels and profile; in sRGB, which is the default,
// its colours are the same. Any other profile cannot be kept, and one that is not
// understood gives a warning.
func TestKeepProfile(t *testing.T) {
	folder := inputFolder(t)
	const row, rows = 48, 32
	most := picture.New(row, rows) // all but the first row
	for i := range most.RGB {
		if i%(row*rows) >= row {
			most.RGB[i] = 255
		}
	}
	if err := picture.Save(folder+"/most.png", most, picture.SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	fixture := func(name string) (path string, p *picture.Picture, f *picture.Profile) {
		path, err := filepath.Abs("../../picture/testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := picture.Open(t.Context(), path, picture.Limits{})
		if err != nil || file.Profile == nil {
			t.Fatalf("%s: %v, error %v", name, file, err)
		}
		return path, file.Picture, file.Profile
	}
	paint := func(content, output string, flags ...string) (said string, err error) {
		args := append([]string{"paint", content, "style.png", "-o", output,
			"--recipe", "gatys", "--size", "48", "--iterations", "1"}, flags...)
		text, err := pastiche(folder, args...).CombinedOutput()
		return string(text), err
	}
	_, wide, f := fixture("profile-p3.png")
	// As large as its painting, so that nothing is resized.
	wide = wide.Resize(row, rows)
	if err := picture.Save(folder+"/wide.png", wide, picture.SaveOptions{Profile: f}); err != nil {
		t.Fatal(err)
	}
	managed := f.ToSRGB(wide)
	for _, c := range []struct {
		flags []string
		kept  bool
	}{{[]string{"--keep", "most.png"}, false}, {[]string{"--keep", "most.png", "--keep-profile"}, true}} {
		if said, err := paint("wide.png", "painting.png", c.flags...); err != nil {
			t.Fatal(err, said)
		}
		file, err := picture.Open(t.Context(), folder+"/painting.png", picture.Limits{})
		if err != nil || (file.Profile != nil) != c.kept {
			t.Fatalf("%v: %v, error %v", c.flags, file, err)
		}
		p, kept := file.Picture, file.Profile
		if kept == nil {
			p = f.FromSRGB(p)
		}
		for i, v := range p.RGB {
			if i%(row*rows) < row {
				continue
			}
			// Beyond sRGB, colours are clipped unless the profile is kept.
			if d := v - wide.RGB[i]; (d > 1 || d < -1) && (c.kept || !clipped(managed, i)) {
				t.Fatalf("%v: level %d is %.1f, the content's %.1f", c.flags, i, v, wide.RGB[i])
			}
		}
	}
	for name, c := range map[string]struct {
		reason string
		warned bool
	}{
		"profile-table.tif": {"a table", false},
		"profile-press.jpg": {"is for CMYK", false},
		"profile-cmyk.png":  {"is for CMYK, which the picture is not", true},
		"profile-grey.png":  {"greys", false},
	} {
		path, err := filepath.Abs("../../picture/testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		said, err := paint(path, "painting.png")
		if warned := strings.Contains(said, c.reason) && strings.Contains(said, name); err != nil || warned != c.warned {
			t.Errorf("%s: %v: %s", name, err, said)
		}
		if said, err := paint(path, "painting.png", "--keep-profile"); err == nil || !strings.Contains(said, c.reason) || !strings.Contains(said, "no --keep-profile") {
			t.Errorf("%s kept: %v: %s", name, err, said)
		}
	}
	if said, err := paint("content.png", "painting.png", "--keep-profile"); err != nil || !strings.Contains(said, "no colour profile") {
		t.Errorf("without a profile: %v: %s", err, said)
	}
}

// clipped says whether a pixel has a level at the end of its range.
func clipped(p *picture.Picture, i int) bool {
	plane := p.W * p.H
	for c := range 3 {
		if v := p.RGB[c*plane+i%plane]; v < 1 || v > 254 {
			return true
		}
	}
	return false
}
