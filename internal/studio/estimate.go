package studio

import (
	"context"
	"encoding/json"
	"image"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
)

type estimateRequest struct{ Body api.EstimateRequest }

type estimates struct{ Body api.Estimates }

func (s *server) estimateOperations(humaAPI huma.API) {
	op := operation(tagJobs, http.MethodPost, "/estimate", "estimate", "Estimate the time and the memory of paintings of several sizes", http.StatusUnprocessableEntity)
	op.Description = "The time is learned from finished jobs of the same recipe, and before there are any, from a short measurement of the workers. " +
		"It does not count the time that the job waits. Faces in the photo are not known here, and take a little more memory."
	huma.Register(humaAPI, op, func(ctx context.Context, in *estimateRequest) (*estimates, error) {
		all, err := s.estimate(ctx, &in.Body)
		if err != nil {
			return nil, s.fail(err)
		}
		return &estimates{api.Estimates{Sizes: all}}, nil
	})
}

func (s *server) estimate(ctx context.Context, in *api.EstimateRequest) ([]api.Estimate, error) {
	var options []byte
	if in.Options != nil {
		var err error
		if options, err = json.Marshal(in.Options); err != nil {
			return nil, malformed("options: %v", err)
		}
	}
	parsed, err := job.ParseOptions(options, s.preset)
	if err != nil {
		return nil, err
	}
	return s.Jobs.Estimate(ctx, callerOf(ctx).owner, job.Plan{
		Options: parsed, Content: image.Pt(in.Width, in.Height), Styles: in.Styles, Frames: in.Frames, Shots: in.Shots,
	}, in.Sizes)
}
