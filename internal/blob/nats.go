package blob

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	mathrand "math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"
)

// NATS keeps blobs in a JetStream stream of its own.
//
// Each Put is an upload with a random key. A blob is the upload's chunks, each a
// message on the subject PREFIX.blob.NAME.UPLOAD.NUMBER, and a message on
// PREFIX.blob.NAME.META that names the upload. That message is stored last, and
// only where the last chunk is still there. So a blob appears as a whole, a reader
// never mixes two uploads, and Remove cannot leave a blob without chunks. The
// chunks of an upload whose process was killed stay until Remove of the name.
//
// The object store of nats.go is not used, for these reasons: it replaces objects
// under their readers, leaves marks of deleted objects and chunks of failed
// uploads behind, makes a consumer for every read, which is an operation of the
// cluster's leader, and reads from followers, which may not have a new object
// yet. This store has no consumers, reads any chunk by its subject, and asks the
// leader of the stream.
//
// A server keeps every subject of a stream in memory, and a blob has two or more.
// For millions of blobs, use [S3] or [Folder].
type NATS struct {
	js     jetstream.JetStream
	stream jetstream.Stream
	prefix string
}

var _ Store = (*NATS)(nil)

// NATSConfig describes the stream of a [NATS].
type NATSConfig struct {
	Prefix   string // of the subjects, such as pastiche; in upper case, of the stream
	Replicas int    // of the stream that Create makes; ignored otherwise
	Create   bool   // make the stream where it is missing, instead of waiting for it
}

const (
	chunkSize = 512 << 10 // bytes; below the 1 MiB that a server accepts by default
	inFlight  = 4         // chunks of one Put that are being stored
	// streamWait is the interval at which a process checks for a stream that another one
	// makes.
	streamWait = 500 * time.Millisecond
)

var prefixes = regexp.MustCompile(`^[a-z0-9_-]+$`)

// NewNATS opens the stream of blobs. Where it is missing, NewNATS makes it, or without
// cfg.Create waits until another process has made it. It never changes one that
// exists.
func NewNATS(ctx context.Context, js jetstream.JetStream, cfg NATSConfig) (*NATS, error) {
	if !prefixes.MatchString(cfg.Prefix) {
		return nil, fmt.Errorf(`the prefix of NATS subjects is %q; expected lower-case letters, digits, "-" and "_"`, cfg.Prefix)
	}
	// The limit covers a chunk and its headers, which need less than a chunk.
	if limit := js.Conn().MaxPayload(); limit < 2*chunkSize {
		return nil, fmt.Errorf("the NATS server accepts messages of at most %d bytes; expected at least %d: raise max_payload", limit, 2*chunkSize)
	}
	want := jetstream.StreamConfig{
		Name:        strings.ToUpper(cfg.Prefix) + "_BLOBS",
		Description: "pictures of jobs",
		// The bare subject takes the probes of Ready.
		Subjects:          []string{cfg.Prefix + ".blob", cfg.Prefix + ".blob.>"},
		Storage:           jetstream.FileStorage,
		Replicas:          max(cfg.Replicas, 1),
		MaxMsgsPerSubject: 1,
		Discard:           jetstream.DiscardNew,
	}
	open := func() (jetstream.Stream, error) {
		return retry(ctx, func(ctx context.Context) (jetstream.Stream, error) {
			stream, err := js.Stream(ctx, want.Name)
			if errors.Is(err, jetstream.ErrStreamNotFound) && cfg.Create {
				return js.CreateStream(ctx, want)
			}
			return stream, err
		})
	}
	stream, err := open()
	for errors.Is(err, jetstream.ErrStreamNotFound) {
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("the NATS stream %s does not exist: start a server before its workers, which makes the stream", want.Name)
		case <-time.After(streamWait):
		}
		stream, err = open()
	}
	if err != nil {
		return nil, fmt.Errorf("the NATS stream %s: %w", want.Name, err)
	}
	got := stream.CachedInfo().Config
	if cfg.Create && got.Replicas != want.Replicas {
		return nil, fmt.Errorf("the NATS stream %s has %d replicas, and %d were asked for: ask for %d, or run nats stream edit %s --replicas %d",
			want.Name, got.Replicas, want.Replicas, got.Replicas, want.Name, want.Replicas)
	}
	if !slices.Equal(got.Subjects, want.Subjects) || got.AllowDirect || got.MaxMsgsPerSubject != 1 {
		return nil, fmt.Errorf("the NATS stream %s has other settings than a stream of pictures: choose another prefix, or delete it", want.Name)
	}
	return &NATS{js, stream, cfg.Prefix}, nil
}

// manifest is the message that makes an upload a blob.
type manifest struct {
	Info
	Upload string `json:"upload"`
	Chunk  int64  `json:"chunk"` // the size of all chunks but the last, in bytes
}

// chunk returns the subject of a chunk.
func (m *manifest) chunk(subject string, number int64) string {
	return subject + "." + m.Upload + "." + strconv.FormatInt(number, 10)
}

