package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/pastiche-art/pastiche/api"
)

// streams returns a handler that answers each request with the next stream, and the
// headers Last-Event-ID that it was sent.
func streams(all ...string) (http.HandlerFunc, *[]string) {
	var last []string
	return func(w http.ResponseWriter, r *http.Request) {
		last = append(last, r.Header.Get("Last-Event-ID"))
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		text := all[min(len(last), len(all))-1]
		io.WriteString(w, strings.TrimSuffix(text, hold))
		if strings.HasSuffix(text, hold) {
			flush(w)
			<-r.Context().Done()
		}
	}, &last
}

// hold at the end of a stream keeps the connection open.
const hold = "HOLD"

// collect returns the names and jobs of events, and the error.
func collect(ctx context.Context, c *Client, id string) (events []string, failure error) {
	for e, err := range c.Events(ctx, id) {
		if err != nil {
			failure = err
			continue
		}
		text := e.Name + " " + e.ID
		if e.Job != nil {
			text += " " + string(e.Job.State)
		}
		if e.Progress != nil {
			text += fmt.Sprint(" ", e.Progress.Step)
		}
		events = append(events, text)
	}
	return events, failure
}

// TestEvents checks that lost connections are made again, from the last event on.
func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler, last := streams(
			"id: 1\nevent: job\ndata: {\"id\":\"a\",\"job\":{\"id\":\"a\",\"state\":\"running\"}}\n\n"+
				"id: 2\nevent: progress\ndata: {\"id\":\"a\",\"progress\":{\"step\":5}}\n\n"+
				"id: 3\nevent: progress\ndata: {\"id\":\"a\"", // breaks off
			"", // nothing
			": still here\n\n"+hold,
			"event: unknown\ndata: no JSON\n\n"+
				"id: 4\nevent: job\ndata: {\"id\":\"a\",\"job\":{\"id\":\"a\",\"state\":\"done\"}}\n\n"+
				"id: 5\nevent: progress\ndata: {\"id\":\"a\"}\n\n",
		)
		c, n := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/api/v1/jobs/a/events" {
				t.Errorf("got the path %s", r.URL.Path)
			}
			handler(w, r)
		})
		time.AfterFunc(10*time.Second, func() { n.down.Store(true) })
		time.AfterFunc(5*time.Minute, func() { n.down.Store(false) })
		events, err := collect(t.Context(), c, "a")
		if want := []string{"job a running", "progress a 5", "job a done"}; err != nil || !slices.Equal(events, want) {
			t.Errorf("got %q, %v, expected %q", events, err, want)
		}
		if want := []string{"", "2", "2", "2"}; !slices.Equal(*last, want) {
			t.Errorf("got the last ids %q, expected %q", *last, want)
		}
	})
}

// TestEventsOfAll checks the events of all jobs, which go on after one is final.
func TestEventsOfAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler, last := streams(
			"event: ready\ndata: {}\n\nevent: job\ndata: {\"id\":\"a\",\"job\":{\"id\":\"a\",\"state\":\"done\"}}\n\n",
			"event: ready\ndata: {}\n\nevent: deleted\ndata: {\"id\":\"a\"}\n\n"+hold,
		)
		c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/api/v1/events" {
				t.Errorf("got the path %s", r.URL.Path)
			}
			handler(w, r)
		})
		cause := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(10*time.Second, func() { cancel(cause) })
		events, err := collect(ctx, c, "")
		if want := []string{"ready ", "job a done", "ready ", "deleted a"}; !errors.Is(err, cause) || !slices.Equal(events, want) {
			t.Errorf("got %q, %v, expected %q and the cause of the context", events, err, want)
		}
		if len(*last) != 2 {
			t.Errorf("got %d connections, expected 2", len(*last))
		}
	})
}

// TestEventsEnd checks the ends of a stream.
func TestEventsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler, last := streams("event: deleted\ndata: {\"id\":\"a\"}\n\n" + hold)
		c, _ := serve(t, handler)
		if events, err := collect(t.Context(), c, "a"); err != nil || !slices.Equal(events, []string{"deleted a"}) {
			t.Errorf("a deleted job: got %q, %v", events, err)
		}
		for range c.Events(t.Context(), "") {
			break
		}
		if len(*last) != 2 {
			t.Errorf("got %d connections, expected 2", len(*last))
		}
	})
	for name, handler := range map[string]http.HandlerFunc{
		"not found": func(w http.ResponseWriter, _ *http.Request) {
			answer(w, http.StatusNotFound, api.Problem{Code: api.CodeNotFound, Detail: "no such job"})
		},
		"HTML": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>welcome</html>") },
		"no JSON": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			io.WriteString(w, "event: job\ndata: {\n\n")
		},
		"large": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			for range 2 * maxEvent / 1024 {
				if _, err := io.WriteString(w, "data: "+strings.Repeat("x", 1024)+"\n"); err != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attempts := 0
				c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
					attempts++
					handler(w, r)
				})
				if events, err := collect(t.Context(), c, "a"); err == nil || len(events) > 0 || attempts != 1 {
					t.Errorf("got %q, %v after %d attempts, expected an error after 1", events, err, attempts)
				}
			})
		})
	}
}

