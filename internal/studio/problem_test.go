package studio_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/studio"
)

// problem checks that an answer is a problem, and returns its detail.
func (f *fixture) problem(what string, answer *http.Response, status int, code api.Code) (detail string) {
	f.t.Helper()
	defer answer.Body.Close()
	var p api.Problem
	if err := json.NewDecoder(answer.Body).Decode(&p); err != nil {
		f.t.Fatalf("%s: %s: %v", what, answer.Status, err)
	}
	if answer.StatusCode != status || p.Status != status || p.Code != code || p.Title == "" || p.Detail == "" {
		f.t.Errorf("%s: %s with %+v, expected %d %s", what, answer.Status, p, status, code)
	}
	if kind := answer.Header.Get("Content-Type"); kind != "application/problem+json" {
		f.t.Errorf("%s: Content-Type %q", what, kind)
	}
	return p.Detail
}

func TestProblemsOverHTTP(t *testing.T) {
	f := newServer(t, setup{job: job.Config{Queue: 2}})
	id := f.accepted()
	other := strings.Repeat("a", 26)
	for _, test := range []struct {
		method, path string
		status       int
		code         api.Code
	}{
		{http.MethodGet, "/jobs/" + other, 404, api.CodeNotFound},
		{http.MethodGet, "/jobs/Not-An-Id", 404, api.CodeNotFound},
		{http.MethodGet, "/jobs/" + strings.Repeat("a", 100), 404, api.CodeNotFound},
		{http.MethodDelete, "/jobs/..%2f..%2fetc", 404, api.CodeNotFound},
		{http.MethodGet, "/jobs/" + other + "/inputs/style/0", 404, api.CodeNotFound},
		{http.MethodGet, "/jobs/" + id + "/inputs/style/99", 404, api.CodeNotFound},
		{http.MethodGet, "/nothing", 404, api.CodeNotFound},
		{http.MethodPost, "/nothing", 404, api.CodeNotFound},
		{http.MethodGet, "/jobs?limit=0", 422, api.CodeInvalid},
		{http.MethodGet, "/jobs?limit=many", 422, api.CodeInvalid},
		{http.MethodGet, "/jobs?state=lost", 422, api.CodeInvalid},
		{http.MethodGet, "/jobs?after=nonsense", 422, api.CodeInvalid},
		{http.MethodGet, "/jobs/" + id + "/result", 409, api.CodeState},
		{http.MethodPost, "/jobs/" + id + "/retry", 409, api.CodeState},
		{http.MethodPut, "/jobs", 405, api.CodeMethod},
		{http.MethodPut, "/jobs/" + id, 405, api.CodeMethod},
		{http.MethodPatch, "/jobs", 405, api.CodeMethod},
		{http.MethodGet, "/jobs/" + id + "/cancel", 405, api.CodeMethod},
	} {
		detail := f.problem(test.method+" "+test.path, f.do(f.request(test.method, test.path, nil)), test.status, test.code)
		if strings.HasPrefix(test.path, "/jobs?limit") && !strings.Contains(detail, "limit") {
			t.Errorf("%s: %q does not name the parameter", test.path, detail)
		}
	}
	answer := f.do(f.request(http.MethodPut, "/jobs", nil))
	if allow := answer.Header.Get("Allow"); allow != "GET, HEAD, POST" {
		t.Errorf("PUT /jobs: Allow %q", allow)
	}
	f.decode(f.submit("order 7", quick()...), http.StatusCreated, nil)
	f.problem("another request with the key", f.submit("order 7", quick()[:2]...), 409, api.CodeKeyConflict)
	full := f.submit("", quick()...)
	if full.Header.Get("Retry-After") == "" {
		t.Error("a full queue does not tell when to try again")
	}
	f.problem("a full queue", full, 429, api.CodeQueueFull)
	f.problem("not a form", f.do(f.request(http.MethodPost, "/jobs", strings.NewReader("nothing"))), 422, api.CodeInvalid)
	f.token = "another"
	f.problem("without the token", f.do(f.request(http.MethodPost, "/jobs/"+id+"/cancel", nil)), 403, api.CodeForbidden)
	r := f.request(http.MethodGet, "/jobs", nil)
	r.Host = "evil.example"
	f.problem("another host", f.do(r), 421, api.CodeMisdirected)
}

