package job_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

func walk(t *testing.T, root fs.FS, visit func(path string)) {
	t.Helper()
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			visit(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestResultIsWhatPaintPaints compares the pixels of a job's result with those of
// paint.Paint.
func TestResultIsWhatPaintPaints(t *testing.T) {
	s := open(t, t.TempDir())
	s.work(t)
	r := s.in(t, s.submit(t, order{}), api.Done)
	got, err := picture.Decode(t.Context(), bytes.NewReader(s.result(t, r)), "result", picture.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	network, err := paint.OpenNetwork(r.Network)
	if err != nil {
		t.Fatal(err)
	}
	want, err := paint.Paint(t.Context(), noise(48, 32, 1), paint.InMannerOf(noise(40, 40, 2)), paint.Options{
		Recipe: &r.Options.Recipe, Network: network, Seed: r.Options.Seed, Memory: memory,
	})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.SRGB().Image().Pix, want.Image().Pix) {
		t.Error("other pixels than paint.Paint's")
	}
	view := s.View(r)
	if view.Result == nil || view.Result.Thumbnail == "" || view.Result.Curve == "" || len(view.Inputs) != 2 || view.Progress != nil {
		t.Errorf("%+v", view)
	}
	b, err := s.Open(t.Context(), r.Result.Curve)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var curve api.Curve
	if err := json.NewDecoder(b).Decode(&curve); err != nil || len(curve.Samples) != r.Result.Steps {
		t.Errorf("%d samples for %d steps, %v", len(curve.Samples), r.Result.Steps, err)
	}
}

// TestPutBack stops a worker while it paints. Another worker continues from the
// checkpoint, to the same bytes.
func TestPutBack(t *testing.T) {
	if testing.Short() {
		t.Skip("it paints for some seconds")
	}
	undisturbed := open(t, t.TempDir())
	undisturbed.work(t)
	want := undisturbed.result(t, undisturbed.in(t, undisturbed.submit(t, order{options: slow}), api.Done))

	s := open(t, t.TempDir())
	stop := s.work(t)
	r := s.submit(t, order{options: slow})
	eventually(t, "painting", func() bool {
		now := s.in(t, r, api.Running)
		view := s.View(now)
		return view.Progress != nil && view.Progress.Step > 20
	})
	stop()
	r = s.in(t, r, api.Queued)
	if r.Checkpoint == "" || r.FailedAttempts != 0 || r.Progress.Step <= 20 {
		t.Errorf("put back as %+v", r)
	}
	s.work(t)
	r = s.in(t, r, api.Done)
	if !bytes.Equal(s.result(t, r), want) {
		t.Error("other bytes than without a stop")
	}
	if r.Attempts != 2 {
		t.Errorf("%d attempts, expected 2", r.Attempts)
	}
	for samples := 1; samples < len(r.Curve); samples++ {
		if r.Curve[samples].Step <= r.Curve[samples-1].Step {
			t.Error("the curve goes back")
		}
	}
}

// TestOneKeyIsOneJob submits with one idempotency key: again, at the same time, and
// after a restart.
func TestOneKeyIsOneJob(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	var made atomic.Int32
	ids := make([]string, 10)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			r, created, err := s.trySubmit(t.Context(), order{key: "mine"})
			if err != nil {
				t.Error(err)
				return
			}
			if created {
				made.Add(1)
			}
			ids[i] = r.ID
		})
	}
	all.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("jobs %s and %s", id, ids[0])
		}
	}
	if made.Load() != 1 {
		t.Errorf("%d were created, expected 1", made.Load())
	}
	if _, _, err := s.trySubmit(t.Context(), order{key: "mine", seed: 9}); !errors.Is(err, job.ErrConflict) {
		t.Errorf("another request with the key: %v", err)
	}
	if _, _, err := s.trySubmit(t.Context(), order{key: "mine", owner: "another"}); err != nil {
		t.Errorf("another owner's key: %v", err)
	}
	s.stop()
	s = open(t, dir)
	r, created, err := s.trySubmit(t.Context(), order{key: "mine"})
	if err != nil || created || r.ID != ids[0] {
		t.Errorf("after a restart: %v, created %t, %v", r, created, err)
	}
	// The key is free again when the job is deleted.
	if err := s.Delete(t.Context(), "", r.ID); err != nil {
		t.Fatal(err)
	}
	again, created, err := s.trySubmit(t.Context(), order{key: "mine", seed: 9})
	if err != nil || !created || again.ID == r.ID {
		t.Errorf("after it was deleted: %v, created %t, %v", again, created, err)
	}
}

