package job_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// tryLook submits a quick look.
func (s *server) tryLook(ctx context.Context, o order) (*job.Record, error) {
	if o.content == nil {
		o.content = noise(48, 32, 1)
	}
	d, err := s.BeginLook(ctx, o.owner, o.key)
	if err != nil {
		return nil, err
	}
	defer d.Discard()
	for role, p := range map[api.Role]*picture.Picture{api.Content: o.content, api.Style: noise(40, 40, 2)} {
		if err := d.Add(ctx, role, &picture.File{Picture: p}); err != nil {
			return nil, err
		}
	}
	options, err := job.ParseOptions([]byte(o.options), nil)
	if err != nil {
		return nil, err
	}
	sub := job.Submission{Options: options, Webhook: &api.Webhook{URL: "https://example.org/"}, Retention: 1000 * time.Hour}
	r, _, err := d.Submit(ctx, sub)
	return r, err
}

func (s *server) look(t *testing.T, o order) *job.Record {
	t.Helper()
	r, err := s.tryLook(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestLookIsQuick: a look by any recipe is small and ends early, and that by the default
// one is painted.
func TestLookIsQuick(t *testing.T) {
	s := open(t, t.TempDir())
	s.work(t)
	for _, name := range paint.RecipeNames() {
		t.Run(name, func(t *testing.T) {
			before, err := paint.RecipeNamed(name)
			if err != nil {
				t.Fatal(err)
			}
			r := s.look(t, order{options: `{"recipe":{"name":"` + name + `","size":2048}}`, content: noise(900, 600, 4)})
			recipe := &r.Options.Recipe
			if recipe.Name != name || recipe.Size != api.LookSize {
				t.Errorf("the recipe is %s of %d pixels", recipe.Name, recipe.Size)
			}
			steps := 0
			for _, scale := range recipe.Schedule() {
				steps += scale.Iterations
			}
			if steps > 150 || recipe.Iterations > before.Iterations {
				t.Errorf("%d iterations", steps)
			}
			if in, err := r.Input(api.Content, 0); err != nil || in.Width != 512 || in.Height != 341 {
				t.Errorf("the stored content is %+v, %v", in, err)
			}
			if r.Webhook != nil || r.Retention > time.Hour {
				t.Errorf("the webhook is %v, it stays for %v", r.Webhook, r.Retention)
			}
			if name != "fine" || testing.Short() {
				return // the others take longer, and are checked alone
			}
			r = s.in(t, r, api.Done)
			if v := s.View(r); !v.Look || v.Result.Width != api.LookSize || v.Result.Height != 107 {
				t.Errorf("the job is %+v", v)
			}
		})
	}
}

// TestLookOfSmallRecipe: the look of a painting that is small and quick anyway is the
// painting itself.
func TestLookOfSmallRecipe(t *testing.T) {
	s := open(t, t.TempDir())
	s.work(t)
	look, painting := s.look(t, order{options: quick}), s.submit(t, order{options: quick})
	if a, b := s.result(t, s.in(t, look, api.Done)), s.result(t, s.in(t, painting, api.Done)); !bytes.Equal(a, b) {
		t.Error("the look differs from the painting")
	}
}

// TestLookFitsBesidePaintings: a look in the manner of as many large styles as may be, in
// large strokes, fits into the memory for looks.
func TestLookFitsBesidePaintings(t *testing.T) {
	s := open(t, t.TempDir(), func(c *job.Config) { c.Looks = 100 })
	style := &picture.File{Picture: noise(600, 600, 2)}
	for _, name := range paint.RecipeNames() {
		t.Run(name, func(t *testing.T) {
			d, err := s.BeginLook(t.Context(), "", "")
			if err != nil {
				t.Fatal(err)
			}
			defer d.Discard()
			if err := d.Add(t.Context(), api.Content, style); err != nil {
				t.Fatal(err)
			}
			for range job.MaxStyles {
				if err := d.Add(t.Context(), api.Style, style); err != nil {
					t.Fatal(err)
				}
			}
			options, err := job.ParseOptions([]byte(`{"recipe":{"name":"`+name+`","size":2048,"style_scale":2}}`), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := d.Submit(t.Context(), job.Submission{Options: options}); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestLookOfPanorama: a look of a narrow photo is as long as the network needs.
func TestLookOfPanorama(t *testing.T) {
	s := open(t, t.TempDir())
	for _, c := range []struct {
		name          string
		width, height int
		longest       int
	}{{"13 to 1", 1300, 100, 220}, {"a scroll", 60, 1600, 500}} {
		t.Run(c.name, func(t *testing.T) {
			r := s.look(t, order{options: `{"recipe":{"size":1024}}`, content: noise(c.width, c.height, 4)})
			if size := r.Options.Recipe.Size; size <= api.LookSize || size > c.longest {
				t.Errorf("%d pixels", size)
			}
		})
	}
	if _, err := s.tryLook(t.Context(), order{options: `{}`, content: noise(2000, 2, 4)}); !errors.As(err, new(*paint.SizeError)) {
		t.Errorf("100 to 1: %v", err)
	}
}

// TestLooksAreInNoList: looks are in no page and no total, whatever their state, and do
// not take places in the queue of jobs.
func TestLooksAreInNoList(t *testing.T) {
	s := open(t, t.TempDir(), func(c *job.Config) { c.Queue, c.Looks = 1, 2 })
	painting := s.submit(t, order{})
	first, second := s.look(t, order{}), s.look(t, order{})
	if _, err := s.tryLook(t.Context(), order{}); !errors.Is(err, job.ErrLooks) || !errors.Is(err, job.ErrOwnerQueue) {
		t.Errorf("a third look: %v", err)
	}
	if _, err := s.tryLook(t.Context(), order{owner: "another"}); err != nil {
		t.Errorf("a look of another owner: %v", err)
	}
	if _, _, err := s.trySubmit(t.Context(), order{}); !errors.Is(err, job.ErrQueueFull) {
		t.Errorf("a second painting: %v", err)
	}
	listed := func() {
		t.Helper()
		eventually(t, "counted", func() bool {
			page, err := s.List(t.Context(), job.Listing{Limit: 10})
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, r := range page.Records {
				ids = append(ids, r.ID)
			}
			if !slices.Equal(ids, []string{painting.ID}) {
				t.Fatalf("listed are %v, the painting is %s", ids, painting.ID)
			}
			return page.Total == 1
		})
	}
	listed()
	s.work(t, stub(flat))
	s.in(t, painting, api.Done)
	s.in(t, first, api.Done)
	if _, err := s.Cancel(t.Context(), "", second.ID); err != nil && !errors.Is(err, job.ErrState) {
		t.Fatal(err)
	}
	listed()
	page, err := s.store.List(t.Context(), job.Query{States: []api.State{job.Looks}, Limit: 10})
	if err != nil || len(page.Records) != 2 {
		t.Errorf("the store has the looks %v, %v", page, err)
	}
	eventually(t, "counted apart", func() bool {
		stats := s.Stats()
		return stats.Finished[api.Done] == 1 && stats.Looks.Finished[api.Done]+stats.Looks.Finished[api.Cancelled] == 3
	})
}

// TestLookBesidePainting: a worker paints looks while it is painting a job, one at a
// time, and is busy with the job alone. Cancelling a look stops it.
func TestLookBesidePainting(t *testing.T) {
	s := open(t, t.TempDir())
	var looks, most atomic.Int64
	paintIt := func(ctx context.Context, in job.Inputs, opts paint.Options) (*paint.Painting, error) {
		if opts.Memory != job.LookMemory {
			return until(ctx, in, opts)
		}
		most.Store(max(most.Load(), looks.Add(1)))
		defer looks.Add(-1)
		if opts.Recipe.Size == 50 {
			return until(ctx, in, opts)
		}
		return flat(ctx, in, opts)
	}
	var worker *job.Worker
	s.work(t, stub(paintIt), func(w *job.Worker) { worker = w })
	painting := s.in(t, s.submit(t, order{}), api.Running)
	endless := s.in(t, s.look(t, order{options: `{"recipe":{"name":"classic","size":50}}`}), api.Running)
	next := s.look(t, order{})
	if _, err := s.Cancel(t.Context(), "", endless.ID); err != nil {
		t.Fatal(err)
	}
	s.in(t, next, api.Done)
	deleted := s.in(t, s.look(t, order{options: `{"recipe":{"name":"classic","size":50}}`}), api.Running)
	if err := s.Delete(t.Context(), "", deleted.ID); err != nil {
		t.Fatal(err)
	}
	s.in(t, s.look(t, order{}), api.Done)
	if most.Load() != 1 {
		t.Errorf("%d looks at a time", most.Load())
	}
	if s.in(t, painting, api.Running); !worker.Busy() || worker.Painted() != 0 {
		t.Errorf("busy %t, painted %d", worker.Busy(), worker.Painted())
	}
}

// TestPaintingBesideLooks: a painting has the same bytes whether looks are painted
// beside it or not.
func TestPaintingBesideLooks(t *testing.T) {
	s := open(t, t.TempDir())
	looked := make(chan struct{})
	close(looked)
	// A painting waits at its first step until a look is done.
	s.work(t, stub(func(ctx context.Context, in job.Inputs, opts paint.Options) (*paint.Painting, error) {
		if opts.Memory != job.LookMemory {
			wait, progress := looked, opts.Progress
			opts.Progress = func(p paint.Progress) {
				select {
				case <-wait:
				case <-ctx.Done():
				}
				progress(p)
			}
		}
		return paint.Paint(ctx, in.Content, in.Regions, opts)
	}))
	alone := s.result(t, s.in(t, s.submit(t, order{options: quick}), api.Done))
	looked = make(chan struct{})
	painting := s.in(t, s.submit(t, order{options: quick}), api.Running)
	s.in(t, s.look(t, order{options: quick}), api.Done)
	close(looked)
	if beside := s.result(t, s.in(t, painting, api.Done)); !bytes.Equal(alone, beside) {
		t.Error("the paintings differ")
	}
}

// TestLookIsGivenUp: a look that ends its worker twice is not tried again, and one that
// nobody paints is discarded.
func TestLookIsGivenUp(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	failing := s.look(t, order{})
	failing.FailedAttempts = 2
	waiting := s.look(t, order{owner: "another"})
	waiting.Created = time.Now().Add(-time.Hour)
	for _, r := range []*job.Record{failing, waiting} {
		if err := s.store.Replace(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "discarded", func() bool {
		_, err := s.Get(t.Context(), waiting.Owner, waiting.ID)
		return errors.Is(err, job.ErrNotFound)
	})
	s.work(t, stub(flat))
	s.in(t, failing, api.Failed)
}

// TestLookIsNotContinued: the look of a worker that stops is put back without a
// checkpoint.
func TestLookIsNotContinued(t *testing.T) {
	s := open(t, t.TempDir())
	started := make(chan struct{})
	stop := s.work(t, stub(func(ctx context.Context, in job.Inputs, opts paint.Options) (*paint.Painting, error) {
		close(started)
		<-ctx.Done()
		return &paint.Painting{Picture: noise(8, 8, 0), Steps: 1}, context.Cause(ctx)
	}))
	r := s.look(t, order{})
	<-started
	stop()
	if r = s.in(t, r, api.Queued); r.Checkpoint != "" {
		t.Errorf("the checkpoint is %q", r.Checkpoint)
	}
	s.work(t, stub(flat))
	s.in(t, r, api.Done)
}

// TestWaitingIsInSeconds: a job that waits says after how many jobs of all owners it
// begins, and when, from what finished jobs took.
func TestWaitingIsInSeconds(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	s.work(t, stub(flat))
	done := s.in(t, s.submit(t, order{}), api.Done)
	finished := done.Started.Add(10 * time.Second)
	done.Finished = &finished
	if err := s.store.Replace(t.Context(), done); err != nil {
		t.Fatal(err)
	}
	s.stop()

	s = open(t, dir)
	s.work(t, stub(until))
	s.in(t, s.submit(t, order{owner: "alice"}), api.Running)
	alice := s.submit(t, order{owner: "alice"})
	s.submit(t, order{owner: "alice"})
	bob := s.submit(t, order{owner: "bob"})
	waits := func(r *job.Record, position int, least, most float64) {
		t.Helper()
		var w *api.Waiting
		eventually(t, "known", func() bool {
			w = s.View(r).Waiting
			return w != nil && w.Seconds != nil
		})
		if w.Position != position || *w.Seconds < least || *w.Seconds > most {
			t.Errorf("place %d in %v s, expected place %d in %v to %v s", w.Position, *w.Seconds, position, least, most)
		}
	}
	waits(bob, 1, 0, 10)
	waits(alice, 2, 10, 20)
}

// TestSecondsLeft: a painting tells how long it takes while its first scale is painted.
func TestSecondsLeft(t *testing.T) {
	s := open(t, t.TempDir())
	s.work(t)
	r := s.submit(t, order{
		options: `{"recipe":{"name":"fine","size":200,"first_size":100,"iterations":9,"first_iterations":9000}}`, content: noise(300, 200, 1),
	})
	eventually(t, "foreseen", func() bool {
		now, err := s.Get(t.Context(), "", r.ID)
		if err != nil || now.State.Final() {
			t.Fatalf("the job is %s, %v", now.State, err)
		}
		p := s.View(now).Progress
		if p != nil && p.Scale != 1 {
			t.Fatalf("it is at scale %d", p.Scale)
		}
		return p != nil && p.SecondsLeft != nil && *p.SecondsLeft > 0
	})
	if _, err := s.Cancel(t.Context(), "", r.ID); err != nil {
		t.Fatal(err)
	}
}
