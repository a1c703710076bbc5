package natsstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/pastiche-art/pastiche/internal/job"
)

const (
	// ended is the header that makes a message an end marker.
	ended = "Pastiche-Ended"
	// markerFor is how long the end marker of an active record stays, so that
	// every watch sees it.
	markerFor = time.Minute
	// grace is how long the servers keep a record after it has expired, so that
	// a leader can delete it.
	grace = 24 * time.Hour
)

// Create implements [job.Store].
func (s *Store) Create(ctx context.Context, r *job.Record) error {
	data, err := r.Encode()
	if err != nil {
		return err
	}
	at := place(r)
	before := uint64(0) // the sequence number of an end marker in the record's place, or 0
	for try := 0; ; try++ {
		messages := s.dueMessages(nil, r)
		if r.Key != "" {
			key, err := s.freeKey(ctx, r)
			if err != nil {
				return err
			}
			messages = append(messages, key)
		}
		messages = append(messages, expecting(s.recordMessage(at, r, data), before))
		sequence, err := s.write(ctx, messages...)
		if err == nil {
			r.Revision = sequence
			return nil
		}
		if !errors.Is(err, errRefused) {
			return err
		}
		switch old, err := s.get(ctx, request{LastFor: s.subject(at)}); {
		case err != nil:
			return err
		case old == nil:
			before = 0
		case old.Header.Get(ended) != "":
			before = old.Sequence
		default:
			return fmt.Errorf("job %s has a record already", r.ID)
		}
		if !pause(ctx, try) {
			return context.Cause(ctx)
		}
	}
}

// freeKey returns the message that binds r's key to it. The error is a
// [*job.KeyError] where the key belongs to another record.
func (s *Store) freeKey(ctx context.Context, r *job.Record) (*nats.Msg, error) {
	m := s.message(keySubject(r), []byte(r.ID))
	if !r.Active() {
		expireRecord(m, r)
	}
	bound, err := s.get(ctx, request{LastFor: m.Subject})
	if err != nil {
		return nil, err
	}
	if bound == nil {
		return expecting(m, 0), nil
	}
	if id := string(bound.Data); id != "" {
		other, err := s.Load(ctx, r.Owner, id)
		var damaged *job.DamagedError
		switch {
		case errors.Is(err, job.ErrNotFound):
		case errors.As(err, &damaged):
			return nil, &job.KeyError{ID: id}
		case err != nil:
			return nil, err
		case other.State != job.Deleted:
			return nil, &job.KeyError{ID: id}
		}
	}
	return expecting(m, bound.Sequence), nil
}

// Load implements [job.Store].
func (s *Store) Load(ctx context.Context, owner, id string) (*job.Record, error) {
	if id == "" || strings.ContainsAny(id, ".*> \t\r\n") {
		return nil, job.ErrNotFound
	}
	active := s.subject("active", job.OwnerWord(owner), id)
	finished := s.subject("finished", job.OwnerWord(owner), "*", id)
	// A finished record that becomes active again may move between the first two
	// requests, and be missed by both.
	for _, subject := range []string{active, finished, active} {
		m, err := s.get(ctx, request{LastFor: subject})
		if err != nil {
			return nil, err
		}
		if m != nil && m.Header.Get(ended) == "" {
			return decode(m)
		}
	}
	return nil, job.ErrNotFound
}

// decode returns the record that a message holds.
func decode(m *jetstream.RawStreamMsg) (*job.Record, error) {
	r, err := job.Decode(idOf(m.Subject), m.Data)
	if err != nil {
		return nil, err
	}
	r.Revision = m.Sequence
	return r, nil
}

// Replace implements [job.Store].
func (s *Store) Replace(ctx context.Context, r *job.Record) error {
	data, err := r.Encode()
	if err != nil {
		return err
	}
	for try := 0; ; try++ {
		old, err := s.current(ctx, r)
		if err != nil {
			return err
		}
		at := place(r)
		var messages []*nats.Msg
		if old.Subject == s.subject(at) {
			messages = append(s.dueMessages(old, r), expecting(s.recordMessage(at, r, data), old.Sequence))
		} else if messages, err = s.move(ctx, old, r, data); err != nil {
			return err
		}
		sequence, err := s.write(ctx, messages...)
		if err == nil {
			r.Revision = sequence
			if old.Subject != s.subject(at) && !s.isActive(old.Subject) && sequence > 0 {
				s.erase(ctx, sequence-1) // the end marker
			}
			return nil
		}
		if !errors.Is(err, errRefused) {
			return err
		}
		if !pause(ctx, try) {
			return context.Cause(ctx)
		}
	}
}

// move returns the messages that store r in another place than old's. The last two
// are the end marker in the old place and the record.
func (s *Store) move(ctx context.Context, old *jetstream.RawStreamMsg, r *job.Record, data []byte) ([]*nats.Msg, error) {
	messages := s.dueMessages(old, r)
	if r.Key != "" {
		bound, err := s.get(ctx, request{LastFor: s.subject(keySubject(r))})
		if err != nil {
			return nil, err
		}
		if bound != nil && string(bound.Data) == r.ID {
			messages = append(messages, expecting(s.keyMessage(r), bound.Sequence))
		}
	}
	marker := expecting(s.end(old.Subject, markerFor), old.Sequence)
	marker.Data = data
	// Only one process can fulfil the marker's condition. The record in the new
	// place therefore needs none.
	return append(messages, marker, s.recordMessage(place(r), r, data)), nil
}

