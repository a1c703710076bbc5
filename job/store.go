package job

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Config says where jobs are kept and how many.
type Config struct {
	Dir      string // of the embedded server, where URL is ""
	URL      string // of a NATS server or cluster, with commas between several
	Options  []nats.Option
	Replicas int           // of everything stored in a cluster; 0 is 1
	Queue    int           // how many jobs may wait; 0 is 100
	Keep     time.Duration // how long pictures of finished jobs stay; 0 is a week
	Reserve  int64         // bytes of disk that stay free; 0 is 256 MiB
	Memory   int64         // that a painting may take; 0 is DefaultMemory
	Orphans  time.Duration // after which pictures without a job are swept; 0 is an hour
	Software string        // which the results name; "" is pastiche
	// Silence is how long a worker may be silent before another takes over; 0 is
	// 20 seconds. It is the same on every worker.
	Silence time.Duration
	Log     *slog.Logger
}

const (
	queueName    = "PASTICHE_QUEUE"
	queueSubject = "pastiche.queue."
	recordBucket = "pastiche_jobs"
	recordStream = "KV_" + recordBucket
	objectBucket = "pastiche_pictures"
	workerName   = "workers"

	defaultSilence = 20 * time.Second
	// maxAttempts is how often a job may end its worker without a checkpoint in
	// between.
	maxAttempts = 8
	// answerTimeout is how long storing or reading one thing may take, besides a
	// second for each transferRate bytes. A server that is killed does not say
	// that it will never answer; one in this process is only busy.
	answerTimeout         = 3 * time.Second
	embeddedAnswerTimeout = 15 * time.Second
	transferRate          = 2 << 20
	// readTries is how often a cluster is asked for an object: a server that is
	// replaced answers again when another leads, or has been started.
	readTries = 10
	// chunk is the size of the messages that objects are stored in: any NATS
	// server takes as much, and fewer of them are fewer syncs of the disk.
	chunk = 512 << 10
)

// DefaultMemory is what a painting may take unless a store says otherwise. It
// is the same on every machine, as large paintings are computed in parts that
// fit, and their size decides how sums are rounded.
const DefaultMemory = 2 << 30

// A Store is the queue and all that is kept of jobs. It is safe for use by
// several goroutines.
type Store struct {
	cfg      Config
	embedded *embedded // nil where the server is elsewhere
	conn     *nats.Conn
	js       jetstream.JetStream
	queue    jetstream.Stream
	workers  jetstream.Consumer
	records  jetstream.KeyValue
	objects  jetstream.ObjectStore
	suspect  atomic.Bool  // a write failed
	painting atomic.Int32 // workers that paint
	feed     *feed
	networks networks
	opened   time.Time
}

// Open opens a store, and makes it where there is none. Close it.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	cfg.Replicas = max(cfg.Replicas, 1)
	if cfg.Queue == 0 {
		cfg.Queue = 100
	}
	if cfg.Keep == 0 {
		cfg.Keep = 7 * 24 * time.Hour
	}
	if cfg.Reserve == 0 {
		cfg.Reserve = 256 << 20
	}
	if cfg.Orphans == 0 {
		cfg.Orphans = time.Hour
	}
	if cfg.Silence == 0 {
		cfg.Silence = defaultSilence
	}
	if cfg.Software == "" {
		cfg.Software = "pastiche"
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{cfg: cfg, opened: time.Now()}
	opts := append([]nats.Option{nats.Name("pastiche"), nats.MaxReconnects(-1), nats.ReconnectWait(200 * time.Millisecond)}, cfg.Options...)
	var err error
	if cfg.URL == "" {
		if s.embedded, err = startEmbedded(cfg.Dir); err != nil {
			return nil, err
		}
		opts = append(opts, nats.InProcessServer(s.embedded))
	}
	if s.conn, err = nats.Connect(cfg.URL, opts...); err != nil {
		err = fmt.Errorf("the queue at %s: %w", cfg.URL, err)
	} else if err = s.prepare(ctx); err == nil {
		var stream jetstream.Stream
		if stream, err = s.js.Stream(ctx, recordStream); err == nil {
			s.feed, err = newFeed(ctx, s.records, stream, cfg.Log)
		}
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) prepare(ctx context.Context) error {
	var err error
	if s.js, err = jetstream.New(s.conn); err != nil {
		return err
	}
	s.queue, err = s.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: queueName, Subjects: []string{queueSubject + "*"}, Retention: jetstream.WorkQueuePolicy,
		// One message for each job, however often it is queued.
		MaxMsgsPerSubject: 1, Discard: jetstream.DiscardNew, DiscardNewPerSubject: true, MaxMsgs: -1,
		Replicas: s.cfg.Replicas,
	})
	if err != nil {
		return fmt.Errorf("the queue: %w", err)
	}
	if s.embedded != nil {
		// Whoever took messages before was in a process that is gone.
		if err := s.queue.DeleteConsumer(ctx, workerName); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
			return fmt.Errorf("the queue: %w", err)
		}
	}
	s.workers, err = s.queue.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: workerName, AckPolicy: jetstream.AckExplicitPolicy, AckWait: s.cfg.Silence, MaxAckPending: -1,
	})
	if err != nil {
		return fmt.Errorf("the queue: %w", err)
	}
	s.records, err = s.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: recordBucket, Replicas: s.cfg.Replicas})
	if err != nil {
		return fmt.Errorf("the records: %w", err)
	}
	s.objects, err = s.js.CreateOrUpdateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: objectBucket, Replicas: s.cfg.Replicas})
	if err != nil {
		return fmt.Errorf("the pictures: %w", err)
	}
	return nil
}

