package job

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
)

// Config says where jobs are kept, and how many and which are accepted.
type Config struct {
	Store Store
	Blobs blob.Store
	Bus   Bus
	// Exclusive says that no other process uses the store. Jobs that are running when
	// the service starts then have no worker, and are queued again at once.
	Exclusive bool

	Queue      int           // jobs that may wait; 0 is 100
	OwnerQueue int           // jobs of one owner that may wait; 0 is Queue
	Looks      int           // quick looks of one owner that may wait, besides jobs; 0 is 12
	Retention  time.Duration // how long finished jobs are kept; 0 is a week
	Memory     int64         // bytes that a painting may take; 0 is DefaultMemory
	MaxSize    int           // greatest long side of a painting, in pixels; 0 is 4096
	MaxWork    float64       // most pixels times iterations of a painting; 0 is 20e9
	Silence    time.Duration // without a heartbeat, after which a job gets another worker; 0 is 20 s
	Software   string        // which results name; "" is pastiche
	// Webhooks calls the webhook of a job with one of its states; nil where no
	// webhooks are called. Calls of a job come one after the other.
	Webhooks func(ctx context.Context, r *Record, state api.State) error
	Log      *slog.Logger
}

// DefaultMemory is what a painting may take unless a configuration says otherwise.
// It is the same on every machine: large paintings are computed in parts that fit,
// and the size of the parts decides how sums are rounded.
const DefaultMemory = 2 << 30

const (
	defaultQueue     = 100
	defaultLooks     = 12
	defaultRetention = 7 * 24 * time.Hour
	defaultMaxSize   = 4096
	defaultMaxWork   = 20e9
	defaultSilence   = 20 * time.Second
	defaultSoftware  = "pastiche"
)

func (c *Config) setDefaults() {
	if c.Queue == 0 {
		c.Queue = defaultQueue
	}
	if c.OwnerQueue == 0 {
		c.OwnerQueue = c.Queue
	}
	if c.Looks == 0 {
		c.Looks = defaultLooks
	}
	if c.Retention == 0 {
		c.Retention = defaultRetention
	}
	if c.Memory == 0 {
		c.Memory = DefaultMemory
	}
	if c.MaxSize == 0 {
		c.MaxSize = defaultMaxSize
	}
	if c.MaxWork == 0 {
		c.MaxWork = defaultMaxWork
	}
	if c.Silence == 0 {
		c.Silence = defaultSilence
	}
	if c.Software == "" {
		c.Software = defaultSoftware
	}
	if c.Webhooks == nil { // jobs of a time when there were some are given up in the end
		c.Webhooks = func(context.Context, *Record, api.State) error { return errors.New("this server calls no webhooks") }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// Errors of a full queue.
var (
	ErrQueueFull  = errors.New("too many jobs wait: try again in some minutes")
	ErrOwnerQueue = errors.New("too many jobs of this API key wait: try again when one is finished, or cancel one")
	ErrLooks      = fmt.Errorf("%w: too many quick looks wait: cancel those that are out of date", ErrOwnerQueue)
)

// A Service accepts jobs, offers them to workers, and answers for them. It is safe for
// use by several goroutines.
type Service struct {
	cfg        Config
	index      *index
	dispatcher *dispatcher
	networks   networks
	previews   *previewFeeds
	counts     counts
	paces      *paces
	estimating sync.Mutex    // held while [Service.Estimate] computes
	leaderDue  chan struct{} // holds a value while a webhook may have to be called, or a video needs the leader
}

// New returns a service. [Service.Run] makes it work.
func New(cfg Config) *Service {
	cfg.setDefaults()
	s := &Service{cfg: cfg, leaderDue: make(chan struct{}, 1), paces: newPaces()}
	s.counts.jobs, s.counts.looks = make(map[api.State]uint64), make(map[api.State]uint64)
	s.index = newIndex(s.count)
	s.dispatcher = newDispatcher(s.index)
	s.previews = newPreviewFeeds(func(owner string) (func(), error) {
		return cfg.Bus.Subscribe(subjectOf(subjectPreview, owner, "*"), s.onPreview)
	}, s.index.subscribed)
	return s
}

// Config returns the configuration with its defaults filled in.
func (s *Service) Config() Config { return s.cfg }

// Run follows the records, offers jobs to workers, and does the leader's work where
// this process leads, until ctx ends. It returns an error where it could not begin.
func (s *Service) Run(ctx context.Context) error {
	var stops []func()
	defer func() {
		for _, stop := range stops {
			stop()
		}
		s.previews.close()
	}()
	for subject, handle := range map[string]func(string, []byte){
		subjectProgress + ".*.*": s.onProgress,
		subjectPresence + ".*":   s.onPresence,
		subjectDeleted + ".*.*":  s.onDeleted,
		subjectChanged + ".*.*":  func(subject string, _ []byte) { s.onChanged(ctx, subject) },
	} {
		stop, err := s.cfg.Bus.Subscribe(subject, handle)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDown, err)
		}
		stops = append(stops, stop)
	}
	stop, err := s.cfg.Bus.Answer(subjectWork, s.dispatcher.ask)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDown, err)
	}
	stops = append(stops, stop)
	all, ctx := errgroup.WithContext(ctx)
	learn := func(ctx context.Context) { s.learn(ctx, "") }
	for _, loop := range []func(context.Context){s.watch, s.offer, s.lead, s.previews.run, learn} {
		all.Go(func() error { loop(ctx); return nil })
	}
	return all.Wait()
}

