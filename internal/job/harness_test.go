package job_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/job/folderstore"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// memory is enough for the small pictures here, and the same everywhere.
const memory = 1 << 30

// A server is a service with its store, as a process has them.
type server struct {
	*job.Service
	store job.Store
	blobs blob.Store
	bus   job.Bus
	stop  func()
}

// open starts a service on the store in a folder.
func open(t *testing.T, dir string, edits ...func(*job.Config)) *server {
	t.Helper()
	store, err := folderstore.Open(dir+"/records", logger())
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := blob.NewFolder(dir+"/blobs", 0)
	if err != nil {
		t.Fatal(err)
	}
	bus := &job.LocalBus{}
	return start(t, store, blobs, bus, append([]func(*job.Config){func(c *job.Config) { c.Exclusive = true }}, edits...)...)
}

// start starts a service.
func start(t *testing.T, store job.Store, blobs blob.Store, bus job.Bus, edits ...func(*job.Config)) *server {
	t.Helper()
	cfg := job.Config{Store: store, Blobs: blobs, Bus: bus, Memory: memory, Log: logger()}
	for _, edit := range edits {
		edit(&cfg)
	}
	s := &server{job.New(cfg), store, blobs, bus, nil}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	s.stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
		if err := errors.Join(store.Close(), blobs.Close()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(s.stop)
	eventually(t, "ready", func() bool { return s.Ready(t.Context()) == nil })
	return s
}

// logger logs to standard error where PASTICHE_TEST_LOG is set.
func logger() *slog.Logger {
	if os.Getenv("PASTICHE_TEST_LOG") == "" {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// patience bounds how long a test waits for what must happen. A slow machine under the
// race detector needs minutes for what takes a second.
const patience = 5 * time.Minute

// eventually waits until something is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for begun := time.Now(); !so(); {
		if time.Since(begun) > patience {
			t.Fatalf("not %s after %v", what, patience)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// work runs a worker until stop is called.
func (s *server) work(t *testing.T, edits ...func(*job.Worker)) (stop func()) {
	w := &job.Worker{Store: s.store, Blobs: s.blobs, Bus: s.bus, Memory: memory, Log: logger()}
	for _, edit := range edits {
		edit(w)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { w.Run(ctx) })
	stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	t.Cleanup(stop)
	return stop
}

// stub makes a worker paint by calling a function.
func stub(paintIt func(ctx context.Context, in job.Inputs, opts paint.Options) (*paint.Painting, error)) func(*job.Worker) {
	return func(w *job.Worker) { w.Paint = paintIt }
}

// flat paints a grey picture of the size of the recipe at once.
func flat(context.Context, job.Inputs, paint.Options) (*paint.Painting, error) {
	return &paint.Painting{Picture: noise(8, 8, 0), Steps: 1}, nil
}

// until paints until it is told to stop, as a painting does that takes long.
func until(ctx context.Context, _ job.Inputs, _ paint.Options) (*paint.Painting, error) {
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

func noise(w, h int, seed uint64) *picture.Picture {
	p := picture.New(w, h)
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range p.RGB {
		p.RGB[i] = float32(r.IntN(256))
	}
	return p
}

// quick are options of a painting that takes no time.
const quick = `{"recipe":{"name":"classic","size":48,"iterations":4},"seed":3}`

// slow are options of a painting that takes some seconds.
const slow = `{"recipe":{"name":"classic","size":96,"iterations":200}}`

// An order is what a test submits.
type order struct {
	owner, key, options string
	seed                uint64
	content             *picture.Picture
	style               *picture.Picture
	edit                func(*job.Submission)
}

// submit submits a job.
func (s *server) submit(t *testing.T, o order) *job.Record {
	t.Helper()
	r, created, err := s.trySubmit(t.Context(), o)
	if err != nil || !created {
		t.Fatalf("created %t, %v", created, err)
	}
	return r
}

func (s *server) trySubmit(ctx context.Context, o order) (r *job.Record, created bool, err error) {
	if o.options == "" {
		o.options = quick
	}
	if o.content == nil {
		o.content = noise(48, 32, 1)
	}
	if o.style == nil {
		o.style = noise(40, 40, 2)
	}
	d, err := s.Begin(ctx, o.owner, o.key)
	if err != nil {
		return nil, false, err
	}
	defer d.Discard()
	if err := d.Add(ctx, api.Content, &picture.File{Picture: o.content}); err != nil {
		return nil, false, err
	}
	if err := d.Add(ctx, api.Style, &picture.File{Picture: o.style}); err != nil {
		return nil, false, err
	}
	options, err := job.ParseOptions([]byte(o.options), nil)
	if err != nil {
		return nil, false, err
	}
	if o.seed != 0 {
		options.Seed = o.seed
	}
	sub := job.Submission{Options: options}
	if o.edit != nil {
		o.edit(&sub)
	}
	return d.Submit(ctx, sub)
}

// in waits until a job is in a state and returns it.
func (s *server) in(t *testing.T, r *job.Record, state api.State) *job.Record {
	t.Helper()
	var now *job.Record
	eventually(t, string(state), func() bool {
		var err error
		now, err = s.Get(t.Context(), r.Owner, r.ID)
		if err != nil && !errors.Is(err, job.ErrDown) {
			t.Fatal(err)
		}
		if err == nil && now.State.Final() && now.State != state {
			t.Fatalf("the job is %s (%s), expected %s", now.State, now.Error, state)
		}
		return err == nil && now.State == state
	})
	return now
}

// result returns the file of a finished job.
func (s *server) result(t *testing.T, r *job.Record) []byte {
	t.Helper()
	b, err := s.Open(t.Context(), r.Result.Blob)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	data, err := io.ReadAll(b)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(data)) != r.Result.Size {
		t.Errorf("%d bytes, the record says %d", len(data), r.Result.Size)
	}
	return data
}

// blobFiles returns the files of a job's blobs in a folder.
func blobFiles(t *testing.T, dir, id string) []string {
	t.Helper()
	var all []string
	root := os.DirFS(dir + "/blobs")
	walk(t, root, func(path string) {
		if strings.Contains(path, id) {
			all = append(all, path)
		}
	})
	return all
}
