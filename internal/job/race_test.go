package job_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// A readStore tells of its first Load.
type readStore struct {
	job.Store
	once sync.Once
	read chan struct{}
}

func (s *readStore) Load(ctx context.Context, owner, id string) (*job.Record, error) {
	s.once.Do(func() { close(s.read) })
	return s.Store.Load(ctx, owner, id)
}

// TestKeyOfADiscardedDraft waits with a second request for the first with its key,
// which is refused in the end.
func TestKeyOfADiscardedDraft(t *testing.T) {
	store := &readStore{read: make(chan struct{})}
	s := open(t, t.TempDir(), func(c *job.Config) {
		store.Store = c.Store
		c.Store = store
	})
	first, err := s.Begin(t.Context(), "", "mine")
	if err != nil {
		t.Fatal(err)
	}
	var second sync.WaitGroup
	second.Go(func() {
		if _, created, err := s.trySubmit(t.Context(), order{key: "mine"}); err != nil || !created {
			t.Errorf("the second request: created %t, %v", created, err)
		}
	})
	<-store.read
	first.Discard()
	second.Wait()
	// The record of the discarded draft remains for a while.
	if _, created, err := s.trySubmit(t.Context(), order{key: "mine"}); err != nil || created {
		t.Errorf("the third request: created %t, %v", created, err)
	}
}

// TestKeyOfAnExpiredJob repeats a request whose job has expired and was not yet
// deleted.
func TestKeyOfAnExpiredJob(t *testing.T) {
	s := open(t, t.TempDir(), func(c *job.Config) { c.Retention = time.Millisecond })
	r := s.submit(t, order{key: "mine"})
	if _, err := s.Cancel(t.Context(), "", r.ID); err != nil {
		t.Fatal(err)
	}
	eventually(t, "expired", func() bool {
		_, err := s.Get(t.Context(), "", r.ID)
		return errors.Is(err, job.ErrNotFound)
	})
	again, created, err := s.trySubmit(t.Context(), order{key: "mine"})
	if err != nil || !created || again.ID == r.ID {
		t.Errorf("created %t, %v", created, err)
	}
}

// TestLateDraft goes on with an upload that the leader has discarded.
func TestLateDraft(t *testing.T) {
	for name, end := range map[string]func(*job.Draft) error{
		"submit": func(d *job.Draft) error {
			options, err := job.ParseOptions([]byte(quick), nil)
			if err == nil {
				_, _, err = d.Submit(t.Context(), job.Submission{Options: options})
			}
			return err
		},
		"store":   func(d *job.Draft) error { _, err := d.Store(t.Context(), time.Hour); return err },
		"discard": func(d *job.Draft) error { d.Discard(); return job.ErrDown },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir)
			d, err := s.Begin(t.Context(), "", "")
			if err != nil {
				t.Fatal(err)
			}
			draft := s.discardDraft(t)
			for _, role := range []api.Role{api.Content, api.Style} {
				if err := d.Add(t.Context(), role, &picture.File{Picture: noise(16, 16, 1)}); err != nil {
					t.Fatal(err)
				}
			}
			if err := end(d); !errors.Is(err, job.ErrDown) {
				t.Errorf("%v, expected the upload to be discarded", err)
			}
			if left := blobFiles(t, dir, draft.ID); len(left) > 0 {
				t.Errorf("%q are left", left)
			}
		})
	}
}

// discardDraft discards the only draft, as the leader does, and returns its record.
func (s *server) discardDraft(t *testing.T) *job.Record {
	t.Helper()
	var draft *job.Record
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := s.store.Watch(ctx, func(c job.Change) {
		if c.Record != nil && draft == nil {
			draft = c.Record
		}
		cancel()
	})
	if draft == nil {
		t.Fatalf("no draft: %v", err)
	}
	draft.State = job.Deleted
	if err := s.store.Replace(t.Context(), draft); err != nil {
		t.Fatal(err)
	}
	return draft
}

// A lateStore keeps a job for longer just after a sweep has looked at it.
type lateStore struct {
	job.Store
	once  sync.Once
	swept chan struct{}
}

func (s *lateStore) Load(ctx context.Context, owner, id string) (*job.Record, error) {
	r, err := s.Store.Load(ctx, owner, id)
	if err == nil && r.Expires != nil && time.Now().After(*r.Expires) {
		s.once.Do(func() {
			later, kept := time.Now().Add(time.Hour), *r
			kept.Expires = &later
			err = s.Replace(ctx, &kept)
		})
	}
	return r, err
}

