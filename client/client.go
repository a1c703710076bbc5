// Package client is the Go client of the HTTP API of a pastiche server.
//
//	c, err := client.New("127.0.0.1:8080")
//	job, err := c.Submit(ctx, "", api.Submission{},
//		client.Picture{Role: api.Content, Open: client.File("photo.jpg")},
//		client.Picture{Role: api.Style, Open: client.File("painting.jpg")})
//	job, err = c.Wait(ctx, job.ID)
//	painting, err := c.Result(ctx, job)
//	defer painting.Close()
//	_, err = io.Copy(file, painting)
//
// # Errors
//
// An error that the server answers is an [*Error], which wraps an [*api.Problem].
// Programs compare its Code.
//
// # Retries
//
// A method repeats its request when the server does not answer, and after the
// statuses 429, 502, 503 and 504. It waits between attempts with exponential backoff
// and jitter, from 0.25 to 10 seconds, in addition to the Retry-After of the server.
// It gives up after [Client.Patience].
//
// [Client.Cancel], [Client.Retry] and [Client.Batch] are not idempotent. They repeat
// their request only where the server cannot have handled it: after the status 429,
// and where no connection was made.
package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pastiche-art/pastiche/api"
)

const (
	// longPoll is how long the server may hold a request of Wait. It is less than
	// the time after which common proxies close an idle request.
	longPoll = 30 * time.Second
	// pollEvery is the least time between two requests of Wait.
	pollEvery = time.Second
	// defaultPatience is Patience where it is 0.
	defaultPatience = 30 * time.Second
	// absence is the minimum of Patience in Wait and Events once the server has
	// answered. A restart or an update of the server takes minutes.
	absence = 10 * time.Minute
)

// A Client sends requests to one server. It may be used by several goroutines at
// once. Set its fields before the first request.
type Client struct {
	// Key is the API key. It is "" for a server without keys.
	Key string
	// HTTP sends the requests. nil is [http.DefaultClient]. Its Timeout, where there
	// is one, also ends uploads, downloads and event streams, and must be over 30
	// seconds for Wait.
	HTTP *http.Client
	// Patience is how long a request is repeated while the server does not answer
	// or is busy. 0 is 30 seconds. A negative Patience sends each request once. Wait
	// and Events repeat theirs for at least 10 minutes, once the server has answered.
	Patience time.Duration

	server string // URL without a final "/"

	mu    sync.Mutex
	token string // of the session; "" before the first change
}

// New returns a client of the server at a URL, such as https://example.org, or at a
// host and port, such as 127.0.0.1:8080, which is short for http.
func New(server string) (*Client, error) {
	text := server
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" ||
		u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("server %q: expected a URL such as http://127.0.0.1:8080, or a host and port", server)
	}
	return &Client{server: strings.TrimRight(u.String(), "/")}, nil
}

// Ready returns an error unless the server accepts jobs now. It asks once.
func (c *Client) Ready(ctx context.Context) error {
	r := read("/readyz")
	r.backoff = &backoff{} // without patience
	response, err := c.do(ctx, r)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusNoContent {
		return fmt.Errorf("%s/readyz: status %s, expected 204: is this a pastiche server?", c.server, response.Status)
	}
	return nil
}

// Session returns the version and the limits of the server.
func (c *Client) Session(ctx context.Context) (*api.Session, error) {
	return call[api.Session](ctx, c, read(basePath+"/session"))
}

// Recipes returns the recipes of the server, the default first.
func (c *Client) Recipes(ctx context.Context) (*api.RecipeList, error) {
	return call[api.RecipeList](ctx, c, read(basePath+"/recipes"))
}

// Examples returns the pictures that come with the server. [Client.Open] opens them.
func (c *Client) Examples(ctx context.Context) (*api.ExampleList, error) {
	return call[api.ExampleList](ctx, c, read(basePath+"/examples"))
}

// Estimate returns the time and the memory of paintings of several sizes, and why the
// server rejects a size.
func (c *Client) Estimate(ctx context.Context, e api.EstimateRequest) (*api.Estimates, error) {
	r := &request{method: http.MethodPost, path: basePath + "/estimate", repeatable: true}
	if err := r.setJSON(e); err != nil {
		return nil, err
	}
	return call[api.Estimates](ctx, c, r)
}

// Get returns a job.
func (c *Client) Get(ctx context.Context, id string) (*api.Job, error) {
	return call[api.Job](ctx, c, read(jobPath(id, "")))
}

