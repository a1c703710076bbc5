package storetest

import (
	"context"
	"errors"
	"fmt"
	"image"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/job"
)

func testCreate(t *testing.T, s job.Store) {
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("Ready: %v", err)
	}
	_, err := s.Load(t.Context(), "ann", "none")
	want(t, "Load of an unknown record", err, job.ErrNotFound)
	r := create(t, s, Record("ann", "one"))
	if r.Revision == 0 {
		t.Error("Create did not set the revision")
	}
	same(t, load(t, s, "ann", "one"), r)
	_, err = s.Load(t.Context(), "", "one")
	want(t, "Load as another owner", err, job.ErrNotFound)
	other := create(t, s, Record("", "one", func(r *job.Record) { r.Error = "other" }))
	same(t, load(t, s, "", "one"), other)
	same(t, load(t, s, "ann", "one"), r)
}

// testCreateTwice creates a record again, which must not replace the first.
func testCreateTwice(t *testing.T, s job.Store) {
	first := create(t, s, Record("", "one"))
	if err := s.Create(t.Context(), Record("", "one", func(r *job.Record) { r.Error = "second" })); err == nil {
		t.Error("a record that exists was created")
	}
	same(t, load(t, s, "", "one"), first)
}

// testContent stores all fields, and text that formats of files trip over.
func testContent(t *testing.T, s job.Store) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	r := Record("ann", "one", func(r *job.Record) {
		r.Started, r.Request, r.Network, r.Digest, r.Memory = &now, "digest", "builtin", "sha256", 1<<40
		r.Labels = map[string]string{"a\nb": "\x00\u2028 \"'\\", "": strings.Repeat("ü", 5000)}
		r.Inputs = []job.Input{{Role: api.Content, Width: 3, Height: 2, Blob: "one/a", Info: blob.Info{Size: 7, SHA256: "ab"}}}
		r.Options.Shape = []int{image.Pt(4, 5).X, 5}
		r.Options.Seed = 1<<53 - 1
		r.Fence, r.Attempts, r.Priority = 1<<63, 3, -2
		r.Progress = &api.Progress{Step: 7, Costs: api.Costs{Total: 1e-300}}
		for i := range 120 {
			r.Curve = append(r.Curve, api.Sample{Step: i, Total: 1 / float64(i+1)})
		}
		r.Webhook = &api.Webhook{URL: "https://example.org/hook"}
		r.Undelivered = []api.State{api.Running}
	})
	create(t, s, r)
	same(t, load(t, s, "ann", "one"), r)
}

// testNames looks for records by names that no record has, as a client may send
// them.
func testNames(t *testing.T, s job.Store) {
	create(t, s, Record("", "one"))
	for _, id := range []string{"", ".", "..", "*", ">", "one.", "one.two", "../one", "/one", "one/", "one two", "ONE", "one\x00", "öne", strings.Repeat("x", 5000)} {
		if _, err := s.Load(t.Context(), "", id); !errors.Is(err, job.ErrNotFound) {
			t.Errorf("Load of %.20q: error %v, want %v", id, err, job.ErrNotFound)
		}
	}
}

func testReplace(t *testing.T, s job.Store) {
	r := create(t, s, Record("ann", "one"))
	stale := load(t, s, "ann", "one")
	before := r.Revision
	replace(t, s, r, In(api.Running), func(r *job.Record) { r.Fence = 1 })
	if r.Revision <= before {
		t.Errorf("the revision went from %d to %d", before, r.Revision)
	}
	same(t, load(t, s, "ann", "one"), r)

	stale.Error = "stale"
	want(t, "Replace of an old revision", s.Replace(t.Context(), stale), job.ErrStale)
	if stale.Revision != before {
		t.Errorf("a failed Replace set the revision %d", stale.Revision)
	}
	ahead := load(t, s, "ann", "one")
	ahead.Revision++
	want(t, "Replace of a revision to come", s.Replace(t.Context(), ahead), job.ErrStale)
	want(t, "Replace of a record that never was", s.Replace(t.Context(), Record("ann", "none")), job.ErrStale)
	want(t, "Replace as another owner", s.Replace(t.Context(), Record("", "one", func(other *job.Record) { other.Revision = r.Revision })), job.ErrStale)
	same(t, load(t, s, "ann", "one"), r)

	// Each replaced record can be replaced again, through all states.
	for _, state := range []api.State{api.Queued, api.Running, api.Done, api.Queued, api.Cancelled, job.Deleted} {
		replace(t, s, r, In(state))
		same(t, load(t, s, "ann", "one"), r)
	}
}

