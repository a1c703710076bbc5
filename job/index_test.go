package job

import (
	"errors"
	"slices"
	"testing"
)

// ids lists jobs page by page.
func ids(t *testing.T, s *Store, q Query) []string {
	t.Helper()
	var all []string
	for {
		list, err := s.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if q.Limit > 0 && len(list.Jobs) > q.Limit {
			t.Fatalf("%d jobs on a page, expected at most %d", len(list.Jobs), q.Limit)
		}
		for _, j := range list.Jobs {
			if j.Curve != nil {
				t.Errorf("job %s is listed with its curve", j.ID)
			}
			all = append(all, j.ID)
		}
		if q.After = list.Next; q.After == "" {
			return all
		}
	}
}

func TestListsGoOn(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), Config{Dir: dir, Memory: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { s.Close() }()
	if list := ids(t, s, Query{}); len(list) != 0 {
		t.Errorf("an empty store lists %v", list)
	}
	var hers, his []string // the newest first
	for i := range 7 {
		r := smallRequest(t, float32(i))
		r.Owner = "alice"
		if i == 3 {
			r.Owner = "bob"
		}
		j, _, err := s.Submit(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		// A list holds what was written before it was asked for.
		if r.Owner == "bob" {
			his = append(his, j.ID)
			continue
		}
		hers = slices.Insert(hers, 0, j.ID)
		if list := ids(t, s, Query{Owner: "alice"}); !slices.Equal(list, hers) {
			t.Fatalf("listed %v, expected %v", list, hers)
		}
	}
	for limit := range len(hers) + 2 {
		if list := ids(t, s, Query{Owner: "alice", Limit: limit}); !slices.Equal(list, hers) {
			t.Errorf("pages of %d: %v, expected %v", limit, list, hers)
		}
	}
	// A page goes on where the one before ended, though that job has gone.
	first, err := s.List(t.Context(), Query{Owner: "alice", Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), hers[1]); err != nil {
		t.Fatal(err)
	}
	if list := ids(t, s, Query{Owner: "alice", Limit: 2, After: first.Next}); !slices.Equal(list, hers[2:]) {
		t.Errorf("after a job that has gone: %v, expected %v", list, hers[2:])
	}
	hers = slices.Delete(hers, 1, 2)
	if _, err := s.Cancel(t.Context(), hers[0]); err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		t.Helper()
		for state, want := range map[State][]string{"": hers, Queued: hers[1:], Cancelled: hers[:1], Done: nil} {
			if list := ids(t, s, Query{Owner: "alice", State: state}); !slices.Equal(list, want) {
				t.Errorf("%s, state %q: %v, expected %v", when, state, list, want)
			}
		}
		if list := ids(t, s, Query{Owner: "bob"}); !slices.Equal(list, his) {
			t.Errorf("%s, bob's: %v, expected %v", when, list, his)
		}
		stats, err := s.Stats(t.Context())
		if err != nil || stats.Jobs[Queued] != 5 || stats.Jobs[Cancelled] != 1 {
			t.Errorf("%s: %+v, %v", when, stats, err)
		}
		oldest, err := s.Get(t.Context(), hers[len(hers)-1])
		if err != nil || !stats.Oldest.Equal(oldest.Created) {
			t.Errorf("%s: the oldest is of %v, expected %v, %v", when, stats.Oldest, oldest.Created, err)
		}
	}
	check("before a restart")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(t.Context(), Config{Dir: dir, Memory: 1 << 30}); err != nil {
		t.Fatal(err)
	}
	check("after a restart")
	for _, after := range []string{"x", "-", "!-k1", "99999999999999999999999999-k1"} {
		if _, err := s.List(t.Context(), Query{After: after}); !errors.Is(err, ErrCursor) {
			t.Errorf("after %q: %v", after, err)
		}
	}
}

// TestWatchBegunAnew holds the index to what is there when a watch broke and
// begins anew, having missed that a job was deleted.
func TestWatchBegunAnew(t *testing.T) {
	x := newIndex()
	one, two := &record{Job: Job{ID: "one"}, revision: 1}, &record{Job: Job{ID: "two"}, revision: 2}
	x.begin(0)
	x.end()
	x.put(one)
	x.put(two)
	x.begin(3) // the third message was the mark of a deletion, which has gone, too
	x.put(two)
	if x.seen != 0 {
		t.Errorf("all up to %d seems known while the watch begins", x.seen)
	}
	gone := x.end()
	if len(gone) != 1 || gone[0] != one || x.seen != 3 || len(x.order) != 1 || x.of["two"] != two {
		t.Errorf("gone are %v, known up to %d: %v", gone, x.seen, x.order)
	}
}
