package job

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/videostyle"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// A Part is what a worker paints of a video: one shot, whose paintings depend on its
// frames alone. It is a record of its own, which is claimed and recovered as a job is.
type Part struct {
	Video    string `json:"video"` // the job's id
	Division int    `json:"division"`
	First    int    `json:"first"` // its first frame, from 0
	Frames   int    `json:"frames"`
	Of       *Video `json:"of,omitempty"`
	// Folder begins the names of the blobs of its paintings. It is random: where a part
	// is made twice, the two have nothing in common.
	Folder string `json:"folder"`
	// Done is the number of frames that are painted. A run is those of one claim: a
	// claim never touches the blobs of another.
	Done     int             `json:"done,omitempty"`
	Runs     []Run           `json:"runs,omitempty"`
	Position json.RawMessage `json:"position,omitempty"` // of the videostyle.State
}

// A Run is the frames of a part that were painted by one claim, up to the next run.
type Run struct {
	From  int    `json:"from"`
	Claim uint64 `json:"claim"`
}

// painting returns the name of the painting of a frame of the part, without a suffix.
func (p *Part) painting(n int) string {
	return p.blob(videostyle.PaintingName(n), p.claimOf(n))
}

// claimOf returns the claim that has painted a frame.
func (p *Part) claimOf(n int) (claim uint64) {
	for _, run := range p.Runs {
		if run.From <= n {
			claim = run.Claim
		}
	}
	return claim
}

// blob returns the name of the blob of a file that a claim has written, without a suffix.
func (p *Part) blob(file string, claim uint64) string {
	return fmt.Sprintf("%s/%s-%d", p.Folder, strings.TrimSuffix(file, pngSuffix), claim)
}

// names reports whether the part needs a blob.
func (p *Part) names(blob string) bool {
	for n := range p.Done {
		if painting := p.painting(n); blob == painting+pngSuffix || blob == painting+thumbSuffix {
			return true
		}
	}
	return p.Done > 0 && blob == p.base()
}

// base returns the name of the blob that painting continues from besides the last
// paintings.
func (p *Part) base() string {
	file := strings.TrimSuffix(videostyle.BaseName(p.Done-1), pngSuffix)
	return p.blob(file, p.claimOf(p.Done-1)) + pngSuffix
}

// painted returns the part with one more frame, painted by a claim.
func (p *Part) painted(n int, claim uint64, position []byte) *Part {
	next := *p
	next.Done, next.Position = n+1, bytes.TrimSpace(position)
	next.Runs = slices.Clone(p.Runs)
	if n == 0 {
		next.Runs = nil
	}
	if last := len(next.Runs) - 1; last < 0 || next.Runs[last].Claim != claim {
		next.Runs = append(next.Runs, Run{n, claim})
	}
	return &next
}

// partFiles are the files of the state of an attempt's part. Paintings are blobs, and
// the position is in the record, so that each frame is a checkpoint.
type partFiles struct {
	*attempt
	anew  bool   // the part is painted from its beginning, whatever the record says
	frame int    // the last one that was written
	jpeg  []byte // its small copy
}

