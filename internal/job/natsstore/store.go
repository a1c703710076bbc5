// Package natsstore keeps records of jobs in NATS JetStream and carries messages
// over core NATS, so that several servers and workers share them. It needs NATS
// server 2.12 or newer.
//
// # Subjects
//
// All records are in one stream, PREFIX_RECORDS. It keeps one message per subject.
//
//	PREFIX.active.OWNER.ID             a record that is active
//	PREFIX.finished.OWNER.LIST.ID      a record that is not active; job.Record.List names the list
//	PREFIX.key.OWNER.HASH              the id that an idempotency key stands for
//	PREFIX.due.DIGITS.OWNER.ID         when the record of that id expires
//	PREFIX.lead                        the lease of the leader
//	PREFIX.probe                       what Ready writes
//
// DIGITS are the digits of the Unix hour in which the record expires. Each is a word of
// the subject. One filter can therefore cover 1, 10, 100 ... hours, and a few requests
// find the oldest hour.
//
// # Writes
//
// A record is in one place at a time. Its Revision is the sequence number of its
// message. A change that moves it, such as from active to finished, is one atomic
// batch: it stores the record in its new place and an end marker in the old one, on
// condition that the old place still has the sequence number of the Revision. The
// marker of an active record holds the final record, so that watches need not read
// it. End markers expire.
//
// Each write has a message id of its own. A write whose acknowledgement is lost is
// sent again: the servers either store it then, or refuse it because they know the id.
// They check the id before the conditions. A write that was done is therefore recognised
// even where another process has changed the record since.
//
// The servers delete finished records and their keys a day after the record expires,
// even where no leader has deleted them.
package natsstore

import (
	"context"
	crand "crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/pastiche-art/pastiche/internal/job"
)

// Config configures the connection to NATS and the stream of records.
type Config struct {
	URL     string        // the URLs of one or several NATS servers, with commas between
	Options []nats.Option // such as credentials and certificates
	// The names of the stream and of all subjects begin with Prefix; "" is
	// "pastiche". Deployments with different prefixes can share a NATS account.
	Prefix string
	// Replicas is how many NATS servers keep each record; 0 is 1. Only a
	// process with Create uses it.
	Replicas int
	// Create makes Open create the stream where it is missing. Without it, Open
	// waits until another process has created the stream.
	Create bool
	Log    *slog.Logger // nil discards messages
}

// Store is a [job.Store] in NATS JetStream.
type Store struct {
	config   Config
	stream   string
	conn     *nats.Conn
	js       jetstream.JetStream
	log      *slog.Logger
	instance string // names this process in the leader's lease

	leading sync.Mutex
	lease   uint64 // the sequence number of this process's lease, or 0

	mu      sync.Mutex
	surveys map[string]survey // by filter
}

const (
	// tryFor is how long one request to JetStream waits for its answer.
	tryFor = 2 * time.Second
	// readFor and writeFor bound all tries of one read and of one write. They are
	// longer than the election of a new leader of the stream takes.
	readFor  = 6 * time.Second
	writeFor = 10 * time.Second
	// connectFor is how long a request waits for a lost connection.
	connectFor = time.Second
)

// Open connects to NATS and opens the stream of records. Until ctx ends, it waits for
// servers that do not answer yet and, without c.Create, for the stream. It never changes
// an existing stream.
func Open(ctx context.Context, c Config) (*Store, error) {
	if c.Prefix == "" {
		c.Prefix = "pastiche"
	}
	if strings.ContainsAny(c.Prefix, ".*> \t\r\n") {
		return nil, fmt.Errorf("the NATS prefix %q: expected a word without dots, spaces, \"*\" and \">\"", c.Prefix)
	}
	c.Replicas = max(c.Replicas, 1)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{config: c, stream: strings.ToUpper(c.Prefix) + "_RECORDS", log: c.Log, instance: crand.Text(), surveys: make(map[string]survey)}
	var err error
	if s.conn, err = nats.Connect(c.URL, append(s.options(), c.Options...)...); err != nil {
		return nil, fmt.Errorf("NATS: %w", err)
	}
	if s.js, err = jetstream.New(s.conn, jetstream.WithDefaultTimeout(tryFor)); err == nil {
		err = s.open(ctx)
	}
	if err != nil {
		s.conn.Close()
		return nil, err
	}
	return s, nil
}

