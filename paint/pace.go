package paint

import "time"

// A Pace estimates, from the [Progress] of a painting, its speed and the remaining
// time.
//
// The model of the time of an iteration is a constant, for work that does not depend on
// the size of the picture such as roots of covariances, plus a time proportional to the
// pixels. Two scales determine both, so that the remaining time is unknown during the
// first of several scales. The first iteration of a scale has a model of its own,
// because it includes measuring the targets and, with Adam, a second evaluation.
type Pace struct {
	schedule []Scale
	last     Progress
	// The first observed iteration of the current scale, and its time.
	first int
	since time.Time
	at    time.Time // time of the last iteration
	// The time of an iteration, and that of the first of a scale, at the last two
	// scales.
	iteration, opening line
}

// line is a time as a linear function of the pixels, through the last two known points.
type line struct{ present, before speed }

// speed is how long an iteration takes at a scale.
type speed struct {
	pixels  float64 // up to a factor: the square of the size of the scale
	seconds float64 // 0 where unknown
}

// NewPace returns the pace of a painting with the given schedule, [Recipe.Schedule].
// The painting may skip the first scales.
func NewPace(schedule []Scale) *Pace { return &Pace{schedule: schedule} }

// Observe records an iteration that ended at the given time.
func (e *Pace) Observe(p Progress, now time.Time) {
	pixels := e.pixels(p, p.Scale)
	if p.Scale != e.last.Scale {
		if e.last.Scale > 0 {
			e.opening.set(pixels, now.Sub(e.at).Seconds())
		}
		e.first, e.since = p.Iteration, now
	}
	if n := p.Iteration - e.first; n > 0 {
		e.iteration.set(pixels, now.Sub(e.since).Seconds()/float64(n))
	}
	e.last, e.at = p, now
}

// scheduled returns the scale with a number, counted from 1, of a painting.
func (e *Pace) scheduled(p Progress, scale int) Scale {
	return e.schedule[len(e.schedule)-p.Scales+scale-1]
}

// pixels returns the number of pixels of a scale, up to a factor.
func (e *Pace) pixels(p Progress, scale int) float64 {
	size := float64(e.scheduled(p, scale).Size)
	return size * size
}

// Rate returns the iterations per second at the current scale, 0 while unknown.
func (e *Pace) Rate() float64 {
	if e.last.Iteration == e.first {
		return 0
	}
	return 1 / e.iteration.present.seconds
}

// Left returns the remaining time, and whether it is known.
func (e *Pace) Left() (left time.Duration, known bool) {
	var (
		p       = e.last
		seconds float64
	)
	if n := p.Iterations - p.Iteration; n > 0 {
		if e.Rate() == 0 {
			return 0, false
		}
		seconds += e.iteration.present.seconds * float64(n)
	}
	for next := p.Scale + 1; next <= p.Scales; next++ {
		if e.opening.present.seconds == 0 {
			return 0, false
		}
		seconds += e.opening.predict(e.pixels(p, next))
		if n := e.scheduled(p, next).Iterations - 1; n > 0 {
			if e.iteration.before.seconds == 0 {
				return 0, false
			}
			seconds += e.iteration.predict(e.pixels(p, next)) * float64(n)
		}
	}
	return time.Duration(seconds * float64(time.Second)), true
}

// set records the time at a number of pixels.
func (l *line) set(pixels, seconds float64) {
	if pixels != l.present.pixels {
		l.before = l.present
	}
	l.present = speed{pixels, seconds}
}

// predict returns the time at a number of pixels. If only one time is known, it is
// taken as proportional to the pixels. Neither the slope nor the constant is negative,
// even if other programs disturbed the measurement.
func (l *line) predict(pixels float64) float64 {
	most := l.present.seconds / l.present.pixels
	growth := most
	if more := l.present.pixels - l.before.pixels; l.before.seconds > 0 && more != 0 {
		growth = min(max((l.present.seconds-l.before.seconds)/more, 0), most)
	}
	return max(0, l.present.seconds+growth*(pixels-l.present.pixels))
}
