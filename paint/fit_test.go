package paint

import (
	"errors"
	"image"
	"slices"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/picture"
)

// plannedSizes returns the long sides of the scales of a painting that is begun, and its steps.
func plannedSizes(t *testing.T, content image.Image, regions []Region, recipe Recipe) (sizes []int, steps int) {
	t.Helper()
	s, err := newSession(content, regions, Options{Recipe: &recipe})
	if err != nil {
		t.Fatal(err)
	}
	defer s.pool.Close()
	for _, scale := range s.scales {
		sizes = append(sizes, scale.Size)
	}
	return sizes, s.steps
}

// TestScalesOfNarrowPictures checks that only scales whose short side is too short for
// a layer are skipped.
func TestScalesOfNarrowPictures(t *testing.T) {
	square := strokes(40, 40, 3)
	for _, c := range []struct {
		name    string
		recipe  string
		content image.Point
		want    []int
	}{
		{"ordinary", "fine", image.Pt(300, 200), []int{256, 362, 512}},
		{"ordinary", "nnst", image.Pt(300, 200), []int{64, 128, 256, 512, 512}},
		{"eight to one", "fine", image.Pt(640, 80), []int{256, 362, 512}},
		{"eight to one", "nnst", image.Pt(640, 80), []int{64, 128, 256, 512, 512}},
		{"eight to one", "strotss", image.Pt(640, 80), []int{128, 256, 512}},
		{"a scroll", "strotss", image.Pt(80, 640), []int{128, 256, 512}},
		{"twenty to one", "fine", image.Pt(800, 40), []int{362, 512}},
		{"twenty to one", "nnst", image.Pt(800, 40), []int{256, 512, 512}},
		{"thirty-two to one", "strotss", image.Pt(1024, 32), []int{512}},
		{"ordinary", "classic", image.Pt(300, 200), []int{512}},
		{"thirty-two to one", "classic", image.Pt(1024, 32), []int{512}},
	} {
		t.Run(c.name+" by "+c.recipe, func(t *testing.T) {
			recipe, err := RecipeNamed(c.recipe)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := plannedSizes(t, photo(c.content.X, c.content.Y), one(square), recipe)
			if !slices.Equal(got, c.want) {
				t.Errorf("scales of %v pixels, expected %v", got, c.want)
			}
		})
	}
	recipe := Fine()
	recipe.Scales = []Scale{{Size: 50, Iterations: 7}, {Size: 130, Iterations: 5}, {Size: 256, Iterations: 3}}
	if got, steps := plannedSizes(t, photo(640, 80), one(square), recipe); !slices.Equal(got, []int{130, 256}) || steps != 8 {
		t.Errorf("of scales one by one, those of %v pixels with %d iterations are left", got, steps)
	}
	if len(recipe.Scales) != 3 || recipe.Scales[0].Size != 50 {
		t.Errorf("the recipe of the caller has changed: %v", recipe.Scales)
	}
}

// TestNarrowPictures paints panoramas, with panoramas for styles, by every recipe.
func TestNarrowPictures(t *testing.T) {
	for _, name := range recipeNames() {
		t.Run(name, func(t *testing.T) {
			recipe, err := RecipeNamed(name)
			if err != nil {
				t.Fatal(err)
			}
			recipe.Size, recipe.Iterations, recipe.FirstIterations = 320, 1, 1
			recipe.FinalIterations = min(recipe.FinalIterations, 1)
			var events []Progress
			painting := mustPaint(t, photo(640, 40), one(strokes(30, 900, 12)), Options{
				Recipe: &recipe, Progress: func(p Progress) { events = append(events, p) },
			})
			if painting.W != 320 || painting.H != 20 {
				t.Errorf("%d x %d pixels, expected 320 x 20", painting.W, painting.H)
			}
			pace := NewPace(recipe.Schedule())
			for _, p := range events {
				pace.Observe(p, time.Unix(int64(p.Step), 0))
				if size := pace.scheduled(p, p.Scale).Size; size != p.Width {
					t.Errorf("a pace takes the scale of %d pixels for one of %d", p.Width, size)
				}
			}
			if last := events[len(events)-1]; last.Step != last.Steps || last.Scale != last.Scales {
				t.Errorf("the last step is %d of %d, at scale %d of %d", last.Step, last.Steps, last.Scale, last.Scales)
			}
		})
	}
}

// TestTooNarrow checks that the error for a painting that is too narrow gives a size at
// which it can be painted.
func TestTooNarrow(t *testing.T) {
	recipe := Fine()
	recipe.Size, recipe.Iterations, recipe.FirstIterations = 300, 1, 1
	check := func(content *picture.Picture) error {
		return Check(content, image.Point{}, one(strokes(40, 40, 3)), Options{Recipe: &recipe})
	}
	content := photo(800, 33)
	var of *PictureError
	var small *SizeError
	if err := check(content); !errors.As(err, &of) || of.Role != ContentRole || !errors.As(err, &small) || small.Least == 0 {
		t.Fatalf("error %v, expected the size that the content needs", err)
	}
	for size, want := range map[int]bool{small.Least: true, small.Least - 1: false} {
		recipe.Size = size
		if err := check(content); (err == nil) != want {
			t.Errorf("%d pixels: %v", size, err)
		}
	}
	if err := check(photo(5000, 1)); !errors.As(err, &small) || small.Least != 0 {
		t.Errorf("error %v, expected that no size helps", err)
	}
	err := Check(nil, image.Pt(1, 5000), one(strokes(40, 40, 3)), Options{Recipe: &recipe})
	if !errors.As(err, &of) || of.Role != TextureRole || !errors.As(err, &small) {
		t.Errorf("a texture: error %v", err)
	}
}

// TestStyleSizes checks that styles are as long as canvases up to four to one, and do
// not outgrow longer ones.
func TestStyleSizes(t *testing.T) {
	for _, c := range []struct {
		name           string
		content, style image.Point
		scale, own     float64
		size, want     int
	}{
		{name: "ordinary", content: image.Pt(300, 200), style: image.Pt(640, 505), size: 512, want: 512},
		{name: "three to one, a square style", content: image.Pt(600, 200), style: image.Pt(500, 500), size: 512, want: 512},
		{name: "three to one, larger strokes", content: image.Pt(600, 200), style: image.Pt(500, 500), scale: 1.5, own: 2, size: 512, want: 1536},
		{name: "sixteen to one, a square style", content: image.Pt(1600, 100), style: image.Pt(500, 500), size: 1600, want: 800},
		{name: "sixteen to one, larger strokes", content: image.Pt(1600, 100), style: image.Pt(500, 500), scale: 2, size: 1600, want: 1600},
		{name: "a scroll and a panorama", content: image.Pt(1600, 100), style: image.Pt(90, 1440), size: 1600, want: 1600},
		{name: "too narrow, and enlarged", content: image.Pt(300, 200), style: image.Pt(2000, 40), size: 256, want: 775},
		{name: "too narrow in its own size", content: image.Pt(300, 200), style: image.Pt(600, 10), size: 256, want: 600},
		{name: "too small, as it is asked for", content: image.Pt(300, 200), style: image.Pt(600, 300), scale: 0.05, size: 256, want: 13},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &session{recipe: Fine(), shape: c.content, deepest: 16}
			of := &style{picture: picture.New(c.style.X, c.style.Y), relativeSize: max(c.own, 1)}
			if c.scale == 0 {
				c.scale = 1
			}
			if got := s.styleSize(Scale{Size: c.size, StyleScale: c.scale}, of); got != c.want {
				t.Errorf("%d pixels, expected %d", got, c.want)
			}
		})
	}
}
