package natsstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/pastiche-art/pastiche/internal/job"
)

// heartbeat is how often the servers send a message to an idle watch. A watch ends with
// an error when three heartbeats are missing.
const heartbeat = 2 * time.Second

// errMissed is the error of a watch that may have missed messages.
var errMissed = errors.New("the watch may have missed changes of job records")

// Watch implements [job.Store].
func (s *Store) Watch(ctx context.Context, report func(job.Change)) error {
	if err := s.connected(ctx); err != nil {
		return err
	}
	inbox := s.conn.NewInbox()
	messages, err := s.conn.SubscribeSync(inbox)
	if err != nil {
		return down(ctx, err)
	}
	defer messages.Unsubscribe() //nolint:errcheck // it fails only where the connection is closed
	creating, cancel := context.WithTimeout(ctx, readFor)
	defer cancel()
	consumer, err := s.js.CreatePushConsumer(creating, s.stream, jetstream.ConsumerConfig{
		DeliverSubject:    inbox,
		DeliverPolicy:     jetstream.DeliverLastPerSubjectPolicy,
		FilterSubject:     s.subject("active.>"),
		AckPolicy:         jetstream.AckNonePolicy,
		IdleHeartbeat:     heartbeat,
		FlowControl:       true,
		InactiveThreshold: 3 * heartbeat,
		MemoryStorage:     true,
		Replicas:          1,
	})
	if err != nil {
		return down(ctx, err)
	}
	info := consumer.CachedInfo()
	defer s.forget(ctx, info.Name)

	w := watch{store: s, report: report, seen: make(map[string]bool)}
	if info.NumPending == 0 && info.Delivered.Consumer == 0 {
		w.sync()
	}
	for {
		receiving, cancel := context.WithTimeout(ctx, 3*heartbeat)
		m, err := messages.NextMsgWithContext(receiving)
		cancel()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return fmt.Errorf("%w: %w", errMissed, err)
		}
		if err := w.receive(m); err != nil {
			return err
		}
	}
}

// forget deletes the consumer of a watch. Where that fails, the servers delete it later.
func (s *Store) forget(ctx context.Context, consumer string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tryFor)
	defer cancel()
	if s.conn.IsConnected() {
		if err := s.js.DeleteConsumer(ctx, s.stream, consumer); err != nil {
			s.log.Debug("a watch was not deleted", "error", err)
		}
	}
}

// watch is the state of a call of [Store.Watch].
type watch struct {
	store    *Store
	report   func(job.Change)
	received uint64          // the number of messages
	revision uint64          // the sequence number of the last of them
	seen     map[string]bool // the records reported before the sync; nil afterwards
}

// receive handles a message of the consumer.
func (w *watch) receive(m *nats.Msg) error {
	switch m.Header.Get("Status") {
	case "":
		return w.record(m)
	case "100": // a heartbeat, or a request of flow control
		if m.Reply != "" {
			return m.Respond(nil)
		}
		if last := m.Header.Get("Nats-Last-Consumer"); last != "" && last != strconv.FormatUint(w.received, 10) {
			return fmt.Errorf("%w: %d of %s messages arrived", errMissed, w.received, last)
		}
		stalled := m.Header.Get("Nats-Consumer-Stalled")
		if stalled != "" {
			return w.store.conn.Publish(stalled, nil)
		}
		w.sync() // the last of the initial records may have been removed meanwhile
		return nil
	}
	return fmt.Errorf("%w: %s %s", errMissed, m.Header.Get("Status"), m.Header.Get("Description"))
}

// record reports the change that a message holds.
func (w *watch) record(m *nats.Msg) error {
	meta, err := m.Metadata()
	if err != nil {
		return err
	}
	if w.received++; meta.Sequence.Consumer != w.received {
		return fmt.Errorf("%w: message %d arrived instead of %d", errMissed, meta.Sequence.Consumer, w.received)
	}
	w.revision = meta.Sequence.Stream
	c := w.store.change(m, w.revision)
	end := m.Header.Get(ended) != ""
	if w.seen == nil || !end || w.seen[c.ID] {
		w.report(c)
	}
	if w.seen != nil {
		w.seen[c.ID] = true
		if meta.NumPending == 0 {
			w.sync()
		}
	}
	return nil
}

// sync reports once that all active records have been reported.
func (w *watch) sync() {
	if w.seen != nil {
		w.seen = nil
		w.report(job.Change{Synced: true, Revision: w.revision})
	}
}

// change returns the change that a message about an active record holds.
func (s *Store) change(m *nats.Msg, sequence uint64) job.Change {
	known := &job.Record{ID: idOf(m.Subject), Owner: s.ownerOf(m.Subject)}
	end := m.Header.Get(ended) != ""
	if end && len(m.Data) == 0 {
		return job.Change{Record: known, Deleted: true, Revision: sequence}
	}
	r, err := job.Decode(known.ID, m.Data)
	var damaged *job.DamagedError
	if errors.As(err, &damaged) {
		return job.Change{Record: known, Damaged: damaged, Revision: sequence}
	}
	r.Revision = sequence
	if end {
		r.Revision++ // the next message of the batch stores the record in its new place
	}
	return job.Change{Record: r, Revision: sequence}
}
