package natsstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/synadia-io/orbit.go/jetstreamext"

	"github.com/pastiche-art/pastiche/internal/job"
)

// Lead implements [job.Store]. The lease is a message that the servers of NATS delete
// after [job.LeadFor], by their clocks.
func (s *Store) Lead(ctx context.Context) (bool, error) {
	s.leading.Lock()
	defer s.leading.Unlock()
	held, err := s.get(ctx, request{LastFor: s.subject("lead")})
	if err != nil {
		return false, err
	}
	var sequence uint64
	if held != nil {
		if string(held.Data) != s.instance {
			s.lease = 0
			return false, nil
		}
		sequence = held.Sequence
	}
	s.lease = 0
	sequence, err = s.write(ctx, expiring(expecting(s.message("lead", []byte(s.instance)), sequence), job.LeadFor))
	if errors.Is(err, errRefused) {
		return false, nil
	}
	s.lease = sequence
	return err == nil, err
}

// resign gives up the lease, where this process holds it.
func (s *Store) resign() {
	s.leading.Lock()
	defer s.leading.Unlock()
	if s.lease > 0 && s.conn.IsConnected() {
		s.erase(context.Background(), s.lease)
	}
	s.lease = 0
}

// sweepMost is after how many due messages one call of Sweep stops.
const sweepMost = 1000

// Sweep implements [job.Store]. It begins with the records that expired first. After
// sweepMost messages it leaves the rest to the next call.
func (s *Store) Sweep(ctx context.Context, now time.Time, forget func(owner, id string) error) error {
	var failed []error
	looked := 0
	for hour := int64(0); looked < sweepMost; hour++ {
		var err error
		if hour, err = s.firstDue(ctx, hour, hourOf(now)); err != nil || hour < 0 {
			return errors.Join(append(failed, err)...)
		}
		filter := s.subject("due", hourWords(hour, 1), ">")
		for from := uint64(1); looked < sweepMost; {
			batch, cancel := context.WithTimeout(ctx, readFor)
			due, err := collect(jetstreamext.GetBatch(batch, s.js, s.stream, 100, jetstreamext.GetBatchSubject(filter), jetstreamext.GetBatchSeq(from)))
			cancel()
			if err != nil {
				return errors.Join(append(failed, down(ctx, err))...)
			}
			if len(due) == 0 {
				break
			}
			for _, m := range due {
				from = m.Sequence + 1
				looked++
				at, err := strconv.ParseInt(string(m.Data), 10, 64)
				if m.Header.Get(ended) != "" || err == nil && at > now.UnixNano() {
					continue
				}
				owner, id := s.ownerOf(m.Subject), idOf(m.Subject)
				if err := forget(owner, id); err != nil {
					failed = append(failed, fmt.Errorf("the expired job %s: %w", id, err))
					continue
				}
				s.erase(ctx, m.Sequence)
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
		}
	}
	return errors.Join(failed...)
}

// firstDue returns the first hour in which a record expires, of those between from and to,
// both included, or -1 where there is none.
func (s *Store) firstDue(ctx context.Context, from, to int64) (int64, error) {
	for most := int64(1_000_000); from <= to; {
		span := int64(1)
		for span < most && from%(span*10) == 0 {
			span *= 10
		}
		m, err := s.get(ctx, request{Sequence: 1, NextFor: s.subject("due", hourWords(from, span), ">")})
		switch {
		case err != nil:
			return 0, err
		case m == nil:
			from += span
		case span == 1:
			return from, nil
		default:
			most = span / 10
		}
	}
	return -1, nil
}

// hourOf returns the Unix hour of a time. It has up to seven digits.
func hourOf(t time.Time) int64 { return min(max(0, t.Unix()/3600), 9_999_999) }

// hourWords returns the words of a subject that stand for span hours from hour on. span
// is a power of ten, and hour a multiple of it.
func hourWords(hour, span int64) string {
	digits := fmt.Sprintf("%07d", hour)
	for ; span > 1; span /= 10 {
		digits = digits[:len(digits)-1]
	}
	return strings.Join(strings.Split(digits, ""), ".")
}
