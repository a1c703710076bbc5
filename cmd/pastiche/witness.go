package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/paint"
)

// A witness is told of each iteration of a painting.
type witness interface {
	iteration(paint.Progress)
	// close ends what the witness writes. Its error is the first that befell
	// it: a painting does not stop because its log cannot be written.
	close() error
}

// witnesses are told one after another.
type witnesses []witness

func (all witnesses) iteration(p paint.Progress) {
	for _, w := range all {
		w.iteration(p)
	}
}

func (all witnesses) close() error {
	var first error
	for _, w := range all {
		if err := w.close(); first == nil {
			first = err
		}
	}
	return first
}

// A reporter is the witness that tells the user.
type reporter interface {
	witness
	begin(startEvent)
	// say tells a person something.
	say(format string, args ...any)
	// saved tells a program that a file is whole.
	saved(path string)
	done(doneEvent)
	// output is where lines for standard output go until close.
	output() io.Writer
}

// newReporter returns the reporter that suits the terminal. detail says where the
// work is beside the count of iterations.
func newReporter(quiet bool, schedule []paint.Scale, detail func(paint.Progress) string) reporter {
	switch {
	case quiet:
		return silence{}
	case cli.IsTerminal(os.Stderr):
		return newBar(schedule, detail)
	default:
		return &lines{person{os.Stderr}, paint.NewPace(schedule), detail, time.Now()}
	}
}

// silence reports nothing.
type silence struct{}

func (silence) begin(startEvent)         {}
func (silence) iteration(paint.Progress) {}
func (silence) say(string, ...any)       {}
func (silence) saved(string)             {}
func (silence) done(doneEvent)           {}
func (silence) output() io.Writer        { return io.Discard }
func (silence) close() error             { return nil }

// person is told what matters to a person.
type person struct{ to io.Writer }

func (p person) begin(startEvent)               {}
func (p person) say(format string, args ...any) { cli.PrintMessage(p.to, format, args...) }
func (p person) saved(string)                   {}

func (p person) done(e doneEvent) {
	took := time.Duration(e.Seconds * float64(time.Second))
	painting := "Saved " + e.Output
	if e.Output == cli.StandardOutput {
		painting = "Wrote the painting to standard output"
	}
	resumed := ""
	if e.Resumed > 0 {
		resumed = fmt.Sprintf(", resumed after %d,", e.Resumed)
	}
	p.say("%s (%d x %d pixels) after %d iterations%s in %s.", painting, e.Width, e.Height, e.Steps, resumed, took.Round(time.Second/10))
}

// linesInterval is the time between two lines of progress: often enough to see
// that it moves, seldom enough for a log.
const linesInterval = 5 * time.Second

// lines reports by a line every few seconds.
type lines struct {
	person
	pace   *paint.Pace
	detail func(paint.Progress) string
	told   time.Time
}

func (l *lines) iteration(p paint.Progress) {
	now := time.Now()
	l.pace.Observe(p, now)
	if now.Sub(l.told) < linesInterval {
		return
	}
	l.told = now
	l.say("iteration %d of %d, %s, %s", p.Step, p.Steps, l.detail(p), paceOf(l.pace))
}

func (l *lines) output() io.Writer { return os.Stdout }
func (l *lines) close() error      { return nil }

// costsAt says which scale an iteration belongs to, and what the canvas costs.
func costsAt(p paint.Progress) string {
	return fmt.Sprintf("scale %d of %d, %d x %d, total %.4g, content %.4g, style %.4g",
		p.Scale, p.Scales, p.Width, p.Height, p.Costs.Total, p.Costs.Content, p.Costs.Style)
}

// paceOf says the rate and the time left, each once it is known.
func paceOf(e *paint.Pace) string {
	rate, left := e.Rate(), ""
	if rate == 0 {
		return "starting"
	}
	if d, known := e.Left(); known && d > 0 {
		left = fmt.Sprintf(", %s left", d.Round(time.Second))
	}
	return fmt.Sprintf("%.3g/s%s", rate, left)
}

// firstError keeps the first of several errors.
type firstError struct{ err error }

// try runs do unless something has failed before.
func (f *firstError) try(do func() error) {
	if f.err == nil {
		f.err = do()
	}
}
