package folderstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/pastiche-art/pastiche/internal/job"
)

// Sweep implements [job.Store]. The package's documentation says what it does where
// the clock has jumped.
func (s *Store) Sweep(ctx context.Context, now time.Time, forget func(owner, id string) error) error {
	if err := s.exists(); err != nil {
		return err
	}
	now, err := s.trust(ctx, now)
	if err != nil {
		return err
	}
	hours, err := readNames(s.path("due"))
	if err != nil {
		return s.explain(err)
	}
	failed, first := 0, error(nil)
	for _, hour := range hours {
		if hour > now.UTC().Format(dueTime) {
			break
		}
		names, err := readNames(s.path("due", hour))
		if err != nil {
			return s.explain(err)
		}
		for _, name := range names {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			seconds, listed, ok := s.parseDue(name)
			if !ok {
				continue
			}
			if seconds > now.Unix() {
				break
			}
			if err := s.sweep(now, listed, marker{path: s.path("due", hour, name)}, forget); err != nil {
				if failed++; failed == 1 {
					first = err
				}
			}
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d expired jobs stay until the next sweep; the first: %w", failed, first)
	}
	return nil
}

// sweep forgets the record of a marker that is due, or the marker where it does not
// agree with the record.
func (s *Store) sweep(now time.Time, listed, due marker, forget func(owner, id string) error) error {
	other := func(r *job.Record, err error) bool { return isOther(r, err, listed.revision) }
	r, err := s.read(listed.ref)
	var damaged *job.DamagedError
	switch {
	case other(r, err):
		return s.heal(listed.ref, other, listed, due)
	case err != nil && !errors.As(err, &damaged): // a damaged record expires as its marker says
		return err
	case err == nil && r.Expires.After(now): // within this second
		return nil
	}
	if err := forget(listed.ref.owner, listed.ref.id); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	return s.explain(s.unmark(due))
}

// clock is the time of the last Sweep, and since when the clock has been too far from
// it.
type clock struct {
	swept time.Time
	held  time.Time
}

const (
	// jump is by how much the clock may be later than at the last Sweep.
	jump = 24 * time.Hour
	// hold is how long Sweep does not believe a clock that has jumped.
	hold = time.Hour
)

// openClock reads when the last process swept.
func (s *Store) openClock() error {
	path := s.path("clock")
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		s.clock.swept = time.Now()
		return s.touch(path)
	}
	if err != nil {
		return err
	}
	s.clock.swept = info.ModTime()
	return nil
}

// trust returns the time at which Sweep sweeps.
func (s *Store) trust(ctx context.Context, now time.Time) (time.Time, error) {
	if err := s.begin(ctx); err != nil {
		return now, err
	}
	defer s.mu.Unlock()
	c := &s.clock
	if now.Sub(c.swept) > jump {
		if c.held.IsZero() {
			c.held = time.Now()
			s.log.Warn("the clock is more than a day later than when expired jobs were last deleted: set it right if it is wrong; otherwise deleting goes on after a while",
				"now", now, "last", c.swept, "after", hold)
		}
		if time.Since(c.held) < hold {
			return c.swept, nil
		}
	}
	c.swept, c.held = now, time.Time{}
	path := s.path("clock")
	if err := s.change(path); err != nil {
		return now, s.explain(err)
	}
	return now, s.explain(os.Chtimes(path, now, now))
}