// TestEventsPatience checks a server that ends each stream before its first event, and
// one that stays away after it.
func TestEventsPatience(t *testing.T) {
	const job = "event: job\ndata: {\"id\":\"a\",\"job\":{\"id\":\"a\",\"state\":\"running\"}}\n\n"
	for _, test := range []struct {
		first string
		most  time.Duration
	}{{"", defaultPatience}, {job, absence}} {
		synctest.Test(t, func(t *testing.T) {
			handler, _ := streams(test.first, "")
			c, _ := serve(t, handler)
			begun := time.Now()
			_, err := collect(t.Context(), c, "a")
			if took := time.Since(begun); !errors.Is(err, io.ErrUnexpectedEOF) || took < test.most-maxDelay || took > test.most {
				t.Errorf("stream %q: got %v after %v, expected a lost connection after %v", test.first, err, took, test.most)
			}
		})
	}
}

// An sse is an event as a decoder returns it.
type sse struct{ name, data, id string }

func decode(r io.Reader) (events []sse, err error) {
	d := newDecoder(r)
	for {
		name, data, err := d.next()
		if err != nil {
			return events, err
		}
		events = append(events, sse{name, string(data), d.id})
	}
}

func TestDecoder(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want []sse
	}{
		"empty":            {"", nil},
		"one":              {"id: 1\nevent: job\ndata: {}\n\n", []sse{{"job", "{}", "1"}}},
		"no space":         {"id:1\nevent:job\ndata:{}\n\n", []sse{{"job", "{}", "1"}}},
		"two spaces":       {"data:  x\n\n", []sse{{"message", " x", ""}}},
		"lines":            {"data: a\ndata\ndata: b\n\n", []sse{{"message", "a\n\nb", ""}}},
		"CR LF":            {"event: job\r\ndata: a\r\ndata: b\r\n\r\n", []sse{{"job", "a\nb", ""}}},
		"CR":               {"event: job\rdata: a\r\rdata: b\r\r", []sse{{"job", "a", ""}, {"message", "b", ""}}},
		"comments":         {": hello\n\n:\ndata: a\n: more\ndata: b\n\n", []sse{{"message", "a\nb", ""}}},
		"unknown fields":   {"retry: 5\nnothing\ndata: a\n\n", []sse{{"message", "a", ""}}},
		"no data":          {"event: job\nid: 1\n\ndata: a\n\n", []sse{{"message", "a", "1"}}},
		"id stays":         {"id: 1\ndata: a\n\ndata: b\n\n", []sse{{"message", "a", "1"}, {"message", "b", "1"}}},
		"id with control":  {"id: 1\x00\ndata: a\n\n", []sse{{"message", "a", ""}}},
		"breaks off":       {"data: a\n\nid: 2\ndata: b\n", []sse{{"message", "a", ""}}},
		"breaks in a line": {"data: a\n\ndata: b", []sse{{"message", "a", ""}}},
		"byte order mark":  {"\ufeffdata: a\n\n", []sse{{"message", "a", ""}}},
	} {
		for kind, r := range map[string]io.Reader{"whole": strings.NewReader(test.text), "bytes": iotest.OneByteReader(strings.NewReader(test.text))} {
			if got, err := decode(r); !errors.Is(err, io.ErrUnexpectedEOF) || !slices.Equal(got, test.want) {
				t.Errorf("%s, %s: got %q, %v, expected %q", name, kind, got, err, test.want)
			}
		}
	}
	for name, r := range map[string]io.Reader{
		"line":  io.MultiReader(strings.NewReader("data: "), &endless{text: "x"}),
		"event": &endless{text: "data: x\n"},
	} {
		if got, err := decode(r); !errors.Is(err, bufio.ErrTooLong) || len(got) > 0 {
			t.Errorf("endless %s: got %q, %v, expected %v", name, got, err, bufio.ErrTooLong)
		}
	}
	broken := errors.New("broken")
	if _, err := decode(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("got %v, expected the error of the reader", err)
	}
}

// endless repeats a text.
type endless struct{ text string }

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	for n+len(e.text) <= len(p) {
		n += copy(p[n:], e.text)
	}
	return n, nil
}

// FuzzDecoder checks that events do not depend on how they come in parts nor on which
// line ends they have, and that their ids are good for a header.
func FuzzDecoder(f *testing.F) {
	f.Add("id: 1\nevent: job\ndata: {}\n\n: still here\n\ndata: a\ndata: b\n\n")
	f.Add("data: a\r\n\r\nid: 2\rdata\r\r: x")
	f.Add("\ufeff\n\nid:\x7f\ndata::\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		want, err := decode(strings.NewReader(text))
		if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, bufio.ErrTooLong) {
			t.Fatal(err)
		}
		for _, e := range want {
			if e.name == "" || strings.ContainsAny(e.id, "\x00\r\n") || strings.Contains(e.data, "\r") {
				t.Errorf("got the event %q", e)
			}
		}
		lines := strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
		for name, r := range map[string]io.Reader{
			"bytes":   iotest.OneByteReader(strings.NewReader(text)),
			"halves":  iotest.HalfReader(strings.NewReader(text)),
			"at once": iotest.DataErrReader(strings.NewReader(text)),
			"LF":      strings.NewReader(lines),
			"CR":      strings.NewReader(strings.ReplaceAll(lines, "\n", "\r")),
			"CR LF":   iotest.OneByteReader(strings.NewReader(strings.ReplaceAll(lines, "\n", "\r\n"))),
		} {
			if got, err := decode(r); !slices.Equal(got, want) {
				t.Errorf("%s: got %q, %v, expected %q", name, got, err, want)
			}
		}
	})
}
