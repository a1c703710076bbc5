package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pastiche-art/pastiche/api"
)

// A Listing asks for a page of an owner's jobs.
type Listing struct {
	Owner  string
	State  api.State         // "" for all
	Labels map[string]string // that jobs have to have
	Limit  int               // at most so many jobs; positive
	After  string            // the Next of the page before, or ""
}

// A Jobs is a page of jobs.
type Jobs struct {
	Records []*Record
	Next    string
	Total   int // -1 where it is not known
}

// ErrCursor is the error of a list that continues where none has ended.
var ErrCursor = errors.New("after is not the next of a list: begin the list anew")

// scanFactor is how many records are read at most for each that a page with labels
// holds, after which the page ends short, with a Next.
const scanFactor = 10

// syncTimeout is how long a list waits for the index.
const syncTimeout = 5 * time.Second

// List returns a page of an owner's jobs: active ones first, the newest first, then
// the others, the last changed first. Everything that was written before List was
// called, by any process, is in it. The error is [ErrCursor] or [ErrDown].
func (s *Service) List(ctx context.Context, l Listing) (*Jobs, error) {
	const activePrefix, finishedPrefix = "a.", "f."
	page := &Jobs{Total: -1}
	query := Query{Owner: l.Owner, Limit: l.Limit}
	s.learn(ctx, l.Owner)
	if l.State != "" {
		query.States = []api.State{l.State}
	}
	cursor, finished := strings.CutPrefix(l.After, finishedPrefix)
	if finished {
		query.After = cursor
	} else if cursor, finished = strings.CutPrefix(l.After, activePrefix); !finished && l.After != "" {
		return nil, ErrCursor
	} else {
		finished = false
	}
	rest, err := s.cfg.Store.List(ctx, query)
	if err != nil {
		return nil, err
	}
	if !finished {
		ctx, cancel := context.WithTimeout(ctx, syncTimeout)
		defer cancel()
		if err := s.index.await(ctx, rest.Revision); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDown, err)
		}
		active := s.active(l, rest)
		if rest.Total >= 0 {
			rest.Total += len(active)
		}
		if cursor != "" {
			last := &Record{}
			nanoseconds, id, _ := strings.Cut(cursor, ".")
			created, err := strconv.ParseInt(nanoseconds, 10, 64)
			if err != nil {
				return nil, ErrCursor
			}
			last.Created, last.ID = time.Unix(0, created), id
			active = slices.DeleteFunc(active, func(r *Record) bool { return newest(r, last) <= 0 })
		}
		if len(active) > l.Limit {
			page.Records, page.Total = active[:l.Limit], rest.Total
			last := page.Records[l.Limit-1]
			page.Next = fmt.Sprintf("%s%d.%s", activePrefix, last.Created.UnixNano(), last.ID)
			return page, nil
		}
		page.Records = active
	}
	page.Total = rest.Total
	return page, s.fill(ctx, page, l, query, rest, finishedPrefix)
}

// fill adds finished jobs to a page until it is full.
func (s *Service) fill(ctx context.Context, page *Jobs, l Listing, query Query, rest *Page, prefix string) error {
	listed := make(map[string]bool, len(page.Records))
	for _, r := range page.Records {
		listed[r.ID] = true
	}
	for scanned := 0; ; {
		room := l.Limit - len(page.Records)
		for i, r := range rest.Records {
			if room == 0 && i == 0 {
				page.Next = prefix + query.After
				return nil
			}
			if room == 0 {
				// The page ends within what was read: the next begins after the
				// last record that was looked at.
				again, err := s.cfg.Store.List(ctx, Query{Owner: query.Owner, States: query.States, Limit: i, After: query.After})
				if err != nil {
					return err
				}
				page.Next = prefix + again.Next
				return nil
			}
			if l.matches(r) && !listed[r.ID] {
				page.Records = append(page.Records, r)
				room--
			}
		}
		scanned += len(rest.Records) + len(rest.Damaged)
		query.After = rest.Next
		if rest.Next == "" {
			return nil
		}
		if room == 0 || scanned >= scanFactor*l.Limit {
			page.Next = prefix + rest.Next
			return nil
		}
		var err error
		if rest, err = s.cfg.Store.List(ctx, query); err != nil {
			return err
		}
	}
}

func (l *Listing) matches(r *Record) bool {
	for name, value := range l.Labels {
		if r.Labels[name] != value {
			return false
		}
	}
	return l.State == "" || r.State == l.State
}

// active returns the active jobs of a listing, the newest first, with those that
// have ceased to be active since rest was read.
func (s *Service) active(l Listing, rest *Page) []*Record {
	var all []*Record
	add := func(r *Record) {
		if r.Owner == l.Owner && r.IsJob() && !r.Look && l.matches(r) {
			all = append(all, r)
		}
	}
	s.index.mu.Lock()
	for _, e := range s.index.entries {
		add(e.record)
	}
	for _, r := range s.index.recent {
		if r.revision > rest.Revision {
			add(r.record)
		}
	}
	s.index.mu.Unlock()
	slices.SortFunc(all, newest)
	return all
}

// newest compares records, of which the newest comes first.
func newest(a, b *Record) int {
	return cmp.Or(b.Created.Compare(a.Created), strings.Compare(a.ID, b.ID))
}
