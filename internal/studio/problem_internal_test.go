package studio

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/picture"
)

// testServer returns a server without jobs, and its log.
func testServer() (*server, *bytes.Buffer) {
	log := &bytes.Buffer{}
	s := &server{Config: Config{Log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))}, streams: newQuota(1, 1)}
	s.metrics = newMeters(s)
	return s, log
}

func TestProblemsOfErrors(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		code   api.Code
		logged bool
	}{
		{job.ErrNotFound, 404, api.CodeNotFound, false},
		{blob.ErrNotFound, 410, api.CodeExpired, false},
		{job.ErrState, 409, api.CodeState, false},
		{job.ErrConflict, 409, api.CodeKeyConflict, false},
		{job.ErrQueueFull, 429, api.CodeQueueFull, false},
		{job.ErrOwnerQueue, 429, api.CodeOwnerQueue, false},
		{errStreams, 429, api.CodeStreams, false},
		{job.ErrInProgress, 503, api.CodeBusy, false},
		{job.ErrDown, 503, api.CodeUnavailable, false},
		{context.DeadlineExceeded, 503, api.CodeUnavailable, false},
		{blob.ErrFull, 507, api.CodeNoSpace, false},
		{errSlow, 408, api.CodeTooSlow, false},
		{&http.MaxBytesError{Limit: 5}, 413, api.CodeTooLarge, false},
		{picture.ErrTooLarge, 413, api.CodeTooLarge, false},
		{picture.ErrFormat, 415, api.CodeFormat, false},
		{picture.ErrCorrupt, 422, api.CodeInvalid, false},
		{errForm, 422, api.CodeInvalid, false},
		{context.Canceled, statusGone, api.CodeInternal, false},
		{fmt.Errorf("%w: %w", job.ErrDown, context.Canceled), statusGone, api.CodeInternal, false},
		{&job.DamagedError{ID: "x", Err: errors.New("a secret of the disk")}, 500, api.CodeDamagedRecord, true},
		{errors.New("a secret of the server"), 500, api.CodeInternal, true},
		{newProblem(418, "teapot", "short and stout"), 418, "teapot", false},
	} {
		s, log := testServer()
		w := httptest.NewRecorder()
		answerProblem(w, s.fail(fmt.Errorf("while testing: %w", test.err)))
		var p api.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		if w.Code != test.status || p.Status != test.status || p.Code != test.code || p.Detail == "" || p.Title == "" && p.Status != 418 {
			t.Errorf("%v: %d with %+v, expected %d %s", test.err, w.Code, p, test.status, test.code)
		}
		if again := test.status == 429 || test.status == 503; (w.Header().Get("Retry-After") != "") != again {
			t.Errorf("%v: Retry-After %q", test.err, w.Header().Get("Retry-After"))
		}
		if strings.Contains(p.Detail, "secret") || strings.Contains(log.String(), `"level":"ERROR"`) != test.logged {
			t.Errorf("%v: detail %q, log %q", test.err, p.Detail, log)
		}
	}
}

func TestTooManyBytesInPlainWords(t *testing.T) {
	s, _ := testServer()
	if err := s.fail(&http.MaxBytesError{Limit: 64 << 20}); !strings.Contains(err.Error(), "more than 64 MiB") || !strings.Contains(err.Error(), "make the pictures smaller") {
		t.Error(err)
	}
}

// TestRequestsAreLogged: one line for each request, at the level that it deserves.
func TestRequestsAreLogged(t *testing.T) {
	for _, test := range []struct {
		method string
		status int
		level  string
	}{
		{http.MethodGet, 200, "DEBUG"}, {http.MethodPost, 201, "INFO"}, {http.MethodGet, 404, "INFO"}, {http.MethodPost, 401, "INFO"},
		{http.MethodPost, 429, "DEBUG"}, {http.MethodPost, statusGone, "DEBUG"}, {http.MethodGet, 503, "WARN"}, {http.MethodGet, 507, "WARN"},
	} {
		s, log := testServer()
		h := s.record(http.NewServeMux(), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(test.status) }))
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(test.method, "/a/path", nil))
		var line struct {
			Level, Msg, Path string
			Status           int
			Seconds          float64
		}
		if err := json.Unmarshal(log.Bytes(), &line); err != nil { // also where there are two lines
			t.Fatalf("%v in %s", err, log)
		}
		if line.Level != test.level || line.Msg != "request" || line.Path != "/a/path" || line.Status != test.status || line.Seconds <= 0 {
			t.Errorf("%s answered with %d: %s, expected level %s", test.method, test.status, log, test.level)
		}
	}
}

func TestPanics(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"before the answer": func(http.ResponseWriter, *http.Request) { panic("a fault") },
		"within the answer": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK); panic("a fault") },
	} {
		s, log := testServer()
		w := httptest.NewRecorder()
		var fault any
		func() {
			defer func() { fault = recover() }()
			s.record(http.NewServeMux(), h).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		}()
		if within := name == "within the answer"; (fault == any(http.ErrAbortHandler)) != within || !within && (w.Code != 500 || !strings.Contains(w.Body.String(), `"code":"internal"`)) {
			t.Errorf("%s: answer %d %s, panic %v", name, w.Code, w.Body, fault)
		}
		for _, expected := range []string{`"level":"ERROR"`, `"panic":"a fault"`, "TestPanics", `"status":500`} {
			if !strings.Contains(log.String(), expected) {
				t.Errorf("%s: the log lacks %s: %s", name, expected, log)
			}
		}
	}
}
