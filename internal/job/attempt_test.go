package job_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/paint"
)

// touchyBlobs is a store of blobs that calls functions first and fails where they do.
type touchyBlobs struct {
	blob.Store
	put, open func(name string) error
}

func (b *touchyBlobs) Put(ctx context.Context, name string, r io.Reader) (blob.Info, error) {
	if b.put != nil {
		if err := b.put(name); err != nil {
			return blob.Info{}, err
		}
	}
	return b.Store.Put(ctx, name, r)
}

func (b *touchyBlobs) Open(ctx context.Context, name string) (blob.Reader, error) {
	if b.open != nil {
		if err := b.open(name); err != nil {
			return nil, err
		}
	}
	return b.Store.Open(ctx, name)
}

func (s *server) isStored(t *testing.T, name string) bool {
	t.Helper()
	b, err := s.blobs.Open(t.Context(), name)
	if err != nil {
		if !errors.Is(err, blob.ErrNotFound) {
			t.Fatal(err)
		}
		return false
	}
	b.Close()
	return true
}

// oneStep paints one iteration, after which an attempt that is hasty has stored a
// checkpoint, then reports on painted and waits for goOn or the end of ctx.
func oneStep(painted chan<- struct{}, goOn <-chan struct{}) func(*job.Worker) {
	return stub(func(ctx context.Context, in job.Inputs, opts paint.Options) (*paint.Painting, error) {
		progress, once := opts.Progress, sync.Once{}
		late := errors.New("the worker was late")
		ctx, fail := context.WithCancelCause(ctx)
		opts.Progress = func(p paint.Progress) {
			progress(p)
			once.Do(func() { close(painted) })
			select {
			case <-goOn:
				fail(late)
			case <-ctx.Done():
			}
		}
		painting, err := paint.Paint(ctx, in.Content, in.Regions, opts)
		if errors.Is(context.Cause(ctx), late) {
			return nil, late
		}
		return painting, err
	})
}

