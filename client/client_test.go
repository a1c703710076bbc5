package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/pastiche-art/pastiche/api"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A network connects a client with a server in memory, so that tests in a bubble of
// synctest take no time. It is the server's listener.
type network struct {
	conns  chan net.Conn
	closed chan struct{}
	down   atomic.Bool // refuses connections

	token    string       // of the session
	sessions atomic.Int32 // how often the session was asked for
}

func (n *network) Accept() (net.Conn, error) {
	select {
	case conn := <-n.conns:
		return conn, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n *network) Close() error   { close(n.closed); return nil }
func (n *network) Addr() net.Addr { return &net.TCPAddr{} }

func (n *network) dial(context.Context, string, string) (net.Conn, error) {
	if n.down.Load() {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	ours, theirs := net.Pipe()
	select {
	case n.conns <- theirs:
		return ours, nil
	case <-n.closed: // a connection that was made in advance, and is not needed any more
		return nil, net.ErrClosed
	}
}

// serve returns a client of a handler. It is called in a bubble.
func serve(t *testing.T, handler http.HandlerFunc) (*Client, *network) {
	t.Helper()
	n := &network{token: "token", conns: make(chan net.Conn), closed: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/session", func(w http.ResponseWriter, _ *http.Request) {
		n.sessions.Add(1)
		answer(w, http.StatusOK, api.Session{Token: n.token})
	})
	mux.HandleFunc("/", handler)
	server := &http.Server{Handler: mux}
	go server.Serve(n) //nolint:errcheck // it ends when the test closes it
	transport := &http.Transport{DialContext: n.dial, ExpectContinueTimeout: time.Second}
	t.Cleanup(func() {
		server.Close()
		synctest.Wait()
		transport.CloseIdleConnections()
	})
	c, err := New("studio.test")
	if err != nil {
		t.Fatal(err)
	}
	c.HTTP = &http.Client{Transport: transport}
	return c, n
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body) //nolint:errcheck // the client sees it
}

// flush sends what was written.
func flush(w http.ResponseWriter) {
	http.NewResponseController(w).Flush() //nolint:errcheck // the client sees it
}

// lose ends a connection without an answer.
func lose(http.ResponseWriter) { panic(http.ErrAbortHandler) }

func TestNew(t *testing.T) {
	for server, want := range map[string]string{
		"127.0.0.1:8080":               "http://127.0.0.1:8080",
		"localhost:8080":               "http://localhost:8080",
		"studio":                       "http://studio",
		"[::1]:8080":                   "http://[::1]:8080",
		"https://example.org/":         "https://example.org",
		"https://example.org/pastiche": "https://example.org/pastiche",
		"":                             "",
		":8080":                        "",
		"ftp://example.org":            "",
		"http://":                      "",
		"http://me:secret@example.org": "",
		"http://example.org/?a=b":      "",
		"http://example.org/#jobs":     "",
		"http://a b":                   "",
	} {
		c, err := New(server)
		switch {
		case want == "" && err == nil:
			t.Errorf("%q: got %s, expected an error", server, c.server)
		case want != "" && err != nil:
			t.Errorf("%q: %v", server, err)
		case want != "" && c.server != want:
			t.Errorf("%q: got %s, expected %s", server, c.server, want)
		}
	}
}

// calls are methods that send one request each.
var calls = map[string]func(context.Context, *Client) error{
	"Get":    func(ctx context.Context, c *Client) error { _, err := c.Get(ctx, "a"); return err },
	"Submit": func(ctx context.Context, c *Client) error { _, err := c.Submit(ctx, "", api.Submission{}); return err },
	"Form": func(ctx context.Context, c *Client) error {
		_, err := c.Submit(ctx, "", api.Submission{}, Picture{api.Style, Bytes([]byte("style"))})
		return err
	},
	"UploadFile": func(ctx context.Context, c *Client) error { _, err := c.UploadFile(ctx, Bytes(nil)); return err },
	"Change":     func(ctx context.Context, c *Client) error { _, err := c.Change(ctx, "a", api.Change{}); return err },
	"Share":      func(ctx context.Context, c *Client) error { _, err := c.Share(ctx, "a"); return err },
	"Unshare":    func(ctx context.Context, c *Client) error { _, err := c.Unshare(ctx, "a"); return err },
	"Delete":     func(ctx context.Context, c *Client) error { return c.Delete(ctx, "a") },
	"Cancel":     func(ctx context.Context, c *Client) error { _, err := c.Cancel(ctx, "a"); return err },
	"Retry":      func(ctx context.Context, c *Client) error { _, err := c.Retry(ctx, "a"); return err },
	"Batch":      func(ctx context.Context, c *Client) error { _, err := c.Batch(ctx, api.Batch{}); return err },
}

