package job

import (
	"bytes"
	"context"
	"encoding/binary"
	"sync"
	"time"
)

// A preview is a small picture of a painting under way, as workers publish it.
type preview struct {
	fence uint64
	step  int
	jpeg  []byte
}

const previewHeader = 16 // bytes before the JPEG: fence and step, big-endian

func (p *preview) bytes() []byte {
	b := make([]byte, previewHeader, previewHeader+len(p.jpeg))
	binary.BigEndian.PutUint64(b, p.fence)
	binary.BigEndian.PutUint64(b[8:], uint64(p.step)) //nolint:gosec // steps are positive
	return append(b, p.jpeg...)
}

func parsePreview(data []byte) (*preview, bool) {
	if len(data) <= previewHeader {
		return nil, false
	}
	step := binary.BigEndian.Uint64(data[8:])
	if step == 0 || step > 1<<53 {
		return nil, false
	}
	return &preview{binary.BigEndian.Uint64(data), int(step), bytes.Clone(data[previewHeader:])}, true
}

// previewFeedFor is how long a server receives the previews of an owner after a request
// for one, or after the last subscription ended.
const previewFeedFor = time.Minute

// previewFeeds are the bus subscriptions of the owners whose previews a server needs.
// Those of others would cost bandwidth.
type previewFeeds struct {
	subscribe  func(owner string) (stop func(), err error)
	subscribed func(owner string) bool // whether the owner's jobs have a subscription

	mu sync.Mutex
	of map[string]*previewFeed
}

type previewFeed struct {
	stop  func()
	until time.Time
}

func newPreviewFeeds(subscribe func(owner string) (func(), error), subscribed func(owner string) bool) *previewFeeds {
	return &previewFeeds{subscribe: subscribe, subscribed: subscribed, of: make(map[string]*previewFeed)}
}

// extend receives the previews of an owner for previewFeedFor from now on.
func (t *previewFeeds) extend(owner string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	until := time.Now().Add(previewFeedFor)
	if i := t.of[owner]; i != nil {
		i.until = until
		return
	}
	stop, err := t.subscribe(owner)
	if err != nil {
		return // the next caller tries again
	}
	t.of[owner] = &previewFeed{stop, until}
}

// run ends feeds that are no longer used, until ctx ends.
func (t *previewFeeds) run(ctx context.Context) {
	tick := time.NewTicker(previewFeedFor / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			t.forget(now)
		}
	}
}

func (t *previewFeeds) forget(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for owner, i := range t.of {
		switch {
		case t.subscribed(owner):
			i.until = now.Add(previewFeedFor)
		case now.After(i.until):
			i.stop()
			delete(t.of, owner)
		}
	}
}

func (t *previewFeeds) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, i := range t.of {
		i.stop()
	}
	clear(t.of)
}
