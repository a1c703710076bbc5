package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pastiche-art/pastiche/api"
)

const (
	// sweepEvery is how often the leader looks for what has expired.
	sweepEvery = 15 * time.Second
	// sweepFor bounds a sweep, because the leader renews its lease in between.
	sweepFor = LeadEvery
	// callFor is the time after which a webhook that fails is dropped.
	callFor = 24 * time.Hour
)

// lead does the work of the leader while this process leads: it queues jobs again that
// have lost their worker, discards incomplete uploads and looks that wait for too long,
// divides videos and joins their parts, deletes what has expired, and calls webhooks.
func (s *Service) lead(ctx context.Context) {
	calls := calls{wake: s.leaderDue, of: make(map[name]*callState)}
	defer calls.all.Wait()
	t := time.NewTicker(LeadEvery)
	defer t.Stop()
	var since, swept time.Time // since when this process leads, or zero
	for {
		leads, err := s.cfg.Store.Lead(ctx)
		now := time.Now()
		switch {
		case err != nil || !leads:
			since = time.Time{}
		case since.IsZero() && s.cfg.Exclusive: // no other process has a worker
			since = now.Add(-max(s.cfg.Silence, draftTimeout))
		case since.IsZero():
			since = now
		}
		if !since.IsZero() {
			s.recover(ctx, since)
			if now.Sub(swept) >= sweepEvery && s.sweep(ctx, now) {
				swept = now
			}
		}
		for renew := false; !renew; {
			if !since.IsZero() {
				s.leadVideos(ctx)
				s.call(ctx, &calls)
			}
			select {
			case <-ctx.Done():
				return
			case <-t.C:
				renew = true
			case <-s.leaderDue:
			}
		}
	}
}

// recover queues running jobs again whose worker sends no heartbeat. It discards drafts
// whose server sends none, and looks that have waited for too long. Times are of this
// process's own clock. Heartbeats before this process began to lead count from then.
func (s *Service) recover(ctx context.Context, since time.Time) {
	type lost struct {
		record *Record
		silent time.Duration
	}
	var all []lost
	now := time.Now()
	s.index.mu.Lock()
	for _, e := range s.index.entries {
		if e.record.Video != nil && e.record.State == api.Running {
			continue // its parts have workers
		}
		heard := since
		for _, at := range []time.Time{e.lastHeartbeat, e.changed} {
			if at.After(heard) {
				heard = at
			}
		}
		silent := now.Sub(heard)
		outdated := e.record.Look && e.record.State == api.Queued && now.Sub(e.record.Created) > lookRetention
		if outdated || e.record.State == api.Running && silent > s.cfg.Silence || e.record.State == Receiving && silent > draftTimeout {
			all = append(all, lost{e.record, silent})
		}
	}
	synced := s.index.synced
	s.index.mu.Unlock()
	if !synced {
		return
	}
	for _, l := range all {
		r := *l.record
		var err error
		event := "upload discarded: its server is silent"
		switch r.State {
		case Receiving:
			err = s.markDeleted(ctx, &r)
		case api.Queued:
			event = "quick look discarded: it waited for too long"
			err = s.markDeleted(ctx, &r)
		default:
			event = "job queued again: its worker is silent"
			r.State, r.Reason = api.Queued, fmt.Sprintf("its worker was silent for %v", l.silent.Round(time.Second))
			err = s.cfg.Store.Replace(ctx, &r)
		}
		switch {
		case err == nil:
			s.cfg.Log.Warn(event, "job", r.ID, "silent", l.silent.Round(time.Second))
		case !errors.Is(err, ErrStale):
			s.cfg.Log.Warn("a job that lost its worker could not be queued again", "job", r.ID, "error", err)
		}
	}
}

// sweep deletes what has expired. It reports false where there was more than it could
// delete in sweepFor.
func (s *Service) sweep(ctx context.Context, now time.Time) bool {
	sweeping, cancel := context.WithTimeout(ctx, sweepFor)
	defer cancel()
	err := s.cfg.Store.Sweep(sweeping, now, func(owner, id string) error {
		r, err := s.cfg.Store.Load(sweeping, owner, id)
		switch {
		case errors.Is(err, ErrNotFound): // the store has expired it
			return s.cfg.Blobs.Remove(sweeping, id)
		case err != nil:
			return err
		case !r.expired(now): // its retention was extended
			return nil
		case r.State != Deleted:
			// Its pictures are removed when its owner can no longer extend its retention.
			if err := s.markDeleted(sweeping, r); err != nil && !errors.Is(err, ErrStale) {
				return err
			}
			s.cfg.Log.Info("job expired", "job", r.ID)
			return nil
		}
		if err := s.cfg.Blobs.Remove(sweeping, id); err != nil {
			return err
		}
		if err := s.cfg.Store.Delete(sweeping, r); !errors.Is(err, ErrStale) {
			return err
		}
		return nil
	})
	if sweeping.Err() != nil {
		return false
	}
	if err != nil {
		s.cfg.Log.Warn("not everything that has expired was deleted", "error", err)
	}
	return true
}
