package studio_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/job"
	"github.com/pastiche-art/pastiche/studio"
)

// told is an event.
type told struct {
	name string
	studio.Event
}

// listen opens a stream, and returns its events as they come.
func (f *fixture) listen(path string) <-chan told {
	f.t.Helper()
	answer := f.do(f.request(http.MethodGet, path, nil))
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" {
		f.t.Fatalf("%s: %s, %v", path, answer.Status, answer.Header)
	}
	events := make(chan told, 1000)
	go func() {
		defer close(events)
		var e told
		lines := bufio.NewScanner(answer.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if name, found := strings.CutPrefix(lines.Text(), "event: "); found {
				e = told{name: name}
			} else if data, found := strings.CutPrefix(lines.Text(), "data: "); found {
				if err := json.Unmarshal([]byte(data), &e.Event); err != nil {
					e.name = err.Error()
				}
				events <- e
			}
		}
	}()
	if path == "/events" {
		if e := <-events; e.name != "ready" {
			f.t.Fatalf("the stream begins with %+v", e)
		}
	}
	return events
}

func TestEventsOfAJob(t *testing.T) {
	f := start(t, setup{worker: true})
	all := f.listen("/events")
	var j job.Job
	f.decode(f.submit("", quick()...), http.StatusCreated, &j)
	var states []job.State
	previews := 0
	for e := range f.listen("/jobs/" + j.ID + "/events") { // which ends with the job
		switch {
		case e.ID != j.ID:
			t.Errorf("told of %s", e.ID)
		case e.name == "job":
			states = append(states, e.Job.State)
		case e.name == "preview":
			previews = e.Preview
			if e.URL != "/api/v1/jobs/"+j.ID+"/preview?step=4" && e.Preview == 4 {
				t.Errorf("a preview at %s", e.URL)
			}
		}
	}
	if len(states) == 0 || states[len(states)-1] != job.Done || previews != 4 {
		t.Errorf("states %v, the last preview of step %d", states, previews)
	}
	f.decode(f.do(f.request(http.MethodDelete, "/jobs/"+j.ID, nil)), http.StatusNoContent, nil)
	for e := range all {
		if e.name == "deleted" && e.ID == j.ID {
			return
		}
	}
	t.Error("the stream of all jobs ended before it told of the last thing")
}

func TestEventsOfOthersAreTheirs(t *testing.T) {
	f := start(t, setup{Config: studio.Config{Keys: []string{aliceKey, bobKey}}})
	f.key = bobKey
	bob := f.listen("/events")
	f.key = aliceKey
	var hers, his job.Job
	f.decode(f.submit("", quick()...), http.StatusCreated, &hers)
	f.key = bobKey
	f.decode(f.submit("", quick()...), http.StatusCreated, &his)
	if e := <-bob; e.name != "job" || e.ID != his.ID {
		t.Errorf("bob is told of %+v, and his job is %s", e, his.ID)
	}
}
