package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// errInterrupted ends a command that had nothing to save.
var errInterrupted error = interruptedError{}

type interruptedError struct{}

func (interruptedError) Error() string { return "interrupted" }
func (interruptedError) Unwrap() error { return context.Canceled }

// interruptible returns a context that ends with the first Ctrl-C, or with a
// request from the system to end. The second one ends the program at once.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	// Whoever started the program under nohup wants it to outlive the terminal.
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	// A painting outlives whoever reads of its progress.
	signal.Ignore(syscall.SIGPIPE)
	received := make(chan os.Signal, 2)
	signal.Notify(received, signals...)
	go func() {
		<-received
		cancel()
		<-received
		os.Exit(exitInterrupted)
	}()
	return ctx, cancel
}
