package job

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
)

// A Bus carries messages between servers and workers. Messages may be lost and are
// never stored. A subject is words with dots between them. In the subject of a
// subscription, "*" stands for any one word.
type Bus interface {
	// Publish sends a message to all who subscribe to its subject now.
	Publish(subject string, data []byte) error
	// Subscribe calls handle for every message to a subject, one after the
	// other, until stop is called. Messages are lost where handle falls behind.
	Subscribe(subject string, handle func(subject string, data []byte)) (stop func(), err error)
	// Request sends a message to one of those who answer its subject and returns
	// the answer. The error is [ErrNobody], or that of ctx.
	Request(ctx context.Context, subject string, data []byte) ([]byte, error)
	// Answer calls handle for requests to a subject, each in a goroutine of its
	// own, until stop is called. The handlers' context ends then. Where several
	// processes answer a subject, each request reaches one of them.
	Answer(subject string, handle func(ctx context.Context, data []byte) []byte) (stop func(), err error)
}

// ErrNobody is the error of a request that nobody answers.
var ErrNobody = errors.New("no server answers")

// The subjects on a bus.
const (
	subjectWork     = "work"     // a worker asks for a job
	subjectProgress = "progress" // .OWNER.ID: a heartbeat
	subjectPreview  = "preview"  // .OWNER.ID: a JPEG
	subjectStop     = "stop"     // .OWNER.ID: the worker of a job checks its claim
	subjectDeleted  = "deleted"  // .OWNER.ID: a finished job is deleted, which no watch reports
	subjectChanged  = "changed"  // .OWNER.ID: a finished job has changed, which no watch reports
	subjectPresence = "presence" // .WORKER: what a worker can paint
)

// subjectOf returns the subject of a kind of message about a job.
func subjectOf(kind, owner, id string) string { return kind + "." + OwnerWord(owner) + "." + id }

// OwnerWord returns an owner as a word of a subject or a path. An owner is at most
// 64 lower-case letters, digits and "-".
func OwnerWord(owner string) string {
	if owner == "" {
		return "_"
	}
	return owner
}

// OwnerOf returns the owner that [OwnerWord] made a word of.
func OwnerOf(word string) string {
	if word == "_" {
		return ""
	}
	return word
}

// LocalBus is a bus within one process. Its zero value is ready to use.
type LocalBus struct {
	mu            sync.Mutex
	subscriptions map[*subscription]bool
	answerers     map[string][]*answerer
}

type subscription struct {
	words []string
	queue chan message
	done  chan struct{}
}

type message struct {
	subject string
	data    []byte
}

type answerer struct {
	ctx    context.Context
	handle func(ctx context.Context, data []byte) []byte
}

// queued is how many messages a subscription buffers before some are lost.
const queued = 1024

// Publish implements [Bus].
func (b *LocalBus) Publish(subject string, data []byte) error {
	words := strings.Split(subject, ".")
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.subscriptions {
		if !matches(s.words, words) {
			continue
		}
		select {
		case s.queue <- message{subject, data}:
		default: // the buffer is full, and the message is lost
		}
	}
	return nil
}

func matches(pattern, words []string) bool {
	return slices.EqualFunc(pattern, words, func(p, word string) bool { return p == "*" || p == word })
}

// Subscribe implements [Bus].
func (b *LocalBus) Subscribe(subject string, handle func(subject string, data []byte)) (stop func(), err error) {
	s := &subscription{strings.Split(subject, "."), make(chan message, queued), make(chan struct{})}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.subscriptions == nil {
		b.subscriptions = make(map[*subscription]bool)
	}
	b.subscriptions[s] = true
	go func() {
		defer close(s.done)
		for m := range s.queue {
			handle(m.subject, m.data)
		}
	}()
	return sync.OnceFunc(func() {
		b.mu.Lock()
		delete(b.subscriptions, s)
		close(s.queue)
		b.mu.Unlock()
		<-s.done
	}), nil
}

// Request implements [Bus].
func (b *LocalBus) Request(ctx context.Context, subject string, data []byte) ([]byte, error) {
	b.mu.Lock()
	all := b.answerers[subject]
	b.mu.Unlock()
	if len(all) == 0 {
		return nil, ErrNobody
	}
	answer := make(chan []byte, 1)
	go func() { answer <- all[0].handle(all[0].ctx, data) }()
	select {
	case data := <-answer:
		return data, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Answer implements [Bus].
func (b *LocalBus) Answer(subject string, handle func(ctx context.Context, data []byte) []byte) (stop func(), err error) {
	ctx, cancel := context.WithCancel(context.Background())
	a := &answerer{ctx, handle}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.answerers == nil {
		b.answerers = make(map[string][]*answerer)
	}
	b.answerers[subject] = append(slices.Clone(b.answerers[subject]), a)
	return func() {
		cancel()
		b.mu.Lock()
		defer b.mu.Unlock()
		b.answerers[subject] = slices.DeleteFunc(slices.Clone(b.answerers[subject]), func(other *answerer) bool { return other == a })
	}, nil
}
