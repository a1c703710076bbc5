// Package report tells a person how a long work comes along, on standard error: by a bar
// where that is a terminal, by a line every few seconds where it is not, or not at all.
//
//	paint.Progress -> Iterations -> State -> Reporter: bar, lines or silence
//
// A work that is no painting, such as a download, makes the [State] itself.
package report

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/paint"
)

// State is how far a work is.
type State struct {
	Done, Total int64
	Count       string // as a bar says it, such as "3/80"
	Line        string // the same as a line says it, such as "iteration 3 of 80"
	Detail      string // a line below the bar, or ""
	Pace        string // the rate and the time left, or ""
}

// A Reporter tells a person about a work. Its methods may be called by several
// goroutines, but Show and Close by one alone.
type Reporter interface {
	// Show tells how far the work is.
	Show(State)
	// Say prints a line.
	Say(format string, args ...any)
	// Output returns where lines for standard output go until Close.
	Output() io.Writer
	// Close ends the report. Say prints lines after it, too.
	Close()
}

// New returns the reporter that suits standard error.
func New(quiet bool) Reporter {
	switch {
	case quiet:
		return silence{}
	case cli.IsTerminal(os.Stderr):
		return newBar()
	default:
		return &lines{os.Stderr, time.Now()}
	}
}

// silence reports nothing.
type silence struct{}

func (silence) Show(State)         {}
func (silence) Say(string, ...any) {}
func (silence) Output() io.Writer  { return io.Discard }
func (silence) Close()             {}

// linesInterval is the time between two lines of progress: often enough to see that it
// moves, seldom enough for a log.
const linesInterval = 5 * time.Second

// lines reports by a line every few seconds.
type lines struct {
	to   io.Writer
	last time.Time
}

func (l *lines) Show(s State) {
	now := time.Now()
	if now.Sub(l.last) < linesInterval {
		return
	}
	l.last = now
	text := []string{s.Line}
	for _, more := range []string{s.Detail, s.Pace} {
		if more != "" {
			text = append(text, more)
		}
	}
	l.Say("%s", strings.Join(text, ", "))
}

func (l *lines) Say(format string, args ...any) { cli.PrintMessage(l.to, format, args...) }
func (l *lines) Output() io.Writer              { return os.Stdout }
func (l *lines) Close()                         {}

// Iterations reports the iterations of paintings.
type Iterations struct {
	Reporter
	pace   *paint.Pace
	detail func(paint.Progress) string
}

// NewIterations returns a reporter of paintings of a schedule. detail says where an
// iteration stands, beside their count.
func NewIterations(to Reporter, schedule []paint.Scale, detail func(paint.Progress) string) *Iterations {
	return &Iterations{to, paint.NewPace(schedule), detail}
}

// Iteration tells of an iteration.
func (i *Iterations) Iteration(p paint.Progress) {
	i.pace.Observe(p, time.Now())
	i.Show(State{
		Done: int64(p.Step), Total: int64(p.Steps),
		Count: fmt.Sprintf("%d/%d", p.Step, p.Steps), Line: fmt.Sprintf("iteration %d of %d", p.Step, p.Steps),
		Detail: i.detail(p), Pace: paceOf(i.pace),
	})
}

// paceOf returns the rate and the time left, each once it is known.
func paceOf(p *paint.Pace) string {
	rate, left := p.Rate(), ""
	if rate == 0 {
		return "starting"
	}
	if d, known := p.Left(); known && d > 0 {
		left = fmt.Sprintf(", %s left", d.Round(time.Second))
	}
	return fmt.Sprintf("%.3g/s%s", rate, left)
}
