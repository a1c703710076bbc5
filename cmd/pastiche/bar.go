package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/paint"
)

// bar reports by a progress bar on standard error, and a line beneath it.
type bar struct {
	person
	pace      *paint.Pace
	detail    func(paint.Progress) string
	container *mpb.Progress
	bar       *mpb.Bar // nil before the first iteration
	state     atomic.Pointer[barState]
}

// barState is what a bar shows, made by the goroutine that works and read by
// the one that draws.
type barState struct{ count, pace, detail string }

func newBar(schedule []paint.Scale, detail func(paint.Progress) string) *bar {
	b := &bar{pace: paint.NewPace(schedule), detail: detail, container: mpb.New(mpb.WithOutput(os.Stderr))}
	b.to = b
	return b
}

func (b *bar) iteration(p paint.Progress) {
	b.pace.Observe(p, time.Now())
	b.state.Store(&barState{
		count:  fmt.Sprintf("%d/%d ", p.Step, p.Steps),
		pace:   " " + paceOf(b.pace),
		detail: b.detail(p),
	})
	if b.bar == nil {
		b.bar = b.draw(p.Steps)
	}
	b.bar.SetCurrent(int64(p.Step))
}

func (b *bar) draw(steps int) *mpb.Bar {
	return drawBar(b.container, int64(steps), &b.state,
		mpb.BarExtender(mpb.BarFillerFunc(func(w io.Writer, s decor.Statistics) error {
			detail := []rune(b.state.Load().detail)
			// A line that wrapped would be one that the cursor misses on its way up.
			_, err := fmt.Fprintln(w, string(detail[:min(len(detail), s.AvailableWidth)]))
			return err
		}), false),
	)
}

// drawBar draws a bar between the count and the pace of a state.
func drawBar(container *mpb.Progress, total int64, state *atomic.Pointer[barState], options ...mpb.BarOption) *mpb.Bar {
	return container.New(total,
		mpb.BarStyle().Lbound("").Filler("━").Tip("━").Padding("─").Rbound(""),
		append(options,
			// A terminal that echoed Ctrl-C has moved the cursor off the first column.
			mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return "\r" + state.Load().count })),
			mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return state.Load().pace })),
		)...)
}

// Write puts lines above the bar, and after close, on standard error.
func (b *bar) Write(text []byte) (int, error) {
	_, err := b.container.Write(append([]byte("\r"), text...)) // after an echo, too
	if errors.Is(err, mpb.ErrDone) {
		return os.Stderr.Write(text)
	}
	return len(text), err
}

// output puts lines above the bar where both are on a terminal.
func (b *bar) output() io.Writer {
	if cli.IsTerminal(os.Stdout) {
		return b
	}
	return os.Stdout
}

func (b *bar) close() error {
	if b.bar != nil {
		b.bar.Abort(false) // of no effect on one that is complete
	}
	b.container.Wait()
	return nil
}
