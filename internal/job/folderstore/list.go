package folderstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
)

// List implements [job.Store].
func (s *Store) List(ctx context.Context, q job.Query) (*job.Page, error) {
	if err := s.exists(); err != nil {
		return nil, err
	}
	states := q.States
	if len(states) == 0 {
		states = []api.State{api.Done, api.Failed, api.Cancelled}
	}
	var lists []list
	for _, state := range states {
		if l := (list{q.Owner, state}); l.valid() && !slices.Contains(lists, l) {
			lists = append(lists, l)
		}
	}
	before := uint64(math.MaxUint64)
	if q.After != "" {
		var err error
		if before, err = strconv.ParseUint(q.After, 10, 64); err != nil {
			return nil, fmt.Errorf("the page %q: expected the next of an earlier page", q.After)
		}
	}
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	page := &job.Page{Total: s.total(lists), Revision: s.changed}
	s.mu.Unlock()

	n, last := 0, uint64(0)
	for m, err := range s.merge(lists, before) {
		if err != nil {
			return nil, s.explain(err)
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		r, err := s.read(m.ref)
		var damaged *job.DamagedError
		if m.stale(r, err) {
			if err := s.heal(m.ref, m.stale, m); err != nil {
				s.log.Warn("a stale marker cannot be removed", "err", err)
			}
			continue
		}
		if err != nil && !errors.As(err, &damaged) {
			return nil, err
		}
		if n == q.Limit {
			page.Next = strconv.FormatUint(last, 10)
			break
		}
		n, last = n+1, m.revision
		if damaged != nil {
			page.Damaged = append(page.Damaged, damaged)
		} else {
			page.Records = append(page.Records, r)
		}
	}
	return page, nil
}

// merge returns the markers of several lists with revisions below before, the greatest
// revision first.
func (s *Store) merge(lists []list, before uint64) iter.Seq2[marker, error] {
	return func(yield func(marker, error) bool) {
		type head struct {
			marker
			next func() (marker, error, bool)
		}
		var heads []*head
		advance := func(h *head) bool {
			m, err, ok := h.next()
			if err != nil {
				yield(marker{}, err)
				return false
			}
			if h.marker = m; !ok {
				heads = slices.DeleteFunc(heads, func(other *head) bool { return other == h })
			}
			return true
		}
		for _, l := range lists {
			next, stop := iter.Pull2(s.markers(l, before))
			defer stop()
			h := &head{next: next}
			heads = append(heads, h)
			if !advance(h) {
				return
			}
		}
		for len(heads) > 0 {
			h := slices.MaxFunc(heads, func(a, b *head) int { return cmp.Compare(a.revision, b.revision) })
			if !yield(h.marker, nil) || !advance(h) {
				return
			}
		}
	}
}