func (s *Store) options() []nats.Option {
	return []nats.Option{
		nats.Name("pastiche"),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250 * time.Millisecond),
		nats.ReconnectJitter(250*time.Millisecond, time.Second),
		nats.IgnoreAuthErrorAbort(), // credentials may be renewed
		nats.ReconnectBufSize(-1),   // what cannot be sent fails at once
		nats.PingInterval(5 * time.Second),
		nats.MaxPingsOutstanding(2),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			subject := ""
			if sub != nil {
				subject = sub.Subject
			}
			s.log.Warn("NATS reports an error", "error", err, "subject", subject)
		}),
		nats.DisconnectErrHandler(func(conn *nats.Conn, err error) {
			if !conn.IsClosed() {
				s.log.Warn("the connection to NATS is lost", "error", err)
			}
		}),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) { s.log.Debug("NATS cannot be reached", "error", err) }),
		nats.ConnectHandler(func(conn *nats.Conn) { s.log.Debug("connected to NATS", "server", conn.ConnectedUrlRedacted()) }),
		nats.ReconnectHandler(func(conn *nats.Conn) {
			s.log.Info("connected to NATS again", "server", conn.ConnectedUrlRedacted())
		}),
	}
}

// open opens the stream, or creates it. It retries until ctx ends.
func (s *Store) open(ctx context.Context) error {
	said := ""
	for try := 0; ; try++ {
		err := s.conn.LastError()
		if s.conn.IsConnected() {
			var wait bool
			if wait, err = s.tryOpen(ctx); !wait {
				return err
			}
		} else if errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrAuthExpired) {
			return fmt.Errorf("NATS refuses the credentials: %w", err)
		}
		if err == nil {
			err = nats.ErrNoServers
		}
		if text := err.Error(); text != said && ctx.Err() == nil {
			said = text
			s.log.Warn("waiting for NATS", "error", err)
		}
		if !pause(ctx, try) {
			return fmt.Errorf("waiting for NATS: %w: %w", context.Cause(ctx), err)
		}
	}
}

// tryOpen is open without retries. wait reports whether the error may be temporary.
func (s *Store) tryOpen(ctx context.Context) (wait bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, writeFor)
	defer cancel()
	stream, err := s.js.Stream(ctx, s.stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		if !s.config.Create {
			return true, fmt.Errorf("there is no stream %s: no pastiche server with this NATS prefix has started yet", s.stream)
		}
		stream, err = s.js.CreateStream(ctx, s.streamConfig())
	}
	var api *jetstream.APIError
	switch {
	case err == nil:
		return false, s.check(stream.CachedInfo().Config)
	case !errors.As(err, &api):
		return true, err // no answer
	case full(api):
		return false, &fullError{err}
	case api.ErrorCode == codeReplicasNotSupported:
		return false, fmt.Errorf("%d replicas of the job records were asked for, and this NATS server is not part of a cluster: use 1 replica", s.config.Replicas)
	case api.ErrorCode == codeNameExists: // made by another process just now
		return true, err
	}
	return true, fmt.Errorf("creating the stream %s with %d replicas: %w", s.stream, s.config.Replicas, err)
}

func (s *Store) streamConfig() jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:               s.stream,
		Description:        "job records of pastiche",
		Subjects:           []string{s.subject("active.>"), s.subject("finished.>"), s.subject("key.>"), s.subject("due.>"), s.subject("lead"), s.subject("probe")},
		MaxMsgsPerSubject:  1,
		Replicas:           s.config.Replicas,
		AllowDirect:        true,
		AllowMsgTTL:        true,
		AllowAtomicPublish: true,
	}
}

// check returns an error where the stream lacks a setting that this process needs.
func (s *Store) check(found jetstream.StreamConfig) error {
	if !found.AllowAtomicPublish || !found.AllowMsgTTL || !found.AllowDirect || found.MaxMsgsPerSubject != 1 {
		return fmt.Errorf("the stream %s lacks atomic publishing, message TTLs, direct gets or the limit of one message per subject (NATS server %s; 2.12 or newer is needed): use another NATS prefix, or delete the stream",
			s.stream, s.conn.ConnectedServerVersion())
	}
	if s.config.Create && found.Replicas != s.config.Replicas {
		return fmt.Errorf("the stream %s has %d replicas and %d were asked for: ask for %d, or run: nats stream edit %s --replicas %d",
			s.stream, found.Replicas, s.config.Replicas, found.Replicas, s.stream, s.config.Replicas)
	}
	return nil
}

// Conn returns the connection, which others may share until Close.
func (s *Store) Conn() *nats.Conn { return s.conn }

// JetStream returns JetStream over [Store.Conn].
func (s *Store) JetStream() jetstream.JetStream { return s.js }