// rewatchAfter is the pause before a watch that broke begins again.
const rewatchAfter = 500 * time.Millisecond

// watch keeps the index.
func (s *Service) watch(ctx context.Context) {
	for ctx.Err() == nil {
		s.index.begin()
		err := s.cfg.Store.Watch(ctx, func(c Change) {
			if c.Damaged != nil {
				s.cfg.Log.Error("a record is damaged", "job", c.ID, "error", c.Damaged)
			}
			for _, r := range s.index.apply(c) {
				s.reportEnd(ctx, r)
			}
			if c.Synced || c.Record != nil && c.State == api.Queued {
				s.dispatcher.match()
			}
			if c.Record != nil && (len(c.Undelivered) > 0 || c.needsLeader()) {
				select {
				case s.leaderDue <- struct{}{}:
				default:
				}
			}
		})
		if ctx.Err() == nil {
			s.cfg.Log.Warn("the watch of the records broke and begins again", "error", err)
			pause(ctx, rewatchAfter)
		}
	}
}

// reportEnd notifies subscriptions of the end of a job that ended while no watch ran.
func (s *Service) reportEnd(ctx context.Context, r *Record) {
	now, err := s.cfg.Store.Load(ctx, r.Owner, r.ID)
	switch {
	case errors.Is(err, ErrNotFound):
		s.index.finished(nameOf(r), nil)
	case err == nil:
		s.index.finished(nameOf(r), now)
	default:
		s.cfg.Log.Warn("a job's end is not known", "job", r.ID, "error", err)
	}
}

// offer offers jobs whose backoff or last offer has ended.
func (s *Service) offer(ctx context.Context) {
	t := time.NewTicker(firstBackoff)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			s.dispatcher.match()
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// A heartbeat is what a worker publishes every second about its job.
type heartbeat struct {
	Fence    uint64        `json:"fence"`
	Progress *api.Progress `json:"progress,omitempty"`
}

// nameIn returns the job that a subject is about.
func nameIn(subject string) (name, bool) {
	words := strings.Split(subject, ".")
	if len(words) != 3 {
		return name{}, false
	}
	return name{OwnerOf(words[1]), words[2]}, true
}

func (s *Service) onProgress(subject string, data []byte) {
	var h heartbeat
	n, ok := nameIn(subject)
	if !ok || json.Unmarshal(data, &h) != nil {
		return
	}
	if !s.index.progress(n, h.Fence, h.Progress) {
		s.stop(n)
	}
}

func (s *Service) onPresence(_ string, data []byte) {
	var p presence
	if json.Unmarshal(data, &p) == nil {
		s.dispatcher.register(&p)
	}
}

func (s *Service) onPreview(subject string, data []byte) {
	if n, ok := nameIn(subject); ok {
		if p, ok := parsePreview(data); ok {
			s.index.preview(n, p.fence, p.step, p.jpeg)
		}
	}
}

func (s *Service) onDeleted(subject string, _ []byte) {
	if n, ok := nameIn(subject); ok {
		s.index.deleted(n)
	}
}

// onChanged notifies subscriptions of a finished job that its owner has changed.
func (s *Service) onChanged(ctx context.Context, subject string) {
	n, ok := nameIn(subject)
	if !ok || !s.index.subscribed(n.owner) {
		return
	}
	if r, err := s.Get(ctx, n.owner, n.id); err == nil {
		s.index.changed(r)
	}
}

// stop makes the worker of a job check whether the job is still its own.
func (s *Service) stop(n name) {
	s.cfg.Bus.Publish(subjectOf(subjectStop, n.owner, n.id), nil) //nolint:errcheck // the next heartbeat brings it again
}

// Ready returns an error where jobs cannot be accepted now: [ErrDown] or
// [blob.ErrFull].
func (s *Service) Ready(ctx context.Context) error {
	if err := s.cfg.Store.Ready(ctx); err != nil {
		return err
	}
	if err := s.cfg.Blobs.Ready(ctx); err != nil {
		return err
	}
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	if !s.index.synced {
		return ErrDown
	}
	return nil
}

// place returns an error where the queue has no place for a job of an owner, or for a
// look: [ErrQueueFull], [ErrOwnerQueue] or [ErrLooks].
func (s *Service) place(owner string, look bool) error {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	if look {
		if q := s.index.looks[owner]; q != nil && len(q.waiting) >= s.cfg.Looks {
			return ErrLooks
		}
		return nil
	}
	all, own := 0, 0
	for n, e := range s.index.entries {
		if e.record.State != api.Queued || e.record.Look || e.record.Part != nil {
			continue
		}
		all++
		if n.owner == owner {
			own++
		}
	}
	switch {
	case all >= s.cfg.Queue:
		return ErrQueueFull
	case own >= s.cfg.OwnerQueue:
		return ErrOwnerQueue
	}
	return nil
}

// Get returns a job of an owner. The error is [ErrNotFound], [ErrDown] or a
// [*DamagedError].
func (s *Service) Get(ctx context.Context, owner, id string) (*Record, error) {
	return s.get(ctx, owner, id, (*Record).IsJob)
}

// File returns the record of an uploaded file of an owner.
func (s *Service) File(ctx context.Context, owner, id string) (*Record, error) {
	return s.get(ctx, owner, id, func(r *Record) bool { return r.State == Stored })
}

func (s *Service) get(ctx context.Context, owner, id string, is func(*Record) bool) (*Record, error) {
	if !ValidID(id) {
		return nil, ErrNotFound
	}
	r, err := s.cfg.Store.Load(ctx, owner, id)
	if err == nil && (!is(r) || r.expired(time.Now())) {
		return nil, ErrNotFound
	}
	return r, err
}

func (r *Record) expired(now time.Time) bool { return r.Expires != nil && now.After(*r.Expires) }

// newID returns a random identifier.
func newID() string { return strings.ToLower(rand.Text()) }

// ValidID reports whether an identifier is one that a server makes: 26 lower-case
// letters and digits.
func ValidID(id string) bool {
	return len(id) == idLength && !strings.ContainsFunc(id, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9')
	})
}

