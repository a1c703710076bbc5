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

// interestFor is how long a server receives the previews of an owner after somebody
// asked for one, or after the last subscription ended.
const interestFor = time.Minute

// interests are the owners whose previews a server receives: those of others would
// only cost bandwidth.
type interests struct {
	subscribe  func(owner string) (stop func(), err error)
	subscribed func(owner string) bool // whether somebody subscribes to the owner's jobs

	mu sync.Mutex
	of map[string]*interest
}

type interest struct {
	stop  func()
	until time.Time
}

func newInterests(subscribe func(owner string) (func(), error), subscribed func(owner string) bool) *interests {
	return &interests{subscribe: subscribe, subscribed: subscribed, of: make(map[string]*interest)}
}

// want makes sure that the previews of an owner are received for a while.
func (t *interests) want(owner string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	until := time.Now().Add(interestFor)
	if i := t.of[owner]; i != nil {
		i.until = until
		return
	}
	stop, err := t.subscribe(owner)
	if err != nil {
		return // the next caller tries again
	}
	t.of[owner] = &interest{stop, until}
}

// run forgets owners that nobody asks for, until ctx ends.
func (t *interests) run(ctx context.Context) {
	tick := time.NewTicker(interestFor / 4)
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

func (t *interests) forget(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for owner, i := range t.of {
		switch {
		case t.subscribed(owner):
			i.until = now.Add(interestFor)
		case now.After(i.until):
			i.stop()
			delete(t.of, owner)
		}
	}
}

func (t *interests) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, i := range t.of {
		i.stop()
	}
	clear(t.of)
}
