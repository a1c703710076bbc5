package job

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// feed tells those who listen of changes of jobs. However many listen, the
// store is watched once, and whoever is slow misses what lies between.
type feed struct {
	records jetstream.KeyValue
	log     *slog.Logger
	stop    context.CancelFunc
	ended   chan struct{}

	mu        sync.Mutex
	listeners map[*listener]bool
}

// A Change is a job as it is now, or one that is gone.
type Change struct {
	Job
	Deleted bool // only the ID is known

	revision uint64
}

// listener is somebody who listens.
type listener struct {
	match func(id string) bool
	mu    sync.Mutex
	next  map[string]Change
	ready chan struct{} // holds a place while next holds anything
}

// rewatchAfter is how long a watch that broke waits until it begins again.
const rewatchAfter = time.Second

func newFeed(ctx context.Context, records jetstream.KeyValue, log *slog.Logger) (*feed, error) {
	w, err := records.WatchAll(ctx, jetstream.UpdatesOnly())
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	f := &feed{records: records, log: log, stop: stop, ended: make(chan struct{}), listeners: make(map[*listener]bool)}
	go func() {
		defer close(f.ended)
		f.run(ctx, w)
	}()
	return f, nil
}

func (f *feed) close() {
	f.stop()
	<-f.ended
}

func (f *feed) run(ctx context.Context, w jetstream.KeyWatcher) {
	for {
		f.follow(ctx, w)
		w.Stop() //nolint:errcheck // only of a subscription that is gone
		if ctx.Err() != nil {
			return
		}
		pause(ctx, rewatchAfter)
		var err error
		// From the beginning, so that nobody misses what happened meanwhile.
		if w, err = f.records.WatchAll(ctx); err != nil {
			if ctx.Err() != nil {
				return
			}
			f.log.Warn("the records are not watched", "error", err)
			w = unwatched{}
		}
	}
}

// unwatched stands for a watch that could not begin.
type unwatched struct{}

func (unwatched) Updates() <-chan jetstream.KeyValueEntry {
	c := make(chan jetstream.KeyValueEntry)
	close(c)
	return c
}

func (unwatched) Stop() error { return nil }

func (unwatched) Error() <-chan error { return nil }

// follow passes changes on until the watch breaks.
func (f *feed) follow(ctx context.Context, w jetstream.KeyWatcher) {
	for {
		select {
		case <-ctx.Done():
			return
		case e, open := <-w.Updates():
			if !open {
				return
			}
			if e == nil { // all that there was
				continue
			}
			c := Change{Job: Job{ID: e.Key()}, Deleted: true, revision: e.Revision()}
			if e.Operation() == jetstream.KeyValuePut {
				r, err := decode(e)
				if err != nil {
					f.log.Error("a record is damaged", "error", err)
					continue
				}
				c = r.change()
			}
			f.tell(c)
		}
	}
}

func (r *record) change() Change { return Change{Job: r.Job, revision: r.revision} }

func (f *feed) tell(c Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for l := range f.listeners {
		if !l.match(c.ID) {
			continue
		}
		l.mu.Lock()
		if l.next[c.ID].revision < c.revision {
			l.next[c.ID] = c
		}
		l.mu.Unlock()
		select {
		case l.ready <- struct{}{}:
		default:
		}
	}
}

func (f *feed) listen(match func(id string) bool) *listener {
	l := &listener{match: match, next: make(map[string]Change), ready: make(chan struct{}, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.listeners[l] = true
	return l
}

func (f *feed) leave(l *listener) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.listeners, l)
}

// take waits for changes and returns them.
func (l *listener) take(ctx context.Context) (map[string]Change, error) {
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-l.ready:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := l.next
	l.next = make(map[string]Change)
	return taken, nil
}

// Watch calls yield with a job as it is, and whenever it has changed, until it
// is final, or yield fails. The error is yield's, [ErrNotFound], or ctx's.
func (s *Store) Watch(ctx context.Context, id string, yield func(*Job) error) error {
	l := s.feed.listen(func(other string) bool { return other == id })
	defer s.feed.leave(l)
	r, err := s.load(ctx, id)
	if err != nil {
		return err
	}
	now := r.change()
	for {
		if now.Deleted {
			return ErrNotFound
		}
		if err := yield(&now.Job); err != nil || now.State.Final() {
			return err
		}
		for {
			changes, err := l.take(ctx)
			if err != nil {
				return err
			}
			if next := changes[id]; next.revision > now.revision {
				now = next
				break
			}
		}
	}
}

// WatchAll calls yield with whatever changes from now on, until yield fails.
// The error is yield's, or ctx's.
func (s *Store) WatchAll(ctx context.Context, yield func(Change) error) error {
	l := s.feed.listen(func(string) bool { return true })
	defer s.feed.leave(l)
	for {
		changes, err := l.take(ctx)
		if err != nil {
			return err
		}
		for _, c := range changes {
			if err := yield(c); err != nil {
				return err
			}
		}
	}
}
