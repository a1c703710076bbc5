package job

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

const (
	// checkpointEvery is how much work a crash may cost; the first checkpoint of
	// an attempt comes sooner, so that attempts that bear fruit are told from
	// those that kill.
	checkpointEvery = 20 * time.Second
	firstCheckpoint = 2 * time.Second
	// previewEvery is how often a preview is made.
	previewEvery = 1500 * time.Millisecond
	// upkeep is how much of the time checkpoints and previews may take, each:
	// those of large paintings come less often.
	upkeep = 0.05
	// previewSize is the long side of previews, in pixels.
	previewSize = 512
	// again is after how long what failed is tried again.
	again = 300 * time.Millisecond
)

// attempt is one worker's work on a job.
type attempt struct {
	store *Store
	msg   jetstream.Msg
	stop  context.CancelCauseFunc
	claim record // as it was claimed

	mu     sync.Mutex
	record *record // as this attempt wrote it last

	pace                  *paint.Pace
	checkpoints, previews rhythm
	progress              atomic.Pointer[Progress] // which painting never waits to write
	infrastructure        bool                     // the store failed, not the painting
}

// rhythm says when something is due that must not take too much of the time.
type rhythm struct{ next time.Time }

// due does it where it is due, and so often at most.
func (r *rhythm) due(every time.Duration, do func()) {
	begun := time.Now()
	if begun.Before(r.next) {
		return
	}
	do()
	now := time.Now()
	r.next = now.Add(max(every, time.Duration(float64(now.Sub(begun))/upkeep)))
}

// run reads the inputs and paints.
func (a *attempt) run(ctx context.Context, threads int) (*paint.Painting, error) {
	a.infrastructure = true
	req, err := a.store.request(ctx, &a.claim)
	if err != nil {
		return nil, err
	}
	regions, err := req.regions()
	if err != nil {
		return nil, err
	}
	network, err := paint.OpenNetwork(a.claim.Network)
	if err != nil {
		return nil, err
	}
	if network.Digest != a.claim.Digest {
		return nil, fmt.Errorf("%w: pull the same %s on every worker", errNetwork, network.Name)
	}
	opts := paint.Options{
		Recipe: &req.Recipe, Network: network, Init: imageOf(req.Init), Seed: req.Seed, Threads: threads, Memory: a.claim.Memory,
		Progress: func(p paint.Progress) { a.watch(ctx, p) },
	}
	if a.claim.Checkpoint != "" {
		opts.Resume = a.checkpoint(ctx)
	}
	a.infrastructure = false
	if req.Content == nil {
		return paint.Texture(ctx, req.shape(), regions, opts)
	}
	return paint.Paint(ctx, req.Content, regions, opts)
}

// checkpoint returns where an earlier attempt came to, or nil where that is
// lost.
func (a *attempt) checkpoint(ctx context.Context) *paint.Checkpoint {
	data, err := a.store.get(ctx, a.claim.Checkpoint)
	if err == nil {
		var c *paint.Checkpoint
		if c, err = paint.ReadCheckpoint(bytes.NewReader(data)); err == nil {
			return c
		}
	}
	a.store.cfg.Log.Warn("checkpoint lost, painting begins again", "job", a.claim.ID, "error", err)
	return nil
}

// watch is called after each iteration.
func (a *attempt) watch(ctx context.Context, p paint.Progress) {
	a.pace.Observe(p, time.Now())
	progress := &Progress{
		Scale: p.Scale, Scales: p.Scales, Iteration: p.Iteration, Iterations: p.Iterations,
		Step: p.Step, Steps: p.Steps, Width: p.Width, Height: p.Height, Faces: p.Faces, Costs: p.Costs,
	}
	if left, known := a.pace.Left(); known {
		seconds := left.Seconds()
		progress.SecondsLeft = &seconds
	}
	a.progress.Store(progress)
	a.previews.due(previewEvery, func() { a.preview(ctx, p) })
	a.checkpoints.due(checkpointEvery, func() {
		var b bytes.Buffer
		if err := p.WriteCheckpoint(&b); err == nil {
			a.saveCheckpoint(ctx, b.Bytes(), p.Step)
		}
	})
}

func (a *attempt) preview(ctx context.Context, p paint.Progress) {
	if a.putPreview(ctx, p.Picture()) {
		a.note(ctx, func(r *record) { r.Preview = p.Step }) //nolint:errcheck // it stops the painting itself
	}
}

// putPreview stores a small copy of a painting, and says whether it could.
func (a *attempt) putPreview(ctx context.Context, p *picture.Picture) bool {
	if max(p.W, p.H) > previewSize {
		p = p.Resize(picture.FitLong(p.W, p.H, previewSize))
	}
	var b bytes.Buffer
	if err := picture.Encode(&b, p, picture.JPEG, picture.SaveOptions{Quality: 85}); err != nil {
		return false // a picture with a NaN in it, which the costs will tell
	}
	if err := a.store.put(ctx, a.claim.previewObject(), b.Bytes()); err != nil {
		a.store.cfg.Log.Warn("no preview", "job", a.claim.ID, "error", err)
		return false
	}
	return true
}

