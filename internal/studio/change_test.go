package studio_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/studio"
)

// change sends a change of a job.
func (f *fixture) change(id string, c api.Change) *http.Response {
	f.t.Helper()
	data, err := json.Marshal(c)
	if err != nil {
		f.t.Fatal(err)
	}
	r := f.request(http.MethodPatch, "/jobs/"+id, bytes.NewReader(data))
	r.Header.Set("Content-Type", "application/json")
	return f.do(r)
}

func TestKeepAJob(t *testing.T) {
	f, j := painted(t, setup{Config: studio.Config{MaxRetention: 240 * time.Hour}})
	var kept api.Job
	f.decode(f.change(j.ID, api.Change{Retention: "240h"}), http.StatusOK, &kept)
	if left := time.Until(*kept.Expires); left < 239*time.Hour || left > 240*time.Hour {
		t.Errorf("the job is kept for %v, expected 240h", left)
	}
	for _, bad := range []string{"241h", "0s", "-1h", "a week", "forever"} {
		var p api.Problem
		f.decode(f.change(j.ID, api.Change{Retention: bad}), http.StatusUnprocessableEntity, &p)
		if !strings.Contains(p.Detail, "240h") {
			t.Errorf("%q: %s", bad, p.Detail)
		}
	}
	idle := newServer(t, setup{})
	id := idle.accepted()
	idle.decode(idle.change(id, api.Change{Retention: "1h"}), http.StatusConflict, nil)
}

// TestKeepForever: on a server of one person, a job stays until it is deleted, and its
// file says so after a restart.
func TestKeepForever(t *testing.T) {
	dir := t.TempDir()
	var id string
	t.Run("before a restart", func(t *testing.T) {
		f, j := painted(t, setup{dir: dir, job: job.Config{Retention: time.Hour}})
		id = j.ID
		var session api.Session
		f.decode(f.do(f.request(http.MethodGet, "/session", nil)), http.StatusOK, &session)
		if session.Limits.MaxRetention != 0 || session.Limits.Retention != 3600 {
			t.Errorf("the session tells of the limits %+v", session.Limits)
		}
		var kept api.Job
		f.decode(f.change(id, api.Change{Retention: "forever"}), http.StatusOK, &kept)
		if kept.Expires != nil {
			t.Errorf("it expires at %v", kept.Expires)
		}
	})
	f := newServer(t, setup{dir: dir})
	if j := f.finished(id); j.Expires != nil {
		t.Errorf("it expires at %v", j.Expires)
	}
	var again api.Job
	f.decode(f.change(id, api.Change{Retention: "1h"}), http.StatusOK, &again)
	if again.Expires == nil {
		t.Error("it never expires, though it was to be kept for an hour")
	}
	parts := append(quick(), part{"retention", []byte("forever")})
	f.decode(f.submit("", parts...), http.StatusCreated, nil)
}

func TestMaxRetentionWithKeys(t *testing.T) {
	f := newServer(t, setup{Config: studio.Config{Keys: keysOf(t, "alice")}})
	f.key = aliceKey
	var session api.Session
	f.decode(f.do(f.request(http.MethodGet, "/session", nil)), http.StatusOK, &session)
	if days := session.Limits.MaxRetention / 86400; days != 30 {
		t.Errorf("at most %d days, expected 30", days)
	}
}

