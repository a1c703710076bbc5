package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// errInterrupted ends a command that had nothing to save.
var errInterrupted error = interruptedError{}

// errNotBegun ends a painting that had no iteration yet.
var errNotBegun = fmt.Errorf("%w before the first iteration; there is no painting to save", errInterrupted)

type interruptedError struct{}

func (interruptedError) Error() string { return "interrupted" }
func (interruptedError) Unwrap() error { return context.Canceled }

// interruptible returns a context that the first Ctrl-C cancels, or the system's request
// to end. Its cause is errInterrupted. The second one ends the program at once.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	// Under nohup the program outlives the terminal.
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	// Painting goes on when the reader of its progress has ended.
	signal.Ignore(syscall.SIGPIPE)
	received := make(chan os.Signal, 2)
	signal.Notify(received, signals...)
	go func() {
		<-received
		cancel(errInterrupted)
		<-received
		os.Exit(exitInterrupted)
	}()
	return ctx, func() { cancel(nil) }
}
