package job

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/pastiche-art/pastiche/api"
)

const (
	// askFor is how long a server keeps a worker's request for work open.
	askFor = 5 * time.Second
	// offerFor is how long a job that was offered to a worker, and not claimed,
	// is not offered to another.
	offerFor = 2 * time.Second
	// presentEvery is how often a worker says that it is there, presentFor how
	// long servers believe it.
	presentEvery = 5 * time.Second
	presentFor   = 3 * presentEvery
	// A job whose attempts came to nothing rests before the next, twice as long
	// each time.
	firstRest   = 500 * time.Millisecond
	longestRest = time.Minute
)

// rest returns how long a job rests after so many fruitless attempts.
func rest(fruitless int) time.Duration {
	return min(firstRest<<min(max(fruitless-1, 0), 10), longestRest)
}

// A presence says what a worker can paint. It is the request for work, and what
// workers publish about themselves.
type presence struct {
	Worker string `json:"worker"`
	// Networks are the digests of the networks that the worker has, by name.
	Networks map[string]string `json:"networks"`
	Memory   int64             `json:"memory"` // bytes that a painting may take
	Busy     bool              `json:"busy,omitempty"`
	// Look says, in a request for work, that it is for a quick look, which a worker
	// paints beside a job. Requests without it are for jobs.
	Look bool `json:"look,omitempty"`
	// Pace is how many times as long as on the machine of package job's costs paintings
	// take; 0 where the worker has not measured that.
	Pace float64 `json:"pace,omitempty"`
}

// suits reports whether a worker can paint a job. Every worker has the memory for a
// look.
func (p *presence) suits(r *Record) bool {
	return p.Networks[r.Network] == r.Digest && (r.Look || r.Memory <= p.Memory)
}

// asksFor reports whether two requests are for the same jobs.
func (p *presence) asksFor(o *presence) bool {
	return p.Look == o.Look && p.Memory == o.Memory && maps.Equal(p.Networks, o.Networks)
}

// An offer answers a request for work; ID is "" where there is none.
type offer struct {
	Owner string `json:"owner,omitempty"`
	ID    string `json:"id,omitempty"`
}

// dispatcher offers jobs to the workers that ask for them.
type dispatcher struct {
	index *index

	mu      sync.Mutex
	asking  map[chan offer]*presence
	present map[string]presentWorker // by name
}

type presentWorker struct {
	presence
	at time.Time
}

func newDispatcher(x *index) *dispatcher {
	return &dispatcher{index: x, asking: make(map[chan offer]*presence), present: make(map[string]presentWorker)}
}

// ask answers a worker's request for work, at the latest after askFor.
func (d *dispatcher) ask(ctx context.Context, data []byte) []byte {
	var p presence
	if json.Unmarshal(data, &p) != nil {
		return nil
	}
	d.note(&p)
	offers := make(chan offer, 1)
	d.mu.Lock()
	d.asking[offers] = &p
	d.mu.Unlock()
	d.match()
	timeout := time.NewTimer(askFor)
	defer timeout.Stop()
	var o offer
	select {
	case o = <-offers:
	case <-ctx.Done():
	case <-timeout.C:
	}
	d.mu.Lock()
	delete(d.asking, offers)
	d.mu.Unlock()
	select {
	case o = <-offers: // at the last moment
	default:
	}
	answer, err := json.Marshal(o)
	if err != nil {
		return nil
	}
	return answer
}

// note takes note that a worker is there.
func (d *dispatcher) note(p *presence) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	d.present[p.Worker] = presentWorker{*p, now}
	for name, w := range d.present {
		if now.Sub(w.at) > presentFor {
			delete(d.present, name)
		}
	}
}

// match offers jobs to the workers that wait for one.
func (d *dispatcher) match() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.index.mu.Lock()
	defer d.index.mu.Unlock()
	if !d.index.synced {
		return
	}
	var idle []*presence // for which there is no job
	now := time.Now()
	for offers, p := range d.asking {
		if slices.ContainsFunc(idle, p.asksFor) {
			continue
		}
		waiting := d.index.queues
		if p.Look {
			waiting = d.index.looks
		}
		e := waiting.next(now, p.suits)
		if e == nil {
			idle = append(idle, p)
			continue
		}
		e.offered = now.Add(offerFor)
		offers <- offer{e.record.Owner, e.record.ID}
		delete(d.asking, offers)
	}
}

