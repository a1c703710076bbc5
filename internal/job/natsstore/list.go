package natsstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
)

// List implements [job.Store]. The Next of a page is the sequence number of its last
// message.
func (s *Store) List(ctx context.Context, q job.Query) (*job.Page, error) {
	var before uint64
	if q.After != "" {
		var err error
		if before, err = strconv.ParseUint(q.After, 10, 64); err != nil || before == 0 {
			return nil, fmt.Errorf("the page %q: expected the next of an earlier page", q.After)
		}
	}
	states := q.States
	if len(states) == 0 {
		states = []api.State{api.Done, api.Failed, api.Cancelled}
	}
	last, err := s.get(ctx, request{LastFor: s.subject("active.>")})
	if err != nil {
		return nil, err
	}
	page := &job.Page{}
	if last != nil {
		page.Revision = last.Sequence
	}
	var found []*jetstream.RawStreamMsg
	for _, state := range states {
		messages, total, err := s.newest(ctx, s.subject("finished", job.OwnerWord(q.Owner), string(state), "*"), before, q.Limit+1)
		if err != nil {
			return nil, err
		}
		found = append(found, messages...)
		page.Total += total
	}
	slices.SortFunc(found, func(a, b *jetstream.RawStreamMsg) int { return cmp.Compare(b.Sequence, a.Sequence) })
	if len(found) > q.Limit {
		found = found[:q.Limit]
		page.Next = strconv.FormatUint(found[q.Limit-1].Sequence, 10)
	}
	for _, m := range found {
		r, err := decode(m)
		var damaged *job.DamagedError
		if errors.As(err, &damaged) {
			page.Damaged = append(page.Damaged, damaged)
			continue
		}
		page.Records = append(page.Records, r)
	}
	return page, nil
}

// newest returns at least n messages of a filter, the last ones before a sequence number,
// or all of them where there are fewer. A sequence number of 0 stands for the end of the
// stream. The second result is how many messages the filter has in all.
func (s *Store) newest(parent context.Context, filter string, before uint64, n int) ([]*jetstream.RawStreamMsg, int, error) {
	ctx, cancel := context.WithTimeout(parent, readFor)
	defer cancel()
	for try := 0; ; try++ {
		if err := s.connected(ctx); err != nil {
			return nil, 0, err
		}
		messages, total, err := s.tryNewest(ctx, filter, before, n)
		if err == nil {
			return messages, total, nil
		}
		if !pause(ctx, try) {
			return nil, 0, down(parent, err)
		}
	}
}

// errLags is the error of an answer that lacks a message which the stream's leader has.
var errLags = errors.New("a server lags behind")

// tryNewest is newest without retries.
func (s *Store) tryNewest(ctx context.Context, filter string, before uint64, n int) ([]*jetstream.RawStreamMsg, int, error) {
	v, err := s.survey(ctx, filter)
	if err != nil || v.newest == 0 {
		return nil, 0, err
	}
	end := before - 1 // the last sequence number to read
	if before == 0 {
		if end, err = s.last(ctx); err != nil {
			return nil, 0, err
		}
	}
	if v.total <= n {
		all, err := collect(jetstreamext.GetLastMsgsFor(ctx, s.js, s.stream, []string{filter}))
		if err != nil {
			return nil, 0, err
		}
		if len(all) == 0 || all[len(all)-1].Sequence < v.newest {
			return nil, 0, errLags
		}
		all = live(all, math.MaxUint64)
		return live(all, end), len(all), nil
	}
	// Read one range of sequence numbers after the other, from the end backwards. The
	// first is as long as n messages take up on average.
	most := n + n/2 + 1 // messages of one range
	length := uint64(n) * (1 + (v.newest-min(v.oldest, v.newest))/uint64(v.total))
	var found []*jetstream.RawStreamMsg
	for until := end; until >= v.oldest && len(found) < n; {
		if until <= v.seen {
			until = min(until, v.newest)
		}
		from := until - min(until-1, length-1)
		if until > v.seen {
			from = max(from, v.seen+1)
		}
		messages, err := s.between(ctx, filter, from, until, most)
		if err != nil {
			return nil, 0, err
		}
		if len(messages) == most && messages[most-1].Sequence < until {
			length = (until - messages[most-1].Sequence + 1) / 2 // too many messages: a shorter range
			continue
		}
		found = append(live(messages, until), found...)
		until, length = from-1, length*2
	}
	return found, v.total, nil
}

