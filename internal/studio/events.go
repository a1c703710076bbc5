package studio

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
)

const (
	// keepAlive is the time without events after which a stream sends a comment.
	keepAlive = 15 * time.Second
	// pacing is the least interval between writes to a stream. Events in between are
	// sent together, so that many streams take little time from the painting.
	pacing = 100 * time.Millisecond
	// maxTexts bounds the encoded events that are cached for other streams, in bytes.
	maxTexts = 16 << 20
)

var errStreams = errors.New("too many event streams: close some windows, or poll the job")

// The data of events, by their names. A client may read all of them as an
// [api.Event].
type (
	// ReadyEvent is the data of api.EventReady.
	ReadyEvent struct{}
	// JobEvent is the data of api.EventJob.
	JobEvent struct {
		ID  string   `json:"id" doc:"of the job"`
		Job *api.Job `json:"job" doc:"a new job, or one whose state has changed"`
	}
	// ProgressEvent is the data of api.EventProgress.
	ProgressEvent struct {
		ID       string        `json:"id" doc:"of the job"`
		Progress *api.Progress `json:"progress"`
	}
	// PreviewEvent is the data of api.EventPreview.
	PreviewEvent struct {
		ID       string      `json:"id" doc:"of the job"`
		Progress PreviewStep `json:"progress"`
	}
	// PreviewStep is a new preview.
	PreviewStep struct {
		Step    int    `json:"step" doc:"the step that the preview shows"`
		Preview string `json:"preview" format:"uri-reference" doc:"URL of the preview, a JPEG of at most 512 pixels"`
	}
	// DeletedEvent is the data of api.EventDeleted.
	DeletedEvent struct {
		ID string `json:"id" doc:"of the job"`
	}
)

// LastEventID is the header with which a client resumes a stream.
type LastEventID struct {
	ID string `header:"Last-Event-ID" maxLength:"100" doc:"accepted and ignored: the server stores no events, and each stream begins with the current state"`
}

func (s *server) eventOperations(humaAPI huma.API) {
	op := eventOperation(humaAPI, "/events", "followJobs", "Follow all jobs")
	op.Description = "The stream begins with the event ready. List the jobs when it arrives, also after a reconnect, to miss no change of a state. " +
		"Of several changes in quick succession, only the last may be sent. " +
		"A client that does not read is disconnected after 30 seconds."
	huma.Register(humaAPI, op, func(ctx context.Context, _ *LastEventID) (*huma.StreamResponse, error) {
		owner := callerOf(ctx).owner
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			sub := s.Jobs.Subscribe(owner, "")
			defer sub.Close()
			s.stream(hc, owner, sub, event(api.EventReady, 0, ReadyEvent{}), "")
		}}, nil
	})

	op = eventOperation(humaAPI, "/jobs/{id}/events", "followJob", "Follow a job", http.StatusNotFound)
	op.Description = "The stream begins with the current job, also after a reconnect, and ends when the job is final or deleted."
	huma.Register(humaAPI, op, func(ctx context.Context, in *struct {
		JobPath
		LastEventID
	}) (*huma.StreamResponse, error) {
		owner := callerOf(ctx).owner
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			sub := s.Jobs.Subscribe(owner, in.JobPath.ID)
			defer sub.Close()
			r, err := s.Jobs.Get(ctx, owner, in.JobPath.ID)
			if err != nil {
				_, w := humago.Unwrap(hc)
				answerProblem(w, s.fail(err))
				return
			}
			s.stream(hc, owner, sub, s.jobEvent(r), r.State)
		}}, nil
	})
}