// waiting says why a queued job is not being painted yet, or returns nil where it is
// not in the index. Jobs take as many seconds as seconds says, or 0 where that is not
// known.
func (d *dispatcher) waiting(n name, seconds func(e *entry, measured float64) float64) *api.Waiting {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.index.mu.Lock()
	defer d.index.mu.Unlock()
	e := d.index.entries[n]
	if e == nil || e.record.State != api.Queued {
		return nil
	}
	ahead := d.index.queuesOf(e.record).ahead(e)
	w := &api.Waiting{Position: len(ahead) + 1, Reason: d.reason(e)}
	workers, measured := 0, d.measured()
	for _, p := range d.present {
		if p.suits(e.record) {
			workers++
		}
	}
	if w.Reason != "" || workers == 0 {
		return w
	}
	if begins, known := d.begins(e, ahead, workers, func(e *entry) float64 { return seconds(e, measured) }); known {
		w.Seconds = &begins
	}
	return w
}

// begins returns in how many seconds one of so many workers has painted what it is at
// and the jobs ahead of e, where that is known.
func (d *dispatcher) begins(e *entry, ahead []*entry, workers int, seconds func(*entry) float64) (begins float64, known bool) {
	now := time.Now()
	var busy []float64 // for so many seconds
	for _, other := range d.index.entries {
		if other.record.State != api.Running || other.record.Look != e.record.Look {
			continue
		}
		left, known := other.left(now, seconds)
		if !known {
			return 0, false
		}
		busy = append(busy, left)
	}
	for len(busy) < workers {
		busy = append(busy, 0)
	}
	for _, other := range ahead {
		takes := seconds(other)
		if takes == 0 {
			return 0, false
		}
		busy[slices.Index(busy, slices.Min(busy))] += takes
	}
	return slices.Min(busy), true
}

// left returns for how many seconds a running job still runs, where that is known: as its
// worker says, or as the time since its claim leaves.
func (e *entry) left(now time.Time, seconds func(*entry) float64) (left float64, known bool) {
	if e.live != nil && e.live.SecondsLeft != nil {
		return max(0, *e.live.SecondsLeft-now.Sub(e.heard).Seconds()), true
	}
	takes := seconds(e)
	if takes > 0 && !e.changed.IsZero() {
		takes = max(0, takes-now.Sub(e.changed).Seconds())
		return takes, true
	}
	return takes, takes > 0
}

// measuredPace is [dispatcher.measured] for those who do not hold the lock.
func (d *dispatcher) measuredPace() float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.measured()
}

// measured returns the mean pace of the workers that have measured theirs, or 0.
func (d *dispatcher) measured() float64 {
	sum, n := 0.0, 0
	for _, w := range d.present {
		if w.Pace > 0 {
			sum += w.Pace
			n++
		}
	}
	return sum / float64(max(n, 1))
}

// reason returns what a job waits for besides its turn, or "".
func (d *dispatcher) reason(e *entry) string {
	r := e.record
	workers := slices.Collect(maps.Values(d.present))
	if len(workers) == 0 {
		return "no worker is connected"
	}
	network, memory := false, int64(0)
	for _, w := range workers {
		if w.Networks[r.Network] == r.Digest {
			network = true
			memory = max(memory, w.Memory)
		}
	}
	switch {
	case !network:
		return fmt.Sprintf("no worker has the network %s with the digest %.12s: install it on a worker", r.Network, r.Digest)
	case !r.Look && memory < r.Memory:
		return fmt.Sprintf("it needs up to %d MiB of memory, and the largest worker has %d: start one with more --memory", r.Memory>>20, memory>>20)
	case time.Now().Before(e.resting):
		return "the last attempt came to nothing, the next begins soon: " + r.Reason
	}
	return ""
}

// workers returns how many workers are connected.
func (d *dispatcher) workers() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, w := range d.present {
		if time.Since(w.at) <= presentFor {
			n++
		}
	}
	return n
}
