package studio

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/paint"
)

// maxWait is how long an answer may wait for a job.
const maxWait = time.Minute

type jobAnswer struct{ Body *api.Job }

type jobQuery struct {
	JobPath
	Wait int `query:"wait" minimum:"0" maximum:"60" doc:"long polling: seconds to wait until the job is finished; 0 seconds where too many requests wait"`
}

type listing struct {
	State api.State `query:"state" enum:"queued,running,done,failed,cancelled" doc:"only jobs in this state"`
	Label []string  `query:"label,explode" maxItems:"16" doc:"NAME=VALUE: only jobs with this label; with several, only jobs with all of them" example:"[\"batch=b7\"]"`
	Limit int       `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"maximum of jobs on the page; with labels a page may have fewer"`
	After string    `query:"after" maxLength:"200" doc:"the field next of the previous page"`
}

type changing struct {
	JobPath
	Body api.Change
}

type listed struct{ Body *api.List }

func (s *server) jobOperations(humaAPI huma.API) {
	huma.Register(humaAPI, operation(tagJobs, http.MethodGet, "/jobs", "listJobs", "List jobs", http.StatusUnprocessableEntity),
		func(ctx context.Context, in *listing) (*listed, error) {
			labels, err := parseLabels(in.Label)
			if err != nil {
				return nil, s.fail(err)
			}
			page, err := s.Jobs.List(ctx, job.Listing{Owner: callerOf(ctx).owner, State: in.State, Labels: labels, Limit: in.Limit, After: in.After})
			if err != nil {
				return nil, s.fail(err)
			}
			list := &api.List{Jobs: []api.Job{}, Next: page.Next}
			if page.Total >= 0 {
				list.Total = &page.Total
			}
			for _, r := range page.Records {
				list.Jobs = append(list.Jobs, *s.Jobs.View(r))
			}
			return &listed{list}, nil
		})

	huma.Register(humaAPI, operation(tagJobs, http.MethodGet, "/jobs/{id}", "getJob", "Get a job", http.StatusNotFound),
		func(ctx context.Context, in *jobQuery) (*jobAnswer, error) {
			owner := callerOf(ctx).owner
			r, err := s.await(ctx, owner, in.ID, time.Duration(in.Wait)*time.Second)
			return s.answer(r, err)
		})

	for _, change := range []struct {
		path, id, summary string
		do                func(ctx context.Context, owner, id string) (*job.Record, error)
	}{
		{"cancel", "cancelJob", "Cancel a job", s.Jobs.Cancel},
		{"retry", "retryJob", "Queue a failed or cancelled job again", s.Jobs.Retry},
	} {
		op := operation(tagJobs, http.MethodPost, "/jobs/{id}/"+change.path, change.id, change.summary, http.StatusNotFound, http.StatusConflict)
		huma.Register(humaAPI, op, func(ctx context.Context, in *JobPath) (*jobAnswer, error) {
			r, err := change.do(ctx, callerOf(ctx).owner, in.ID)
			return s.answer(r, err)
		})
	}

	change := operation(tagJobs, http.MethodPatch, "/jobs/{id}", "changeJob", "Change the retention of a finished job, or the labels of a job", http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity)
	huma.Register(humaAPI, change, func(ctx context.Context, in *changing) (*jobAnswer, error) {
		edit := job.Edit{Labels: in.Body.Labels}
		if in.Body.Retention != "" {
			var err error
			if edit.Retention, err = s.retention(in.Body.Retention); err != nil {
				return nil, s.fail(err)
			}
		}
		return s.change(ctx, in.ID, edit)
	})

	share := operation(tagJobs, http.MethodPost, "/jobs/{id}/share", "shareJob", "Make a public page of a painting", http.StatusNotFound, http.StatusConflict)
	share.Description = "Everybody who has the address of the page can see the painting. The address is the job's share. A job that is shared already keeps its address."
	huma.Register(humaAPI, share, func(ctx context.Context, in *JobPath) (*jobAnswer, error) {
		return s.change(ctx, in.ID, job.Edit{Share: newShareSecret(callerOf(ctx).owner)})
	})
	unshare := operation(tagJobs, http.MethodDelete, "/jobs/{id}/share", "unshareJob", "Remove the public page of a painting", http.StatusNotFound)
	huma.Register(humaAPI, unshare, func(ctx context.Context, in *JobPath) (*jobAnswer, error) {
		return s.change(ctx, in.ID, job.Edit{Unshare: true})
	})
	huma.Register(humaAPI, operation(tagJobs, http.MethodDelete, "/jobs/{id}", "deleteJob", "Delete a job and its pictures", http.StatusNotFound),
		func(ctx context.Context, in *JobPath) (*struct{}, error) {
			if err := s.Jobs.Delete(ctx, callerOf(ctx).owner, in.ID); err != nil {
				return nil, s.fail(err)
			}
			return nil, nil
		})
}

