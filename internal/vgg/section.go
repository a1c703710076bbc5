package vgg

import (
	"slices"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// A section is a range of consecutive layers, computed whole or window by window. Its
// input is the picture, or the pooled map where the section before it ends.
type section struct {
	layers    []*plannedLayer
	base      int // halvings of the picture's sides at the input
	h, w      int // the size of the input
	precision kernel.Precision
	output    *tap           // the tap that the next section reads; nil in the last section
	input     *kernel.Tensor // the input of a section that does not begin at the picture, otherwise nil

	forward, backward []operation // backward is empty in a plan that is ForwardOnly
	masks             []maskShape // indexed by number
	buffers           int         // the number of buffers of a frame

	windows []window
	frame   frame // the frame of the current window; the backward pass recomputes the others
}

// A plannedLayer is a layer of the network, a convolution with its ReLU, in a plan.
type plannedLayer struct {
	name     string
	in, out  int          // channels
	halvings int          // halvings of the picture's sides
	conv     *kernel.Conv // nil in the first layer
	tapped   bool
	pooled   bool // followed by pooling
}

// section lays out layers for an input of h x w. With output, another section follows.
func (p *Plan) section(layers []*plannedLayer, h, w int, output bool) *section {
	s := &section{layers: layers, base: layers[0].halvings, h: h, w: w, precision: p.precision}
	l := layout{section: s, plan: p, at: input, next: kept}
	for _, layer := range layers {
		l.layer(layer)
	}
	if output {
		s.output = &tap{channels: l.channels, halvings: l.halvings}
		l.addTap(s.output, operation{kind: opAdd})
	}
	l.addBackward(operation{kind: opZero, channels: l.channels, halvings: l.halvings})
	s.buffers = int(l.next)
	slices.Reverse(s.backward)
	if p.forwardOnly {
		s.backward = nil
		return s
	}
	// Choose the order of ping and pong that lets the larger gradients reuse the memory
	// of the larger activations.
	l.assignBuffers(pong)
	bytes := s.operationBytes(h, w).total()
	l.assignBuffers(ping)
	if s.operationBytes(h, w).total() > bytes {
		l.assignBuffers(pong)
	}
	return s
}

// A layout builds the lists of operations of a section. It appends the backward
// operations in reverse order; section reverses them and then assigns their buffers.
type layout struct {
	*section
	plan               *Plan
	at                 buffer // the buffer that the last operation wrote
	channels, halvings int    // the shape of that buffer
	next               buffer // the next buffer for an activation that the backward pass needs
}

// layer appends the operations of a layer and of the pooling after it.
func (l *layout) layer(layer *plannedLayer) {
	var (
		halvings     = layer.halvings - l.base
		relu, argmax = l.mask(layer.out, halvings), none
		to           = l.other(l.at)
		forward      = operation{kind: opConv, conv: layer.conv, channels: layer.out, halvings: halvings, relu: relu, argmax: none}
		backward     = operation{kind: opConvBack, conv: layer.conv, channels: layer.in, halvings: halvings, relu: relu, argmax: none}
		add          = operation{kind: opAdd}
	)
	if layer.pooled && l.plan.pooling == kernel.MaxPooling {
		argmax = l.mask(layer.out, halvings)
	}
	switch {
	case layer.conv == nil:
		forward.kind, backward.kind, add.kind = opFirstConv, opFirstConvBack, opAddRecomputed
	case layer.tapped && !l.plan.forwardOnly:
		to = l.next
		l.next++
	case layer.pooled && !layer.tapped: // the activation before pooling need not be stored
		forward.kind, forward.halvings, forward.argmax = opConvPool, halvings+1, argmax
		backward.kind, backward.argmax = opConvPoolBack, argmax
	}
	l.addForward(forward, to)
	l.addBackward(backward)
	if layer.tapped {
		add.src = to
		l.addTap(&tap{layer: layer.name, channels: layer.out, halvings: halvings}, add)
	}
	if layer.pooled && forward.kind != opConvPool {
		l.addForward(operation{kind: opPool, channels: layer.out, halvings: halvings + 1, relu: none, argmax: argmax}, l.other(to))
		l.addBackward(operation{kind: opPoolBack, channels: layer.out, halvings: halvings, relu: none, argmax: argmax})
	}
}

// mask returns the number of a new mask, or none in a plan that is ForwardOnly.
func (l *layout) mask(channels, halvings int) int {
	if l.plan.forwardOnly {
		return none
	}
	l.masks = append(l.masks, maskShape{channels, halvings})
	return len(l.masks) - 1
}

// addForward appends an operation that reads the result of the last one.
func (l *layout) addForward(o operation, to buffer) {
	o.src, o.dst = l.at, to
	l.forward = append(l.forward, o)
	l.at, l.channels, l.halvings = to, o.channels, o.halvings
}

func (l *layout) addBackward(o operation) { l.backward = append(l.backward, o) }

// addTap appends a tap at the result of the last operation. back adds its gradient.
func (l *layout) addTap(t *tap, backward operation) {
	l.forward = append(l.forward, operation{kind: opObserve, src: l.at, tap: t, relu: none, argmax: none})
	backward.tap = t
	l.addBackward(backward)
}

// other returns pong for ping, and ping for everything else.
func (l *layout) other(b buffer) buffer {
	if b == ping {
		return pong
	}
	return ping
}

// assignBuffers assigns the buffers of the backward operations. Gradients alternate
// between ping and pong, beginning with at.
func (l *layout) assignBuffers(at buffer) {
	for i := range l.backward {
		o := &l.backward[i]
		switch o.kind {
		case opZero, opAdd, opAddRecomputed:
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

// frameBytes is the memory of a frame in bytes. All sections share ping, pong, the
// recomputed rows of the first layer, and the copies for taps. own is the memory that
// each section has for itself.
type frameBytes struct{ ping, pong, rows, copies, own int64 }

func (b frameBytes) total() int64 { return b.ping + b.pong + b.rows + b.copies + b.own }

// frameBytes returns the memory of a frame for windows of h x w, including the map that
// is the input of the section.
func (s *section) frameBytes(h, w, windows int) frameBytes {
	var (
		b        = s.operationBytes(h, w)
		divided  = windows > 1
		backward = len(s.backward) > 0
		in       = s.layers[0].in
		tensor   = func(h, w int) int64 { return kernel.TensorBytes(s.precision, in, h, w) }
	)
	if s.base > 0 {
		b.own += tensor(s.h, s.w)
	}
	if divided {
		switch {
		case s.base > 0:
			b.own += tensor(h, w)
		case backward:
			b.own += 2 * 4 * int64(in*h*w)
		default:
			b.own += 4 * int64(in*h*w)
		}
	}
	if divided && backward && s.base > 0 {
		b.own += tensor(h, s.w)
		if h < s.h {
			b.own += tensor(2*s.halo(), s.w)
		}
	}
	if s.copies(w) {
		b.copies = s.copyBytes(h, w)
	}
	return b
}

// operationBytes returns the memory of the results of all operations for a window of h
// x w.
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
			case o.kind == opAddRecomputed:
				rows = kernel.TensorBytes(s.precision, o.tap.channels, min(s.interiorSide(h, s.h), partRows(o.tap, w)), w)
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

// copies reports whether taps receive copies of activations: where activations are not
// float32, or windows are narrower than the map.
func (s *section) copies(w int) bool { return s.precision != kernel.Float32 || w < s.w }

// copyBytes returns the memory of the copy of the largest part of an activation, and of
// its gradient, in windows of h x w.
func (s *section) copyBytes(h, w int) (bytes int64) {
	h, w = s.interiorSide(h, s.h), s.interiorSide(w, s.w)
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

// interiorSide returns the largest side of the interior of a window with side n. whole
// is the side of the section's input.
func (s *section) interiorSide(n, whole int) int {
	if n == whole {
		return n
	}
	return n - s.halo()
}

// grid returns the distance between lines of the input on which the windows of every
// pooling are aligned.
func (s *section) grid() int {
	last := s.layers[len(s.layers)-1]
	grid := 1 << (last.halvings - s.base)
	if last.pooled {
		grid *= 2
	}
	return grid
}

// halo returns how many positions of the input beyond its own the deepest activation
// depends on, rounded up to the grid.
func (s *section) halo() int {
	halo, grid := 0, s.grid()
	for _, l := range s.layers {
		halo += 1 << (l.halvings - s.base)
	}
	return (halo + grid - 1) / grid * grid
}

// operations returns the number of floating-point operations of the convolutions for
// each position of the input, forward and backward.
func (s *section) operations() float64 {
	var sum float64
	for _, l := range s.layers {
		halvings := l.halvings - s.base
		sum += 2 * 2 * 9 * float64(l.in) * float64(l.out) / float64(int(1)<<(2*halvings))
	}
	return sum
}