func repeatable(call string) bool { return call != "Cancel" && call != "Retry" && call != "Batch" }

// TestStatuses checks after which statuses a request is sent again.
func TestStatuses(t *testing.T) {
	for _, status := range []int{400, 401, 404, 408, 409, 410, 413, 415, 422, 429, 500, 502, 503, 504, 507} {
		for name, call := range calls {
			again := status == 429 || repeatable(name) && (status == 502 || status == 503 || status == 504)
			t.Run(fmt.Sprint(name, status), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					attempts := 0
					c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
						if attempts++; attempts == 1 {
							answer(w, status, api.Problem{Code: "reason", Detail: "what is wrong"})
							return
						}
						io.Copy(io.Discard, r.Body) //nolint:errcheck // the client sees it
						answer(w, http.StatusOK, api.Job{ID: "a"})
					})
					err := call(t.Context(), c)
					if again {
						if err != nil || attempts != 2 {
							t.Fatalf("got %d attempts and the error %v, expected 2 attempts and none", attempts, err)
						}
						return
					}
					var e *Error
					var p *api.Problem
					if attempts != 1 || !errors.As(err, &e) || !errors.As(err, &p) ||
						e.Status != status || p.Code != "reason" || e.Error() != "http://studio.test: what is wrong" {
						t.Fatalf("got %d attempts and the error %#v", attempts, err)
					}
				})
			})
		}
	}
}

// TestForeignProblem checks an error that a proxy answers.
func TestForeignProblem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "<html>a proxy</html>", http.StatusTeapot)
		})
		_, err := c.Get(t.Context(), "a")
		var e *Error
		if !errors.As(err, &e) || e.Status != http.StatusTeapot || e.Code != "" || !strings.Contains(e.Detail, "418") {
			t.Fatalf("got %#v", err)
		}
	})
}

// TestLostConnections checks which requests are sent again when no answer comes.
func TestLostConnections(t *testing.T) {
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attempts := 0
				c, n := serve(t, func(w http.ResponseWriter, r *http.Request) {
					io.Copy(io.Discard, r.Body) //nolint:errcheck // the client sees it
					if attempts++; attempts == 1 {
						lose(w)
					}
					answer(w, http.StatusOK, api.Job{ID: "a"})
				})
				err := call(t.Context(), c)
				if repeatable(name) && (err != nil || attempts != 2) {
					t.Errorf("lost answer: got %d attempts and the error %v, expected 2 attempts and none", attempts, err)
				}
				if !repeatable(name) && (err == nil || attempts != 1) {
					t.Errorf("lost answer: got %d attempts and the error %v, expected 1 attempt and an error", attempts, err)
				}

				n.down.Store(true)
				c.HTTP.CloseIdleConnections()
				go func() {
					time.Sleep(5 * time.Second)
					n.down.Store(false)
				}()
				if err := call(t.Context(), c); err != nil {
					t.Errorf("refused connections: %v", err)
				}
			})
		})
	}
}

// TestLostBody checks an answer that breaks off.
func TestLostBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if attempts++; attempts == 1 {
				w.Header().Set("Content-Length", "100")
				io.WriteString(w, `{"id": "a"`)
				lose(w)
			}
			answer(w, http.StatusOK, api.Job{ID: "a"})
		})
		if j, err := c.Get(t.Context(), "a"); err != nil || j.ID != "a" || attempts != 2 {
			t.Fatalf("got %v, %v after %d attempts", j, err, attempts)
		}
	})
}

