package vgg

import (
	"slices"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// A section is a number of consecutive layers, computed in one window or window by
// window. Its input is the picture or the map at a pooling where the section before it
// ends.
type section struct {
	layers    []*plannedLayer
	base      int // halvings of the picture's sides at the input
	h, w      int // of the input
	precision kernel.Precision
	output    *tap           // where the section behind it takes its input; nil in the last section
	input     *kernel.Tensor // the map; nil where the input is the picture

	forward, backward []operation // backward is empty in a plan that is ForwardOnly
	masks             []maskShape // by number
	buffers           int         // of a frame

	windows []window
	frame   frame // of the window that is computed; others are computed again on the way back
}

// A plannedLayer is a layer of the network, a convolution and its ReLU, as a plan
// computes it.
type plannedLayer struct {
	name     string
	in, out  int          // channels
	halvings int          // of the picture's sides
	conv     *kernel.Conv // nil in the first layer
	tapped   bool
	pooled   bool // whether a pooling follows
}

// section lays out layers for an input of h x w. A section with an output has
// another one behind it.
func (p *Plan) section(layers []*plannedLayer, h, w int, output bool) *section {
	s := &section{layers: layers, base: layers[0].halvings, h: h, w: w, precision: p.precision}
	l := layout{section: s, plan: p, at: input, next: kept}
	for _, layer := range layers {
		l.layer(layer)
	}
	if output {
		s.output = &tap{channels: l.channels, halvings: l.halvings}
		l.look(s.output, operation{kind: opAdd})
	}
	l.back(operation{kind: opZero, channels: l.channels, halvings: l.halvings})
	s.buffers = int(l.next)
	slices.Reverse(s.backward)
	if p.forwardOnly {
		s.backward = nil
		return s
	}
	// The larger gradients are to lie where the larger activations lay.
	l.alternate(pong)
	bytes := s.operationBytes(h, w).total()
	l.alternate(ping)
	if s.operationBytes(h, w).total() > bytes {
		l.alternate(pong)
	}
	return s
}

// A layout is a section that is being laid out. The way back is written from its end
// to its beginning, and at first without buffers.
type layout struct {
	*section
	plan               *Plan
	at                 buffer // that the last operation wrote
	channels, halvings int    // its shape
	next               buffer // to be kept
}

// layer adds a layer and the pooling behind it.
func (l *layout) layer(layer *plannedLayer) {
	var (
		halvings     = layer.halvings - l.base
		relu, argmax = l.mask(layer.out, halvings), none
		to           = l.other(l.at)
		forth        = operation{kind: opConv, conv: layer.conv, channels: layer.out, halvings: halvings, relu: relu, argmax: none}
		back         = operation{kind: opConvBack, conv: layer.conv, channels: layer.in, halvings: halvings, relu: relu, argmax: none}
		look         = operation{kind: opAdd}
	)
	if layer.pooled && l.plan.pooling == kernel.MaxPooling {
		argmax = l.mask(layer.out, halvings)
	}
	switch {
	case layer.conv == nil:
		forth.kind, back.kind, look.kind = opFirstConv, opFirstConvBack, opAddAgain
	case layer.tapped && !l.plan.forwardOnly:
		to = l.next
		l.next++
	case layer.pooled && !layer.tapped: // what is pooled need not be stored
		forth.kind, forth.halvings, forth.argmax = opConvPool, halvings+1, argmax
		back.kind, back.argmax = opConvPoolBack, argmax
	}
	l.forth(forth, to)
	l.back(back)
	if layer.tapped {
		look.src = to
		l.look(&tap{layer: layer.name, channels: layer.out, halvings: halvings}, look)
	}
	if layer.pooled && forth.kind != opConvPool {
		l.forth(operation{kind: opPool, channels: layer.out, halvings: halvings + 1, relu: none, argmax: argmax}, l.other(to))
		l.back(operation{kind: opPoolBack, channels: layer.out, halvings: halvings, relu: none, argmax: argmax})
	}
}

// mask returns the number of a new mask, or none where there is no way back.
func (l *layout) mask(channels, halvings int) int {
	if l.plan.forwardOnly {
		return none
	}
	l.masks = append(l.masks, maskShape{channels, halvings})
	return len(l.masks) - 1
}

// forth adds an operation that takes what the last one wrote.
func (l *layout) forth(o operation, to buffer) {
	o.src, o.dst = l.at, to
	l.forward = append(l.forward, o)
	l.at, l.channels, l.halvings = to, o.channels, o.halvings
}

func (l *layout) back(o operation) { l.backward = append(l.backward, o) }

// look adds a tap at what the last operation wrote; back is how its gradient is added.
func (l *layout) look(t *tap, back operation) {
	l.forward = append(l.forward, operation{kind: opObserve, src: l.at, tap: t, relu: none, argmax: none})
	back.tap = t
	l.back(back)
}

// other returns the one of ping and pong that b is not.
func (l *layout) other(b buffer) buffer {
	if b == ping {
		return pong
	}
	return ping
}

// alternate gives the operations of the way back, in their order, their buffers: those
// of gradients alternate, beginning with at.
func (l *layout) alternate(at buffer) {
	for i := range l.backward {
		o := &l.backward[i]
		switch o.kind {
		case opZero, opAdd, opAddAgain:
			o.dst = at
			continue
		}
		o.src, at = at, l.other(at)
		if i == len(l.backward)-1 { // opFirstConvBack, which ends at the picture, has no dst
			at = input
		}
		o.dst = at
	}
}

// frameBytes is the memory of a frame in bytes. All sections share ping, pong, the rows
// of the first layer that are computed again, and the copies that taps see. Each section
// has its own memory for everything else.
type frameBytes struct{ ping, pong, rows, copies, own int64 }

func (b frameBytes) total() int64 { return b.ping + b.pong + b.rows + b.copies + b.own }

// frameBytes returns the memory of a frame for windows of h x w, with that of the map
// that a section begins at.
func (s *section) frameBytes(h, w, windows int) frameBytes {
	var (
		b       = s.operationBytes(h, w)
		divided = windows > 1
		back    = len(s.backward) > 0
		in      = s.layers[0].in
		tensor  = func(h, w int) int64 { return kernel.TensorBytes(s.precision, in, h, w) }
	)
	if s.base > 0 {
		b.own += tensor(s.h, s.w)
	}
	if divided {
		switch {
		case s.base > 0:
			b.own += tensor(h, w)
		case back: // the pixels and their gradient
			b.own += 2 * 4 * int64(in*h*w)
		default:
			b.own += 4 * int64(in*h*w)
		}
	}
	if divided && back && s.base > 0 {
		b.own += tensor(h, s.w)
		if h < s.h {
			b.own += tensor(2*s.reach(), s.w)
		}
	}
	if s.copies(w) {
		b.copies = s.copyBytes(h, w)
	}
	return b
}

// operationBytes returns the memory of what the operations write for a window of h x w.
func (s *section) operationBytes(h, w int) frameBytes {
	var (
		sides     = func(halvings int) (int, int) { return max(1, h>>halvings), max(1, w>>halvings) }
		tensors   = make([]int64, s.buffers)
		own, rows int64
	)
	for _, list := range [][]operation{s.forward, s.backward} {
		for _, o := range list {
			switch {
			case o.writes():
				h, w := sides(o.halvings)
				tensors[o.dst] = max(tensors[o.dst], kernel.TensorBytes(s.precision, o.channels, h, w))
			case o.kind == opAddAgain:
				rows = kernel.TensorBytes(s.precision, o.tap.channels, min(s.coreSide(h, s.h), partRows(o.tap, w)), w)
			}
		}
	}
	for _, m := range s.masks {
		h, w := sides(m.halvings)
		own += kernel.MaskBytes(m.channels, h, w)
	}
	for _, bytes := range tensors[kept:] {
		own += bytes
	}
	return frameBytes{ping: tensors[ping], pong: tensors[pong], rows: rows, own: own}
}

// copies reports whether taps see copies of parts of activations: where these are
// not float32, or windows do not reach from side to side.
func (s *section) copies(w int) bool { return s.precision != kernel.Float32 || w < s.w }

// copyBytes returns the memory of a copy of the largest part of an activation in
// windows of h x w, and of its gradient.
func (s *section) copyBytes(h, w int) (bytes int64) {
	h, w = s.coreSide(h, s.h), s.coreSide(w, s.w)
	for _, o := range s.forward {
		if o.kind == opObserve && o.tap.layer != "" {
			h, w := max(1, h>>o.tap.halvings), max(1, w>>o.tap.halvings)
			bytes = max(bytes, kernel.TensorBytes(kernel.Float32, o.tap.channels, min(h, partRows(o.tap, w)), w))
		}
	}
	if len(s.backward) > 0 {
		bytes *= 2
	}
	return bytes
}

// coreSide returns the longest side of the core of a window, given that of the window
// and that of the input.
func (s *section) coreSide(n, whole int) int {
	if n == whole {
		return n
	}
	return n - s.reach()
}

// grid returns the distance between lines of the input where every pooling begins
// anew.
func (s *section) grid() int {
	last := s.layers[len(s.layers)-1]
	grid := 1 << (last.halvings - s.base)
	if last.pooled {
		grid *= 2
	}
	return grid
}

// reach returns how many positions of the input beyond its own the deepest activation
// sees, rounded up to the grid.
func (s *section) reach() int {
	reach, grid := 0, s.grid()
	for _, l := range s.layers {
		reach += 1 << (l.halvings - s.base)
	}
	return (reach + grid - 1) / grid * grid
}

// operations returns the number of floating-point operations of the convolutions at
// each position of the input, forward and back.
func (s *section) operations() float64 {
	var sum float64
	for _, l := range s.layers {
		halvings := l.halvings - s.base
		sum += 2 * 2 * 9 * float64(l.in) * float64(l.out) / float64(int(1)<<(2*halvings))
	}
	return sum
}
