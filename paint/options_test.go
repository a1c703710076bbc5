package paint

import (
	"errors"
	"image"
	"math"
	"testing"

	"github.com/pastiche-art/pastiche/internal/vgg"
	"github.com/pastiche-art/pastiche/picture"
)

var nan, inf = math.NaN(), math.Inf(1)

// TestOptionErrors makes one thing wrong at a time.
func TestOptionErrors(t *testing.T) {
	recipe := func(change func(*Recipe)) func(*Recipe, *Options) {
		return func(r *Recipe, _ *Options) { change(r) }
	}
	options := func(change func(*Options)) func(*Recipe, *Options) {
		return func(_ *Recipe, o *Options) { change(o) }
	}
	tests := []struct {
		option, name string
		change       func(*Recipe, *Options)
	}{
		{"Size", "none", recipe(func(r *Recipe) { r.Size = 0 })},
		{"Size", "beyond the largest", recipe(func(r *Recipe) { r.Size = MaxSize + 1 })},
		{"FirstSize", "negative", recipe(func(r *Recipe) { r.FirstSize = -1 })},
		{"ScaleStep", "no growth", recipe(func(r *Recipe) { r.ScaleStep = 1 })},
		{"ScaleStep", "NaN", recipe(func(r *Recipe) { r.ScaleStep = nan })},
		{"Iterations", "none", recipe(func(r *Recipe) { r.Iterations = 0 })},
		{"Iterations", "more than anybody waits for", recipe(func(r *Recipe) { r.Iterations = math.MaxInt })},
		{"Iterations", "too many in all", recipe(func(r *Recipe) { r.Iterations = MaxIterations / 2 })}, // at each of three scales
		{"Iterations", "too many at the first scale", recipe(func(r *Recipe) { r.FirstIterations = MaxIterations + 1 })},
		{"Iterations", "too many at the end", recipe(func(r *Recipe) { r.FinalIterations, r.FinalCost = MaxIterations, SplitCost })},
		{"Iterations", "a sum that overflows", recipe(func(r *Recipe) {
			r.Scales = []Scale{{Size: 20, Iterations: math.MaxInt}, {Size: 20, Iterations: math.MaxInt}, {Size: 20, Iterations: 3}}
		})},
		{"FirstIterations", "none", recipe(func(r *Recipe) { r.FirstIterations = 0 })},
		{"StyleScale", "none", recipe(func(r *Recipe) { r.StyleScale = 0 })},
		{"StyleScale", "NaN", recipe(func(r *Recipe) { r.StyleScale = nan })},
		{"StyleScale", "a style beyond the largest", recipe(func(r *Recipe) { r.StyleScale = 1e9 })},
		{"FirstStyleScale", "negative", recipe(func(r *Recipe) { r.FirstStyleScale = -1 })},
		{"StyleScale", "an infinite first one", recipe(func(r *Recipe) { r.FirstStyleScale = inf })},
		{"StyleSize", "negative", recipe(func(r *Recipe) { r.StyleSize = -1 })},
		{"Rotations", "more than there are", recipe(func(r *Recipe) { r.Rotations = 5 })},
		{"Pyramid", "negative", recipe(func(r *Recipe) { r.Pyramid = -1 })},
		{"Pyramid", "more levels than there are pixels", recipe(func(r *Recipe) { r.Pyramid = maxPyramid + 1 })},
		{"Pyramid", "of a tile", recipe(func(r *Recipe) { r.Pyramid, r.Tileable = 2, true })},
		{"Tileable", "with sides that move", recipe(func(r *Recipe) { r.Tileable, r.Optimizer = true, LBFGS })},
		{"Tileable", "with a content", recipe(func(r *Recipe) { r.Tileable = true })},
		{"Scales", "one without a size", recipe(func(r *Recipe) { r.Scales = []Scale{{Iterations: 1}} })},
		{"Scales", "one beyond the largest", recipe(func(r *Recipe) { r.Scales = []Scale{{Size: MaxSize + 1, Iterations: 1}} })},
		{"Scales", "smaller and smaller", recipe(func(r *Recipe) { r.Scales = []Scale{{Size: 40, Iterations: 1}, {Size: 20, Iterations: 1}} })},
		{"Scales", "no iterations", recipe(func(r *Recipe) { r.Scales = []Scale{{Size: 20}} })},
		{"Scales", "a negative content weight", recipe(func(r *Recipe) { r.Scales = []Scale{{Size: 20, Iterations: 1, ContentWeight: -1}} })},
		{"Scales", "too many", recipe(func(r *Recipe) { r.Scales = make([]Scale, maxScales+1) })},
		{"FirstContentWeight", "NaN", recipe(func(r *Recipe) { r.FirstContentWeight = nan })},
		{"Faces", "unknown", recipe(func(r *Recipe) { r.Faces = "blur" })},
		{"FaceWeight", "negative", recipe(func(r *Recipe) { r.FaceWeight = -1 })},
		{"Colors", "unknown", recipe(func(r *Recipe) { r.Colors = "red" })},
		{"ColorMethod", "unknown", recipe(func(r *Recipe) { r.ColorMethod = "rgb" })},
		{"ColorMethod", "none to match", recipe(func(r *Recipe) { r.Colors, r.ColorMethod = MatchColors, LuminanceColors })},
		{"ContentCost", "unknown", recipe(func(r *Recipe) { r.ContentCost = "" })},
		{"Optimizer", "unknown", recipe(func(r *Recipe) { r.Optimizer = "sgd" })},
		{"LearningRate", "none", recipe(func(r *Recipe) { r.LearningRate = 0 })},
		{"LearningRate", "NaN", recipe(func(r *Recipe) { r.LearningRate = nan })},
		{"LearningRate", "infinite", recipe(func(r *Recipe) { r.LearningRate = inf })},
		{"SecondMoment", "no decay", recipe(func(r *Recipe) { r.SecondMoment = 1 })},
		{"SecondMoment", "NaN", recipe(func(r *Recipe) { r.SecondMoment = nan })},
		{"FirstMoment", "no decay", recipe(func(r *Recipe) { r.FirstMoment = 1 })},
		{"FirstMoment", "NaN", recipe(func(r *Recipe) { r.FirstMoment = nan })},
		{"FinalRate", "more than all", recipe(func(r *Recipe) { r.FinalRate = 1.1 })},
		{"FinalRate", "NaN", recipe(func(r *Recipe) { r.FinalRate = nan })},
		{"NoiseShare", "more than all", recipe(func(r *Recipe) { r.NoiseShare = 1.1 })},
		{"NoiseShare", "NaN", recipe(func(r *Recipe) { r.NoiseShare = nan })},
		{"Averaging", "no decay", recipe(func(r *Recipe) { r.Averaging = 1 })},
		{"Averaging", "NaN", recipe(func(r *Recipe) { r.Averaging = nan })},
		{"Factor", "negative", recipe(func(r *Recipe) { r.Factor = -1 })},
		{"Factor", "NaN", recipe(func(r *Recipe) { r.Factor = nan })},
		{"Init", "unknown", recipe(func(r *Recipe) { r.Init = "black" })},
		{"Init", "no picture", recipe(func(r *Recipe) { r.Init = InitPicture })},
		{"Init", "an empty picture", func(r *Recipe, o *Options) { r.Init, o.Init = InitPicture, &image.Gray{} }},
		{"StyleCost", "unknown", recipe(func(r *Recipe) { r.StyleCost = "mean" })},
		{"ContentWeight", "negative", recipe(func(r *Recipe) { r.ContentWeight = -1 })},
		{"StyleWeight", "infinite", recipe(func(r *Recipe) { r.StyleWeight = inf })},
		{"StyleWeight", "nothing weighs anything", recipe(func(r *Recipe) { r.ContentWeight, r.StyleWeight = 0, 0 })},
		{"VariationWeight", "NaN", recipe(func(r *Recipe) { r.VariationWeight = nan })},
		{"ContentLayers", "none", recipe(func(r *Recipe) { r.ContentLayers = nil })},
		{"ContentLayers", "a negative weight", recipe(func(r *Recipe) { r.ContentLayers = []Layer{{"conv4_2", -1}} })},
		{"StyleLayers", "all without weight", recipe(func(r *Recipe) { r.StyleLayers = []Layer{{"conv1_1", 0}} })},
		{"StyleLayers", "NaN", recipe(func(r *Recipe) { r.StyleLayers = []Layer{{"conv1_1", nan}} })},
		{"StyleLayers", "one twice", recipe(func(r *Recipe) { r.StyleLayers = []Layer{{"conv1_1", 1}, {"conv1_1", 1}} })},
		{"Precision", "unknown", options(func(o *Options) { o.Precision = 2 })},
		{"Threads", "negative", options(func(o *Options) { o.Threads = -1 })},
		{"Threads", "too many", options(func(o *Options) { o.Threads = 1025 })},
	}
	for _, test := range tests {
		t.Run(test.option+"/"+test.name, func(t *testing.T) {
			r := Fine()
			opts := Options{Recipe: &r}
			test.change(&r, &opts)
			painting, err := Paint(t.Context(), photo(20, 20), one(strokes(20, 20, 2)), opts)
			checkOption(t, err, test.option)
			if painting != nil {
				t.Error("a painting beside the error")
			}
		})
	}
}

