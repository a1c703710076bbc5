package studio

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// recipeTexts are the titles and descriptions of recipes.
var recipeTexts = map[string][2]string{
	"fine":    {"Fine", "Best for most pictures. Works from coarse to fine."},
	"classic": {"Classic", "The method most courses teach, starting from noise. Rougher; to compare."},
	"gatys":   {"Gatys", "The original of 2015 (Gatys). Slower, stays close to the photo."},
	"nnst":    {"Collage", "Rebuilds your photo from recognisable pieces of the style."},
	"strotss": {"Transport", "Keeps shapes exact, changes colours freely."},
}

// A bound limits a parameter of a recipe as [paint.Recipe.Validate] does.
type bound struct {
	minimum, maximum, above, below *float64
	choices                        []string
	description                    string
}

func from(least float64) bound          { return bound{minimum: &least} }
func between(least, most float64) bound { return bound{minimum: &least, maximum: &most} }
func greater(than float64) bound        { return bound{above: &than} }
func decay() bound                      { return bound{minimum: new(float64), below: new(1.0)} }

func oneOf[S ~string](choices ...S) (b bound) {
	for _, c := range choices {
		b.choices = append(b.choices, string(c))
	}
	return b
}

func (b bound) says(description string) bound {
	b.description = description
	return b
}

// maxMargin, maxPyramid, leastScaleStep and maxRotations are those of package paint.
const (
	maxMargin      = 64
	maxPyramid     = 15
	maxRotations   = 4
	leastScaleStep = 1.05
)

// bounds are those of the parameters of a recipe, by their names. Conditions on
// several parameters are left to package paint.
var bounds = map[string]bound{
	"size":                 between(1, paint.MaxSize).says("long side of the painting, in pixels"),
	"first_size":           from(0).says("long side of the first scale, in pixels; 0 paints at a single scale"),
	"scale_step":           from(leastScaleStep).says("ratio of the size of each scale to the one before"),
	"iterations":           between(1, paint.MaxIterations).says("steps at each scale; at most 1,000,000 over all scales"),
	"first_iterations":     from(1).says("steps at the first of several scales"),
	"scales":               {description: "scales one by one, instead of the five parameters above"},
	"init":                 oneOf(paint.InitContent, paint.InitNoise, paint.InitPicture).says("where the painting begins"),
	"noise_share":          between(0, 1).says("share of noise in a beginning with noise; the rest is the content"),
	"pooling":              oneOf("max", "avg", "avg-rescaled").says("how the network halves its feature maps; absent is as it was trained"),
	"replicate":            {description: "whether the edges of the picture continue into the padding of the first layer"},
	"margin":               between(0, maxMargin).says("pixels that are painted beyond each side and cut off"),
	"content_layers":       {description: "layers of the network where the content is compared, with their weights"},
	"style_layers":         {description: "layers of the network where the style is compared, with their weights"},
	"content_cost":         oneOf(paint.ContentCosts()...).says("how activations are compared position by position"),
	"style_cost":           oneOf(paint.StyleCosts()...).says("how statistics of activations are compared"),
	"final_iterations":     from(0).says("steps that follow at the last scale, with the final cost"),
	"final_cost":           oneOf(paint.StyleCosts()...).says("style cost of the final steps"),
	"content_share":        between(0, 1).says("share of the content in what the style cost nearest compares; the rest is the canvas"),
	"balanced":             {description: "whether activations are divided by their mean, so that weights mean the same with every network"},
	"factor":               from(0).says("multiplies all activations that are not balanced; 0 is the network's own factor"),
	"content_weight":       from(0).says("weight of the content cost"),
	"first_content_weight": from(0).says("weight of the content cost at the first of several scales; 0 is the same at all"),
	"style_weight":         from(0).says("weight of the style cost"),
	"variation_weight":     from(0).says("weight of the total variation, which smooths"),
	"faces":                oneOf(paint.FacesChoices()...).says("whether faces in the content stay recognisable"),
	"face_weight":          from(0).says("weight of the content cost in faces; 0 is 6 times the content weight"),
	"style_scale":          greater(0).says("size of the styles relative to the painting: larger styles make larger strokes"),
	"first_style_scale":    from(0).says("size of the styles at the first of several scales; 0 is the same at all"),
	"style_size":           between(0, paint.MaxSize).says("long side of the styles in pixels, at every scale; 0 is relative to the painting"),
	"rotations":            between(0, maxRotations).says("directions in which each style is seen, a quarter of a turn apart"),
	"colors":               oneOf(paint.StyleColors, paint.ContentColors, paint.MatchColors).says("whose colours the painting has"),
	"color_method":         oneOf(picture.ColorMethods()...).says("how the painting gets these colours"),
	"tileable":             {description: "whether opposite sides of a texture fit together"},
	"pyramid":              between(0, maxPyramid).says("levels of a Laplacian pyramid that are moved instead of pixels; 0 is pixels"),
	"optimizer":            oneOf(paint.Adam, paint.LBFGS).says("what moves the pixels"),
	"learning_rate":        greater(0).says("step of adam, in levels from 0 to 255"),
	"final_rate":           between(0, 1).says("share of the learning rate at the end of each scale; 0 keeps it constant"),
	"first_moment":         decay().says("beta 1 of adam; 0 is 0.9"),
	"second_moment":        decay().says("beta 2 of adam; 0 is 0.999"),
	"averaging":            decay().says("decay of the mean over steps that becomes the painting; 0 is the last step"),
	"clamp":                {description: "whether levels stay within 0 to 255"},
}

