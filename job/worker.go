package job

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/pastiche-art/pastiche/paint"
)

const (
	// beat is how often a worker writes its progress.
	beat = time.Second
	// tidyTimeout is how long a worker that is stopped may take to put its job
	// back.
	tidyTimeout = 30 * time.Second
)

// Reasons to stop painting.
var (
	errStale = errors.New("the job has another worker, or none")
	errDrain = errors.New("the worker is stopping")
	// errNetwork is no fault of the job's.
	errNetwork = errors.New("this worker has another network of that name")
)

// A Worker paints one job after another.
type Worker struct {
	Store   *Store
	Threads int // 0 is one for each processor
	// Memory is the most that a painting may take here; 0 is
	// [DefaultMemory].
	Memory int64
}

// Run paints until ctx is cancelled. Then it puts the job under way back with a
// checkpoint, from which another worker continues.
func (w *Worker) Run(ctx context.Context) {
	for ctx.Err() == nil {
		msg, err := w.Store.workers.Next(jetstream.FetchMaxWait(beat))
		if err != nil {
			if !errors.Is(err, nats.ErrTimeout) {
				w.Store.cfg.Log.Debug("no job", "error", err)
				pause(ctx, beat)
			}
			continue
		}
		switch err := w.take(ctx, msg); {
		case errors.Is(err, errStale):
			// The message is that of whoever paints the job now.
		case err != nil:
			w.Store.cfg.Log.Warn("job put back", "job", msg.Subject()[len(queueSubject):], "error", err)
			msg.NakWithDelay(beat) //nolint:errcheck // it comes again by itself
		default:
			msg.Ack() //nolint:errcheck // it comes again, and is then seen to be done
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// take paints the job of a message, unless it is somebody else's. An error but
// errStale puts the message back.
func (w *Worker) take(ctx context.Context, msg jetstream.Msg) error {
	id := msg.Subject()[len(queueSubject):]
	errOver := errors.New("the job has ended")
	r, err := w.Store.change(ctx, id, func(r *record) error {
		switch {
		case r.State.Final():
			return errOver
		case r.State == Running && !w.Store.deserted(r):
			return errors.New("another worker paints it")
		case r.Memory > w.memory():
			return fmt.Errorf("it needs up to %d MiB of memory", r.Memory>>20)
		}
		r.Fence++
		r.Attempts++
		r.Fruitless++
		if r.Fruitless > maxAttempts {
			r.Error = fmt.Sprintf("given up after %d attempts that ended their worker", maxAttempts)
			if r.Trouble != "" {
				r.Error = fmt.Sprintf("given up after %d attempts that came to nothing: %s", maxAttempts, r.Trouble)
			}
			w.Store.finish(r, Failed)
			return nil
		}
		now := time.Now().UTC()
		r.State = Running
		if r.Started == nil {
			r.Started = &now
		}
		return nil
	})
	switch {
	case errors.Is(err, errOver), errors.Is(err, ErrNotFound):
		return nil
	case err != nil || r.State.Final():
		return err
	}
	return w.paint(ctx, msg, r)
}

func (w *Worker) memory() int64 {
	if w.Memory > 0 {
		return w.Memory
	}
	return DefaultMemory
}

// paint paints a job that was claimed and commits what comes of it.
func (w *Worker) paint(ctx context.Context, msg jetstream.Msg, r *record) error {
	s := w.Store
	s.painting.Add(1)
	defer s.painting.Add(-1)
	work, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	defer context.AfterFunc(ctx, func() { stop(errDrain) })()
	a := &attempt{store: s, msg: msg, claim: *r, record: r, stop: stop, pace: paint.NewPace(r.Options.Recipe.Schedule())}
	now := time.Now()
	a.checkpoints.next, a.previews.next = now.Add(firstCheckpoint), now
	beats := make(chan struct{})
	var beating sync.WaitGroup
	beating.Go(func() { a.beat(work, beats) })

	painting, paintErr := a.run(work, w.Threads)
	close(beats)
	beating.Wait()
	tidy, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTimeout)
	defer cancel()
	err := paintErr
	switch {
	case errors.Is(context.Cause(work), errStale):
		s.cfg.Log.Info("attempt dropped", "job", r.ID, "fence", r.Fence)
		return errStale
	case errors.Is(err, errDrain):
		return errors.Join(err, a.putBack(tidy, painting, err))
	case err == nil:
		err = a.commit(tidy, painting)
		if errors.Is(err, errStale) {
			s.cfg.Log.Warn("stale result rejected", "job", r.ID, "fence", r.Fence)
			return errStale
		}
		return err
	}
	if a.infrastructure {
		return errors.Join(err, a.putBack(tidy, nil, err))
	}
	return insist(tidy, func() error {
		return a.update(tidy, func(r *record) {
			r.Error = err.Error()
			s.finish(r, Failed)
		})
	})
}