// subject returns the subject of a blob, on which nothing is stored. Segments
// become tokens, and "=" stands for the dots in them.
func (n *NATS) subject(name string) string {
	return n.prefix + ".blob." + strings.ReplaceAll(strings.ReplaceAll(name, ".", "="), "/", ".")
}

// Names have lower-case letters alone, so that neither the keys of uploads nor
// this token is a segment of another name.
const manifestToken = ".META"

// Put stores a blob, see [Store].
func (n *NATS) Put(ctx context.Context, name string, r io.Reader) (Info, error) {
	if err := CheckName(name); err != nil {
		return Info{}, err
	}
	m := manifest{Upload: rand.Text(), Chunk: chunkSize}
	subject := n.subject(name)
	err := n.upload(ctx, subject, &m, r)
	if err == nil {
		return m.Info, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	_ = n.purge(ctx, subject+manifestToken) // the first error says more
	_ = n.purge(ctx, subject+"."+m.Upload+".>")
	return Info{}, fmt.Errorf("storing the blob %s: %w", name, err)
}

// upload stores the chunks of a blob and then its manifest, whose Info it sets.
func (n *NATS) upload(ctx context.Context, subject string, m *manifest, r io.Reader) error {
	var (
		src           = newSource(ctx, r)
		group, groupC = errgroup.WithContext(ctx)
		mu            sync.Mutex
		last, lastSeq uint64 // the number of the last chunk, and its sequence in the stream
		readErr       error
	)
	group.SetLimit(inFlight)
	for number := uint64(0); readErr == nil && groupC.Err() == nil; number++ {
		data := make([]byte, m.Chunk)
		var size int
		if size, readErr = io.ReadFull(src, data); size == 0 || readErr != nil && readErr != io.ErrUnexpectedEOF {
			break
		}
		group.Go(func() error {
			seq, err := n.publish(groupC, m.chunk(subject, int64(number)), data[:size])
			mu.Lock()
			defer mu.Unlock()
			if number >= last {
				last, lastSeq = number, seq
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if readErr != io.EOF && readErr != io.ErrUnexpectedEOF {
		return readErr
	}
	m.Info = src.info()
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	var opts []jetstream.PublishOpt
	if m.Size > 0 {
		opts = append(opts, jetstream.WithExpectLastSequenceForSubject(lastSeq, m.chunk(subject, int64(last))))
	}
	_, err = n.publish(ctx, subject+manifestToken, text, opts...)
	return err
}

// publish stores a message and returns its sequence in the stream. It waits for the
// acknowledgement of a message that was sent even after ctx has ended. Otherwise the
// caller's purge could overtake the message, which would then stay.
func (n *NATS) publish(ctx context.Context, subject string, data []byte, opts ...jetstream.PublishOpt) (uint64, error) {
	// By the message id, the server recognizes a repetition whose acknowledgement was lost.
	opts = append(opts, jetstream.WithMsgID(rand.Text()), jetstream.WithExpectStream(n.stream.CachedInfo().Config.Name))
	ack, err := retry(ctx, func(ctx context.Context) (*jetstream.PubAck, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), attemptTimeout)
		defer cancel()
		return n.js.Publish(ctx, subject, data, opts...)
	})
	if err != nil {
		return 0, full(err)
	}
	return ack.Sequence, nil
}

// purge removes the messages of a subject, which may have wildcards.
func (n *NATS) purge(ctx context.Context, subject string) error {
	_, err := retry(ctx, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, n.stream.Purge(ctx, jetstream.WithPurgeSubject(subject))
	})
	return err
}

// Open opens a blob, see [Store].
func (n *NATS) Open(ctx context.Context, name string) (Reader, error) {
	return n.open(ctx, name)
}

func (n *NATS) open(ctx context.Context, name string) (*natsReader, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	r := &natsReader{ctx: ctx, store: n, name: name, number: -1}
	data, err := n.get(ctx, n.subject(name)+manifestToken)
	if err == nil {
		err = json.Unmarshal(data, &r.manifest)
	}
	if err == nil && r.manifest.Chunk < 1 {
		err = fmt.Errorf("its chunks have %d bytes", r.manifest.Chunk)
	}
	if err != nil {
		return nil, fmt.Errorf("the blob %s: %w", name, err)
	}
	return r, nil
}

// get returns the message on a subject, as the stream's leader has it.
func (n *NATS) get(ctx context.Context, subject string) ([]byte, error) {
	msg, err := retry(ctx, func(ctx context.Context) (*jetstream.RawStreamMsg, error) {
		return n.stream.GetLastMsgForSubject(ctx, subject)
	})
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return msg.Data, nil
}

// Copy stores a blob again: its bytes pass through this process. See [Store].
func (n *NATS) Copy(ctx context.Context, from, to string) error {
	r, err := n.open(ctx, from)
	if err != nil {
		return err
	}
	defer r.Close()
	got, err := n.Put(ctx, to, r)
	if err != nil {
		return err
	}
	if got != r.manifest.Info {
		return errors.Join(&DamagedError{from, r.manifest.Info, got}, n.Remove(ctx, to))
	}
	return nil
}

// Remove removes blobs, see [Store].
func (n *NATS) Remove(ctx context.Context, name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if err := n.purge(ctx, n.subject(name)+".>"); err != nil {
		return fmt.Errorf("removing the blob %s: %w", name, err)
	}
	return nil
}

// Ready stores an empty message, which replaces the one before. See [Store].
func (n *NATS) Ready(ctx context.Context) error {
	if _, err := n.js.Publish(ctx, n.prefix+".blob", nil); err != nil {
		return fmt.Errorf("the NATS stream of pictures: %w", full(err))
	}
	return nil
}

// Close does nothing: the connection belongs to the caller.
func (n *NATS) Close() error { return nil }

// natsReader reads a blob. It keeps one chunk.
type natsReader struct {
	ctx      context.Context
	store    *NATS
	name     string
	manifest manifest
	pos      int64
	number   int64  // of the chunk in data; -1 without
	data     []byte // a whole chunk
	closed   bool
}

func (r *natsReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	switch {
	case r.closed:
		return 0, fs.ErrClosed
	case len(p) == 0:
		return 0, nil
	case r.pos >= r.manifest.Size:
		return 0, io.EOF
	}
	if number := r.pos / r.manifest.Chunk; number != r.number {
		data, err := r.store.get(r.ctx, r.manifest.chunk(r.store.subject(r.name), number))
		if err != nil {
			return 0, fmt.Errorf("the blob %s: %w", r.name, err)
		}
		begin := number * r.manifest.Chunk
		if want := min(r.manifest.Chunk, r.manifest.Size-begin); int64(len(data)) != want {
			return 0, &DamagedError{r.name, r.manifest.Info, Info{Size: begin + int64(len(data))}}
		}
		r.number, r.data = number, data
	}
	n := copy(p, r.data[r.pos%r.manifest.Chunk:])
	r.pos += int64(n)
	return n, nil
}

func (r *natsReader) Seek(offset int64, whence int) (int64, error) {
	if r.closed {
		return 0, fs.ErrClosed
	}
	pos, err := seek(r.pos, r.manifest.Size, offset, whence)
	if err == nil {
		r.pos = pos
	}
	return pos, err
}

func (r *natsReader) Close() error {
	r.closed, r.data = true, nil
	return nil
}

func (r *natsReader) Size() int64 { return r.manifest.Size }

// Times of an operation on one message of at most chunkSize bytes. What Put, a
// read and Copy take in all grows with the number of messages.
const (
	attemptTimeout = 5 * time.Second  // for one request
	retryTimeout   = 30 * time.Second // for all requests; an election takes some seconds
	firstWait      = 50 * time.Millisecond
	longestWait    = 2 * time.Second
)

// retry calls do again, with growing waits, while its error is temporary, such as that of
// a cluster that elects a leader.
func retry[T any](caller context.Context, do func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(caller, retryTimeout)
	defer cancel()
	for wait := firstWait; ; wait = min(2*wait, longestWait) {
		attempt, cancel := context.WithTimeout(ctx, attemptTimeout)
		value, err := do(attempt)
		cancel()
		if err == nil || !passing(err) {
			return value, err
		}
		// Half of the wait is random, so that clients do not return together.
		timer := time.NewTimer(wait/2 + mathrand.N(wait/2))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			if err := caller.Err(); err != nil {
				return value, err
			}
			return value, fmt.Errorf("no answer within %v: %w", retryTimeout, err)
		}
	}
}

// Error codes of nats-server, see its server/errors.json, that nats.go does not
// name.
const (
	codeAccountFull       = 10002
	codeClusterNotReady   = 10008
	codeNotLeader         = 10009
	codeInsufficient      = 10023
	codeMemoryFull        = 10028
	codeStorageFull       = 10047
	codeStoreFailed       = 10077
	codeDuplicateInFlight = 10158
	codeInProcess         = 10164 // an earlier message of the subject is still being applied
	codeTooManyRequests   = 10167
)

// passing reports whether a request that failed with err may succeed in a moment.
func passing(err error) bool {
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return slices.Contains([]jetstream.ErrorCode{codeClusterNotReady, codeNotLeader, codeDuplicateInFlight, codeInProcess, codeTooManyRequests}, api.ErrorCode)
	}
	return errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrNoStreamResponse) ||
		errors.Is(err, nats.ErrTimeout) || errors.Is(err, context.DeadlineExceeded)
}

// full makes the errors of servers without space [ErrFull].
func full(err error) error {
	var api *jetstream.APIError
	if !errors.As(err, &api) {
		return err
	}
	switch api.ErrorCode {
	case codeAccountFull, codeInsufficient, codeMemoryFull, codeStorageFull:
		return fmt.Errorf("%w: %w", ErrFull, err)
	case codeStoreFailed:
		if strings.Contains(api.Description, "maximum bytes") || strings.Contains(api.Description, "no space") {
			return fmt.Errorf("%w: %w", ErrFull, err)
		}
	}
	return err
}
