package job

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/masking"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// MaxStyles is how many styles a job may have.
const MaxStyles = 8

// ErrConflict is the error of a request whose idempotency key belongs to another
// request.
var ErrConflict = errors.New("the idempotency key belongs to another request: use a new one")

// A Draft is a job whose pictures are being received. Each picture is stored when it
// is added and needs no memory afterwards. [Draft.Submit] or [Draft.Discard] ends
// the draft. It is used by one goroutine.
type Draft struct {
	service *Service
	record  *Record
	// earlier is the job that the idempotency key stands for. The draft then only
	// compares the request with that job's, and stores nothing.
	earlier *Record
	upload  string // a part of the names of the draft's blobs
	masks   map[string]*image.Gray
	stop    func()
	ended   bool
}

// Begin begins a draft of an owner. Drafts with the same idempotency key become the
// same job; "" is no key. Errors are those of [Service.Ready], [ErrQueueFull] and
// [ErrOwnerQueue]. A key that stands for a job needs no place in the queue.
func (s *Service) Begin(ctx context.Context, owner, key string) (*Draft, error) {
	return s.begin(ctx, s.draft(owner), key)
}

// BeginLook is [Service.Begin] for a quick look, which needs no place in the queue of
// jobs. The error is [ErrLooks] where as many looks of the owner wait as may.
func (s *Service) BeginLook(ctx context.Context, owner, key string) (*Draft, error) {
	d := s.draft(owner)
	d.record.Look, d.record.Memory, d.record.Retention = true, LookMemory, lookRetention
	return s.begin(ctx, d, key)
}

func (s *Service) begin(ctx context.Context, d *Draft, key string) (*Draft, error) {
	owner := d.record.Owner
	if key != "" {
		sum := sha256.Sum256([]byte(key))
		d.record.Key = hex.EncodeToString(sum[:16])
	}
	admitted := s.Ready(ctx)
	if admitted == nil {
		admitted = s.place(owner, d.record.Look)
	}
	if admitted != nil && (key == "" || !errors.Is(admitted, ErrQueueFull) && !errors.Is(admitted, ErrOwnerQueue)) {
		return nil, admitted
	}
	err := s.cfg.Store.Create(ctx, d.record)
	for taken := (*KeyError)(nil); errors.As(err, &taken); {
		if d.earlier, err = s.earlier(ctx, owner, taken.ID); err == nil {
			return d, nil
		}
		if errors.Is(err, ErrNotFound) { // it was discarded, and its key is free
			err = s.cfg.Store.Create(ctx, d.record)
		}
	}
	if err == nil && admitted != nil { // the key is a new one, and the queue is full
		d.Discard()
		return nil, admitted
	}
	if err != nil {
		return nil, err
	}
	d.sendHeartbeats()
	return d, nil
}

// BeginFile begins a draft for [Draft.Store], which needs no place in the queue.
// Errors are those of [Service.Ready].
func (s *Service) BeginFile(ctx context.Context, owner string) (*Draft, error) {
	if err := s.Ready(ctx); err != nil {
		return nil, err
	}
	d := s.draft(owner)
	if err := s.cfg.Store.Create(ctx, d.record); err != nil {
		return nil, err
	}
	d.sendHeartbeats()
	return d, nil
}

func (s *Service) draft(owner string) *Draft {
	return &Draft{
		service: s, upload: strings.ToLower(rand.Text()[:8]), masks: make(map[string]*image.Gray),
		record: &Record{
			ID: newID(), Owner: owner, State: Receiving, Created: time.Now().UTC(), Retention: s.cfg.Retention, Memory: s.cfg.Memory,
		},
	}
}

const (
	// draftHeartbeatEvery is the interval of the heartbeats of a draft. A draft is
	// discarded after draftTimeout without one.
	draftHeartbeatEvery = 5 * time.Second
	draftTimeout        = time.Minute
	// earlierEvery is how often a draft checks whether the earlier request with its
	// key has been received, and earlierFor for how long.
	earlierEvery = 200 * time.Millisecond
	earlierFor   = 2 * time.Minute
)

// ErrInProgress is the error of a request whose idempotency key belongs to a request
// that is still being received.
var ErrInProgress = errors.New("an earlier request with this idempotency key is still being received: try again in a moment")

