package job

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// feed keeps the index, and tells those who listen of changes of jobs. However
// many listen, the store is watched once, and whoever is slow misses what lies
// between.
type feed struct {
	records jetstream.KeyValue
	stream  jetstream.Stream // of the records
	log     *slog.Logger
	index   *index
	stop    context.CancelFunc
	ended   chan struct{}
	heard   atomic.Int64  // when the watch told of something, or began: nanoseconds
	late    chan struct{} // holds a place while somebody finds the watch late

	mu        sync.Mutex
	listeners map[*listener]bool
}

// A Change is a job as it is now, or one that is gone.
type Change struct {
	Job
	Deleted bool // only the ID is known
	// Revision grows with each change of the job.
	Revision uint64
}

// listener is somebody who listens.
type listener struct {
	match func(id string) bool
	mu    sync.Mutex
	next  map[string]Change
	ready chan struct{} // holds a place while next holds anything
}

// rewatchAfter is how long a watch that could not begin waits to try again.
const rewatchAfter = time.Second

func newFeed(ctx context.Context, records jetstream.KeyValue, stream jetstream.Stream, log *slog.Logger) (*feed, error) {
	f := &feed{
		records: records, stream: stream, log: log, index: newIndex(),
		ended: make(chan struct{}), late: make(chan struct{}, 1), listeners: make(map[*listener]bool),
	}
	w, err := f.watch(ctx)
	if err != nil {
		return nil, err
	}
	ctx, f.stop = context.WithCancel(context.WithoutCancel(ctx))
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

// watch begins to watch all records, those that are there first.
func (f *feed) watch(ctx context.Context) (jetstream.KeyWatcher, error) {
	info, err := f.stream.Info(ctx)
	if err != nil {
		return nil, err
	}
	f.index.begin(info.State.LastSeq)
	f.heard.Store(time.Now().UnixNano())
	return f.records.WatchAll(ctx)
}

// hurry begins a watch anew that says nothing: whether its server is gone it
// would find out by itself only after many seconds.
func (f *feed) hurry() {
	if time.Since(time.Unix(0, f.heard.Load())) < overdue {
		return
	}
	select {
	case f.late <- struct{}{}:
	default:
	}
}

func (f *feed) run(ctx context.Context, w jetstream.KeyWatcher) {
	for {
		f.follow(ctx, w)
		w.Stop() //nolint:errcheck // only of a subscription that is gone
		if ctx.Err() != nil {
			return
		}
		var err error
		if w, err = f.watch(ctx); err != nil {
			if ctx.Err() != nil {
				return
			}
			f.log.Warn("the records are not watched", "error", err)
			w = unwatched{}
			pause(ctx, rewatchAfter)
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
		case <-f.late:
			return
		case e, open := <-w.Updates():
			if !open {
				return
			}
			f.heard.Store(time.Now().UnixNano())
			f.take(e)
		}
	}
}

// take passes on what a watch tells; nil is that it has told all that there was.
func (f *feed) take(e jetstream.KeyValueEntry) {
	if e == nil {
		for _, r := range f.index.end() {
			f.tell(Change{Job: Job{ID: r.ID}, Deleted: true, Revision: r.revision + 1})
		}
		return
	}
	if e.Operation() != jetstream.KeyValuePut {
		f.index.drop(e.Key(), e.Revision(), nil)
		f.tell(Change{Job: Job{ID: e.Key()}, Deleted: true, Revision: e.Revision()})
		return
	}
	r, err := decode(e)
	if err != nil {
		f.log.Error("a record is damaged", "error", err)
		f.index.drop(e.Key(), e.Revision(), err)
		return
	}
	f.index.put(r)
	f.tell(r.change())
}

func (r *record) change() Change { return Change{Job: r.Job, Revision: r.revision} }

func (f *feed) tell(c Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for l := range f.listeners {
		if !l.match(c.ID) {
			continue
		}
		l.mu.Lock()
		if l.next[c.ID].Revision < c.Revision {
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
func (s *Store) Watch(ctx context.Context, id string, yield func(Change) error) error {
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
		if err := yield(now); err != nil || now.State.Final() {
			return err
		}
		for {
			changes, err := l.take(ctx)
			if err != nil {
				return err
			}
			if next := changes[id]; next.Revision > now.Revision {
				now = next
				break
			}
		}
	}
}

// WatchAll calls yield with what changes from now on, some of it at a time, until
// yield fails. The error is yield's, or ctx's.
func (s *Store) WatchAll(ctx context.Context, yield func([]Change) error) error {
	l := s.feed.listen(func(string) bool { return true })
	defer s.feed.leave(l)
	for {
		changes, err := l.take(ctx)
		if err != nil {
			return err
		}
		if err := yield(slices.Collect(maps.Values(changes))); err != nil {
			return err
		}
	}
}
