package job_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pastiche-art/pastiche/job"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// memory is enough for the small pictures here, and the same everywhere.
const memory = 1 << 30

func open(t *testing.T, dir string) *job.Store {
	t.Helper()
	s, err := job.Open(t.Context(), job.Config{Dir: dir, Memory: memory})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func noise(w, h int, seed uint64) *picture.Picture {
	p := picture.New(w, h)
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range p.RGB {
		p.RGB[i] = float32(r.IntN(256))
	}
	return p
}

func request(t *testing.T, options string) job.Request {
	t.Helper()
	o, err := job.ParseOptions([]byte(options))
	if err != nil {
		t.Fatal(err)
	}
	return job.Request{Options: o, Content: noise(48, 32, 1), Styles: []*picture.Picture{noise(40, 40, 2)}}
}

const quick = `{"recipe":{"name":"classic","size":48,"iterations":4}, "seed": 3}`

func TestStrengthOfOptions(t *testing.T) {
	for _, c := range []struct {
		options  string
		strength paint.Strength
		weight   float64 // of the content; 0 is what the strength makes of it
	}{
		{`{"strength":"bold"}`, paint.Bold, 0},
		{`{"strength":0.25}`, 0.25, 0},
		{`{"strength":"subtle","recipe":{"content_weight":0.5}}`, paint.Subtle, 0.5},
	} {
		o, err := job.ParseOptions([]byte(c.options))
		if err != nil {
			t.Fatal(err)
		}
		want := paint.Fine()
		if err := want.Strengthen(c.strength); err != nil {
			t.Fatal(err)
		}
		if c.weight > 0 {
			want.ContentWeight = c.weight
		}
		if o.Strength == nil || *o.Strength != c.strength || o.Recipe.ContentWeight != want.ContentWeight || o.Recipe.FirstSize != want.FirstSize {
			t.Errorf("%s: strength %v, recipe %+v", c.options, o.Strength, o.Recipe)
		}
		// Whoever sends the options on asks for the same painting.
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		again, err := job.ParseOptions(text)
		if diff := cmp.Diff(o, again); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
	}
	for _, bad := range []string{`{"strength":"strong"}`, `{"strength":1.5}`, `{"strength":[]}`} {
		_, err := job.ParseOptions([]byte(bad))
		var option *paint.OptionError
		if !errors.As(err, &option) || option.Option != "Strength" {
			t.Errorf("%s: %v, expected an error about Strength", bad, err)
		}
	}
}

// direct returns the pixels of what paint.Paint makes of a request.
func direct(t *testing.T, r job.Request) []byte {
	t.Helper()
	network, err := paint.DefaultNetwork(&r.Recipe)
	if err != nil {
		t.Fatal(err)
	}
	p, err := paint.Paint(t.Context(), r.Content, paint.InMannerOf(r.Styles[0]), paint.Options{
		Recipe: &r.Recipe, Network: network, Seed: r.Seed, Memory: memory,
	})
	if err != nil {
		t.Fatal(err)
	}
	return p.Image().Pix
}

// result returns the pixels of the result of a job.
func result(t *testing.T, s *job.Store, id string) []byte {
	t.Helper()
	file, err := s.Result(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	p, err := picture.Decode(bytes.NewReader(file), "result", picture.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return p.Image().Pix
}

func work(t *testing.T, s *job.Store) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { (&job.Worker{Store: s, Memory: memory}).Run(ctx) })
	return func() { cancel(); running.Wait() }
}

func wait(t *testing.T, s *job.Store, id string, until func(*job.Job) bool) *job.Job {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var last *job.Job
	reached := errors.New("reached")
	err := s.Watch(ctx, id, func(c job.Change) error {
		last = &c.Job
		if until(last) {
			return reached
		}
		return nil
	})
	if !errors.Is(err, reached) {
		t.Fatalf("watching ended with %v at %+v", err, last)
	}
	return last
}

func finished(j *job.Job) bool { return j.State.Final() }

func TestResultIsWhatPaintPaints(t *testing.T) {
	s := open(t, t.TempDir())
	defer s.Close()
	defer work(t, s)()
	r := request(t, quick)
	j, created, err := s.Submit(t.Context(), r)
	if err != nil || !created || j.State != job.Queued {
		t.Fatalf("job %+v, created %t, error %v", j, created, err)
	}
	j = wait(t, s, j.ID, finished)
	if j.State != job.Done || j.Steps != 4 || j.Width != 48 || j.Height != 32 || j.Attempts != 1 {
		t.Errorf("job ended as %+v", j)
	}
	if !bytes.Equal(result(t, s, j.ID), direct(t, r)) {
		t.Error("the result is not what paint.Paint paints")
	}
}

// TestFacesOfJob: a job keeps the faces of its content, and tells how many there are.
func TestFacesOfJob(t *testing.T) {
	portrait, err := picture.Open("../examples/photos/astronaut.jpg", picture.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, t.TempDir())
	defer s.Close()
	defer work(t, s)()
	for faces, want := range map[string]int{"keep": 1, "ignore": 0} {
		r := request(t, `{"recipe":{"name":"classic","size":48,"iterations":2,"faces":"`+faces+`"}}`)
		r.Content = portrait
		j, _, err := s.Submit(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		j = wait(t, s, j.ID, finished)
		if j.State != job.Done || j.Faces != want || j.Progress == nil || j.Progress.Faces != want {
			t.Errorf("%s: %d faces in a job that ended as %+v, want %d", faces, j.Faces, j, want)
		}
	}
}

func TestDrainedJobContinuesElsewhereToTheSameBytes(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	r := request(t, `{"recipe":{"name":"classic","size":48,"iterations":120}}`)
	j, _, err := s.Submit(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	stop := work(t, s)
	wait(t, s, j.ID, func(j *job.Job) bool { return j.Progress != nil })
	stop()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	defer s.Close()
	if left, err := s.Get(t.Context(), j.ID); err != nil || left.State == job.Done {
		t.Skipf("painted before the worker stopped: %+v, %v", left, err)
	}
	defer work(t, s)()
	j = wait(t, s, j.ID, finished)
	if j.Attempts != 2 {
		t.Fatalf("%d attempts, job %+v", j.Attempts, j)
	}
	if !bytes.Equal(result(t, s, j.ID), direct(t, r)) {
		t.Error("the continued painting has other bytes")
	}
}

func TestKeyIsTheSameJobAfterRestart(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	r := request(t, quick)
	r.Key = "order 7"
	first, _, err := s.Submit(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = open(t, dir)
	defer s.Close()
	again, created, err := s.Submit(t.Context(), r)
	if err != nil || created || again.ID != first.ID {
		t.Errorf("job %+v, created %t, error %v: expected that of before", again, created, err)
	}
	r.Seed++
	if _, _, err := s.Submit(t.Context(), r); !errors.Is(err, job.ErrConflict) {
		t.Errorf("another request with the key: error %v", err)
	}
}

func TestStates(t *testing.T) {
	s := open(t, t.TempDir())
	defer s.Close()
	j, _, err := s.Submit(t.Context(), request(t, quick))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Retry(t.Context(), j.ID); !errors.Is(err, job.ErrState) {
		t.Errorf("retry of a queued job: error %v", err)
	}
	if j, err := s.Cancel(t.Context(), j.ID); err != nil || j.State != job.Cancelled {
		t.Errorf("cancelled: %+v, %v", j, err)
	}
	if _, err := s.Cancel(t.Context(), j.ID); !errors.Is(err, job.ErrState) {
		t.Errorf("cancelled twice: error %v", err)
	}
	if j, err := s.Retry(t.Context(), j.ID); err != nil || j.State != job.Queued {
		t.Errorf("retried: %+v, %v", j, err)
	}
	if err := s.Sweep(t.Context()); err != nil {
		t.Errorf("sweep: %v", err)
	}
	defer work(t, s)()
	if j := wait(t, s, j.ID, finished); j.State != job.Done {
		t.Errorf("ended as %+v", j)
	}
	if err := s.Delete(t.Context(), j.ID); err != nil {
		t.Error(err)
	}
	if _, err := s.Get(t.Context(), j.ID); !errors.Is(err, job.ErrNotFound) {
		t.Errorf("deleted: error %v", err)
	}
	if _, err := s.Content(t.Context(), j.ID); !errors.Is(err, job.ErrNotFound) {
		t.Errorf("its content: error %v", err)
	}
}

func TestRefused(t *testing.T) {
	s, err := job.Open(t.Context(), job.Config{Dir: t.TempDir(), Memory: memory, Queue: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	bad := request(t, quick)
	bad.Weights = []float64{1, 2}
	if _, _, err := s.Submit(t.Context(), bad); !errors.As(err, new(*paint.OptionError)) {
		t.Errorf("two weights for one style: error %v", err)
	}
	bad = request(t, quick)
	bad.StyleScales = []float64{1, 2}
	if _, _, err := s.Submit(t.Context(), bad); !errors.As(err, new(*paint.OptionError)) {
		t.Errorf("two scales for one style: error %v", err)
	}
	if _, _, err := s.Submit(t.Context(), request(t, quick)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Submit(t.Context(), request(t, quick)); !errors.Is(err, job.ErrBusy) {
		t.Errorf("a second job in a queue of one: error %v", err)
	}
	full, err := job.Open(t.Context(), job.Config{Dir: t.TempDir(), Reserve: 1 << 60})
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	if _, _, err := full.Submit(t.Context(), request(t, quick)); !errors.Is(err, job.ErrFull) {
		t.Errorf("without space: error %v", err)
	}
}

func TestFolderHasOneServer(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	defer s.Close()
	if other, err := job.Open(t.Context(), job.Config{Dir: dir}); err == nil {
		other.Close()
		t.Error("two servers opened one folder")
	}
}
