package vgg

import (
	"cmp"
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// divide chooses the sections and windows that need the fewest operations within the
// memory limit.
func (p *Plan) divide() error {
	whole := p.section(p.layers, p.h, p.w, false)
	whole.useWholeInput()
	p.use(whole)
	if p.memory == 0 || whole.frameBytes(p.h, p.w, 1).total() <= p.memory {
		return nil
	}
	var (
		best  []option
		least = int64(math.MaxInt64)
	)
	for _, sections := range p.splits() {
		choice, need := p.choose(sections)
		least = min(least, need)
		if choice != nil && (best == nil || cost(choice) < cost(best)) {
			best = choice
			p.sections = sections
		}
	}
	if best == nil {
		return &MemoryError{Least: least, Allowed: p.memory}
	}
	for i, o := range best {
		p.sections[i].divide(o.height, o.width)
	}
	p.use(p.sections...)
	return nil
}

// use makes the given sections those of the plan.
func (p *Plan) use(sections ...*section) {
	p.sections = sections
	for i, s := range sections {
		if i > 0 {
			s.input = &kernel.Tensor{Precision: p.precision}
		}
		s.frame = p.newFrame(s)
	}
}

// splits returns the ways to split the layers into sections: one section, or two, split
// at a pooling.
func (p *Plan) splits() [][]*section {
	ways := [][]*section{{p.section(p.layers, p.h, p.w, false)}}
	for i, l := range p.layers {
		if l.pooled {
			ways = append(ways, p.split(i+1))
		}
	}
	return ways
}

// split returns two sections. The first has the given number of layers.
func (p *Plan) split(layers int) []*section {
	first := p.section(p.layers[:layers], p.h, p.w, true)
	halvings := p.layers[layers].halvings
	return []*section{first, p.section(p.layers[layers:], p.h>>halvings, p.w>>halvings, false)}
}

// An option is a way to divide a section into windows.
type option struct {
	height, width int     // distances between windows
	cost          float64 // number of operations
	bytes         frameBytes
}

// A division is a way to divide one side of a section's input.
type division struct {
	step, windows int
	first         int // length of the first window, which is the largest
	positions     int // total length of all windows
}

// divisions returns the ways to divide a side of the given length.
func (s *section) divisions(length int) []division {
	var all []division
	for _, step := range s.steps(length) {
		spans := s.spans(length, step)
		d := division{step: step, windows: len(spans), first: spans[0].n}
		for _, s := range spans {
			d.positions += s.n
		}
		all = append(all, d)
	}
	return all
}

// option combines divisions of both sides.
func (s *section) option(rows, columns division) option {
	windows := rows.windows * columns.windows
	o := option{height: rows.step, width: columns.step, bytes: s.frameBytes(rows.first, columns.first, windows)}
	o.cost = s.operations() * float64(rows.positions) * float64(columns.positions)
	if windows > 1 && len(s.backward) > 0 {
		o.cost *= 1.5 // the forward pass runs twice
	}
	return o
}

// options returns the ways to divide a section, the cheapest first. It omits a way
// where a cheaper one takes no more memory.
func (s *section) options() []option {
	var all, pareto []option
	widths := s.divisions(s.w)
	for _, height := range s.divisions(s.h) {
		for _, width := range widths {
			all = append(all, s.option(height, width))
		}
	}
	slices.SortStableFunc(all, func(a, b option) int { return cmp.Compare(a.cost, b.cost) })
	for _, o := range all {
		if len(pareto) == 0 || o.bytes.total() < pareto[len(pareto)-1].bytes.total() {
			pareto = append(pareto, o)
		}
	}
	return pareto
}

// choose returns the cheapest combination of options, one for each section, that fits
// into the memory limit, or nil where none fits. least is the memory of the smallest
// combination.
func (p *Plan) choose(sections []*section) (best []option, least int64) {
	least = math.MaxInt64
	ways := [][]option{nil}
	for _, s := range sections {
		var longer [][]option
		options := s.options()
		for _, way := range ways {
			for _, o := range options {
				longer = append(longer, append(slices.Clip(way), o))
			}
		}
		ways = longer
	}
	for _, way := range ways {
		need := combinedBytes(way)
		least = min(least, need)
		if need <= p.memory && (best == nil || cost(way) < cost(best)) {
			best = way
		}
	}
	return best, least
}

// combinedBytes returns the memory of a combination of options. The sections share
// buffers, because they run one after the other.
func combinedBytes(way []option) int64 {
	var all frameBytes
	for _, o := range way {
		all.ping, all.pong = max(all.ping, o.bytes.ping), max(all.pong, o.bytes.pong)
		all.rows, all.copies = max(all.rows, o.bytes.rows), max(all.copies, o.bytes.copies)
		all.own += o.bytes.own
	}
	return all.total()
}

func cost(way []option) (sum float64) {
	for _, o := range way {
		sum += o.cost
	}
	return sum
}
