// Package storetest holds the contracts of [job.Store] and [job.Bus]: tests that
// every store and every bus pass.
package storetest

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
)

// timeout is how long a test waits for what must happen.
const timeout = 30 * time.Second

// Run checks that a store keeps the contract of [job.Store]. open returns an empty
// store, which the tests close.
func Run(t *testing.T, open func(t *testing.T) job.Store) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, s job.Store)
	}{
		{"Create", testCreate},
		{"CreateTwice", testCreateTwice},
		{"Content", testContent},
		{"Names", testNames},
		{"Replace", testReplace},
		{"ReplaceRace", testReplaceRace},
		{"Delete", testDelete},
		{"Keys", testKeys},
		{"KeyRace", testKeyRace},
		{"CancelledWrite", testCancelledWrite},
		{"ListOrder", testListOrder},
		{"ListStates", testListStates},
		{"ListActive", testListActive},
		{"ListLooks", testListLooks},
		{"ListParts", testListParts},
		{"ListPages", testListPages},
		{"ListRetry", testListRetry},
		{"Watch", testWatch},
		{"WatchTwo", testWatchTwo},
		{"WatchEnds", testWatchEnds},
		{"WatchAll", testWatchAll},
		{"PageRevision", testPageRevision},
		{"Sweep", testSweep},
		{"SweepKept", testSweepKept},
		{"SweepStops", testSweepStops},
		{"Lead", testLead},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := open(t)
			t.Cleanup(func() { closeStore(t, s) })
			test.run(t, s)
		})
	}
	t.Run("Close", func(t *testing.T) { testClose(t, open(t)) })
}

// RunTwo checks stores that several processes share. open returns two handles of one
// empty store, which the tests close.
func RunTwo(t *testing.T, open func(t *testing.T) (a, b job.Store)) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, a, b job.Store)
	}{
		{"Load", testTwoLoad},
		{"KeyRace", testTwoKeyRace},
		{"ReplaceRace", testTwoReplaceRace},
		{"Watch", testTwoWatch},
		{"Sweep", testTwoSweep},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, b := open(t)
			t.Cleanup(func() { closeStore(t, a) })
			t.Cleanup(func() { closeStore(t, b) })
			test.run(t, a, b)
		})
	}
	t.Run("Lead", func(t *testing.T) {
		a, b := open(t)
		testTwoLead(t, a, b)
	})
}

// Record returns a small queued record, changed by edits.
func Record(owner, id string, edits ...func(*job.Record)) *job.Record {
	r := &job.Record{
		ID: id, Owner: owner, State: api.Queued,
		Created: time.Now().UTC().Truncate(time.Second), Retention: time.Hour,
		Labels: map[string]string{"test": "storetest"},
	}
	for _, edit := range edits {
		edit(r)
	}
	return r
}

// In returns an edit for [Record] that puts a record into a state as the service
// does: a finished record has the time at which it finished and expires.
func In(state api.State) func(*job.Record) {
	return func(r *job.Record) {
		r.State, r.Finished, r.Expires = state, nil, nil
		now := time.Now().UTC().Truncate(time.Millisecond)
		if state.Final() {
			r.Finished = &now
		}
		if state.Final() || state == job.Stored || state == job.Deleted {
			expires := now.Add(r.Retention)
			r.Expires = &expires
		}
	}
}

// WithKey returns an edit for [Record] that sets the idempotency key.
func WithKey(key string) func(*job.Record) {
	return func(r *job.Record) { r.Key = key }
}

func closeStore(t *testing.T, s job.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func create(t *testing.T, s job.Store, r *job.Record) *job.Record {
	t.Helper()
	if err := s.Create(t.Context(), r); err != nil {
		t.Fatalf("Create %s: %v", r.ID, err)
	}
	return r
}

func load(t *testing.T, s job.Store, owner, id string) *job.Record {
	t.Helper()
	r, err := s.Load(t.Context(), owner, id)
	if err != nil {
		t.Fatalf("Load %s: %v", id, err)
	}
	return r
}

// replace makes edits to r and stores it.
func replace(t *testing.T, s job.Store, r *job.Record, edits ...func(*job.Record)) {
	t.Helper()
	for _, edit := range edits {
		edit(r)
	}
	if err := s.Replace(t.Context(), r); err != nil {
		t.Fatalf("Replace %s: %v", r.ID, err)
	}
}

func remove(t *testing.T, s job.Store, r *job.Record) {
	t.Helper()
	if err := s.Delete(t.Context(), r); err != nil {
		t.Fatalf("Delete %s: %v", r.ID, err)
	}
}

// want fails the test unless err is the target.
func want(t *testing.T, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("%s: error %v, want %v", what, err, target)
	}
}

// eventually waits until done returns true.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(timeout); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, timeout)
		}
	}
}

// same fails the test unless two records are equal in all that is stored.
func same(t *testing.T, got, want *job.Record) {
	t.Helper()
	g, err := got.Encode()
	if err != nil {
		t.Fatal(err)
	}
	w, err := want.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(g, w) {
		t.Errorf("got  %s\nwant %s", g, w)
	}
	if got.Revision != want.Revision {
		t.Errorf("record %s has revision %d, want %d", got.ID, got.Revision, want.Revision)
	}
}

// watcher receives the changes that a watch reports.
type watcher struct {
	changes chan job.Change
	ended   chan error
	stop    context.CancelFunc
}

func watch(t *testing.T, s job.Store) *watcher {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := &watcher{make(chan job.Change, 10_000), make(chan error, 1), cancel}
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		w.ended <- s.Watch(ctx, func(c job.Change) { w.changes <- c })
	}()
	t.Cleanup(func() { cancel(); <-finished })
	return w
}

// until returns the first change that is wanted, and those before it.
func (w *watcher) until(t *testing.T, what string, wanted func(job.Change) bool) (c job.Change, before []job.Change) {
	t.Helper()
	timeout := time.After(timeout)
	for {
		select {
		case c := <-w.changes:
			if wanted(c) {
				return c, before
			}
			before = append(before, c)
		case err := <-w.ended:
			t.Fatalf("the watch ended before it told of %s: %v", what, err)
		case <-timeout:
			t.Fatalf("the watch did not report %s within %v", what, timeout)
		}
	}
}

// synced returns the initial changes.
func (w *watcher) synced(t *testing.T) []job.Change {
	t.Helper()
	_, before := w.until(t, "Synced", func(c job.Change) bool { return c.Synced })
	return before
}

// of waits for a change of a record to a state.
func (w *watcher) of(t *testing.T, id string, state api.State) job.Change {
	t.Helper()
	c, _ := w.until(t, id+" as "+string(state), func(c job.Change) bool {
		return c.Record != nil && c.ID == id && !c.Deleted && c.State == state
	})
	return c
}

// deleted waits until a record is gone.
func (w *watcher) deleted(t *testing.T, id string) job.Change {
	t.Helper()
	c, _ := w.until(t, "the end of "+id, func(c job.Change) bool { return c.Deleted && c.ID == id })
	return c
}