const idLength = 26

// Subscribe returns a subscription of the jobs of an owner, or of one of them, from now
// on. The caller closes it.
func (s *Service) Subscribe(owner, id string) *Subscription {
	s.previews.extend(owner)
	return s.index.subscribe(owner, id)
}

// finish gives a record a final state.
func (r *Record) finish(state api.State) {
	now := time.Now().UTC()
	r.State, r.Finished, r.Expires = state, &now, r.expiresAfter(now)
	r.Checkpoint, r.Progress, r.Curve, r.Reason = "", nil, nil, ""
	r.queueWebhook(state)
}

// queueWebhook adds a state to those that the webhook is called with.
func (r *Record) queueWebhook(state api.State) {
	if r.Webhook == nil {
		return
	}
	if events := r.Webhook.Events; len(events) == 0 && state.Final() || slices.Contains(events, state) {
		r.Undelivered = append(r.Undelivered, state)
		r.Undelivered = r.Undelivered[max(0, len(r.Undelivered)-maxUndelivered):]
	}
}

// maxUndelivered bounds the states of a job that wait for a webhook that does not
// answer. The oldest are dropped.
const maxUndelivered = 16

// Open returns a blob of a record.
func (s *Service) Open(ctx context.Context, name string) (blob.Reader, error) {
	return s.cfg.Blobs.Open(ctx, name)
}

// Keep stores a blob of a record that may be deleted meanwhile, which is then removed.
func (s *Service) Keep(ctx context.Context, r *Record, name string, data io.Reader) error {
	if _, err := s.cfg.Blobs.Put(ctx, name, data); err != nil {
		return s.unavailable(err)
	}
	_, err := s.Get(ctx, r.Owner, r.ID)
	if errors.Is(err, ErrNotFound) {
		s.removeBlobs(ctx, name)
	}
	return err
}

// Preview returns the latest preview of a job, a JPEG, and the step that it shows.
// The error is [ErrNotFound] where there is none yet.
func (s *Service) Preview(ctx context.Context, r *Record) (jpeg []byte, step int, err error) {
	s.previews.extend(r.Owner)
	s.index.mu.Lock()
	e := s.index.entries[nameOf(r)]
	if e != nil {
		jpeg, step = e.preview, e.step
	}
	s.index.mu.Unlock()
	if jpeg != nil {
		return jpeg, step, nil
	}
	from := r.Preview
	if r.Video != nil && r.Result == nil {
		from, step = s.index.newestPainting(r)
	}
	if r.Result != nil {
		from = r.Result.Thumb
		step = r.Result.Steps
	} else if r.Progress != nil {
		step = r.Progress.Step
	}
	if from == "" {
		return nil, 0, ErrNotFound
	}
	b, err := s.cfg.Blobs.Open(ctx, from)
	if errors.Is(err, blob.ErrNotFound) {
		return nil, 0, ErrNotFound
	}
	if err != nil {
		return nil, 0, err
	}
	defer b.Close()
	jpeg, err = io.ReadAll(b)
	return jpeg, step, err
}
