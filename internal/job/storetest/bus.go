package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/internal/job"
)

// RunBus checks that a bus keeps the contract of [job.Bus]. open returns two ends of
// one bus, which may be the same value twice.
func RunBus(t *testing.T, open func(t *testing.T) (a, b job.Bus)) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, a, b job.Bus)
	}{
		{"Publish", testPublish},
		{"Subjects", testSubjects},
		{"Stop", testStop},
		{"Slow", testSlow},
		{"Request", testRequest},
		{"Nobody", testNobody},
		{"OneAnswers", testOneAnswers},
		{"RequestEnds", testRequestEnds},
		{"AnswerEnds", testAnswerEnds},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, b := open(t)
			test.run(t, a, b)
		})
	}
}

// subscribe returns the messages to a subject as texts "subject: data".
func subscribe(t *testing.T, b job.Bus, subject string) (messages chan string, stop func()) {
	t.Helper()
	messages = make(chan string, 10_000)
	stop, err := b.Subscribe(subject, func(subject string, data []byte) { messages <- subject + ": " + string(data) })
	if err != nil {
		t.Fatalf("Subscribe: %v", err)
	}
	t.Cleanup(stop)
	return messages, stop
}

// connect publishes until a message arrives: a subscription may take a moment to
// reach the other end. No message of its own is left in messages.
func connect(t *testing.T, b job.Bus, subject string, messages chan string) {
	t.Helper()
	eventually(t, "a message", func() bool { publish(t, b, subject, "begin"); return len(messages) > 0 })
	publish(t, b, subject, "begun")
	skipTo(t, messages, subject+": begun")
}

func publish(t *testing.T, b job.Bus, subject, data string) {
	t.Helper()
	if err := b.Publish(subject, []byte(data)); err != nil {
		t.Fatalf("Publish: %v", err)
	}
}

func receive(t *testing.T, messages chan string) string {
	t.Helper()
	select {
	case m := <-messages:
		return m
	case <-time.After(timeout):
		t.Fatalf("no message within %v", timeout)
		return ""
	}
}

// skipTo receives messages up to one.
func skipTo(t *testing.T, messages chan string, last string) {
	t.Helper()
	for m := receive(t, messages); m != last; m = receive(t, messages) {
		continue
	}
}

func testPublish(t *testing.T, a, b job.Bus) {
	publish(t, a, "progress.ann.one", "nobody listens")
	first, _ := subscribe(t, b, "progress.ann.one")
	second, _ := subscribe(t, a, "progress.ann.one")
	connect(t, a, "progress.ann.one", first)
	connect(t, a, "progress.ann.one", second)
	for len(first) > 0 {
		<-first
	}
	large := string(bytes.Repeat([]byte("0123456789abcdef"), 20_000)) // a preview
	for i := range 100 {
		publish(t, a, "progress.ann.one", fmt.Sprint(i))
	}
	publish(t, a, "progress.ann.one", "")
	publish(t, a, "progress.ann.one", large)
	for _, messages := range []chan string{first, second} {
		m := receive(t, messages)
		for m == "progress.ann.one: begin" || m == "progress.ann.one: begun" {
			m = receive(t, messages)
		}
		for i := range 100 { // in their order
			if want := fmt.Sprint("progress.ann.one: ", i); m != want {
				t.Fatalf("received %q, want %q", m, want)
			}
			m = receive(t, messages)
		}
		if m != "progress.ann.one: " {
			t.Errorf("received %q, want an empty message", m)
		}
		if receive(t, messages) != "progress.ann.one: "+large {
			t.Error("a large message changed")
		}
	}
}

func testSubjects(t *testing.T, a, b job.Bus) {
	every, _ := subscribe(t, b, "progress.*.*")
	ann, _ := subscribe(t, b, "progress.ann.*")
	connect(t, a, "progress.ann.begin", every)
	connect(t, a, "progress.ann.begin", ann)
	publish(t, a, "preview.ann.one", "another word")
	publish(t, a, "progress.ann", "too few words")
	publish(t, a, "progress.ann.one.two", "too many words")
	publish(t, a, "progress._.one", "1")
	publish(t, a, "progress.ann.two", "2")
	for _, test := range []struct {
		messages chan string
		want     []string
	}{
		{every, []string{"progress._.one: 1", "progress.ann.two: 2"}},
		{ann, []string{"progress.ann.two: 2"}},
	} {
		for _, want := range test.want {
			m := receive(t, test.messages)
			for m == "progress.ann.begin: begin" || m == "progress.ann.begin: begun" {
				m = receive(t, test.messages)
			}
			if m != want {
				t.Errorf("received %q, want %q", m, want)
			}
		}
	}
}

func testStop(t *testing.T, a, b job.Bus) {
	stopped, stop := subscribe(t, b, "stop.ann.one")
	other, _ := subscribe(t, b, "stop.ann.one")
	connect(t, a, "stop.ann.one", stopped)
	connect(t, a, "stop.ann.one", other)
	stop()
	stop() // a second call does nothing
	for len(stopped) > 0 {
		<-stopped
	}
	publish(t, a, "stop.ann.one", "after")
	skipTo(t, other, "stop.ann.one: after")
	if len(stopped) > 0 {
		t.Errorf("received %q after stop", <-stopped)
	}
}

