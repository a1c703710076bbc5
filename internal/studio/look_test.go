package studio_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/studio"
	"github.com/pastiche-art/pastiche/paint"
)

// lookForm is the form of a quick look of a job that takes no time.
func lookForm() []part { return append(quick(), part{"look", []byte("true")}) }

// listed returns the page of all jobs.
func (f *fixture) listed() (list api.List) {
	f.t.Helper()
	f.decode(f.do(f.request(http.MethodGet, "/jobs", nil)), http.StatusOK, &list)
	return list
}

// TestLook submits quick looks by a form and by JSON, of pictures that the server has.
func TestLook(t *testing.T) {
	f := newServer(t, setup{worker: true, paint: stubPaint})
	painting := f.accepted()
	f.finished(painting)
	var looks [2]api.Job
	f.decode(f.submit("", lookForm()...), http.StatusCreated, &looks[0])
	body, err := json.Marshal(api.Submission{
		Content: &api.Source{Job: &api.JobSource{ID: painting, Role: api.Content}},
		Styles:  []api.Source{{Job: &api.JobSource{ID: painting, Role: api.Style}}},
		Options: &api.Options{Recipe: api.Recipe{"name": "gatys", "size": 1024}},
		Look:    true,
	})
	if err != nil {
		t.Fatal(err)
	}
	r := f.request(http.MethodPost, "/jobs", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	f.decode(f.do(r), http.StatusCreated, &looks[1])
	if size := looks[1].Options.Recipe["size"]; size != float64(api.LookSize) {
		t.Errorf("the look has %v pixels", size)
	}
	for _, look := range looks {
		j := f.finished(look.ID)
		if !j.Look || j.State != api.Done || j.Expires.Sub(*j.Finished).Minutes() != 10 {
			t.Errorf("the look is %s (a look: %t) and expires at %v", j.State, j.Look, j.Expires)
		}
	}
	if list := f.listed(); len(list.Jobs) != 1 || list.Jobs[0].ID != painting || *list.Total != 1 {
		t.Errorf("listed are %+v, %d in all", list.Jobs, *list.Total)
	}
	f.decode(f.submit("", append(quick(), part{"look", []byte("maybe")})...), http.StatusUnprocessableEntity, nil)
	answer, err := f.Client().Get(f.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	metrics, err := io.ReadAll(answer.Body)
	for _, line := range []string{
		`pastiche_jobs_finished_total{state="done"} 1`, `pastiche_looks_finished_total{state="done"} 2`, `pastiche_jobs_accepted_total 1`, `pastiche_looks{state="queued"} 0`,
	} {
		if !strings.Contains(string(metrics), line+"\n") {
			t.Errorf("no %s in the metrics, %v", line, err)
		}
	}
}

// TestLooksWait: looks of a key wait up to a limit of their own, also while the queue of
// jobs is full, and GET /session says which.
func TestLooksWait(t *testing.T) {
	f := newServer(t, setup{job: job.Config{Queue: 1, Looks: 2}, Config: studio.Config{Keys: keysOf(t, "alice", "bob")}})
	problem := func(answer *http.Response) api.Code {
		t.Helper()
		var p api.Problem
		f.decode(answer, http.StatusTooManyRequests, &p)
		return p.Code
	}
	f.key = aliceKey
	var session api.Session
	f.decode(f.do(f.request(http.MethodGet, "/session", nil)), http.StatusOK, &session)
	if session.Limits.Looks != 2 {
		t.Errorf("%d looks may wait", session.Limits.Looks)
	}
	f.accepted()
	if code := problem(f.submit("", quick()...)); code != api.CodeQueueFull {
		t.Errorf("a second job: %s", code)
	}
	for range 2 {
		f.decode(f.submit("", lookForm()...), http.StatusCreated, nil)
	}
	if code := problem(f.submit("", lookForm()...)); code != api.CodeOwnerQueue {
		t.Errorf("a third look: %s", code)
	}
	f.key = bobKey
	f.decode(f.submit("", lookForm()...), http.StatusCreated, nil)
}

// TestLookEvents: events tell of a look as of other jobs, while a long painting goes on.
func TestLookEvents(t *testing.T) {
	release := make(chan struct{})
	f := newServer(t, setup{worker: true, paint: func(ctx context.Context, in job.Inputs, opts paint.Options) (*paint.Painting, error) {
		if opts.Memory != job.LookMemory {
			return paintUntil(release)(ctx, in, opts)
		}
		return stubPaint(ctx, in, opts)
	}})
	defer close(release)
	long := f.accepted()
	var look api.Job
	f.decode(f.submit("", lookForm()...), http.StatusCreated, &look)
	answer := f.do(f.request(http.MethodGet, "/jobs/"+look.ID+"/events", nil))
	text, err := io.ReadAll(answer.Body)
	if err != nil || !strings.Contains(string(text), `"look":true`) || !strings.Contains(string(text), `"state":"done"`) {
		t.Errorf("the events of the look are %s, %v", text, err)
	}
	var j api.Job
	f.decode(f.do(f.request(http.MethodGet, "/jobs/"+long, nil)), http.StatusOK, &j)
	if j.State.Final() {
		t.Errorf("the long painting is %s", j.State)
	}
}

// TestQueueIsWhatWaits: with a queue of two, two jobs wait besides the one that is being
// painted, and a third is refused.
func TestQueueIsWhatWaits(t *testing.T) {
	release := make(chan struct{})
	f := newServer(t, setup{worker: true, paint: paintUntil(release), job: job.Config{Queue: 2}})
	defer close(release)
	running := f.accepted()
	f.eventually("the first is being painted", func() bool {
		var j api.Job
		f.decode(f.do(f.request(http.MethodGet, "/jobs/"+running, nil)), http.StatusOK, &j)
		return j.State == api.Running
	})
	f.accepted()
	f.accepted()
	var p api.Problem
	f.decode(f.submit("", quick()...), http.StatusTooManyRequests, &p)
	if p.Code != api.CodeQueueFull {
		t.Errorf("a third one that waits: %s", p.Code)
	}
}
