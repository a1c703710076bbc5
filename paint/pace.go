package paint

import "time"

// A Pace tells, from the [Progress] of a painting, how fast it comes along and
// how long it still takes.
//
// An iteration's time is taken as a fixed part, for what does not depend on the
// picture's size such as roots of covariances, and one that grows with the pixels.
// Two scales tell them apart: while a first of several is painted, nobody knows
// how long the others will take. So is that of a scale's first iteration, which
// comes after the measuring of its targets and, with Adam, evaluates twice.
type Pace struct {
	schedule []Scale
	last     Progress
	// Of the present scale: the first iteration that was observed, and when.
	first int
	since time.Time
	at    time.Time // of the last
	// How long an iteration takes at the last two scales where that is known, and
	// the first one of a scale.
	iteration, opening line
}

// line is a time that grows with the pixels, on the line through the last two
// that are known.
type line struct{ present, before speed }

// speed is how long an iteration takes at a scale.
type speed struct {
	pixels  float64 // up to a factor: the square of the scale's size
	seconds float64 // 0 where that is not known
}

// NewPace returns the pace of a painting with the schedule of its recipe,
// [Recipe.Schedule], of which the painting may leave out the first scales.
func NewPace(schedule []Scale) *Pace { return &Pace{schedule: schedule} }

// Observe takes note of an iteration that ended at a time.
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

// scheduled returns a scale, from 1, of a painting.
func (e *Pace) scheduled(p Progress, scale int) Scale {
	return e.schedule[len(e.schedule)-p.Scales+scale-1]
}

// pixels returns the number of pixels of a scale, up to a factor.
func (e *Pace) pixels(p Progress, scale int) float64 {
	size := float64(e.scheduled(p, scale).Size)
	return size * size
}

// Rate returns the iterations in a second at the present scale, 0 where that is
// not known yet.
func (e *Pace) Rate() float64 {
	if e.last.Iteration == e.first {
		return 0
	}
	return 1 / e.iteration.present.seconds
}

// Left returns how long the painting still takes, and whether that is known.
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

// set takes note of the seconds at so many pixels.
func (l *line) set(pixels, seconds float64) {
	if pixels != l.present.pixels {
		l.before = l.present
	}
	l.present = speed{pixels, seconds}
}

// predict returns the seconds at so many pixels; where one time alone is known, as
// if all of it grew. Neither the part that grows nor the fixed one is negative,
// whatever else the machine did meanwhile.
func (l *line) predict(pixels float64) float64 {
	most := l.present.seconds / l.present.pixels
	growth := most
	if more := l.present.pixels - l.before.pixels; l.before.seconds > 0 && more != 0 {
		growth = min(max((l.present.seconds-l.before.seconds)/more, 0), most)
	}
	return max(0, l.present.seconds+growth*(pixels-l.present.pixels))
}
