package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
)

// list returns a page.
func list(t *testing.T, s job.Store, q job.Query) *job.Page {
	t.Helper()
	page, err := s.List(t.Context(), q)
	if err != nil {
		t.Fatalf("List: %v", err)
	}
	if len(page.Records) > q.Limit {
		t.Fatalf("a page of %d records where the limit is %d", len(page.Records), q.Limit)
	}
	for _, d := range page.Damaged {
		t.Errorf("List: %v", d)
	}
	return page
}

// all returns the ids of all pages.
func all(t *testing.T, s job.Store, q job.Query) []string {
	t.Helper()
	ids := []string{}
	for {
		page := list(t, s, q)
		for _, r := range page.Records {
			if r.Owner != q.Owner {
				t.Errorf("record %s of %q in a list of %q", r.ID, r.Owner, q.Owner)
			}
			same(t, load(t, s, q.Owner, r.ID), r)
			ids = append(ids, r.ID)
		}
		if page.Next == "" {
			return ids
		}
		if len(page.Records) == 0 {
			t.Fatal("an empty page before the last one")
		}
		q.After = page.Next
	}
}

// wantList fails the test unless the pages hold these records, in pages of several
// sizes, and the total is their number.
func wantList(t *testing.T, s job.Store, owner string, states []api.State, ids ...string) {
	t.Helper()
	for _, limit := range []int{1, 2, 3, max(1, len(ids)), 100} {
		q := job.Query{Owner: owner, States: states, Limit: limit}
		if got := all(t, s, q); !slices.Equal(got, ids) {
			t.Fatalf("in pages of %d: got %v, want %v", limit, got, ids)
		}
	}
	wantTotal(t, s, owner, states, len(ids))
}

// wantTotal waits until the total is known.
func wantTotal(t *testing.T, s job.Store, owner string, states []api.State, n int) {
	t.Helper()
	eventually(t, "Total", func() bool {
		got := list(t, s, job.Query{Owner: owner, States: states, Limit: 1}).Total
		if got != -1 && got != n {
			t.Fatalf("the total is %d, want %d", got, n)
		}
		return got == n
	})
}

func testListOrder(t *testing.T, s job.Store) {
	wantList(t, s, "ann", nil)
	var records []*job.Record
	for _, id := range []string{"d", "a", "c", "b", "e"} {
		records = append(records, create(t, s, Record("ann", id)))
	}
	wantList(t, s, "ann", nil)
	// The last changed is first, whatever the order of creation and of ids.
	for _, i := range []int{1, 4, 0, 3, 2} {
		replace(t, s, records[i], In(api.Done))
	}
	wantList(t, s, "ann", nil, "c", "b", "d", "e", "a")
	replace(t, s, records[4], func(r *job.Record) { r.Retention *= 2 })
	wantList(t, s, "ann", nil, "e", "c", "b", "d", "a")
	remove(t, s, records[3])
	wantList(t, s, "ann", nil, "e", "c", "d", "a")
	if page := list(t, s, job.Query{Owner: "ann", Limit: 4}); page.Next != "" {
		t.Errorf("the last page, which is full, has a next one")
	}
}

func testListStates(t *testing.T, s job.Store) {
	for _, owner := range []string{"", "ann", "ann-b"} {
		for i, state := range []api.State{api.Done, api.Failed, api.Cancelled, job.Stored, job.Deleted, api.Done, job.Stored, api.Failed} {
			create(t, s, Record(owner, fmt.Sprintf("%s-%d", state, i), In(state)))
		}
		for _, state := range []api.State{job.Receiving, api.Queued, api.Running} {
			create(t, s, Record(owner, string(state), In(state)))
		}
	}
	for _, owner := range []string{"", "ann", "ann-b"} {
		wantList(t, s, owner, nil, "failed-7", "done-5", "cancelled-2", "failed-1", "done-0")
		wantList(t, s, owner, []api.State{api.Done}, "done-5", "done-0")
		wantList(t, s, owner, []api.State{api.Cancelled, api.Failed}, "failed-7", "cancelled-2", "failed-1")
		wantList(t, s, owner, []api.State{job.Stored}, "stored-6", "stored-3")
		wantList(t, s, owner, []api.State{job.Deleted}, "deleted-4")
	}
	wantList(t, s, "nobody", nil)
}

// testListLooks lists finished looks by themselves alone, and sweeps them.
func testListLooks(t *testing.T, s job.Store) {
	look := func(r *job.Record) { r.Look = true }
	first := create(t, s, Record("ann", "look-1", look))
	create(t, s, Record("ann", "painting", In(api.Done)))
	create(t, s, Record("ann", "look-2", look, In(api.Failed)))
	replace(t, s, first, In(api.Running))
	replace(t, s, first, In(api.Done))
	wantList(t, s, "ann", nil, "painting")
	wantList(t, s, "ann", []api.State{api.Done}, "painting")
	wantList(t, s, "ann", []api.State{job.Looks}, "look-1", "look-2")
	wantList(t, s, "bob", []api.State{job.Looks})
	if got := load(t, s, "ann", "look-1"); !got.Look || got.State != api.Done {
		t.Errorf("the look is %s (a look: %t)", got.State, got.Look)
	}
	var due []string
	err := s.Sweep(t.Context(), time.Now().Add(2*time.Hour), func(owner, id string) error {
		due = append(due, id)
		r, err := s.Load(t.Context(), owner, id)
		if err != nil {
			return err
		}
		return s.Delete(t.Context(), r)
	})
	slices.Sort(due)
	if err != nil || !slices.Equal(due, []string{"look-1", "look-2", "painting"}) {
		t.Errorf("due are %v, error %v", due, err)
	}
	wantList(t, s, "ann", []api.State{job.Looks})
}

