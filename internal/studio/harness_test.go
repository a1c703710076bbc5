package studio_test

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/job/folderstore"
	"github.com/pastiche-art/pastiche/internal/studio"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

func TestMain(m *testing.M) {
	if playCrowd() {
		return
	}
	goleak.VerifyTestMain(tests{m})
}

// tests are the tests of the package, at the end of which the browser stops.
type tests struct{ *testing.M }

func (t tests) Run() int {
	defer chromium.stop()
	return t.M.Run()
}

// setup says what differs from the usual in a server under test.
type setup struct {
	studio.Config            // Jobs, Version and Hosts are set by newServer
	job           job.Config // Store, Blobs and Bus, too
	dir           string     // of records and blobs; "" is a new one
	worker        bool       // whether the server has a worker
	// paint is how the worker paints; nil is as always.
	paint paintFunc
}

// fixture is a server, with a client that has the session's token or a key.
type fixture struct {
	*httptest.Server
	t       *testing.T
	jobs    *job.Service
	store   job.Store
	handler *studio.Handler
	token   string
	key     string // borne, where not ""
}

// newServer starts a server with its own records, blobs and bus, and maybe a worker.
// It ends with the test.
func newServer(t *testing.T, s setup) *fixture {
	t.Helper()
	if s.dir == "" {
		s.dir = t.TempDir()
	}
	store, err := folderstore.Open(filepath.Join(s.dir, "records"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := blob.NewFolder(filepath.Join(s.dir, "blobs"), 0)
	if err != nil {
		t.Fatal(err)
	}
	bus := &job.LocalBus{}
	s.job.Store, s.job.Blobs, s.job.Bus, s.job.Exclusive = store, blobs, bus, true
	f := &fixture{t: t, jobs: job.New(s.job), store: store}
	ctx, stop := context.WithCancel(context.Background())
	var working sync.WaitGroup
	working.Go(func() {
		if err := f.jobs.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	if s.worker {
		w := &job.Worker{Store: store, Blobs: blobs, Bus: bus, Threads: 1, Paint: s.paint}
		working.Go(func() { w.Run(ctx) })
	}
	f.Server = httptest.NewUnstartedServer(nil)
	s.Jobs, s.Version = f.jobs, "test"
	s.Hosts = append(s.Hosts, f.Listener.Addr().String())
	if s.Rate == 0 {
		s.Rate = 1e6
	}
	f.handler = studio.New(s.Config)
	f.Config = studio.NewServer(f.handler, slog.New(slog.DiscardHandler))
	f.Start()
	f.Client().Transport = conforming{t, f.Client().Transport}
	t.Cleanup(func() {
		f.CloseClientConnections() // event streams
		f.Close()
		stop()
		working.Wait()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		if err := blobs.Close(); err != nil {
			t.Error(err)
		}
	})
	f.eventually("the server is ready", func() bool { return f.jobs.Ready(ctx) == nil })
	if s.Keys == nil {
		f.token = f.session()
	}
	return f
}

// waitFor is how long a test waits for something that happens soon.
const waitFor = 5 * time.Minute

// eventually waits until something is so.
func (f *fixture) eventually(what string, is func() bool) {
	f.t.Helper()
	for end := time.Now().Add(waitFor); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			f.t.Fatalf("not within %v: %s", waitFor, what)
		}
	}
}

// Keys of two owners.
const (
	aliceKey = "alice-0123456789abcdef"
	bobKey   = "bob-0123456789abcdef"
)

// keysOf returns the keys of alice and bob, or of one of them.
func keysOf(t *testing.T, owners ...string) *studio.Keys {
	t.Helper()
	var lines strings.Builder
	for _, owner := range owners {
		lines.WriteString(owner + " " + map[string]string{"alice": aliceKey, "bob": bobKey}[owner] + "\n")
	}
	keys, err := studio.ParseKeys("keys", []byte(lines.String()))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func (f *fixture) session() string {
	var session api.Session
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

// accepted submits a job that takes no time, and returns its id.
func (f *fixture) accepted() string {
	f.t.Helper()
	var j api.Job
	f.decode(f.submit("", quick()...), http.StatusCreated, &j)
	return j.ID
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

// finished waits for a job of a key's owner, or of "".
func (f *fixture) finished(id string) *api.Job {
	f.t.Helper()
	var j api.Job
	f.eventually("job "+id+" is finished", func() bool {
		j = api.Job{}
		f.decode(f.do(f.request(http.MethodGet, "/jobs/"+id, nil)), http.StatusOK, &j)
		return j.State.Final()
	})
	return &j
}

type paintFunc = func(ctx context.Context, in job.Inputs, opts paint.Options) (*paint.Painting, error)

// stubPaint paints a grey picture of the content's size, at once.
func stubPaint(_ context.Context, in job.Inputs, _ paint.Options) (*paint.Painting, error) {
	size := in.Shape
	if in.Content != nil {
		size = in.Content.Bounds().Size()
	}
	p := &picture.Picture{W: size.X, H: size.Y, RGB: make([]float32, 3*size.X*size.Y)}
	for i := range p.RGB {
		p.RGB[i] = 128
	}
	return &paint.Painting{Picture: p, Steps: 1}, nil
}

// paintBriefly paints a content in one step for each scale, however many were asked for.
func paintBriefly(ctx context.Context, in job.Inputs, opts paint.Options) (*paint.Painting, error) {
	brief := *opts.Recipe
	brief.Iterations, brief.FirstIterations = 1, min(brief.FirstIterations, 1)
	opts.Recipe = &brief
	return paint.Paint(ctx, in.Content, in.Regions, opts)
}

// paintUntil returns a way to paint that ends when release is closed.
func paintUntil(release <-chan struct{}) paintFunc {
	return func(ctx context.Context, in job.Inputs, opts paint.Options) (*paint.Painting, error) {
		select {
		case <-release:
			return stubPaint(ctx, in, opts)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// logged is a log that a test reads.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logged) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
