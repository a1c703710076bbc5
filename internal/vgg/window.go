package vgg

import (
	"fmt"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// Large pictures are computed window by window. The interiors of the windows divide the
// input of a section, along lines on which the windows of every pooling are aligned.
// Around its interior, a window has a halo: the part of the input on which activations
// in the interior depend. Therefore activations in the interior are exactly those of
// the whole picture. Activations in the halo may be wrong, because they depend on the
// window's edges; no tap observes them. Gradients are linear: the sum of the gradients
// that the costs in each interior send back through its window is the gradient of the
// whole. There are no seams.
//
// The halo grows with the depth of a section, so that it pays to split a deep network
// at a pooling. The map at the split is stored whole. In the backward pass its gradient
// replaces it row by row.

// A window is a rectangle of the input of a section, with its interior.
type window struct {
	y, x, h, w int  // in the input of the section
	interior   area // in the input of the section
}

// An area is a range of rows and columns.
type area struct{ top, left, bottom, right int }

// at returns the area in maps that were halved halvings times. h and w are the size of
// the input. Pooling drops an odd last row or column.
func (a area) at(halvings, h, w int) area {
	end := func(v, whole int) int {
		if v == whole {
			return whole >> halvings
		}
		return v >> halvings
	}
	return area{a.top >> halvings, a.left >> halvings, end(a.bottom, h), end(a.right, w)}
}

// A MemoryError reports that not even the smallest window fits into the memory limit.
type MemoryError struct {
	Least, Allowed int64 // bytes
}

func (e *MemoryError) Error() string {
	return fmt.Sprintf("the network needs %d MiB for the smallest part of such a picture, and %d MiB are allowed",
		(e.Least+1<<20-1)>>20, e.Allowed>>20)
}

// A span is the rows, or columns, of a window: n from at on. Its interior is those from
// first to last-1.
type span struct{ at, n, first, last int }

// align returns the distance between lines of the input on which the pooling windows
// and the engine's tiles are aligned in every layer. In windows aligned to these lines,
// almost all values are rounded as in the whole picture. Rounding decides the signs of
// activations near zero.
func (s *section) align() int { return s.grid() * kernel.Tile }

// spans divides a side of the input into interiors of length step, a multiple of align.
// The first interior is longer, so that windows begin at multiples of step.
func (s *section) spans(length, step int) []span {
	var (
		halo = s.halo()
		all  []span
	)
	for at, first := 0, 0; first < length; at += step {
		last := at + halo + step
		if last+halo >= length {
			last = length
		}
		all = append(all, span{at: at, n: min(length, last+halo) - at, first: first, last: last})
		first = last
	}
	return all
}

// steps returns the steps that divide a side of the input, from one interior to as many
// as possible.
func (s *section) steps(length int) []int {
	var (
		align = s.align()
		inner = max(1, length-2*s.halo())
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

// divide sets windows with the given steps.
func (s *section) divide(height, width int) {
	s.windows = nil
	for _, y := range s.spans(s.h, height) {
		for _, x := range s.spans(s.w, width) {
			s.windows = append(s.windows, window{
				y: y.at, x: x.at, h: y.n, w: x.n, interior: area{y.first, x.first, y.last, x.last},
			})
		}
	}
}

// useWholeInput sets a single window, the whole input.
func (s *section) useWholeInput() {
	s.windows = []window{{h: s.h, w: s.w, interior: area{0, 0, s.h, s.w}}}
}