// TestSilentServer checks a connection on which no answer comes.
func TestSilentServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if attempts++; attempts == 1 {
				<-r.Context().Done()
				return
			}
			answer(w, http.StatusOK, api.Job{ID: "a"})
		})
		if _, err := c.Get(t.Context(), "a"); err != nil || attempts != 2 {
			t.Fatalf("got the error %v after %d attempts", err, attempts)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	for name, header := range map[string]func() string{
		"seconds": func() string { return "20" },
		"time":    func() string { return time.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attempts := 0
				c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
					if attempts++; attempts == 1 {
						w.Header().Set("Retry-After", header())
						answer(w, http.StatusTooManyRequests, api.Problem{Code: api.CodeQueueFull, Detail: "full"})
						return
					}
					answer(w, http.StatusOK, api.Job{ID: "a"})
				})
				begun := time.Now()
				if _, err := c.Submit(t.Context(), "", api.Submission{}); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(begun); took < 20*time.Second || took > 21*time.Second {
					t.Errorf("got the answer after %v, expected 20 s and a part of a second", took)
				}

				attempts = 0
				c.Patience = 10 * time.Second
				begun = time.Now()
				_, err := c.Submit(t.Context(), "", api.Submission{})
				var e *Error
				if !errors.As(err, &e) || e.RetryAfter < 19*time.Second || e.RetryAfter > 20*time.Second || time.Since(begun) != 0 {
					t.Errorf("got %#v after %v, expected the error at once", err, time.Since(begun))
				}
			})
		})
	}
}

func TestPatience(t *testing.T) {
	for _, test := range []struct {
		patience    time.Duration
		least, most time.Duration
	}{
		{0, 20 * time.Second, 30 * time.Second},
		{time.Minute, 50 * time.Second, time.Minute},
		{-1, 0, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			attempts := 0
			c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				attempts++
				answer(w, http.StatusServiceUnavailable, api.Problem{Code: api.CodeUnavailable, Detail: "away"})
			})
			c.Patience = test.patience
			begun := time.Now()
			_, err := c.Get(t.Context(), "a")
			if took := time.Since(begun); statusOf(err) != 503 || took < test.least || took > test.most {
				t.Errorf("patience %v: got %v after %v, expected between %v and %v", test.patience, err, took, test.least, test.most)
			}
			if attempts > 16 || test.patience < 0 && attempts != 1 {
				t.Errorf("patience %v: %d attempts", test.patience, attempts)
			}
		})
	}
}

func TestCancelledContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reached := make(chan struct{}, 1)
		c, n := serve(t, func(_ http.ResponseWriter, r *http.Request) {
			reached <- struct{}{}
			<-r.Context().Done()
		})
		cause := errors.New("interrupted")

		ctx, cancel := context.WithCancelCause(t.Context())
		go func() { <-reached; cancel(cause) }()
		if _, err := c.Get(ctx, "a"); !errors.Is(err, cause) {
			t.Errorf("during a request: got %v", err)
		}

		n.down.Store(true)
		ctx, cancel = context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		if _, err := c.Get(ctx, "a"); !errors.Is(err, cause) || !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("between two attempts: got %v", err)
		}
	})
}

// TestSessionToken checks that the token is asked for once, and again after the
// server has another.
func TestSessionToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		forbid := false
		var c *Client
		var n *network
		c, n = serve(t, func(w http.ResponseWriter, r *http.Request) {
			if forbid || r.Header.Get(tokenHeader) != n.token {
				answer(w, http.StatusForbidden, api.Problem{Code: api.CodeForbidden, Detail: "no token"})
				return
			}
			answer(w, http.StatusOK, api.Job{ID: "a"})
		})
		for _, test := range []struct {
			token    string
			forbid   bool
			sessions int32
		}{
			{"one", false, 1}, {"one", false, 1}, {"two", false, 2}, {"two", false, 2}, {"two", true, 3},
		} {
			n.token, forbid = test.token, test.forbid
			_, err := c.Cancel(t.Context(), "a")
			if test.forbid != (statusOf(err) == http.StatusForbidden) || !test.forbid && err != nil {
				t.Errorf("%+v: got %v", test, err)
			}
			if n.sessions.Load() != test.sessions {
				t.Errorf("%+v: the session was asked for %d times", test, n.sessions.Load())
			}
		}
	})
}

// TestConcurrent uses a client in several goroutines, while its token changes.
func TestConcurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c *Client
		var n *network
		c, n = serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get(tokenHeader) != n.token {
				answer(w, http.StatusForbidden, api.Problem{Code: api.CodeForbidden, Detail: "no token"})
				return
			}
			answer(w, http.StatusOK, api.Job{ID: "a"})
		})
		for _, token := range []string{"one", "two"} {
			n.token = token
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					if _, err := c.Cancel(t.Context(), "a"); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
		}
	})
}

func TestKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer secret" {
				answer(w, http.StatusUnauthorized, api.Problem{Code: api.CodeUnauthorized, Detail: "no key"})
				return
			}
			answer(w, http.StatusOK, api.Job{ID: "a"})
		})
		c.Key = "secret"
		if _, err := c.Cancel(t.Context(), "a"); err != nil || n.sessions.Load() != 0 {
			t.Errorf("got %v after %d sessions, expected none", err, n.sessions.Load())
		}
	})
}

