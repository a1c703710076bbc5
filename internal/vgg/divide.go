package vgg

import (
	"cmp"
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// divide chooses sections and windows: those that compute least within the memory
// allowed.
func (p *Plan) divide() error {
	whole := p.section(p.layers, p.h, p.w, false)
	whole.undivided()
	p.use(whole)
	if p.memory == 0 || whole.frameBytes(p.h, p.w, 1).total() <= p.memory {
		return nil
	}
	var (
		best  []option
		least = int64(math.MaxInt64)
	)
	for _, sections := range p.cuts() {
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

// use makes sections those of the plan.
func (p *Plan) use(sections ...*section) {
	p.sections = sections
	for i, s := range sections {
		if i > 0 {
			s.input = &kernel.Tensor{Precision: p.precision}
		}
		s.frame = p.newFrame(s)
	}
}

// cuts returns the ways to make sections of the layers: one of all, or two, cut at a
// pooling.
func (p *Plan) cuts() [][]*section {
	ways := [][]*section{{p.section(p.layers, p.h, p.w, false)}}
	for i, l := range p.layers {
		if l.pooled {
			ways = append(ways, p.cut(i+1))
		}
	}
	return ways
}

// cut returns two sections, the first of which has so many layers.
func (p *Plan) cut(layers int) []*section {
	first := p.section(p.layers[:layers], p.h, p.w, true)
	halvings := p.layers[layers].halvings
	return []*section{first, p.section(p.layers[layers:], p.h>>halvings, p.w>>halvings, false)}
}

// An option is a way to divide a section into windows.
type option struct {
	height, width int     // steps
	cost          float64 // in operations
	bytes         frameBytes
}

// A division is a way to divide a side of a section.
type division struct {
	step, windows int
	first         int // the rows, or columns, of the first window, which is the largest
	positions     int // the rows, or columns, of all windows together
}

// divisions returns the ways to divide a side.
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

// option returns the division of a section by divisions of its sides.
func (s *section) option(rows, columns division) option {
	windows := rows.windows * columns.windows
	o := option{height: rows.step, width: columns.step, bytes: s.frameBytes(rows.first, columns.first, windows)}
	o.cost = s.operations() * float64(rows.positions) * float64(columns.positions)
	if windows > 1 && len(s.backward) > 0 {
		o.cost *= 1.5 // forward twice, and back
	}
	return o
}

// options returns the ways to divide a section, the cheapest first, but for those that
// take as much memory as a cheaper one.
func (s *section) options() []option {
	var all, worth []option
	widths := s.divisions(s.w)
	for _, height := range s.divisions(s.h) {
		for _, width := range widths {
			all = append(all, s.option(height, width))
		}
	}
	slices.SortStableFunc(all, func(a, b option) int { return cmp.Compare(a.cost, b.cost) })
	for _, o := range all {
		if len(worth) == 0 || o.bytes.total() < worth[len(worth)-1].bytes.total() {
			worth = append(worth, o)
		}
	}
	return worth
}

// choose returns the cheapest options for sections that fit into the memory together,
// nil where none do, and the least memory that any take.
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
		need := together(way)
		least = min(least, need)
		if need <= p.memory && (best == nil || cost(way) < cost(best)) {
			best = way
		}
	}
	return best, least
}

// together returns the memory of options for sections that take turns.
func together(way []option) int64 {
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
