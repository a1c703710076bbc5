package folderstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/pastiche-art/pastiche/internal/job"
)

// event is a change of an active record, for the watches.
type event struct {
	ref ref
	entry
}

// watcher holds the events that a watch has yet to report. Store.mu guards it.
type watcher struct {
	events []event
	missed bool          // whether an event did not fit into the backlog
	wake   chan struct{} // receives a value after an event was added
}

// backlog is how many events may wait for a watch. With more, the watch fails.
const backlog = 1 << 16

// add appends an event and wakes the watch.
func (w *watcher) add(e event) {
	if len(w.events) == backlog {
		w.missed = true
	} else {
		w.events = append(w.events, e)
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Watch implements [job.Store].
func (s *Store) Watch(ctx context.Context, report func(job.Change)) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	var initial []event
	for k, e := range s.active {
		initial = append(initial, event{k, e})
	}
	synced := s.revision
	w := &watcher{wake: make(chan struct{}, 1)}
	s.watchers[w] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watchers, w)
	}()

	// In the order of revisions, so that the revision of a report stands for all
	// changes up to it.
	slices.SortFunc(initial, func(a, b event) int { return cmp.Compare(a.revision, b.revision) })
	if err := reportAll(ctx, initial, report); err != nil {
		return err
	}
	report(job.Change{Synced: true, Revision: synced})
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.closing:
			return errClosed
		case <-w.wake:
		}
		s.mu.Lock()
		events, missed := w.events, w.missed
		w.events = nil
		s.mu.Unlock()
		if missed {
			return fmt.Errorf("the watch missed changes: more than %d waited", backlog)
		}
		if err := reportAll(ctx, events, report); err != nil {
			return err
		}
	}
}

// reportAll reports events until ctx ends.
func reportAll(ctx context.Context, events []event, report func(job.Change)) error {
	for _, e := range events {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		c := job.Change{Record: &job.Record{ID: e.ref.id, Owner: e.ref.owner}, Revision: e.revision}
		switch {
		case e.damaged != nil:
			c.Damaged = e.damaged
		case e.data == nil:
			c.Deleted = true
		default:
			r, err := job.Decode(e.ref.id, e.data)
			if err != nil {
				return err
			}
			r.Revision = e.revision
			c.Record = r
		}
		report(c)
	}
	return nil
}