// Delete implements [job.Store].
func (s *Store) Delete(ctx context.Context, r *job.Record) error {
	for try := 0; ; try++ {
		old, err := s.current(ctx, r)
		if err != nil {
			return err
		}
		var messages []*nats.Msg
		if due := dueSubject(r); due != "" && !r.Active() {
			messages = append(messages, s.end(s.subject(due), 0))
		}
		if r.Key != "" {
			bound, err := s.get(ctx, request{LastFor: s.subject(keySubject(r))})
			if err != nil {
				return err
			}
			if bound != nil && string(bound.Data) == r.ID {
				messages = append(messages, expecting(s.end(bound.Subject, 0), bound.Sequence))
			}
		}
		messages = append(messages, expecting(s.end(old.Subject, markerFor), old.Sequence))
		sequence, err := s.write(ctx, messages...)
		if err == nil {
			if !s.isActive(old.Subject) && sequence > 0 {
				s.erase(ctx, sequence)
			}
			return nil
		}
		if !errors.Is(err, errRefused) {
			return err
		}
		if !pause(ctx, try) {
			return context.Cause(ctx)
		}
	}
}

// current returns the message that holds the record with r's Revision. The error is
// [job.ErrStale] where there is none.
func (s *Store) current(ctx context.Context, r *job.Record) (*jetstream.RawStreamMsg, error) {
	if r.Revision == 0 {
		return nil, job.ErrStale
	}
	m, err := s.get(ctx, request{Sequence: r.Revision})
	switch {
	case err != nil:
		return nil, err
	case m == nil || m.Header.Get(ended) != "" || idOf(m.Subject) != r.ID || s.ownerOf(m.Subject) != r.Owner:
		return nil, job.ErrStale
	}
	return m, nil
}

// recordMessage returns the message that stores a record.
func (s *Store) recordMessage(at string, r *job.Record, data []byte) *nats.Msg {
	m := s.message(at, data)
	if !r.Active() {
		expireRecord(m, r)
	}
	return m
}

// keyMessage returns the message that binds r's key to it, or frees the key of a
// deleted record.
func (s *Store) keyMessage(r *job.Record) *nats.Msg {
	if r.State == job.Deleted {
		return s.end(s.subject(keySubject(r)), 0)
	}
	m := s.message(keySubject(r), []byte(r.ID))
	if !r.Active() {
		expireRecord(m, r)
	}
	return m
}

// expireRecord makes the servers delete a message about r a while after r expires.
func expireRecord(m *nats.Msg, r *job.Record) {
	if r.Expires != nil {
		expiring(m, time.Until(*r.Expires)+grace)
	}
}

// dueMessages returns the messages that store when r expires, and no longer when the old
// record would have. old may be nil.
func (s *Store) dueMessages(old *jetstream.RawStreamMsg, r *job.Record) []*nats.Msg {
	var messages []*nats.Msg
	due := ""
	if !r.Active() {
		due = dueSubject(r)
	}
	if old != nil {
		if was, err := decode(old); err == nil && !was.Active() {
			if before := dueSubject(was); before != "" && before != due {
				messages = append(messages, s.end(s.subject(before), 0))
			}
		}
	}
	if due != "" {
		messages = append(messages, s.message(due, []byte(strconv.FormatInt(r.Expires.UnixNano(), 10))))
	}
	return messages
}

// end returns an end marker for a subject. It expires after a time.
func (s *Store) end(subject string, after time.Duration) *nats.Msg {
	m := &nats.Msg{Subject: subject, Header: nats.Header{}}
	m.Header.Set(ended, "1")
	return expiring(m, after)
}

// place returns the subject of a record, without the prefix.
func place(r *job.Record) string {
	if r.Active() {
		return "active." + job.OwnerWord(r.Owner) + "." + r.ID
	}
	return "finished." + job.OwnerWord(r.Owner) + "." + string(r.List()) + "." + r.ID
}

// keySubject returns the subject of r's key, without the prefix.
func keySubject(r *job.Record) string {
	sum := sha256.Sum256([]byte(r.Key))
	return "key." + job.OwnerWord(r.Owner) + "." + hex.EncodeToString(sum[:16])
}

// dueSubject returns the subject of the message that says when a record expires, without
// the prefix. It is "" for a record that does not expire.
func dueSubject(r *job.Record) string {
	if r.Expires == nil {
		return ""
	}
	return "due." + hourWords(hourOf(*r.Expires), 1) + "." + job.OwnerWord(r.Owner) + "." + r.ID
}

// isActive reports whether a subject is the place of an active record.
func (s *Store) isActive(subject string) bool {
	return strings.HasPrefix(subject, s.subject("active."))
}

// idOf returns the id of a record from its subject, or from the one that says when it
// expires.
func idOf(subject string) string { return subject[strings.LastIndexByte(subject, '.')+1:] }

// ownerOf returns the owner of a record from its subject, or from the one that says when
// it expires.
func (s *Store) ownerOf(subject string) string {
	words := strings.Split(strings.TrimPrefix(subject, s.subject("")), ".")
	switch words[0] {
	case "active", "finished":
		return job.OwnerOf(words[1])
	}
	return job.OwnerOf(words[len(words)-2])
}
