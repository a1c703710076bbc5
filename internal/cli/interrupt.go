package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// ErrInterrupted is the cause for which the context of a command ends, and ends a command that had nothing to save.
var ErrInterrupted error = interruptedError{}

type interruptedError struct{}

func (interruptedError) Error() string { return "interrupted" }
func (interruptedError) Unwrap() error { return context.Canceled }

// interruptible returns a context that the first Ctrl-C cancels, or the system's request
// to end. Its cause is ErrInterrupted. The second one ends the program at once.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	// Under nohup the program outlives the terminal.
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	// Work goes on when the reader of its progress has ended.
	signal.Ignore(syscall.SIGPIPE)
	received := make(chan os.Signal, 2)
	signal.Notify(received, signals...)
	go func() {
		<-received
		cancel(ErrInterrupted)
		<-received
		os.Exit(ExitInterrupted)
	}()
	return ctx, func() { cancel(nil) }
}
