package main

import (
	"context"
	"errors"
	"image"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pastiche-art/pastiche/picture"
)

// signed is a file with metadata of every kind.
var signed = filepath.Join("..", "..", "picture", "testdata", "metadata", "exif.jpg")

// sign draws a picture whose file has metadata of every kind.
func sign(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sign FILE SEED")
	}
	seed, err := strconv.Atoi(args[1])
	ts.Check(err)
	f, err := picture.Open(context.Background(), signed, picture.Limits{})
	ts.Check(err)
	meta := picture.Metadata{
		Artist: "Anna Müller", Copyright: "© 2024", Date: time.Date(2024, 6, 30, 18, 21, 7, 0, time.UTC),
		Resolution: 240, Place: f.Metadata.Place,
	}
	ts.Check(picture.Save(ts.MkAbs(args[0]), drawn(96, 64, seed), picture.SaveOptions{Metadata: meta}))
}

// tells checks the metadata of a file, all of it.
func tells(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: tells FILE nothing|(FIELD VALUE)...")
	}
	f, err := picture.Open(context.Background(), ts.MkAbs(args[0]), picture.Limits{})
	ts.Check(err)
	var got []string
	add := func(field, value string) {
		if value != "" {
			got = append(got, field, value)
		}
	}
	m := f.Metadata
	add(fieldArtist, m.Artist)
	add(fieldCopyright, m.Copyright)
	if !m.Date.IsZero() {
		add(fieldDate, m.Date.Format(time.DateOnly))
	}
	if m.Resolution > 0 {
		add(fieldResolution, strconv.FormatFloat(m.Resolution, 'g', -1, 64))
	}
	if m.Place != nil {
		add(fieldPlace, "yes")
	}
	if len(got) == 0 {
		got = []string{"nothing"}
	}
	if !slices.Equal(got, args[1:]) {
		ts.Fatalf("%s tells %q, want %q", args[0], got, args[1:])
	}
}

// TestPrintSize: sizes of paper in all their spellings, and the pixels of each.
func TestPrintSize(t *testing.T) {
	for text, want := range map[string]image.Point{
		"60x40cm@300dpi":     {7087, 4724},
		"24x16in@200dpi":     {4800, 3200},
		"600x400mm":          {7087, 4724},
		"600mmx40cm":         {7087, 4724},
		"0.6x0.4m":           {7087, 4724},
		"A3":                 {3508, 4961},
		"a3@150":             {1754, 2480},
		"Letter":             {2550, 3300},
		"Legal@100ppi":       {850, 1400},
		"tabloid":            {3300, 5100},
		"8 x 10 in @ 72 dpi": {576, 720},
	} {
		var o paintOptions
		if err := o.print.Set(text); err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := o.printPixels(image.Point{}); got != want {
			t.Errorf("%s has %v pixels, want %v", text, got, want)
		}
		if want.X != want.Y {
			across, upright := o.printPixels(image.Pt(3, 2)), o.printPixels(image.Pt(2, 3))
			if across.X <= across.Y || upright.X >= upright.Y {
				t.Errorf("%s: %v across, %v upright", text, across, upright)
			}
		}
	}
	for _, text := range []string{"", "A", "A11", "60x40", "60cm", "0x40cm", "-1x4cm", "NaNx4cm", "Infx4cm", "A3@", "A3@xdpi", "A3@0", "A3@1e9dpi", "60x40km", "@300dpi"} {
		var p printSize
		if err := p.Set(text); err == nil {
			t.Errorf("%q is %+v", text, p)
		}
	}
	var b bleed
	for _, text := range []string{"", "3", "-1mm", "mm", "NaNmm", "3x3mm"} {
		if err := b.Set(text); err == nil {
			t.Errorf("bleed %q is %+v", text, b)
		}
	}
}

// TestPrintDPI: the resolution that is named fits, and the next one does not.
func TestPrintDPI(t *testing.T) {
	for _, text := range []string{"A0", "60x40cm", "24x16in", "2.54x1cm"} {
		var o paintOptions
		if err := errors.Join(o.print.Set(text), o.bleed.Set("3mm")); err != nil {
			t.Fatal(err)
		}
		_, height := o.printLengths(image.Pt(2, 3))
		for _, long := range []int{300, 5000, 16384} {
			dpi := o.printDPI(long)
			if pixelsOf(height, float64(dpi)) > long || pixelsOf(height, float64(dpi+1)) <= long {
				t.Errorf("%s in %d pixels: %d dpi", text, long, dpi)
			}
		}
	}
}

func TestRoughly(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Millisecond: "a second", 40 * time.Second: "40 seconds", 91 * time.Second: "2 minutes",
		3*time.Hour + time.Minute: "3 hours", 50 * time.Hour: "2 days",
	} {
		if got := roughly(d); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}
