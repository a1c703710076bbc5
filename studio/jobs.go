package studio

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/pastiche-art/pastiche/job"
)

// JobAnswer is a job as an answer.
type jobAnswer struct{ Body *job.Job }

type submission struct {
	Key string `header:"Idempotency-Key" maxLength:"200" doc:"the same key is the same job, also after a restart"`
}

type submitted struct {
	Status   int
	Location string `header:"Location" doc:"of the job"`
	Body     *job.Job
}

type listing struct {
	State job.State `query:"state" enum:"queued,running,done,failed,cancelled" doc:"only these"`
	Limit int       `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	After string    `query:"after" maxLength:"100" doc:"the next of an answer before, whose list this one continues"`
}

type listed struct{ Body *job.List }

func (s *server) jobOperations(api huma.API) {
	submit := operation(tagJobs, http.MethodPost, "/jobs", "submit", "Have a picture painted",
		http.StatusConflict, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
		http.StatusInsufficientStorage, http.StatusServiceUnavailable)
	submit.Description = "When it answers, the job will be painted, whatever happens to the server. " +
		"200 answers a key that was used before, 201 a new job."
	submit.DefaultStatus = http.StatusCreated
	submit.Middlewares = huma.Middlewares{s.receive(api)}
	huma.Register(api, submit, func(ctx context.Context, in *submission) (*submitted, error) {
		req := receivedOf(ctx)
		req.Key, req.Owner = in.Key, callerOf(ctx).owner
		j, created, err := s.Store.Submit(ctx, *req)
		if err != nil {
			return nil, s.fail(err)
		}
		status := http.StatusOK
		if created {
			status = http.StatusCreated
			s.metrics.accepted.Inc()
		}
		return &submitted{status, base + "/jobs/" + j.ID, j}, nil
	})
	// Documented afterwards: huma would read a body that it knows of.
	api.OpenAPI().Paths[submit.Path].Post.RequestBody = formBody(api.OpenAPI().Components.Schemas)

	huma.Register(api, operation(tagJobs, http.MethodGet, "/jobs", "jobs", "List jobs"),
		func(ctx context.Context, in *listing) (*listed, error) {
			list, err := s.Store.List(ctx, job.Query{Owner: callerOf(ctx).owner, State: in.State, Limit: in.Limit, After: in.After})
			if err != nil {
				return nil, s.fail(err)
			}
			return &listed{list}, nil
		})

	huma.Register(api, operation(tagJobs, http.MethodGet, "/jobs/{id}", "job", "Ask for a job", http.StatusNotFound),
		func(ctx context.Context, in *JobPath) (*jobAnswer, error) {
			j, err := s.own(ctx, in.ID)
			return s.answer(j, err)
		})

	for _, change := range []struct {
		id, summary string
		do          func(context.Context, string) (*job.Job, error)
	}{
		{"cancel", "Cancel a job", s.Store.Cancel},
		{"retry", "Paint a job again that failed or was cancelled", s.Store.Retry},
	} {
		op := operation(tagJobs, http.MethodPost, "/jobs/{id}/"+change.id, change.id, change.summary, http.StatusNotFound, http.StatusConflict)
		huma.Register(api, op, func(ctx context.Context, in *JobPath) (*jobAnswer, error) {
			if _, err := s.own(ctx, in.ID); err != nil {
				return nil, s.fail(err)
			}
			j, err := change.do(ctx, in.ID)
			return s.answer(j, err)
		})
	}

	huma.Register(api, operation(tagJobs, http.MethodDelete, "/jobs/{id}", "delete", "Forget a job with its pictures", http.StatusNotFound),
		func(ctx context.Context, in *JobPath) (*struct{}, error) {
			_, err := s.own(ctx, in.ID)
			if err == nil {
				err = s.Store.Delete(ctx, in.ID)
			}
			if err != nil {
				return nil, s.fail(err)
			}
			return nil, nil
		})
}

// own returns a job of whoever asks; those of others do not exist.
func (s *server) own(ctx context.Context, id string) (*job.Job, error) {
	j, err := s.Store.Get(ctx, id)
	if err == nil && j.Owner != callerOf(ctx).owner {
		return nil, job.ErrNotFound
	}
	return j, err
}

func (s *server) answer(j *job.Job, err error) (*jobAnswer, error) {
	if err != nil {
		return nil, s.fail(err)
	}
	return &jobAnswer{j}, nil
}

func previewURL(id string, step int) string {
	return base + "/jobs/" + id + "/preview?step=" + strconv.Itoa(step)
}