// submitHasty submits a job whose next attempt stores a checkpoint at once.
func (s *server) submitHasty(t *testing.T) *job.Record {
	t.Helper()
	r := s.submit(t, order{})
	r.FailedAttempts = 2
	if err := s.store.Replace(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestLostAnswerOfACommit commits a painting while the answer of the store is lost.
func TestLostAnswerOfACommit(t *testing.T) {
	store := &flaky{done: func(r *job.Record) bool { return r.State == api.Done }}
	s := open(t, t.TempDir(), func(c *job.Config) {
		store.Store = c.Store
		c.Store = store
	})
	stop := s.work(t, stub(flat), func(w *job.Worker) { w.Store = store })
	r := s.in(t, s.submit(t, order{}), api.Done)
	stop()
	s.result(t, r)
	if !s.isStored(t, r.Result.Thumb) || !s.isStored(t, r.Result.Curve) {
		t.Error("the thumbnail or the curve is gone")
	}
}

// TestLateWorkerLeavesTheCheckpoint lets a worker end late that has lost its job
// after a checkpoint, from which the next worker continues.
func TestLateWorkerLeavesTheCheckpoint(t *testing.T) {
	s := open(t, t.TempDir())
	r := s.submitHasty(t)
	painted, goOn := make(chan struct{}), make(chan struct{})
	stop := s.work(t, oneStep(painted, goOn))
	<-painted
	r = s.in(t, r, api.Running)
	if r.Checkpoint == "" {
		t.Fatal("no checkpoint")
	}
	r.State = api.Queued
	if err := s.store.Replace(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	close(goOn)
	stop()
	if now := s.in(t, r, api.Queued); now.Checkpoint != r.Checkpoint || !s.isStored(t, r.Checkpoint) {
		t.Errorf("the checkpoint %q is gone", r.Checkpoint)
	}
}

// TestCheckpointIsStoredOnce stops a worker at the step of its last checkpoint. Other
// workers cannot use or read the checkpoint, and the last fails.
func TestCheckpointIsStoredOnce(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	r := s.submitHasty(t)
	var mu sync.Mutex
	puts := make(map[string]int)
	blobs := &touchyBlobs{Store: s.blobs, put: func(name string) error {
		mu.Lock()
		defer mu.Unlock()
		puts[name]++
		return nil
	}}
	painted := make(chan struct{})
	stop := s.work(t, oneStep(painted, nil), func(w *job.Worker) { w.Blobs = blobs })
	<-painted
	stop()
	for name, n := range puts {
		if n > 1 {
			t.Errorf("%s was stored %d times", name, n)
		}
	}
	r = s.in(t, r, api.Queued)
	if r.Checkpoint == "" || !s.isStored(t, r.Checkpoint) {
		t.Fatalf("put back with the checkpoint %q", r.Checkpoint)
	}

	// A store that does not answer now has not lost the checkpoint.
	blobs = &touchyBlobs{Store: s.blobs, open: func(name string) error {
		if name == r.Checkpoint {
			return errors.New("connection refused")
		}
		return nil
	}}
	stop = s.work(t, stub(flat), func(w *job.Worker) { w.Blobs = blobs })
	eventually(t, "put back", func() bool {
		now := s.in(t, r, api.Queued)
		return now.Attempts > 1 && strings.Contains(now.Reason, "refused")
	})
	stop()

	// A checkpoint of another version is no reason to fail.
	var resumed bool
	stop = s.work(t, stub(func(ctx context.Context, in job.Inputs, opts paint.Options) (*paint.Painting, error) {
		if opts.Resume != nil {
			resumed = true
			return nil, paint.ErrCheckpoint
		}
		return nil, errors.New("the paint has run out")
	}))
	r2 := s.in(t, r, api.Failed)
	stop()
	if !resumed || !strings.Contains(r2.Error, "run out") {
		t.Errorf("resumed %t, failed with %q", resumed, r2.Error)
	}
	if s.isStored(t, r.Checkpoint) {
		t.Error("the checkpoint of a job that has failed remains")
	}
}

// TestStoreAway gives a job to a worker that does not reach the blobs, at an attempt
// that would be the last of a job that ends its workers.
func TestStoreAway(t *testing.T) {
	s := open(t, t.TempDir())
	r := s.submit(t, order{})
	first := true
	away := &touchyBlobs{Store: s.blobs, open: func(string) error {
		if first { // the attempts before would make the job rest for a while
			first = false
			r := s.in(t, r, api.Running)
			r.FailedAttempts = 8
			if err := s.store.Replace(t.Context(), r); err != nil {
				t.Error(err)
			}
		}
		return errors.New("connection refused")
	}}
	s.work(t, stub(flat), func(w *job.Worker) { w.Blobs = away })
	eventually(t, "put back", func() bool {
		now, err := s.Get(t.Context(), "", r.ID)
		return err == nil && now.Attempts >= 1 && now.State == api.Queued
	})
	if r = s.in(t, r, api.Queued); r.FailedAttempts >= 8 {
		t.Errorf("%d failed attempts: the next worker gives the job up", r.FailedAttempts)
	}
}

// TestHeartbeatsWhileCommitting lets the storing of a painting take long, and fail
// once. The job keeps its worker.
func TestHeartbeatsWhileCommitting(t *testing.T) {
	s := open(t, t.TempDir())
	storing, stored := make(chan struct{}), make(chan struct{})
	tries := 0
	slow := &touchyBlobs{Store: s.blobs, put: func(name string) error {
		if !strings.Contains(name, "result") || !strings.HasSuffix(name, ".png") {
			return nil
		}
		if tries++; tries == 1 {
			close(storing)
			<-stored
			return errors.New("connection refused")
		}
		return nil
	}}
	s.work(t, stub(flat), func(w *job.Worker) { w.Blobs = slow })
	r := s.submit(t, order{})
	<-storing
	heard := make(chan struct{}, 8)
	stop, err := s.bus.Subscribe("progress.*."+r.ID, func(string, []byte) {
		select {
		case heard <- struct{}{}:
		default:
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for range 2 {
		select {
		case <-heard:
		case <-t.Context().Done():
		}
	}
	close(stored)
	if r = s.in(t, r, api.Done); r.Attempts != 1 || tries != 2 {
		t.Errorf("%d attempts, expected one; stored in %d tries, expected two", r.Attempts, tries)
	}
}
