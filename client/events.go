package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"strings"
	"time"
	"unicode"

	"github.com/pastiche-art/pastiche/api"
)

const (
	// silence is the time without data after which an event stream counts as lost.
	// The server sends a comment every 15 seconds.
	silence = time.Minute
	// maxEvent bounds an event, in bytes.
	maxEvent = 1 << 20
)

// An Event reports a change of a job. Name is [api.EventJob] or another of those
// constants.
type Event struct {
	Name string
	api.Event
}

// Events returns the events of a job until the job is final or deleted. With the id ""
// it returns the events of all jobs until ctx ends. It reconnects when the connection
// is lost. It ends after an error.
//
// The server sends [api.EventReady] where the events of all jobs begin, and where some
// may be missing after a reconnect. List the jobs then.
func (c *Client) Events(ctx context.Context, id string) iter.Seq2[Event, error] {
	path := basePath + "/events"
	if id != "" {
		path = jobPath(id, "/events")
	}
	return func(yield func(Event, error) bool) {
		r := read(path)
		r.streams = true
		r.backoff = &backoff{patience: c.patience()}
		for {
			err := c.stream(ctx, r, func(e Event) bool {
				r.backoff = &backoff{patience: max(c.patience(), absence)}
				last := id != "" && (e.Name == api.EventDeleted || e.Job != nil && e.Job.State.Final())
				return yield(e, nil) && !last
			})
			var lost *lostError
			switch {
			case err == nil:
				return
			case ctx.Err() != nil:
				err = context.Cause(ctx)
			case errors.As(err, &lost):
				err = r.backoff.pause(ctx, err)
			}
			if err != nil {
				yield(Event{}, err)
				return
			}
		}
	}
}

// stream receives events over one connection. It returns nil when yield returns false,
// and a *lostError when the connection is lost. It sets the header Last-Event-ID of r
// for the next connection.
func (c *Client) stream(ctx context.Context, r *request, yield func(Event) bool) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	response, err := c.do(ctx, r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil || kind != "text/event-stream" {
		return fmt.Errorf("%s: Content-Type %q: expected text/event-stream", c.server+r.path, response.Header.Get("Content-Type"))
	}
	watchdog := time.AfterFunc(silence, func() { cancel(errSilent) })
	defer watchdog.Stop()
	d := newDecoder(&watched{response.Body, watchdog})
	for {
		name, data, err := d.next()
		switch {
		case errors.Is(err, bufio.ErrTooLong):
			return fmt.Errorf("%s: event of more than %d bytes", c.server+r.path, maxEvent)
		case err != nil:
			if cause := context.Cause(ctx); cause != nil {
				err = cause
			}
			return &lostError{fmt.Errorf("%s: the connection was lost: %w", c.server+r.path, err)}
		}
		switch name {
		case api.EventReady, api.EventJob, api.EventProgress, api.EventPreview, api.EventDeleted:
			e := Event{Name: name}
			if err := json.Unmarshal(data, &e.Event); err != nil {
				return fmt.Errorf("%s: event %s: %w", c.server+r.path, name, err)
			}
			if !yield(e) {
				return nil
			}
		}
		// Only after yield: the server repeats an event that was not handled.
		if d.id != "" {
			r.setHeader("Last-Event-ID", d.id)
		}
	}
}

var errSilent = fmt.Errorf("nothing was received for %v", silence)

// A lostError is the error of an event stream whose connection was lost.
type lostError struct{ err error }

func (e *lostError) Error() string { return e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

// watched runs a watchdog while it reads.
type watched struct {
	r        io.Reader
	watchdog *time.Timer
}

func (w *watched) Read(p []byte) (int, error) {
	w.watchdog.Reset(silence)
	defer w.watchdog.Stop()
	return w.r.Read(p)
}

// A decoder reads the format of server-sent events, as the HTML standard defines it:
// https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
type decoder struct {
	lines *bufio.Scanner
	id    string // the last one received
}

func newDecoder(r io.Reader) *decoder {
	d := &decoder{lines: bufio.NewScanner(r)}
	d.lines.Buffer(nil, maxEvent)
	afterCR, begun := false, false
	d.lines.Split(func(data []byte, _ bool) (int, []byte, error) {
		skip := 0
		if afterCR && len(data) > 0 {
			afterCR = false
			if data[0] == '\n' {
				skip = 1 // of CR LF, which may come in two parts
			}
		}
		end := bytes.IndexAny(data[skip:], "\r\n")
		if end < 0 {
			return skip, nil, nil // a last line without an end is not an event's
		}
		line := data[skip : skip+end]
		afterCR = data[skip+end] == '\r'
		if !begun {
			begun = true
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		return skip + end + 1, line, nil
	})
	return d
}

// next returns the next event that has data, and its name; "message" is that of an
// event without a name. The error is [io.ErrUnexpectedEOF] at the end of the stream,
// [bufio.ErrTooLong], or that of reading.
func (d *decoder) next() (name string, data []byte, err error) {
	for d.lines.Scan() {
		line := d.lines.Text()
		if line == "" {
			if len(data) > 0 {
				if name == "" {
					name = "message"
				}
				return name, data[:len(data)-1], nil // without the last line feed
			}
			name = ""
			continue
		}
		field, value, _ := strings.Cut(line, ":") // a comment has no field
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			name = value
		case "data":
			if len(data)+len(value) >= maxEvent {
				return "", nil, bufio.ErrTooLong
			}
			data = append(append(data, value...), '\n')
		case "id":
			if !strings.ContainsFunc(value, unicode.IsControl) {
				d.id = value
			}
		}
	}
	if err := d.lines.Err(); err != nil {
		return "", nil, err
	}
	return "", nil, io.ErrUnexpectedEOF
}