// earlier waits for the job of an idempotency key to be received. The error is
// [ErrNotFound] where the job is gone, [ErrInProgress] or [ErrDown].
func (s *Service) earlier(ctx context.Context, owner, id string) (*Record, error) {
	for begun := time.Now(); ; {
		r, err := s.cfg.Store.Load(ctx, owner, id)
		switch {
		case err != nil:
			return nil, err
		case r.State == Deleted:
			return nil, ErrNotFound
		case r.expired(time.Now()): // the leader has yet to delete it
			if err := s.markDeleted(ctx, r); err != nil && !errors.Is(err, ErrStale) {
				return nil, err
			}
			continue
		case r.State != Receiving:
			return r, nil
		}
		if time.Since(begun) > earlierFor {
			return nil, ErrInProgress
		}
		if pause(ctx, earlierEvery); ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
}

// sendHeartbeats publishes that the draft is being received, until it ends.
func (d *Draft) sendHeartbeats() {
	ctx, cancel := context.WithCancel(context.Background())
	var beating sync.WaitGroup
	beating.Go(func() {
		data, _ := json.Marshal(heartbeat{}) // of two numbers
		for ctx.Err() == nil {
			d.service.cfg.Bus.Publish(subjectOf(subjectProgress, d.record.Owner, d.record.ID), data) //nolint:errcheck // the next one follows
			pause(ctx, draftHeartbeatEvery)
		}
	})
	d.stop = func() { cancel(); beating.Wait() }
}

// Add stores a picture of the job. Pictures of a role have the numbers 0, 1, and so
// on, in the order in which they are added. The error is a [*paint.PictureError],
// [blob.ErrFull] or [ErrDown].
func (d *Draft) Add(ctx context.Context, role api.Role, f *picture.File) error {
	p := f.SRGB()
	if d.record.Look && max(p.W, p.H) > lookInput {
		p = shrink(p, lookInput)
	}
	in, err := d.input(role, p.W, p.H)
	if err != nil {
		return err
	}
	if isMask(role) {
		d.masks[inputName(in.Role, in.Number)] = grey(p)
	} else if !masking.Visible(p) {
		return &paint.PictureError{Role: paintRole(role), Number: in.Number + 1, Err: paint.ErrTransparent}
	}
	encode := func(w io.Writer) error { return encodeInput(w, p, f.Deep) }
	if d.earlier != nil {
		if in.Info, err = digest(encode); err != nil {
			return err
		}
	} else {
		if in.Info, err = d.put(ctx, in.Blob, encode); err != nil {
			return err
		}
		in.Thumb = in.Blob + thumbSuffix
		if _, err = d.put(ctx, in.Thumb, func(w io.Writer) error { return encodeSmall(w, p) }); err != nil {
			return err
		}
	}
	in.Warnings = f.Warnings
	d.record.Inputs = append(d.record.Inputs, in)
	return nil
}

// isMask reports whether pictures of a role are masks, whose levels a check needs.
func isMask(role api.Role) bool {
	return role == api.Mask || role == api.StyleMask || role == api.Keep
}

// AddFrom adds a picture that the store has already: an input or the result of a
// job, or an uploaded file.
func (d *Draft) AddFrom(ctx context.Context, role api.Role, from Input) error {
	shrinks := d.record.Look && max(from.Width, from.Height) > lookInput
	if isMask(role) || from.Thumb == "" || shrinks {
		f, err := decodeInput(ctx, d.service.cfg.Blobs, from)
		if err != nil {
			return err
		}
		f.Warnings = from.Warnings
		return d.Add(ctx, role, f)
	}
	in, err := d.input(role, from.Width, from.Height)
	if err != nil {
		return err
	}
	in.Info, in.Warnings = from.Info, from.Warnings
	if d.earlier == nil {
		if err := d.service.cfg.Blobs.Copy(ctx, from.Blob, in.Blob); err != nil {
			return d.service.unavailable(err)
		}
		in.Thumb = in.Blob + thumbSuffix
		if err := d.service.cfg.Blobs.Copy(ctx, from.Thumb, in.Thumb); err != nil {
			return d.service.unavailable(err)
		}
	}
	d.record.Inputs = append(d.record.Inputs, in)
	return nil
}

// thumbSuffix ends the blob names of thumbnails.
const thumbSuffix = ".jpg"

// input returns the next input of a role, without its bytes.
func (d *Draft) input(role api.Role, w, h int) (Input, error) {
	number, most := 0, 1
	for _, in := range d.record.Inputs {
		if in.Role == role {
			number++
		}
	}
	if role == api.Style || role == api.Mask || role == api.StyleMask {
		most = MaxStyles
	}
	if number == most {
		return Input{}, optionError(string(role), "more than %d: expected at most %d", most, most)
	}
	name := fmt.Sprintf("%s/%s/%s-%d", d.record.ID, d.upload, strings.ReplaceAll(string(role), "_", "-"), number)
	return Input{Role: role, Number: number, Width: w, Height: h, Blob: name}, nil
}

// put stores what write writes.
func (d *Draft) put(ctx context.Context, name string, write func(io.Writer) error) (blob.Info, error) {
	info, err := put(ctx, d.service.cfg.Blobs, name, write)
	if err != nil {
		return info, d.service.unavailable(err)
	}
	return info, nil
}

// unavailable returns the error of a blob store as an error of the service: [ErrDown],
// unless the disk is full, the client has left, or the blob does not exist.
func (s *Service) unavailable(err error) error {
	if errors.Is(err, blob.ErrFull) || errors.Is(err, context.Canceled) || errors.Is(err, blob.ErrNotFound) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrDown, err)
}