// TestPaths checks the requests of the methods.
func TestPaths(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got, body string
		c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			got = r.Method + " " + strings.TrimPrefix(r.URL.RequestURI(), basePath)
			data, _ := io.ReadAll(r.Body)
			body = string(data)
			if r.Method == http.MethodDelete && !strings.HasSuffix(r.URL.Path, "/share") {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			answer(w, http.StatusOK, struct{}{})
		})
		ctx := t.Context()
		for _, test := range []struct {
			want, body string
			call       func() error
		}{
			{"GET /recipes", "", func() error { _, err := c.Recipes(ctx); return err }},
			{"GET /examples", "", func() error { _, err := c.Examples(ctx); return err }},
			{"GET /jobs/a", "", func() error { _, err := c.Get(ctx, "a"); return err }},
			{"GET /jobs/a%2Fb", "", func() error { _, err := c.Get(ctx, "a/b"); return err }},
			{"GET /jobs/a/curve", "", func() error { _, err := c.Curve(ctx, "a"); return err }},
			{"POST /jobs/a/cancel", "", func() error { _, err := c.Cancel(ctx, "a"); return err }},
			{"POST /jobs/a/retry", "", func() error { _, err := c.Retry(ctx, "a"); return err }},
			{"PATCH /jobs/a", `{"retention":"720h","labels":{"title":""}}`, func() error {
				_, err := c.Change(ctx, "a", api.Change{Retention: "720h", Labels: map[string]string{"title": ""}})
				return err
			}},
			{"POST /jobs/a/share", "", func() error { _, err := c.Share(ctx, "a"); return err }},
			{"DELETE /jobs/a/share", "", func() error { _, err := c.Unshare(ctx, "a"); return err }},
			{"DELETE /jobs/a", "", func() error { return c.Delete(ctx, "a") }},
			{"DELETE /files/a", "", func() error { return c.DeleteFile(ctx, "a") }},
			{"POST /estimate", `{"width":640,"height":480,"styles":1,"sizes":[512]}`, func() error {
				_, err := c.Estimate(ctx, api.EstimateRequest{Width: 640, Height: 480, Styles: 1, Sizes: []int{512}})
				return err
			}},
			{"GET /jobs", "", func() error { _, err := c.page(ctx, Query{}, ""); return err }},
			{"GET /jobs?after=b&label=name%3Dvalue&limit=5&state=done", "", func() error {
				_, err := c.page(ctx, Query{api.Done, "name=value", 5}, "b")
				return err
			}},
			{"POST /batches", `{"contents":[{"file":"a"}],"styles":[[{"file":"b"}]]}`, func() error {
				_, err := c.Batch(ctx, api.Batch{Contents: []api.Source{{File: "a"}}, Styles: [][]api.Source{{{File: "b"}}}})
				return err
			}},
			{"POST /files", "picture", func() error { _, err := c.UploadFile(ctx, Bytes([]byte("picture"))); return err }},
		} {
			if err := test.call(); err != nil || got != test.want || body != test.body {
				t.Errorf("got %s with %q and the error %v, expected %s with %q", got, body, err, test.want, test.body)
			}
		}
		got = ""
		for _, id := range []string{"", ".", ".."} {
			if _, err := c.Cancel(ctx, id); err == nil || got != "" {
				t.Errorf("id %q: got %s and the error %v, expected no request and an error", id, got, err)
			}
		}
	})
}

// TestDeleteTwice checks a deletion whose first answer is lost.
func TestDeleteTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		deleted := false
		c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if deleted {
				answer(w, http.StatusNotFound, api.Problem{Code: api.CodeNotFound, Detail: "no such job"})
				return
			}
			deleted = true
			lose(w)
		})
		if err := c.Delete(t.Context(), "a"); err != nil {
			t.Errorf("got %v, expected that the job is deleted", err)
		}
		if err := c.Delete(t.Context(), "a"); statusOf(err) != http.StatusNotFound {
			t.Errorf("of a job that is not there: got %v, expected the status 404", err)
		}
	})
}