// parameters returns the parameters of a recipe, in the order of paint.Recipe. A size
// is at most maxSize.
func parameters(recipe api.Recipe, maxSize int) []api.Parameter {
	var all []api.Parameter
	for _, field := range reflect.VisibleFields(reflect.TypeFor[paint.Recipe]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		b, found := bounds[name]
		if !found {
			continue // the name, which is not a parameter
		}
		p := api.Parameter{
			Name: name, Type: jsonType(field.Type), Default: recipe[name], Help: b.description,
			Minimum: b.minimum, Maximum: b.maximum, Above: b.above, Below: b.below, Choices: b.choices,
		}
		if p.Default == nil {
			p.Default = absent(p)
		}
		if name == "size" {
			most := float64(min(maxSize, paint.MaxSize))
			p.Maximum = &most
		}
		all = append(all, p)
	}
	return all
}

// absent returns the value of a parameter that a recipe leaves out, or nil where
// that is no value which a client may send.
func absent(p api.Parameter) any {
	switch {
	case p.Type == "boolean":
		return false
	case (p.Type == "number" || p.Type == "integer") && p.Above == nil && (p.Minimum == nil || *p.Minimum <= 0):
		return 0
	}
	return nil
}

var textType = reflect.TypeFor[encoding.TextMarshaler]()

// jsonType returns the type of a Go type in JSON Schema.
func jsonType(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch kind := t.Kind(); {
	case t.Implements(textType), kind == reflect.String:
		return "string"
	case kind == reflect.Int:
		return "integer"
	case kind == reflect.Float64:
		return "number"
	case kind == reflect.Bool:
		return "boolean"
	case kind == reflect.Slice:
		return "array"
	}
	return "object"
}

// recipes returns the recipes of package paint and the presets.
func (s *server) recipes() ([]api.RecipeInfo, error) {
	maxSize := s.Jobs.Config().MaxSize
	var all []api.RecipeInfo
	for _, name := range paint.RecipeNames() {
		recipe, err := paint.RecipeNamed(name)
		if err != nil {
			return nil, err
		}
		text, found := recipeTexts[name]
		if !found {
			text[0] = name
		}
		params := job.RecipeOf(&recipe)
		all = append(all, api.RecipeInfo{
			Name: name, Title: text[0], Description: text[1], Recipe: params, Parameters: parameters(params, maxSize),
		})
	}
	for _, p := range s.Presets {
		recipe, err := p.parse()
		if err != nil {
			return nil, err
		}
		params := job.RecipeOf(&recipe)
		all = append(all, api.RecipeInfo{
			Name: p.Name, Title: p.Title, Description: p.Description, Recipe: params, Parameters: parameters(params, maxSize),
		})
	}
	return all, nil
}

// A Preset is a recipe that a server offers under a name of its own: parameters on
// top of a recipe of package paint. A job that is submitted with a preset's name has
// the name and the parameters of that recipe, so that it can be painted again
// anywhere.
type Preset struct {
	Name        string     `json:"name"`
	Title       string     `json:"title"` // for people
	Description string     `json:"description"`
	Recipe      api.Recipe `json:"recipe"` // its name is that of the recipe of package paint
}

func (p *Preset) parse() (paint.Recipe, error) {
	data, err := json.Marshal(p.Recipe)
	if err != nil {
		return paint.Recipe{}, err
	}
	return paint.ParseRecipe(data, paint.Balanced)
}

var presetName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

// LoadPresets reads presets from a file of JSON, such as
//
//	[{"name": "poster", "title": "Poster", "description": "Large strokes.",
//	  "recipe": {"name": "fine", "size": 1024, "style_scale": 2}}]
//
// The error says which preset is wrong.
func LoadPresets(path string) ([]Preset, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var presets []Preset
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&presets); err != nil {
		return nil, fmt.Errorf("%s: %w: expected a JSON list of objects with name, title, description and recipe", path, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: text after the list: expected one JSON list", path)
	}
	taken := paint.RecipeNames()
	for i := range presets {
		p := &presets[i]
		if !presetName.MatchString(p.Name) {
			return nil, fmt.Errorf(`%s: preset %d has the name %q: expected up to 32 lower-case letters, digits and "-"`, path, i+1, p.Name)
		}
		if slices.Contains(taken, p.Name) {
			return nil, fmt.Errorf("%s: preset %d has the name %q, which is that of another recipe: choose another one", path, i+1, p.Name)
		}
		taken = append(taken, p.Name)
		if p.Title == "" {
			p.Title = p.Name
		}
		if _, err := p.parse(); err != nil {
			return nil, fmt.Errorf("%s: preset %s: %w", path, p.Name, err)
		}
	}
	return presets, nil
}

// preset returns the parameters of the preset with a name.
func (s *server) preset(name string) (api.Recipe, bool) {
	i := slices.IndexFunc(s.Presets, func(p Preset) bool { return p.Name == name })
	if i < 0 {
		return nil, false
	}
	return s.Presets[i].Recipe, true
}
