package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/picture"
)

// TestKeepProfile: a painting of a content that is kept but for a row, in the content's own
// profile, has the content's levels and profile; in sRGB, which is the default,
// its colours are the same. A profile that is not understood is told of, and
// cannot be kept.
func TestKeepProfile(t *testing.T) {
	folder := inputs(t)
	const row = 96
	most := picture.New(row, 64) // all but the first row
	for i := range most.RGB {
		if i%(row*64) >= row {
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
		if p, f, err = picture.OpenAsStored(path, picture.Limits{}); err != nil || f == nil {
			t.Fatalf("%s: %v, profile %v", name, err, f)
		}
		return path, p, f
	}
	paint := func(content, output string, flags ...string) (said string, err error) {
		args := append([]string{"paint", content, "style.png", "-o", output,
			"--recipe", "gatys", "--size", "96", "--iterations", "1"}, flags...)
		text, err := pastiche(folder, args...).CombinedOutput()
		return string(text), err
	}
	_, wide, f := fixture("profile-p3.png")
	// As large as its painting, so that nothing is resized.
	wide = wide.Resize(96, 64)
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
		p, kept, err := picture.OpenAsStored(folder+"/painting.png", picture.Limits{})
		if err != nil || (kept != nil) != c.kept {
			t.Fatalf("%v: profile %v, error %v", c.flags, kept, err)
		}
		if kept == nil {
			p = f.FromSRGB(p)
		}
		for i, v := range p.RGB {
			if i%(row*64) < row {
				continue
			}
			// Beyond sRGB, colours are clipped unless the profile is kept.
			if d := v - wide.RGB[i]; (d > 1 || d < -1) && (c.kept || !clipped(managed, i)) {
				t.Fatalf("%v: level %d is %.1f, the content's %.1f", c.flags, i, v, wide.RGB[i])
			}
		}
	}
	for name, reason := range map[string]string{"profile-table.tif": "a table", "profile-cmyk.png": "CMYK", "profile-grey.png": "greys"} {
		path, _, profile := fixture(name)
		said, err := paint(path, "painting.png")
		if told := strings.Contains(said, reason) && strings.Contains(said, filepath.Base(path)); err != nil || told != (profile.Err() != nil) {
			t.Errorf("%s: %v: %s", name, err, said)
		}
		if said, err := paint(path, "painting.png", "--keep-profile"); err == nil || !strings.Contains(said, reason) {
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
