package job

import (
	"testing"

	"github.com/pastiche-art/pastiche/api"
)

// TestRunningIsCounted: a job that ends is subtracted once from those that run.
func TestRunningIsCounted(t *testing.T) {
	x := newIndex(func(*Record) {})
	revision := uint64(0)
	put := func(id string, state api.State) {
		revision++
		r := &Record{ID: id, State: state, Revision: revision}
		x.apply(Change{Record: r, Revision: revision})
	}
	for _, step := range []struct {
		id      string
		state   api.State
		running int
	}{
		{"a", api.Queued, 0}, {"a", api.Running, 1}, {"b", api.Queued, 1}, {"b", api.Running, 2}, {"a", api.Done, 1},
		{"b", api.Queued, 0}, {"b", api.Running, 1}, {"b", api.Cancelled, 0}, {"c", api.Queued, 0}, {"c", api.Failed, 0},
	} {
		put(step.id, step.state)
		if q := x.queues[""]; q.running != step.running {
			t.Errorf("after %s is %s: %d running, expected %d", step.id, step.state, q.running, step.running)
		}
	}
	if n := len(x.queues[""].waiting); n != 0 {
		t.Errorf("%d jobs wait", n)
	}
}
