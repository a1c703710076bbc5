package job

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/video"
	"github.com/pastiche-art/pastiche/internal/videostyle"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// Video describes the video of a record. Each of its frames is a PNG and a small JPEG, so
// that nobody but the server that receives a video parses it.
type Video struct {
	Width  int            `json:"width"`
	Height int            `json:"height"`
	Frames int            `json:"frames"`
	Rate   video.Rational `json:"rate"`  // frames a second
	Shots  []int          `json:"shots"` // the first frame of each shot, from 0
	Folder string         `json:"folder"`
	// List is the blob.Info of the blob that lists those of the frames.
	List  blob.Info `json:"list"`
	Sound string    `json:"sound,omitempty"` // blob of the video file, where it has sound

	// Division counts how often the job was divided into parts, one for each shot.
	// Parts says whether there are parts now: "" for none, planned or made.
	Division int    `json:"division,omitempty"`
	Parts    string `json:"parts,omitempty"`
	// Painted are the parts of a job that is done.
	Painted []Part `json:"painted,omitempty"`
}

// The values of Video.Parts.
const (
	planned = "planned" // some parts may exist, and the leader makes all of them
	made    = "made"
)

func (v *Video) frame(n int) string { return fmt.Sprintf("%s/frame-%06d", v.Folder, n) }

func (v *Video) listBlob() string { return v.Folder + "/frames.json" }

// Seconds returns how long the video is.
func (v *Video) Seconds() float64 { return float64(v.Frames) / v.Rate.Float() }

// View returns the video as clients see it.
func (v *Video) View(painted int) *api.Video {
	return &api.Video{
		Width: v.Width, Height: v.Height, Frames: v.Frames, Rate: v.Rate.Float(), Seconds: v.Seconds(),
		Shots: v.Shots, Painted: painted, Sound: v.Sound != "",
	}
}

// divideAgain prepares a video to be painted from its beginning.
func (v *Video) divideAgain() {
	v.Division++
	v.Parts, v.Painted = planned, nil
}

// paintings returns the folder of the paintings of all parts.
func (v *Video) paintings(id string) string { return fmt.Sprintf("%s/painted-%d", id, v.Division) }

// A Clip is a video that is being received.
type Clip struct {
	Width, Height int
	Rate          video.Rational
	Next          func(context.Context) (*picture.Picture, error) // the next frame, or io.EOF
	Sound         io.Reader                                       // the file, where it has sound, or nil
	Warnings      []string
}

// AddVideo stores a video. Its first frame becomes the picture of a role. Errors are
// those of [Draft.Add] and of clip.Next.
func (d *Draft) AddVideo(ctx context.Context, role api.Role, clip Clip) error {
	in, err := d.videoInput(role, clip.Width, clip.Height)
	if err != nil {
		return err
	}
	v := &Video{Width: clip.Width, Height: clip.Height, Rate: clip.Rate, Folder: d.record.ID + "/" + d.upload}
	cuts, err := videostyle.NewCutFinder()
	if err != nil {
		return err
	}
	defer cuts.Close()
	var list []blob.Info
	for ; ; v.Frames++ {
		frame, err := clip.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		frame = videostyle.Rounded(frame)
		if cuts.Next(frame) {
			v.Shots = append(v.Shots, v.Frames)
		}
		info, err := d.addFrame(ctx, v.frame(v.Frames), frame)
		if err != nil {
			return err
		}
		list = append(list, info)
	}
	if v.Frames == 0 {
		return fmt.Errorf("%w: the video has no frame", picture.ErrCorrupt)
	}
	data, err := json.Marshal(list)
	if err != nil {
		return err
	}
	if v.List, err = d.keep(ctx, v.listBlob(), func(w io.Writer) error { _, err := w.Write(data); return err }); err != nil {
		return err
	}
	if clip.Sound != nil {
		v.Sound = v.Folder + "/video"
		if _, err = d.keep(ctx, v.Sound, func(w io.Writer) error { _, err := io.Copy(w, clip.Sound); return err }); err != nil {
			return err
		}
	}
	in.Blob, in.Thumb, in.Info, in.Warnings = v.frame(0)+pngSuffix, v.frame(0)+thumbSuffix, list[0], clip.Warnings
	d.record.Inputs, d.record.Video = append(d.record.Inputs, in), v
	return nil
}

const pngSuffix = ".png"

// videoInput returns the input of the first frame of a video.
func (d *Draft) videoInput(role api.Role, w, h int) (Input, error) {
	if d.record.Look {
		return Input{}, optionError("video", "a quick look is of a picture: send a frame as its content")
	}
	return d.input(role, w, h)
}

