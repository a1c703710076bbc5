package paint

import (
	"errors"
	"image"
	"math"
	"slices"
	"testing"

	"github.com/pastiche-art/pastiche/internal/masking"
	"github.com/pastiche-art/pastiche/internal/recolor"
	"github.com/pastiche-art/pastiche/loss"
	"github.com/pastiche-art/pastiche/picture"
)

// cutOut returns a picture of which a disc is visible, with an edge that is soft, and of
// which everything else is transparent and has one colour.
func cutOut(of *picture.Picture, hidden [3]float32) *picture.Picture {
	p := &picture.Picture{W: of.W, H: of.H, RGB: slices.Clone(of.RGB), Alpha: make([]float32, of.W*of.H)}
	for i := range p.Alpha {
		x, y := float64(i%p.W), float64(i/p.W)
		apart := math.Hypot(x-float64(p.W)/2, y-float64(p.H)/2)
		p.Alpha[i] = float32(min(max((0.45*float64(min(p.W, p.H))-apart)/4, 0), 1))
		for c := range colors {
			if p.Alpha[i] == 0 {
				p.RGB[c*p.W*p.H+i] = hidden[c]
			}
		}
	}
	return p
}

// hiddenColors are colours that nobody sees.
var hiddenColors = [][3]float32{{0, 0, 0}, {255, 0, 255}}

// TestHiddenColorsCountForNothing: contents and styles that look alike on every background
// paint the same bytes, by every recipe and with every choice that looks at colours.
func TestHiddenColorsCountForNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("it paints several pictures")
	}
	type hiddenTest struct {
		name    string
		recipe  string
		change  func(*Recipe)
		regions func(style image.Image) []Region
		init    bool
	}
	tests := []hiddenTest{
		{name: "noise", recipe: "fine", change: func(r *Recipe) { r.Init = InitNoise }},
		{name: "a picture to begin with", recipe: "fine", change: func(r *Recipe) { r.Init = InitPicture }, init: true},
		{name: "faces", recipe: "strotss", change: func(r *Recipe) { r.Faces = KeepFaces }},
		{name: "masks", recipe: "fine", regions: func(style image.Image) []Region {
			b := style.Bounds()
			return []Region{
				{Mask: half(60, 40, true), Styles: []Style{{Picture: style, Mask: half(b.Dx(), b.Dy(), true)}}},
				{Mask: half(60, 40, false)},
			}
		}},
	}
	for _, name := range recipeNames() {
		tests = append(tests, hiddenTest{name: name, recipe: name})
	}
	for _, method := range recolor.Methods {
		tests = append(tests, hiddenTest{name: "colours of the content by " + string(method), recipe: "classic", change: func(r *Recipe) {
			r.Colors, r.ColorMethod = ContentColors, method
		}})
		if method != LuminanceColors {
			tests = append(tests, hiddenTest{name: "colours of the style by " + string(method), recipe: "classic", change: func(r *Recipe) {
				r.Colors, r.ColorMethod = MatchColors, method
			}})
		}
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			recipe := small(t, test.recipe)
			recipe.Size, recipe.Iterations, recipe.FirstIterations = 48, 2, 2
			if recipe.FirstSize > 0 {
				recipe.FirstSize = 32
			}
			if test.change != nil {
				test.change(recipe)
			}
			var paintings []*Painting
			for _, hidden := range hiddenColors {
				content, style := cutOut(photo(60, 40), hidden), cutOut(strokes(50, 44, 4), hidden)
				regions := one(style)
				if test.regions != nil {
					regions = test.regions(style)
				}
				opts := Options{Recipe: recipe}
				if test.init {
					opts.Init = cutOut(strokes(60, 40, 2), hidden)
				}
				paintings = append(paintings, mustPaint(t, content, regions, opts))
			}
			if a, b := paintings[0], paintings[1]; !slices.Equal(a.RGB, b.RGB) || !slices.Equal(a.Alpha, b.Alpha) {
				t.Error("the colours of transparent pixels change the painting")
			}
		})
	}
}

func TestHiddenColorsOfTextures(t *testing.T) {
	var paintings []*Painting
	for _, hidden := range hiddenColors {
		recipe := small(t, "fine")
		recipe.Size, recipe.FirstSize, recipe.Iterations = 48, 0, 2
		p, err := Texture(t.Context(), image.Pt(48, 32), one(cutOut(strokes(50, 44, 4), hidden)), Options{Recipe: recipe})
		if err != nil {
			t.Fatal(err)
		}
		paintings = append(paintings, p)
	}
	if !slices.Equal(paintings[0].RGB, paintings[1].RGB) {
		t.Error("the colours of transparent pixels change the texture")
	}
}