func TestProblemsWithKeys(t *testing.T) {
	f := newServer(t, setup{Config: studio.Config{Keys: keysOf(t, "alice")}})
	for what, key := range map[string]string{"no key": "", "a wrong key": bobKey} {
		f.key = key
		answer := f.do(f.request(http.MethodGet, "/jobs", nil))
		if answer.Header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s: %v", what, answer.Header)
		}
		f.problem(what, answer, 401, api.CodeUnauthorized)
	}
	f.key = aliceKey
	var s api.Session
	f.decode(f.do(f.request(http.MethodGet, "/session", nil)), http.StatusOK, &s)
	if s.Token != "" || s.Owner != "alice" || !s.Keys {
		t.Errorf("session %+v, expected the owner alice and no token", s)
	}
}

// TestProblemsInPlainWords: people read what is wrong and what to do, without the words
// of the program.
func TestProblemsInPlainWords(t *testing.T) {
	f := newServer(t, setup{job: job.Config{Memory: 200 << 20}})
	submit := func(content []byte, options string) *http.Response {
		return f.submit("", part{"content", content}, part{"style", jpegOf(drawing(64, 64))}, part{"options", []byte(options)})
	}
	for _, test := range []struct {
		what   string
		answer *http.Response
		says   string
	}{
		{"a text", f.post("/files", "notes", "Content-Type", "image/png"), "save it as JPEG or PNG"},
		{"a narrow photo", submit(pngOf(drawing(400, 4)), `{"recipe":{"size":256}}`), "the photo is too small or too narrow"},
		{"a large painting", submit(pngOf(drawing(64, 64)), `{"recipe":{"name":"nnst","size":4096}}`), "with these settings it paints up to"},
		{"a job that is gone", f.do(f.request(http.MethodGet, "/jobs/"+strings.Repeat("a", 26), nil)), "it was deleted, or its retention is over"},
		{"a broken link", f.do(f.request(http.MethodGet, "/jobs/"+strings.Repeat("a", 26)+"/inputs/style/99", nil)), "check the address"},
	} {
		var p api.Problem
		f.decode(test.answer, test.answer.StatusCode, &p)
		if !strings.Contains(p.Detail, test.says) {
			t.Errorf("%s: %q, expected it to say %q", test.what, p.Detail, test.says)
		}
		for _, word := range []string{"conv", "http:", "MiB of memory", "allow", "validation failed", "not as expected"} {
			if strings.Contains(p.Detail, word) {
				t.Errorf("%s: %q, expected it to do without %q", test.what, p.Detail, word)
			}
		}
	}
}

// TestStoreAway: where the store does not answer, a client is
// told to try again.
func TestStoreAway(t *testing.T) {
	f := newServer(t, setup{})
	id := f.accepted()
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	for what, answer := range map[string]*http.Response{
		"cancel": f.do(f.request(http.MethodPost, "/jobs/"+id+"/cancel", nil)),
		"submit": f.submit("", quick()...),
	} {
		if answer.Header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", what)
		}
		f.problem(what, answer, 503, api.CodeUnavailable)
	}
	answer, err := f.Client().Get(f.URL + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	f.problem("readyz", answer, 503, api.CodeUnavailable)
}

// TestDocumentedProblems: the OpenAPI document describes the problems as they are
// answered.
func TestDocumentedProblems(t *testing.T) {
	f := newServer(t, setup{})
	var doc struct {
		Components struct {
			Schemas map[string]struct{ Required []string }
		}
	}
	f.decode(f.do(f.request(http.MethodGet, "/openapi.json", nil)), http.StatusOK, &doc)
	required := doc.Components.Schemas["Problem"].Required
	for _, field := range []string{"status", "code", "detail"} {
		if !slices.Contains(required, field) {
			t.Errorf("Problem requires %v, expected %s among them", required, field)
		}
	}
}