// addFrame stores a frame. It is compressed a little, as there are many.
func (d *Draft) addFrame(ctx context.Context, name string, frame *picture.Picture) (blob.Info, error) {
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	info, err := d.keep(ctx, name+pngSuffix, func(w io.Writer) error { return encoder.Encode(w, frame.Image()) })
	if err != nil || d.earlier != nil {
		return info, err
	}
	_, err = d.put(ctx, name+thumbSuffix, func(w io.Writer) error { return encodeSmall(w, frame) })
	return info, err
}

// keep stores a blob, unless the draft only compares the request with an earlier one.
func (d *Draft) keep(ctx context.Context, name string, write func(io.Writer) error) (blob.Info, error) {
	if d.earlier != nil {
		return digest(write)
	}
	return d.put(ctx, name, write)
}

// AddVideoFrom adds the video of a job or of an uploaded file. The error is a
// [*paint.OptionError] where the record has none.
func (d *Draft) AddVideoFrom(ctx context.Context, role api.Role, from *Record) error {
	if from.Video == nil {
		return optionError("video", "%s holds no video", from.ID)
	}
	in, err := d.videoInput(role, from.Video.Width, from.Video.Height)
	if err != nil {
		return err
	}
	v := &Video{
		Width: from.Video.Width, Height: from.Video.Height, Frames: from.Video.Frames, Rate: from.Video.Rate,
		Shots: from.Video.Shots, Folder: d.record.ID + "/" + d.upload, List: from.Video.List,
	}
	names := map[string]string{from.Video.listBlob(): v.listBlob()}
	for n := range v.Frames {
		for _, suffix := range []string{pngSuffix, thumbSuffix} {
			names[from.Video.frame(n)+suffix] = v.frame(n) + suffix
		}
	}
	if from.Video.Sound != "" {
		v.Sound = v.Folder + "/video"
		names[from.Video.Sound] = v.Sound
	}
	if d.earlier == nil {
		for name, to := range names {
			if err := d.service.cfg.Blobs.Copy(ctx, name, to); err != nil {
				return d.service.unavailable(err)
			}
		}
	}
	first := from.Inputs[0]
	if content := from.input(api.Content, 0); content != nil {
		first = *content
	}
	in.Blob, in.Thumb, in.Info, in.Warnings = v.frame(0)+pngSuffix, v.frame(0)+thumbSuffix, first.Info, first.Warnings
	d.record.Inputs, d.record.Video = append(d.record.Inputs, in), v
	return nil
}

const maxTemporal = 1e6

// checkVideoOptions refuses options of a video that are out of range.
func checkVideoOptions(o *api.VideoOptions) error {
	switch {
	case o == nil:
	case o.Temporal != nil && !(*o.Temporal >= 0 && *o.Temporal <= maxTemporal):
		return optionError("temporal", "%g: expected 0 to %g", *o.Temporal, float64(maxTemporal))
	case o.Iterations < 0 || o.Iterations > paint.MaxIterations:
		return optionError("iterations", "%d of a frame that follows another: expected 1 to %d", o.Iterations, paint.MaxIterations)
	}
	return nil
}

// checkVideo refuses a combination of a video with what is for pictures.
func (r *Record) checkVideo() error {
	switch {
	case r.Video == nil && r.Options.Video != nil:
		return optionError("video", "options of a video without a video: send one, or leave them out")
	case r.Video == nil:
	case len(r.Options.Shape) > 0:
		return optionError("shape", "a video has the shape of its frames: leave it out")
	case r.input(api.Init, 0) != nil:
		return optionError("init", "a video begins with its frames: leave the picture out")
	}
	return nil
}

func iterationsOf(o *api.VideoOptions) int {
	if o == nil || o.Iterations == 0 {
		return videostyle.DefaultIterations
	}
	return o.Iterations
}

func temporalOf(o *api.VideoOptions) float64 {
	if o == nil || o.Temporal == nil {
		return videostyle.DefaultTemporal
	}
	return *o.Temporal
}

// work returns how much a record's painting computes, in pixels times iterations.
func (r *Record) work(shape image.Point) float64 {
	if r.Video == nil {
		return r.Options.work(shape.X, shape.Y)
	}
	return r.Options.videoWork(shape, r.Video.Frames, len(r.Video.Shots))
}