// TestGroundOfACutOut: a texture begins with the colours of what is visible.
func TestGroundOfACutOut(t *testing.T) {
	style := picture.New(40, 40)
	style.Alpha = make([]float32, 40*40)
	for i := range style.Alpha {
		if style.RGB[i] = 40; i%40 < 8 {
			style.RGB[i], style.Alpha[i] = 200, 1
		}
	}
	recipe := small(t, "fine")
	s, err := newTexture(image.Pt(48, 32), one(style), Options{Recipe: recipe})
	if err != nil {
		t.Fatal(err)
	}
	defer s.pool.Close()
	if mean, deviation := s.color(0); math.Abs(mean-200) > 0.01 || deviation > 0.1 {
		t.Errorf("red of %g, deviation %g; the visible part has 200", mean, deviation)
	}
}

func TestHiddenColorsOfScores(t *testing.T) {
	var reports []*Report
	var activations []*loss.Activation
	recipe := small(t, "fine")
	for _, hidden := range hiddenColors {
		content, style := cutOut(photo(60, 40), hidden), cutOut(strokes(50, 44, 4), hidden)
		reports = append(reports, mustScore(t, content, one(style), cutOut(strokes(60, 40, 3), hidden), Options{Recipe: recipe}))
		activations = append(activations, mustFeatures(t, content, "conv2_1", Options{}))
	}
	if !slices.Equal(reports[0].Layers, reports[1].Layers) || reports[0].Costs != reports[1].Costs {
		t.Errorf("the colours of transparent pixels change the costs from %+v to %+v", reports[0].Costs, reports[1].Costs)
	}
	if !slices.Equal(activations[0].Values, activations[1].Values) {
		t.Error("the colours of transparent pixels change the features")
	}
}

// TestOpacityOfAStyle: a style is measured as one with its opacity for a mask is.
func TestOpacityOfAStyle(t *testing.T) {
	style := cutOut(strokes(50, 44, 4), hiddenColors[0])
	opaque, opacity := masking.Opaque(style)
	for _, name := range recipeNames() {
		t.Run(name, func(t *testing.T) {
			recipe := small(t, name)
			recipe.Size, recipe.Iterations, recipe.FirstIterations = 48, 2, 2
			if recipe.FirstSize > 0 {
				recipe.FirstSize = 32
			}
			want := mustPaint(t, photo(60, 40), []Region{{Styles: []Style{{Picture: opaque, Mask: opacity.Image()}}}}, Options{Recipe: recipe})
			got := mustPaint(t, photo(60, 40), one(style), Options{Recipe: recipe})
			for i, v := range want.RGB {
				// The mask went through levels of 255, which rounds.
				if math.Abs(float64(got.RGB[i]-v)) > 0.5 {
					t.Fatalf("level %g, and with the mask %g", got.RGB[i], v)
				}
			}
		})
	}
}

// TestHiddenPlacesCostNothing: whatever a picture has where the content is transparent,
// far from what is visible, has no content cost and no style cost.
func TestHiddenPlacesCostNothing(t *testing.T) {
	content := photo(96, 48)
	content.Alpha = make([]float32, 96*48)
	for i := range content.Alpha {
		if i%96 < 40 {
			content.Alpha[i] = 1
		}
	}
	for _, cost := range []StyleCost{GramCost, WassersteinCost, NearestCost, SplitCost} {
		t.Run(string(cost), func(t *testing.T) {
			recipe := small(t, "fine")
			recipe.StyleCost, recipe.VariationWeight = cost, 0
			recipe.ContentLayers = []Layer{{"conv2_1", 1}}
			recipe.StyleLayers = []Layer{{"conv1_1", 0.5}, {"conv2_1", 0.5}}
			var costs []Costs
			for _, hidden := range hiddenColors {
				scored := strokes(96, 48, 5)
				for i := range scored.RGB {
					if i%96 >= 60 {
						scored.RGB[i] = hidden[i/(96*48)]
					}
				}
				costs = append(costs, mustScore(t, content, one(strokes(50, 44, 4)), scored, Options{Recipe: recipe}).Costs)
			}
			if costs[0].Content != costs[1].Content || costs[0].Style != costs[1].Style {
				t.Errorf("%+v with black in what is hidden, %+v with magenta", costs[0], costs[1])
			}
		})
	}
}

