package natsstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"

	"github.com/pastiche-art/pastiche/internal/blob"
)

// Error codes of JetStream that the libraries have no names for.
const (
	codeNoMessage            jetstream.ErrorCode = 10037
	codeNameExists           jetstream.ErrorCode = 10058
	codeWrongSequence        jetstream.ErrorCode = 10071
	codeReplicasNotSupported jetstream.ErrorCode = 10074
	codeDuplicateInProcess   jetstream.ErrorCode = 10158
	codeInProcess            jetstream.ErrorCode = 10164 // an earlier write to the subject is still being applied
	codeIncomplete           jetstream.ErrorCode = 10176
	codeDuplicate            jetstream.ErrorCode = 10201 // the message id of a batch is known
	codeTooMany              jetstream.ErrorCode = 10210
)

// token is the header of a write's last message that holds the write's id.
const token = "Pastiche-Write"

// errRefused is the error of a write whose condition does not hold.
var errRefused = errors.New("another process wrote first")

// message returns a message for the stream. Its header is never nil.
func (s *Store) message(subject string, data []byte) *nats.Msg {
	return &nats.Msg{Subject: s.subject(subject), Data: data, Header: nats.Header{}}
}

// expecting makes a message conditional: the last message of its subject must have this
// sequence number. 0 means that the subject must have no message.
func expecting(m *nats.Msg, sequence uint64) *nats.Msg {
	m.Header.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(sequence, 10))
	return m
}

// expiring makes the servers delete a message after a time of at least a second.
func expiring(m *nats.Msg, after time.Duration) *nats.Msg {
	m.Header.Set(jetstream.MsgTTLHeader, strconv.FormatInt(max(1, int64(after/time.Second)), 10))
	return m
}

// write stores all messages or none, and returns the sequence number of the last one.
// The others have the numbers before it. The error is errRefused, a [*fullError], or
// [job.ErrDown] where it is not known whether the messages are stored.
func (s *Store) write(ctx context.Context, messages ...*nats.Msg) (uint64, error) {
	// A write that has begun is finished even where ctx ends.
	background := context.WithoutCancel(ctx)
	ctx, cancel := context.WithTimeout(background, writeFor)
	defer cancel()
	last := messages[len(messages)-1]
	id := rand.Text()
	last.Header.Set(token, id)
	// The servers check the id of a message before its condition. By the id of the
	// first message they recognise a write that was done.
	messages[0].Header.Set(nats.MsgIdHdr, id)
	unknown := false // whether an earlier try may have succeeded
	for try := 0; ; try++ {
		if err := s.connected(ctx); err != nil {
			return 0, err
		}
		sequence, err := s.publish(ctx, messages)
		if err == nil {
			return sequence, nil
		}
		var api *jetstream.APIError
		switch {
		case errors.Is(err, nats.ErrMaxPayload):
			return 0, fmt.Errorf("NATS takes messages of up to %d bytes (max_payload), and a job record is larger: %w", s.conn.MaxPayload(), err)
		case !errors.As(err, &api):
			unknown = true
		case api.ErrorCode == codeDuplicate:
			sequence, _, err := s.written(ctx, last)
			return sequence, err
		case api.ErrorCode == codeWrongSequence:
			if unknown { // servers that were restarted may have forgotten message ids
				if sequence, found, err := s.written(ctx, last); err != nil || found {
					return sequence, err
				}
			}
			return 0, errRefused
		case full(api):
			return 0, &fullError{err}
		case slices.Contains([]jetstream.ErrorCode{codeInProcess, codeIncomplete, codeTooMany, codeDuplicateInProcess}, api.ErrorCode):
		case api.Code < 500:
			return 0, fmt.Errorf("NATS refuses a job record: %w", err)
		}
		s.log.Debug("a write is sent again", "subject", last.Subject, "error", err)
		if !pause(ctx, try) {
			return 0, down(background, err)
		}
	}
}

// publish sends messages once, as a batch even if there is only one. Outside a batch, a
// server without a cluster checks a message's condition before it looks whether it has a
// message of the same id already.
func (s *Store) publish(ctx context.Context, messages []*nats.Msg) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	ack, err := jetstreamext.PublishMsgBatch(ctx, s.js, messages, jetstreamext.BatchFlowControl{})
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// written returns the sequence number of a message that may have been stored. found is
// false where the last message of its subject is another one.
func (s *Store) written(ctx context.Context, m *nats.Msg) (sequence uint64, found bool, err error) {
	last, err := s.get(ctx, request{LastFor: m.Subject})
	if err != nil || last == nil || last.Header.Get(token) != m.Header.Get(token) {
		return 0, false, err
	}
	return last.Sequence, true, nil
}

// full reports whether JetStream has no space left.
func full(err *jetstream.APIError) bool {
	switch err.ErrorCode {
	case 10002, 10023, 10028, 10047: // limits of the account, the server, its memory, its storage
		return true
	case 10077: // the store failed
		return strings.Contains(err.Description, "maximum") || strings.Contains(err.Description, "no space left")
	}
	return false
}

// fullError is a [blob.ErrFull] of the stream.
type fullError struct{ err error }

func (e *fullError) Error() string {
	return fmt.Sprintf("NATS has no space left for job records (%v): delete jobs, or raise the limits of JetStream", e.err)
}

func (e *fullError) Is(target error) bool { return target == blob.ErrFull }
func (e *fullError) Unwrap() error        { return e.err }
