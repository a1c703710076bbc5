package job

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/picture"
)

func openStore(t *testing.T, cfg Config) *Store {
	t.Helper()
	cfg.Dir, cfg.Memory = t.TempDir(), 1<<30
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func smallRequest(t *testing.T, level float32) Request {
	t.Helper()
	o, err := ParseOptions([]byte(`{"recipe":{"name":"classic","size":48,"iterations":2}}`))
	if err != nil {
		t.Fatal(err)
	}
	flat := picture.New(40, 40)
	for i := range flat.RGB {
		flat.RGB[i] = level
	}
	return Request{Options: o, Content: flat, Styles: []*picture.Picture{flat}}
}

func TestJobThatKillsItsWorkersHasFailed(t *testing.T) {
	s := openStore(t, Config{})
	j, _, err := s.Submit(t.Context(), smallRequest(t, 100))
	if err != nil {
		t.Fatal(err)
	}
	// As after so many attempts that ended their worker.
	_, err = s.change(t.Context(), j.ID, func(r *record) error {
		r.State, r.Fruitless, r.written = Running, maxAttempts, time.Time{}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.opened = time.Now() // the process that painted is gone
	last := paintUntil(t, s, j.ID, final)
	if last.State != Failed || !strings.Contains(last.Error, "given up after 8 attempts") {
		t.Errorf("the job ended as %+v", last)
	}
	if n, err := s.queue.Info(t.Context()); err != nil || n.State.Msgs != 0 {
		t.Errorf("the queue holds %+v, %v", n, err)
	}
}

// paintUntil runs a worker until a job is as expected, or final, and returns the
// job when the worker has ended.
func paintUntil(t *testing.T, s *Store, id string, expected func(*Job) bool) *record {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var working sync.WaitGroup
	working.Go(func() { (&Worker{Store: s, Memory: 1 << 30}).Run(ctx) })
	reached := errors.New("reached")
	err := s.Watch(t.Context(), id, func(c Change) error {
		if expected(&c.Job) {
			return reached
		}
		return nil
	})
	stop()
	working.Wait()
	if err != nil && !errors.Is(err, reached) {
		t.Fatal(err)
	}
	r, err := s.load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func final(j *Job) bool { return j.State.Final() }

func TestJobWhosePicturesAreLostHasFailed(t *testing.T) {
	s := openStore(t, Config{})
	j, _, err := s.Submit(t.Context(), smallRequest(t, 100))
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.change(t.Context(), j.ID, func(r *record) error {
		r.Fruitless = maxAttempts - 1
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.drop(t.Context(), r.object("content"))
	if last := paintUntil(t, s, j.ID, final); last.State != Failed || !strings.Contains(last.Error, "content of job") {
		t.Errorf("the job ended as %+v", last)
	}
}

func TestWorkerWithAnotherNetworkHarmsNoJob(t *testing.T) {
	s := openStore(t, Config{})
	j, _, err := s.Submit(t.Context(), smallRequest(t, 100))
	if err != nil {
		t.Fatal(err)
	}
	var digest string
	_, err = s.change(t.Context(), j.ID, func(r *record) error {
		digest, r.Digest = r.Digest, "another"
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r := paintUntil(t, s, j.ID, func(j *Job) bool { return j.State == Queued && j.Attempts > 0 })
	if r.State != Queued || r.Fruitless != 0 || !strings.Contains(r.Trouble, "another network") {
		t.Errorf("the job was put back as %+v", r)
	}
	_, err = s.change(t.Context(), j.ID, func(r *record) error { r.Digest = digest; return nil })
	if err != nil {
		t.Fatal(err)
	}
	if r = paintUntil(t, s, j.ID, final); r.State != Done || r.Attempts < 2 {
		t.Errorf("the job ended as %+v", r)
	}
}

// sweepUntil sweeps until a condition holds. One round may leave something to the
// next, as it does where the queue is too busy to answer in time.
func (s *Store) sweepUntil(t *testing.T, what string, condition func() bool) {
	t.Helper()
	var err error
	for begun := time.Now(); time.Since(begun) < time.Minute; time.Sleep(20 * time.Millisecond) {
		if err = s.Sweep(t.Context()); condition() {
			return
		}
	}
	t.Fatalf("waited a minute for %s: %v", what, err)
}

func TestSweepTakesWhatNobodyOwns(t *testing.T) {
	s := openStore(t, Config{Orphans: time.Millisecond, Keep: time.Hour})
	j, _, err := s.Submit(t.Context(), smallRequest(t, 100))
	if err != nil {
		t.Fatal(err)
	}
	// What an upload leaves that was killed after its pictures, or within one.
	if err := s.put(t.Context(), "nobody/upload/content", []byte("orphan")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.js.Publish(t.Context(), "$O."+objectBucket+".C.killed", []byte("chunk")); err != nil {
		t.Fatal(err)
	}
	count := func() uint64 {
		stream, err := s.js.Stream(t.Context(), objectStream)
		if err != nil {
			t.Fatal(err)
		}
		info, err := stream.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return info.State.Msgs
	}
	const owned = 4 // two pictures, a chunk and a record each
	s.sweepUntil(t, "the orphans to go", func() bool { return count() <= owned })
	if _, err := s.get(t.Context(), "nobody/upload/content"); !errors.Is(err, ErrNotFound) {
		t.Errorf("the orphan is still there: %v", err)
	}
	if _, err := s.Content(t.Context(), j.ID); err != nil {
		t.Errorf("the picture of a job was swept: %v", err)
	}
	if n := count(); n != owned {
		t.Errorf("%d messages are left, expected %d", n, owned)
	}
	if err := s.Delete(t.Context(), j.ID); err != nil {
		t.Fatal(err)
	}
	s.sweepUntil(t, "a job that was deleted to go", func() bool { return count() == 0 })
}

func TestExpiredJobsAreForgotten(t *testing.T) {
	s := openStore(t, Config{Keep: time.Millisecond})
	j, _, err := s.Submit(t.Context(), smallRequest(t, 100))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Cancel(t.Context(), j.ID); err != nil {
		t.Fatal(err)
	}
	s.sweepUntil(t, "the job to expire", func() bool {
		_, err := s.Get(t.Context(), j.ID)
		return errors.Is(err, ErrNotFound)
	})
}

// TestOneKeyAtTheSameTime submits different requests with one key: the job has
// the pictures of the request that it was created by.
func TestOneKeyAtTheSameTime(t *testing.T) {
	s := openStore(t, Config{})
	for _, key := range []string{"a", "b", "c", "d"} {
		var all sync.WaitGroup
		var mu sync.Mutex
		created, conflicts := map[float32]bool{}, 0
		for _, level := range []float32{10, 60, 110, 160} {
			all.Go(func() {
				r := smallRequest(t, level)
				r.Key = key
				_, isNew, err := s.Submit(t.Context(), r)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil && isNew:
					created[level] = true
				case errors.Is(err, ErrConflict):
					conflicts++
				default:
					t.Errorf("created %t, %v", isNew, err)
				}
			})
		}
		all.Wait()
		if len(created) != 1 || conflicts != 3 {
			t.Fatalf("created by %v, and %d conflicts", created, conflicts)
		}
		r, err := s.load(t.Context(), newID("", key))
		if err != nil {
			t.Fatal(err)
		}
		req, err := s.request(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if level := req.Content.RGB[0]; !created[level] {
			t.Errorf("the content has the level %g, and the job was created by %v", level, created)
		}
	}
}