// TestCutOutIsPulledAsAWhole: half a content pulls at its visible places as the whole
// content does, but for what the soft edge of the layer's guide takes.
func TestCutOutIsPulledAsAWhole(t *testing.T) {
	const w, h = 96, 48
	whole := photo(w, h)
	part := &picture.Picture{W: w, H: h, RGB: whole.RGB, Alpha: make([]float32, w*h)}
	for i := range part.Alpha {
		if i%w < w/2 {
			part.Alpha[i] = 1
		}
	}
	for _, cost := range []ContentCost{SquaredContent, SummedContent} {
		recipe := small(t, "gatys")
		recipe.ContentCost, recipe.StyleWeight, recipe.VariationWeight, recipe.ContentWeight = cost, 0, 0, 1
		recipe.ContentLayers = []Layer{{"conv1_1", 1}}
		gradient := func(content *picture.Picture) []float32 {
			s, err := newSession(content, one(strokes(50, 44, 4)), Options{Recipe: recipe})
			if err != nil {
				t.Fatal(err)
			}
			defer s.pool.Close()
			canvas := strokes(w, h, 5)
			st, err := s.newStage(t.Context(), s.content, canvas, s.scales[0])
			if err != nil {
				t.Fatal(err)
			}
			g := make([]float32, len(canvas.RGB))
			st.evaluate(t.Context(), canvas.RGB, g)
			return g
		}
		of, ofPart := gradient(whole), gradient(part)
		for i, v := range of {
			got, want := ofPart[i], v
			if x := i % w; x >= w/2+3 {
				want = 0
			} else if x >= w/2-3 {
				continue // what sees both
			}
			if math.Abs(float64(got-want)) > 0.02*math.Abs(float64(v))+1e-12 {
				t.Fatalf("%s: gradient %g in column %d, expected %g", cost, got, i%w, want)
			}
		}
	}
}

func TestTransparentPictures(t *testing.T) {
	nothing := func(w, h int) *picture.Picture {
		p := strokes(w, h, 3)
		p.Alpha = make([]float32, w*h)
		return p
	}
	good := photo(40, 30)
	left := photo(40, 30)
	left.Alpha = make([]float32, 40*30)
	for i := range left.Alpha {
		left.Alpha[i] = float32(1 - i%40/20)
	}
	begin := small(t, "fine")
	begin.Init = InitPicture
	for _, test := range []struct {
		name    string
		content image.Image
		regions []Region
		opts    Options
		want    PictureError
	}{
		{"content", nothing(40, 30), one(good), Options{}, PictureError{Role: ContentRole}},
		{"style", good, InMannerOf(good, nothing(40, 30)), Options{}, PictureError{Role: StyleRole, Number: 2}},
		{"style of the second region", good, []Region{
			{Mask: half(40, 30, true), Styles: []Style{{Picture: good}, {Picture: good}}},
			{Mask: half(40, 30, false), Styles: []Style{{Picture: nothing(40, 30)}}},
		}, Options{}, PictureError{Role: StyleRole, Number: 3}},
		{"beginning", good, one(good), Options{Recipe: begin, Init: nothing(40, 30)}, PictureError{Role: InitRole}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Paint(t.Context(), test.content, test.regions, test.opts)
			var of *PictureError
			if !errors.Is(err, ErrTransparent) || !Refused(err) || !errors.As(err, &of) || of.Role != test.want.Role || of.Number != test.want.Number {
				t.Errorf("error %v, expected %s to be transparent", err, test.want.Name())
			}
		})
	}
	_, err := Score(t.Context(), good, one(good), nothing(40, 30), Options{})
	if !errors.Is(err, ErrTransparent) {
		t.Errorf("a picture to score: %v", err)
	}
	for name, regions := range map[string][]Region{
		"Mask":      {{Mask: half(40, 30, false), Styles: []Style{{Picture: good}}}},
		"StyleMask": {{Styles: []Style{{Picture: left, Mask: half(40, 30, false)}}}},
		"Keep":      {{Mask: half(40, 30, true)}, {Styles: []Style{{Picture: good}}}},
	} {
		_, err := Paint(t.Context(), left, regions, Options{})
		checkOption(t, err, name)
	}
}