// put stores what write writes under a name.
func put(ctx context.Context, blobs blob.Store, name string, write func(io.Writer) error) (blob.Info, error) {
	r, w := io.Pipe()
	written := make(chan struct{})
	go func() {
		defer close(written)
		w.CloseWithError(write(w)) // nil is the end
	}()
	info, err := blobs.Put(ctx, name, r)
	r.CloseWithError(err) // where storing failed, so does writing
	<-written
	return info, err
}

// digest returns the length and digest of what write writes.
func digest(write func(io.Writer) error) (blob.Info, error) {
	h := sha256.New()
	var n counter
	if err := write(io.MultiWriter(h, &n)); err != nil {
		return blob.Info{}, err
	}
	return blob.Info{Size: int64(n), SHA256: hex.EncodeToString(h.Sum(nil))}, nil
}

// counter counts the bytes that are written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// encodeInput writes a picture as a PNG of 8 bits, or of 16 where it is deep,
// quickly rather than small: a server that accepts jobs may be painting.
func encodeInput(w io.Writer, p *picture.Picture, deep bool) error {
	var m image.Image
	if deep {
		m = p.Image16()
	} else {
		m = p.Image()
	}
	encoder := png.Encoder{CompressionLevel: png.NoCompression}
	return encoder.Encode(w, m)
}

const (
	// smallSize is the long side of thumbnails and previews, in pixels.
	smallSize    = 512
	smallQuality = 85
)

// encodeSmall writes a small copy of a picture as a JPEG.
func encodeSmall(w io.Writer, p *picture.Picture) error {
	if max(p.W, p.H) > smallSize {
		p = shrink(p, smallSize)
	}
	return picture.Encode(w, p, picture.JPEG, picture.SaveOptions{Quality: smallQuality})
}

// shrink returns a copy of a picture whose long side is long. Each pixel is the mean
// of the levels of a rectangle. That is good enough for a thumbnail, and takes a
// tenth of the time of [picture.Picture.Resize], which filters light.
func shrink(p *picture.Picture, long int) *picture.Picture {
	w, h := picture.FitLong(p.W, p.H, long)
	if p.Alpha != nil {
		return p.Resize(w, h)
	}
	small := picture.New(w, h)
	for c := range 3 {
		from, to := p.RGB[c*p.W*p.H:], small.RGB[c*w*h:]
		for y := range h {
			top, bottom := y*p.H/h, (y+1)*p.H/h
			for x := range w {
				left, right := x*p.W/w, (x+1)*p.W/w
				var sum float32
				for row := top; row < bottom; row++ {
					for _, level := range from[row*p.W+left : row*p.W+right] {
						sum += level
					}
				}
				to[y*w+x] = sum / float32((bottom-top)*(right-left))
			}
		}
	}
	return small
}

// A Submission is what a draft becomes a job with, besides its pictures.
type Submission struct {
	Options
	// HasSize says that the recipe has the size that was asked for. A video is painted
	// as large as it is otherwise, up to [api.VideoSize].
	HasSize   bool
	Labels    map[string]string
	Priority  int
	Retention time.Duration // 0 is the service's; of looks it is always that
	Webhook   *api.Webhook  // looks have none
}