// TestRedirect checks that a change does not become a read, as redirects make it.
func TestRedirect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if attempts++; r.Method == http.MethodPost {
				http.Redirect(w, r, "http://other.test/", http.StatusMovedPermanently)
				return
			}
			answer(w, http.StatusOK, api.Job{ID: "a"})
		})
		if _, err := c.Submit(t.Context(), "", api.Submission{}); err == nil || !strings.Contains(err.Error(), "http://other.test/") || attempts != 2 {
			t.Errorf("got %v after %d requests, expected an error with the other server", err, attempts)
		}
	})
}

func TestNotJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "<html>welcome</html>")
		})
		if j, err := c.Get(t.Context(), "a"); err == nil || j != nil {
			t.Errorf("got %v and the error %v, expected an error", j, err)
		}
	})
}

func TestJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			after := r.URL.Query().Get("after")
			asked = append(asked, after)
			switch after {
			case "":
				answer(w, http.StatusOK, api.List{Jobs: []api.Job{{ID: "a"}, {ID: "b"}}, Next: "2"})
			case "2":
				answer(w, http.StatusOK, api.List{Jobs: []api.Job{{ID: "c"}}, Next: "3"})
			case "3":
				answer(w, http.StatusBadRequest, api.Problem{Detail: "no more"})
			}
		})
		jobs := c.Jobs(t.Context(), Query{})
		for range 2 {
			asked = nil
			var ids []string
			var failure error
			for j, err := range jobs {
				if err != nil {
					failure = err
					continue
				}
				ids = append(ids, j.ID)
			}
			if strings.Join(ids, "") != "abc" || statusOf(failure) != http.StatusBadRequest || len(asked) != 3 {
				t.Errorf("got %v, %v after %q", ids, failure, asked)
			}
		}
		asked = nil
		for range jobs {
			break
		}
		if len(asked) != 1 {
			t.Errorf("a loop that ended on the first page asked for the pages %q", asked)
		}
	})
}

// TestWait checks that a wait outlasts restarts of the server.
func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		steps := []func(w http.ResponseWriter){
			func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) },
			func(w http.ResponseWriter) { answer(w, http.StatusOK, api.Job{ID: "a", State: api.Queued}) },
			func(w http.ResponseWriter) { w.WriteHeader(http.StatusTooManyRequests) },
			func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) },
			func(w http.ResponseWriter) { w.WriteHeader(http.StatusGatewayTimeout) },
			lose,
			func(w http.ResponseWriter) {
				time.Sleep(longPoll)
				answer(w, http.StatusOK, api.Job{ID: "a", State: api.Running})
			},
			func(w http.ResponseWriter) { answer(w, http.StatusOK, api.Job{ID: "a", State: api.Done}) },
		}
		var c *Client
		var n *network
		c, n = serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("wait") != "30" {
				t.Errorf("got the query %s, expected wait=30", r.URL.RawQuery)
			}
			attempts++
			steps[attempts-1](w)
			if attempts == 2 { // five minutes without a server
				n.down.Store(true)
				c.HTTP.CloseIdleConnections()
				time.AfterFunc(5*time.Minute, func() { n.down.Store(false) })
			}
		})
		j, err := c.Wait(t.Context(), "a")
		if err != nil || j.State != api.Done || attempts != len(steps) {
			t.Fatalf("got %+v, %v after %d requests, expected that the job is done after %d", j, err, attempts, len(steps))
		}
	})
}

// TestWaitEnds checks when a wait gives up.
func TestWaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		c, n := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if attempts++; attempts > 5 {
				answer(w, http.StatusNotFound, api.Problem{Code: api.CodeNotFound, Detail: "deleted"})
				return
			}
			answer(w, http.StatusOK, api.Job{ID: "a", State: api.Running})
		})
		begun := time.Now()
		_, err := c.Wait(t.Context(), "a")
		if statusOf(err) != http.StatusNotFound {
			t.Errorf("a deleted job: got %v", err)
		}
		// A server that answers at once is not asked at once again.
		if took := time.Since(begun); took < 5*pollEvery {
			t.Errorf("asked %d times in %v", attempts, took)
		}

		attempts = 0
		time.AfterFunc(2*pollEvery+pollEvery/2, func() {
			n.down.Store(true)
			c.HTTP.CloseIdleConnections()
		})
		begun = time.Now()
		_, err = c.Wait(t.Context(), "a")
		if took := time.Since(begun); !errors.Is(err, syscall.ECONNREFUSED) || took < absence-maxDelay || took > absence+maxDelay {
			t.Errorf("a server that stays away: got %v after %v", err, took)
		}
	})
}
