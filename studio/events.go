package studio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/pastiche-art/pastiche/job"
)

const (
	// quiet is how long a stream says nothing before a comment shows that it
	// lives.
	quiet = 15 * time.Second
	// slow is how long a client may take to receive an event.
	slow = 10 * time.Second
	// calm is the least time between what a stream tells: what happens meanwhile
	// is told together, so that many streams do not slow the painting.
	calm = 100 * time.Millisecond
)

var errStreams = errors.New("too many event streams: close some, or ask for the job now and then")

// Event is what an event tells: of "job", which is sent when the state changes,
// all of it; of "progress", "preview" and "deleted" the id and what the name
// says.
type Event struct {
	ID       string        `json:"id"`
	Job      *job.Job      `json:"job,omitempty"`
	Progress *job.Progress `json:"progress,omitempty"`
	Preview  int           `json:"preview,omitempty" doc:"the step of a new preview"`
	URL      string        `json:"url,omitempty" doc:"of the preview"`
}

func (s *server) eventOperations(api huma.API) {
	huma.Register(api, eventOperation(api, "/events", "events", "What happens to all jobs",
		"Begins with the event \"ready\", after which nothing is missed: ask for the jobs then."),
		func(context.Context, *struct{}) (*huma.StreamResponse, error) {
			return s.stream(func(ctx context.Context, send func(string) error) error {
				if err := send(event("ready", struct{}{})); err != nil {
					return err
				}
				return s.follow(ctx, callerOf(ctx).owner, send)
			})
		})

	huma.Register(api, eventOperation(api, "/jobs/{id}/events", "job-events", "What happens to a job",
		"Begins with the job as it is, and ends when the job is final.", http.StatusNotFound),
		func(ctx context.Context, in *JobPath) (*huma.StreamResponse, error) {
			if _, err := s.own(ctx, in.ID); err != nil {
				return nil, s.fail(err)
			}
			return s.stream(func(ctx context.Context, send func(string) error) error {
				var last job.Job
				return s.Store.Watch(ctx, in.ID, func(c job.Change) error {
					text := s.events.between(last, c)
					last = c.Job
					return send(text)
				})
			})
		})
}

func eventOperation(api huma.API, path, id, summary, description string, errors ...int) huma.Operation {
	op := operation(tagEvents, http.MethodGet, path, id, summary, errors...)
	op.Description = description
	op.Responses = map[string]*huma.Response{"200": {
		Description: "events named job, progress, preview and deleted, with this as their data",
		Content: map[string]*huma.MediaType{"text/event-stream": {
			Schema: api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Event](), true, "Event"),
		}},
	}}
	return op
}

// follow tells of all jobs of an owner.
func (s *server) follow(ctx context.Context, owner string, send func(string) error) error {
	last := make(map[string]job.Job)
	return s.Store.WatchAll(ctx, func(changes []job.Change) error {
		text := ""
		for _, c := range changes {
			before := last[c.ID]
			switch {
			case c.Deleted: // whose it was is not known; its id is of no use to others
				delete(last, c.ID)
				text += event("deleted", Event{ID: c.ID})
				continue
			case c.Owner != owner:
				continue
			case c.State.Final():
				delete(last, c.ID) // it is not told of again, but for its end
			default:
				last[c.ID] = c.Job
			}
			text += s.events.between(before, c)
		}
		if text == "" {
			return nil
		}
		return send(text)
	})
}

// stream answers with the events that tell sends.
func (s *server) stream(tell func(ctx context.Context, send func(string) error) error) (*huma.StreamResponse, error) {
	select {
	case s.streams <- struct{}{}:
	default:
		return nil, s.fail(errStreams)
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer func() { <-s.streams }()
		r, w := humago.Unwrap(hc)
		w.Header().Set("Content-Type", "text/event-stream")
		out := http.NewResponseController(w)
		// The server's deadline for a request would end the stream.
		if err := out.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return
		}
		texts := make(chan string)
		ctx, cancel := context.WithCancel(r.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			tell(ctx, func(text string) error { //nolint:errcheck // the stream ends, and the client asks again
				select {
				case texts <- text:
					return nil
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			})
		}()
		defer func() { cancel(); <-ended }()
		alive := time.NewTicker(quiet)
		defer alive.Stop()
		for {
			text := ": still here\n\n"
			select {
			case <-ended:
				return
			case <-alive.C:
			case text = <-texts:
			}
			if err := out.SetWriteDeadline(time.Now().Add(slow)); err != nil && !errors.Is(err, http.ErrNotSupported) {
				return
			}
			if _, err := io.WriteString(w, text); err != nil || out.Flush() != nil {
				return
			}
			select {
			case <-r.Context().Done():
			case <-time.After(calm):
			}
		}
	}}, nil
}

// eventTexts keeps the events of the latest change of each job, of which every
// stream tells the same.
type eventTexts struct {
	mu sync.Mutex
	of map[string]*changeTexts // by job
}

type changeTexts struct {
	revision uint64
	of       map[string]string // by name
}

// maxEventTexts is of how many jobs events are kept.
const maxEventTexts = 1000

// between returns the events that tell how a job has changed.
func (t *eventTexts) between(before job.Job, now job.Change) string {
	text := ""
	if now.State != before.State {
		text += t.text("job", now.Revision, Event{ID: now.ID, Job: &now.Job})
	} else if now.Progress != nil && (before.Progress == nil || before.Progress.Step != now.Progress.Step) {
		text += t.text("progress", now.Revision, Event{ID: now.ID, Progress: now.Progress})
	}
	if now.Preview != before.Preview {
		text += t.text("preview", now.Revision, Event{ID: now.ID, Preview: now.Preview, URL: previewURL(now.ID, now.Preview)})
	}
	return text
}

// text returns an event of a change as it is sent.
func (t *eventTexts) text(name string, revision uint64, e Event) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	texts := t.of[e.ID]
	if texts == nil || texts.revision != revision {
		if len(t.of) >= maxEventTexts {
			clear(t.of)
		}
		texts = &changeTexts{revision, make(map[string]string)}
		t.of[e.ID] = texts
	}
	text, found := texts.of[name]
	if !found {
		text = event(name, e)
		texts.of[name] = text
	}
	return text
}

// event returns an event as it is sent, or nothing where costs are not numbers,
// which the job's end tells.
func event(name string, data any) string {
	encoded, err := json.Marshal(data)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("event: %s\ndata: %s\n\n", name, encoded)
}
