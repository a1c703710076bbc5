package job

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

const (
	// checkpointEvery bounds the work that a crash loses. The first checkpoint of
	// an attempt comes after firstCheckpoint: it shows that the attempt makes
	// progress. After earlyCheckpointAfter attempts without a checkpoint, it comes
	// after the first iteration.
	checkpointEvery      = 20 * time.Second
	firstCheckpoint      = 2 * time.Second
	earlyCheckpointAfter = 2
	// previewEvery is how often a preview is published.
	previewEvery = 1500 * time.Millisecond
	// overhead is the share of the time that checkpoints may take, and previews:
	// those of large paintings come less often.
	overhead = 0.05
	// retryEvery is the pause before a failed write is tried again.
	retryEvery = 300 * time.Millisecond
	// maxSamples is how many samples a curve holds.
	maxSamples = 120
)

// Inputs is what a worker paints from.
type Inputs struct {
	Content image.Image // nil for a texture of Shape
	Shape   image.Point
	Regions []paint.Region
}

func paintInputs(ctx context.Context, in Inputs, opts paint.Options) (*paint.Painting, error) {
	if in.Content == nil {
		return paint.Texture(ctx, in.Shape, in.Regions, opts)
	}
	return paint.Paint(ctx, in.Content, in.Regions, opts)
}

// attempt is one worker's work on a job that it has claimed.
type attempt struct {
	worker *Worker
	stop   context.CancelCauseFunc
	claim  Record // as it was claimed
	begun  time.Time

	record                *Record // as this attempt wrote it last
	pace                  *paint.Pace
	forecast              forecast
	checkpoints, previews throttle
	progress              atomic.Pointer[api.Progress]
	curve                 []api.Sample // used by the painting's goroutine alone
	infrastructure        bool         // what failed was the store or this machine, not the painting
	blobs                 []string     // that this attempt has stored
}

func newAttempt(w *Worker, r *Record, stop context.CancelCauseFunc) *attempt {
	now := time.Now()
	a := &attempt{
		worker: w, stop: stop, claim: *r, record: r, begun: now, pace: paint.NewPace(r.Options.Recipe.Schedule()),
		curve: slices.Clone(r.Curve),
		forecast: forecast{
			reference: r.reference(), begun: now, pace: w.paces.of(r.paceName(), w.pace),
		},
	}
	a.previews.next, a.checkpoints.next = now, now.Add(firstCheckpoint)
	if r.FailedAttempts > earlyCheckpointAfter {
		a.checkpoints.next = now
	}
	a.progress.Store(r.Progress)
	return a
}

// throttle limits how often something is done, and its share of the time.
type throttle struct{ next time.Time }

// due calls do at most once in every, and for at most the share overhead of the time.
func (r *throttle) due(every time.Duration, do func()) {
	begun := time.Now()
	if begun.Before(r.next) {
		return
	}
	do()
	now := time.Now()
	r.next = now.Add(max(every, time.Duration(float64(now.Sub(begun))/overhead)))
}

