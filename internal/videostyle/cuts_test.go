package videostyle

import (
	"slices"
	"testing"

	"github.com/pastiche-art/pastiche/picture"
)

// altered returns a frame with levels that change makes.
func altered(f *picture.Picture, change func(level float32) float32) *picture.Picture {
	a := picture.New(f.W, f.H)
	for i, level := range f.RGB {
		a.RGB[i] = change(level)
	}
	return rounded(a)
}

// mixed returns the mean of two frames, of which the second has the given share.
func mixed(a, b *picture.Picture, share float32) *picture.Picture {
	m := picture.New(a.W, a.H)
	for i, level := range a.RGB {
		m.RGB[i] = level + share*(b.RGB[i]-level)
	}
	return rounded(m)
}

func TestCuts(t *testing.T) {
	const w, h = 200, 112
	var (
		castle = pan(t, photo, w, h, 2.1, -1.1).frames(8)
		coffee = pan(t, other, w, h, -3, 0).frames(8)
		black  = picture.New(w, h)
		join   = slices.Concat[clip]
		each   = func(frames clip, change func(k int, level float32) float32) (all clip) {
			for k, f := range frames {
				all = append(all, altered(f, func(level float32) float32 { return change(k, level) }))
			}
			return all
		}
	)
	for _, test := range []struct {
		name   string
		frames clip
		begin  []int
	}{
		{"one frame", castle[:1], []int{0}},
		{"still", clip{castle[0], castle[0], castle[0]}, []int{0}},
		{"pan", castle, []int{0}},
		{"fast pan", pan(t, photo, w, h, 20, 5).frames(3), []int{0}},
		{"zoom", zoom(t, "../../examples/photos/horses.jpg", w, h, 1.06).frames(6), []int{0}},
		{"layers apart", apart(t, w, h, 8, -2).frames(6), []int{0}},
		{"cut", join(castle, coffee), []int{0, 8}},
		{"cut and back", join(castle[:4], coffee[:1], castle[4:]), []int{0, 4, 5}},
		{"frames of one shot left out", join(castle[:2], castle[7:]), []int{0}},
		{"flash", each(castle, func(k int, level float32) float32 {
			if k == 3 {
				level += 90
			}
			return level
		}), []int{0}},
		{"fade out", each(castle, func(k int, level float32) float32 { return level * float32(10-k) / 10 }), []int{0}},
		{"fade in", each(castle, func(k int, level float32) float32 { return level * float32(3+k) / 10 }), []int{0}},
		{"dissolve", clip{castle[0], mixed(castle[1], coffee[1], 0.2), mixed(castle[2], coffee[2], 0.4),
			mixed(castle[3], coffee[3], 0.6), mixed(castle[4], coffee[4], 0.8), coffee[5]}, []int{0}},
		{"to black and from it", clip{castle[0], black, black, coffee[0]}, []int{0, 1, 3}},
		{"another size", clip{castle[0], castle[0].Resize(h, w), castle[0].Resize(h, w)}, []int{0, 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			cuts, err := NewCutFinder()
			if err != nil {
				t.Fatal(err)
			}
			defer cuts.Close()
			var begin []int
			for k, f := range test.frames {
				if cuts.Next(f) {
					begin = append(begin, k)
				}
			}
			if !slices.Equal(begin, test.begin) {
				t.Errorf("shots begin at %v, expected %v", begin, test.begin)
			}
		})
	}
}

// TestCutsDoNotDependOnTheSize finds the cuts of the same frames in three sizes.
func TestCutsDoNotDependOnTheSize(t *testing.T) {
	frames := slices.Concat(pan(t, photo, 320, 180, 3, 1).frames(3), pan(t, other, 320, 180, 3, 1).frames(3))
	for _, w := range []int{160, 240, 320} {
		cuts, err := NewCutFinder()
		if err != nil {
			t.Fatal(err)
		}
		defer cuts.Close()
		for k, f := range frames {
			if cut := cuts.Next(f.Resize(w, w*9/16)); cut != (k == 0 || k == 3) {
				t.Errorf("%d pixels wide: frame %d begins a shot: %v", w, k, cut)
			}
		}
	}
}
