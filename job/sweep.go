package job

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	sweepEvery = 5 * time.Second
	// sweepObjectsEvery is how often what no job owns is looked for, which reads
	// the names of all pictures.
	sweepObjectsEvery = 10 * time.Minute
	// probeEvery is how often a store that failed is tried again.
	probeEvery   = time.Second
	probeTimeout = 3 * time.Second
)

// Maintain queues again what nobody paints, forgets what has expired, sweeps
// what killed uploads left, and recovers the queue: after a write that failed it
// accepts nothing until a trial succeeds, and an embedded one that stays stuck is
// restarted. It runs until ctx is cancelled, beside every store that is used for
// long.
func (s *Store) Maintain(ctx context.Context) {
	var recovering sync.WaitGroup
	defer recovering.Wait()
	recovering.Go(func() { s.recoverAgain(ctx) }) // which no sweep may hold up
	sweep := time.NewTicker(sweepEvery)
	objects := time.NewTicker(sweepObjectsEvery)
	defer sweep.Stop()
	defer objects.Stop()
	warn := func(err error) {
		if err != nil && ctx.Err() == nil {
			s.cfg.Log.Warn("sweep", "error", err)
		}
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-sweep.C:
			warn(s.sweepJobs(ctx))
		case <-objects.C:
			warn(s.sweepObjects(ctx))
		}
	}
}

// recoverAgain recovers the queue whenever a write has failed and there is space.
func (s *Store) recoverAgain(ctx context.Context) {
	probe := time.NewTicker(probeEvery)
	defer probe.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-probe.C:
			if s.suspect.Load() && s.space(0) == nil {
				s.recover(ctx)
			}
		}
	}
}

// Sweep is one round of [Store.Maintain].
func (s *Store) Sweep(ctx context.Context) error {
	return errors.Join(s.sweepJobs(ctx), s.sweepObjects(ctx))
}

// sweepJobs forgets jobs that have expired, and queues what nobody paints.
func (s *Store) sweepJobs(ctx context.Context) error {
	all, err := s.all(ctx)
	if err != nil {
		return err
	}
	for _, r := range all {
		switch {
		case r.State.Final() && r.Expires != nil && time.Now().After(*r.Expires):
			err = errors.Join(err, s.Delete(ctx, r.ID))
		case r.State == Queued, r.State == Running && s.deserted(r):
			err = errors.Join(err, s.enqueue(ctx, r.ID))
		}
	}
	return err
}

// sweepObjects removes what killed uploads and workers left, and the marks of
// what was deleted.
func (s *Store) sweepObjects(ctx context.Context) error {
	// Objects first: what is accepted meanwhile is no orphan.
	objects, err := s.objects.List(ctx, jetstream.ListObjectsShowDeleted())
	if err != nil && !errors.Is(err, jetstream.ErrNoObjectsFound) {
		return err
	}
	all, err := s.all(ctx)
	if err != nil {
		return err
	}
	owned := make(map[string]bool)
	for _, r := range all {
		for _, name := range r.objects() {
			owned[name] = true
		}
	}
	used := make(map[string]bool)
	for _, o := range objects {
		if !owned[o.Name] && time.Since(o.ModTime) > s.cfg.Orphans {
			s.drop(ctx, o.Name)
			continue
		}
		used[o.NUID] = true
	}
	err = s.records.PurgeDeletes(ctx, jetstream.DeleteMarkersOlderThan(s.cfg.Orphans))
	return errors.Join(err, s.sweepChunks(ctx, used))
}

const objectStream = "OBJ_" + objectBucket

// sweepChunks removes chunks of objects whose upload never ended.
func (s *Store) sweepChunks(ctx context.Context, used map[string]bool) error {
	const prefix = "$O." + objectBucket + ".C."
	objects, err := s.js.Stream(ctx, objectStream)
	if err != nil {
		return err
	}
	info, err := objects.Info(ctx, jetstream.WithSubjectFilter(prefix+">"))
	if err != nil {
		return err
	}
	for subject := range info.State.Subjects {
		if used[strings.TrimPrefix(subject, prefix)] {
			continue
		}
		last, err := objects.GetLastMsgForSubject(ctx, subject)
		if err != nil || time.Since(last.Time) < s.cfg.Orphans {
			continue
		}
		if err := objects.Purge(ctx, jetstream.WithPurgeSubject(subject)); err != nil {
			return err
		}
	}
	return nil
}

// recover tries a store that failed, and restarts an embedded one whose streams
// are stuck.
func (s *Store) recover(ctx context.Context) {
	const probe = "pastiche-probe"
	try, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	_, err := s.objects.PutBytes(try, probe, []byte(probe))
	if err == nil { // a mark, which nobody takes for a record
		err = s.records.Delete(try, probe)
	}
	if err == nil {
		_, err = s.js.Publish(try, queueSubject+probe, nil)
	}
	if err == nil {
		err = s.queue.Purge(try, jetstream.WithPurgeSubject(queueSubject+probe))
	}
	if err == nil {
		s.suspect.Store(false)
		s.cfg.Log.Info("the queue works again")
		return
	}
	if s.embedded == nil || ctx.Err() != nil {
		return
	}
	s.cfg.Log.Warn("restarting the queue", "error", err)
	if err := s.embedded.restart(); err != nil {
		s.cfg.Log.Error("the queue does not start", "error", err)
	}
}

// drop removes an object and the mark that deleting leaves; Sweep takes what
// cannot be removed now.
func (s *Store) drop(ctx context.Context, name string) {
	err := s.objects.Delete(ctx, name)
	if err != nil && !errors.Is(err, jetstream.ErrObjectNotFound) {
		s.cfg.Log.Warn("not removed", "object", name, "error", err)
		return
	}
	objects, err := s.js.Stream(ctx, objectStream)
	if err == nil {
		mark := "$O." + objectBucket + ".M." + base64.URLEncoding.EncodeToString([]byte(name))
		err = objects.Purge(ctx, jetstream.WithPurgeSubject(mark))
	}
	if err != nil {
		s.cfg.Log.Warn("its mark stays", "object", name, "error", err)
	}
}
