package job

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/pastiche-art/pastiche/api"
)

// queues are the queued jobs of each owner, and how many of them are running.
type queues map[string]*queue

// queue is the jobs of one owner.
type queue struct {
	waiting []*entry // in the order in which they are painted
	running int
	served  time.Time // when a worker was last offered one of them
}

// order compares queued jobs of one owner.
func order(a, b *entry) int {
	return cmp.Or(
		cmp.Compare(b.record.Priority, a.record.Priority),
		a.record.Created.Compare(b.record.Created),
		strings.Compare(a.record.ID, b.record.ID),
	)
}

func (q queues) add(e *entry) {
	if e.record.State != api.Queued && e.record.State != api.Running || e.record.Video != nil {
		return // the parts of a video are painted
	}
	of := q[e.record.Owner]
	if of == nil {
		of = &queue{}
		q[e.record.Owner] = of
	}
	if e.record.State == api.Running {
		of.running++
		return
	}
	i, _ := slices.BinarySearchFunc(of.waiting, e, order)
	of.waiting = slices.Insert(of.waiting, i, e)
}

func (q queues) remove(e *entry) {
	of := q[e.record.Owner]
	switch {
	case of == nil || e.record.Video != nil:
	case e.record.State == api.Running:
		of.running--
	case e.record.State == api.Queued:
		if i, found := slices.BinarySearchFunc(of.waiting, e, order); found {
			of.waiting = slices.Delete(of.waiting, i, i+1)
		}
	}
}

// next returns the job that is offered next of those that suit, or nil: that of the
// owner with the fewest jobs running, and of several such owners of the one that has
// waited longest to be served.
func (q queues) next(now time.Time, suits func(*Record) bool) *entry {
	var best *entry
	var of *queue
	for _, candidate := range q {
		if len(candidate.waiting) == 0 || of != nil && !candidate.before(of) {
			continue
		}
		for _, e := range candidate.waiting {
			if now.After(e.offeredUntil) && now.After(e.backoffUntil) && suits(e.record) {
				best, of = e, candidate
				break
			}
		}
	}
	if of != nil {
		of.served = now
	}
	return best
}

// before reports whether q is served before o.
func (q *queue) before(o *queue) bool {
	return q.running < o.running || q.running == o.running && q.served.Before(o.served)
}

// ahead returns the jobs that are offered before a queued job.
func (q queues) ahead(e *entry) []*entry {
	own := q[e.record.Owner]
	i, found := slices.BinarySearchFunc(own.waiting, e, order)
	if !found {
		return nil
	}
	// The round in which a job's turn comes is the number of jobs of its owner
	// before it, running ones included.
	round := own.running + i
	ahead := slices.Clone(own.waiting[:i])
	for _, other := range q {
		if other == own {
			continue
		}
		before := round - other.running
		if other.served.Before(own.served) {
			before++
		}
		ahead = append(ahead, other.waiting[:min(max(before, 0), len(other.waiting))]...)
	}
	return ahead
}
