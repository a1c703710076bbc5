package video

import (
	"fmt"
	"math"
	"slices"
	"sort"
)

// A timing is when the frames of a file are shown.
type timing struct {
	tick   Rational // seconds
	starts []int64  // of each frame, in ticks, ascending
	end    int64    // of the last frame; 0 if it is unknown

	// declared are rates that the file declares.
	declared []Rational
}

// ntsc is the denominator of the rates of NTSC.
const ntsc = 1001

// standardRates are those of cinema and television.
var standardRates = []Rational{
	{24, 1}, {25, 1}, {30, 1}, {50, 1}, {60, 1}, {24000, ntsc}, {30000, ntsc}, {60000, ntsc},
	{10, 1}, {12, 1}, {15, 1}, {20, 1}, {48, 1}, {120, 1}, {15000, ntsc}, {120000, ntsc},
}

// highestRate is the highest rate that a file of variable rate is read at, unless it
// needs no repetition.
const highestRate = 60

// A cadence shows the frames of a file at a constant rate.
type cadence struct {
	rate Rational
	plan []int // the frame of the file that each frame of the video is; nil: each once
}

// cadence returns the constant rate of a timing: the one it has, if rounding times to
// ticks explains the differences, or else one at which frames are repeated so that
// each is shown for its time. The rate is then what the durations have in common, at
// most 60 a second. variable then describes the durations as a clause.
func (t timing) cadence(lim Limits) (c cadence, variable string, err error) {
	n := len(t.starts)
	if err := lim.frames(n); err != nil {
		return c, "", err
	}
	end := t.end
	if end == 0 {
		end = t.starts[n-1] + 1 // at least
		if n > 1 {
			end = t.starts[n-1] + max(1, int64(math.Round(float64(t.starts[n-1]-t.starts[0])/float64(n-1))))
		}
	}
	total := end - t.starts[0]
	shortest, longest, common := int64(math.MaxInt64), int64(0), int64(0)
	for i, s := range t.starts {
		next := end
		if i+1 < n {
			next = t.starts[i+1]
		}
		d := next - s
		shortest, longest, common = min(shortest, d), max(longest, d), gcd(common, d)
	}
	known := slices.Clone(t.declared)
	if shortest == longest && (t.end != 0 || n > 1) {
		known = append(known, t.every(shortest))
	}
	var guessed []Rational
	for _, r := range append(slices.Clone(standardRates), t.mean(n, total)) {
		const leastTicks = 2 // of a frame, or else a gap would look like a lower rate
		if r.valid() && r.Float()*t.tick.Float()*leastTicks <= 1 {
			guessed = append(guessed, r)
		}
	}
	for _, fits := range []func(Rational) bool{t.rounded, t.constant} {
		for _, r := range slices.Concat(known, guessed) {
			if r.valid() && fits(r) {
				return cadence{rate: r}, "", nil
			}
		}
	}

	c.rate = t.every(common)
	if common == 0 || c.rate.Float() > highestRate {
		c.rate = Rational{highestRate, 1}
		if shortest > 0 && t.every(shortest).Float() < highestRate {
			c.rate = t.every(shortest)
		}
	}
	second := t.tick.Float() // of a tick
	count := math.Round(float64(total) * second * c.rate.Float())
	if count > float64(lim.MaxFrames) {
		return c, "", lim.tooLong()
	}
	used := 0
	c.plan = make([]int, max(1, int(count)))
	for k := range c.plan {
		at := float64(t.starts[0]) + (float64(k)+0.5)/c.rate.Float()/second
		i := sort.Search(n, func(i int) bool { return float64(t.starts[i]) > at }) - 1
		c.plan[k] = max(i, 0)
		if k == 0 || c.plan[k] != c.plan[k-1] {
			used++
		}
	}
	ms := 1000 * second
	variable = fmt.Sprintf("frames are shown for %.3g to %.3g ms", ms*float64(shortest), ms*float64(longest))
	if used < n {
		variable += fmt.Sprintf(", of which the video keeps %d of %d", used, n)
	}
	return c, variable, nil
}

// mean returns the rate of n frames in a number of ticks, if its terms fit.
func (t timing) mean(n int, ticks int64) Rational {
	perSecond := t.tick.inverse()
	if perSecond.Num > maxTerm || perSecond.Den > maxTerm || ticks > math.MaxInt64/perSecond.Den || int64(n) > math.MaxInt64/perSecond.Num {
		return Rational{}
	}
	return ratio(int64(n)*perSecond.Num, ticks*perSecond.Den)
}

// every returns the rate of frames that are shown for some ticks.
func (t timing) every(ticks int64) Rational {
	if ticks <= 0 || ticks > math.MaxInt64/t.tick.Num {
		return Rational{}
	}
	return ratio(t.tick.Den, ticks*t.tick.Num)
}

// times yields when each frame is shown and when the last one ends, if that is known,
// in ticks from the start.
func (t timing) times(yield func(frame int, at int64) bool) {
	for i, s := range t.starts {
		if !yield(i, s-t.starts[0]) {
			return
		}
	}
	if t.end != 0 {
		yield(len(t.starts), t.end-t.starts[0])
	}
}

// rounded reports whether the times are those of a constant rate, rounded to the
// nearest tick.
func (t timing) rounded(r Rational) bool {
	perFrame := 1 / (r.Float() * t.tick.Float()) // ticks
	for i, at := range t.times {
		if int64(math.Round(float64(i)*perFrame)) != at {
			return false
		}
	}
	return true
}

// constant reports whether the times are those of a constant rate, rounded somehow: all
// deviations lie within one tick. Where a tick is long compared with a frame they must
// be less.
func (t timing) constant(r Rational) bool {
	perFrame := 1 / (r.Float() * t.tick.Float()) // ticks
	const precision = 1e-3
	allowed := 1 - precision
	if perFrame >= 4 {
		allowed = 1 + precision
	}
	least, most := 0.0, 0.0
	for i, at := range t.times {
		d := float64(at) - float64(i)*perFrame
		least, most = min(least, d), max(most, d)
	}
	return most-least <= allowed
}
