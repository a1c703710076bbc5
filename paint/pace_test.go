package paint

import (
	"math"
	"testing"
	"time"
)

// observe passes iterations of some scales to a pace. They take seconds(size) each, the
// first of a scale opening(size); the first and the last iteration are given.
func observe(e *Pace, schedule []Scale, opening, seconds func(size int) float64, scale, from, lastScale, to int) {
	now := time.Unix(1e9, 0)
	for ; scale <= lastScale; scale++ {
		s := schedule[scale-1]
		last := s.Iterations
		if scale == lastScale {
			last = to
		}
		takes := opening
		for i := from; i <= last; i++ {
			now = now.Add(time.Duration(takes(s.Size) * float64(time.Second)))
			e.Observe(Progress{Scale: scale, Scales: len(schedule), Iteration: i, Iterations: s.Iterations}, now)
			takes = seconds
		}
		from = 1
	}
}

func TestPace(t *testing.T) {
	schedule := []Scale{{Size: 100, Iterations: 10}, {Size: 200, Iterations: 20}, {Size: 400, Iterations: 30}, {Size: 800, Iterations: 1}}
	opening := func(size int) float64 { return 10 * float64(size*size) / 1e4 }
	// A constant second, plus one second for every 100 x 100 pixels.
	seconds := func(size int) float64 { return 1 + float64(size*size)/1e4 }
	for _, test := range []struct {
		name                      string
		fromScale, from, scale, i int
		rate, left                float64 // -1 where unknown
	}{
		{"the first iteration", 1, 1, 1, 1, 0, -1},
		{"of the first scale", 1, 1, 1, 5, 1. / 2, -1},
		{"the first of the second scale", 1, 1, 2, 1, 0, -1},
		{"of the second scale", 1, 1, 2, 2, 1. / 5, 18*5 + 160 + 29*17 + 640},
		{"of the third scale", 1, 1, 3, 20, 1. / 17, 10*17 + 640},
		{"the end of the third scale", 1, 1, 3, 30, 1. / 17, 640},
		{"a last scale of one iteration", 1, 1, 4, 1, 0, 0},
		{"resumed", 2, 15, 3, 2, 1. / 17, 28*17 + 640},
		{"resumed at a scale before the last", 3, 21, 3, 25, 1. / 17, -1},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := NewPace(schedule)
			observe(e, schedule, opening, seconds, test.fromScale, test.from, test.scale, test.i)
			if math.Abs(e.Rate()-test.rate) > 1e-9 {
				t.Errorf("rate %g, want %g", e.Rate(), test.rate)
			}
			left, known := e.Left()
			if known != (test.left >= 0) || known && math.Abs(left.Seconds()-test.left) > 1e-3 {
				t.Errorf("left %v, %v; want %g s", left, known, test.left)
			}
		})
	}
}

// From a scale that was faster than a smaller one no growth can be estimated.
func TestPaceOfAnUnevenMachine(t *testing.T) {
	schedule := []Scale{{Size: 100, Iterations: 10}, {Size: 200, Iterations: 10}, {Size: 200, Iterations: 10}, {Size: 50, Iterations: 10}}
	for _, seconds := range []func(int) float64{
		func(size int) float64 { return 1000 / float64(size) },
		func(size int) float64 { return math.Pow(float64(size), 6) / 1e12 },
	} {
		for scale := 2; scale <= 3; scale++ {
			e := NewPace(schedule)
			observe(e, schedule, seconds, seconds, 1, 1, scale, 5)
			present := seconds(200)
			left, known := e.Left()
			if low, high := 5*present, float64(5+10*(4-scale))*present; !known || left.Seconds() < low-1e-3 || left.Seconds() > high+1e-3 {
				t.Errorf("left %v, %v; want %g to %g s", left, known, low, high)
			}
		}
	}
}