// A flaky store says that writes failed which it has done, or not done.
type flaky struct {
	job.Store
	done func(*job.Record) bool // the write is done, and reported as failed
}

func (f *flaky) Replace(ctx context.Context, r *job.Record) error {
	report := f.done != nil && f.done(r)
	if err := f.Store.Replace(ctx, r); err != nil || !report {
		return err
	}
	return job.ErrDown
}

// TestLostAnswer submits a job whose record is stored while the answer is lost. The
// second request with the key finds a job that has its pictures.
func TestLostAnswer(t *testing.T) {
	store := &flaky{}
	s := open(t, t.TempDir(), func(c *job.Config) {
		store.Store = c.Store
		c.Store = store
	})
	store.done = func(r *job.Record) bool { return r.State == api.Queued }
	if _, _, err := s.trySubmit(t.Context(), order{key: "mine"}); !errors.Is(err, job.ErrDown) {
		t.Fatalf("%v, expected the store to be down", err)
	}
	store.done = nil
	r, created, err := s.trySubmit(t.Context(), order{key: "mine"})
	if err != nil || created {
		t.Fatalf("created %t, %v", created, err)
	}
	s.work(t, stub(flat))
	s.in(t, r, api.Done)
}

// TestCancelledSubmission ends requests around the moment at which the job is
// stored. Those that are accepted have their pictures.
func TestCancelledSubmission(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, func(c *job.Config) { c.Queue = 1000 })
	const requests = 60
	for i := range requests {
		key := order{key: string(rune('a'+i%26)) + strings.Repeat("x", i/26)}
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(time.Duration(i)*300*time.Microsecond, cancel)
		_, _, err := s.trySubmit(ctx, key)
		timer.Stop()
		cancel()
		if err != nil && s.Ready(t.Context()) != nil {
			t.Fatalf("a client that leaves makes the server refuse jobs: %v", s.Ready(t.Context()))
		}
		r, _, err := s.trySubmit(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range r.Inputs {
			b, err := s.Open(t.Context(), in.Blob)
			if err != nil {
				t.Fatalf("request %d: the job has lost its %s: %v", i, in.Role, err)
			}
			b.Close()
		}
	}
}

