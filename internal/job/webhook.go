package job

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// calls are the calls of webhooks under way and those that failed.
type calls struct {
	all  sync.WaitGroup
	wake chan<- struct{} // receives a value when a call has ended
	mu   sync.Mutex
	of   map[name]*callState
}

type callState struct {
	busy   bool
	failed int
	next   time.Time // no call before
	noted  uint64    // the revision of the record that notes the last delivery
}

const (
	// firstCallBackoff is the pause after a call that failed. It doubles with each
	// further one, up to maxCallBackoff.
	firstCallBackoff = 2 * time.Second
	maxCallBackoff   = 10 * time.Minute
	// callsOfOwner is how many webhooks of an owner are called at a time.
	callsOfOwner = 8
)

// call calls the webhooks that have undelivered states.
func (s *Service) call(ctx context.Context, c *calls) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	busy := make(map[string]int) // calls under way, by owner
	for n, state := range c.of {
		if state.busy {
			busy[n.owner]++
		} else if e := s.index.entries[n]; e == nil || len(e.record.Undelivered) == 0 {
			delete(c.of, n)
		}
	}
	for n, e := range s.index.entries {
		if len(e.record.Undelivered) == 0 || busy[n.owner] >= callsOfOwner {
			continue
		}
		state := c.of[n]
		if state == nil {
			state = &callState{}
			c.of[n] = state
		}
		// The index may not know yet what was delivered.
		if state.busy || now.Before(state.next) || e.record.Revision < state.noted {
			continue
		}
		state.busy = true
		busy[n.owner]++
		c.all.Go(func() {
			noted, delivered := s.deliver(ctx, e.record)
			c.mu.Lock()
			defer c.mu.Unlock()
			state.busy = false
			if delivered {
				state.failed, state.noted = 0, noted
			} else {
				state.next = time.Now().Add(min(firstCallBackoff<<min(state.failed, 12), maxCallBackoff))
				state.failed++
			}
			select {
			case c.wake <- struct{}{}:
			default:
			}
		})
	}
}

// deliver calls a job's webhook with the oldest of its undelivered states, removes the
// state from the record, and returns the record's revision. It reports false where the
// webhook has to be called again.
func (s *Service) deliver(ctx context.Context, r *Record) (revision uint64, delivered bool) {
	state := r.Undelivered[0]
	if err := s.cfg.Webhooks(ctx, r, state); err != nil {
		if ctx.Err() != nil {
			return 0, false
		}
		s.cfg.Log.Warn("webhook failed", "job", r.ID, "state", state, "error", err)
		if now := time.Now(); r.Finished == nil || now.Sub(*r.Finished) < callFor && !r.expired(now) {
			return 0, false
		}
		s.cfg.Log.Error("webhook given up", "job", r.ID, "state", state)
	}
	for {
		now, err := s.cfg.Store.Load(ctx, r.Owner, r.ID)
		if errors.Is(err, ErrNotFound) {
			return 0, true
		}
		if err != nil {
			return 0, false
		}
		if len(now.Undelivered) == 0 || now.Undelivered[0] != state {
			return now.Revision, true
		}
		now.Undelivered = slices.Clone(now.Undelivered[1:])
		if err = s.cfg.Store.Replace(ctx, now); !errors.Is(err, ErrStale) {
			return now.Revision, err == nil
		}
	}
}