func (s *lateStore) Sweep(ctx context.Context, now time.Time, forget func(owner, id string) error) error {
	err := s.Store.Sweep(ctx, now, forget)
	select {
	case <-s.swept:
	default:
		close(s.swept)
	}
	return err
}

// TestKeptWhileSwept keeps a job for longer while it is being swept.
func TestKeptWhileSwept(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	stop := s.work(t, stub(flat))
	r := s.in(t, s.submit(t, order{}), api.Done)
	stop()
	past := time.Now().Add(-time.Minute)
	r.Expires = &past
	if err := s.store.Replace(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	s.stop()
	store := &lateStore{swept: make(chan struct{})}
	s = open(t, dir, func(c *job.Config) {
		store.Store = c.Store
		c.Store = store
	})
	<-store.swept
	s.result(t, s.in(t, r, api.Done))
}

// TestRetryKeepsCalls retries a job while its webhook is told that it failed.
func TestRetryKeepsCalls(t *testing.T) {
	calling, goOn := make(chan api.State, 8), make(chan struct{})
	s := open(t, t.TempDir(), func(c *job.Config) {
		c.Webhooks = func(_ context.Context, _ *job.Record, state api.State) error {
			calling <- state
			<-goOn
			return nil
		}
	})
	s.work(t, stub(func(context.Context, job.Inputs, paint.Options) (*paint.Painting, error) {
		return nil, errors.New("the paint has run out")
	}))
	r := s.submit(t, order{edit: func(sub *job.Submission) { sub.Webhook = &api.Webhook{URL: "https://example.com"} }})
	<-calling
	if _, err := s.Retry(t.Context(), "", r.ID); err != nil {
		t.Fatal(err)
	}
	eventually(t, "failed again", func() bool {
		now, err := s.Get(t.Context(), "", r.ID)
		return err == nil && now.State == api.Failed && strings.Contains(now.Error, "run out")
	})
	close(goOn)
	select {
	case <-calling:
	case <-time.After(patience):
		t.Error("the webhook is not told of the second failure")
	}
}

// TestDeleteIsTold deletes a job that is finished.
func TestDeleteIsTold(t *testing.T) {
	s := open(t, t.TempDir())
	r := s.submit(t, order{})
	if _, err := s.Cancel(t.Context(), "", r.ID); err != nil {
		t.Fatal(err)
	}
	sub := s.Subscribe("", r.ID)
	defer sub.Close()
	if err := s.Delete(t.Context(), "", r.ID); err != nil {
		t.Fatal(err)
	}
	eventually(t, "told", func() bool {
		updates, err := sub.Take(t.Context())
		return err == nil && updates[0].Deleted
	})
}

// TestCancelRemovesTheCheckpoint cancels a job that waits with a checkpoint.
func TestCancelRemovesTheCheckpoint(t *testing.T) {
	s := open(t, t.TempDir())
	r := s.submit(t, order{})
	r.Checkpoint = r.ID + "/checkpoint-1-1"
	if _, err := s.blobs.Put(t.Context(), r.Checkpoint, strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	if err := s.store.Replace(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Cancel(t.Context(), "", r.ID); err != nil {
		t.Fatal(err)
	}
	if s.isStored(t, r.Checkpoint) {
		t.Error("the checkpoint remains")
	}
}

// TestListGoesOnWithoutItsLast asks for the page after a job that is finished
// meanwhile.
func TestListGoesOnWithoutItsLast(t *testing.T) {
	s := open(t, t.TempDir())
	var all []*job.Record
	for range 3 {
		all = append(all, s.submit(t, order{}))
	}
	l := job.Listing{Limit: 2}
	page, err := s.List(t.Context(), l)
	if err != nil || len(page.Records) != 2 || page.Records[1].ID != all[1].ID {
		t.Fatalf("%+v, %v", page, err)
	}
	if _, err := s.Cancel(t.Context(), "", all[1].ID); err != nil {
		t.Fatal(err)
	}
	l.After = page.Next
	if page, err = s.List(t.Context(), l); err != nil || page.Records[0].ID != all[0].ID {
		t.Errorf("%+v, %v; expected job %s first", page.Records[0], err, all[0].ID)
	}
}