// race runs n functions at the same time and returns their errors.
func race(n int, run func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = run(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// oneWins fails the test unless one of errs is nil and the others are ErrStale.
func oneWins(t *testing.T, errs []error) (winner int) {
	t.Helper()
	winners := 0
	for i, err := range errs {
		if err == nil {
			winners++
			winner = i
		} else if !errors.Is(err, job.ErrStale) {
			t.Errorf("error %v, want %v", err, job.ErrStale)
		}
	}
	if winners != 1 {
		t.Fatalf("%d changes of one revision succeeded", winners)
	}
	return winner
}

func testReplaceRace(t *testing.T, s job.Store) {
	create(t, s, Record("", "one"))
	for range 5 {
		records := make([]*job.Record, 20)
		for i := range records {
			records[i] = load(t, s, "", "one")
			records[i].Error = fmt.Sprint("writer ", i)
		}
		winner := oneWins(t, race(len(records), func(i int) error { return s.Replace(t.Context(), records[i]) }))
		same(t, load(t, s, "", "one"), records[winner])
	}
	// A change and a deletion of one revision.
	a, b := load(t, s, "", "one"), load(t, s, "", "one")
	winner := oneWins(t, race(2, func(i int) error {
		if i == 0 {
			return s.Replace(t.Context(), a)
		}
		return s.Delete(t.Context(), b)
	}))
	_, err := s.Load(t.Context(), "", "one")
	if winner == 0 && err != nil || winner == 1 && !errors.Is(err, job.ErrNotFound) {
		t.Errorf("change %d won, then Load returned %v", winner, err)
	}
}

func testDelete(t *testing.T, s job.Store) {
	for _, state := range []api.State{job.Receiving, api.Queued, api.Running, api.Done, job.Stored, job.Deleted} {
		r := create(t, s, Record("ann", "one", In(state)))
		kept := create(t, s, Record("ann", "two-"+string(state), In(state)))
		stale := load(t, s, "ann", "one")
		replace(t, s, r)
		want(t, "Delete of an old revision", s.Delete(t.Context(), stale), job.ErrStale)
		same(t, load(t, s, "ann", "one"), r)
		remove(t, s, r)
		_, err := s.Load(t.Context(), "ann", "one")
		want(t, "Load of a deleted record", err, job.ErrNotFound)
		want(t, "Delete of a deleted record", s.Delete(t.Context(), r), job.ErrStale)
		want(t, "Replace of a deleted record", s.Replace(t.Context(), r), job.ErrStale)
		_, err = s.Load(t.Context(), "ann", "one")
		want(t, "Load of a deleted record", err, job.ErrNotFound)
		same(t, load(t, s, "ann", kept.ID), kept)
	}
	// The id of a record that is gone may be used again. What was loaded before
	// does not change the new record.
	old := create(t, s, Record("ann", "again"))
	remove(t, s, old)
	again := create(t, s, Record("ann", "again"))
	want(t, "Replace of the deleted record", s.Replace(t.Context(), old), job.ErrStale)
	want(t, "Delete of the deleted record", s.Delete(t.Context(), old), job.ErrStale)
	same(t, load(t, s, "ann", "again"), again)
}

// wantKey fails the test unless err is a KeyError of a record.
func wantKey(t *testing.T, err error, id string) {
	t.Helper()
	var key *job.KeyError
	if !errors.As(err, &key) || key.ID != id {
		t.Fatalf("error %v, want the key of %s", err, id)
	}
}

func testKeys(t *testing.T, s job.Store) {
	r := create(t, s, Record("ann", "one", WithKey("k")))
	wantKey(t, s.Create(t.Context(), Record("ann", "two", WithKey("k"))), "one")
	_, err := s.Load(t.Context(), "ann", "two")
	want(t, "Load of what was not created", err, job.ErrNotFound)
	// Other owners and other keys are free, and "" is no key.
	create(t, s, Record("", "one", WithKey("k")))
	create(t, s, Record("bob", "one", WithKey("k")))
	create(t, s, Record("ann", "three", WithKey("l")))
	create(t, s, Record("ann", "four"))
	create(t, s, Record("ann", "five"))
	// Keys of any text, which are all different.
	for i, key := range []string{"K", "../k", "a/b", "a.b", "*", ">", " ", "ü", strings.Repeat("k", 300)} {
		id := fmt.Sprint("text-", i)
		create(t, s, Record("ann", id, WithKey(key)))
		wantKey(t, s.Create(t.Context(), Record("ann", "six", WithKey(key))), id)
	}
	// The key lasts through all changes of the record.
	for _, state := range []api.State{api.Running, api.Done} {
		replace(t, s, r, In(state))
		wantKey(t, s.Create(t.Context(), Record("ann", "two", WithKey("k"))), "one")
	}
	// It is free when the owner has deleted the record.
	replace(t, s, r, In(job.Deleted))
	second := create(t, s, Record("ann", "two", WithKey("k")))
	wantKey(t, s.Create(t.Context(), Record("ann", "six", WithKey("k"))), "two")
	// The end of the first record leaves the key to the second.
	remove(t, s, r)
	wantKey(t, s.Create(t.Context(), Record("ann", "six", WithKey("k"))), "two")
	remove(t, s, second)
	create(t, s, Record("ann", "six", WithKey("k")))
}

// keyRace creates 50 records with one key through stores in turn.
func keyRace(t *testing.T, stores ...job.Store) {
	for _, key := range []string{"k", "l"} {
		records := make([]*job.Record, 50)
		for i := range records {
			records[i] = Record("ann", fmt.Sprintf("%s-%d", key, i), WithKey(key))
		}
		errs := race(len(records), func(i int) error { return stores[i%len(stores)].Create(t.Context(), records[i]) })
		winner := ""
		for i, err := range errs {
			if err == nil && winner != "" {
				t.Fatalf("%s and %s both have the key", winner, records[i].ID)
			}
			if err == nil {
				winner = records[i].ID
			}
		}
		for i, err := range errs {
			_, loadErr := stores[0].Load(t.Context(), "ann", records[i].ID)
			if err == nil {
				want(t, "Load of the winner", loadErr, nil)
				continue
			}
			wantKey(t, err, winner)
			want(t, "Load of a loser", loadErr, job.ErrNotFound)
		}
	}
}

func testKeyRace(t *testing.T, s job.Store) { keyRace(t, s) }

// testCancelledWrite ends contexts while records are written. A write that was
// accepted lasts, and one that failed with another error than ErrDown did not
// happen.
func testCancelledWrite(t *testing.T, s job.Store) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	check := func(what string, err error, happened bool) {
		t.Helper()
		if err == nil && !happened {
			t.Fatalf("%s was accepted and is lost", what)
		}
		if err != nil && !errors.Is(err, job.ErrDown) && happened {
			t.Fatalf("%s failed with %v and happened", what, err)
		}
	}
	for i := range 40 {
		ctx := ended
		if i > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(t.Context(), time.Duration(i)*50*time.Microsecond)
			defer cancel()
		}
		id := fmt.Sprint("job-", i)
		r := Record("ann", id, WithKey(id))
		err := s.Create(ctx, r)
		_, loadErr := s.Load(t.Context(), "ann", id)
		if loadErr != nil {
			want(t, "Load", loadErr, job.ErrNotFound)
		}
		check("Create", err, loadErr == nil)
		if loadErr != nil { // nothing of it is left: the key is free
			create(t, s, Record("ann", id, WithKey(id)))
		}
		r = load(t, s, "ann", id)
		In(api.Done)(r)
		err = s.Replace(ctx, r)
		stored := load(t, s, "ann", id)
		check("Replace", err, stored.State == api.Done)
		err = s.Delete(ctx, stored)
		_, loadErr = s.Load(t.Context(), "ann", id)
		check("Delete", err, errors.Is(loadErr, job.ErrNotFound))
	}
}