// between returns the first messages of a filter whose sequence numbers are at least from
// and at most until, and no more of them than most. It requests them one by one: for a request of several, the servers
// count all messages of the filter.
func (s *Store) between(ctx context.Context, filter string, from, until uint64, most int) ([]*jetstream.RawStreamMsg, error) {
	var messages []*jetstream.RawStreamMsg
	for from <= until && len(messages) < most {
		m, err := s.get(ctx, request{Sequence: from, NextFor: filter})
		if err != nil {
			return nil, err
		}
		if m == nil || m.Sequence > until {
			break
		}
		messages = append(messages, m)
		from = m.Sequence + 1
	}
	return messages, nil
}

// survey holds the number of messages of a filter at a moment, and their range.
type survey struct {
	total          int
	oldest, newest uint64 // sequence numbers; newest is 0 where there are none
	seen           uint64 // the sequence number of the stream's last message at that moment; at least newest
	at             time.Time
}

// The servers count messages one by one. A survey of more than surveyMany messages is
// therefore used for surveyFor.
const (
	surveyMany = 5000
	surveyFor  = time.Minute
)

// survey returns the survey of a filter, which may be up to surveyFor old.
func (s *Store) survey(ctx context.Context, filter string) (survey, error) {
	s.mu.Lock()
	v, found := s.surveys[filter]
	s.mu.Unlock()
	if found && time.Since(v.at) < surveyFor {
		return v, nil
	}
	seen, err := s.last(ctx)
	if err != nil {
		return survey{}, err
	}
	newest, err := s.get(ctx, request{LastFor: filter})
	if err != nil || newest == nil {
		return survey{}, err
	}
	v = survey{newest: newest.Sequence, seen: max(seen, newest.Sequence), at: time.Now()}
	if v.oldest, v.total, err = s.count(ctx, filter); err != nil {
		return survey{}, err
	}
	if v.total > surveyMany {
		s.mu.Lock()
		defer s.mu.Unlock()
		maps.DeleteFunc(s.surveys, func(_ string, v survey) bool { return time.Since(v.at) >= surveyFor })
		s.surveys[filter] = v
	}
	return v, nil
}

// last returns the sequence number of the stream's last message.
func (s *Store) last(ctx context.Context) (uint64, error) {
	stream, err := s.js.Stream(ctx, s.stream)
	if err != nil {
		return 0, err
	}
	return stream.CachedInfo().State.LastSeq, nil
}

// count returns how many messages a filter has, and the sequence number of the
// oldest.
func (s *Store) count(ctx context.Context, filter string) (oldest uint64, n int, err error) {
	first, err := collect(jetstreamext.GetBatch(ctx, s.js, s.stream, 1, jetstreamext.GetBatchSubject(filter)))
	if err != nil || len(first) == 0 {
		return 0, 0, err
	}
	more, err := strconv.Atoi(first[0].Header.Get("Nats-Num-Pending"))
	return first[0].Sequence, more + 1, err
}

// live returns the messages with sequence numbers up to until, without end markers. It
// changes the slice.
func live(messages []*jetstream.RawStreamMsg, until uint64) []*jetstream.RawStreamMsg {
	return slices.DeleteFunc(messages, func(m *jetstream.RawStreamMsg) bool {
		return m.Sequence > until || m.Header.Get(ended) != ""
	})
}

// collect returns the messages of a batch request.
func collect(messages iter.Seq2[*jetstream.RawStreamMsg, error], err error) ([]*jetstream.RawStreamMsg, error) {
	if err != nil {
		return nil, err
	}
	var all []*jetstream.RawStreamMsg
	for m, err := range messages {
		if errors.Is(err, jetstreamext.ErrNoMessages) {
			break
		}
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}
