package job

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/paint"
)

const (
	// heartbeatEvery is how often a worker publishes a heartbeat.
	heartbeatEvery = time.Second
	// cleanupTimeout bounds putting a job back and other changes of its record.
	cleanupTimeout = 30 * time.Second
	// commitTimeout bounds storing a painting. A worker that is stopped gives up
	// after cleanupTimeout.
	commitTimeout = 2 * time.Minute
	// maxAttempts is the number of attempts in a row without a checkpoint after which
	// a job fails, maxCommits that of paintings that could not be stored.
	maxAttempts = 8
	maxCommits  = 4
	// noServerPause is the pause before a worker asks again where no server answers.
	noServerPause = time.Second
)

// Reasons to stop painting.
var (
	errStale = errors.New("the job has another worker, or none")
	errDrain = errors.New("the worker is stopping")
)

// A Worker paints one job after another, and beside them one quick look after
// another, so that no look waits for a long painting. It has no index of jobs, and
// changes only the records that it has claimed.
type Worker struct {
	Store   Store
	Blobs   blob.Store
	Bus     Bus
	Threads int // for a painting; 0 is one for each processor
	// Memory is the most that a painting may take here, in bytes; 0 is
	// [DefaultMemory]. A look takes up to [LookMemory] besides.
	Memory   int64
	Software string // which results name; "" is pastiche
	Log      *slog.Logger
	// Paint replaces [paint.Paint] and [paint.Texture] in tests of everything
	// around them; nil is these.
	Paint func(ctx context.Context, in Inputs, opts paint.Options) (*paint.Painting, error)

	// Measure makes Run measure how fast this machine is before it asks for work.
	Measure bool

	networks networks
	name     string
	paces    *paces
	pace     float64 // measured; 0 for none
	busy     atomic.Bool
	painted  atomic.Uint64
}

// Busy reports whether the worker is painting a job. A look does not count.
func (w *Worker) Busy() bool { return w.busy.Load() }

// Painted returns how many jobs the worker has finished, without looks.
func (w *Worker) Painted() uint64 { return w.painted.Load() }

// Run paints until ctx ends. The job under way is then put back with a checkpoint,
// from which another worker continues, and a look is put back and begins again.
func (w *Worker) Run(ctx context.Context) {
	w.setDefaults()
	w.Log.Info("worker started", "worker", w.name, "threads", w.Threads, "memory", w.Memory)
	if w.Measure {
		w.pace = measure(ctx, w.Threads)
	}
	var beside sync.WaitGroup
	beside.Go(func() { w.present(ctx) })
	beside.Go(func() { w.work(ctx, true) })
	w.work(ctx, false)
	beside.Wait()
	w.Log.Info("worker stopped", "worker", w.name)
}

// work paints jobs one after another until ctx ends, or looks.
func (w *Worker) work(ctx context.Context, looks bool) {
	away := false
	for ctx.Err() == nil {
		o, err := w.ask(ctx, looks)
		switch {
		case err != nil && ctx.Err() == nil:
			if !away && !looks {
				w.Log.Warn("no server has work", "worker", w.name, "error", err)
			}
			away = true
			pause(ctx, noServerPause)
			continue
		case away && err == nil:
			if !looks {
				w.Log.Info("a server answers again", "worker", w.name)
			}
			away = false
		}
		if o.ID == "" {
			continue
		}
		if err := w.process(ctx, o); err != nil {
			w.Log.Warn("attempt failed", "job", o.ID, "worker", w.name, "error", err)
			pause(ctx, firstBackoff)
		}
	}
}

func (w *Worker) setDefaults() {
	w.name = strings.ToLower(rand.Text()[:12])
	w.paces = newPaces()
	if w.Memory == 0 {
		w.Memory = DefaultMemory
	}
	if w.Software == "" {
		w.Software = defaultSoftware
	}
	if w.Log == nil {
		w.Log = slog.New(slog.DiscardHandler)
	}
	if w.Paint == nil {
		w.Paint = paintInputs
	}
}

// presence says what the worker can paint, and where it is a request for work, whether
// that is a look.
func (w *Worker) presence(look bool) ([]byte, error) {
	p := presence{Worker: w.name, Networks: make(map[string]string), Memory: w.Memory, Busy: w.Busy(), Look: look, Pace: w.pace}
	installed, err := w.networks.installed()
	if err != nil {
		return nil, err
	}
	for name, n := range installed {
		p.Networks[name] = n.Digest
	}
	return json.Marshal(p)
}

