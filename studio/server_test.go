package studio_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pastiche-art/pastiche/job"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/studio"
)

func TestMain(m *testing.M) {
	if playCrowd() {
		return
	}
	goleak.VerifyTestMain(m,
		// The client's own, which it leaves behind when a connection is closed.
		goleak.IgnoreTopFunction("github.com/nats-io/nats.go/jetstream.(*jetStream).resetPendingAcksOnReconnect"))
}

// fixture is a server with a store, and maybe a worker.
type fixture struct {
	*httptest.Server
	t     *testing.T
	store *job.Store
	token string
	key   string // borne, where not ""
}

type setup struct {
	studio.Config
	job    job.Config
	worker bool
}

func start(t *testing.T, s setup) *fixture {
	t.Helper()
	if s.job.Dir == "" {
		s.job.Dir = t.TempDir()
	}
	s.job.Memory = 1 << 30
	store, err := job.Open(t.Context(), s.job)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, store: store}
	f.Server = httptest.NewUnstartedServer(nil)
	s.Store, s.Version = store, "test"
	s.Hosts = append(s.Hosts, f.Listener.Addr().String())
	if s.Rate == 0 {
		s.Rate = 1e6
	}
	f.Config = studio.NewServer(studio.New(s.Config))
	f.Start()
	ctx, stop := context.WithCancel(context.Background())
	var working sync.WaitGroup
	if s.worker {
		working.Go(func() { (&job.Worker{Store: store, Threads: runtime.NumCPU(), Memory: 1 << 30}).Run(ctx) })
	}
	t.Cleanup(func() {
		f.CloseClientConnections() // event streams
		f.Close()
		stop()
		working.Wait()
		store.Close()
	})
	if len(s.Keys) == 0 {
		f.token = f.session()
	}
	return f
}

func (f *fixture) session() string {
	var session studio.Session
	f.decode(f.do(f.request(http.MethodGet, "/session", nil)), http.StatusOK, &session)
	return session.Token
}

func (f *fixture) request(method, path string, body io.Reader) *http.Request {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), method, f.URL+"/api/v1"+path, body)
	if err != nil {
		f.t.Fatal(err)
	}
	if f.token != "" {
		r.Header.Set("X-Pastiche-Token", f.token)
	}
	if f.key != "" {
		r.Header.Set("Authorization", "Bearer "+f.key)
	}
	return r
}

func (f *fixture) do(r *http.Request) *http.Response {
	f.t.Helper()
	answer, err := f.Client().Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { answer.Body.Close() })
	return answer
}

// decode checks a status and reads what was answered.
func (f *fixture) decode(answer *http.Response, status int, to any) {
	f.t.Helper()
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != status {
		f.t.Fatalf("%s %s: status %d, expected %d: %s %v", answer.Request.Method, answer.Request.URL.Path, answer.StatusCode, status, data, err)
	}
	if to != nil {
		if err := json.Unmarshal(data, to); err != nil {
			f.t.Fatalf("%s: %v", data, err)
		}
	}
}

// part is a field of a form.
type part struct {
	name string
	data []byte
}

func form(parts ...part) (body *bytes.Buffer, contentType string) {
	body = &bytes.Buffer{}
	w := multipart.NewWriter(body)
	for _, p := range parts {
		f, err := w.CreateFormFile(p.name, p.name)
		if err == nil {
			_, err = f.Write(p.data)
		}
		if err != nil {
			panic(err) // which a buffer never returns
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return body, w.FormDataContentType()
}

func (f *fixture) submit(key string, parts ...part) *http.Response {
	f.t.Helper()
	body, contentType := form(parts...)
	r := f.request(http.MethodPost, "/jobs", body)
	r.Header.Set("Content-Type", contentType)
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	return f.do(r)
}

// drawing returns a small picture with something on it.
func drawing(w, h int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), uint8((x ^ y) * 8), 255})
		}
	}
	return m
}

func pngOf(m image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func jpegOf(m image.Image) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// quick is a job that takes no time.
func quick() []part {
	return []part{
		{"content", pngOf(drawing(48, 32))}, {"style", jpegOf(drawing(40, 40))},
		{"options", []byte(`{"recipe":{"name":"classic","size":48,"iterations":4},"seed":3}`)},
	}
}

// finished waits for a job.
func (f *fixture) finished(id string) *job.Job {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), time.Minute)
	defer cancel()
	var last *job.Job
	err := f.store.Watch(ctx, id, func(c job.Change) error { last = &c.Job; return nil })
	if err != nil {
		f.t.Fatalf("waiting for %s: %v", id, err)
	}
	return last
}

