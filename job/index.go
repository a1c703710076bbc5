package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// index is what is known of all jobs, in memory. The watch of the records keeps
// it, so that nobody who lists jobs reads their records again.
type index struct {
	mu      sync.Mutex
	of      map[string]*record // which are never changed, but for new ones
	order   []*record          // the oldest first
	damaged map[string]error   // records that cannot be read
	// seen is the sequence up to which all is known, and more is closed when there
	// is more.
	seen uint64
	more chan struct{}
	// A watch that begins anew tells of all that there is, but not of what has
	// gone: that is what it leaves stale when it has come to the sequence whole.
	stale map[string]bool
	whole uint64
}

func newIndex() *index {
	return &index{of: make(map[string]*record), damaged: make(map[string]error), more: make(chan struct{})}
}

// begin is called before a watch begins, whose stream ends at a sequence.
func (x *index) begin(sequence uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.seen, x.whole = 0, sequence
	x.stale = make(map[string]bool, len(x.of))
	for id := range x.of {
		x.stale[id] = true
	}
}

// end is called when the watch has told of all that there was. It returns what
// has gone without being told.
func (x *index) end() []*record {
	x.mu.Lock()
	defer x.mu.Unlock()
	var gone []*record
	for id := range x.stale {
		gone = append(gone, x.of[id])
		x.remove(id)
	}
	x.stale = nil
	x.reach(x.whole)
	return gone
}

// put takes over a record.
func (x *index) put(r *record) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if r.State.Final() { // which most are
		thin := *r
		thin.Curve = nil
		r = &thin
	}
	if old := x.of[r.ID]; old != nil && old.Created.Equal(r.Created) {
		i, _ := slices.BinarySearchFunc(x.order, old, byAge)
		x.order[i] = r
	} else {
		x.remove(r.ID)
		i, _ := slices.BinarySearchFunc(x.order, r, byAge)
		x.order = slices.Insert(x.order, i, r)
	}
	x.of[r.ID] = r
	delete(x.stale, r.ID)
	delete(x.damaged, r.ID)
	x.reach(r.revision)
}

// drop forgets a job whose record has gone, or with an error cannot be read.
func (x *index) drop(id string, revision uint64, damage error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.remove(id)
	delete(x.stale, id)
	delete(x.damaged, id)
	if damage != nil {
		x.damaged[id] = damage
	}
	x.reach(revision)
}

func (x *index) remove(id string) {
	if old := x.of[id]; old != nil {
		i, _ := slices.BinarySearchFunc(x.order, old, byAge)
		x.order = slices.Delete(x.order, i, i+1)
		delete(x.of, id)
	}
}

// reach notes up to where all is known: nothing, while a watch begins.
func (x *index) reach(sequence uint64) {
	if x.stale != nil {
		x.whole = max(x.whole, sequence)
		return
	}
	if sequence > x.seen {
		x.seen = sequence
		close(x.more)
		x.more = make(chan struct{})
	}
}

// skip takes note that there is nothing more to know up to a sequence.
func (x *index) skip(sequence uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.reach(sequence)
}

// await waits until all up to a sequence is known.
func (x *index) await(ctx context.Context, sequence uint64) error {
	for {
		x.mu.Lock()
		seen, more := x.seen, x.more
		x.mu.Unlock()
		if seen >= sequence {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-more:
		}
	}
}

// at returns a record whole, where that is known as of a revision.
func (x *index) at(id string, revision uint64) *record {
	x.mu.Lock()
	defer x.mu.Unlock()
	r := x.of[id]
	if r == nil || r.revision != revision || r.State.Final() {
		return nil
	}
	whole := *r
	return &whole
}

func byAge(a, b *record) int { return cursorOf(a).compare(b) }

// cursor is a place among the jobs: that of one, which need not be there any
// more.
type cursor struct {
	created time.Time
	id      string
}

func cursorOf(r *record) cursor { return cursor{r.Created, r.ID} }

func (c cursor) compare(r *record) int {
	return cmp.Or(c.created.Compare(r.Created), strings.Compare(c.id, r.ID))
}

func (c cursor) String() string { return strconv.FormatInt(c.created.UnixNano(), 36) + "-" + c.id }

