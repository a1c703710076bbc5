package studio

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
)

func (s *server) serviceOperations(humaAPI huma.API) {
	type session struct{ Body api.Session }
	huma.Register(humaAPI, operation(tagService, http.MethodGet, "/session", "getSession", "Get the version, the limits and, without keys, the session token"),
		func(ctx context.Context, _ *struct{}) (*session, error) {
			limits := s.Jobs.Config()
			maxRetention := int64(0)
			if s.MaxRetention != job.Forever {
				maxRetention = int64(s.MaxRetention / time.Second)
			}
			return &session{api.Session{
				Version: s.Version, Keys: s.Keys != nil, Owner: callerOf(ctx).owner, Token: s.token,
				Limits: api.Limits{
					Bytes: maxBody, Pixels: maxPixels, RequestPixels: maxRequestPixels, Styles: job.MaxStyles, Size: limits.MaxSize, Queue: limits.Queue,
					OwnerQueue: limits.OwnerQueue, Retention: int64(limits.Retention / time.Second), MaxRetention: maxRetention, Looks: limits.Looks,
					Video: s.videoLimits(),
				},
			}}, nil
		})

	type recipes struct{ Body api.RecipeList }
	op := operation(tagService, http.MethodGet, "/recipes", "listRecipes", "List the recipes and presets, the default first")
	op.Description = "Submit a job with the name of any of them. A job with a preset has the name of the recipe that the preset is based on, and the parameters of the preset."
	huma.Register(humaAPI, op, func(context.Context, *struct{}) (*recipes, error) {
		all, err := s.recipes()
		if err != nil {
			return nil, s.fail(err)
		}
		return &recipes{api.RecipeList{Recipes: all}}, nil
	})

	type pictures struct{ Body api.ExampleList }
	huma.Register(humaAPI, operation(tagService, http.MethodGet, "/examples", "listExamples", "List the example pictures"),
		func(context.Context, *struct{}) (*pictures, error) { return &pictures{exampleList()}, nil })
}
