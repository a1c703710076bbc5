package paint

import (
	"context"
	"errors"
	"image"
	"math"
	"testing"

	"github.com/pastiche-art/pastiche/picture"
)

// TestEstimate compares the estimated size and memory with those of the painting, and
// checks that Estimate refuses what Check refuses.
func TestEstimate(t *testing.T) {
	if testing.Short() {
		t.Skip("it paints several pictures")
	}
	content, style := stripes(96).Crop(image.Rect(0, 0, 96, 60)), stripes(64)
	for name, recipe := range map[string]Recipe{"fine": Fine(), "gatys": Gatys(), "nnst": nnst(), "strotss": strotss()} {
		recipe.Size = 128
		r, err := Estimate(t.Context(), content, image.Point{}, InMannerOf(style), Options{Recipe: &recipe})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if r.Width != 128 || r.Height != 80 || r.Time < 0 {
			t.Errorf("%s: %+v", name, r)
		}
		// A limit of the estimated memory suffices.
		opts := Options{Recipe: &recipe, Memory: r.Memory}
		if err := Check(content, image.Point{}, InMannerOf(style), opts); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		opts.Memory = 32 << 20
		var small *MemoryError
		if _, err := Estimate(t.Context(), content, image.Point{}, InMannerOf(style), opts); !errors.As(err, &small) {
			t.Errorf("%s: in 32 MiB: %v", name, err)
		}
	}
	recipe := Fine()
	recipe.Size = 64
	r, err := Estimate(t.Context(), nil, image.Pt(64, 48), InMannerOf(style), Options{Recipe: &recipe})
	if err != nil || r.Width != 64 || r.Height != 48 || r.Time < 0 {
		t.Errorf("texture: %+v, %v", r, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Estimate(ctx, content, image.Point{}, InMannerOf(style), Options{Recipe: &recipe}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestTimed checks that an estimate paints a small canvas of the same painting, and
// does not change the pictures of the session.
func TestTimed(t *testing.T) {
	content, style := stripes(96).Crop(image.Rect(0, 0, 96, 60)), stripes(64)
	recipe := Fine()
	recipe.Colors, recipe.ColorMethod = ContentColors, OKLabColors // which recolours the styles
	s, err := newSession(content, InMannerOf(style), Options{Recipe: &recipe})
	if err != nil {
		t.Fatal(err)
	}
	defer s.pool.Close()
	scale := s.scales[0]
	scale.Size, scale.Iterations = 40, estimateIterations
	first, other, err := s.shrunk(scale).timed(t.Context())
	if err != nil || first <= 0 || other <= 0 {
		t.Errorf("%v s, then %v s, %v", first, other, err)
	}
	if s.content != content || s.regions[0].styles[0].picture != style {
		t.Error("the pictures of the session changed")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.shrunk(scale).timed(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestEstimateSizes checks that small canvases have the pixels of a square, and that
// times are extrapolated linearly to the size of the painting.
func TestEstimateSizes(t *testing.T) {
	s := &session{shape: image.Pt(3, 2), scales: []Scale{{Size: 300}}}
	if long := s.longOf(96 * 96); s.pixels(long) < 96*96 || s.pixels(long-2) > 96*96 {
		t.Errorf("%d pixels long for a square of 96", long)
	}
	var l line
	l.set(100, 2)
	l.set(300, 4)
	if got := l.predict(1000); math.Abs(got-11) > 1e-9 {
		t.Errorf("%v s, want 11", got)
	}
	for _, small := range []float64{2, 8} { // other programs may have delayed the smaller canvas
		var l line
		l.set(100, small)
		l.set(300, 4)
		if got := l.extrapolate(3000); got < 22 || got > 40 {
			t.Errorf("%v s, want 22 to 40", got)
		}
	}
}

// TestShape checks that a painting has exactly the requested shape, from the middle of
// the content, and that its masks and its start picture follow.
func TestShape(t *testing.T) {
	content := stripes(96)
	white, half := picture.New(96, 96), picture.New(48, 48)
	for i := range white.RGB {
		white.RGB[i] = maxLevel
	}
	for i := range half.RGB { // keep the right half
		if i%48 >= 24 {
			half.RGB[i] = maxLevel
		}
	}
	recipe := Gatys()
	recipe.Iterations, recipe.Init, recipe.Optimizer = 1, InitPicture, Adam
	for _, shape := range []image.Point{{61, 43}, {43, 61}, {57, 57}, {67, 33}} {
		recipe.Size = max(shape.X, shape.Y)
		regions := append(InMannerOf(stripes(64)), Region{Mask: half})
		painting, err := Paint(t.Context(), content, regions, Options{Recipe: &recipe, Shape: shape, Init: white})
		if err != nil {
			t.Fatal(err)
		}
		if painting.W != shape.X || painting.H != shape.Y {
			t.Errorf("%d x %d, want %v", painting.W, painting.H, shape)
		}
		want := content.Crop(picture.Inscribed(96, 96, shape)).Resize(shape.X, shape.Y)
		for i, v := range want.RGB {
			if x := i % shape.X; x > shape.X/2+1 && painting.RGB[i] != v {
				t.Fatalf("%v: level %d at column %d is %v, want the content's %v", shape, i, x, painting.RGB[i], v)
			} else if x < shape.X/2-1 && painting.RGB[i] < maxLevel/2 {
				t.Fatalf("%v: level %d at column %d is %v, far from where the painting began", shape, i, x, painting.RGB[i])
			}
		}
	}
}

// TestWrongShape checks that impossible shapes, and masks of another shape than the
// content's, are refused.
func TestWrongShape(t *testing.T) {
	content, recipe := stripes(96).Crop(image.Rect(0, 0, 96, 64)), Gatys()
	recipe.Size = 64
	check := func(want string, shape image.Point, mask image.Image) {
		regions := InMannerOf(stripes(64))
		if mask != nil {
			regions = append(regions, Region{Mask: mask})
		}
		var option *OptionError
		err := Check(content, image.Point{}, regions, Options{Recipe: &recipe, Shape: shape})
		if !errors.As(err, &option) || option.Option != want {
			t.Errorf("%v: %v, want one about %s", shape, err, want)
		}
	}
	check("Shape", image.Pt(0, 5), nil)
	check("Shape", image.Pt(MaxSize+1, 5), nil)
	check("Keep", image.Pt(64, 64), stripes(64)) // the shape of the painting, not of the content
	var option *OptionError
	err := Check(nil, image.Pt(64, 64), InMannerOf(stripes(64)), Options{Recipe: &recipe, Shape: image.Pt(64, 64)})
	if !errors.As(err, &option) || option.Option != "Shape" {
		t.Errorf("texture: %v", err)
	}
}
