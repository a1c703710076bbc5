package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
)

func testWatch(t *testing.T, s job.Store) {
	queued := create(t, s, Record("ann", "queued"))
	receiving := create(t, s, Record("", "receiving", In(job.Receiving)))
	hook := create(t, s, Record("ann", "hook", In(api.Failed), func(r *job.Record) { r.Undelivered = []api.State{api.Failed} }))
	create(t, s, Record("ann", "done", In(api.Done)))
	gone := create(t, s, Record("ann", "gone"))
	remove(t, s, gone)
	ceased := create(t, s, Record("ann", "ceased"))
	replace(t, s, ceased, In(api.Cancelled))

	w := watch(t, s)
	told := map[string]job.Change{}
	for _, c := range w.synced(t) {
		if !c.Deleted && c.Active() {
			told[c.ID] = c
		} else {
			delete(told, c.ID) // a store may report earlier changes
		}
	}
	for _, r := range []*job.Record{queued, receiving, hook} {
		if told[r.ID].Record == nil {
			t.Fatalf("the watch did not report %s before Synced", r.ID)
		}
		same(t, told[r.ID].Record, r)
	}
	if len(told) != 3 {
		t.Errorf("the watch told of %d active records, want 3", len(told))
	}

	// Changes, the last of which ends the activity.
	last := uint64(0)
	for _, state := range []api.State{api.Running, api.Queued, api.Running, api.Done} {
		replace(t, s, queued, In(state))
		c := w.of(t, "queued", state)
		same(t, c.Record, queued)
		if c.Damaged != nil || c.Synced || c.Revision <= last {
			t.Errorf("the change to %s: %+v after revision %d", state, c, last)
		}
		last = c.Revision
	}
	replace(t, s, queued, In(api.Queued)) // a retry
	same(t, w.of(t, "queued", api.Queued).Record, queued)
	created := create(t, s, Record("", "new"))
	same(t, w.of(t, "new", api.Queued).Record, created)
	replace(t, s, hook, func(r *job.Record) { r.Undelivered = nil })
	if c := w.of(t, "hook", api.Failed); c.Active() {
		t.Error("the change by which a record ceases to be active tells that it is active")
	}
	remove(t, s, receiving)
	if c := w.deleted(t, "receiving"); c.Owner != "" {
		t.Errorf("the deletion names the owner %q", c.Owner)
	}
	remove(t, s, queued)
	if c := w.deleted(t, "queued"); c.Owner != "ann" {
		t.Errorf("the deletion names the owner %q", c.Owner)
	}
}

// testWatchTwo has two watchers, who do not share records.
func testWatchTwo(t *testing.T, s job.Store) {
	create(t, s, Record("", "one"))
	a, b := watch(t, s), watch(t, s)
	for _, c := range a.synced(t) {
		c.Labels["test"] = "changed by a watcher"
	}
	for _, c := range b.synced(t) {
		if got := c.Labels["test"]; got != "storetest" {
			t.Errorf("a watcher sees %q, what another wrote into its record", got)
		}
	}
	r := create(t, s, Record("", "two"))
	a.of(t, "two", api.Queued).Labels["test"] = "changed by a watcher"
	r.Labels["test"] = "changed by the creator"
	if got := b.of(t, "two", api.Queued).Labels["test"]; got != "storetest" {
		t.Errorf("a watcher sees %q, what another wrote into its record", got)
	}
	// The end of one watch is not that of the other.
	a.stop()
	<-a.ended
	create(t, s, Record("", "three"))
	b.of(t, "three", api.Queued)
}

func testWatchEnds(t *testing.T, s job.Store) {
	w := watch(t, s)
	w.synced(t)
	w.stop()
	select {
	case err := <-w.ended:
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("the watch ended with %v", err)
		}
	case <-time.After(timeout):
		t.Fatal("the watch did not end with its context")
	}
	create(t, s, Record("", "after"))
	select {
	case c := <-w.changes:
		t.Errorf("a watch that ended tells of %+v", c)
	default:
	}
}

// testWatchAll begins watches while records change. The last change that a watch
// tells of a record is how it is stored.
func testWatchAll(t *testing.T, s job.Store) {
	const jobs, changes = 6, 12
	var wg sync.WaitGroup
	for i := range jobs {
		wg.Go(func() {
			r := Record("", fmt.Sprint("job-", i))
			if err := s.Create(t.Context(), r); err != nil {
				t.Error(err)
				return
			}
			for n := range changes {
				r.Attempts = n + 1
				if err := s.Replace(t.Context(), r); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	watchers := []*watcher{watch(t, s), watch(t, s), watch(t, s)}
	wg.Wait()
	if t.Failed() {
		return
	}
	for _, w := range append(watchers, watch(t, s)) {
		attempts, synced := map[string]int{}, false
		w.until(t, "the last change of each job", func(c job.Change) bool {
			synced = synced || c.Synced
			if c.Record != nil {
				if c.Attempts < attempts[c.ID] {
					t.Errorf("the watch told of change %d of %s after %d", c.Attempts, c.ID, attempts[c.ID])
				}
				attempts[c.ID] = c.Attempts
			}
			sum := 0
			for _, n := range attempts {
				sum += n
			}
			return synced && sum == jobs*changes
		})
	}
}

// testPageRevision reads pages and waits until a watch reaches their revision: it
// has then reported each job that is not in the page.
func testPageRevision(t *testing.T, s job.Store) {
	w := watch(t, s)
	reached, told := uint64(0), map[string]bool{}
	w.until(t, "Synced", func(c job.Change) bool { reached = max(reached, c.Revision); return c.Synced })
	for i := range 20 {
		id := fmt.Sprintf("job-%02d", i)
		r := create(t, s, Record("ann", id))
		page := list(t, s, job.Query{Owner: "ann", Limit: 100})
		if page.Revision < r.Revision {
			t.Fatalf("the page has revision %d, before it was a change with revision %d", page.Revision, r.Revision)
		}
		for reached < page.Revision {
			c, _ := w.until(t, fmt.Sprint("revision ", page.Revision), func(job.Change) bool { return true })
			reached = max(reached, c.Revision)
			if c.Record != nil {
				told[c.ID] = true
			}
		}
		if !told[id] {
			t.Fatalf("the watch reached the revision of the page and did not report %s", id)
		}
		if i%2 == 0 {
			replace(t, s, r, In(api.Done))
		}
	}
	// Records that never were active do not raise it beyond what a watch reports.
	create(t, s, Record("ann", "stored", In(job.Stored)))
	page := list(t, s, job.Query{Owner: "ann", Limit: 100})
	for reached < page.Revision {
		c, _ := w.until(t, fmt.Sprint("revision ", page.Revision), func(job.Change) bool { return true })
		reached = max(reached, c.Revision)
	}
}