// present publishes what the worker can paint until ctx ends.
func (w *Worker) present(ctx context.Context) {
	for ctx.Err() == nil {
		if p, err := w.presence(false); err == nil {
			w.Bus.Publish(subjectPresence+"."+w.name, p) //nolint:errcheck // the next one follows
		}
		pause(ctx, presentEvery)
	}
}

// ask asks a server for a job, or for a look.
func (w *Worker) ask(ctx context.Context, look bool) (offer, error) {
	p, err := w.presence(look)
	if err != nil {
		return offer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*askFor)
	defer cancel()
	answer, err := w.Bus.Request(ctx, subjectWork, p)
	if err != nil {
		return offer{}, err
	}
	var o offer
	return o, json.Unmarshal(answer, &o)
}

// process claims and paints a job, unless another worker has claimed it.
func (w *Worker) process(ctx context.Context, o offer) error {
	r, err := w.claim(ctx, o)
	if err != nil || r == nil {
		return err
	}
	if !r.Look {
		w.busy.Store(true)
		defer w.busy.Store(false)
	}
	return w.paint(ctx, r)
}

// claim claims a job for this worker. It returns nil where another worker has claimed
// it, or where the job has failed too often.
func (w *Worker) claim(ctx context.Context, o offer) (*Record, error) {
	r, err := w.Store.Load(ctx, o.Owner, o.ID)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if r.State != api.Queued {
		return nil, nil
	}
	if r.FailedAttempts >= r.maxAttempts() {
		return nil, w.giveUp(ctx, r)
	}
	event := "job started"
	if r.Checkpoint != "" {
		event = "job resumed"
	}
	r.Fence++
	r.Attempts++
	r.FailedAttempts++
	r.State = api.Running
	if r.Started == nil {
		now := time.Now().UTC()
		r.Started = &now
		r.queueWebhook(api.Running)
	}
	err = w.Store.Replace(ctx, r)
	if errors.Is(err, ErrStale) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	logJob(w.Log, event, r, "worker", w.name, "attempt", r.Attempts)
	return r, nil
}

// giveUp ends a job as failed after too many failed attempts.
func (w *Worker) giveUp(ctx context.Context, r *Record) error {
	r.Error = fmt.Sprintf("given up after %d attempts that ended their worker", r.FailedAttempts)
	if r.Reason != "" {
		r.Error = fmt.Sprintf("given up after %d attempts: %s", r.FailedAttempts, r.Reason)
	}
	checkpoint := r.Checkpoint
	r.finish(api.Failed)
	err := w.Store.Replace(ctx, r)
	if errors.Is(err, ErrStale) {
		return nil
	}
	if err != nil {
		return err
	}
	logJob(w.Log, "job failed", r, "worker", w.name, "error", r.Error)
	w.remove(ctx, checkpoint)
	return nil
}

// remove removes blobs; "" is none.
func (w *Worker) remove(ctx context.Context, names ...string) {
	for _, name := range names {
		if name == "" {
			continue
		}
		if err := w.Blobs.Remove(ctx, name); err != nil {
			w.Log.Warn("a picture remains until its job is deleted", "blob", name, "error", err)
		}
	}
}

// paint paints a job that was claimed, and commits the painting. Heartbeats go on
// until the job is committed or put back, or else it would get another worker.
func (w *Worker) paint(ctx context.Context, r *Record) error {
	detached := context.WithoutCancel(ctx)
	work, stop := context.WithCancelCause(detached)
	defer stop(nil)
	defer context.AfterFunc(ctx, func() { stop(errDrain) })()
	a := newAttempt(w, r, stop)
	ended, err := a.sendHeartbeats(detached)
	if err != nil {
		return errors.Join(err, a.putBack(nil, err))
	}
	defer ended()
	var painting *paint.Painting
	if r.Part == nil {
		painting, err = a.run(work)
	} else {
		err = a.paintPart(work)
	}
	switch {
	case errors.Is(context.Cause(work), errStale):
		err = errStale
	case errors.Is(context.Cause(work), errDrain) && err != nil:
		err = a.putBack(painting, errDrain)
	case err == nil && r.Part != nil:
		err = a.commitPart()
	case err == nil:
		err = a.commit(ctx, painting)
	case a.infrastructure:
		err = errors.Join(err, a.putBack(nil, err))
	default:
		err = a.fail(err)
	}
	if errors.Is(err, errStale) {
		a.clear()
		w.Log.Info("attempt discarded: the job has another worker, or none", "job", r.ID, "worker", w.name, "fence", r.Fence)
		return nil
	}
	return err
}