// A Query selects jobs. The zero value selects all.
type Query struct {
	State api.State // "" is every state
	Label string    // NAME=VALUE; "" is every job
	Limit int       // of one request; 0 is the server's default
}

// page returns the page of jobs after a cursor, "" for the first one.
func (c *Client) page(ctx context.Context, q Query, after string) (*api.List, error) {
	values := make(url.Values)
	for name, value := range map[string]string{"state": string(q.State), "label": q.Label, "after": after} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if q.Limit != 0 {
		values.Set("limit", strconv.Itoa(q.Limit))
	}
	path := basePath + "/jobs"
	if len(values) > 0 {
		path += "?" + values.Encode()
	}
	return call[api.List](ctx, c, read(path))
}

// Jobs returns the jobs of a query. It requests a page when the loop reaches it. It
// ends after an error.
func (c *Client) Jobs(ctx context.Context, q Query) iter.Seq2[api.Job, error] {
	return func(yield func(api.Job, error) bool) {
		for after := ""; ; {
			page, err := c.page(ctx, q, after)
			if err != nil {
				yield(api.Job{}, err)
				return
			}
			for _, j := range page.Jobs {
				if !yield(j, nil) {
					return
				}
			}
			if page.Next == "" || page.Next == after {
				return
			}
			after = page.Next
		}
	}
}

// Wait waits until the state of a job is final (done, failed or cancelled) and returns
// the job. It outlasts restarts of the server.
func (c *Client) Wait(ctx context.Context, id string) (*api.Job, error) {
	r := read(jobPath(id, "?wait="+strconv.Itoa(int(longPoll/time.Second))))
	for {
		begun := time.Now()
		j, err := call[api.Job](ctx, c, r)
		if err != nil || j.State.Final() {
			return j, err
		}
		r.backoff = &backoff{patience: max(c.patience(), absence)}
		if err := sleep(ctx, pollEvery-time.Since(begun)); err != nil {
			return nil, err
		}
	}
}

// Cancel cancels a queued or running job and returns it.
func (c *Client) Cancel(ctx context.Context, id string) (*api.Job, error) {
	return call[api.Job](ctx, c, &request{method: http.MethodPost, path: jobPath(id, "/cancel")})
}

// Retry queues a job again that has failed or was cancelled, and returns it.
func (c *Client) Retry(ctx context.Context, id string) (*api.Job, error) {
	return call[api.Job](ctx, c, &request{method: http.MethodPost, path: jobPath(id, "/retry")})
}

// Change changes how long a finished job is kept from now on, and labels of a job, and
// returns the job.
func (c *Client) Change(ctx context.Context, id string, change api.Change) (*api.Job, error) {
	r := &request{method: http.MethodPatch, path: jobPath(id, ""), repeatable: true}
	if err := r.setJSON(change); err != nil {
		return nil, err
	}
	return call[api.Job](ctx, c, r)
}

// Share makes a page of a painting for everybody who has its address, and returns the
// job. [api.Job.Share] is the path of the page.
func (c *Client) Share(ctx context.Context, id string) (*api.Job, error) {
	return call[api.Job](ctx, c, &request{method: http.MethodPost, path: jobPath(id, "/share"), repeatable: true})
}

// Unshare removes the page of a shared painting, and returns the job.
func (c *Client) Unshare(ctx context.Context, id string) (*api.Job, error) {
	return call[api.Job](ctx, c, &request{method: http.MethodDelete, path: jobPath(id, "/share"), repeatable: true})
}

// Delete deletes a job with its pictures.
func (c *Client) Delete(ctx context.Context, id string) error {
	return c.delete(ctx, jobPath(id, ""))
}

// DeleteFile deletes an uploaded file. Jobs keep their own copies.
func (c *Client) DeleteFile(ctx context.Context, id string) error {
	return c.delete(ctx, basePath+"/files/"+url.PathEscape(id))
}

func (c *Client) delete(ctx context.Context, path string) error {
	r := &request{method: http.MethodDelete, path: path, repeatable: true}
	_, err := c.do(ctx, r)
	if r.attempts > 1 && statusOf(err) == http.StatusNotFound {
		return nil // an earlier attempt deleted it, and its answer was lost
	}
	return err
}

// Curve returns the costs of a painting over its steps.
func (c *Client) Curve(ctx context.Context, id string) (*api.Curve, error) {
	return call[api.Curve](ctx, c, read(jobPath(id, "/curve")))
}
