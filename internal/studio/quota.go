package studio

import (
	"context"
	"slices"
	"sync"
)

// quota are places that owners hold for a while. One owner holds at most a part of
// them, so that the others get some.
type quota struct {
	total, each int

	mu      sync.Mutex
	of      map[string]int // places held, by owner
	all     int            // places held
	waiting []*waiter      // in the order in which they came
}

type waiter struct {
	owner   string
	granted chan struct{} // is closed when the waiter has its place
}

// newQuota returns so many places, of which one owner may have so many.
func newQuota(total, each int) *quota {
	return &quota{total: total, each: each, of: make(map[string]int)}
}

// take takes a place for an owner until release is called. It returns nil where none
// is left.
func (s *quota) take(owner string) (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= s.total || s.of[owner] >= s.each {
		return nil
	}
	s.hold(owner)
	return s.release(owner)
}

// wait waits for a place and takes it. The error is the cause of the context's end.
func (s *quota) wait(ctx context.Context, owner string) (release func(), err error) {
	w := &waiter{owner, make(chan struct{})}
	s.mu.Lock()
	s.waiting = append(s.waiting, w)
	s.grant()
	s.mu.Unlock()
	select {
	case <-w.granted:
		return s.release(owner), nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	i := slices.Index(s.waiting, w)
	if i >= 0 {
		s.waiting = slices.Delete(s.waiting, i, i+1)
	}
	s.mu.Unlock()
	if i < 0 { // it was granted at the same moment
		s.release(owner)()
	}
	return nil, context.Cause(ctx)
}

func (s *quota) hold(owner string) {
	s.all++
	s.of[owner]++
}

func (s *quota) release(owner string) func() {
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.all--
		if s.of[owner]--; s.of[owner] == 0 {
			delete(s.of, owner)
		}
		s.grant()
	})
}

// grant gives free places to those who wait: first to the owner who holds the
// fewest, then to who came first.
func (s *quota) grant() {
	for s.all < s.total {
		next := -1
		for i, w := range s.waiting {
			held := s.of[w.owner]
			if held < s.each && (next < 0 || held < s.of[s.waiting[next].owner]) {
				next = i
			}
		}
		if next < 0 {
			return
		}
		w := s.waiting[next]
		s.waiting = slices.Delete(s.waiting, next, next+1)
		s.hold(w.owner)
		close(w.granted)
	}
}

// taken returns how many places are held.
func (s *quota) taken() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all
}