// eventOperation returns an operation that answers with a stream. Its schema is that
// of huma's package sse.
func eventOperation(humaAPI huma.API, path, id, summary string, statuses ...int) huma.Operation {
	op := operation(tagEvents, http.MethodGet, path, id, summary, statuses...)
	schemas := humaAPI.OpenAPI().Components.Schemas
	text := &huma.Schema{Type: huma.TypeString}
	var messages []*huma.Schema
	for _, e := range []struct {
		name, doc string
		data      reflect.Type
	}{
		{api.EventReady, "the stream is complete from here on", reflect.TypeFor[ReadyEvent]()},
		{api.EventJob, "a job is new, or its state has changed", reflect.TypeFor[JobEvent]()},
		{api.EventProgress, "a job has been painted further", reflect.TypeFor[ProgressEvent]()},
		{api.EventPreview, "there is a new preview", reflect.TypeFor[PreviewEvent]()},
		{api.EventDeleted, "a job is gone", reflect.TypeFor[DeletedEvent]()},
	} {
		messages = append(messages, &huma.Schema{
			Type: huma.TypeObject, Title: e.name, Description: e.doc, Required: []string{"event", "data"},
			Properties: map[string]*huma.Schema{
				"event": {Type: huma.TypeString, Enum: []any{e.name}},
				"data":  schemas.Schema(e.data, true, ""),
				"id":    text,
			},
		})
	}
	op.Responses = map[string]*huma.Response{"200": {
		Description: "server-sent events, each with a name and JSON data; lines that begin with a colon keep the connection alive",
		Content: map[string]*huma.MediaType{"text/event-stream": {
			Schema:  &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{OneOf: messages}},
			Example: "event: ready\ndata: {}\n\n",
		}},
	}}
	return op
}

// textKey names the text of an event, which is the same in all streams. Records and
// progress are never modified, so that their addresses name them.
type textKey struct {
	record   *job.Record
	progress *api.Progress
	preview  int
	id       string
}

// textOf returns the events of an update.
func (s *server) textOf(u job.Update) []byte {
	switch {
	case u.Deleted:
		return event(api.EventDeleted, 0, DeletedEvent{u.ID})
	case u.Record != nil:
		return s.texts.getOr(textKey{record: u.Record}, func() []byte { return s.jobEvent(u.Record) })
	}
	var text []byte
	if u.Progress != nil {
		text = append(text, s.texts.getOr(textKey{progress: u.Progress}, func() []byte {
			return event(api.EventProgress, 0, ProgressEvent{u.ID, u.Progress})
		})...)
	}
	if u.Preview != 0 {
		text = append(text, s.texts.getOr(textKey{preview: u.Preview, id: u.ID}, func() []byte {
			return event(api.EventPreview, 0, PreviewEvent{u.ID, PreviewStep{u.Preview, job.PreviewURL(u.ID, u.Preview)}})
		})...)
	}
	return text
}

func (s *server) jobEvent(r *job.Record) []byte {
	return event(api.EventJob, r.Revision, JobEvent{r.ID, s.Jobs.View(r)})
}

// stream answers with a first event and those that a subscription brings. A stream of
// one job, which has the state one, ends when the job is final.
func (s *server) stream(hc huma.Context, owner string, sub *job.Subscription, first []byte, one api.State) {
	r, w := humago.Unwrap(hc)
	leave := func() {}
	if r.Method != http.MethodHead {
		if leave = s.streams.take(owner); leave == nil {
			answerProblem(w, s.fail(errStreams))
			return
		}
	}
	defer leave()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // proxies send events on at once
	if r.Method == http.MethodHead {
		return
	}
	out := http.NewResponseController(w)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.Closing, cancel)()
	for text, final := first, one.Final(); ; {
		if _, err := w.Write(text); err != nil || out.Flush() != nil || final {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pacing):
		}
		waiting, stop := context.WithTimeout(ctx, keepAlive)
		updates, err := sub.Take(waiting)
		stop()
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			text = []byte(": keep-alive\n\n")
			continue
		}
		text = nil
		for _, u := range updates {
			text = append(text, s.textOf(u)...)
			final = final || one != "" && (u.Deleted || u.Record != nil && u.Record.State.Final())
		}
	}
}

// event returns an event as it is sent, with the revision of its job as the id where
// that is not 0. It returns nothing where costs are not numbers: the job then fails.
func event(name string, revision uint64, data any) []byte {
	encoded, err := json.Marshal(data)
	if err != nil {
		return nil
	}
	var b bytes.Buffer
	if revision != 0 {
		fmt.Fprintf(&b, "id: %d\n", revision)
	}
	fmt.Fprintf(&b, "event: %s\ndata: %s\n\n", name, encoded)
	return b.Bytes()
}
