package report

import (
	"bytes"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/paint"
)

// progress returns an iteration of a painting in three scales of 10 iterations each.
func progress(step int) paint.Progress {
	return paint.Progress{
		Scale: 1 + (step-1)/10, Scales: 3, Iteration: 1 + (step-1)%10, Iterations: 10, Step: step, Steps: 30,
		Width: 60, Height: 40,
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
	schedule := []paint.Scale{{Size: 60, Iterations: 10}, {Size: 60, Iterations: 10}, {Size: 60, Iterations: 10}}
	to := &lines{&b, time.Time{}}
	i := NewIterations(to, schedule, func(p paint.Progress) string { return "somewhere" })
	i.Iteration(progress(11))
	to.last = time.Now().Add(time.Hour)
	i.Iteration(progress(12)) // too soon after the first
	to.last = time.Time{}
	to.Show(State{Done: 1, Total: 2, Count: "1/2", Line: "1 of 2"})
	const want = "iteration 11 of 30, somewhere, starting\n1 of 2\n"
	if b.String() != want {
		t.Errorf("said %q, want %q", b.String(), want)
	}
}
