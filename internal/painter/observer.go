package painter

import (
	"fmt"
	"io"
	"time"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/report"
	"github.com/pastiche-art/pastiche/paint"
)

// An observer is told of each iteration of a painting.
type observer interface {
	Iteration(paint.Progress)
	// Close ends what the observer writes. Its error is the first that befell it: a
	// painting does not stop because its log cannot be written.
	Close() error
}

// observers are told one after another.
type observers []observer

func (all observers) Iteration(p paint.Progress) {
	for _, w := range all {
		w.Iteration(p)
	}
}

func (all observers) Close() error {
	var first error
	for _, w := range all {
		if err := w.Close(); first == nil {
			first = err
		}
	}
	return first
}

// firstError keeps the first of several errors of an observer.
type firstError struct{ err error }

// try runs do unless something has failed before.
func (f *firstError) try(do func() error) {
	if f.err == nil {
		f.err = do()
	}
}

func (f *firstError) Close() error { return f.err }

// A listener is an observer that tells a person or a program.
type listener interface {
	observer
	begin(startEvent)
	// Say prints a message for a person; a program does not get it.
	Say(format string, args ...any)
	// saved tells a program that a file is written; a person is told by done.
	saved(path string)
	done(doneEvent)
	// Output returns where lines for standard output go until Close.
	Output() io.Writer
}

// person tells a person what matters to a person.
type person struct {
	*report.Iterations
	facesTold bool
}

func newPerson(quiet bool, schedule []paint.Scale) *person {
	return &person{Iterations: report.NewIterations(report.New(quiet), schedule, costsAt)}
}

func (p *person) begin(startEvent) {}
func (p *person) saved(string)     {}

func (p *person) Iteration(i paint.Progress) {
	switch {
	case p.facesTold:
	case i.Faces == 1:
		p.Say("1 face kept; --faces ignore paints it like the rest.")
	case i.Faces > 1:
		p.Say("%d faces kept; --faces ignore paints them like the rest.", i.Faces)
	}
	p.facesTold = true
	p.Iterations.Iteration(i)
}

func (p *person) Close() error {
	p.Iterations.Close()
	return nil
}

func (p *person) done(e doneEvent) {
	took := time.Duration(e.Seconds * float64(time.Second))
	painting := "Saved " + e.Output
	if e.Output == cli.StandardOutput {
		painting = "Wrote the painting to standard output"
	}
	resumed := ""
	if e.Resumed > 0 {
		resumed = fmt.Sprintf(", resumed after %d,", e.Resumed)
	}
	p.Say("%s (%d x %d pixels) after %d iterations%s in %s.", painting, e.Width, e.Height, e.Steps, resumed, took.Round(time.Second/10))
}

// costsAt says which scale an iteration belongs to, and what the canvas costs.
func costsAt(p paint.Progress) string {
	return fmt.Sprintf("scale %d of %d, %d x %d, total %.4g, content %.4g, style %.4g",
		p.Scale, p.Scales, p.Width, p.Height, p.Costs.Total, p.Costs.Content, p.Costs.Style)
}
