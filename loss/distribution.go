package loss

import (
	"fmt"
	"math"

	"github.com/pastiche-art/pastiche/kernel"
)

// The bins of a distribution are those of a floating-point format: binsPerOctave
// of equal width between a power of two and the next, from 2^leastExponent to
// 2^mostExponent, which is more than activations of any network need. They serve
// networks of large and of small activations alike, each to about 1/16 of a value
// before interpolation, and need no look at the activations beforehand. Bin 0 is
// what lies below: the zeros that ReLU leaves.
const (
	leastExponent, mostExponent = -14, 18
	mantissaBits                = 4
	binsPerOctave               = 1 << mantissaBits
	bins                        = 1 + (mostExponent-leastExponent)*binsPerOctave

	// A float32 has 23 bits of mantissa below an exponent with a bias of 127.
	binShift = 23 - mantissaBits
	firstKey = (leastExponent + 127) << mantissaBits
)

// binOf returns the bin of a value; what is not a number is in the last or, with a
// sign, the first. As signed integers, numbers that are not negative keep their order
// and negative ones lie below, which saves a branch that is hard to predict.
func binOf(v float32) int {
	return int(min(max(int32(math.Float32bits(v))>>binShift-(firstKey-1), 0), bins-1))
}

// binEdge returns where a bin from 1 on begins, which is where the one before it
// ends.
func binEdge(bin int) float64 {
	return float64(math.Float32frombits(uint32(bin-1+firstKey) << binShift))
}

// A Distribution holds, for each channel of an activation, how its values are
// distributed, whatever their positions.
type Distribution struct {
	channels [][bins]float64 // shares
}

// MeasureDistribution returns the distributions of an activation.
func MeasureDistribution(p *kernel.Pool, f *kernel.Tensor) *Distribution {
	return (*Guide)(nil).MeasureDistribution(p, f, 0, 0)
}

// MeasureDistribution returns the distributions of a part f of a layer, where
// every position counts T² times. Those of the whole are the [BlendDistributions]
// of those of its parts, with their positions for weights.
func (g *Guide) MeasureDistribution(p *kernel.Pool, f *kernel.Tensor, y, x int) *Distribution {
	s := newSpectrum(f.C, g)
	s.observe(p, f, y, x)
	d := &Distribution{make([][bins]float64, f.C)}
	for c := range s.channels {
		for b, v := range s.channels[c] {
			d.channels[c][b] = v.n / float64(f.Positions())
		}
	}
	return d
}

// BlendDistributions returns the weighted mean of the distributions of several
// styles, or of the parts of one picture, which have weights in proportion to
// their positions.
func BlendDistributions(weights []float64, of ...*Distribution) *Distribution {
	if len(weights) != len(of) || len(of) == 0 {
		panic(fmt.Sprintf("loss: %d weights for %d distributions", len(weights), len(of)))
	}
	var total float64
	for _, w := range weights {
		total += w
	}
	d := &Distribution{make([][bins]float64, len(of[0].channels))}
	for i, o := range of {
		for c := range o.channels {
			for b, v := range o.channels[c] {
				d.channels[c][b] += weights[i] / total * v
			}
		}
	}
	return d
}

// held is what a bin holds: the sums of 1, v and v² over its values v.
type held struct{ n, v, vv float64 }

func (h *held) add(v float64) {
	h.n++
	h.v += v
	h.vv += v * v
}

func (h *held) addWeighed(weight, v float64) {
	h.n += weight
	h.v += weight * v
	h.vv += weight * v * v
}

// spectrum is distributions in the making, with what the cost needs besides.
type spectrum struct {
	guide    *Guide
	channels [][bins]held
	seen     bool
}

func newSpectrum(channels int, guide *Guide) *spectrum {
	return &spectrum{guide: guide, channels: make([][bins]held, channels)}
}

// observe adds a part of an activation. The first part of a new one takes the
// place of the last one's distributions.
func (s *spectrum) observe(p *kernel.Pool, f *kernel.Tensor, y, x int) {
	fresh := !s.seen
	s.seen = true
	p.Run(f.Blocks(), func(_, b int) {
		channels := s.channels[b*kernel.Lanes : min((b+1)*kernel.Lanes, f.C)]
		if fresh {
			clear(channels)
		}
		for row := range f.H {
			values := f.Row(b, row)
			for col := range f.W {
				if s.guide == nil {
					for k, v := range values[col*kernel.Lanes:][:len(channels)] {
						channels[k][binOf(v)].add(float64(v))
					}
					continue
				}
				weight := s.guide.share(y+row, x+col)
				for k, v := range values[col*kernel.Lanes:][:len(channels)] {
					channels[k][binOf(v)].addWeighed(weight, float64(v))
				}
			}
		}
	})
}

// share returns T² at a position.
func (g *Guide) share(y, x int) float64 {
	return float64(g.square.Values[y*g.square.W+x])
}

// quantiles is a distribution function that can be inverted.
type quantiles struct {
	upTo [bins + 1]float64 // share of the values before each bin
	last int               // the last bin with values
}

func newQuantiles(shares *[bins]float64) (q quantiles) {
	var total float64
	for b, share := range shares {
		q.upTo[b+1] = q.upTo[b] + share
		total += share
		if share > 0 {
			q.last = b
		}
	}
	for b := range q.upTo {
		q.upTo[b] /= max(total, math.SmallestNonzeroFloat64)
	}
	return q
}

// rounding is how far two sums of shares may be apart that are the same.
const rounding = 1e-9

// at returns the value below which a share of all values lies, given a bin that is
// not beyond it; the bin moves on to where that value is. Where many values would
// do, because there is nothing between two of them, it is the least of these, or,
// if after is true, the greatest.
func (q *quantiles) at(share float64, after bool, bin *int) float64 {
	for *bin < q.last && (q.upTo[*bin+1] < share-rounding || after && q.upTo[*bin+1] <= share+rounding) {
		*bin++
	}
	if *bin == 0 {
		return 0
	}
	low, high := binEdge(*bin), binEdge(*bin+1)
	width := q.upTo[*bin+1] - q.upTo[*bin]
	if !(width > 0) {
		return low
	}
	return low + (high-low)*min(max((share-q.upTo[*bin])/width, 0), 1)
}