// Submit makes the draft a job that is queued, and from then on painted whatever
// process ends. created is false where the draft's idempotency key stands for a job
// with the same request, which is returned. Errors are those of [paint.Check],
// [ErrConflict], [ErrDown], and [ErrQueueFull], [ErrOwnerQueue] or [ErrLooks].
func (d *Draft) Submit(ctx context.Context, sub Submission) (r *Record, created bool, err error) {
	defer func() {
		if err != nil || !created {
			d.Discard()
		}
	}()
	r = d.record
	r.Options, r.Labels, r.Priority = sub.Options, sub.Labels, sub.Priority
	if r.Look {
		look(&r.Options.Recipe)
	} else {
		r.Webhook, r.Retention = sub.Webhook, cmp.Or(sub.Retention, r.Retention)
	}
	if r.Video != nil && !sub.HasSize && len(r.Options.Recipe.Scales) == 0 {
		r.Options.Recipe.Size = min(max(r.Video.Width, r.Video.Height), api.VideoSize)
	}
	// The order in which pictures arrive changes neither the request nor the result.
	slices.SortFunc(r.Inputs, func(a, b Input) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Number, b.Number))
	})
	if r.Request, err = r.request(); err != nil {
		return nil, false, err
	}
	if d.earlier != nil {
		if d.earlier.Request != r.Request {
			return nil, false, ErrConflict
		}
		return d.earlier, false, nil
	}
	if err := d.check(); err != nil {
		return nil, false, err
	}
	if err := d.service.place(r.Owner, r.Look); err != nil {
		return nil, false, err
	}
	r.State = api.Queued
	if r.Video != nil {
		r.Video.Division, r.Video.Parts = 1, planned
	}
	r.queueWebhook(api.Queued)
	if err := d.replace(ctx); err != nil {
		return nil, false, err
	}
	d.service.logJob("job queued", r)
	return r, true, nil
}

// Store makes a draft with one picture an uploaded file, which expires after a time.
func (d *Draft) Store(ctx context.Context, retention time.Duration) (*Record, error) {
	r := d.record
	expires := time.Now().UTC().Add(retention)
	r.State, r.Retention, r.Expires = Stored, retention, &expires
	return r, d.replace(ctx)
}

// replace stores the record that the draft has become, and ends the draft. After an
// error, the record may have been stored all the same: the leader discards it
// otherwise.
func (d *Draft) replace(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx) // and nothing is stored: Discard discards it now
	}
	err := d.service.cfg.Store.Replace(context.WithoutCancel(ctx), d.record)
	d.end()
	if errors.Is(err, ErrStale) {
		d.forget(ctx)
		return fmt.Errorf("%w: the upload was interrupted for too long and was discarded", ErrDown)
	}
	return err
}

// forget removes what the draft has stored since the leader discarded it.
func (d *Draft) forget(ctx context.Context) {
	r, err := d.service.cfg.Store.Load(ctx, d.record.Owner, d.record.ID)
	if errors.Is(err, ErrNotFound) || err == nil && r.State == Deleted {
		d.service.removeBlobs(ctx, d.record.ID)
	}
}

func (d *Draft) end() {
	d.ended = true
	if d.stop != nil {
		d.stop()
	}
}

// Discard ends a draft that becomes no job. It may be called after Submit, and does
// nothing then.
func (d *Draft) Discard() {
	if d.ended {
		return
	}
	d.end()
	if d.earlier != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), discardTimeout)
	defer cancel()
	switch err := d.service.markDeleted(ctx, d.record); {
	case errors.Is(err, ErrStale):
		d.forget(ctx)
	case err != nil:
		d.service.cfg.Log.Warn("a draft could not be discarded: the leader will do it", "job", d.record.ID, "error", err)
	}
}

// discardTimeout bounds how long pictures of a job are removed while a client waits.
const discardTimeout = 10 * time.Second

