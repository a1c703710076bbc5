package job

import (
	"fmt"

	"github.com/pastiche-art/pastiche/api"
)

// Base is the path under which the HTTP API serves jobs.
const Base = "/api/v1"

// URL returns the path of something of a job.
func URL(id, what string) string { return Base + "/jobs/" + id + what }

// PreviewURL returns the path of a job's preview at a step.
func PreviewURL(id string, step int) string { return URL(id, fmt.Sprintf("/preview?step=%d", step)) }

// ShareBase is the path under which shared paintings are seen.
const ShareBase = "/p/"

// View returns a job as clients see it.
func (s *Service) View(r *Record) *api.Job {
	j := &api.Job{
		ID: r.ID, State: r.State, Look: r.Look, Created: r.Created, Started: r.Started, Finished: r.Finished, Expires: r.Expires,
		Options: r.Options.public(), Labels: r.Labels, Network: r.Network,
		Error: r.Error, Attempts: r.Attempts, Inputs: []api.Input{},
	}
	if r.Share != "" {
		j.Share = ShareBase + r.ID + "." + r.Share
	}
	for _, in := range r.Inputs {
		url := URL(r.ID, fmt.Sprintf("/inputs/%s/%d", in.Role, in.Number))
		j.Inputs = append(j.Inputs, api.Input{
			Role: in.Role, Number: in.Number, Width: in.Width, Height: in.Height, SHA256: in.SHA256, URL: url, Thumbnail: url + "/thumbnail",
		})
		for _, w := range in.Warnings {
			j.Warnings = append(j.Warnings, string(in.Role)+": "+w)
		}
	}
	if r.Video != nil {
		j.Video = r.Video.View(s.index.paintedOf(r))
	}
	switch {
	case r.State == api.Queued:
		j.Waiting = s.dispatcher.waiting(nameOf(r), s.takes)
	case r.State == api.Running:
		j.Progress = s.progressOf(r)
	case r.Result != nil:
		j.Result = r.Result.view(r.ID)
	}
	return j
}

// takes returns how many seconds an active job takes in all, or 0 where that is not
// known. The workers have measured a pace.
func (s *Service) takes(e *entry, measured float64) float64 {
	return e.reference * s.paces.of(e.record.paceName(), measured)
}

func (res *Result) view(id string) *api.Result {
	v := &api.Result{
		Width: res.Width, Height: res.Height, Bytes: res.Size, SHA256: res.SHA256, URL: URL(id, "/result"),
		Steps: res.Steps, Faces: res.Faces, Costs: res.Costs,
	}
	if res.Thumb != "" {
		v.Thumbnail = URL(id, "/result/thumbnail")
	}
	if res.Curve != "" {
		v.Curve = URL(id, "/curve")
	}
	return v
}

// progressOf returns how far a running job is, as its worker said last, or as of its
// last checkpoint.
func (s *Service) progressOf(r *Record) *api.Progress {
	p, step := r.Progress, 0
	if r.Preview != "" && p != nil {
		step = p.Step
	}
	s.index.mu.Lock()
	e := s.index.entries[nameOf(r)]
	switch {
	case r.Video != nil:
		p = s.index.videoProgress(r)
		step = p.Step
	case e != nil && e.progress != nil:
		p = e.progress
		if e.step > 0 {
			step = e.step
		}
	}
	s.index.mu.Unlock()
	if p == nil {
		return nil
	}
	view := *p
	if step > 0 {
		view.Preview = PreviewURL(r.ID, step)
	}
	return &view
}

// CurveSoFar returns the costs of a job that is not finished over the steps up to its
// last checkpoint.
func (r *Record) CurveSoFar() api.Curve {
	return api.Curve{Samples: append([]api.Sample{}, r.Curve...)}
}
