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

// Sweep implements [job.Store]. The package comment describes what it does after a jump of
// the clock.
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
		return fmt.Errorf("%d expired jobs cannot be deleted now; the first error: %w", failed, first)
	}
	return nil
}

// sweep calls forget for the record of a due marker, and removes the marker. Where the
// marker is stale, it only removes the marker and its counterpart in a list.
func (s *Store) sweep(now time.Time, listed, due marker, forget func(owner, id string) error) error {
	other := func(r *job.Record, err error) bool { return isOther(r, err, listed.revision) }
	r, err := s.read(listed.ref)
	var damaged *job.DamagedError
	switch {
	case other(r, err):
		return s.heal(listed.ref, other, listed, due)
	case err != nil && !errors.As(err, &damaged): // a damaged record expires as its marker says
		return err
	case err == nil && r.Expires.After(now): // later in this second
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

// clock is what Sweep knows about the clock.
type clock struct {
	swept time.Time // the time of the last Sweep
	held  time.Time // when Sweep noticed that the clock has jumped; zero where it has not
}

const (
	// jump is by how much the clock may be later than at the last Sweep.
	jump = 24 * time.Hour
	// hold is how long Sweep does not use a clock that has jumped.
	hold = time.Hour
)

// openClock reads the time of the last Sweep, of an earlier process.
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

// trust returns the time that Sweep uses: now, or the time of the last Sweep where the
// clock has jumped.
func (s *Store) trust(ctx context.Context, now time.Time) (time.Time, error) {
	if err := s.begin(ctx); err != nil {
		return now, err
	}
	defer s.mu.Unlock()
	c := &s.clock
	if now.Sub(c.swept) > jump {
		if c.held.IsZero() {
			c.held = time.Now()
			s.log.Warn("the clock is more than a day later than when expired jobs were last deleted: correct it if it is wrong; expired jobs are not deleted for now",
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
