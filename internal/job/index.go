package job

import (
	"context"
	"sync"
	"time"

	"github.com/pastiche-art/pastiche/api"
)

// name names a record in a map.
type name struct{ owner, id string }

func nameOf(r *Record) name { return name{r.Owner, r.ID} }

// entry is the state of an active record in a server.
type entry struct {
	record        *Record
	changed       time.Time // when the record was seen to change; zero where that was before the first watch
	lastHeartbeat time.Time // of its worker
	progress      *api.Progress
	preview       []byte    // JPEG
	step          int       // of the preview
	seen          bool      // the watch that is starting has reported it
	offeredUntil  time.Time // when an offer that no worker has claimed ends
	backoffUntil  time.Time // no worker is offered the job before
	// reference is how many seconds the painting takes on the machine of costs.
	reference float64
}

// recently is how long an index keeps records that are no longer active, for lists
// that began before.
const recently = time.Minute

// index holds the active records of a store, which a watch reports, and notifies
// subscriptions of their changes. Records in it are never modified.
type index struct {
	mu      sync.Mutex
	entries map[name]*entry
	queues  queues // of jobs
	looks   queues // of quick looks
	// recent holds records that were active until recently.
	recent  map[name]recent
	pruned  time.Time // when recent was last pruned
	damaged map[name]*DamagedError
	// A watch has reported all changes up to revision. more is closed after the
	// next one.
	synced   bool
	begun    bool // a watch has been in sync before
	revision uint64
	more     chan struct{}

	subscriptions map[string]map[*Subscription]bool // by owner
	ended         func(*Record)                     // is called for a job whose state has become final
}

type recent struct {
	record   *Record
	revision uint64
	at       time.Time
}

func newIndex(ended func(*Record)) *index {
	return &index{
		ended:   ended,
		entries: make(map[name]*entry), queues: make(queues), looks: make(queues), recent: make(map[name]recent), damaged: make(map[name]*DamagedError),
		more: make(chan struct{}), subscriptions: make(map[string]map[*Subscription]bool),
	}
}

// begin is called before a watch begins.
func (x *index) begin() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.synced = false
	clear(x.damaged)
	for _, e := range x.entries {
		e.seen = false
	}
}

// apply applies a change that a watch reports. When the watch comes into sync, it
// returns the records that were active before and that the watch has not reported.
func (x *index) apply(c Change) (gone []*Record) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case c.Synced:
		for n, e := range x.entries {
			if !e.seen {
				gone = append(gone, e.record)
				x.remove(n)
			}
		}
		x.synced, x.begun = true, true
	case c.Damaged != nil:
		n := nameOf(c.Record)
		x.remove(n)
		x.damaged[n] = c.Damaged
	case c.Deleted:
		n := nameOf(c.Record)
		x.remove(n)
		delete(x.damaged, n)
		x.notify(n.owner, Update{ID: n.id, Deleted: true})
	default:
		x.put(c.Record, c.Revision)
	}
	x.revision = max(x.revision, c.Revision)
	if x.synced {
		close(x.more)
		x.more = make(chan struct{})
	}
	return gone
}

// finished applies the final record of a job, or nil where it is gone, that no watch
// has reported.
func (x *index) finished(n name, r *Record) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if r == nil {
		x.notify(n.owner, Update{ID: n.id, Deleted: true})
		return
	}
	x.put(r, r.Revision)
}

// deleted notifies subscriptions that a finished job is gone.
func (x *index) deleted(n name) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.recent, n)
	x.notify(n.owner, Update{ID: n.id, Deleted: true})
}

// changed notifies subscriptions that a finished job has changed.
func (x *index) changed(r *Record) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.notify(r.Owner, Update{ID: r.ID, Record: r})
}

func (x *index) put(r *Record, revision uint64) {
	n := nameOf(r)
	now := time.Now()
	e := x.entries[n]
	if e != nil && e.record.Revision == r.Revision {
		e.seen = true // by a watch that began again
		return
	}
	if e != nil {
		x.remove(n)
		if r.State.Final() && !e.record.State.Final() {
			x.ended(r)
		}
	}
	delete(x.damaged, n)
	if !r.Active() {
		x.forgetRecent(now)
		x.recent[n] = recent{r, revision, now}
	} else {
		next := &entry{record: r, seen: true}
		if e != nil {
			next.reference = e.reference
		}
		if next.reference == 0 && r.State != Receiving {
			next.reference = r.referenceSeconds()
		}
		if x.begun { // also where a watch begins again: a job may have been claimed meanwhile
			next.changed = now
		}
		if e != nil && e.record.Fence == r.Fence && e.record.State == r.State {
			next.changed, next.lastHeartbeat, next.progress = e.changed, e.lastHeartbeat, e.progress
			next.preview, next.step = e.preview, e.step
			next.offeredUntil = e.offeredUntil
		}
		if r.State == api.Queued && r.FailedAttempts > 0 && r.FailedAttempts < r.maxAttempts() {
			next.backoffUntil = now.Add(backoff(r.FailedAttempts))
		}
		x.entries[n] = next
		delete(x.recent, n)
		x.queuesOf(r).add(next)
	}
	switch {
	case r.Part != nil:
		x.notifyVideo(r)
	case r.IsJob():
		x.notify(r.Owner, Update{ID: r.ID, Record: r})
	case r.State == Deleted:
		x.notify(r.Owner, Update{ID: r.ID, Deleted: true})
	}
}

