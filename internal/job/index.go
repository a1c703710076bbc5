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

// entry is what a server knows of an active record.
type entry struct {
	record  *Record
	changed time.Time // when the record was seen to change; zero where that was before the first watch
	heard   time.Time // when its worker was last heard of
	live    *api.Progress
	preview []byte // JPEG
	step    int    // of the preview
	told    bool   // by the watch that is starting
	offered time.Time
	resting time.Time // until when no worker is offered the job
	// reference is how many seconds the painting takes on the machine of costs.
	reference float64
}

// recently is how long an index remembers records that have ceased to be active,
// for lists that were begun before.
const recently = time.Minute

// index holds the active records of a store, fed by a watch, and tells those who
// subscribe of their changes. Records in it are never modified.
type index struct {
	mu      sync.Mutex
	entries map[name]*entry
	queues  queues // of jobs
	looks   queues // of quick looks
	// recent holds records that have ceased to be active lately.
	recent  map[name]recent
	pruned  time.Time // when recent was last pruned
	damaged map[name]*DamagedError
	// A watch has told of everything up to revision; more is closed when there
	// is more.
	synced   bool
	begun    bool // whether there was a watch that told of everything
	revision uint64
	more     chan struct{}

	subscriptions map[string]map[*Subscription]bool // by owner
	ended         func(*Record)                     // is called for a job that has just become final
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
		e.told = false
	}
}

// take takes over a change that a watch tells of. It returns the records that were
// active and of which a watch that is now in sync has not told.
func (x *index) take(c Change) (gone []*Record) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case c.Synced:
		for n, e := range x.entries {
			if !e.told {
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
		x.tell(n.owner, Update{ID: n.id, Deleted: true})
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

// finished takes over the record of a job that has ceased to be active, or nil
// where it is gone, while no watch told of it.
func (x *index) finished(n name, r *Record) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if r == nil {
		x.tell(n.owner, Update{ID: n.id, Deleted: true})
		return
	}
	x.put(r, r.Revision)
}

// deleted tells that a finished job is gone.
func (x *index) deleted(n name) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.recent, n)
	x.tell(n.owner, Update{ID: n.id, Deleted: true})
}

// changed tells that a finished job has changed.
func (x *index) changed(r *Record) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.tell(r.Owner, Update{ID: r.ID, Record: r})
}

func (x *index) put(r *Record, revision uint64) {
	n := nameOf(r)
	now := time.Now()
	e := x.entries[n]
	if e != nil && e.record.Revision == r.Revision {
		e.told = true // by a watch that began anew
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
		next := &entry{record: r, told: true}
		if e != nil {
			next.reference = e.reference
		}
		if next.reference == 0 && r.State != Receiving {
			next.reference = r.reference().seconds()
		}
		if x.begun { // also where a watch begins anew: a job may have been claimed meanwhile
			next.changed = now
		}
		if e != nil && e.record.Fence == r.Fence && e.record.State == r.State {
			next.changed, next.heard, next.live = e.changed, e.heard, e.live
			next.preview, next.step = e.preview, e.step
			next.offered = e.offered
		}
		if r.State == api.Queued && r.Fruitless > 0 && r.Fruitless < r.maxAttempts() {
			next.resting = now.Add(rest(r.Fruitless))
		}
		x.entries[n] = next
		delete(x.recent, n)
		x.queuesOf(r).add(next)
	}
	switch {
	case r.IsJob():
		x.tell(r.Owner, Update{ID: r.ID, Record: r})
	case r.State == Deleted:
		x.tell(r.Owner, Update{ID: r.ID, Deleted: true})
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

// await waits until the watch has told of everything up to a revision.
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

// progress takes note of a heartbeat. It reports false where the job has another
// worker, or none, as far as this index knows.
func (x *index) progress(n name, fence uint64, p *api.Progress) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	e := x.entries[n]
	switch {
	case e == nil:
		return !x.synced
	case e.record.Fence < fence: // the claim has not been told of yet
		return true
	case e.record.Fence > fence || e.record.State != api.Running && e.record.State != Receiving:
		return false
	}
	e.heard = time.Now()
	if p != nil && (e.live == nil || e.live.Step != p.Step) {
		e.live = p
		x.tell(n.owner, Update{ID: n.id, Progress: p})
	}
	return true
}

// preview takes over a preview at a step.
func (x *index) preview(n name, fence uint64, step int, jpeg []byte) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if e := x.entries[n]; e != nil && e.record.State == api.Running && e.record.Fence == fence {
		e.preview, e.step = jpeg, step
		x.tell(n.owner, Update{ID: n.id, Preview: step})
	}
}

// An Update is what has happened to a job.
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

func (x *index) tell(owner string, u Update) {
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
