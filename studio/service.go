package studio

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/pastiche-art/pastiche/examples"
	"github.com/pastiche-art/pastiche/paint"
)

// Session is what a client has to know of the server.
type Session struct {
	Token   string `json:"token" doc:"to be sent as X-Pastiche-Token with what changes something, where no key is borne"`
	Version string `json:"version"`
	Keys    bool   `json:"keys" doc:"whether the server has keys, so that there is something to log out of"`
	Limits  Limits `json:"limits"`
}

// Limits are what an upload must keep to.
type Limits struct {
	Bytes  int `json:"bytes" doc:"of the whole request"`
	Pixels int `json:"pixels" doc:"of each picture"`
	Styles int `json:"styles"`
}

// RecipeEntry is a way to paint.
type RecipeEntry struct {
	Name        string       `json:"name"`
	Title       string       `json:"title"`
	Description string       `json:"description"`
	Recipe      paint.Recipe `json:"recipe"`
}

// Example is a picture to begin with.
type Example struct {
	examples.Picture
	URL string `json:"url"`
}

// recipeTexts are what people read of the recipes.
var recipeTexts = map[string][2]string{
	"fine":    {"Fine", "The most beautiful for most pictures: painted coarse to fine, in the painting’s strokes and colours."},
	"classic": {"Classic", "The method of the course, to the letter: begins with noise, one size, 200 steps."},
	"gatys":   {"Gatys", "The paper of 2015 that began it all. Slower; close to the photo."},
	"nnst":    {"Collage", "Every place takes after the one place of the painting most like it: large, literal pieces, exactly its colours."},
	"strotss": {"Transport", "Moves the painting’s features to where the photo’s structure wants them. Free in colour, true in shape."},
}

func (s *server) serviceOperations(api huma.API) {
	type session struct{ Body Session }
	huma.Register(api, operation(tagService, http.MethodGet, "/session", "session", "What a client has to know"),
		func(context.Context, *struct{}) (*session, error) {
			return &session{Session{s.token, s.Version, len(s.Keys) > 0, Limits{maxBody, maxPixels, maxStyles}}}, nil
		})

	type recipes struct {
		Body struct {
			Recipes []RecipeEntry `json:"recipes"`
		}
	}
	huma.Register(api, operation(tagService, http.MethodGet, "/recipes", "recipes", "The ways to paint, the default first"),
		func(context.Context, *struct{}) (*recipes, error) {
			all := &recipes{}
			for _, name := range paint.RecipeNames() {
				recipe, err := paint.RecipeNamed(name)
				if err != nil {
					return nil, err
				}
				text, found := recipeTexts[name]
				if !found {
					text[0] = name
				}
				all.Body.Recipes = append(all.Body.Recipes, RecipeEntry{name, text[0], text[1], recipe})
			}
			return all, nil
		})

	type pictures struct {
		Body struct {
			Paintings []Example `json:"paintings"`
			Photos    []Example `json:"photos"`
		}
	}
	huma.Register(api, operation(tagService, http.MethodGet, "/examples", "examples", "Pictures to begin with"),
		func(context.Context, *struct{}) (*pictures, error) {
			all := &pictures{}
			for _, p := range examples.Paintings() {
				all.Body.Paintings = append(all.Body.Paintings, Example{p, "/examples/" + p.File})
			}
			for _, p := range examples.Photos() {
				all.Body.Photos = append(all.Body.Photos, Example{p, "/examples/" + p.File})
			}
			return all, nil
		})
}

// exampleFiles serves the pictures to begin with.
func exampleFiles() http.Handler {
	files := http.StripPrefix("/examples", http.FileServerFS(examples.Files))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/") { // no lists of folders
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "max-age=86400")
		files.ServeHTTP(w, r)
	})
}