// saveCheckpoint stores a checkpoint under a name of its own, tells the record,
// and forgets the one before.
func (a *attempt) saveCheckpoint(ctx context.Context, data []byte, step int) {
	name := fmt.Sprintf("%s/checkpoint-%d-%d", a.claim.ID, a.claim.Fence, step)
	if err := a.store.put(ctx, name, data); err != nil {
		a.store.cfg.Log.Warn("no checkpoint", "job", a.claim.ID, "error", err)
		return
	}
	var before string
	err := a.note(ctx, func(r *record) {
		before, r.Checkpoint, r.Fruitless = r.Checkpoint, name, 0
	})
	if err == nil && before != "" && before != name {
		a.store.drop(ctx, before)
	}
}

// beat tells the queue and the record that somebody paints.
func (a *attempt) beat(ctx context.Context, done <-chan struct{}) {
	t := time.NewTicker(beat)
	defer t.Stop()
	for {
		select {
		case <-done:
			return
		case <-t.C:
			a.msg.InProgress()            //nolint:errcheck // the record is what counts
			a.note(ctx, func(*record) {}) //nolint:errcheck // it stops the painting itself
		}
	}
}

// note writes progress, and stops the painting where it is no longer ours.
func (a *attempt) note(ctx context.Context, change func(*record)) error {
	err := a.update(ctx, func(r *record) {
		r.Progress = a.progress.Load()
		r.sample(r.Progress)
		change(r)
	})
	if errors.Is(err, errStale) {
		a.stop(errStale)
	}
	return err
}

// update changes the record, where it is still this attempt's.
func (a *attempt) update(ctx context.Context, change func(*record)) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	next := *a.record
	change(&next)
	err := a.store.save(ctx, &next)
	if err != nil {
		// It may have been written and the answer lost.
		now, loadErr := a.store.load(ctx, next.ID)
		switch {
		case loadErr != nil:
			return errors.Join(err, loadErr)
		case now.Fence == next.Fence && now.State == next.State && now.Result == next.Result && now.Checkpoint == next.Checkpoint:
			next.revision = now.revision
		case now.Fence != a.record.Fence || now.State != Running:
			return errStale
		default:
			a.record.revision = now.revision
			return fmt.Errorf("the record was not written: %v", err) //nolint:errorlint // it is still ours, whatever was stale
		}
	}
	a.record = &next
	return nil
}

// insist does what a server that is being replaced may refuse, until it is done,
// in vain, or ctx has ended.
func insist(ctx context.Context, do func() error) error {
	for {
		err := do()
		if err == nil || errors.Is(err, errStale) || ctx.Err() != nil {
			return err
		}
		pause(ctx, again)
	}
}

// putBack leaves a job for another worker, for a reason. It counts as an attempt
// that came to nothing where the job may be what is wrong.
func (a *attempt) putBack(ctx context.Context, painting *paint.Painting, reason error) error {
	if painting != nil {
		var b bytes.Buffer
		if err := painting.WriteCheckpoint(&b); err != nil {
			return err
		}
		a.saveCheckpoint(ctx, b.Bytes(), painting.Steps)
	}
	return insist(ctx, func() error {
		return a.update(ctx, func(r *record) {
			r.State, r.Trouble = Queued, reason.Error()
			if errors.Is(reason, errDrain) || errors.Is(reason, errNetwork) {
				r.Fruitless = max(r.Fruitless-1, 0)
			}
		})
	})
}

// commit stores the painting and makes it the result of the job, if the job is
// still this attempt's.
func (a *attempt) commit(ctx context.Context, painting *paint.Painting) error {
	data, err := a.encode(painting)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s/result-%d", a.claim.ID, a.claim.Fence)
	if err := insist(ctx, func() error { return a.store.put(ctx, name, data) }); err != nil {
		return err
	}
	previewed := a.putPreview(ctx, painting.Picture)
	var checkpoint string
	err = insist(ctx, func() error {
		return a.update(ctx, func(r *record) {
			checkpoint = r.Checkpoint
			if previewed {
				r.Preview = painting.Steps
			}
			r.Result, r.Progress = name, a.progress.Load()
			r.sample(r.Progress)
			r.Width, r.Height, r.Faces = painting.W, painting.H, painting.Faces
			r.Steps, r.Costs = painting.Steps, &painting.Costs
			a.store.finish(r, Done)
		})
	})
	if errors.Is(err, errStale) {
		a.store.drop(ctx, name)
	}
	if err != nil { // where it may yet have been written, the result stays
		return err
	}
	if checkpoint != "" {
		a.store.drop(ctx, checkpoint)
	}
	return nil
}
