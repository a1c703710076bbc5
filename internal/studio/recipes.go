package studio

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/paint"
)

// recipeTexts are the titles and descriptions of recipes.
var recipeTexts = map[string][2]string{
	"fine":    {"Fine", "Best for most pictures. Works from coarse to fine."},
	"classic": {"Classic", "The method most courses teach, starting from noise. Rougher; to compare."},
	"gatys":   {"Gatys", "The original of 2015 (Gatys). Slower, stays close to the photo."},
	"nnst":    {"Collage", "Rebuilds your photo from recognisable pieces of the style."},
	"strotss": {"Transport", "Keeps shapes exact, changes colours freely."},
}

// parameters returns the parameters of a recipe, in the order of paint.Recipe. A size
// is at most maxSize.
func parameters(recipe api.Recipe, maxSize int) []api.Parameter {
	var all []api.Parameter
	for _, of := range paint.Parameters() {
		p := api.Parameter{
			Name: of.Name, Type: of.Type, Default: recipe[of.Name], Help: of.Doc,
			Minimum: of.Minimum, Maximum: of.Maximum, Above: of.Above, Below: of.Below, Choices: of.Choices,
		}
		if p.Default == nil {
			p.Default = absent(p)
		}
		if p.Name == "size" {
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