// Read implements [videostyle.Files].
func (f *partFiles) Read(ctx context.Context, file string) (io.ReadCloser, error) {
	part := f.record.Part
	if file == videostyle.PositionFile {
		if f.anew || part.Done == 0 {
			return nil, fs.ErrNotExist
		}
		return io.NopCloser(bytes.NewReader(part.Position)), nil
	}
	_, n, _ := videostyle.ParseName(file)
	r, err := f.worker.Blobs.Open(ctx, part.blob(file, part.claimOf(n))+pngSuffix)
	if errors.Is(err, blob.ErrNotFound) {
		return nil, fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	if err != nil {
		f.infrastructure = true
		return nil, err
	}
	return r, nil
}

// Write implements [videostyle.Files].
func (f *partFiles) Write(ctx context.Context, file string, write func(io.Writer) error) error {
	var data bytes.Buffer
	if err := write(&data); err != nil {
		return err
	}
	storing, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	var err error
	if file == videostyle.PositionFile {
		err = retry(storing, func() error { return f.advance(storing, data.Bytes()) })
	} else {
		err = retry(storing, func() error { return f.keep(storing, file, data.Bytes()) })
	}
	if errors.Is(err, errStale) {
		f.stop(errStale)
	} else if err != nil {
		f.infrastructure = true
	}
	return err
}

// advance makes the frame that was written count.
func (f *partFiles) advance(ctx context.Context, position []byte) error {
	return f.update(ctx, func(r *Record) {
		r.Part = r.Part.painted(f.frame, f.claim.Fence, position)
		r.FailedAttempts = 0
	})
}

// keep stores a file, and of a painting a small copy.
func (f *partFiles) keep(ctx context.Context, file string, data []byte) error {
	name := f.claim.Part.blob(file, f.claim.Fence)
	store := func(name string, data []byte) error {
		_, err := f.store(ctx, name, func(w io.Writer) error { _, err := w.Write(data); return err })
		return err
	}
	if err := store(name+pngSuffix, data); err != nil {
		return err
	}
	painting, n, err := videostyle.ParseName(file)
	if err != nil || !painting {
		return err
	}
	f.frame = n
	if f.jpeg, err = smallOf(ctx, data); err != nil {
		return err
	}
	return store(name+thumbSuffix, f.jpeg)
}

// Remove implements [videostyle.Files].
func (f *partFiles) Remove(ctx context.Context, file string) error {
	_, n, err := videostyle.ParseName(file)
	if err != nil {
		return err
	}
	f.remove(ctx, f.record.Part.blob(file, f.record.Part.claimOf(n))+pngSuffix)
	return nil
}

// partFrames are the frames of a part.
type partFrames struct {
	*attempt
	list []blob.Info // of all frames of the video
	next int         // of the part
}

// Next implements [videostyle.Source].
func (f *partFrames) Next(ctx context.Context) (*picture.Picture, error) {
	part := f.claim.Part
	if f.next >= part.Frames {
		return nil, io.EOF
	}
	n := part.First + f.next
	frame, err := readInput(ctx, f.worker.Blobs, Input{Role: api.VideoRole, Number: n, Blob: part.Of.frame(n) + pngSuffix, Info: f.list[n]})
	if err != nil {
		f.infrastructure = true
		return nil, err
	}
	f.next++
	return frame, nil
}

// Skip implements [videostyle.Source].
func (f *partFrames) Skip(_ context.Context, n int) error {
	f.next += n
	return nil
}

// paintPart paints the frames of a part that are not painted.
func (a *attempt) paintPart(ctx context.Context) error {
	a.infrastructure = true
	in, _, err := a.inputs(ctx)
	if err != nil {
		return err
	}
	opts, err := a.options()
	if err != nil {
		return err
	}
	list, err := readFrames(ctx, a.worker.Blobs, a.claim.Part.Of)
	if err != nil {
		return fmt.Errorf("the frames of job %s: %w", a.claim.Part.Video, err)
	}
	a.infrastructure = false
	err = a.paintFrames(ctx, &partFiles{attempt: a}, list, in.Regions, opts)
	if errors.Is(err, videostyle.ErrState) || errors.Is(err, videostyle.ErrChanged) { // lost, or of another version
		a.beginAgain(err)
		a.infrastructure = false
		err = a.paintFrames(ctx, &partFiles{attempt: a, anew: true}, list, in.Regions, opts)
	}
	return err
}

func (a *attempt) paintFrames(ctx context.Context, files *partFiles, list []blob.Info, regions []paint.Region, opts paint.Options) error {
	part, o := a.claim.Part, a.claim.Options.Video
	state, err := videostyle.OpenFiles(ctx, files, a.claim.Digest)
	if err != nil {
		return err
	}
	var begun time.Time // when the first frame was painted, which takes longer than the others
	first := state.Done()
	return videostyle.Paint(ctx, &partFrames{attempt: a, list: list}, state, videostyle.Options{
		Paint: opts, Regions: func(context.Context, int) ([]paint.Region, error) { return regions, nil },
		Temporal: temporalOf(o), Iterations: iterationsOf(o), OneShot: true,
		Loop: o != nil && o.Loop && part.Frames == part.Of.Frames, Frames: part.Frames,
	}, func(n int, painted *videostyle.Painted) {
		if n == first {
			begun = time.Now()
		}
		a.progress.Store(&api.Progress{
			Scale: 1, Scales: 1, Iteration: n + 1, Iterations: part.Frames, Step: n + 1, Steps: part.Frames, Width: painted.W, Height: painted.H,
			SecondsLeft: secondsLeft(time.Since(begun).Seconds(), n-first, part.Frames-n-1),
		})
		a.previews.due(previewEvery, func() {
			message := preview{a.claim.Fence, n + 1, files.jpeg}
			a.worker.Bus.Publish(subjectOf(subjectPreview, a.claim.Owner, a.claim.ID), message.bytes()) //nolint:errcheck // the next one follows
		})
	})
}

// commitPart ends a part all of whose frames are painted.
func (a *attempt) commitPart() error {
	base := a.record.Part.base()
	if err := a.end(func(r *Record) { r.finish(api.Done) }); err != nil {
		return err
	}
	a.finished("part of a video done", "video", a.claim.Part.Video, "seconds", time.Since(a.begun).Seconds(), "frames", a.claim.Part.Frames)
	a.discard(base)
	return nil
}

// isDropped reports whether the paintings of a part that is gone are not needed: its video
// is gone too, or has failed or was cancelled.
func (w *Worker) isDropped(ctx context.Context, part *Record) bool {
	v, err := w.Store.Load(ctx, part.Owner, part.Part.Video)
	if errors.Is(err, ErrNotFound) {
		return true
	}
	return err == nil && (v.State == Deleted || v.State == api.Failed || v.State == api.Cancelled || v.Video.Division != part.Part.Division)
}