// testSlow has a subscriber that does not return, which holds up nobody else.
func testSlow(t *testing.T, a, b job.Bus) {
	entered, release := make(chan struct{}, 1), make(chan struct{})
	stop, err := b.Subscribe("preview.ann.one", func(string, []byte) {
		select {
		case entered <- struct{}{}:
		default:
		}
		<-release
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	defer close(release)
	eventually(t, "a message", func() bool { publish(t, a, "preview.ann.one", "begin"); return len(entered) > 0 })
	other, _ := subscribe(t, b, "preview.ann.one")
	connect(t, a, "preview.ann.one", other)
	for i := range 3000 {
		publish(t, a, "preview.ann.one", fmt.Sprint(i))
		if i%100 == 99 {
			skipTo(t, other, fmt.Sprint("preview.ann.one: ", i))
		}
	}
}

// request repeats a request until somebody answers.
func request(t *testing.T, b job.Bus, data string) string {
	t.Helper()
	var answer []byte
	eventually(t, "an answer", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		defer cancel()
		var err error
		answer, err = b.Request(ctx, "work", []byte(data))
		if err != nil && !errors.Is(err, job.ErrNobody) {
			t.Fatalf("Request: %v", err)
		}
		return err == nil
	})
	return string(answer)
}

func answer(t *testing.T, b job.Bus, handle func(ctx context.Context, data []byte) []byte) (stop func()) {
	t.Helper()
	stop, err := b.Answer("work", handle)
	if err != nil {
		t.Fatalf("Answer: %v", err)
	}
	t.Cleanup(stop)
	return stop
}

// testRequest answers requests that wait for each other: each has a goroutine.
func testRequest(t *testing.T, a, b job.Bus) {
	const n = 20
	var waiting atomic.Int32
	all := make(chan struct{})
	answer(t, b, func(ctx context.Context, data []byte) []byte {
		if string(data) == "" {
			return nil
		}
		if waiting.Add(1) == n {
			close(all)
		}
		select {
		case <-all:
		case <-ctx.Done():
		}
		return append([]byte("answer to "), data...)
	})
	if got := request(t, a, ""); got != "" {
		t.Errorf("answer %q, want none", got)
	}
	errs := race(n, func(i int) error {
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		defer cancel()
		got, err := a.Request(ctx, "work", fmt.Append(nil, i))
		if err == nil && string(got) != fmt.Sprint("answer to ", i) {
			err = fmt.Errorf("request %d got %q", i, got)
		}
		return err
	})
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}

func testNobody(t *testing.T, a, b job.Bus) {
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	_, err := a.Request(ctx, "work", nil)
	want(t, "a request that nobody answers", err, job.ErrNobody)
	stop := answer(t, b, func(context.Context, []byte) []byte { return []byte("yes") })
	request(t, a, "")
	stop()
	// The servers of a cluster learn one after the other that the answerer is gone. A
	// request in between may reach nobody, and end with its context only.
	eventually(t, "nobody answers", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := a.Request(ctx, "work", nil)
		return errors.Is(err, job.ErrNobody)
	})
}

// testOneAnswers has answerers at both ends. One of them answers each request, and
// the other when that one stops.
func testOneAnswers(t *testing.T, a, b job.Bus) {
	var answers atomic.Int32
	handle := func(name string) func(context.Context, []byte) []byte {
		return func(_ context.Context, data []byte) []byte {
			if string(data) == "count" {
				answers.Add(1)
			}
			return []byte(name)
		}
	}
	stopA := answer(t, a, handle("a"))
	stopB := answer(t, b, handle("b"))
	request(t, a, "begin")
	request(t, b, "begin")
	for range 20 {
		request(t, a, "count")
	}
	if n := answers.Load(); n != 20 {
		t.Errorf("%d answers to 20 requests", n)
	}
	stopA()
	eventually(t, "the other end answers", func() bool { return request(t, a, "") == "b" })
	answer(t, a, handle("a"))
	stopB()
	eventually(t, "the other end answers", func() bool { return request(t, a, "") == "a" })
}

func testRequestEnds(t *testing.T, a, b job.Bus) {
	asked := make(chan struct{}, 1)
	answer(t, b, func(ctx context.Context, data []byte) []byte {
		if string(data) == "wait" {
			asked <- struct{}{}
			<-ctx.Done()
		}
		return nil
	})
	request(t, a, "")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := a.Request(ctx, "work", []byte("wait"))
		ended <- err
	}()
	<-asked
	cancel()
	select {
	case err := <-ended:
		want(t, "a request whose context ended", err, context.Canceled)
	case <-time.After(timeout):
		t.Fatal("the request did not end with its context")
	}
}

// testAnswerEnds stops an answerer while it handles a request.
func testAnswerEnds(t *testing.T, a, b job.Bus) {
	asked, ended := make(chan struct{}, 1), make(chan struct{}, 1)
	stop := answer(t, b, func(ctx context.Context, data []byte) []byte {
		if string(data) == "wait" {
			asked <- struct{}{}
			<-ctx.Done()
			ended <- struct{}{}
		}
		return nil
	})
	request(t, a, "")
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	requested := make(chan struct{})
	go func() {
		defer close(requested)
		_, _ = a.Request(ctx, "work", []byte("wait"))
	}()
	<-asked
	stop()
	select {
	case <-ended:
	case <-time.After(timeout):
		t.Fatal("the context of a handler did not end when the answerer stopped")
	}
	cancel()
	<-requested
}
