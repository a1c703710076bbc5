package loss

import (
	"math"

	"github.com/pastiche-art/pastiche/kernel"
)

// Histogram is the [Term] that Risser, Wilmot and Barnes 2017 (arXiv 1701.08893)
// add to Gram matrices: every channel of the activation F is to have the values
// that it has in the style, wherever they are. R remaps the values of each channel
// so that their histogram is the style's, in the same order,
//
//	J = 1/(C N) sum (F - R(F))²
//
// and the gradient is that with R(F) held constant, 2/(C N) (F - R(F)), which is
// also that of J itself: J is, for each channel, the squared 2-Wasserstein
// distance of the two histograms. With a guide T the sum and the histograms have
// the weights T².
//
// The histograms have sixteen bins between a power of two and the next; within a
// bin of the activation R is linear. Zeros, which are often many and which no
// order tells apart, all go to the mean of the values that are due to them.
type Histogram struct {
	opts    Options
	target  []quantiles
	current *spectrum
	remaps  [][bins]line // what F - R(F) is in each bin, times what the gradient has
}

// line is slope*v + offset.
type line struct{ slope, offset float32 }

// NewHistogram returns the cost against the distributions of a style.
func NewHistogram(style *Distribution, opts Options) *Histogram {
	n := len(style.channels)
	h := &Histogram{opts: opts, target: make([]quantiles, n), current: newSpectrum(n, opts.Guide), remaps: make([][bins]line, n)}
	for c := range style.channels {
		h.target[c] = newQuantiles(&style.channels[c])
	}
	return h
}

// Observe implements [Term].
func (h *Histogram) Observe(p *kernel.Pool, f *kernel.Tensor, y, x int) {
	h.current.observe(p, f, y, x)
}

// Evaluate implements [Term].
func (h *Histogram) Evaluate(p *kernel.Pool) float64 {
	s := h.opts.scale()
	cost := p.SumTasks(len(h.target), func(c int) float64 { return h.remap(c, s*s*h.opts.Weight) })
	h.current.seen = false
	return s * s * cost / float64(len(h.target))
}

// remap computes R for a channel, and returns the mean of (F - R(F))².
func (h *Histogram) remap(c int, weight float64) float64 {
	var (
		values = &h.current.channels[c]
		target = &h.target[c]
	)
	var positions float64
	for b := range values {
		positions += values[b].n
	}
	if positions == 0 {
		return 0
	}
	var (
		begin, end int // bins of the target
		upTo       float64
		sum        float64
		each       = 2 * weight / (float64(len(h.target)) * positions)
	)
	for b := range values {
		in := &values[b]
		if in.n == 0 {
			h.remaps[c][b] = line{}
			continue
		}
		// F - R(F) = slope F + offset.
		var slope, offset float64
		before := upTo
		upTo += in.n
		low, high := target.at(before/positions, true, &begin), target.at(upTo/positions, false, &end)
		if b == 0 {
			slope, offset = 1, -target.mean(upTo/positions)
		} else {
			edge := binEdge(b)
			steep := (max(high, low) - low) / (binEdge(b+1) - edge)
			slope, offset = 1-steep, steep*edge-low
		}
		sum += slope*slope*in.vv + 2*slope*offset*in.v + offset*offset*in.n
		h.remaps[c][b] = line{float32(each * slope), float32(each * offset)}
	}
	// Rounding may leave a sum of nothing below zero.
	return max(sum, 0) / positions
}

// mean returns the mean of the least values that make up a share of all.
func (q *quantiles) mean(share float64) float64 {
	var sum float64
	for b := 1; b <= q.last && q.upTo[b] < share; b++ {
		low, high := binEdge(b), binEdge(b+1)
		width := q.upTo[b+1] - q.upTo[b]
		if width <= 0 {
			continue
		}
		part := min(share, q.upTo[b+1]) - q.upTo[b]
		sum += part * (low + (high-low)*part/width/2)
	}
	return sum / math.Max(share, math.SmallestNonzeroFloat64)
}

// AddGradient implements [Term].
func (h *Histogram) AddGradient(p *kernel.Pool, grad, f *kernel.Tensor, y, x int) {
	guide := h.opts.Guide
	p.Run(f.Blocks(), func(_, b int) {
		remaps := h.remaps[b*kernel.Lanes : min((b+1)*kernel.Lanes, f.C)]
		for row := range f.H {
			to, values := grad.Row(b, row), f.Row(b, row)
			for col := range f.W {
				weight := float32(1)
				if guide != nil {
					weight = float32(guide.share(y+row, x+col))
				}
				to := to[col*kernel.Lanes:][:len(remaps)]
				for k, v := range values[col*kernel.Lanes:][:len(remaps)] {
					l := &remaps[k][binOf(v)]
					to[k] += weight * (l.slope*v + l.offset)
				}
			}
		}
	})
}