// Ready implements [job.Store]. It writes a message.
func (s *Store) Ready(ctx context.Context) error {
	_, err := s.write(ctx, expiring(s.message("probe", nil), time.Minute))
	return err
}

// Close implements [job.Store].
func (s *Store) Close() error {
	s.resign()
	s.conn.Close()
	return nil
}

// subject joins the prefix and words, which may contain dots, to a subject.
func (s *Store) subject(words ...string) string {
	return s.config.Prefix + "." + strings.Join(words, ".")
}

// request asks for one message of the stream: by its sequence number, the last of a
// subject filter, or the first of a filter from a sequence number on.
type request struct {
	Sequence uint64 `json:"seq,omitempty"`
	LastFor  string `json:"last_by_subj,omitempty"`
	NextFor  string `json:"next_by_subj,omitempty"`
}

// get returns a message, or nil where there is none. The stream's leader answers, because
// the other servers may lag behind.
func (s *Store) get(parent context.Context, r request) (*jetstream.RawStreamMsg, error) {
	ctx, cancel := context.WithTimeout(parent, readFor)
	defer cancel()
	for try := 0; ; try++ {
		if err := s.connected(ctx); err != nil {
			return nil, err
		}
		m, err := s.tryGet(ctx, r)
		if err == nil {
			return m, nil
		}
		if !pause(ctx, try) {
			return nil, down(parent, err)
		}
	}
}

// tryGet is get without retries.
func (s *Store) tryGet(ctx context.Context, r request) (*jetstream.RawStreamMsg, error) {
	var response struct {
		Error   *jetstream.APIError `json:"error"`
		Message struct {
			Subject  string    `json:"subject"`
			Sequence uint64    `json:"seq"`
			Header   []byte    `json:"hdrs"`
			Data     []byte    `json:"data"`
			Time     time.Time `json:"time"`
		} `json:"message"`
	}
	if err := s.api(ctx, "STREAM.MSG.GET.", r, &response); err != nil {
		return nil, err
	}
	if response.Error != nil {
		if response.Error.ErrorCode == codeNoMessage {
			return nil, nil
		}
		return nil, response.Error
	}
	if response.Message.Sequence == 0 {
		return nil, errors.New("JetStream sent a response without a message")
	}
	m := &jetstream.RawStreamMsg{
		Subject:  response.Message.Subject,
		Sequence: response.Message.Sequence,
		Data:     response.Message.Data,
		Time:     response.Message.Time,
	}
	if len(response.Message.Header) > 0 {
		var err error
		if m.Header, err = nats.DecodeHeadersMsg(response.Message.Header); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// api sends one request about the stream and decodes the response.
func (s *Store) api(ctx context.Context, verb string, request, response any) error {
	ctx, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	data, err := json.Marshal(request)
	if err != nil {
		return err
	}
	m, err := s.conn.RequestWithContext(ctx, "$JS.API."+verb+s.stream, data)
	if err != nil {
		return err
	}
	return json.Unmarshal(m.Data, response)
}

// erase deletes a message that is no longer needed. Where the servers do not answer, the
// message stays until it expires or is erased again.
func (s *Store) erase(ctx context.Context, sequence uint64) {
	var response struct {
		Error *jetstream.APIError `json:"error"`
	}
	err := s.api(context.WithoutCancel(ctx), "STREAM.MSG.DELETE.", map[string]any{"seq": sequence, "no_erase": true}, &response)
	if err != nil {
		s.log.Debug("a message was not erased", "sequence", sequence, "error", err)
	}
}

// connected waits up to connectFor for a connection.
func (s *Store) connected(parent context.Context) error {
	if s.conn.IsConnected() {
		return nil
	}
	ctx, cancel := context.WithTimeout(parent, connectFor)
	defer cancel()
	for try := 0; !s.conn.IsClosed() && pause(ctx, try); try++ {
		if s.conn.IsConnected() {
			return nil
		}
	}
	return down(parent, nats.ErrDisconnected)
}

// pause waits longer from try to try, up to a second, with jitter. It returns false
// where ctx ends.
func pause(ctx context.Context, try int) bool {
	d := min(5*time.Millisecond<<min(try, 10), time.Second)
	select {
	case <-time.After(d/2 + rand.N(d)/2):
		return true
	case <-ctx.Done():
		return false
	}
}

// down returns the error of a request whose retries failed: the cause of ctx where that
// has ended, and otherwise a [job.ErrDown] with err.
func down(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return fmt.Errorf("%w (NATS: %w)", job.ErrDown, err)
}
