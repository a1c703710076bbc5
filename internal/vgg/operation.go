package vgg

import "github.com/pastiche-art/pastiche/internal/kernel"

// An operation is one step of a section's way forward or back. A section is laid
// out once, as two lists of operations. Running it, measuring its memory and
// dividing it into windows all read these lists.
type operation struct {
	kind kind
	conv *kernel.Conv
	tap  *tap // of opObserve, opAdd and opAddAgain
	// src and dst are the buffers of the operands. An operation that writes dst
	// makes it a tensor of the given channels, whose sides are those of the
	// section's input, halved so many times.
	src, dst           buffer
	channels, halvings int
	// relu is the number of the mask of a layer's positive outputs, argmax that of
	// the mask of a pooling's maxima. Each may be none.
	relu, argmax int
}

// A kind says what an operation does.
type kind int

// The kinds on the way forward.
const (
	opFirstConv kind = iota // pixels to dst; sets relu
	opConv                  // src to dst; sets relu
	opConvPool              // src to dst, pooled; sets relu and argmax
	opPool                  // src to dst; sets argmax
	opObserve               // shows src at a tap
)

// The kinds on the way back. Buffers hold gradients, but for src of opAdd.
const (
	opZero          kind = iota + opObserve + 1 // clears dst
	opAdd                                       // adds the gradient at a tap, whose activation is src, to dst
	opAddAgain                                  // opAdd, with the activation computed again from the pixels
	opConvBack                                  // src to dst; reads relu
	opConvPoolBack                              // src to dst; reads relu and argmax
	opPoolBack                                  // src to dst; reads argmax
	opFirstConvBack                             // src to the gradient of the pixels; reads relu
)

// A buffer is the number of a tensor of a [frame].
type buffer int

// The buffers. Layers hand on activations and gradients in ping and pong, in turn.
const (
	ping  buffer = iota
	pong         //
	input        // the section's input, unless that is the picture; then its gradient
	kept         // from here on, activations that the way back needs
)

// none is the number of no mask.
const none = -1

// writes reports whether the operation makes dst a tensor of its own.
func (o *operation) writes() bool {
	switch o.kind {
	case opObserve, opAdd, opAddAgain, opFirstConvBack:
		return false
	}
	return true
}

// A tap is where activations leave a section: at a layer that was asked for or, to
// the section behind it, at its output.
type tap struct {
	layer              string // "" for the output
	channels, halvings int    // halvings of the section's input
}

// A frame is the memory in which a section computes a window.
type frame struct {
	window  window
	tensors []*kernel.Tensor // by buffer
	masks   []*kernel.Mask   // by number
	// The input of the section that begins at the picture, and its gradient.
	pixels, gradient []float32
}

// mask returns the mask of a number, nil for none.
func (f *frame) mask(number int) *kernel.Mask {
	if number == none {
		return nil
	}
	return f.masks[number]
}

// A maskShape is the shape of a mask, with the sides of the section's input, halved
// so many times.
type maskShape struct{ channels, halvings int }

// run carries out an operation in a frame. For opObserve, opAdd and opAddAgain it calls
// look.
func (p *Plan) run(o *operation, f *frame, look func(o *operation, f *frame)) {
	var (
		src, dst     = f.tensors[o.src], f.tensors[o.dst]
		relu, argmax = f.mask(o.relu), f.mask(o.argmax)
	)
	if o.writes() {
		dst.Reshape(o.channels, f.window.h>>o.halvings, f.window.w>>o.halvings)
	}
	switch o.kind {
	case opFirstConv:
		p.engine.FirstConv(p.first, dst, relu, f.pixels)
	case opConv:
		p.engine.Conv(o.conv, dst, relu, src)
	case opConvPool:
		p.engine.ConvPool(o.conv, dst, relu, src, p.pooling, argmax)
	case opPool:
		p.engine.Downsample(dst, src, argmax, p.pooling)
	case opZero:
		dst.Zero()
	case opConvBack:
		p.engine.ConvBack(o.conv, dst, src, relu)
	case opConvPoolBack:
		p.engine.ConvPoolBack(o.conv, dst, src, relu, p.pooling, argmax)
	case opPoolBack:
		p.engine.DownsampleBack(dst, src, argmax, p.pooling)
	case opFirstConvBack:
		p.engine.FirstConvBack(p.first, f.gradient, src, relu)
	default:
		look(o, f)
	}
}