// TestDiscard refuses jobs and looks for what they leave.
func TestDiscard(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for name, o := range map[string]order{
		"options":  {options: `{"recipe":{"size":8}}`},
		"unknown":  {options: `{"sise":8}`},
		"work":     {options: `{"recipe":{"name":"classic","size":4000,"iterations":1000000}}`},
		"size":     {options: `{"recipe":{"name":"classic","size":100000}}`},
		"seed":     {options: `{"seed":9007199254740992}`},
		"weights":  {options: `{"style_weights":[1,2]}`},
		"init":     {options: `{"recipe":{"init":"picture"}}`},
		"unseen":   {content: transparent(48, 32)},
		"overflow": {options: `{"recipe":{"name":"fine","size":64,"iterations":9223372036854775807}}`},
	} {
		if _, _, err := s.trySubmit(t.Context(), o); !paint.Refused(err) {
			t.Errorf("%s: %v, expected a refusal", name, err)
		}
	}
	walk(t, os.DirFS(dir+"/blobs"), func(path string) { t.Errorf("%s is left", path) })
	list, err := s.List(t.Context(), job.Listing{Limit: 10})
	if err != nil || len(list.Records) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

func transparent(w, h int) *picture.Picture {
	p := noise(w, h, 1)
	p.Alpha = make([]float32, w*h)
	return p
}

// TestParseOptions reads options back as they were given.
func TestParseOptions(t *testing.T) {
	for _, text := range []string{`{"strength":"bold"}`, `{"strength":0.25}`, `{"strength":"subtle","recipe":{"content_weight":0.5}}`, ``, `{"recipe":null}`} {
		o, err := job.ParseOptions([]byte(text), nil)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		data, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		again, err := job.ParseOptions(data, nil)
		if diff := cmp.Diff(o, again); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
	}
	for _, bad := range []string{`{"strength":"strong"}`, `{"strength":1.5}`, `{"strength":[]}`, `{"sise":1}`, `{"recipe":{"sise":1}}`, `[]`, `{}{}`, `{"shape":[1]}`} {
		if _, err := job.ParseOptions([]byte(bad), nil); !errors.As(err, new(*paint.OptionError)) {
			t.Errorf("%s: %v, expected an error about an option", bad, err)
		}
	}
}

// TestDeleteStopsTheWorker deletes a job that is being painted.
func TestDeleteStopsTheWorker(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	begun, stopped := make(chan struct{}, 1), make(chan error, 1)
	s.work(t, stub(func(ctx context.Context, _ job.Inputs, _ paint.Options) (*paint.Painting, error) {
		begun <- struct{}{}
		<-ctx.Done()
		stopped <- context.Cause(ctx)
		return nil, context.Cause(ctx)
	}))
	r := s.in(t, s.submit(t, order{}), api.Running)
	<-begun // a worker that has not read the pictures yet finds none
	sub := s.Subscribe("", r.ID)
	defer sub.Close()
	if err := s.Delete(t.Context(), "", r.ID); err != nil {
		t.Fatal(err)
	}
	select {
	case <-stopped:
	case <-time.After(patience):
		t.Fatal("the worker paints a job that is deleted")
	}
	if _, err := s.Get(t.Context(), "", r.ID); !errors.Is(err, job.ErrNotFound) {
		t.Errorf("%v, expected no such job", err)
	}
	eventually(t, "told", func() bool {
		updates, err := sub.Take(t.Context())
		return err == nil && updates[0].Deleted
	})
	// The worker is free for the next job.
	s.in(t, s.submit(t, order{}), api.Running)
	if left := blobFiles(t, dir, r.ID); len(left) > 0 {
		t.Errorf("%q are left", left)
	}
}

// TestCancelAndRetry takes a job through its states.
func TestCancelAndRetry(t *testing.T) {
	s := open(t, t.TempDir())
	stop := s.work(t, stub(until))
	r := s.in(t, s.submit(t, order{}), api.Running)
	if _, err := s.Retry(t.Context(), "", r.ID); !errors.Is(err, job.ErrState) {
		t.Errorf("retry of a running job: %v", err)
	}
	if _, err := s.Cancel(t.Context(), "another", r.ID); !errors.Is(err, job.ErrNotFound) {
		t.Errorf("another owner cancels: %v", err)
	}
	if _, err := s.Cancel(t.Context(), "", r.ID); err != nil {
		t.Fatal(err)
	}
	cancelled := s.in(t, r, api.Cancelled)
	if cancelled.Expires == nil || cancelled.Finished == nil {
		t.Errorf("%+v", cancelled)
	}
	if _, err := s.Cancel(t.Context(), "", r.ID); !errors.Is(err, job.ErrState) {
		t.Errorf("cancel of a cancelled job: %v", err)
	}
	stop()
	if _, err := s.Retry(t.Context(), "", r.ID); err != nil {
		t.Fatal(err)
	}
	s.work(t, stub(flat))
	s.in(t, r, api.Done)
	if _, err := s.Change(t.Context(), "", r.ID, job.Edit{Retention: 1000 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	if kept := s.in(t, r, api.Done); time.Until(*kept.Expires) < 999*time.Hour {
		t.Errorf("kept until %v", kept.Expires)
	}
}

// TestRetentionIsTheServers finishes a job with a worker that knows nothing of the
// server's retention.
func TestRetentionIsTheServers(t *testing.T) {
	s := open(t, t.TempDir(), func(c *job.Config) { c.Retention = time.Hour })
	s.work(t, stub(flat))
	r := s.in(t, s.submit(t, order{}), api.Done)
	if kept := r.Expires.Sub(*r.Finished); kept != time.Hour {
		t.Errorf("kept for %v, expected an hour", kept)
	}
}

// TestExpired lets a job expire.
func TestExpired(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, func(c *job.Config) { c.Retention = time.Millisecond })
	stop := s.work(t, stub(flat))
	r := s.submit(t, order{key: "mine"})
	eventually(t, "expired", func() bool {
		_, err := s.Get(t.Context(), "", r.ID)
		return errors.Is(err, job.ErrNotFound)
	})
	stop()
	// The folder is swept by the hour.
	if err := s.store.Sweep(t.Context(), time.Now().Add(3*time.Hour), func(owner, id string) error {
		return s.blobs.Remove(t.Context(), id)
	}); err != nil {
		t.Fatal(err)
	}
	if left := blobFiles(t, dir, r.ID); len(left) > 0 {
		t.Errorf("%q are left", left)
	}
}

// TestFailures lets a painting fail, its pictures be lost, and its worker be lost
// again and again.
func TestFailures(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	stop := s.work(t, stub(func(context.Context, job.Inputs, paint.Options) (*paint.Painting, error) {
		return nil, errors.New("the paint has run out")
	}))
	r := s.in(t, s.submit(t, order{}), api.Failed)
	if !strings.Contains(r.Error, "run out") {
		t.Errorf("failed with %q", r.Error)
	}
	stop()
	r = s.submit(t, order{})
	if err := s.blobs.Remove(t.Context(), r.Inputs[1].Blob); err != nil {
		t.Fatal(err)
	}
	s.work(t, stub(flat))
	eventually(t, "put back", func() bool {
		now, err := s.Get(t.Context(), "", r.ID)
		return err == nil && now.FailedAttempts > 0 && strings.Contains(now.Reason, blob.ErrNotFound.Error())
	})
	eventually(t, "waiting with its reason", func() bool {
		now, err := s.Get(t.Context(), "", r.ID)
		if err != nil {
			t.Fatal(err)
		}
		w := s.View(now).Waiting
		return w != nil && strings.Contains(w.Reason, "style")
	})
}

// TestGivenUp claims a job whose attempts have come to nothing too often.
func TestGivenUp(t *testing.T) {
	s := open(t, t.TempDir())
	r := s.submit(t, order{})
	r.FailedAttempts, r.Reason = 8, "its worker was silent for 20s"
	if err := s.store.Replace(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	s.work(t, stub(flat))
	eventually(t, "failed", func() bool {
		now, err := s.Get(t.Context(), "", r.ID)
		return err == nil && now.State == api.Failed && strings.Contains(now.Error, "given up after 8 attempts: its worker was silent")
	})
}

// TestWorkersPaintWhatTheyCan leaves jobs to the workers that can paint them.
func TestWorkersPaintWhatTheyCan(t *testing.T) {
	s := open(t, t.TempDir())
	waiting := func(r *job.Record) string {
		now, err := s.Get(t.Context(), "", r.ID)
		if err != nil {
			t.Fatal(err)
		}
		if now.Attempts != 0 {
			t.Fatalf("%d attempts of a job that no worker can paint", now.Attempts)
		}
		if w := s.View(now).Waiting; w != nil {
			return w.Reason
		}
		return ""
	}
	r := s.submit(t, order{})
	eventually(t, "waiting for a worker", func() bool { return waiting(r) == "no worker is connected" })
	foreign := s.submit(t, order{})
	foreign.Network, foreign.Digest = "vgg19", strings.Repeat("ab", 32)
	if err := s.store.Replace(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	large := s.submit(t, order{})
	large.Memory = 2 * memory
	if err := s.store.Replace(t.Context(), large); err != nil {
		t.Fatal(err)
	}
	s.work(t, stub(flat))
	s.in(t, r, api.Done)
	eventually(t, "waiting for a network", func() bool { return strings.Contains(waiting(foreign), "no worker has the network vgg19") })
	eventually(t, "waiting for memory", func() bool { return strings.Contains(waiting(large), "2048 MiB") })
	s.work(t, stub(flat), func(w *job.Worker) { w.Memory = 2 * memory })
	s.in(t, large, api.Done)
}

// TestQueueCountsWhatWaits fills the queue while a job is running.
func TestQueueCountsWhatWaits(t *testing.T) {
	s := open(t, t.TempDir(), func(c *job.Config) { c.Queue, c.OwnerQueue = 2, 1 })
	s.work(t, stub(until))
	s.in(t, s.submit(t, order{owner: "a"}), api.Running)
	// The queue follows the store, and may count the running job for a moment.
	eventually(t, "counted without the running job", func() bool {
		_, _, err := s.trySubmit(t.Context(), order{owner: "a"})
		return err == nil
	})
	if _, _, err := s.trySubmit(t.Context(), order{owner: "a"}); !errors.Is(err, job.ErrOwnerQueue) {
		t.Errorf("%v, expected the owner's queue to be full", err)
	}
	s.submit(t, order{owner: "b", key: "mine"})
	if _, _, err := s.trySubmit(t.Context(), order{owner: "c"}); !errors.Is(err, job.ErrQueueFull) {
		t.Errorf("%v, expected the queue to be full", err)
	}
	if _, created, err := s.trySubmit(t.Context(), order{owner: "b", key: "mine"}); err != nil || created {
		t.Errorf("a request whose job waits already: created %t, %v", created, err)
	}
	if _, _, err := s.trySubmit(t.Context(), order{owner: "c", key: "new"}); !errors.Is(err, job.ErrQueueFull) {
		t.Errorf("a new key: %v, expected the queue to be full", err)
	}
}

// TestFairness paints for two owners in turn, though one came first with many jobs.
func TestFairness(t *testing.T) {
	s := open(t, t.TempDir())
	var all []*job.Record
	for range 6 {
		all = append(all, s.submit(t, order{owner: "many"}))
	}
	last := s.submit(t, order{owner: "few"})
	urgent := s.submit(t, order{owner: "many", edit: func(sub *job.Submission) { sub.Priority = 1 }})
	for what, r := range map[string]*job.Record{"first": last, "last": all[5]} {
		eventually(t, what+" in its place", func() bool {
			w := s.View(r).Waiting
			return w != nil && (what == "first" && w.Position <= 2 || what == "last" && w.Position == 8)
		})
	}
	var mu sync.Mutex
	var painted []uint64
	s.work(t, func(w *job.Worker) {
		w.Paint = func(ctx context.Context, in job.Inputs, opts paint.Options) (*paint.Painting, error) {
			mu.Lock()
			painted = append(painted, opts.Seed)
			mu.Unlock()
			return flat(ctx, in, opts)
		}
	})
	for _, r := range append(all, last, urgent) {
		s.in(t, r, api.Done)
	}
	place := func(r *job.Record) int {
		n := 1
		for _, other := range append(append([]*job.Record{}, all...), last, urgent) {
			now := s.in(t, other, api.Done)
			if now.Started.Before(*s.in(t, r, api.Done).Started) {
				n++
			}
		}
		return n
	}
	if n := place(last); n > 2 {
		t.Errorf("the other owner's first job was painted as number %d, expected 1 or 2", n)
	}
	if n := place(urgent); n > 2 {
		t.Errorf("the urgent job was painted as number %d, expected 1 or 2", n)
	}
}

// TestDamagedRecord damages the record of one job. The others go on.
func TestDamagedRecord(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	bad, good := s.submit(t, order{}), s.submit(t, order{})
	s.stop()
	damaged := 0
	err := filepath.WalkDir(dir+"/records", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(path, bad.ID) {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil || len(data) < 100 { // a marker
			return err
		}
		data[len(data)/2] ^= 1
		damaged++
		return os.WriteFile(path, data, 0o600)
	})
	if err != nil || damaged != 1 {
		t.Fatalf("%d records damaged, %v", damaged, err)
	}
	s = open(t, dir)
	s.work(t, stub(flat))
	s.in(t, good, api.Done)
	var damage *job.DamagedError
	if _, err := s.Get(t.Context(), "", bad.ID); !errors.As(err, &damage) {
		t.Errorf("%v, expected it to be damaged", err)
	}
	if n := s.Stats().Damaged; n != 1 {
		t.Errorf("%d damaged, expected 1", n)
	}
	list, err := s.List(t.Context(), job.Listing{Limit: 10})
	if err != nil || len(list.Records) != 1 || list.Records[0].ID != good.ID {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestListGoesOn pages through jobs that are active and finished, filtered and not.
func TestListGoesOn(t *testing.T) {
	s := open(t, t.TempDir())
	stop := s.work(t, stub(flat))
	var want []string
	for i := range 7 {
		label := map[string]string{"parity": []string{"even", "odd"}[i%2]}
		r := s.submit(t, order{edit: func(sub *job.Submission) { sub.Labels = label }})
		s.in(t, r, api.Done)
		want = append([]string{r.ID}, want...)
	}
	stop()
	for range 4 {
		want = append([]string{s.submit(t, order{}).ID}, want...)
	}
	s.submit(t, order{owner: "another"})
	for limit := 1; limit <= 12; limit++ {
		var got []string
		for l := (job.Listing{Limit: limit}); ; {
			page, err := s.List(t.Context(), l)
			if err != nil {
				t.Fatal(err)
			}
			if len(page.Records) > limit {
				t.Errorf("%d jobs on a page of %d", len(page.Records), limit)
			}
			for _, r := range page.Records {
				got = append(got, r.ID)
			}
			if l.After = page.Next; l.After == "" {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("pages of %d (-want +got):\n%s", limit, diff)
		}
	}
	var odd []string
	for l := (job.Listing{Limit: 2, Labels: map[string]string{"parity": "odd"}, State: api.Done}); ; {
		page, err := s.List(t.Context(), l)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Records {
			odd = append(odd, r.ID)
		}
		if l.After = page.Next; l.After == "" {
			break
		}
	}
	if len(odd) != 3 {
		t.Errorf("%d jobs with the label, expected 3", len(odd))
	}
	if _, err := s.List(t.Context(), job.Listing{Limit: 1, After: "x"}); !errors.Is(err, job.ErrCursor) {
		t.Errorf("%v, expected an error about the cursor", err)
	}
}

// TestWebhooks calls a webhook until it answers.
func TestWebhooks(t *testing.T) {
	var mu sync.Mutex
	var calls []api.State
	s := open(t, t.TempDir(), func(c *job.Config) {
		c.Webhooks = func(_ context.Context, _ *job.Record, state api.State) error {
			mu.Lock()
			defer mu.Unlock()
			calls = append(calls, state)
			if len(calls) == 1 {
				return errors.New("nobody listens")
			}
			return nil
		}
	})
	s.work(t, stub(flat))
	r := s.submit(t, order{edit: func(sub *job.Submission) {
		sub.Webhook = &api.Webhook{URL: "https://example.com", Events: []api.State{api.Running, api.Done}}
	}})
	eventually(t, "delivered", func() bool {
		now, err := s.Get(t.Context(), "", r.ID)
		return err == nil && now.State == api.Done && len(now.Undelivered) == 0
	})
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff([]api.State{api.Running, api.Running, api.Done}, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	list, err := s.List(t.Context(), job.Listing{Limit: 10})
	if err != nil || len(list.Records) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestSilentWorker loses a worker without a word. Another one takes its job over, and
// the first one's painting is discarded when it comes back.
func TestSilentWorker(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, func(c *job.Config) { c.Silence = 50 * time.Millisecond })
	r := s.submit(t, order{})
	deaf := &deafBus{Bus: s.bus}
	late := make(chan struct{})
	stop := s.work(t, func(w *job.Worker) {
		w.Bus = deaf
		w.Paint = func(ctx context.Context, in job.Inputs, opts paint.Options) (*paint.Painting, error) {
			deaf.deaf.Store(true)
			<-late
			return flat(ctx, in, opts)
		}
	})
	s.in(t, r, api.Running)
	eventually(t, "queued again", func() bool {
		now, err := s.Get(t.Context(), "", r.ID)
		return err == nil && now.State == api.Queued && strings.Contains(now.Reason, "silent")
	})
	other := s.work(t, stub(flat))
	r = s.in(t, r, api.Done)
	other()
	close(late)
	stop()
	after := s.in(t, r, api.Done)
	if after.Revision != r.Revision || after.Result.Blob != r.Result.Blob {
		t.Errorf("the late worker changed the record: %+v", after)
	}
	for _, path := range blobFiles(t, dir, r.ID) {
		if strings.Contains(path, "result-1") {
			t.Errorf("%s of the late worker is left", path)
		}
	}
}

// A deafBus loses what a worker publishes.
type deafBus struct {
	job.Bus
	deaf atomic.Bool
}

func (b *deafBus) Publish(subject string, data []byte) error {
	if b.deaf.Load() {
		return nil
	}
	return b.Bus.Publish(subject, data)
}

// TestPicturesInAnyOrder: a request whose pictures arrive in another order is the same
// request, as clients of HTTP need not order the fields of a form.
func TestPicturesInAnyOrder(t *testing.T) {
	s := open(t, t.TempDir())
	options, err := job.ParseOptions([]byte(quick), nil)
	if err != nil {
		t.Fatal(err)
	}
	pictures := map[api.Role]*picture.File{
		api.Content: {Picture: noise(48, 32, 1)}, api.Style: {Picture: noise(40, 40, 2)}, api.Keep: {Picture: noise(48, 32, 3)},
	}
	var first *job.Record
	for _, roles := range [][]api.Role{{api.Content, api.Style, api.Keep}, {api.Keep, api.Style, api.Content}} {
		d, err := s.Begin(t.Context(), "", "key")
		if err != nil {
			t.Fatal(err)
		}
		for _, role := range roles {
			if err := d.Add(t.Context(), role, pictures[role]); err != nil {
				t.Fatal(err)
			}
		}
		r, created, err := d.Submit(t.Context(), job.Submission{Options: options})
		if err != nil || created != (first == nil) {
			t.Fatalf("%v: created %t, %v", roles, created, err)
		}
		if first == nil {
			first = r
		} else if r.ID != first.ID {
			t.Errorf("%v: another job", roles)
		}
	}
}