// Close leaves the queue, and ends an embedded server.
func (s *Store) Close() error {
	if s.feed != nil {
		s.feed.close()
	}
	if s.conn != nil {
		s.conn.FlushTimeout(time.Second) //nolint:errcheck // an acknowledgement that is lost comes again
		s.conn.Close()
	}
	if s.embedded != nil {
		return s.embedded.close()
	}
	return nil
}

// Ready says why jobs cannot be accepted now, or nil.
func (s *Store) Ready() error {
	if !s.conn.IsConnected() {
		return ErrDown
	}
	if err := s.space(0); err != nil {
		return err
	}
	if s.suspect.Load() {
		return fmt.Errorf("%w: its last write failed", ErrDown)
	}
	return nil
}

// Admit says why no job is accepted now, or nil: the errors are those of
// [Store.Ready] and [ErrBusy].
func (s *Store) Admit(ctx context.Context) error {
	if err := s.Ready(); err != nil {
		return err
	}
	return s.room(ctx)
}

// Painting says whether a worker of this store paints now.
func (s *Store) Painting() bool { return s.painting.Load() > 0 }

// space fails where so many bytes more would take what is kept free.
func (s *Store) space(more int64) error {
	if s.embedded == nil {
		return nil
	}
	free, err := freeSpace(s.embedded.dir)
	if err == nil && free-more < s.cfg.Reserve {
		if more == 0 { // streams that met a full disk may be stuck
			s.suspect.Store(true)
		}
		return fmt.Errorf("%w (%d MiB left, of which %d are kept free)", ErrFull, free>>20, s.cfg.Reserve>>20)
	}
	return err
}

// deserted says whether nobody paints a job that is running.
func (s *Store) deserted(r *record) bool {
	return time.Since(r.written) > s.cfg.Silence || s.embedded != nil && r.written.Before(s.opened)
}

func (s *Store) load(ctx context.Context, id string) (*record, error) {
	e, err := s.records.Get(ctx, id)
	if errors.Is(err, jetstream.ErrKeyNotFound) || errors.Is(err, jetstream.ErrInvalidKey) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	if r := s.feed.index.at(id, e.Revision()); r != nil {
		return r, nil
	}
	return decode(e)
}

func decode(e jetstream.KeyValueEntry) (*record, error) {
	r := &record{revision: e.Revision(), written: e.Created()}
	if err := json.Unmarshal(e.Value(), r); err != nil {
		return nil, fmt.Errorf("the record of %s: %w", e.Key(), err)
	}
	return r, nil
}

// save replaces the record that r was, and fails where it has changed since.
func (s *Store) save(ctx context.Context, r *record) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	r.revision, err = s.records.Update(ctx, r.ID, data, r.revision)
	return s.watchful(err)
}

// watchful notes that a write failed: the store may have run out of space.
func (s *Store) watchful(err error) error {
	if err != nil && !stale(err) && !errors.Is(err, context.Canceled) {
		s.suspect.Store(true)
	}
	return err
}

// stale says whether a write failed because the record has changed.
func stale(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, jetstream.ErrKeyExists) ||
		errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence
}

// change applies a change to a record until it was not changed in between.
func (s *Store) change(ctx context.Context, id string, change func(*record) error) (*record, error) {
	for {
		r, err := s.load(ctx, id)
		if err != nil {
			return nil, err
		}
		if err := change(r); err != nil {
			return nil, err
		}
		if err := s.save(ctx, r); !stale(err) {
			return r, err
		}
	}
}

// bounded bounds how long storing or reading so many bytes may take.
func (s *Store) bounded(ctx context.Context, size int) (context.Context, context.CancelFunc) {
	timeout := answerTimeout
	if s.embedded != nil {
		timeout = embeddedAnswerTimeout
	}
	return context.WithTimeout(ctx, timeout+time.Duration(size)*time.Second/transferRate)
}

func (s *Store) put(ctx context.Context, name string, data []byte) error {
	ctx, cancel := s.bounded(ctx, len(data))
	defer cancel()
	meta := jetstream.ObjectMeta{Name: name, Opts: &jetstream.ObjectMetaOptions{ChunkSize: chunk}}
	_, err := s.objects.Put(ctx, meta, bytes.NewReader(data))
	return s.watchful(err)
}

// get returns an object. The error is [ErrNotFound] where there is none.
func (s *Store) get(ctx context.Context, name string) ([]byte, error) {
	for try := 1; ; try++ {
		data, err := s.read(ctx, name)
		if errors.Is(err, jetstream.ErrObjectNotFound) {
			return nil, ErrNotFound
		}
		if err == nil || s.embedded != nil || try == readTries || ctx.Err() != nil {
			return data, err
		}
		pause(ctx, again)
	}
}

// read asks once for an object.
func (s *Store) read(ctx context.Context, name string) ([]byte, error) {
	asking, cancel := s.bounded(ctx, 0)
	defer cancel()
	info, err := s.objects.GetInfo(asking, name)
	if err != nil {
		return nil, err
	}
	reading, cancel := s.bounded(ctx, int(info.Size)) //nolint:gosec // it was stored from memory
	defer cancel()
	return s.objects.GetBytes(reading, name)
}

// enqueue puts a job into the queue, unless it is there.
func (s *Store) enqueue(ctx context.Context, id string) error {
	_, err := s.js.Publish(ctx, queueSubject+id, nil)
	var api *jetstream.APIError
	const perSubject = 10077 // "maximum messages per subject exceeded", a store failure
	if errors.As(err, &api) && api.ErrorCode == perSubject {
		return nil
	}
	return s.watchful(err)
}

// Get returns a job. The error is [ErrNotFound].
func (s *Store) Get(ctx context.Context, id string) (*Job, error) {
	r, err := s.load(ctx, id)
	if err != nil {
		return nil, err
	}
	return &r.Job, nil
}
