package natsstore

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"

	"github.com/pastiche-art/pastiche/internal/job"
)

// Bus returns the bus that all processes with the same NATS account and prefix share.
// Closing the store ends it.
func (s *Store) Bus() job.Bus { return bus{s.conn, s.subject("bus.")} }

// bus is a [job.Bus] over core NATS.
type bus struct {
	conn   *nats.Conn
	prefix string
}

// Limits of the messages that wait for one subscriber. Messages beyond them are lost.
const (
	waitingMessages = 1024
	waitingBytes    = 64 << 20
)

func (b bus) Publish(subject string, data []byte) error {
	return b.conn.Publish(b.prefix+subject, data)
}

func (b bus) Subscribe(subject string, handle func(subject string, data []byte)) (stop func(), err error) {
	sub, err := b.conn.Subscribe(b.prefix+subject, func(m *nats.Msg) {
		handle(strings.TrimPrefix(m.Subject, b.prefix), m.Data)
	})
	if err != nil {
		return nil, err
	}
	return b.begin(sub)
}

func (b bus) Request(ctx context.Context, subject string, data []byte) ([]byte, error) {
	m, err := b.conn.RequestWithContext(ctx, b.prefix+subject, data)
	switch {
	case err == nil:
		return m.Data, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	return nil, fmt.Errorf("%w: %w", job.ErrNobody, err)
}

func (b bus) Answer(subject string, handle func(ctx context.Context, data []byte) []byte) (stop func(), err error) {
	ctx, cancel := context.WithCancel(context.Background())
	sub, err := b.conn.QueueSubscribe(b.prefix+subject, "servers", func(m *nats.Msg) {
		go func() {
			// It fails where the requester is gone.
			_ = m.Respond(handle(ctx, m.Data))
		}()
	})
	if err != nil {
		cancel()
		return nil, err
	}
	end, err := b.begin(sub)
	return func() {
		cancel()
		end()
	}, err
}

// begin registers a subscription with the servers. stop ends it, and returns when its
// last message has been handled.
func (b bus) begin(sub *nats.Subscription) (stop func(), err error) {
	if err := sub.SetPendingLimits(waitingMessages, waitingBytes); err != nil {
		return nil, err
	}
	done := make(chan struct{})
	sub.SetClosedHandler(func(string) { close(done) })
	if b.conn.IsConnected() {
		ctx, cancel := context.WithTimeout(context.Background(), connectFor)
		defer cancel()
		_ = b.conn.FlushWithContext(ctx) // where it fails, the client subscribes again when it reconnects
	}
	return sync.OnceFunc(func() {
		// The servers send messages until they know of the end. Drain handles those.
		end := sub.Drain
		if !b.conn.IsConnected() {
			end = sub.Unsubscribe
		}
		if end() == nil {
			<-done
		}
	}), nil
}
