package studio_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/studio"
)

// received is an event of a stream.
type received struct {
	name, id string
	api.Event
}

// listen opens a stream and returns its events as they come.
func (f *fixture) listen(path string) <-chan received {
	f.t.Helper()
	r := f.request(http.MethodGet, path, nil)
	r.Header.Set("Last-Event-ID", "7") // which changes nothing
	answer := f.do(r)
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" || answer.Header.Get("X-Accel-Buffering") != "no" {
		f.t.Fatalf("%s: %s, %v", path, answer.Status, answer.Header)
	}
	events := make(chan received, 1000)
	go func() {
		defer close(events)
		var e received
		lines := bufio.NewScanner(answer.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			name, text, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				e.id = text
			case "event":
				e.name, e.Event = text, api.Event{}
			case "data":
				if err := json.Unmarshal([]byte(text), &e.Event); err != nil {
					e.name = err.Error()
				}
				events <- e
			}
		}
	}()
	if path == "/events" {
		if e := <-events; e.name != api.EventReady {
			f.t.Fatalf("the stream begins with %+v", e)
		}
	}
	return events
}

func TestEventsOfAJob(t *testing.T) {
	f := newServer(t, setup{worker: true})
	all := f.listen("/events")
	var j api.Job
	f.decode(f.submit("", quick()...), http.StatusCreated, &j)
	var states []api.State
	for e := range f.listen("/jobs/" + j.ID + "/events") { // which ends with the job
		switch {
		case e.ID != j.ID:
			t.Errorf("an event of %s", e.ID)
		case e.name == api.EventJob:
			states = append(states, e.Job.State)
			if e.id == "" {
				t.Error("an event of a job has no id")
			}
		case e.name == api.EventPreview:
			if !strings.HasPrefix(e.Progress.Preview, "/api/v1/jobs/"+j.ID+"/preview?step=") || e.Progress.Step == 0 {
				t.Errorf("a preview event holds %+v", e.Progress)
			}
		}
	}
	if len(states) == 0 || states[len(states)-1] != api.Done {
		t.Errorf("states %v, expected the last one to be done", states)
	}
	f.decode(f.do(f.request(http.MethodDelete, "/jobs/"+j.ID, nil)), http.StatusNoContent, nil)
	for e := range all {
		if e.name == api.EventDeleted && e.ID == j.ID {
			return
		}
	}
	t.Error("the stream of all jobs ended before it told that the job is deleted")
}

func TestEventsOfOthersAreTheirs(t *testing.T) {
	f := newServer(t, setup{worker: true, paint: stubPaint, Config: studio.Config{Keys: keysOf(t, "alice", "bob")}})
	f.key = bobKey
	bob := f.listen("/events")
	f.key = aliceKey
	var hers, his api.Job
	f.decode(f.submit("", quick()...), http.StatusCreated, &hers)
	f.finished(hers.ID)
	f.decode(f.do(f.request(http.MethodDelete, "/jobs/"+hers.ID, nil)), http.StatusNoContent, nil)
	f.key = bobKey
	f.decode(f.do(f.request(http.MethodGet, "/jobs/"+hers.ID+"/events", nil)), http.StatusNotFound, nil)
	f.decode(f.submit("", quick()...), http.StatusCreated, &his)
	if e := <-bob; e.name != api.EventJob || e.ID != his.ID {
		t.Errorf("bob's stream has %+v, and his job is %s", e, his.ID)
	}
}

func TestHeadOfAStreamAnswersAtOnce(t *testing.T) {
	f := newServer(t, setup{})
	answer := f.do(f.request(http.MethodHead, "/events", nil))
	f.decode(answer, http.StatusOK, nil)
	if answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("headers %v", answer.Header)
	}
	f.decode(f.do(f.request(http.MethodHead, "/jobs/nosuchjob/events", nil)), http.StatusNotFound, nil)
}

// stuck is a client that reads nothing.
type stuck struct {
	*httptest.ResponseRecorder
	deadline time.Time
}

func (s *stuck) Write([]byte) (int, error)           { return 0, os.ErrDeadlineExceeded }
func (s *stuck) SetReadDeadline(time.Time) error     { return nil }
func (s *stuck) SetWriteDeadline(at time.Time) error { s.deadline = at; return nil }

func TestSlowReaderIsDropped(t *testing.T) {
	f := newServer(t, setup{})
	client := &stuck{ResponseRecorder: httptest.NewRecorder()}
	begun := time.Now()
	r := f.request(http.MethodGet, "/events", nil)
	r.RemoteAddr = "127.0.0.1:1"
	f.handler.ServeHTTP(client, r) // returns, as the stream ends
	if after := client.deadline.Sub(begun); after <= 0 || after > time.Since(begun)+30*time.Second {
		t.Errorf("the client had %v to read, expected 30s", after)
	}
	metrics, err := f.Client().Get(f.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer metrics.Body.Close()
	if text, err := io.ReadAll(metrics.Body); err != nil || !strings.Contains(string(text), "pastiche_event_streams 0\n") {
		t.Errorf("the place of the stream is still taken (%v)", err)
	}
}
