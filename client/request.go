package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pastiche-art/pastiche/api"
)

const (
	basePath    = "/api/v1"
	tokenHeader = "X-Pastiche-Token"
	// maxAnswer bounds a JSON answer, such as a page of 1000 jobs, in bytes.
	maxAnswer = 64 << 20
	// maxProblem bounds the answer of an error, in bytes.
	maxProblem = 64 << 10
	// answerTime bounds an attempt without an upload or a streamed answer. Without
	// it, a connection that is broken without notice blocks for ever.
	answerTime = longPoll + 30*time.Second
)

// An Error is an error that the server answers.
type Error struct {
	Server string // URL
	// Problem has no Code where the answer did not come from pastiche itself, such
	// as the status 502 of a proxy.
	api.Problem
	// RetryAfter is the time after which the server asks to try again; 0 is none.
	RetryAfter time.Duration
}

func (e *Error) Error() string { return e.Server + ": " + e.Detail }

// Unwrap returns the [*api.Problem].
func (e *Error) Unwrap() error { return &e.Problem }

func statusOf(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

// A request is a request to the server, which may be sent several times.
type request struct {
	method     string
	path       string // below the server, with the query
	header     http.Header
	open       func() (io.ReadCloser, error) // opens the body; nil is no body
	length     int64                         // of the body in bytes; -1 is unknown
	uploads    bool                          // sending the body may take long
	streams    bool                          // the caller reads the answer's body and closes it
	repeatable bool                          // the server may handle the request twice
	backoff    *backoff                      // nil is one of the client's Patience
	attempts   int                           // how often the request was sent
}

func read(path string) *request {
	return &request{method: http.MethodGet, path: path, repeatable: true}
}

func jobPath(id, rest string) string { return basePath + "/jobs/" + url.PathEscape(id) + rest }

func (r *request) setHeader(name, value string) {
	if r.header == nil {
		r.header = make(http.Header)
	}
	r.header.Set(name, value)
}

func (r *request) setJSON(body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r.setHeader("Content-Type", "application/json")
	r.open, r.length = Bytes(data), int64(len(data))
	return nil
}

// retriable reports whether the request may be sent again after an error.
func (r *request) retriable(err error) bool {
	var upload *uploadError
	var certificate *tls.CertificateVerificationError
	var lookup *net.DNSError
	var operation *net.OpError
	switch status := statusOf(err); {
	case status == http.StatusTooManyRequests:
		return true
	case status == http.StatusBadGateway, status == http.StatusServiceUnavailable, status == http.StatusGatewayTimeout:
		return r.repeatable
	case status != 0, errors.Is(err, errRedirect), errors.As(err, &upload):
		return false
	case errors.As(err, &certificate), errors.As(err, &lookup) && lookup.IsNotFound:
		return false
	case errors.As(err, &operation) && operation.Op == "dial":
		return true // nothing was sent
	}
	return r.repeatable
}

// call sends a request and decodes its answer.
func call[T any](ctx context.Context, c *Client, r *request) (*T, error) {
	response, err := c.do(ctx, r)
	if err != nil {
		return nil, err
	}
	answer := new(T)
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		return nil, fmt.Errorf("%s: %s %s: expected JSON of the pastiche API: %w", c.server, r.method, r.path, err)
	}
	return answer, nil
}

// do sends a request until it is answered or must not be repeated. It reads the whole
// answer into memory, unless r.streams is set.
func (c *Client) do(ctx context.Context, r *request) (*http.Response, error) {
	path, _, _ := strings.Cut(r.path, "?")
	for part := range strings.SplitSeq(path[1:], "/") {
		if strings.Trim(part, ".") == "" {
			return nil, fmt.Errorf("path %s: expected an id in place of %q", path, part)
		}
	}
	token, err := c.sessionToken(ctx, r)
	if err != nil {
		return nil, err
	}
	b := r.backoff
	if b == nil {
		b = &backoff{patience: c.patience()}
	}
	renewed := false
	for {
		r.attempts++
		response, err := c.attempt(ctx, r, token)
		switch {
		case err == nil:
			return response, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case statusOf(err) == http.StatusForbidden && token != "" && !renewed:
			// The server was started again and has another token.
			c.forget(token)
			if token, err = c.sessionToken(ctx, r); err != nil {
				return nil, err
			}
			renewed = true
			continue
		case !r.retriable(err):
			return nil, err
		}
		if err := b.pause(ctx, err); err != nil {
			return nil, err
		}
	}
}