// ErrCursor is the error of a list that goes on where no other has ended.
var ErrCursor = errors.New("no such page: expected the next of a list before")

func parseCursor(text string) (cursor, error) {
	created, id, found := strings.Cut(text, "-")
	nanoseconds, err := strconv.ParseInt(created, 36, 64)
	if !found || err != nil {
		return cursor{}, ErrCursor
	}
	return cursor{time.Unix(0, nanoseconds), id}, nil
}

// A Query says which jobs are listed.
type Query struct {
	Owner string
	State State  // "" is any
	Limit int    // how many at most; 0 is all
	After string // the Next of a list that this one continues; "" is none
}

// A List is jobs, the newest first, without their curves.
type List struct {
	Jobs []Job  `json:"jobs" doc:"the newest first, without their curves"`
	Next string `json:"next,omitempty" doc:"what continues the list, where it goes on"`
}

const (
	// knowing bounds how long it may take to know all jobs.
	knowing = 5 * time.Second
	// overdue is after how long of silence what the watch has not told of is
	// looked for.
	overdue = 300 * time.Millisecond
)

// known waits until the index holds all that was written before.
func (s *Store) known(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, knowing)
	defer cancel()
	info, err := s.feed.stream.Info(ctx)
	for err == nil {
		soon, cancel := context.WithTimeout(ctx, overdue)
		err = s.feed.index.await(soon, info.State.LastSeq)
		cancel()
		if err == nil {
			return nil
		}
		_, err = s.feed.stream.GetMsg(ctx, info.State.LastSeq)
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
			// A write that failed, as on a full disk, took a number, which no message
			// has.
			s.feed.index.skip(info.State.LastSeq)
			err = nil
		case err == nil:
			s.feed.hurry()
		}
	}
	return fmt.Errorf("%w: %w", ErrDown, err)
}

// List returns the jobs of a query. What was written before it was called is in
// it, by whomever. The error is [ErrCursor] or [ErrDown].
func (s *Store) List(ctx context.Context, q Query) (*List, error) {
	var after cursor
	if q.After != "" {
		var err error
		if after, err = parseCursor(q.After); err != nil {
			return nil, err
		}
	}
	if err := s.known(ctx); err != nil {
		return nil, err
	}
	x := s.feed.index
	x.mu.Lock()
	defer x.mu.Unlock()
	end := len(x.order)
	if q.After != "" {
		end, _ = slices.BinarySearchFunc(x.order, after, func(r *record, c cursor) int { return -c.compare(r) })
	}
	list := &List{Jobs: []Job{}}
	for _, r := range slices.Backward(x.order[:end]) {
		if r.Owner != q.Owner || q.State != "" && r.State != q.State {
			continue
		}
		if n := len(list.Jobs); q.Limit > 0 && n == q.Limit {
			last := list.Jobs[n-1]
			list.Next = cursor{last.Created, last.ID}.String()
			break
		}
		j := r.Job
		j.Curve = nil
		list.Jobs = append(list.Jobs, j)
	}
	return list, nil
}

// Stats are how many jobs there are.
type Stats struct {
	Jobs map[State]int
	// Oldest is when the first of those that are queued was made.
	Oldest time.Time
}

// Stats counts the jobs of all owners. The error is [ErrDown].
func (s *Store) Stats(ctx context.Context) (*Stats, error) {
	if err := s.known(ctx); err != nil {
		return nil, err
	}
	x := s.feed.index
	x.mu.Lock()
	defer x.mu.Unlock()
	stats := &Stats{Jobs: make(map[State]int)}
	for _, r := range x.order {
		stats.Jobs[r.State]++
		if r.State == Queued && stats.Oldest.IsZero() {
			stats.Oldest = r.Created
		}
	}
	return stats, nil
}

// all returns the records of all jobs, and fails where one cannot be read.
func (s *Store) all(ctx context.Context) ([]*record, error) {
	if err := s.known(ctx); err != nil {
		return nil, err
	}
	x := s.feed.index
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, damage := range x.damaged {
		return nil, damage
	}
	return slices.Clone(x.order), nil
}