// testListParts keeps the finished parts of videos apart from jobs, and a video that has
// parts among the active records, also where it is deleted.
func testListParts(t *testing.T, s job.Store) {
	video := create(t, s, Record("ann", "video", func(r *job.Record) { r.Video = &job.Video{Parts: "made"} }))
	part := create(t, s, Record("ann", "video-1-0000", func(r *job.Record) { r.Part = &job.Part{Video: "video"}; r.Retention = job.Forever }))
	replace(t, s, part, func(r *job.Record) { r.State = api.Done })
	replace(t, s, video, In(api.Done))
	wantList(t, s, "ann", nil)
	wantList(t, s, "ann", []api.State{job.Parts}, "video-1-0000")
	replace(t, s, video, func(r *job.Record) { r.Video.Parts = "" })
	wantList(t, s, "ann", nil, "video")
	replace(t, s, video, In(job.Deleted), func(r *job.Record) { r.Video.Parts = "made" })
	wantList(t, s, "ann", nil)
	if err := s.Delete(t.Context(), load(t, s, "ann", "video-1-0000")); err != nil {
		t.Error(err)
	}
	wantList(t, s, "ann", []api.State{job.Parts})
}

// testListActive lists no record that is active, be it for its webhook alone.
func testListActive(t *testing.T, s job.Store) {
	create(t, s, Record("ann", "queued"))
	create(t, s, Record("ann", "done", In(api.Done)))
	hook := create(t, s, Record("ann", "hook", In(api.Done), func(r *job.Record) { r.Undelivered = []api.State{api.Done} }))
	wantList(t, s, "ann", nil, "done")
	wantList(t, s, "ann", []api.State{api.Queued})
	replace(t, s, hook, func(r *job.Record) { r.Undelivered = nil })
	wantList(t, s, "ann", nil, "hook", "done")
	replace(t, s, hook, func(r *job.Record) { r.Undelivered = []api.State{api.Done} })
	wantList(t, s, "ann", nil, "done")
}

// testListPages adds and deletes records between pages. Each record that stays is in
// one page.
func testListPages(t *testing.T, s job.Store) {
	const n = 60
	records := make([]*job.Record, n)
	for i := range records {
		records[i] = create(t, s, Record("ann", fmt.Sprintf("old-%02d", i), In([]api.State{api.Done, api.Failed, api.Cancelled}[i%3])))
	}
	seen := map[string]int{}
	q := job.Query{Owner: "ann", Limit: 7}
	deleted := map[string]bool{}
	for pages := 0; ; pages++ {
		page := list(t, s, q)
		for _, r := range page.Records {
			seen[r.ID]++
		}
		if page.Next == "" {
			break
		}
		q.After = page.Next
		create(t, s, Record("ann", fmt.Sprintf("new-%02d", pages), In(api.Done)))
		// The last record of this page, of which the next page begins, and one
		// that may be in a later page.
		for _, r := range []*job.Record{page.Records[len(page.Records)-1], records[pages*5]} {
			if !deleted[r.ID] {
				deleted[r.ID] = true
				remove(t, s, r)
			}
		}
	}
	for i := range records {
		id := fmt.Sprintf("old-%02d", i)
		if seen[id] > 1 || seen[id] == 0 && !deleted[id] {
			t.Errorf("%s was listed %d times", id, seen[id])
		}
	}
	if len(all(t, s, job.Query{Owner: "ann", Limit: 100})) <= n-len(deleted) {
		t.Error("a new list does not hold the records that were added")
	}
}

func testListRetry(t *testing.T, s job.Store) {
	create(t, s, Record("ann", "first", In(api.Done)))
	r := create(t, s, Record("ann", "retried"))
	create(t, s, Record("ann", "second", In(api.Done)))
	for range 2 {
		replace(t, s, r, In(api.Running))
		wantList(t, s, "ann", nil, "second", "first")
		replace(t, s, r, In(api.Failed))
		wantList(t, s, "ann", nil, "retried", "second", "first")
		replace(t, s, r, In(api.Queued))
		wantList(t, s, "ann", nil, "second", "first")
		wantList(t, s, "ann", []api.State{api.Failed})
	}
	replace(t, s, r, In(api.Done))
	wantList(t, s, "ann", nil, "retried", "second", "first")
	wantList(t, s, "ann", []api.State{api.Failed})
}
