package studio_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/studio"
	"github.com/pastiche-art/pastiche/paint"
)

func TestJobOverHTTP(t *testing.T) {
	f := newServer(t, setup{worker: true})
	var j api.Job
	answer := f.submit("", quick()...)
	f.decode(answer, http.StatusCreated, &j)
	if answer.Header.Get("Location") != "/api/v1/jobs/"+j.ID {
		t.Errorf("Location %q", answer.Header.Get("Location"))
	}
	if end := f.finished(j.ID); end.State != api.Done {
		t.Fatalf("the job ended as %+v", end)
	}
	f.decode(f.do(f.request(http.MethodGet, "/jobs/"+j.ID, nil)), http.StatusOK, &j)
	if j.State != api.Done || j.Result.Width != 48 {
		t.Errorf("job %+v", j)
	}
	var list struct{ Jobs []api.Job }
	f.decode(f.do(f.request(http.MethodGet, "/jobs?state=done", nil)), http.StatusOK, &list)
	if len(list.Jobs) != 1 || list.Jobs[0].ID != j.ID {
		t.Errorf("jobs %+v", list.Jobs)
	}
	for path, kind := range map[string]string{"result": "image/png", "preview": "image/jpeg", "inputs/content/0": "image/png", "inputs/style/0/thumbnail": "image/jpeg"} {
		answer := f.do(f.request(http.MethodGet, "/jobs/"+j.ID+"/"+path, nil))
		if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != kind || answer.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %s, %v", path, answer.Status, answer.Header)
		}
	}
	f.decode(f.do(f.request(http.MethodGet, "/jobs/"+j.ID+"/inputs/style/1", nil)), http.StatusNotFound, nil)
	f.decode(f.do(f.request(http.MethodDelete, "/jobs/"+j.ID, nil)), http.StatusNoContent, nil)
	f.decode(f.do(f.request(http.MethodGet, "/jobs/"+j.ID, nil)), http.StatusNotFound, nil)
}

func TestStrengthOverHTTP(t *testing.T) {
	f := newServer(t, setup{worker: true})
	weights := make(map[string]float64)
	for _, strength := range []string{`"subtle"`, `0.5`, `"bold"`} {
		parts := quick()
		parts[2].data = []byte(`{"strength":` + strength + `,"recipe":{"name":"gatys","size":48,"iterations":2}}`)
		var j api.Job
		f.decode(f.submit("", parts...), http.StatusCreated, &j)
		if j.Options.Strength == nil {
			t.Fatalf("%s: the job does not say its strength", strength)
		}
		weights[strength] = number(t, j.Options.Recipe["content_weight"])
		if end := f.finished(j.ID); end.State != api.Done {
			t.Fatalf("%s: the job ended as %+v", strength, end)
		}
		result, err := io.ReadAll(f.do(f.request(http.MethodGet, "/jobs/"+j.ID+"/result", nil)).Body)
		if note := fmt.Sprintf(`"strength":%g`, *j.Options.Strength); err != nil || !bytes.Contains(result, []byte(note)) {
			t.Errorf("%s: %v, and the result does not hold %s", strength, err, note)
		}
	}
	if !(weights[`"subtle"`] > weights[`0.5`] && weights[`0.5`] > weights[`"bold"`]) || weights[`0.5`] != paint.Gatys().ContentWeight {
		t.Errorf("the content weighs %v: expected less with more strength, and the recipe's own at 0.5", weights)
	}
	parts := quick()
	parts[2].data = []byte(`{"strength":"strong"}`)
	answer := f.submit("", parts...)
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusUnprocessableEntity || !bytes.Contains(text, []byte("subtle, balanced, bold")) {
		t.Errorf("a strength that is none: %s: %s", answer.Status, text)
	}
}

func TestResultInPartsAndOnce(t *testing.T) {
	f := newServer(t, setup{worker: true})
	var j api.Job
	f.decode(f.submit("", quick()...), http.StatusCreated, &j)
	f.finished(j.ID)
	whole := f.do(f.request(http.MethodGet, "/jobs/"+j.ID+"/result?download=true", nil))
	all, err := io.ReadAll(whole.Body)
	if err != nil || !strings.HasPrefix(whole.Header.Get("Content-Disposition"), "attachment") {
		t.Fatalf("%v, %v", whole.Header, err)
	}
	if !bytes.Contains(all, []byte(`"recipe":{"name":"classic"`)) {
		t.Error("the result does not say how it was painted")
	}
	r := f.request(http.MethodGet, "/jobs/"+j.ID+"/result", nil)
	r.Header.Set("Range", "bytes=10-19")
	ranged := f.do(r)
	some, err := io.ReadAll(ranged.Body)
	if err != nil || ranged.StatusCode != http.StatusPartialContent || !bytes.Equal(some, all[10:20]) {
		t.Errorf("a range: %s, %d bytes, %v", ranged.Status, len(some), err)
	}
	r = f.request(http.MethodGet, "/jobs/"+j.ID+"/result", nil)
	r.Header.Set("If-None-Match", whole.Header.Get("ETag"))
	if same := f.do(r); same.StatusCode != http.StatusNotModified {
		t.Errorf("with the ETag: %s", same.Status)
	}
}

