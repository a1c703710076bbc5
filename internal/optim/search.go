package optim

import (
	"context"
	"math"
)

const (
	// The constants of the Wolfe conditions that Nocedal and Wright recommend
	// for quasi-Newton methods (section 3.1).
	sufficientDecrease = 1e-4
	curvature          = 0.9
	// costRounding is about what rounding in float32 does to a cost, relative to
	// it. A step that raises it by no more has not failed (the approximate
	// Wolfe conditions of Hager and Zhang 2005 allow for the same).
	costRounding = 1e-6
	// searchTries is the number of evaluations in one direction.
	searchTries = 10
	// lengthen is the most by which a step that is too short grows at once.
	lengthen = 10
	// retreat is where the next trial lies after one that was not finite.
	retreat = 0.1
)

// search holds the state of one line search.
type search struct {
	ctx         context.Context
	f           Objective
	x           []float32
	evaluations int
	finite      bool    // whether cost and gradient of the last evaluation were
	last        float64 // the cost of the last evaluation
}

// trial is a point on the line from + t direction.
type trial struct {
	t, cost, slope float64
}

// search looks along the direction for a point that satisfies the weak Wolfe
// conditions (Lewis and Overton 2013, algorithm 2.6, with interpolation instead
// of bisection). Where the evaluations run out, the longest step with sufficient
// decrease will do. The accepted point is in s.x and l.trials[0].
func (l *LBFGS) search(s *search, length, slope float64) (accepted bool, err error) {
	var (
		origin = trial{0, l.here.cost, slope}
		low    = origin // the longest step with sufficient decrease
		high   = trial{t: math.Inf(1)}
		t      = length
	)
	for range searchTries {
		if err := s.ctx.Err(); err != nil {
			return false, err
		}
		l.place(s.x, t)
		s.evaluations++
		here := trial{t: t, cost: math.Inf(1)}
		s.finite = l.trials[1].evaluate(l.pool, s.x, s.f)
		s.last = l.trials[1].cost
		if s.finite {
			here.cost, here.slope = s.last, l.pool.Dot(l.trials[1].gradient, l.direction)
		}
		if here.cost > origin.cost+sufficientDecrease*t*slope+costRounding*math.Abs(origin.cost) {
			high = here
			t = between(low, high)
			continue
		}
		low = here
		l.trials[0], l.trials[1] = l.trials[1], l.trials[0]
		if here.slope >= curvature*slope {
			return true, nil
		}
		if math.IsInf(high.t, 1) {
			t *= lengthen
		} else {
			t = between(low, high)
		}
	}
	if low.t == 0 {
		return false, nil
	}
	l.place(s.x, low.t)
	return true, nil
}

// place computes x = from + t direction.
func (l *LBFGS) place(x []float32, t float64) {
	s := float32(t)
	l.pool.Chunks(len(x), func(lo, hi int) {
		x, d := x[lo:hi], l.direction[lo:hi]
		for i, v := range l.from[lo:hi] {
			x[i] = v + s*d[i]
		}
	})
}

// between returns where to look next between two points: the minimum of the cubic
// through both (Nocedal and Wright, eq. 3.59), but not within a tenth of the
// distance from either.
func between(a, b trial) float64 {
	if math.IsInf(b.cost, 1) {
		return a.t + retreat*(b.t-a.t)
	}
	width := b.t - a.t
	d1 := a.slope + b.slope - 3*(a.cost-b.cost)/(a.t-b.t)
	d2 := math.Sqrt(d1*d1 - a.slope*b.slope)
	t := b.t - width*(b.slope+d2-d1)/(b.slope-a.slope+2*d2)
	if !(t >= a.t && t <= b.t) {
		return a.t + width/2
	}
	return min(max(t, a.t+width/10), b.t-width/10)
}