func TestStyleErrors(t *testing.T) {
	good := strokes(20, 20, 2)
	for _, test := range []struct {
		option, name string
		style        Style
	}{
		{"Weight", "negative", Style{Picture: good, Weight: -1}},
		{"Weight", "NaN", Style{Picture: good, Weight: nan}},
		{"Scale", "negative", Style{Picture: good, Scale: -1}},
		{"Scale", "infinite", Style{Picture: good, Scale: inf}},
		{"Scale", "a style beyond the largest", Style{Picture: good, Scale: 1e300}},
	} {
		t.Run(test.option+"/"+test.name, func(t *testing.T) {
			_, err := Paint(t.Context(), photo(20, 20), []Region{{Styles: []Style{{Picture: good}, test.style}}}, Options{})
			checkOption(t, err, test.option)
		})
	}
}

func checkOption(t *testing.T, err error, option string) {
	t.Helper()
	var wrong *OptionError
	if !errors.As(err, &wrong) || wrong.Option != option || wrong.Reason == "" {
		t.Errorf("error %v, want an OptionError about %s", err, option)
	}
}

func TestPictureErrors(t *testing.T) {
	good, empty := photo(20, 20), &image.NRGBA{}
	tests := []struct {
		option, name string
		content      image.Image
		regions      []Region
	}{
		{"content", "none", nil, one(good)},
		{"content", "empty", empty, one(good)},
		{"styles", "none", good, nil},
		{"styles", "one is nil", good, InMannerOf(good, nil)},
		{"styles", "one is empty", good, InMannerOf(good, empty)},
		{"styles", "one is a pixel", good, InMannerOf(good, picture.New(1, 1))},
	}
	for _, test := range tests {
		t.Run(test.option+"/"+test.name, func(t *testing.T) {
			_, err := Paint(t.Context(), test.content, test.regions, Options{})
			checkOption(t, err, test.option)
			_, err = Score(t.Context(), test.content, test.regions, good, Options{})
			checkOption(t, err, test.option)
		})
	}
	for name, p := range map[string]image.Image{"none": nil, "empty": empty} {
		t.Run("picture/"+name, func(t *testing.T) {
			_, err := Score(t.Context(), good, one(good), p, Options{})
			checkOption(t, err, "picture")
			_, err = Features(t.Context(), p, "conv1_1", Options{})
			checkOption(t, err, "picture")
		})
	}
}

