package printsize

import (
	"errors"
	"image"
	"strings"
	"testing"
)

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
		var p Print
		if err := p.Size.Set(text); err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := p.Pixels(image.Point{}); got != want {
			t.Errorf("%s has %v pixels, want %v", text, got, want)
		}
		if want.X != want.Y {
			across, upright := p.Pixels(image.Pt(3, 2)), p.Pixels(image.Pt(2, 3))
			if across.X <= across.Y || upright.X >= upright.Y {
				t.Errorf("%s: %v across, %v upright", text, across, upright)
			}
		}
	}
	for _, text := range []string{"", "A", "A11", "60x40", "60cm", "0x40cm", "-1x4cm", "NaNx4cm", "Infx4cm", "A3@", "A3@xdpi", "A3@0", "A3@1e9dpi", "60x40km", "@300dpi"} {
		var p Size
		if err := p.Set(text); err == nil {
			t.Errorf("%q is %+v", text, p)
		}
	}
	var p Size
	if err := p.Set("60x40@200dpi"); err == nil || !strings.Contains(err.Error(), "60x40cm") {
		t.Errorf("a size without a unit: %v, want an error that names 60x40cm", err)
	}
	var b Length
	for _, text := range []string{"", "3", "-1mm", "mm", "NaNmm", "3x3mm"} {
		if err := b.Set(text); err == nil {
			t.Errorf("bleed %q is %+v", text, b)
		}
	}
}

// TestPrintDPI: the resolution that is named fits, and the next one does not.
func TestPrintDPI(t *testing.T) {
	for _, text := range []string{"A0", "60x40cm", "24x16in", "2.54x1cm"} {
		var p Print
		if err := errors.Join(p.Size.Set(text), p.Bleed.Set("3mm")); err != nil {
			t.Fatal(err)
		}
		_, height := p.Lengths(image.Pt(2, 3))
		for _, long := range []int{300, 5000, 16384} {
			dpi := p.LargestDPI(long)
			if pixelsOf(height, float64(dpi)) > long || pixelsOf(height, float64(dpi+1)) <= long {
				t.Errorf("%s in %d pixels: %d dpi", text, long, dpi)
			}
		}
	}
}

func TestDescribe(t *testing.T) {
	for _, c := range []struct {
		size, bleed string
		of          image.Point
		want        string
	}{
		{"60x40cm", "", image.Pt(2, 3), "40 x 60 cm at 300 dpi"},
		{"A3@150", "3mm", image.Pt(3, 2), "42.6 x 30.3 cm with a bleed of 3mm at 150 dpi"},
		{"24x16in", "", image.Point{}, "24 x 16 in at 300 dpi"},
		{"letter", "0.125in", image.Point{}, "8.75 x 11.25 in with a bleed of 0.125in at 300 dpi"},
	} {
		var p Print
		if err := p.Size.Set(c.size); err != nil {
			t.Fatal(err)
		}
		if c.bleed != "" {
			if err := p.Bleed.Set(c.bleed); err != nil {
				t.Fatal(err)
			}
		}
		if got := p.Describe(c.of); got != c.want {
			t.Errorf("%s, %s: %s, expected %s", c.size, c.bleed, got, c.want)
		}
	}
}

func TestCropped(t *testing.T) {
	for _, c := range []struct {
		part image.Rectangle
		want string
	}{
		{image.Rect(0, 0, 200, 100), ""},
		{image.Rect(25, 0, 175, 100), "25% of its width is cut off, half on the left and half on the right"},
		{image.Rect(0, 5, 200, 95), "10% of its height is cut off, half at the top and half at the bottom"},
	} {
		if got := Cropped(image.Pt(200, 100), c.part); got != c.want {
			t.Errorf("%v: %q, expected %q", c.part, got, c.want)
		}
	}
}
