package painter

import (
	"errors"
	"testing"

	"github.com/pastiche-art/pastiche/paint"
)

// failing is an observer that fails.
type failing struct {
	seen int
	err  error
}

func (f *failing) Iteration(paint.Progress) { f.seen++ }
func (f *failing) Close() error             { return f.err }

func TestWitnessesKeepTheFirstError(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	a, b, c := &failing{}, &failing{err: first}, &failing{err: second}
	all := observers{a, b, c}
	all.Iteration(paint.Progress{Step: 1})
	if a.seen+b.seen+c.seen != 3 {
		t.Error("an observer was not told")
	}
	if err := all.Close(); !errors.Is(err, first) {
		t.Errorf("got %v, want %v", err, first)
	}
}

func TestCostsAt(t *testing.T) {
	const want = "scale 2 of 3, 60 x 40, total 1.235e+04, content 1, style 0.25"
	got := costsAt(paint.Progress{Scale: 2, Scales: 3, Width: 60, Height: 40, Costs: paint.Costs{Total: 12345.678, Content: 1, Style: 0.25}})
	if got != want {
		t.Errorf("said %q, want %q", got, want)
	}
}
