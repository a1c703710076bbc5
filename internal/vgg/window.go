package vgg

import (
	"fmt"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// Large pictures are computed window by window. The cores of the windows divide
// the input of a section along lines where every pooling begins anew. Around its core
// a window shows as much of the input, its halo, as the core's activations see. So
// activations in the core are those of the whole picture. A gradient is linear: the
// sum of what the costs in each core send back through its window is the gradient of
// the whole, and there are no seams. Activations in the halo, which the window's edges
// may have spoiled, are seen by no tap.
//
// The halo grows with the depth of a section, so it pays to cut a deep network at a
// pooling. The map at the cut is kept as a whole; on the way back, its gradient takes
// its place row by row.

// A window is a part of the input of a section.
type window struct {
	y, x, h, w int  // in the input
	core       area // in the input
}

// An area is a range of rows and columns.
type area struct{ top, left, bottom, right int }

// at returns the area in maps that were halved so many times, given the size of the
// input: an odd row or column at its end is dropped.
func (a area) at(halvings, h, w int) area {
	end := func(v, whole int) int {
		if v == whole {
			return whole >> halvings
		}
		return v >> halvings
	}
	return area{a.top >> halvings, a.left >> halvings, end(a.bottom, h), end(a.right, w)}
}

// A MemoryError says that no window of a picture fits into the memory allowed.
type MemoryError struct {
	Least, Allowed int64 // bytes
}

func (e *MemoryError) Error() string {
	return fmt.Sprintf("the network needs %d MiB for the smallest part of such a picture, and %d MiB are allowed",
		(e.Least+1<<20-1)>>20, e.Allowed>>20)
}

// A span is the rows, or the columns, of windows: n from at on, of which those from
// first to last-1 are the core's.
type span struct{ at, n, first, last int }

// align returns the distance between lines of the input where, in every layer, both
// poolings and the engine's tiles begin anew. On these lines the rounding of a window
// is that of the whole almost everywhere, which decides the signs of activations near
// zero.
func (s *section) align() int { return s.grid() * kernel.Tile }

// spans divides a side of the input into cores of a step, which is a multiple of
// align. The first core is longer: windows begin at a multiple of the step.
func (s *section) spans(length, step int) []span {
	var (
		reach = s.reach()
		all   []span
	)
	for at, first := 0, 0; first < length; at += step {
		last := at + reach + step
		if last+reach >= length {
			last = length
		}
		all = append(all, span{at: at, n: min(length, last+reach) - at, first: first, last: last})
		first = last
	}
	return all
}

// steps returns the steps that divide a side of the input into ever more cores.
func (s *section) steps(length int) []int {
	var (
		align = s.align()
		inner = max(1, length-2*s.reach())
		steps []int
	)
	for count := 1; ; count++ {
		step := max(1, (inner+count*align-1)/(count*align)) * align
		if len(steps) == 0 || step < steps[len(steps)-1] {
			steps = append(steps, step)
		}
		if step == align {
			return steps
		}
	}
}

// divide makes windows of the given steps.
func (s *section) divide(height, width int) {
	s.windows = nil
	for _, y := range s.spans(s.h, height) {
		for _, x := range s.spans(s.w, width) {
			s.windows = append(s.windows, window{
				y: y.at, x: x.at, h: y.n, w: x.n, core: area{y.first, x.first, y.last, x.last},
			})
		}
	}
}

// undivided makes the whole input one window.
func (s *section) undivided() {
	s.windows = []window{{h: s.h, w: s.w, core: area{0, 0, s.h, s.w}}}
}