func TestIdempotencyKey(t *testing.T) {
	dir := t.TempDir()
	var first, again api.Job
	t.Run("before a restart", func(t *testing.T) {
		f := newServer(t, setup{dir: dir, job: job.Config{Queue: 1}})
		f.decode(f.submit("order 7", quick()...), http.StatusCreated, &first)
		f.decode(f.submit("order 7", quick()...), http.StatusOK, &again) // though the queue is full
		answer := f.submit("", quick()...)
		if answer.Header.Get("Retry-After") == "" {
			t.Error("a full queue does not say when to try again")
		}
		f.decode(answer, http.StatusTooManyRequests, nil)
	})
	t.Run("after it", func(t *testing.T) {
		f := newServer(t, setup{dir: dir})
		f.decode(f.submit("order 7", quick()...), http.StatusOK, &again)
		f.decode(f.submit("order 7", quick()[:2]...), http.StatusConflict, nil)
	})
	if first.ID != again.ID {
		t.Errorf("jobs %s and %s for one key", first.ID, again.ID)
	}
}

func TestPace(t *testing.T) {
	f := newServer(t, setup{Config: studio.Config{Rate: 0.5}}) // a burst of 5, of which the session took one
	for range 4 {
		f.decode(f.do(f.request(http.MethodGet, "/jobs", nil)), http.StatusOK, nil)
	}
	answer := f.do(f.request(http.MethodGet, "/jobs", nil))
	if answer.StatusCode != http.StatusTooManyRequests || answer.Header.Get("Retry-After") == "" {
		t.Errorf("the sixth request: %s, %v", answer.Status, answer.Header)
	}
}

func TestPageAndDocumentation(t *testing.T) {
	f := newServer(t, setup{})
	get := func(path string) (*http.Response, string) {
		answer, err := f.Client().Get(f.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusNoContent {
			t.Errorf("%s: %s, %v", path, answer.Status, err)
		}
		return answer, string(text)
	}
	for _, path := range []string{"/healthz", "/readyz", "/icon.svg", "/examples/paintings/starry-night.jpg", "/api/v1/openapi.yaml"} {
		get(path)
	}
	page, text := get("/")
	if !strings.Contains(page.Header.Get("Content-Security-Policy"), "default-src 'none'") || strings.Contains(text, "://") {
		t.Errorf("the page, with %v, loads from elsewhere:\n%s", page.Header, text)
	}
	var doc struct {
		Paths map[string]map[string]struct{ OperationID string }
	}
	_, text = get("/api/v1/openapi.json")
	if err := json.Unmarshal([]byte(text), &doc); err != nil || len(doc.Paths) < 10 {
		t.Fatalf("%d paths, %v", len(doc.Paths), err)
	}
	_, text = get("/api/v1/docs")
	for path, item := range doc.Paths {
		for method, op := range item {
			if !strings.Contains(text, `id="`+op.OperationID+`"`) {
				t.Errorf("the page to read leaves out %s %s", method, path)
			}
		}
	}
	_, text = get("/metrics")
	for _, name := range []string{`pastiche_jobs{state="queued"} 0`, "pastiche_http_requests_total{", "pastiche_http_request_seconds_bucket{"} {
		if !strings.Contains(text, name) {
			t.Errorf("/metrics leaves out %s:\n%s", name, text)
		}
	}
	for _, path := range []string{"/assets/", "/examples/", "/examples/paintings/", "/nothing"} {
		r := f.request(http.MethodGet, "", nil)
		r.URL.Path = path
		f.decode(f.do(r), http.StatusNotFound, nil)
	}
}

func number(t *testing.T, v any) float64 {
	t.Helper()
	n, ok := v.(float64)
	if !ok {
		t.Fatalf("%v is no number", v)
	}
	return n
}