// videoWork returns how much the painting of a video of so many frames and shots
// computes; 0 frames are a picture.
func (o *Options) videoWork(shape image.Point, frames, shots int) float64 {
	whole := o.work(shape.X, shape.Y)
	if frames == 0 || temporalOf(o.Video) == 0 {
		return whole * float64(max(frames, 1))
	}
	shots = max(shots, 1)
	size := float64(o.Recipe.Schedule()[len(o.Recipe.Schedule())-1].Size)
	long, short := float64(max(shape.X, shape.Y, 1)), float64(max(min(shape.X, shape.Y), 1))
	following := size * size * short / long * float64(iterationsOf(o.Video))
	return whole*float64(shots) + following*float64(max(frames-shots, 0))
}

// videoSeconds returns how long a video takes by the reference of one of its frames.
func (f reference) videoSeconds(frames, shots int, o *api.VideoOptions) float64 {
	if temporalOf(o) == 0 {
		return f.seconds() * float64(frames)
	}
	shots = max(shots, 1)
	last := f[len(f)-1]
	last.iterations = iterationsOf(o)
	return f.seconds()*float64(shots) + last.seconds()*float64(max(frames-shots, 0))
}

// referenceSeconds returns how long the record's painting takes on the machine that was
// measured.
func (r *Record) referenceSeconds() float64 {
	switch of := r.reference(); {
	case r.Part != nil:
		return of.videoSeconds(r.Part.Frames, 1, r.Options.Video)
	case r.Video != nil:
		return of.videoSeconds(r.Video.Frames, len(r.Video.Shots), r.Options.Video)
	default:
		return of.seconds()
	}
}

// paintedSize returns the size of a painting of a frame.
func (r *Record) paintedSize() (w, h int) {
	scales := r.Options.Recipe.Schedule()
	return picture.FitLong(r.Video.Width, r.Video.Height, scales[len(scales)-1].Size)
}

// Frame returns the blob of a frame of a record's video: a PNG, or a small JPEG. The
// error is [ErrNotFound].
func (r *Record) Frame(n int, small bool) (name string, err error) {
	if r.Video == nil || n < 0 || n >= r.Video.Frames {
		return "", ErrNotFound
	}
	if small {
		return r.Video.frame(n) + thumbSuffix, nil
	}
	return r.Video.frame(n) + pngSuffix, nil
}

// Painting returns the blob of the painting of a frame of a job's video: a PNG, or a
// small JPEG. The error is [ErrNotFound] where it is not painted, or [ErrDown].
func (s *Service) Painting(ctx context.Context, r *Record, n int, small bool) (name string, err error) {
	if r.Video == nil || n < 0 || n >= r.Video.Frames {
		return "", ErrNotFound
	}
	suffix := pngSuffix
	if small {
		suffix = thumbSuffix
	}
	for i := range r.Video.Painted {
		if p := &r.Video.Painted[i]; p.First <= n && n < p.First+p.Frames {
			return p.painting(n-p.First) + suffix, nil
		}
	}
	if r.State.Final() || r.Video.Parts == "" {
		return "", ErrNotFound
	}
	shot := 0
	for shot+1 < len(r.Video.Shots) && r.Video.Shots[shot+1] <= n {
		shot++
	}
	part, err := s.cfg.Store.Load(ctx, r.Owner, r.partID(shot))
	if err != nil {
		return "", err
	}
	if n -= part.Part.First; n >= part.Part.Done {
		return "", ErrNotFound
	}
	return part.Part.painting(n) + suffix, nil
}

// readFrames returns the infos of the PNG files of the frames of a video.
func readFrames(ctx context.Context, blobs blob.Store, v *Video) (list []blob.Info, err error) {
	data, err := blob.ReadAll(ctx, blobs, v.listBlob(), v.List)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &list); err != nil || len(list) != v.Frames {
		return nil, fmt.Errorf("%s lists %d frames: expected %d (%w)", v.listBlob(), len(list), v.Frames, err)
	}
	return list, nil
}

// readPainting reads the painting of a frame.
func readPainting(ctx context.Context, blobs blob.Store, name string) (*picture.Picture, error) {
	r, err := blobs.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	f, err := picture.Decode(ctx, r, name, picture.Limits{})
	if err != nil {
		return nil, err
	}
	return f.SRGB(), nil
}

