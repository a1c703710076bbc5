package paint

import "time"

// A Pace tells, from the [Progress] of a painting, how fast it comes along and
// how long it still takes.
//
// An iteration's time is taken as a fixed part, for what does not depend on the
// picture's size such as roots of covariances, and one that grows with the pixels.
// Two scales tell them apart: while a first of several is painted, nobody knows
// how long the others will take.
type Pace struct {
	schedule []Scale
	last     Progress
	// Of the present scale: the first iteration that was observed, and when. What
	// came before it includes measuring the scale's targets.
	first int
	since time.Time
	// How long an iteration takes at the present scale and the one before, once
	// that is known.
	present, before speed
}

// speed is how long an iteration takes at a scale.
type speed struct {
	pixels  float64 // up to a factor: the square of the scale's size
	seconds float64 // 0 where that is not known
}

// NewPace returns the pace of a painting with the schedule of its recipe,
// [Recipe.Schedule].
func NewPace(schedule []Scale) *Pace { return &Pace{schedule: schedule} }

// Observe takes note of an iteration that ended at a time.
func (e *Pace) Observe(p Progress, now time.Time) {
	if p.Scale != e.last.Scale {
		if e.present.seconds > 0 {
			e.before = e.present
		}
		e.present = speed{pixels: e.pixels(p.Scale)}
		e.first, e.since = p.Iteration, now
	}
	if n := p.Iteration - e.first; n > 0 {
		e.present.seconds = now.Sub(e.since).Seconds() / float64(n)
	}
	e.last = p
}

// pixels returns what a scale, from 1, has of them.
func (e *Pace) pixels(scale int) float64 {
	size := float64(e.schedule[scale-1].Size)
	return size * size
}

// Rate returns the iterations in a second at the present scale, 0 where that is
// not known yet.
func (e *Pace) Rate() float64 {
	if e.present.seconds == 0 {
		return 0
	}
	return 1 / e.present.seconds
}

// Left returns how long the painting still takes, and whether that is known.
func (e *Pace) Left() (left time.Duration, known bool) {
	p := e.last
	if e.present.seconds == 0 || p.Scale < p.Scales && e.before.seconds == 0 {
		return 0, false
	}
	seconds := e.present.seconds * float64(p.Iterations-p.Iteration)
	for next := p.Scale + 1; next <= p.Scales; next++ {
		seconds += e.predict(e.pixels(next)) * float64(e.schedule[next-1].Iterations)
	}
	return time.Duration(seconds * float64(time.Second)), true
}

// predict returns the seconds of an iteration on so many pixels, on the line
// through those of the last two scales. Neither its part that grows nor the fixed
// one is negative, whatever else the machine did meanwhile.
func (e *Pace) predict(pixels float64) float64 {
	growth := 0.
	if more := e.present.pixels - e.before.pixels; more != 0 {
		growth = (e.present.seconds - e.before.seconds) / more
	}
	growth = min(max(growth, 0), e.present.seconds/e.present.pixels)
	return max(0, e.present.seconds+growth*(pixels-e.present.pixels))
}