func TestJobOverHTTP(t *testing.T) {
	f := start(t, setup{worker: true})
	var j job.Job
	answer := f.submit("", quick()...)
	f.decode(answer, http.StatusCreated, &j)
	if answer.Header.Get("Location") != "/api/v1/jobs/"+j.ID {
		t.Errorf("Location %q", answer.Header.Get("Location"))
	}
	if end := f.finished(j.ID); end.State != job.Done {
		t.Fatalf("the job ended as %+v", end)
	}
	f.decode(f.do(f.request(http.MethodGet, "/jobs/"+j.ID, nil)), http.StatusOK, &j)
	if j.State != job.Done || j.Width != 48 || len(j.Curve) == 0 || j.Preview == 0 {
		t.Errorf("job %+v", j)
	}
	var list struct{ Jobs []job.Job }
	f.decode(f.do(f.request(http.MethodGet, "/jobs?state=done", nil)), http.StatusOK, &list)
	if len(list.Jobs) != 1 || list.Jobs[0].ID != j.ID {
		t.Errorf("jobs %+v", list.Jobs)
	}
	for path, kind := range map[string]string{"result": "image/png", "preview": "image/jpeg", "content": "image/jpeg", "styles/0": "image/jpeg"} {
		answer := f.do(f.request(http.MethodGet, "/jobs/"+j.ID+"/"+path, nil))
		if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != kind || answer.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %s, %v", path, answer.Status, answer.Header)
		}
	}
	f.decode(f.do(f.request(http.MethodGet, "/jobs/"+j.ID+"/styles/1", nil)), http.StatusNotFound, nil)
	f.decode(f.do(f.request(http.MethodDelete, "/jobs/"+j.ID, nil)), http.StatusNoContent, nil)
	f.decode(f.do(f.request(http.MethodGet, "/jobs/"+j.ID, nil)), http.StatusNotFound, nil)
}

func TestStrengthOverHTTP(t *testing.T) {
	f := start(t, setup{worker: true})
	weights := make(map[string]float64)
	for _, strength := range []string{`"subtle"`, `0.5`, `"bold"`} {
		parts := quick()
		parts[2].data = []byte(`{"strength":` + strength + `,"recipe":{"name":"gatys","size":48,"iterations":2}}`)
		var j job.Job
		f.decode(f.submit("", parts...), http.StatusCreated, &j)
		if j.Options.Strength == nil {
			t.Fatalf("%s: the job does not say its strength", strength)
		}
		weights[strength] = j.Options.Recipe.ContentWeight
		if end := f.finished(j.ID); end.State != job.Done {
			t.Fatalf("%s: the job ended as %+v", strength, end)
		}
		result, err := io.ReadAll(f.do(f.request(http.MethodGet, "/jobs/"+j.ID+"/result", nil)).Body)
		if note := fmt.Sprintf(`"strength":%g`, float64(*j.Options.Strength)); err != nil || !bytes.Contains(result, []byte(note)) {
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
	f := start(t, setup{worker: true})
	var j job.Job
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
	var first, again job.Job
	t.Run("before a restart", func(t *testing.T) {
		f := start(t, setup{job: job.Config{Dir: dir, Queue: 1}})
		f.decode(f.submit("order 7", quick()...), http.StatusCreated, &first)
		f.decode(f.submit("order 7", quick()...), http.StatusOK, &again) // though the queue is full
		answer := f.submit("", quick()...)
		if answer.Header.Get("Retry-After") == "" {
			t.Error("a full queue does not say when to try again")
		}
		f.decode(answer, http.StatusTooManyRequests, nil)
	})
	t.Run("after it", func(t *testing.T) {
		f := start(t, setup{job: job.Config{Dir: dir}})
		f.decode(f.submit("order 7", quick()...), http.StatusOK, &again)
		f.decode(f.submit("order 7", quick()[:2]...), http.StatusConflict, nil)
	})
	if first.ID != again.ID {
		t.Errorf("jobs %s and %s for one key", first.ID, again.ID)
	}
}

func TestPace(t *testing.T) {
	f := start(t, setup{Config: studio.Config{Rate: 0.5}}) // a burst of 5, of which the session took one
	for range 4 {
		f.decode(f.do(f.request(http.MethodGet, "/jobs", nil)), http.StatusOK, nil)
	}
	answer := f.do(f.request(http.MethodGet, "/jobs", nil))
	if answer.StatusCode != http.StatusTooManyRequests || answer.Header.Get("Retry-After") == "" {
		t.Errorf("the sixth request: %s, %v", answer.Status, answer.Header)
	}
}

func TestPageAndDocumentation(t *testing.T) {
	f := start(t, setup{})
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
