package natsstore_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/job/natsstore"
	"github.com/pastiche-art/pastiche/internal/job/storetest"
)

func TestCluster(t *testing.T) {
	c := three(t)
	two := func(t *testing.T) (a, b *natsstore.Store) {
		prefix := fresh()
		return open(t, natsstore.Config{URL: c.url(1), Prefix: prefix, Create: true, Replicas: 3}),
			open(t, natsstore.Config{URL: c.url(2), Prefix: prefix, Create: true, Replicas: 3})
	}
	t.Run("One", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) job.Store {
			return open(t, natsstore.Config{URL: c.url(0), Prefix: fresh(), Create: true, Replicas: 3})
		})
	})
	t.Run("Two", func(t *testing.T) {
		storetest.RunTwo(t, func(t *testing.T) (a, b job.Store) { return two(t) })
	})
	t.Run("Bus", func(t *testing.T) {
		storetest.RunBus(t, func(t *testing.T) (a, b job.Bus) {
			one, other := two(t)
			return one.Bus(), other.Bus()
		})
	})
	t.Run("Fresh", func(t *testing.T) { testFresh(t, c) })
}

// testFresh writes through one server of a cluster and reads through the others at
// once.
func testFresh(t *testing.T, c *cluster) {
	prefix := fresh()
	var stores []*natsstore.Store
	for i := range c.servers {
		stores = append(stores, open(t, natsstore.Config{URL: c.url(i), Prefix: prefix, Create: true, Replicas: 3}))
	}
	read := func(r *job.Record) {
		t.Helper()
		for i, s := range stores {
			got, err := s.Load(t.Context(), r.Owner, r.ID)
			if err != nil {
				t.Fatalf("server %d: %v", i, err)
			}
			if got.Revision != r.Revision || got.State != r.State {
				t.Fatalf("server %d has revision %d, %s; want %d, %s", i, got.Revision, got.State, r.Revision, r.State)
			}
		}
	}
	for i := range 200 {
		r := storetest.Record("ann", fmt.Sprint("job-", i))
		writer := stores[i%3]
		if err := writer.Create(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		read(r)
		storetest.In(api.Done)(r)
		if err := writer.Replace(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		read(r)
		page, err := stores[(i+1)%3].List(t.Context(), job.Query{Owner: "ann", Limit: 1})
		if err != nil || len(page.Records) != 1 || page.Records[0].ID != r.ID {
			t.Fatalf("a list does not begin with %s: %v, %v", r.ID, page, err)
		}
	}
}

// TestServersKilled stops one of three servers after the other while records move
// from state to state. No record is lost, and no change is made twice.
func TestServersKilled(t *testing.T) {
	c := three(t)
	s := open(t, natsstore.Config{URL: c.urls(), Prefix: fresh(), Create: true, Replicas: 3})

	// A watch that begins again when it may have missed something.
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	var seen map[string]api.State // by the present watch
	var watching sync.WaitGroup
	watching.Go(func() {
		for ctx.Err() == nil {
			mu.Lock()
			seen = map[string]api.State{}
			mu.Unlock()
			err := s.Watch(ctx, func(c job.Change) {
				mu.Lock()
				defer mu.Unlock()
				if c.Record != nil {
					seen[c.ID] = c.State
				}
			})
			if ctx.Err() == nil {
				t.Log("watching again: ", err)
				time.Sleep(100 * time.Millisecond)
			}
		}
	})
	defer watching.Wait()
	defer cancel()

	// until repeats what fails because no server answers.
	until := func(what string, do func() error) error {
		for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
			err := do()
			if !errors.Is(err, job.ErrDown) || time.Now().After(deadline) {
				if err != nil {
					err = fmt.Errorf("%s: %w", what, err)
				}
				return err
			}
		}
	}
	const changes = 5
	done := make(chan struct{})
	var records []*job.Record
	var working sync.WaitGroup
	for worker := range 4 {
		working.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				id := fmt.Sprintf("job-%d-%d", worker, i)
				r := storetest.Record("ann", id, storetest.WithKey(id))
				err := until("Create "+id, func() error {
					err := s.Create(t.Context(), r)
					var key *job.KeyError
					if errors.As(err, &key) && key.ID == id { // it was created after all
						r, err = s.Load(t.Context(), "ann", id)
					}
					return err
				})
				for n := 1; n <= changes && err == nil; n++ {
					err = until(fmt.Sprint("change ", n, " of ", id), func() error {
						r.Attempts = n
						storetest.In(api.Running)(r)
						if n == changes {
							storetest.In(api.Done)(r)
						}
						err := s.Replace(t.Context(), r)
						if errors.Is(err, job.ErrDown) { // it is not known whether it was made
							stored, loadErr := s.Load(t.Context(), "ann", id)
							if loadErr != nil {
								return fmt.Errorf("%w: %w", job.ErrDown, loadErr)
							}
							if stored.Attempts != n && stored.Attempts != n-1 {
								return fmt.Errorf("stored is change %d", stored.Attempts)
							}
							if r = stored; stored.Attempts == n {
								return nil
							}
						}
						return err
					})
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				records = append(records, r)
				mu.Unlock()
			}
		})
	}
	finished := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(records)
	}
	for i := range c.servers {
		more := finished() + 5
		eventually(t, "records finish with three servers", func() bool { return finished() >= more })
		stop(c.servers[i])
		more = finished() + 5
		eventually(t, "records finish with two servers", func() bool { return finished() >= more })
		c.start(t, i)
		eventually(t, "the server is back", func() bool { return c.servers[i].Healthz(nil).StatusCode == http.StatusOK })
	}
	close(done)
	working.Wait()

	for _, r := range records {
		got, err := s.Load(t.Context(), "ann", r.ID)
		if err != nil || got.Revision != r.Revision || got.Attempts != changes {
			t.Errorf("record %s: %+v, %v, want revision %d", r.ID, got, err, r.Revision)
		}
	}
	listed := map[string]int{}
	q := job.Query{Owner: "ann", Limit: 50}
	for {
		page, err := s.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Records {
			listed[r.ID]++
		}
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	for _, r := range records {
		if listed[r.ID] != 1 {
			t.Errorf("record %s is listed %d times", r.ID, listed[r.ID])
		}
	}
	if len(listed) != len(records) {
		t.Errorf("%d records are listed, want %d", len(listed), len(records))
	}
	eventually(t, "the watch tells of no record that has finished as running", func() bool {
		mu.Lock()
		defer mu.Unlock()
		for _, r := range records {
			if state, found := seen[r.ID]; found && state != api.Done {
				return false
			}
		}
		return true
	})
	t.Logf("%d records", len(records))
}
