package kernel

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
)

// TestInterruptible checks that no more tasks begin once the context is done, and that
// the pool runs tasks again afterwards.
func TestInterruptible(t *testing.T) {
	reason := errors.New("enough")
	for _, threads := range []int{1, 3} {
		p, err := NewPool(threads)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		ctx, cancel := context.WithCancelCause(t.Context())
		const n = 1 << 16
		var done atomic.Int64
		stopped := make(chan struct{})
		context.AfterFunc(ctx, func() { close(stopped) })
		err = p.Interruptible(ctx, func() error {
			for range 1000 {
				p.Run(n, func(_, i int) {
					if done.Add(1) == n/2 {
						cancel(reason)
						<-stopped
					}
				})
			}
			return nil
		})
		if !errors.Is(err, reason) {
			t.Errorf("%d threads: error %v, expected the cause", threads, err)
		}
		if got := done.Load(); got < n/2 || got >= 1000*n {
			t.Errorf("%d threads: %d tasks, half of those of the first batch expected and few more", threads, got)
		}
		done.Store(0)
		p.Run(n, func(_, i int) { done.Add(1) })
		if got := done.Load(); got != n {
			t.Errorf("%d threads: %d tasks of %d after the interruption", threads, got, n)
		}
		failed := errors.New("failed")
		if err := p.Interruptible(t.Context(), func() error { return failed }); !errors.Is(err, failed) {
			t.Errorf("%d threads: error %v, expected that of the function", threads, err)
		}
	}
}
