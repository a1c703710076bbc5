package paint

import (
	"slices"
	"testing"
)

// TestCache paints pictures in turn with one cache, and without it.
func TestCache(t *testing.T) {
	var (
		cache    = new(Cache)
		wide     = strokes(64, 48, 4)
		high     = strokes(48, 64, 7)
		recipe   = small(t, "fine")
		measured = []int{}
	)
	recipe.StyleLayers = []Layer{{"conv1_1", 0.5}, {"conv2_1", 0.3}}
	larger := *recipe
	larger.Size = 120
	turned := *recipe
	turned.Rotations = 4
	for i, test := range []struct {
		recipe  *Recipe
		regions []Region
	}{
		{recipe, one(wide)},
		{recipe, one(wide)},
		{recipe, InMannerOf(wide, high)},
		{recipe, []Region{{Styles: []Style{{Picture: wide, Mask: half(64, 48, true)}}}}},
		{&larger, one(wide)},
		{&turned, one(wide)},
		{recipe, one(wide)},
	} {
		opts := Options{Recipe: test.recipe}
		want := mustPaint(t, photo(96, 72), test.regions, opts)
		opts.Cache = cache
		got := mustPaint(t, photo(96, 72), test.regions, opts)
		if !slices.Equal(got.RGB, want.RGB) || got.Costs != want.Costs {
			t.Errorf("painting %d: another one than without a cache", i+1)
		}
		measured = append(measured, len(cache.measured))
	}
	// A painting has two scales. The cache holds the styles of a painting and of the one
	// before it.
	if want := []int{2, 2, 4, 6, 4, 4, 4}; !slices.Equal(measured, want) {
		t.Errorf("the cache holds %v statistics, want %v", measured, want)
	}
}