func TestUnknownNames(t *testing.T) {
	recipes := map[string]func(*Recipe){
		"content": func(r *Recipe) { r.ContentLayers = []Layer{{"conv5_2", 1}} },
		"style":   func(r *Recipe) { r.StyleLayers = []Layer{{"conv1_1", 1}, {"pool3", 1}} },
	}
	for name, change := range recipes {
		t.Run(name, func(t *testing.T) {
			recipe := Fine()
			change(&recipe)
			painting, err := Paint(t.Context(), photo(40, 40), one(strokes(40, 40, 3)), Options{Recipe: &recipe})
			var unknown *vgg.LayerError
			if !errors.As(err, &unknown) || painting != nil {
				t.Errorf("painting %v, error %v, want only a LayerError", painting, err)
			}
		})
	}
	var unknown *vgg.LayerError
	if _, err := Features(t.Context(), photo(40, 40), "fc6", Options{}); !errors.As(err, &unknown) {
		t.Errorf("error %v, want a LayerError", err)
	}
	_, err := RecipeNamed("rembrandt")
	checkOption(t, err, "Recipe")
}

// TestTooSmall asks for a layer that needs 16 pixels on both sides.
func TestTooSmall(t *testing.T) {
	square := photo(40, 40)
	tests := []struct {
		name           string
		content, style image.Image
		change         func(*Recipe)
	}{
		{"content", photo(400, 40), square, func(r *Recipe) { r.Size = 100 }},
		{"style", square, strokes(10, 400, 3), func(r *Recipe) { r.Size = 100 }},
		{"style scale", square, square, func(r *Recipe) { r.StyleScale = 0.1 }},
		{"style scale at the first of several", square, square, func(r *Recipe) { r.FirstSize, r.StyleScale = 20, 0.7 }},
		{"one pixel", square, square, func(r *Recipe) { r.Size = 1 }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			recipe := Fine()
			recipe.FirstSize, recipe.Size, recipe.StyleLayers = 0, 48, []Layer{{"conv5_1", 1}}
			recipe.FirstIterations, recipe.ScaleStep = 1, 1.5
			test.change(&recipe)
			painting, err := Paint(t.Context(), test.content, one(test.style), Options{
				Recipe: &recipe, Progress: func(Progress) { t.Error("work began") },
			})
			checkTooSmall(t, err)
			if painting != nil {
				t.Error("a painting beside the error")
			}
		})
	}
	_, err := Score(t.Context(), square, one(square), picture.New(1, 1), Options{})
	checkTooSmall(t, err)
	_, err = Features(t.Context(), picture.New(1, 1), "conv2_1", Options{})
	checkTooSmall(t, err)
}

func checkTooSmall(t *testing.T, err error) {
	t.Helper()
	var small *vgg.SizeError
	if !errors.As(err, &small) {
		t.Errorf("error %v, want a SizeError", err)
	}
}

func TestRecipeNamed(t *testing.T) {
	for _, name := range recipeNames() {
		r, err := RecipeNamed(name)
		if err != nil || r.Name != name {
			t.Errorf("recipe %q is called %q, error %v", name, r.Name, err)
		}
		if err := r.Validate(); err != nil {
			t.Errorf("recipe %s: %v", name, err)
		}
	}
}
