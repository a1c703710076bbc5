package paint_test

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// masks returns n pictures, which differ in their widths alone: the first is from wide.
func masks(from, n int) (all []image.Image) {
	for i := range n {
		all = append(all, image.NewGray(image.Rect(0, 0, from+i, 1)))
	}
	return all
}

func TestRegions(t *testing.T) {
	// The widths of pictures stand for them: styles 1, 2, ..., masks 11, ..., masks of
	// styles 21, ..., keep 31.
	shown := func(regions []paint.Region) string {
		width := func(m image.Image) string {
			if m == nil {
				return "-"
			}
			return fmt.Sprint(m.Bounds().Dx())
		}
		var all []string
		for _, r := range regions {
			var styles []string
			for _, s := range r.Styles {
				styles = append(styles, fmt.Sprintf("%s/%s*%g", width(s.Picture), width(s.Mask), s.Weight))
			}
			all = append(all, width(r.Mask)+"("+strings.Join(styles, " ")+")")
		}
		return strings.Join(all, " ")
	}
	for _, c := range []struct {
		name                      string
		styles, masks, styleMasks int
		keep                      image.Image
		want                      string // of regions, or of the error
	}{
		{"styles", 2, 0, 0, nil, "-(1/-*3 2/-*3)"},
		{"a mask of the first style", 2, 0, 1, nil, "-(1/21*3 2/-*3)"},
		{"a region for each style", 2, 2, 1, nil, "11(1/21*3) 12(2/-*3)"},
		{"one style for all regions", 1, 2, 2, nil, "11(1/21*3) 12(1/22*3)"},
		{"a part that stays", 1, 1, 0, masks(31, 1)[0], "11(1/-*3) 31()"},
		{"a part that stays, without masks", 1, 0, 0, masks(31, 1)[0], "-(1/-*3) 31()"},
		{"more masks of styles than styles", 1, 0, 2, nil, "StyleMask: 2 masks for 1 styles"},
		{"more masks than styles", 2, 3, 0, nil, "Mask: 3 masks for 2 styles"},
		{"fewer masks than styles", 3, 2, 0, nil, "Mask: 2 masks for 3 styles"},
		{"masks without a style", 0, 1, 0, nil, "Mask: 1 masks for 0 styles"},
		{"more masks of styles than regions", 2, 2, 3, nil, "StyleMask: 3 masks for 2 regions"},
	} {
		t.Run(c.name, func(t *testing.T) {
			styles := paint.InMannerOf(masks(1, c.styles)...)[0].Styles
			for i := range styles {
				styles[i].Weight = 3
			}
			regions, err := paint.Regions(styles, masks(11, c.masks), masks(21, c.styleMasks), c.keep)
			got := shown(regions)
			if err != nil {
				if !errors.As(err, new(*paint.OptionError)) {
					t.Fatal(err)
				}
				got, _, _ = strings.Cut(err.Error(), ": expected")
			}
			if got != c.want {
				t.Errorf("got %s, expected %s", got, c.want)
			}
			for _, s := range styles {
				if s.Mask != nil || s.Weight != 3 {
					t.Error("the caller's styles have changed")
				}
			}
		})
	}
}

// labels returns a label picture of vertical stripes.
func labels(colors ...color.Color) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, 12*len(colors), 12))
	for i := range m.Rect.Dx() * m.Rect.Dy() {
		m.Set(i%m.Rect.Dx(), i/m.Rect.Dx(), colors[i%m.Rect.Dx()/12])
	}
	return m
}

func TestLabelRegions(t *testing.T) {
	red, green, blue := color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 255, 0, 255}, color.NRGBA{0, 0, 255, 255}
	style := paint.Style{Picture: picture.New(5, 5), Scale: 2}
	regions, err := paint.LabelRegions(style, labels(red, blue), labels(blue, green, red))
	if err != nil {
		t.Fatal(err)
	}
	white := func(m image.Image, x int) bool { r, _, _, _ := m.At(x, 6).RGBA(); return r == 0xffff }
	for i, c := range []struct{ stripe, ofStyle int }{{1, 0}, {0, 2}} { // blue is the smaller number
		r := regions[i]
		for stripe := range 2 {
			if white(r.Mask, 12*stripe+6) != (stripe == c.stripe) {
				t.Errorf("region %d has stripe %d of the content", i, stripe)
			}
		}
		for stripe := range 3 {
			if white(r.Styles[0].Mask, 12*stripe+6) != (stripe == c.ofStyle) {
				t.Errorf("region %d has stripe %d of the style", i, stripe)
			}
		}
		if r.Styles[0].Scale != 2 || r.Styles[0].Picture != style.Picture {
			t.Errorf("region %d has the style %+v", i, r.Styles[0])
		}
	}
	if len(regions) != 2 {
		t.Errorf("%d regions", len(regions))
	}
	for name, c := range map[string]struct {
		content, of image.Image
		option      string
	}{
		"a colour that the style's has not":    {labels(red, blue), labels(red), "Mask"},
		"a photo instead of the content's":     {rainbow(), labels(red), "Mask"},
		"a photo instead of that of the style": {labels(red), rainbow(), "StyleMask"},
	} {
		_, err := paint.LabelRegions(style, c.content, c.of)
		if option := new(paint.OptionError); !errors.As(err, &option) || option.Option != c.option {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// rainbow returns a picture of more colours than labels have.
func rainbow() image.Image {
	var colors []color.Color
	for i := range 64 {
		colors = append(colors, color.NRGBA{uint8(i % 4 * 80), uint8(i / 4 % 4 * 80), uint8(i / 16 * 80), 255})
	}
	return labels(colors...)
}