// change changes a job of the caller and answers with it.
func (s *server) change(ctx context.Context, id string, edit job.Edit) (*jobAnswer, error) {
	r, err := s.Jobs.Change(ctx, callerOf(ctx).owner, id, edit)
	return s.answer(r, err)
}

func (s *server) answer(r *job.Record, err error) (*jobAnswer, error) {
	if err != nil {
		return nil, s.fail(err)
	}
	return &jobAnswer{s.Jobs.View(r)}, nil
}

// await returns a job when it is final. It returns the job as it is when the time is
// over, the server closes, the client leaves, or the owner has as many streams as it
// may have. Errors are those of [job.Service.Get].
func (s *server) await(ctx context.Context, owner, id string, wait time.Duration) (*job.Record, error) {
	if wait == 0 {
		return s.Jobs.Get(ctx, owner, id)
	}
	sub := s.Jobs.Subscribe(owner, id)
	defer sub.Close()
	r, err := s.Jobs.Get(ctx, owner, id)
	if err != nil || r.State.Final() {
		return r, err
	}
	leave := s.streams.take(owner)
	if leave == nil {
		return r, nil
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, min(wait, maxWait))
	defer cancel()
	defer context.AfterFunc(s.Closing, cancel)()
	for {
		updates, err := sub.Take(ctx)
		if err != nil {
			return r, nil //nolint:nilerr // the time is over
		}
		for _, u := range updates {
			if u.Deleted {
				return nil, job.ErrNotFound
			}
			if u.Record == nil {
				continue
			}
			if r = u.Record; r.State.Final() {
				return r, nil
			}
		}
	}
}

// preferredWait returns how long the header Prefer (RFC 7240) asks to wait. Other
// preferences are ignored.
func preferredWait(prefer string) (wait time.Duration, waits bool) {
	for preference := range strings.SplitSeq(prefer, ",") {
		text, found := strings.CutPrefix(strings.TrimSpace(preference), "wait=")
		if seconds, err := strconv.ParseUint(text, 10, 32); found && err == nil {
			return min(time.Duration(seconds)*time.Second, maxWait), true //nolint:gosec // 32 bits
		}
	}
	return 0, false
}

func parseLabels(pairs []string) (map[string]string, error) {
	labels := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		name, value, found := strings.Cut(pair, "=")
		if !found || name == "" {
			return nil, &paint.OptionError{Option: "label", Reason: fmt.Sprintf("%q: expected NAME=VALUE", pair)}
		}
		if before, twice := labels[name]; twice && before != value {
			return nil, &paint.OptionError{Option: "label", Reason: fmt.Sprintf("%s is %q and %q: a job has one value", name, before, value)}
		}
		labels[name] = value
	}
	return labels, nil
}

// retention reads how long a client wants a job to be kept.
func (s *server) retention(text string) (time.Duration, error) {
	d, err := job.ParseRetention(text)
	if err == nil && d <= s.MaxRetention {
		return d, nil
	}
	if s.MaxRetention != job.Forever {
		err = fmt.Errorf("expected a time such as 48h, at most %s", s.MaxRetention)
	}
	return 0, &paint.OptionError{Option: "retention", Reason: fmt.Sprintf("%q: %v", text, err)}
}
