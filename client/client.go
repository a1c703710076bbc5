// Package client speaks with a pastiche server.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pastiche-art/pastiche/job"
)

const (
	// pollEvery is how often Wait asks.
	pollEvery = time.Second
	// patience is how long Wait puts up with a server that does not answer, as
	// one that is started again.
	patience = time.Minute
)

// A ProblemError is what a server says is wrong with a request.
type ProblemError struct {
	Server string
	Status int // of HTTP
	Detail string
}

func (p *ProblemError) Error() string { return p.Server + ": " + p.Detail }

// A Client asks one server.
type Client struct {
	URL string // such as http://127.0.0.1:8080
	Key string // of a server that wants one
}

// A File is a field of a form that holds a file.
type File struct {
	Field string // content, style, mask, style_mask, keep or init
	Name  string
	Data  []byte
}

// Submit asks for a painting. options is the JSON that the API describes; "" is
// none. A key, where not "", makes a second call return the first's job.
func (c *Client) Submit(ctx context.Context, files []File, options, key string) (*job.Job, error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, f := range files {
		part, err := form.CreateFormFile(f.Field, f.Name)
		if err != nil {
			return nil, err
		}
		part.Write(f.Data) //nolint:errcheck // a buffer
	}
	if options != "" {
		if err := form.WriteField("options", options); err != nil {
			return nil, err
		}
	}
	if err := form.Close(); err != nil {
		return nil, err
	}
	header := http.Header{"Content-Type": {form.FormDataContentType()}}
	if key != "" {
		header.Set("Idempotency-Key", key)
	}
	var j job.Job
	return &j, c.change(ctx, http.MethodPost, "/jobs", header, &body, &j)
}

// Get returns a job.
func (c *Client) Get(ctx context.Context, id string) (*job.Job, error) {
	var j job.Job
	return &j, c.json(ctx, http.MethodGet, "/jobs/"+url.PathEscape(id), nil, nil, &j)
}

// List returns all jobs, the newest first.
func (c *Client) List(ctx context.Context) ([]job.Job, error) {
	var all []job.Job
	after := ""
	for {
		var list job.List
		if err := c.json(ctx, http.MethodGet, "/jobs?limit=1000&after="+url.QueryEscape(after), nil, nil, &list); err != nil {
			return nil, err
		}
		all = append(all, list.Jobs...)
		if after = list.Next; after == "" {
			return all, nil
		}
	}
}

// Cancel ends a job.
func (c *Client) Cancel(ctx context.Context, id string) (*job.Job, error) {
	var j job.Job
	return &j, c.change(ctx, http.MethodPost, "/jobs/"+url.PathEscape(id)+"/cancel", nil, nil, &j)
}

// Wait returns a job when it is final. A server that has answered once may be
// away for a while.
func (c *Client) Wait(ctx context.Context, id string) (*job.Job, error) {
	var heard time.Time
	for {
		j, err := c.Get(ctx, id)
		switch {
		case err == nil && j.State.Final():
			return j, nil
		case err == nil:
			heard = time.Now()
		case errors.As(err, new(*ProblemError)), time.Since(heard) > patience:
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(pollEvery):
		}
	}
}

// Result writes the painting of a job, PNG.
func (c *Client) Result(ctx context.Context, id string, w io.Writer) error {
	body, err := c.do(ctx, http.MethodGet, "/jobs/"+url.PathEscape(id)+"/result", nil, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.Copy(w, body)
	return err
}

// change is json with the token that a server without keys wants.
func (c *Client) change(ctx context.Context, method, path string, header http.Header, body io.Reader, to any) error {
	var session struct{ Token string }
	if err := c.json(ctx, http.MethodGet, "/session", nil, nil, &session); err != nil {
		return err
	}
	if header == nil {
		header = make(http.Header)
	}
	header.Set("X-Pastiche-Token", session.Token)
	return c.json(ctx, method, path, header, body, to)
}

func (c *Client) json(ctx context.Context, method, path string, header http.Header, body io.Reader, to any) error {
	answer, err := c.do(ctx, method, path, header, body)
	if err != nil {
		return err
	}
	defer answer.Close()
	if err := json.NewDecoder(answer).Decode(to); err != nil {
		return fmt.Errorf("the answer of %s: %w", c.URL, err)
	}
	return nil
}

func (c *Client) do(ctx context.Context, method, path string, header http.Header, body io.Reader) (io.ReadCloser, error) {
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.URL, "/")+"/api/v1"+path, body)
	if err != nil {
		return nil, err
	}
	if header != nil {
		r.Header = header
	}
	if c.Key != "" {
		r.Header.Set("Authorization", "Bearer "+c.Key)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode < http.StatusBadRequest {
		return answer.Body, nil
	}
	defer answer.Body.Close()
	problem := &ProblemError{Server: c.URL, Status: answer.StatusCode}
	if json.NewDecoder(answer.Body).Decode(problem) != nil || problem.Detail == "" {
		problem.Detail = answer.Status
	}
	return nil, problem
}