// sendHeartbeats publishes a heartbeat every second, and checks the claim when a server
// doubts it, until ended is called.
func (a *attempt) sendHeartbeats(ctx context.Context) (ended func(), err error) {
	w := a.worker
	doubts := make(chan struct{}, 1)
	stop, err := w.Bus.Subscribe(subjectOf(subjectStop, a.claim.Owner, a.claim.ID), func(string, []byte) {
		select {
		case doubts <- struct{}{}:
		default:
		}
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var beating sync.WaitGroup
	beating.Go(func() {
		t := time.NewTicker(heartbeatEvery)
		defer t.Stop()
		for {
			a.publish()
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			case <-doubts:
				a.checkClaim(ctx)
			}
		}
	})
	return func() { cancel(); beating.Wait(); stop() }, nil
}

// publish publishes a heartbeat.
func (a *attempt) publish() {
	data, err := json.Marshal(heartbeat{a.claim.Fence, a.progress.Load()})
	if err != nil {
		return // a cost that is not a number, which ends the painting
	}
	a.worker.Bus.Publish(subjectOf(subjectProgress, a.claim.Owner, a.claim.ID), data) //nolint:errcheck // the next one follows
}

// checkClaim stops the painting where the job has another worker or none.
func (a *attempt) checkClaim(ctx context.Context) {
	r, err := a.worker.Store.Load(ctx, a.claim.Owner, a.claim.ID)
	if errors.Is(err, ErrNotFound) || err == nil && (r.Fence != a.claim.Fence || r.State != api.Running) {
		a.stop(errStale)
	}
}

// run reads the inputs and paints.
func (a *attempt) run(ctx context.Context) (*paint.Painting, error) {
	a.infrastructure = true
	in, init, err := a.inputs(ctx)
	if err != nil {
		return nil, err
	}
	opts, err := a.options()
	if err != nil {
		return nil, err
	}
	opts.Init, opts.Progress = init, func(p paint.Progress) { a.watch(ctx, p) }
	if a.claim.Checkpoint != "" {
		if opts.Resume, err = a.checkpoint(ctx); err != nil {
			return nil, err
		}
	}
	a.infrastructure = false
	painting, err := a.worker.Paint(ctx, in, opts)
	if opts.Resume != nil && errors.Is(err, paint.ErrCheckpoint) { // another version wrote it
		a.beginAgain(err)
		opts.Resume = nil
		painting, err = a.worker.Paint(ctx, in, opts)
	}
	return painting, err
}

// options returns the options of the painting that the record has.
func (a *attempt) options() (paint.Options, error) {
	installed, err := a.worker.networks.installed()
	if err != nil {
		return paint.Options{}, err
	}
	network := installed[a.claim.Network]
	if network == nil || network.Digest != a.claim.Digest {
		return paint.Options{}, fmt.Errorf("this worker has no network %s with the digest %.12s any more", a.claim.Network, a.claim.Digest)
	}
	return paint.Options{
		Recipe: &a.claim.Options.Recipe, Network: network, Seed: a.claim.Options.Seed,
		Threads: a.worker.Threads, Memory: a.claim.Memory,
	}, nil
}

// inputs reads the pictures of the job.
func (a *attempt) inputs(ctx context.Context) (in Inputs, init image.Image, err error) {
	var failed error
	assembled, err := a.claim.assemble(func(in Input) image.Image {
		if failed != nil {
			return nil
		}
		p, err := readInput(ctx, a.worker.Blobs, in)
		if err != nil {
			failed = fmt.Errorf("the picture %s of job %s: %w", in.Role, a.claim.ID, err)
			return nil
		}
		return p
	})
	if err = errors.Join(failed, err); err != nil {
		return Inputs{}, nil, err
	}
	return Inputs{assembled.content, a.claim.Options.shape(), assembled.regions}, assembled.init, nil
}

// checkpoint reads the checkpoint of an earlier attempt. It returns nil where the
// checkpoint is lost: painting then begins again. It returns an error where the
// checkpoint cannot be read now and may be later. The last attempt takes such a
// checkpoint for lost.
func (a *attempt) checkpoint(ctx context.Context) (*paint.Checkpoint, error) {
	b, err := a.worker.Blobs.Open(ctx, a.claim.Checkpoint)
	if err == nil {
		defer b.Close()
		var c *paint.Checkpoint
		if c, err = paint.ReadCheckpoint(b); err == nil {
			return c, nil
		}
	}
	lost := errors.Is(err, blob.ErrNotFound) || errors.Is(err, paint.ErrCheckpoint)
	if !lost && a.claim.FailedAttempts < a.claim.maxAttempts() {
		return nil, fmt.Errorf("the checkpoint of job %s: %w", a.claim.ID, err)
	}
	a.beginAgain(err)
	return nil, nil
}

// beginAgain drops the state of a checkpoint that painting cannot continue from.
func (a *attempt) beginAgain(reason error) {
	a.worker.Log.Warn("checkpoint lost, painting begins again", "job", a.claim.ID, "error", reason)
	a.curve = nil
}

// watch is called after each iteration.
func (a *attempt) watch(ctx context.Context, p paint.Progress) {
	a.pace.Observe(p, time.Now())
	progress := &api.Progress{
		Scale: p.Scale, Scales: p.Scales, Iteration: p.Iteration, Iterations: p.Iterations,
		Step: p.Step, Steps: p.Steps, Width: p.Width, Height: p.Height, Faces: p.Faces, Costs: costsOf(p.Costs),
	}
	seconds, known := a.forecast.left(progress, time.Now())
	if left, seen := a.pace.Left(); seen {
		seconds, known = left.Seconds(), true
	}
	if known {
		progress.SecondsLeft = &seconds
	}
	a.progress.Store(progress)
	a.curve = sampled(a.curve, progress)
	a.previews.due(previewEvery, func() { a.preview(p) })
	if a.claim.Look { // a look has no checkpoints
		return
	}
	a.checkpoints.due(checkpointEvery, func() {
		small, err := small(p.Picture())
		if err != nil {
			return // a picture with a NaN, which the costs report
		}
		a.saveCheckpoint(ctx, p.WriteCheckpoint, small, progress)
	})
}

func costsOf(c paint.Costs) api.Costs {
	return api.Costs{Content: c.Content, Style: c.Style, Variation: c.Variation, Faces: c.Faces, Total: c.Total}
}

// sampled returns a curve with one more sample. One that is too long loses every
// other sample.
func sampled(curve []api.Sample, p *api.Progress) []api.Sample {
	if n := len(curve); n > 0 && curve[n-1].Step >= p.Step {
		return curve
	}
	if len(curve) >= maxSamples {
		for i := range maxSamples / 2 {
			curve[i] = curve[2*i+1]
		}
		curve = curve[:maxSamples/2]
	}
	return append(curve, api.Sample{Step: p.Step, Content: p.Costs.Content, Style: p.Costs.Style, Total: p.Costs.Total})
}

func small(p *picture.Picture) ([]byte, error) {
	var b bytes.Buffer
	err := encodeSmall(&b, p)
	return b.Bytes(), err
}

// preview publishes a small copy of the painting.
func (a *attempt) preview(p paint.Progress) {
	jpeg, err := small(p.Picture())
	if err != nil {
		return // a picture with a NaN, which the costs report
	}
	message := preview{a.claim.Fence, p.Step, jpeg}
	a.worker.Bus.Publish(subjectOf(subjectPreview, a.claim.Owner, a.claim.ID), message.bytes()) //nolint:errcheck // the next one follows
}

// name returns the name of a blob of this attempt.
func (a *attempt) name(what string) string {
	return fmt.Sprintf("%s/%s-%d", a.claim.ID, what, a.claim.Fence)
}

// store stores a blob of this attempt.
func (a *attempt) store(ctx context.Context, name string, write func(io.Writer) error) (info blob.Info, err error) {
	info, err = put(ctx, a.worker.Blobs, name, write)
	if err == nil {
		a.blobs = append(a.blobs, name)
	}
	return info, err
}

// remove removes blobs that the record no longer names.
func (a *attempt) remove(ctx context.Context, names ...string) {
	a.worker.remove(ctx, names...)
	a.blobs = slices.DeleteFunc(a.blobs, func(name string) bool { return slices.Contains(names, name) })
}

// clear removes what this attempt has stored, except what the record names: a job
// that has another worker continues from the last checkpoint, and a painting whose
// commit was reported as failed may have been committed.
func (a *attempt) clear() {
	ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
	defer cancel()
	r, err := a.worker.Store.Load(ctx, a.claim.Owner, a.claim.ID)
	if err != nil && !errors.Is(err, ErrNotFound) || err != nil && a.claim.Part != nil && !a.worker.isDropped(ctx, &a.claim) {
		return // the blobs are removed with the job
	}
	a.remove(ctx, slices.DeleteFunc(slices.Clone(a.blobs), func(name string) bool { return err == nil && r.names(name) })...)
}

// names reports whether the record names a blob that a worker has stored.
func (r *Record) names(blob string) bool {
	return blob == r.Checkpoint || blob == r.Preview || r.Part != nil && r.Part.names(blob) ||
		r.Result != nil && (blob == r.Result.Blob || blob == r.Result.Thumb || blob == r.Result.Curve)
}

// saveCheckpoint stores a checkpoint and a preview under names of their own, names
// them in the record, and removes those before.
func (a *attempt) saveCheckpoint(ctx context.Context, write func(io.Writer) error, jpeg []byte, progress *api.Progress) {
	step := 0
	if progress != nil {
		step = progress.Step
	}
	name := a.name(fmt.Sprintf("checkpoint-%d", step))
	if name == a.record.Checkpoint {
		return // to store it again could only lose it
	}
	_, err := a.store(ctx, name, write)
	view := ""
	if err == nil && jpeg != nil {
		view = a.name(fmt.Sprintf("preview-%d", step))
		_, err = a.store(ctx, view, func(w io.Writer) error { _, err := w.Write(jpeg); return err })
	}
	var before, viewBefore string
	if err == nil {
		err = a.update(ctx, func(r *Record) {
			before, viewBefore = r.Checkpoint, r.Preview
			r.Checkpoint, r.Preview, r.Progress, r.Curve, r.FailedAttempts = name, view, progress, slices.Clone(a.curve), 0
		})
	}
	switch {
	case errors.Is(err, errStale):
		a.stop(errStale)
	case err != nil:
		a.worker.Log.Warn("no checkpoint", "job", a.claim.ID, "error", err)
	default:
		a.remove(ctx, before, viewBefore)
	}
}

// update changes the record, where it is still this attempt's.
func (a *attempt) update(ctx context.Context, change func(*Record)) error {
	next := *a.record
	change(&next)
	err := a.worker.Store.Replace(ctx, &next)
	if errors.Is(err, ErrStale) {
		// A webhook may have been delivered in between.
		now, loadErr := a.worker.Store.Load(ctx, next.Owner, next.ID)
		switch {
		case errors.Is(loadErr, ErrNotFound), loadErr == nil && (now.Fence != a.claim.Fence || now.State != api.Running):
			return errStale
		case loadErr != nil:
			return loadErr
		}
		next = *now
		change(&next)
		err = a.worker.Store.Replace(ctx, &next)
	}
	if err == nil {
		a.record = &next
	}
	return err
}

// retry calls do until it succeeds, the job has another worker, or ctx ends.
func retry(ctx context.Context, do func() error) error {
	for {
		err := do()
		if err == nil || errors.Is(err, errStale) || ctx.Err() != nil {
			return err
		}
		pause(ctx, retryEvery)
	}
}

// end makes the last change of the record. It retries for cleanupTimeout.
func (a *attempt) end(change func(*Record)) error {
	ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
	defer cancel()
	return retry(ctx, func() error { return a.update(ctx, change) })
}

// putBack queues the job again for another worker. The attempt counts as failed,
// unless the reason is errDrain.
func (a *attempt) putBack(painting *paint.Painting, reason error) error {
	if painting != nil && !a.claim.Look {
		ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
		jpeg, _ := small(painting.Picture) // a checkpoint without its preview is better than none
		a.saveCheckpoint(ctx, painting.WriteCheckpoint, jpeg, a.progress.Load())
		cancel()
	}
	err := a.end(func(r *Record) {
		r.State, r.Reason = api.Queued, reason.Error()
		switch {
		case errors.Is(reason, errDrain):
			r.FailedAttempts = max(r.FailedAttempts-1, 0)
		case errors.Is(reason, errCommit):
			r.Commits++
		case !errors.Is(reason, blob.ErrNotFound) && !errors.As(reason, new(*blob.DamagedError)):
			// The job is not given up because a store is away for a while.
			r.FailedAttempts = min(r.FailedAttempts, r.maxAttempts()-1)
		}
	})
	if err == nil {
		logJob(a.worker.Log, "job put back", &a.claim, "worker", a.worker.name, "reason", reason)
	}
	return err
}

// fail ends the job as failed.
func (a *attempt) fail(reason error) error {
	var checkpoint string
	err := a.end(func(r *Record) {
		checkpoint = r.Checkpoint
		r.Error = reason.Error()
		r.finish(api.Failed)
	})
	if err != nil {
		return err
	}
	a.finished("job failed", "error", reason)
	a.discard(checkpoint)
	return nil
}

// finished counts and logs a job that this attempt has finished.
func (a *attempt) finished(event string, more ...any) {
	if !a.claim.Look {
		a.worker.painted.Add(1)
	}
	a.worker.paces.observe(a.record)
	logJob(a.worker.Log, event, &a.claim, append([]any{"worker", a.worker.name}, more...)...)
}

// errCommit is why a job is put back whose painting could not be stored.
var errCommit = errors.New("the painting could not be stored")

// commit stores the painting and makes it the result of the job. It tries for
// commitTimeout, or for cleanupTimeout after ctx has ended.
func (a *attempt) commit(ctx context.Context, painting *paint.Painting) error {
	storing, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	defer context.AfterFunc(ctx, func() { pause(storing, cleanupTimeout); cancel() })()
	result := &Result{
		Blob: a.name("result") + ".png", Width: painting.W, Height: painting.H,
		Steps: painting.Steps, Faces: painting.Faces, Costs: costsOf(painting.Costs),
	}
	err := retry(storing, func() (err error) {
		result.Info, err = a.store(storing, result.Blob, func(w io.Writer) error { return a.claim.encode(w, painting, a.worker.Software) })
		return err
	})
	if err != nil {
		err = fmt.Errorf("%w: %w", errCommit, err)
		if a.record.Commits+1 >= maxCommits {
			return a.fail(err)
		}
		return errors.Join(err, a.putBack(painting, err))
	}
	// A painting without its thumbnail or its curve is better than none.
	thumb, curve := a.name("result")+thumbSuffix, a.name("curve")+".json"
	if _, err := a.store(storing, thumb, func(w io.Writer) error { return encodeSmall(w, painting.Picture) }); err == nil {
		result.Thumb = thumb
	}
	_, err = a.store(storing, curve, func(w io.Writer) error {
		return json.NewEncoder(w).Encode(api.Curve{Samples: append([]api.Sample{}, a.curve...)})
	})
	if err == nil {
		result.Curve = curve
	}
	var checkpoint, view string
	err = a.end(func(r *Record) {
		checkpoint, view = r.Checkpoint, r.Preview
		r.Result, r.Preview = result, ""
		r.finish(api.Done)
	})
	if err != nil { // the result stays, because the change may have been made
		return err
	}
	a.finished("job done", "seconds", time.Since(a.begun).Seconds(), "width", painting.W, "height", painting.H, "bytes", result.Size)
	a.discard(checkpoint, view)
	return nil
}

// discard removes blobs of a job that is finished.
func (a *attempt) discard(names ...string) {
	ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
	defer cancel()
	a.remove(ctx, names...)
}
