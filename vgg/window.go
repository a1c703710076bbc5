package vgg

import (
	"fmt"

	"github.com/pastiche-art/pastiche/kernel"
)

// Large pictures are computed window by window. The cores of the windows divide
// the picture, along lines where every pooling begins a new window of its own;
// around its core a window shows as much of the picture as the core's activations
// see. So activations in the core are those of the whole picture, and as a
// gradient is linear, the sum of what each core's costs send back through its
// window is the gradient of the whole: there are no seams. Activations outside
// the core, which the window's edges may have spoiled, are looked at by nobody.

// A window is a part of a picture.
type window struct {
	y, x, h, w int  // in the picture
	core       area // in the picture
}

// area is a range of rows and columns.
type area struct{ top, left, bottom, right int }

// at returns the area in feature maps that were halved so many times, given the
// size of the whole picture: an odd row or column at its end is dropped.
func (a area) at(halvings, h, w int) area {
	end := func(v, whole int) int {
		if v == whole {
			return whole >> halvings
		}
		return v >> halvings
	}
	return area{a.top >> halvings, a.left >> halvings, end(a.bottom, h), end(a.right, w)}
}

// grid returns the distance between lines where every pooling begins anew.
func (p *Plan) grid() int {
	grid := 1
	for _, s := range p.stages {
		if s.pooled {
			grid *= 2
		}
	}
	return grid
}

// reach returns how many pixels beyond its own an activation of the deepest tap
// sees, rounded up to the grid.
func (p *Plan) reach() int {
	reach, step := 0, 1
	for _, s := range p.stages {
		if s.pooled {
			step *= 2
		}
		reach += step
	}
	return (reach + step - 1) / step * step
}

// MemoryError says that no window of a picture fits into the memory allowed.
type MemoryError struct {
	Least, Allowed int64 // bytes
}

func (e *MemoryError) Error() string {
	return fmt.Sprintf("the network needs %d MiB for the smallest part of such a picture, and %d MiB are allowed",
		(e.Least+1<<20-1)>>20, e.Allowed>>20)
}

// divide chooses the windows: as few pixels in all as the memory allows.
func (p *Plan) divide() error {
	memory := p.memory
	if memory == 0 || p.wholeBytes() <= memory {
		p.windows = []window{{h: p.h, w: p.w, core: area{0, 0, p.h, p.w}}}
		return nil
	}
	var (
		grid, reach      = p.grid(), p.reach()
		rows, columns    = (p.h + grid - 1) / grid, (p.w + grid - 1) / grid
		best, bestHeight int
		bestWidth        int
		least            int64
		margin           = 2*reach + grid*(kernel.Tile-1) // the widest around a core
	)
	for height := 1; height <= rows; height++ {
		for width := 1; width <= columns; width++ {
			h, w := min(p.h, height*grid+margin), min(p.w, width*grid+margin)
			need := p.windowBytes(h, w)
			if least == 0 {
				least = need
			}
			if need > memory {
				break
			}
			count := ((rows + height - 1) / height) * ((columns + width - 1) / width)
			if total := count * h * w; best == 0 || total < best {
				best, bestHeight, bestWidth = total, height*grid, width*grid
			}
		}
	}
	if best == 0 {
		return &MemoryError{Least: least, Allowed: memory}
	}
	for top := 0; top < p.h; top += bestHeight {
		for left := 0; left < p.w; left += bestWidth {
			core := area{top, left, min(top+bestHeight, p.h), min(left+bestWidth, p.w)}
			// On lines where the engine's tiles begin in every layer, rounding is
			// that of the whole picture almost everywhere: it decides which
			// activations near zero are positive.
			align := grid * kernel.Tile
			y, x := max(0, top-reach)/align*align, max(0, left-reach)/align*align
			p.windows = append(p.windows, window{
				y: y, x: x, h: min(p.h, core.bottom+reach) - y, w: min(p.w, core.right+reach) - x, core: core,
			})
		}
	}
	return nil
}

