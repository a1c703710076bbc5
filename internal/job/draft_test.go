package job

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// TestShrinkKeepsLevels checks that a thumbnail has the picture's shape and levels.
func TestShrinkKeepsLevels(t *testing.T) {
	for _, size := range []image.Point{{1300, 700}, {513, 3}, {30, 5000}} {
		m := image.NewGray(image.Rectangle{Max: size})
		for y := range size.Y {
			for x := range size.X {
				level := uint8(40)
				if 2*x >= size.X {
					level = 200
				}
				m.SetGray(x, y, color.Gray{Y: level})
			}
		}
		small := shrink(picture.FromImage(m), smallSize)
		if w, h := picture.FitLong(size.X, size.Y, smallSize); small.W != w || small.H != h {
			t.Errorf("%v became %dx%d, expected %dx%d", size, small.W, small.H, w, h)
		}
		if left := small.RGB[0]; left != 40 {
			t.Errorf("%v: the left is of level %g, expected 40", size, left)
		}
		if right := small.RGB[small.W-1]; right != 200 {
			t.Errorf("%v: the right is of level %g, expected 200", size, right)
		}
	}
}

// TestInputsKeepTheirDepth checks that a stored picture has 16 bits only where its
// file had them.
func TestInputsKeepTheirDepth(t *testing.T) {
	p := picture.New(4, 4)
	p.RGB[0] = 100.5 // what decoding a JPEG leaves between two levels
	for _, deep := range []bool{false, true} {
		var b bytes.Buffer
		if err := encodeInput(&b, p, deep); err != nil {
			t.Fatal(err)
		}
		f, err := picture.Decode(t.Context(), &b, "input", picture.Limits{})
		if err != nil || f.Deep != deep {
			t.Errorf("deep %v was stored as deep %v: %v", deep, f.Deep, err)
		}
	}
}

func TestLabels(t *testing.T) {
	many := make(map[string]string)
	for i := range maxLabels + 1 {
		many[string(rune('a'+i))] = ""
	}
	long := strings.Repeat("x", maxLabel+1)
	for _, bad := range []map[string]string{many, {"": "a"}, {long: ""}, {"a": long}, {"a=b": ""}, {"a b": ""}, {"a": "b\n"}, {"a": "\u202eb"}, {"a": "\xff"}} {
		if err := checkLabels(bad); !errors.As(err, new(*paint.OptionError)) {
			t.Errorf("%q: error %v, expected an OptionError", bad, err)
		}
	}
	if err := checkLabels(map[string]string{"team/album": "Sommer in Köln: 2026-07", "batch": "", "title": "Anna’s garden, <evening> (2) 👩\u200d🎨", long[1:]: long[1:]}); err != nil {
		t.Error(err)
	}
}
