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
	// askFor is how long a server holds a worker's request for work (long polling).
	askFor = 5 * time.Second
	// offerFor is how long a job that was offered to a worker, and not claimed,
	// is not offered to another.
	offerFor = 2 * time.Second
	// presentEvery is the interval at which a worker publishes its presence. A
	// worker without a presence for presentFor counts as disconnected.
	presentEvery = 5 * time.Second
	presentFor   = 3 * presentEvery
	// After a failed attempt, a job is not offered for firstBackoff. The pause
	// doubles with each further one, up to maxBackoff.
	firstBackoff = 500 * time.Millisecond
	maxBackoff   = time.Minute
)

// backoff returns the pause before the next attempt after a number of failed ones.
func backoff(failed int) time.Duration {
	return min(firstBackoff<<min(max(failed-1, 0), 10), maxBackoff)
}

// A presence says what a worker can paint. Workers publish it, and send it as their
// request for work.
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
	d.register(&p)
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

// register notes that a worker is connected.
func (d *dispatcher) register(p *presence) {
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
		e.offeredUntil = now.Add(offerFor)
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
	if e.record.Video != nil {
		if e = d.index.firstPart(e.record); e == nil {
			return &api.Waiting{Position: 1} // it is being divided
		}
	}
	ahead := d.index.queuesOf(e.record).ahead(e)
	w := &api.Waiting{Position: jobsIn(ahead) + 1, Reason: d.reason(e)}
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

// jobsIn returns how many jobs there are among entries. All parts of a video are one.
func jobsIn(entries []*entry) int {
	jobs := make(map[name]bool)
	for _, e := range entries {
		n := nameOf(e.record)
		if e.record.Part != nil {
			n.id = e.record.Part.Video
		}
		jobs[n] = true
	}
	return len(jobs)
}

// begins returns the seconds until one of a number of workers has painted its current
// job and those ahead of e, where they are known.
func (d *dispatcher) begins(e *entry, ahead []*entry, workers int, seconds func(*entry) float64) (begins float64, known bool) {
	now := time.Now()
	var busy []float64 // for so many seconds
	for _, other := range d.index.entries {
		if other.record.State != api.Running || other.record.Look != e.record.Look || other.record.Video != nil {
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

// left returns the seconds that a running job still takes, where they are known: as its
// worker says, or else the estimate less the time since the claim.
func (e *entry) left(now time.Time, seconds func(*entry) float64) (left float64, known bool) {
	if e.progress != nil && e.progress.SecondsLeft != nil {
		return max(0, *e.progress.SecondsLeft-now.Sub(e.lastHeartbeat).Seconds()), true
	}
	takes := seconds(e)
	if takes > 0 && !e.changed.IsZero() {
		takes = max(0, takes-now.Sub(e.changed).Seconds())
		return takes, true
	}
	return takes, takes > 0
}

// measuredPace is [dispatcher.measured] for callers that do not hold the lock.
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
	case time.Now().Before(e.backoffUntil):
		return "the last attempt failed, the next begins soon: " + r.Reason
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