// bytes returns the memory that the plan takes for a window of h x w.
func (p *Plan) bytes(h, w int) int64 {
	var kept int64
	for i, s := range p.stages {
		h, w := max(1, h>>s.halvings), max(1, w>>s.halvings)
		if s.routed {
			kept += kernel.MaskBytes(p.stages[i-1].channels, 2*h, 2*w)
		}
		if s.kept != nil {
			kept += kernel.TensorBytes(p.precision, s.channels, h, w)
		}
		if s.passes != nil {
			kept += kernel.MaskBytes(s.channels, h, w)
		}
	}
	if len(p.stages) > 0 && !p.forwardOnly && p.stages[0].tapped && p.stages[0].kept == nil {
		kept += kernel.TensorBytes(p.precision, p.stages[0].channels, p.firstRows(h, w), w)
	}
	return kept + p.passingBytes(h, w)
}

// passingBytes returns the memory of what layers hand on, step by step as
// forward and backward do it.
func (p *Plan) passingBytes(h, w int) int64 {
	const kept = 1 // where what is not passed on would be: the next is the first of the two
	var (
		sizes [2]int64
		at    = kept
		need  = func(channels, halvings int) {
			sizes[at] = max(sizes[at], kernel.TensorBytes(p.precision, channels, max(1, h>>halvings), max(1, w>>halvings)))
		}
	)
	for i, s := range p.stages {
		if s.pooled && !p.stages[i-1].merged {
			at = 1 - at
			need(p.stages[i-1].channels, s.halvings)
		}
		switch {
		case s.kept != nil:
			at = kept
		case s.merged:
			at = 1 - at
			need(s.channels, s.halvings+1)
		default:
			at = 1 - at
			need(s.channels, s.halvings)
		}
	}
	if len(p.stages) == 0 || p.forwardOnly {
		return sizes[0] + sizes[1]
	}
	at = p.turns() % 2
	last := p.stages[len(p.stages)-1]
	need(last.channels, last.halvings)
	for i := len(p.stages) - 1; i > 0; i-- {
		s, before := p.stages[i], p.stages[i-1]
		at = 1 - at
		need(before.channels, s.halvings)
		if s.pooled && !before.merged {
			at = 1 - at
			need(before.channels, before.halvings)
		}
	}
	return sizes[0] + sizes[1]
}

// wholeBytes returns the memory that the plan takes for the picture as one window.
func (p *Plan) wholeBytes() int64 {
	if p.precision == kernel.Float32 {
		return p.bytes(p.h, p.w)
	}
	return p.windowBytes(p.h, p.w)
}

// windowBytes returns the memory that the plan takes for a window of h x w of which
// taps see parts: with its pixels, a part of an activation, and their gradients.
func (p *Plan) windowBytes(h, w int) int64 {
	part := 0
	for _, s := range p.stages {
		if s.tapped {
			part = max(part, min(partElements, s.channels*(h>>s.halvings)*(w>>s.halvings)))
		}
	}
	return p.bytes(h, w) + 2*4*int64(part+3*h*w)
}

// partElements is about how much of a core is handed on at once.
const partElements = 1 << 21 // 8 MiB

// parts calls do for the parts of a window's core at a tap, with their places in
// the whole activation and in what is at hand: n rows of the window's activation
// from top on.
func (p *Plan) parts(w window, s *stage, top, n int, do func(part area, y, x int)) {
	core := w.core.at(s.halvings, p.h, p.w)
	y, x := w.y>>s.halvings+top, w.x>>s.halvings
	core.top, core.bottom = max(core.top, y), min(core.bottom, y+n)
	rows := max(1, partElements/(s.channels*max(1, core.right-core.left)))
	for top := core.top; top < core.bottom; top += rows {
		part := area{top, core.left, min(top+rows, core.bottom), core.right}
		if part.left < part.right {
			do(part, part.top-y, part.left-x)
		}
	}
}

// cut copies a window of a picture, 3 x H x W, to to.
func (p *Plan) cut(to, picture []float32, w window) {
	for i := range 3 * w.h {
		ch, y := i/w.h, i%w.h
		copy(to[i*w.w:][:w.w], picture[(ch*p.h+w.y+y)*p.w+w.x:])
	}
}

// mend adds a window, 3 x h x w, to a picture.
func (p *Plan) mend(picture, from []float32, w window) {
	for i := range 3 * w.h {
		ch, y := i/w.h, i%w.h
		to := picture[(ch*p.h+w.y+y)*p.w+w.x:][:w.w]
		for j, v := range from[i*w.w:][:w.w] {
			to[j] += v
		}
	}
}
