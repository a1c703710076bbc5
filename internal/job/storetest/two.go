package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
)

// testTwoLoad loads by one handle what the other wrote just now.
func testTwoLoad(t *testing.T, a, b job.Store) {
	for i := range 20 {
		id := fmt.Sprint("job-", i)
		r := create(t, a, Record("ann", id, WithKey(id)))
		other := load(t, b, "ann", id)
		same(t, other, r)
		wantKey(t, b.Create(t.Context(), Record("ann", "another", WithKey(id))), id)
		replace(t, b, other, In(api.Done))
		want(t, "Replace of what the other changed", a.Replace(t.Context(), r), job.ErrStale)
		r = load(t, a, "ann", id)
		same(t, r, other)
		page := list(t, a, job.Query{Owner: "ann", Limit: 1})
		if len(page.Records) != 1 || page.Records[0].ID != id {
			t.Fatalf("the other handle lists %v", page.Records)
		}
		remove(t, a, r)
		_, err := b.Load(t.Context(), "ann", id)
		want(t, "Load of what the other deleted", err, job.ErrNotFound)
	}
}

func testTwoKeyRace(t *testing.T, a, b job.Store) { keyRace(t, a, b) }

func testTwoReplaceRace(t *testing.T, a, b job.Store) {
	create(t, a, Record("", "one"))
	stores := []job.Store{a, b}
	for range 10 {
		records := make([]*job.Record, 10)
		for i := range records {
			records[i] = load(t, stores[i%2], "", "one")
			records[i].Error = fmt.Sprint("writer ", i)
		}
		winner := oneWins(t, race(len(records), func(i int) error { return stores[i%2].Replace(t.Context(), records[i]) }))
		for _, s := range stores {
			same(t, load(t, s, "", "one"), records[winner])
		}
	}
}

func testTwoWatch(t *testing.T, a, b job.Store) {
	r := create(t, a, Record("", "one"))
	w := watch(t, b)
	w.synced(t)
	replace(t, a, r, In(api.Running))
	same(t, w.of(t, "one", api.Running).Record, r)
	page := list(t, a, job.Query{Limit: 1})
	if page.Revision < r.Revision {
		t.Errorf("the page has revision %d, before it was a change with revision %d", page.Revision, r.Revision)
	}
	remove(t, a, r)
	if c := w.deleted(t, "one"); c.Revision < page.Revision {
		t.Errorf("the watch tells revision %d after a page has told %d", c.Revision, page.Revision)
	}
}

// testTwoSweep sweeps by both handles what either wrote.
func testTwoSweep(t *testing.T, a, b job.Store) {
	now := time.Now().UTC()
	create(t, a, Record("", "a", In(api.Done), expires(now.Add(time.Hour))))
	create(t, b, Record("", "b", In(api.Done), expires(now.Add(2*time.Hour))))
	wantDue(t, sweep(t, b, now.Add(90*time.Minute)), "/a")
	wantDue(t, sweep(t, a, now.Add(3*time.Hour)), "/b")
	wantDue(t, sweep(t, b, now.Add(3*time.Hour)))
}

// testTwoLead has one leader, and another when that one closes its handle.
func testTwoLead(t *testing.T, a, b job.Store) {
	lead := func(s job.Store) bool {
		t.Helper()
		leads, err := s.Lead(t.Context())
		if err != nil {
			t.Fatalf("Lead: %v", err)
		}
		return leads
	}
	if !lead(a) {
		t.Error("the first process does not lead")
	}
	for range 3 {
		if lead(b) || !lead(a) {
			t.Error("the leader changed without need")
		}
	}
	closeStore(t, a)
	eventually(t, "the other process leads", func() bool { return lead(b) })
	closeStore(t, b)
}
