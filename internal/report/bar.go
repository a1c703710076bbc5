package report

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/pastiche-art/pastiche/internal/cli"
)

// bar reports by a progress bar on standard error, and a line beneath it.
type bar struct {
	container *mpb.Progress
	bar       *mpb.Bar              // nil before the first state
	state     atomic.Pointer[State] // made by the goroutine that works, read by the one that draws
}

func newBar() *bar { return &bar{container: mpb.New(mpb.WithOutput(os.Stderr))} }

func (b *bar) Show(s State) {
	b.state.Store(&s)
	if b.bar == nil {
		b.bar = b.draw(s.Total, s.Detail != "")
	}
	b.bar.SetCurrent(s.Done)
}

// draw draws a bar between the count and the pace, above the detail where there is one.
func (b *bar) draw(total int64, detailed bool) *mpb.Bar {
	options := []mpb.BarOption{
		// A terminal that echoed Ctrl-C has moved the cursor off the first column.
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return "\r" + b.state.Load().Count + " " })),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return " " + b.state.Load().Pace })),
	}
	if detailed {
		options = append(options, mpb.BarExtender(mpb.BarFillerFunc(func(w io.Writer, s decor.Statistics) error {
			detail := []rune(b.state.Load().Detail)
			// mpb moves the cursor up by one row for the detail: a wrapped line would remain.
			_, err := fmt.Fprintln(w, string(detail[:min(len(detail), s.AvailableWidth)]))
			return err
		}), false))
	}
	return b.container.New(total, mpb.BarStyle().Lbound("").Filler("━").Tip("━").Padding("─").Rbound(""), options...)
}

func (b *bar) Say(format string, args ...any) { cli.PrintMessage(b, format, args...) }

// Write puts lines above the bar, and after Close, on standard error.
func (b *bar) Write(text []byte) (int, error) {
	_, err := b.container.Write(append([]byte("\r"), text...)) // after an echo, too
	if errors.Is(err, mpb.ErrDone) {
		return os.Stderr.Write(text)
	}
	return len(text), err
}

// Output puts lines above the bar where both are on a terminal.
func (b *bar) Output() io.Writer {
	if cli.IsTerminal(os.Stdout) {
		return b
	}
	return os.Stdout
}

func (b *bar) Close() {
	if b.bar != nil {
		b.bar.Abort(false) // no effect on a complete bar
	}
	b.container.Wait()
}