// request returns a digest of everything that was submitted.
func (r *Record) request() (string, error) {
	h := sha256.New()
	submitted := []any{r.Options, r.Labels, r.Webhook}
	if r.Look {
		submitted = append(submitted, r.Look)
	}
	if r.Video != nil {
		submitted = append(submitted, r.Video.Rate, r.Video.List.SHA256)
	}
	options, err := json.Marshal(submitted)
	if err != nil {
		return "", err
	}
	h.Write(options)
	for _, in := range r.Inputs {
		fmt.Fprintf(h, "%s %d %s\n", in.Role, in.Number, in.SHA256)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// check refuses a job that cannot be painted, as far as that is known without painting,
// and sets the network of the record.
func (d *Draft) check() error {
	r, s := d.record, d.service
	if err := checkLabels(r.Labels); err != nil {
		return err
	}
	shape := r.Options.shape()
	if in := r.input(api.Content, 0); in != nil {
		shape = image.Pt(in.Width, in.Height)
	}
	size := r.Options.Recipe.Size
	if size > s.cfg.MaxSize {
		return optionError("size", "%d pixels: this server paints up to %d", size, s.cfg.MaxSize)
	}
	if err := r.checkVideo(); err != nil {
		return err
	}
	if work := r.work(shape); work > s.cfg.MaxWork {
		return optionError("iterations", "%.3g pixels times iterations in all: this server computes up to %.3g for a painting; lower the size or the iterations", work, s.cfg.MaxWork)
	}
	network, err := s.networks.of(&r.Options.Recipe)
	if err != nil {
		return err
	}
	r.Network, r.Digest = network.Name, network.Digest
	req, err := r.assemble(d.placeholders())
	if err != nil {
		return err
	}
	paintable := func() error {
		return paint.Check(req.content, r.Options.shape(), req.regions, paint.Options{
			Recipe: &r.Options.Recipe, Network: network, Init: req.init, Seed: r.Options.Seed, Memory: r.Memory,
		})
	}
	err = paintable()
	if r.Look && widen(&r.Options.Recipe, err) {
		err = paintable()
	}
	return err
}

const (
	maxLabels = 16
	maxLabel  = 63 // characters of a name or a value
)

// checkLabels refuses labels that are too many or too long, names that are hard to
// write in a URL, and values that cannot be read.
func checkLabels(labels map[string]string) error {
	if len(labels) > maxLabels {
		return optionError("labels", "%d: expected at most %d", len(labels), maxLabels)
	}
	for name, value := range labels {
		if name == "" || utf8.RuneCountInString(name) > maxLabel || strings.ContainsFunc(name, func(c rune) bool {
			return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("-_./", c)
		}) {
			return optionError("labels", "name %.100q: expected 1 to %d letters, digits, -, _, . or /", name, maxLabel)
		}
		const joiner = '\u200d' // of emoji
		if utf8.RuneCountInString(value) > maxLabel || !utf8.ValidString(value) || strings.ContainsFunc(value, func(c rune) bool {
			return !unicode.IsGraphic(c) && c != joiner
		}) {
			return optionError("labels", "%s is %.100q: expected at most %d characters that can be seen", name, value, maxLabel)
		}
	}
	return nil
}

// placeholders returns grey pictures of the sizes of the inputs, which share their
// levels, and the masks as they are: a check needs no more.
func (d *Draft) placeholders() func(Input) image.Image {
	most := 0
	for _, in := range d.record.Inputs {
		most = max(most, in.Width*in.Height)
	}
	levels := make([]float32, 3*most)
	return func(in Input) image.Image {
		if m := d.masks[inputName(in.Role, in.Number)]; m != nil {
			return m
		}
		return &picture.Picture{W: in.Width, H: in.Height, RGB: levels[:3*in.Width*in.Height]}
	}
}

// inputName returns the name of an input in messages and in the provenance.
func inputName(role api.Role, number int) string { return fmt.Sprintf("%s-%d", role, number) }

// grey returns a mask with a byte for each pixel.
func grey(p *picture.Picture) *image.Gray {
	m := image.NewGray(p.Bounds())
	n := p.W * p.H
	for i := range m.Pix {
		level := (p.RGB[i] + p.RGB[n+i] + p.RGB[2*n+i]) / 3
		if p.Alpha != nil {
			level *= p.Alpha[i]
		}
		m.Pix[i] = uint8(level)
	}
	return m
}

// input returns an input of a record, or nil.
func (r *Record) input(role api.Role, number int) *Input {
	for i := range r.Inputs {
		if r.Inputs[i].Role == role && r.Inputs[i].Number == number {
			return &r.Inputs[i]
		}
	}
	return nil
}

// Input returns an input of a record. The error is [ErrNotFound].
func (r *Record) Input(role api.Role, number int) (*Input, error) {
	if in := r.input(role, number); in != nil {
		return in, nil
	}
	return nil, ErrNotFound
}

// readInput reads and decodes an input, as sRGB. The error is [blob.ErrNotFound], a
// [*blob.DamagedError], or that of [picture.Decode].
func readInput(ctx context.Context, blobs blob.Store, in Input) (*picture.Picture, error) {
	f, err := decodeInput(ctx, blobs, in)
	if err != nil {
		return nil, err
	}
	return f.SRGB(), nil
}

func decodeInput(ctx context.Context, blobs blob.Store, in Input) (*picture.File, error) {
	data, err := blob.ReadAll(ctx, blobs, in.Blob, in.Info)
	if err != nil {
		return nil, err
	}
	return picture.Decode(ctx, bytes.NewReader(data), inputName(in.Role, in.Number), picture.Limits{})
}
