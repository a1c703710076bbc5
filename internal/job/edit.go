package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"time"

	"github.com/pastiche-art/pastiche/api"
)

// change applies a change to a record by compare-and-set, and repeats it where the
// record has changed in between.
func (s *Service) change(ctx context.Context, owner, id string, change func(*Record) error) (*Record, error) {
	for {
		r, err := s.Get(ctx, owner, id)
		if err != nil {
			return nil, err
		}
		if err := change(r); err != nil {
			return nil, err
		}
		if err := s.cfg.Store.Replace(ctx, r); !errors.Is(err, ErrStale) {
			return r, err
		}
	}
}

func stateError(r *Record, expected string) error {
	return fmt.Errorf("%w: the job is %s, expected %s", ErrState, r.State, expected)
}

// Cancel ends a job that is not finished. Errors are those of [Service.Get] and
// [ErrState].
func (s *Service) Cancel(ctx context.Context, owner, id string) (*Record, error) {
	var checkpoint string
	r, err := s.change(ctx, owner, id, func(r *Record) error {
		if r.State != api.Queued && r.State != api.Running {
			return stateError(r, "queued or running")
		}
		checkpoint = r.Checkpoint
		r.finish(api.Cancelled)
		return nil
	})
	if err == nil {
		s.stop(nameOf(r))
		if checkpoint != "" {
			s.removeBlobs(ctx, checkpoint)
		}
		s.logJob("job cancelled", r)
	}
	return r, err
}

// Retry queues a failed or cancelled job again, from its beginning. Errors are those
// of [Service.Get], [Service.Ready] and of a full queue, and [ErrState].
func (s *Service) Retry(ctx context.Context, owner, id string) (*Record, error) {
	if err := s.Ready(ctx); err != nil {
		return nil, err
	}
	if err := s.endParts(ctx, owner, id); err != nil {
		return nil, err
	}
	r, err := s.change(ctx, owner, id, func(r *Record) error {
		if r.State != api.Failed && r.State != api.Cancelled {
			return stateError(r, "failed or cancelled")
		}
		if err := s.place(owner, r.Look); err != nil {
			return err
		}
		r.State, r.Error, r.Reason = api.Queued, "", ""
		r.FailedAttempts, r.Commits, r.Checkpoint, r.Preview, r.Progress, r.Curve = 0, 0, "", "", nil, nil
		r.Started, r.Finished, r.Expires = nil, nil, nil
		if r.Video != nil {
			r.Video.divideAgain()
		}
		r.queueWebhook(api.Queued) // after the states that are still undelivered
		return nil
	})
	if err == nil {
		s.logJob("job queued again", r)
	}
	return r, err
}

// Forever is the retention of jobs that never expire.
const Forever time.Duration = math.MaxInt64

// ParseRetention reads a retention: a time above 0 such as 48h, or [api.Forever].
func ParseRetention(text string) (time.Duration, error) {
	if text == api.Forever {
		return Forever, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("expected a time such as 48h, or %s", api.Forever)
	}
	return d, nil
}

// An Edit is what an owner changes of a job. What is zero stays as it is.
type Edit struct {
	Retention time.Duration     // from now on, of a finished job
	Labels    map[string]string // labels to set; "" removes one
	Share     string            // makes the painting of a job that is done shared; a job that is shared keeps its secret
	Unshare   bool              // ends the sharing
}

// Change edits a job and notifies its owner's subscriptions. Errors are those of
// [Service.Get], [ErrState] and, where the labels are not as of a submission, a
// [*paint.OptionError].
func (s *Service) Change(ctx context.Context, owner, id string, e Edit) (*Record, error) {
	r, err := s.change(ctx, owner, id, e.apply)
	if err == nil && !r.Active() { // no watch reports a change of a finished job
		s.cfg.Bus.Publish(subjectOf(subjectChanged, owner, id), nil) //nolint:errcheck // clients see it when they ask
	}
	return r, err
}

func (e *Edit) apply(r *Record) error {
	if e.Retention != 0 {
		if !r.State.Final() {
			return stateError(r, "done, failed or cancelled")
		}
		r.Retention = e.Retention
		r.Expires = r.expiresAfter(time.Now().UTC())
	}
	if e.Share != "" {
		if r.Result == nil {
			return stateError(r, "done")
		}
		r.Share = cmp.Or(r.Share, e.Share)
	}
	if e.Unshare {
		r.Share = ""
	}
	if len(e.Labels) == 0 {
		return nil
	}
	labels := maps.Clone(r.Labels)
	if labels == nil {
		labels = make(map[string]string)
	}
	maps.Copy(labels, e.Labels)
	maps.DeleteFunc(labels, func(name, value string) bool { _, changed := e.Labels[name]; return changed && value == "" })
	r.Labels = labels
	return checkLabels(labels)
}

// expiresAfter returns when a record expires whose retention begins at a time; nil is
// never.
func (r *Record) expiresAfter(at time.Time) *time.Time {
	if r.Retention == Forever {
		return nil
	}
	expires := at.Add(r.Retention)
	return &expires
}

// tombstoneFor is how long the record of a deleted job remains. What a worker is still
// storing then is removed with it.
const tombstoneFor = 10 * time.Minute

// Delete ends a job, if it is not finished, and deletes it with its pictures; or an
// uploaded file. The error is that of [Service.Get].
func (s *Service) Delete(ctx context.Context, owner, id string) error {
	for {
		r, err := s.get(ctx, owner, id, func(r *Record) bool { return r.State != Deleted })
		if err != nil {
			return err
		}
		if err = s.markDeleted(ctx, r); !errors.Is(err, ErrStale) {
			if err == nil {
				s.cfg.Log.Info("job deleted", "job", r.ID)
			}
			return err
		}
	}
}

// markDeleted replaces a record by one that is [Deleted], and removes its pictures. The
// leader removes them again when that record expires.
func (s *Service) markDeleted(ctx context.Context, r *Record) error {
	now := time.Now().UTC()
	expires := now.Add(tombstoneFor)
	tombstone := &Record{
		ID: r.ID, Owner: r.Owner, Key: r.Key, State: Deleted, Created: r.Created, Finished: &now, Expires: &expires,
		Fence: r.Fence + 1, Revision: r.Revision,
	}
	if r.Video != nil && r.Video.Parts != "" { // for the leader, which ends them
		tombstone.Video = &Video{Division: r.Video.Division, Parts: r.Video.Parts, Shots: r.Video.Shots}
	}
	if err := s.cfg.Store.Replace(ctx, tombstone); err != nil {
		return err
	}
	s.stop(nameOf(r))
	if !r.Active() { // no watch reports a change of a finished job
		s.cfg.Bus.Publish(subjectOf(subjectDeleted, r.Owner, r.ID), nil) //nolint:errcheck // clients see it when they ask
	}
	s.removeBlobs(ctx, r.ID)
	return nil
}

// removeBlobs removes a blob, or all blobs of a job, even where ctx ends. What it cannot
// remove is removed with the record.
func (s *Service) removeBlobs(ctx context.Context, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discardTimeout)
	defer cancel()
	if err := s.cfg.Blobs.Remove(ctx, name); err != nil {
		s.cfg.Log.Warn("pictures remain for now", "name", name, "error", err)
	}
}