// result stores the result of a video whose parts are painted: the painting of its first
// frame, with its provenance.
func (s *Service) result(ctx context.Context, r *Record) (*Result, error) {
	first := r.Video.Painted[0].painting(0)
	p, err := readPainting(ctx, s.cfg.Blobs, first+pngSuffix)
	if err != nil {
		return nil, err
	}
	scales := r.Options.Recipe.Schedule()
	steps := 0
	for _, scale := range scales {
		steps += scale.Iterations
	}
	name := fmt.Sprintf("%s/result-%d", r.ID, r.Video.Division)
	result := &Result{Blob: name + pngSuffix, Thumb: name + thumbSuffix, Width: p.W, Height: p.H, Steps: steps}
	painting := &paint.Painting{Picture: p, Steps: steps}
	result.Info, err = put(ctx, s.cfg.Blobs, result.Blob, func(w io.Writer) error { return r.encode(w, painting, s.cfg.Software) })
	if err != nil {
		return nil, err
	}
	return result, s.cfg.Blobs.Copy(ctx, first+thumbSuffix, result.Thumb)
}

// paintedOf is [index.painted] for callers that do not hold the lock.
func (x *index) paintedOf(r *Record) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.painted(r)
}

// painted returns how many frames of a job's video are painted.
func (x *index) painted(r *Record) int {
	if e := x.entries[nameOf(r)]; e != nil {
		r = e.record // which is as old as its parts here
	}
	switch {
	case r.State == api.Done:
		return r.Video.Frames
	case r.State != api.Running || r.Video.Parts != made: // no part has begun
		return 0
	}
	painted := r.Video.Frames
	for _, e := range x.partsOf(r) { // the others are painted
		painted -= e.record.Part.Frames - e.done()
	}
	return painted
}

// partsOf returns the active parts of a video.
func (x *index) partsOf(r *Record) (parts []*entry) {
	for n, e := range x.entries {
		if p := e.record.Part; p != nil && n.owner == r.Owner && p.Video == r.ID && p.Division == r.Video.Division {
			parts = append(parts, e)
		}
	}
	return parts
}

// done returns how many frames of a part are painted.
func (e *entry) done() int {
	done := e.record.Part.Done
	if e.progress != nil {
		done = max(done, e.progress.Step)
	}
	return done
}

// firstPart returns the part of a queued video that is painted first, or nil.
func (x *index) firstPart(r *Record) (first *entry) {
	for _, e := range x.partsOf(r) {
		if e.record.State == api.Queued && (first == nil || order(e, first) < 0) {
			first = e
		}
	}
	return first
}

// videoProgress returns how far a video is painted. Its steps are its frames.
func (x *index) videoProgress(r *Record) *api.Progress {
	p := &api.Progress{Scale: 1, Scales: 1, Iterations: r.Video.Frames, Steps: r.Video.Frames}
	p.Width, p.Height = r.paintedSize()
	p.Step = x.painted(r)
	p.Iteration = p.Step
	running, known, each := 0, 0, 0.0
	for _, e := range x.partsOf(r) {
		if e.record.State != api.Running {
			continue
		}
		running++
		if q := e.progress; q != nil && q.SecondsLeft != nil && q.Step < q.Steps {
			each += *q.SecondsLeft / float64(q.Steps-q.Step)
			known++
		}
	}
	if known > 0 {
		left := each / float64(known) * float64(p.Steps-p.Step) / float64(running)
		p.SecondsLeft = &left
	}
	return p
}

// newestPainting returns the blob of the small copy of a painting of a video, and how many
// frames are painted.
func (x *index) newestPainting(r *Record) (name string, step int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, e := range x.partsOf(r) {
		if p := e.record.Part; p.Done > 0 {
			name = p.painting(p.Done-1) + thumbSuffix
		}
	}
	return name, x.painted(r)
}

// notifyVideo notifies subscriptions of the progress of the video that a part belongs to.
func (x *index) notifyVideo(part *Record) {
	v := x.entries[name{part.Owner, part.Part.Video}]
	if v != nil && v.record.State == api.Running && v.record.Video != nil {
		x.notify(part.Owner, Update{ID: v.record.ID, Progress: x.videoProgress(v.record)})
	}
}

// smallOf returns the small copy of a picture file.
func smallOf(ctx context.Context, file []byte) ([]byte, error) {
	f, err := picture.Decode(ctx, bytes.NewReader(file), "the painting", picture.Limits{})
	if err != nil {
		return nil, err
	}
	return small(f.SRGB())
}

// secondsLeft returns the seconds that a number of frames take by the time that others
// took.
func secondsLeft(took float64, frames, left int) *float64 {
	if frames == 0 {
		return nil
	}
	seconds := took / float64(frames) * float64(left)
	if math.IsNaN(seconds) {
		return nil
	}
	return &seconds
}
