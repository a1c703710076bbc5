package studio_test

import (
	"net/http"
	"testing"

	"github.com/pastiche-art/pastiche/api"
)

func TestWaitForAJob(t *testing.T) {
	release := make(chan struct{})
	f := newServer(t, setup{worker: true, paint: paintUntil(release)})
	var j api.Job
	f.decode(f.submit("", quick()...), http.StatusCreated, &j)
	f.decode(f.do(f.request(http.MethodGet, "/jobs/"+j.ID+"?wait=1", nil)), http.StatusOK, &j)
	if j.State.Final() {
		t.Errorf("the job is %s when the time is over", j.State)
	}
	close(release)
	f.decode(f.do(f.request(http.MethodGet, "/jobs/"+j.ID+"?wait=60", nil)), http.StatusOK, &j)
	if j.State != api.Done {
		t.Errorf("after a wait the job is %s", j.State)
	}
	f.decode(f.do(f.request(http.MethodGet, "/jobs/"+j.ID+"?wait=60", nil)), http.StatusOK, &j) // at once
	f.decode(f.do(f.request(http.MethodGet, "/jobs/"+j.ID+"?wait=61", nil)), http.StatusUnprocessableEntity, nil)
}

func TestSubmitAndWait(t *testing.T) {
	submit := func(f *fixture, prefer string) (*http.Response, api.Job) {
		body, contentType := form(quick()...)
		r := f.request(http.MethodPost, "/jobs", body)
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Prefer", prefer)
		answer := f.do(r)
		var j api.Job
		f.decode(answer, answer.StatusCode, &j)
		return answer, j
	}
	f := newServer(t, setup{worker: true, paint: stubPaint})
	if answer, j := submit(f, "respond-async, wait=60"); answer.StatusCode != http.StatusCreated || j.State != api.Done || j.Result == nil {
		t.Errorf("%s, a job that is %s", answer.Status, j.State)
	}
	idle := newServer(t, setup{})
	if answer, j := submit(idle, "wait=1"); answer.StatusCode != http.StatusAccepted || j.State != api.Queued || j.Waiting == nil || j.Waiting.Position != 1 {
		t.Errorf("without a worker: %s, %+v", answer.Status, j)
	}
	if answer, _ := submit(idle, "wait=soon"); answer.StatusCode != http.StatusCreated {
		t.Errorf("a preference that is not understood: %s", answer.Status)
	}
}

func TestLabelsOfAList(t *testing.T) {
	f := newServer(t, setup{})
	f.decode(f.submit("", quick()...), http.StatusCreated, nil)
	var list api.List
	for query, expected := range map[string]int{"": 1, "?label=album%3Dsummer": 0, "?label=a%3D1&label=b%3D2": 0} {
		list = api.List{}
		f.decode(f.do(f.request(http.MethodGet, "/jobs"+query, nil)), http.StatusOK, &list)
		if len(list.Jobs) != expected {
			t.Errorf("%q lists %d jobs, expected %d", query, len(list.Jobs), expected)
		}
	}
	for _, query := range []string{"?label=album", "?label=%3Dsummer", "?label=a%3D1&label=a%3D2"} {
		f.decode(f.do(f.request(http.MethodGet, "/jobs"+query, nil)), http.StatusUnprocessableEntity, nil)
	}
}