// queuesOf returns the queues that a record belongs to.
func (x *index) queuesOf(r *Record) queues {
	if r.Look {
		return x.looks
	}
	return x.queues
}

func (x *index) remove(n name) {
	if e := x.entries[n]; e != nil {
		x.queuesOf(e.record).remove(e)
		delete(x.entries, n)
	}
}

func (x *index) forgetRecent(now time.Time) {
	if now.Sub(x.pruned) < recently {
		return
	}
	x.pruned = now
	for n, r := range x.recent {
		if now.Sub(r.at) > recently {
			delete(x.recent, n)
		}
	}
}

// await waits until the watch has reported all changes up to a revision.
func (x *index) await(ctx context.Context, revision uint64) error {
	for {
		x.mu.Lock()
		known, more := x.synced && x.revision >= revision, x.more
		x.mu.Unlock()
		if known {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-more:
		}
	}
}

// progress applies a heartbeat. It reports false where the job has another worker, or
// none, as far as this index knows.
func (x *index) progress(n name, fence uint64, p *api.Progress) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	e := x.entries[n]
	switch {
	case e == nil:
		return !x.synced
	case e.record.Fence < fence: // the watch has yet to report the claim
		return true
	case e.record.Fence > fence || e.record.State != api.Running && e.record.State != Receiving:
		return false
	}
	e.lastHeartbeat = time.Now()
	if p != nil && (e.progress == nil || e.progress.Step != p.Step) {
		e.progress = p
		if e.record.Part != nil {
			x.notifyVideo(e.record)
		} else {
			x.notify(n.owner, Update{ID: n.id, Progress: p})
		}
	}
	return true
}

// preview applies a preview at a step.
func (x *index) preview(n name, fence uint64, step int, jpeg []byte) {
	x.mu.Lock()
	defer x.mu.Unlock()
	e := x.entries[n]
	if e == nil || e.record.State != api.Running || e.record.Fence != fence {
		return
	}
	if part := e.record.Part; part != nil {
		// The newest painting of any part is the preview of the video.
		n.id = part.Video
		if e = x.entries[n]; e == nil {
			return
		}
		step = max(x.painted(e.record), 1)
	}
	e.preview, e.step = jpeg, step
	x.notify(n.owner, Update{ID: n.id, Preview: step})
}

// An Update is a change of a job.
type Update struct {
	ID       string
	Record   *Record       // the job, where its record has changed
	Progress *api.Progress // where the worker has made progress
	Preview  int           // the step of a new preview, or 0
	Deleted  bool
}

// A Subscription collects updates of jobs until they are taken. Of several updates
// of a job between two calls of Take, one remains.
type Subscription struct {
	index *index
	owner string
	id    string // "" for all jobs of the owner
	mu    sync.Mutex
	next  map[string]Update
	order []string
	ready chan struct{} // holds a value while next holds any
}

func (x *index) subscribe(owner, id string) *Subscription {
	s := &Subscription{index: x, owner: owner, id: id, next: make(map[string]Update), ready: make(chan struct{}, 1)}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.subscriptions[owner] == nil {
		x.subscriptions[owner] = make(map[*Subscription]bool)
	}
	x.subscriptions[owner][s] = true
	return s
}

// subscribed reports whether there are subscriptions of an owner.
func (x *index) subscribed(owner string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.subscriptions[owner]) > 0
}

// Close ends the subscription.
func (s *Subscription) Close() {
	x := s.index
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.subscriptions[s.owner], s)
	if len(x.subscriptions[s.owner]) == 0 {
		delete(x.subscriptions, s.owner)
	}
}

// Take waits for updates and returns them, in the order in which the jobs were
// first updated.
func (s *Subscription) Take(ctx context.Context) ([]Update, error) {
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-s.ready:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	updates := make([]Update, 0, len(s.order))
	for _, id := range s.order {
		updates = append(updates, s.next[id])
	}
	clear(s.next)
	s.order = s.order[:0]
	return updates, nil
}

func (x *index) notify(owner string, u Update) {
	for s := range x.subscriptions[owner] {
		if s.id == "" || s.id == u.ID {
			s.add(u)
		}
	}
}

func (s *Subscription) add(u Update) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, found := s.next[u.ID]
	if !found {
		s.order = append(s.order, u.ID)
	}
	switch {
	case u.Record != nil || u.Deleted: // supersedes all that came before
	default:
		before.ID = u.ID
		if u.Progress != nil {
			before.Progress = u.Progress
		}
		if u.Preview != 0 {
			before.Preview = u.Preview
		}
		u = before
	}
	s.next[u.ID] = u
	select {
	case s.ready <- struct{}{}:
	default:
	}
}
