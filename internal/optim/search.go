package optim

import (
	"context"
	"math"
)

const (
	// The constants of the Wolfe conditions that Nocedal and Wright recommend for
	// quasi-Newton methods (section 3.1).
	sufficientDecrease = 1e-4
	curvature          = 0.9
	// costRounding is about the relative rounding error of a cost in float32. A step
	// that raises the cost by no more has not failed (compare the approximate Wolfe
	// conditions of Hager and Zhang 2005).
	costRounding = 1e-6
	// searchTries is the largest number of evaluations in one direction.
	searchTries = 10
	// maxGrowth is the factor by which a step that is too short grows.
	maxGrowth = 10
	// backtracking is the factor of the step after an evaluation that was not finite.
	backtracking = 0.1
)

// search holds the state of one line search.
type search struct {
	ctx         context.Context
	f           Objective
	x           []float32
	evaluations int
	finite      bool    // whether the last cost and gradient were finite
	last        float64 // the last cost
}

// trial is the evaluation at from + t direction.
type trial struct {
	t, cost, slope float64
}

// search looks along the direction for a point that satisfies the weak Wolfe conditions
// (Lewis and Overton 2013, algorithm 2.6, with interpolation instead of bisection). After
// searchTries evaluations it accepts the longest step with sufficient decrease. The
// accepted point is in s.x and l.trials[0].
func (l *LBFGS) search(s *search, length, slope float64) (accepted bool, err error) {
	var (
		origin = trial{0, l.current.cost, slope}
		low    = origin // the longest step with sufficient decrease
		high   = trial{t: math.Inf(1)}
		t      = length
	)
	for range searchTries {
		if err := s.ctx.Err(); err != nil {
			return false, err
		}
		l.moveTo(s.x, t)
		s.evaluations++
		current := trial{t: t, cost: math.Inf(1)}
		s.finite = l.trials[1].evaluate(l.pool, s.x, s.f)
		s.last = l.trials[1].cost
		if s.finite {
			current.cost, current.slope = s.last, l.pool.Dot(l.trials[1].gradient, l.direction)
		}
		if current.cost > origin.cost+sufficientDecrease*t*slope+costRounding*math.Abs(origin.cost) {
			high = current
			t = interpolate(low, high)
			continue
		}
		low = current
		l.trials[0], l.trials[1] = l.trials[1], l.trials[0]
		if current.slope >= curvature*slope {
			return true, nil
		}
		if math.IsInf(high.t, 1) {
			t *= maxGrowth
		} else {
			t = interpolate(low, high)
		}
	}
	if low.t == 0 {
		return false, nil
	}
	l.moveTo(s.x, low.t)
	return true, nil
}

// moveTo computes x = from + t direction.
func (l *LBFGS) moveTo(x []float32, t float64) {
	s := float32(t)
	l.pool.Chunks(len(x), func(lo, hi int) {
		x, d := x[lo:hi], l.direction[lo:hi]
		for i, v := range l.from[lo:hi] {
			x[i] = v + s*d[i]
		}
	})
}

// interpolate returns the next step to try between two trials: the minimum of the cubic
// through both (Nocedal and Wright, eq. 3.59), at least a tenth of the distance from
// either.
func interpolate(a, b trial) float64 {
	if math.IsInf(b.cost, 1) {
		return a.t + backtracking*(b.t-a.t)
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
