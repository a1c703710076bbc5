package job

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/picture"
)

// needsLeader reports whether the leader may have to do something about a changed record:
// a video, or a part that was claimed or has ended.
func (r *Record) needsLeader() bool {
	return r.Video != nil || r.Part != nil && (r.State != api.Running || r.Part.Done == 0)
}

// partID returns the id of the part of a shot. It is no [ValidID], so that clients never
// find it.
func (r *Record) partID(shot int) string {
	return fmt.Sprintf("%s-%d-%04d", r.ID, r.Video.Division, shot)
}

// leadVideos does the leader's work for videos: it makes the parts of new ones, joins
// those that are painted, and ends the parts of those that are not painted any more.
func (s *Service) leadVideos(ctx context.Context) {
	s.index.mu.Lock()
	synced := s.index.synced
	var videos, parts []*Record
	for _, e := range s.index.entries {
		r := *e.record
		switch {
		case r.Part != nil:
			parts = append(parts, &r)
		case r.Video != nil && r.Video.Parts != "":
			v := *r.Video
			r.Video = &v
			videos = append(videos, &r)
		}
	}
	s.index.mu.Unlock()
	if !synced {
		return
	}
	// A leader that loses its lease meanwhile does no harm: each step is a change of a
	// record that only one of two leaders makes.
	ctx, cancel := context.WithTimeout(ctx, cleanupTimeout)
	defer cancel()
	active := make(map[name]*Record)
	for _, r := range parts {
		active[nameOf(r)] = r
	}
	led := make(map[name]int) // the division, by video
	for _, r := range videos {
		led[nameOf(r)] = r.Video.Division
		err := s.leadVideo(ctx, r, active)
		if err != nil && !errors.Is(err, ErrStale) && ctx.Err() == nil {
			s.cfg.Log.Warn("a video is left as it is for now", "job", r.ID, "error", err)
		}
	}
	for _, r := range parts {
		if division, found := led[name{r.Owner, r.Part.Video}]; found && division == r.Part.Division {
			continue
		}
		if err := s.endOrphan(ctx, r); err != nil && ctx.Err() == nil {
			s.cfg.Log.Warn("a part without a video remains for now", "part", r.ID, "error", err)
		}
	}
}

// leadVideo takes a video a step further. active are the parts of all videos that are not
// finished.
func (s *Service) leadVideo(ctx context.Context, r *Record, active map[name]*Record) error {
	switch {
	case r.State.Final() || r.State == Deleted:
		return s.leaveParts(ctx, r)
	case r.Video.Parts == planned:
		return s.divide(ctx, r)
	}
	parts := make([]*Record, len(r.Video.Shots))
	done, begun := 0, r.Started
	for i := range parts {
		n := name{r.Owner, r.partID(i)}
		part := active[n]
		if part == nil {
			var err error
			part, err = s.cfg.Store.Load(ctx, n.owner, n.id)
			if errors.Is(err, ErrNotFound) { // somebody has removed it
				r.Video.Parts = planned
				return s.cfg.Store.Replace(ctx, r)
			}
			if err != nil {
				return err
			}
		}
		parts[i] = part
		switch part.State {
		case api.Failed:
			r.Error = fmt.Sprintf("frames %d to %d: %s", part.Part.First+1, part.Part.First+part.Part.Frames, part.Error)
			return s.endVideo(ctx, r, api.Failed, "video failed")
		case api.Done:
			done++
		}
		if begun == nil || part.Started != nil && part.Started.Before(*begun) {
			begun = part.Started
		}
	}
	if r.State == api.Queued && begun != nil {
		r.State, r.Started = api.Running, begun
		r.Attempts++
		r.queueWebhook(api.Running)
		return s.cfg.Store.Replace(ctx, r)
	}
	if done < len(parts) {
		return nil
	}
	for _, part := range parts {
		p := *part.Part
		p.Of, p.Position = nil, nil
		r.Video.Painted = append(r.Video.Painted, p)
	}
	var err error
	if r.Result, err = s.result(ctx, r); errors.Is(err, blob.ErrNotFound) || errors.Is(err, picture.ErrCorrupt) {
		r.Error = fmt.Sprintf("the painting of the first frame is lost: %v", err)
		r.Video.Painted = nil
		return s.endVideo(ctx, r, api.Failed, "video failed")
	}
	if err != nil {
		return err
	}
	return s.endVideo(ctx, r, api.Done, "video done")
}

