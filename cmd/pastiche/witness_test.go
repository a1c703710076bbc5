package main

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/paint"
)

// progress returns an iteration of a painting in three scales of 10 iterations
// each.
func progress(step int) paint.Progress {
	return paint.Progress{
		Scale: 1 + (step-1)/10, Scales: 3, Iteration: 1 + (step-1)%10, Iterations: 10, Step: step, Steps: 30,
		Width: 60, Height: 40,
		Costs: paint.Costs{Total: 12345.678, Content: 1, Style: 0.25},
	}
}

func TestPaceOf(t *testing.T) {
	e := paint.NewPace([]paint.Scale{{Size: 1000, Iterations: 10}, {Size: 1414, Iterations: 10}, {Size: 2000, Iterations: 10}})
	now := time.Unix(1e9, 0)
	want := map[int]string{
		1:  "starting",
		2:  "1/s", // nobody knows yet how the next scales will be
		12: "0.5/s, 56s left",
		30: "0.25/s",
	}
	for step := 1; step <= 30; step++ {
		e.Observe(progress(step), now)
		if got := paceOf(e); want[step] != "" && got != want[step] {
			t.Errorf("after step %d: %q, want %q", step, got, want[step])
		}
		now = now.Add(time.Second << (step / 10))
	}
}

func TestLines(t *testing.T) {
	var b bytes.Buffer
	l := &lines{person{&b}, paint.NewPace(slices.Repeat([]paint.Scale{{Size: 60, Iterations: 10}}, 3)), costsAt, time.Now().Add(-linesInterval)}
	l.iteration(progress(11))
	l.iteration(progress(12)) // too soon after the first
	const want = "iteration 11 of 30, scale 2 of 3, 60 x 40, total 1.235e+04, content 1, style 0.25, starting\n"
	if b.String() != want {
		t.Errorf("said %q, want %q", b.String(), want)
	}
}

// failing is a witness that fails.
type failing struct {
	seen int
	err  error
}

func (f *failing) iteration(paint.Progress) { f.seen++ }
func (f *failing) close() error             { return f.err }

func TestWitnessesKeepTheFirstError(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	a, b, c := &failing{}, &failing{err: first}, &failing{err: second}
	all := witnesses{a, b, c}
	all.iteration(progress(1))
	if a.seen+b.seen+c.seen != 3 {
		t.Error("a witness was not told")
	}
	if err := all.close(); !errors.Is(err, first) {
		t.Errorf("got %v, want %v", err, first)
	}
}
