package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
)

// expires returns an edit that sets when a record expires.
func expires(at time.Time) func(*job.Record) {
	return func(r *job.Record) { r.Expires = &at }
}

// sweep returns the sorted ids of the records that are due at a time. forget fails
// for those in keep.
func sweep(t *testing.T, s job.Store, now time.Time, keep ...string) []string {
	t.Helper()
	due := []string{}
	refused := errors.New("refused")
	err := s.Sweep(t.Context(), now, func(owner, id string) error {
		due = append(due, owner+"/"+id)
		if slices.Contains(keep, id) {
			return refused
		}
		return nil
	})
	if err != nil && !errors.Is(err, refused) {
		t.Fatalf("Sweep: %v", err)
	}
	slices.Sort(due)
	return due
}

func wantDue(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("due are %v, want %v", got, want)
	}
}

func testSweep(t *testing.T, s job.Store) {
	now := time.Now().UTC().Truncate(time.Second)
	wantDue(t, sweep(t, s, now.Add(12*time.Hour)))
	create(t, s, Record("", "a", In(api.Done), expires(now.Add(time.Minute))))
	create(t, s, Record("ann", "b", In(job.Stored), expires(now.Add(2*time.Minute))))
	create(t, s, Record("bob", "c", In(api.Failed), expires(now.Add(3*time.Hour))))
	create(t, s, Record("bob", "past", In(job.Deleted), expires(now.Add(-5*time.Hour))))
	create(t, s, Record("bob", "active"))
	r := create(t, s, Record("bob", "later"))
	replace(t, s, r, In(api.Cancelled), expires(now.Add(3*time.Hour)))
	deleted := create(t, s, Record("bob", "deleted", In(api.Done), expires(now.Add(time.Minute))))
	remove(t, s, deleted)

	wantDue(t, sweep(t, s, now.Add(time.Minute-time.Millisecond)), "bob/past")
	// An error of forget keeps a record due and does not stop the others.
	wantDue(t, sweep(t, s, now.Add(5*time.Minute), "a"), "/a", "ann/b")
	wantDue(t, sweep(t, s, now.Add(5*time.Minute)), "/a")
	wantDue(t, sweep(t, s, now.Add(5*time.Minute)))
	half := create(t, s, Record("bob", "half", In(api.Done), expires(now.Add(10*time.Minute+500*time.Millisecond))))
	wantDue(t, sweep(t, s, half.Expires.Add(-100*time.Millisecond)))
	wantDue(t, sweep(t, s, *half.Expires), "bob/half")
	wantDue(t, sweep(t, s, now.Add(4*time.Hour)), "bob/c", "bob/later")
	wantDue(t, sweep(t, s, now.Add(4*time.Hour)))
	// To forget that a record is due is not to delete it.
	load(t, s, "bob", "c")
	// A changed record is due again.
	r = load(t, s, "bob", "c")
	replace(t, s, r, expires(now.Add(5*time.Hour)))
	wantDue(t, sweep(t, s, now.Add(6*time.Hour)), "bob/c")
}

// testSweepKept changes when records expire.
func testSweepKept(t *testing.T, s job.Store) {
	now := time.Now().UTC().Truncate(time.Second)
	var records []*job.Record
	for _, id := range []string{"later", "sooner", "never", "retried"} {
		records = append(records, create(t, s, Record("ann", id, In(api.Done), expires(now.Add(2*time.Hour)))))
	}
	replace(t, s, records[0], expires(now.Add(5*time.Hour)))
	replace(t, s, records[1], expires(now.Add(time.Hour)))
	replace(t, s, records[2], func(r *job.Record) { r.Expires = nil })
	replace(t, s, records[3], In(api.Queued))
	wantDue(t, sweep(t, s, now.Add(90*time.Minute)), "ann/sooner")
	wantDue(t, sweep(t, s, now.Add(3*time.Hour)))
	wantDue(t, sweep(t, s, now.Add(6*time.Hour)), "ann/later")
	// The retried record expires when it has finished again.
	replace(t, s, records[3], In(api.Done), expires(now.Add(7*time.Hour)))
	wantDue(t, sweep(t, s, now.Add(6*time.Hour)))
	wantDue(t, sweep(t, s, now.Add(8*time.Hour)), "ann/retried")
}

// testSweepStops deletes in forget, as the service does, and ends the context.
func testSweepStops(t *testing.T, s job.Store) {
	past := time.Now().Add(-time.Hour)
	for _, id := range []string{"a", "b", "c"} {
		create(t, s, Record("", id, In(api.Done), expires(past)))
	}
	ctx, cancel := context.WithCancel(t.Context())
	forgotten := []string{}
	forget := func(owner, id string) error {
		cancel()
		forgotten = append(forgotten, id)
		r, err := s.Load(t.Context(), owner, id)
		if err != nil {
			return err
		}
		return s.Delete(t.Context(), r)
	}
	_ = s.Sweep(ctx, time.Now(), forget) // it may have ended early
	if err := s.Sweep(t.Context(), time.Now(), forget); err != nil {
		t.Fatalf("Sweep: %v", err)
	}
	slices.Sort(forgotten)
	wantDue(t, forgotten, "a", "b", "c")
	wantList(t, s, "", nil)
	wantDue(t, sweep(t, s, time.Now()))
}

func testLead(t *testing.T, s job.Store) {
	for range 3 {
		if leads, err := s.Lead(t.Context()); err != nil || !leads {
			t.Fatalf("Lead of the only process: %v, %v", leads, err)
		}
	}
}

// testClose closes a store: its watches end, and nothing is written any more.
func testClose(t *testing.T, s job.Store) {
	r := create(t, s, Record("", "one"))
	w := watch(t, s)
	w.synced(t)
	closeStore(t, s)
	select {
	case <-w.ended:
	case <-time.After(timeout):
		t.Fatal("the watch did not end when the store was closed")
	}
	if s.Create(t.Context(), Record("", "two")) == nil || s.Replace(t.Context(), r) == nil || s.Delete(t.Context(), r) == nil {
		t.Error("a closed store accepts changes")
	}
	if s.Ready(t.Context()) == nil {
		t.Error("a closed store is ready")
	}
	if leads, err := s.Lead(t.Context()); leads || err == nil {
		t.Errorf("Lead of a closed store: %v, %v", leads, err)
	}
}