// endVideo ends a video. Its parts are left in the next step.
func (s *Service) endVideo(ctx context.Context, r *Record, state api.State, event string) error {
	r.finish(state)
	if err := s.cfg.Store.Replace(ctx, r); err != nil {
		return err
	}
	s.logJob(event, r, "frames", r.Video.Frames, "parts", len(r.Video.Shots))
	return nil
}

// divide makes the parts of a video that are missing.
func (s *Service) divide(ctx context.Context, r *Record) error {
	for i, first := range r.Video.Shots {
		id := r.partID(i)
		if _, err := s.cfg.Store.Load(ctx, r.Owner, id); !errors.Is(err, ErrNotFound) {
			if err != nil {
				return err
			}
			continue
		}
		end := r.Video.Frames
		if i+1 < len(r.Video.Shots) {
			end = r.Video.Shots[i+1]
		}
		v := *r.Video
		v.Parts, v.Painted, v.Shots = "", nil, nil
		part := &Record{
			ID: id, Owner: r.Owner, State: api.Queued, Created: r.Created, Retention: Forever,
			Options: r.Options, Priority: r.Priority, Inputs: r.Inputs, Network: r.Network, Digest: r.Digest, Memory: r.Memory,
			Part: &Part{
				Video: r.ID, Of: &v, Division: v.Division, First: first, Frames: end - first,
				Folder: r.Video.paintings(r.ID) + "/" + strings.ToLower(rand.Text()[:8]),
			},
		}
		if err := s.cfg.Store.Create(ctx, part); err != nil && !errors.Is(err, ErrStale) {
			return err
		}
	}
	r.Video.Parts = made
	if err := s.cfg.Store.Replace(ctx, r); err != nil {
		return err
	}
	s.logJob("video divided", r, "frames", r.Video.Frames, "parts", len(r.Video.Shots))
	return nil
}

// leaveParts removes the parts of a video that has ended, and its paintings unless it is
// done.
func (s *Service) leaveParts(ctx context.Context, r *Record) error {
	for i := range r.Video.Shots {
		if err := s.removePart(ctx, r.Owner, r.partID(i)); err != nil {
			return err
		}
	}
	switch r.State {
	case api.Done:
	case Deleted:
		s.removeBlobs(ctx, r.ID) // what workers have stored since
	default:
		s.removeBlobs(ctx, r.Video.paintings(r.ID))
	}
	r.Video.Parts = ""
	if r.State == Deleted {
		r.Video = nil
	}
	return s.cfg.Store.Replace(ctx, r)
}

// removePart removes the record of a part, if there is one, and stops its worker.
func (s *Service) removePart(ctx context.Context, owner, id string) error {
	for {
		part, err := s.cfg.Store.Load(ctx, owner, id)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if err = s.cfg.Store.Delete(ctx, part); !errors.Is(err, ErrStale) {
			s.stop(name{owner, id})
			return err
		}
	}
}

// endOrphan removes a part whose video is not being painted as its index says, unless the
// store says that it is: a leader that froze may have made it too late.
func (s *Service) endOrphan(ctx context.Context, part *Record) error {
	v, err := s.cfg.Store.Load(ctx, part.Owner, part.Part.Video)
	switch {
	case err != nil && !errors.Is(err, ErrNotFound):
		return err
	case err == nil && v.Video != nil && v.Video.Parts != "" && v.Video.Division == part.Part.Division:
		return nil
	}
	if err := s.removePart(ctx, part.Owner, part.ID); err != nil {
		return err
	}
	s.removeBlobs(ctx, part.Part.Folder)
	return nil
}

// endParts removes the parts of a video that has ended, so that it can be queued again.
// It does nothing to other records.
func (s *Service) endParts(ctx context.Context, owner, id string) error {
	r, err := s.Get(ctx, owner, id)
	if err != nil || r.Video == nil || r.Video.Parts == "" || !r.State.Final() {
		return err
	}
	if err = s.leaveParts(ctx, r); errors.Is(err, ErrStale) {
		return nil // the leader has removed them
	}
	return err
}