func TestChangeLabels(t *testing.T) {
	f := newServer(t, setup{})
	id := f.accepted()
	labels := func(c map[string]string) map[string]string {
		t.Helper()
		var j api.Job
		f.decode(f.change(id, api.Change{Labels: c}), http.StatusOK, &j)
		return j.Labels
	}
	expect := func(got, want map[string]string) {
		t.Helper()
		if !maps.Equal(got, want) {
			t.Errorf("labels %v, expected %v", got, want)
		}
	}
	expect(labels(map[string]string{"title": "Anna’s garden (2)", "favourite": "yes"}), map[string]string{"title": "Anna’s garden (2)", "favourite": "yes"})
	expect(labels(map[string]string{"favourite": "", "album": "summer"}), map[string]string{"title": "Anna’s garden (2)", "album": "summer"})
	expect(labels(nil), map[string]string{"title": "Anna’s garden (2)", "album": "summer"})
	many := make(map[string]string)
	for i := range 15 {
		many[strings.Repeat("x", i+1)] = "1"
	}
	for name, bad := range map[string]map[string]string{
		"too long": {"title": strings.Repeat("x", 64)}, "a name with a space": {"a b": "c"}, "two lines": {"a": "b\nc"}, "too many": many,
	} {
		var p api.Problem
		f.decode(f.change(id, api.Change{Labels: bad}), http.StatusUnprocessableEntity, &p)
		if !strings.Contains(p.Detail, "labels") {
			t.Errorf("%s: %s", name, p.Detail)
		}
	}
	expect(f.finishedOrNot(id).Labels, map[string]string{"title": "Anna’s garden (2)", "album": "summer"})
}

// finishedOrNot returns a job as it is.
func (f *fixture) finishedOrNot(id string) *api.Job {
	f.t.Helper()
	var j api.Job
	f.decode(f.do(f.request(http.MethodGet, "/jobs/"+id, nil)), http.StatusOK, &j)
	return &j
}

// TestLabelsWhilePainting: a worker goes on with a job whose labels change, and keeps
// them.
func TestLabelsWhilePainting(t *testing.T) {
	release := make(chan struct{})
	f := newServer(t, setup{worker: true, paint: paintUntil(release)})
	id := f.accepted()
	f.eventually("it is painted", func() bool { return f.finishedOrNot(id).State == api.Running })
	f.decode(f.change(id, api.Change{Labels: map[string]string{"title": "Castle"}}), http.StatusOK, nil)
	close(release)
	if j := f.finished(id); j.State != api.Done || j.Labels["title"] != "Castle" {
		t.Errorf("the job is %s with the labels %v", j.State, j.Labels)
	}
}

// TestChangesAreTold: other tabs hear of changes of a finished job.
func TestChangesAreTold(t *testing.T) {
	f, j := painted(t, setup{})
	sub := f.jobs.Subscribe("", "")
	defer sub.Close()
	told := func(what string, is func(r *job.Record) bool) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), waitFor)
		defer cancel()
		for {
			updates, err := sub.Take(ctx)
			if err != nil {
				t.Fatalf("nothing is told of %s: %v", what, err)
			}
			for _, u := range updates {
				if u.ID == j.ID && u.Record != nil && is(u.Record) {
					return
				}
			}
		}
	}
	f.decode(f.change(j.ID, api.Change{Labels: map[string]string{"favourite": "yes"}}), http.StatusOK, nil)
	told("a label", func(r *job.Record) bool { return r.Labels["favourite"] == "yes" })
	f.decode(f.change(j.ID, api.Change{Retention: "forever"}), http.StatusOK, nil)
	told("the retention", func(r *job.Record) bool { return r.Expires == nil })
	f.decode(f.do(f.request(http.MethodPost, "/jobs/"+j.ID+"/share", nil)), http.StatusOK, nil)
	told("the sharing", func(r *job.Record) bool { return r.Share != "" })
}

func TestChangesOfOthers(t *testing.T) {
	f := newServer(t, setup{Config: studio.Config{Keys: keysOf(t, "alice", "bob")}})
	f.key = aliceKey
	id := f.accepted()
	f.key = bobKey
	f.decode(f.change(id, api.Change{Labels: map[string]string{"title": "mine"}}), http.StatusNotFound, nil)
	for _, method := range []string{http.MethodPost, http.MethodDelete} {
		f.decode(f.do(f.request(method, "/jobs/"+id+"/share", nil)), http.StatusNotFound, nil)
	}
}