// attempt sends a request once.
func (c *Client) attempt(ctx context.Context, r *request, token string) (*http.Response, error) {
	if !r.streams && !r.uploads {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, answerTime)
		defer cancel()
	}
	q, err := http.NewRequestWithContext(ctx, r.method, c.server+r.path, nil)
	if err != nil {
		return nil, err
	}
	if r.header != nil {
		q.Header = r.header.Clone()
	}
	if r.open != nil {
		if q.Body, err = r.open(); err != nil {
			return nil, &uploadError{err}
		}
		q.GetBody, q.ContentLength = r.open, r.length
	}
	if c.Key != "" {
		q.Header.Set("Authorization", "Bearer "+c.Key)
	}
	if token != "" {
		q.Header.Set(tokenHeader, token)
	}
	sender := c.HTTP
	if sender == nil {
		sender = http.DefaultClient
	}
	response, err := sender.Do(q)
	if err != nil {
		return nil, c.unanswered(err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		defer response.Body.Close()
		return nil, c.problem(response)
	}
	if response.Request.Method != r.method {
		response.Body.Close() //nolint:errcheck // it was only read
		return nil, fmt.Errorf("%s: %w to %s: use that server", c.server, errRedirect, response.Request.URL.Redacted())
	}
	if r.streams {
		return response, nil
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, c.unanswered(err)
	}
	response.Body = io.NopCloser(bytes.NewReader(data))
	return response, nil
}

var errRedirect = errors.New("the server redirects")

// unanswered returns the error of a request that has no answer.
func (c *Client) unanswered(err error) error {
	var upload *uploadError
	if errors.As(err, &upload) {
		return upload
	}
	var sent *url.Error
	if errors.As(err, &sent) {
		err = sent.Err // without the URL, which repeats the server
	}
	return fmt.Errorf("%s does not answer: %w", c.server, err)
}

func (c *Client) problem(response *http.Response) error {
	e := &Error{Server: c.server, RetryAfter: retryAfter(response.Header.Get("Retry-After"))}
	err := json.NewDecoder(io.LimitReader(response.Body, maxProblem)).Decode(&e.Problem)
	if err != nil || e.Detail == "" {
		e.Problem = api.Problem{Title: http.StatusText(response.StatusCode), Detail: "status " + response.Status}
	}
	e.Status = response.StatusCode
	return e
}

// retryAfter reads a header Retry-After, which holds seconds or a time.
func retryAfter(text string) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}

// sessionToken returns the session token for a request that changes something, or ""
// for a read and for a client with a key. It fetches the session once.
func (c *Client) sessionToken(ctx context.Context, r *request) (string, error) {
	if r.method == http.MethodGet || c.Key != "" {
		return "", nil
	}
	c.mu.Lock()
	token := c.token
	c.mu.Unlock()
	if token != "" {
		return token, nil
	}
	session, err := c.Session(ctx)
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token = session.Token
	return session.Token, nil
}

// forget drops a token, unless another request has renewed it.
func (c *Client) forget(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token == token {
		c.token = ""
	}
}

func (c *Client) patience() time.Duration {
	if c.Patience == 0 {
		return defaultPatience
	}
	return c.Patience
}

const (
	firstDelay = 250 * time.Millisecond
	maxDelay   = 10 * time.Second
	maxDoubled = 6 // firstDelay doubled so often is over maxDelay
)

// A backoff spaces the attempts of a request that fails.
type backoff struct {
	patience time.Duration // from the first failure on
	begun    time.Time     // the first failure in a row
	failures int           // in a row
}

// pause waits before the next attempt. It returns the failure of the last attempt
// after patience, and the cause of ctx with the failure where ctx ends.
func (b *backoff) pause(ctx context.Context, failure error) error {
	if b.failures == 0 {
		b.begun = time.Now()
	}
	delay := min(firstDelay<<min(b.failures, maxDoubled), maxDelay)
	delay = delay/2 + rand.N(delay/2) // jitter, so that many clients do not retry at once
	b.failures++
	var e *Error
	if errors.As(failure, &e) {
		delay += e.RetryAfter
	}
	if time.Since(b.begun)+delay > b.patience {
		return failure
	}
	if err := sleep(ctx, delay); err != nil {
		return fmt.Errorf("%w: %w", err, failure)
	}
	return nil
}

// sleep waits for a time and returns the cause of ctx where ctx ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
