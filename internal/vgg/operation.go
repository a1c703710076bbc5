package vgg

import "github.com/pastiche-art/pastiche/internal/kernel"

// An operation is one step of the forward or backward pass of a section. A section is
// laid out once, as two lists of operations. Running it, computing its memory and
// dividing it into windows all read these lists.
type operation struct {
	kind kind
	conv *kernel.Conv
	tap  *tap // the tap of opObserve, opAdd and opAddRecomputed
	// src and dst are the buffers of the operands. An operation that writes dst first
	// reshapes it to the given channels and to the sides of the section's input, halved
	// halvings times.
	src, dst           buffer
	channels, halvings int
	// relu is the number of the ReLU mask of a layer, argmax the number of the argmax
	// mask of a pooling. Each may be none.
	relu, argmax int
}

// A kind is what an operation computes.
type kind int

// The kinds of the forward pass.
const (
	opFirstConv kind = iota // pixels to dst; sets relu
	opConv                  // src to dst; sets relu
	opConvPool              // src to dst, pooled; sets relu and argmax
	opPool                  // src to dst; sets argmax
	opObserve               // passes src to the observer of a tap
)

// The kinds of the backward pass. Buffers hold gradients, except src of opAdd.
const (
	opZero          kind = iota + opObserve + 1 // clears dst
	opAdd                                       // adds the gradient at a tap, whose activation is src, to dst
	opAddRecomputed                             // is opAdd with an activation recomputed from the pixels
	opConvBack                                  // src to dst; reads relu
	opConvPoolBack                              // src to dst; reads relu and argmax
	opPoolBack                                  // src to dst; reads argmax
	opFirstConvBack                             // src to the gradient of the pixels; reads relu
)

// A buffer is the index of a tensor of a [frame].
type buffer int

// The buffers. Consecutive layers write activations, and gradients, to ping and pong in
// turn.
const (
	ping  buffer = iota
	pong         //
	input        // the input of a section that does not begin at the picture; later its gradient
	kept         // the first of the activations that the backward pass needs
)

// none is the mask number of operations without a mask.
const none = -1

// writes reports whether the operation reshapes and overwrites dst.
func (o *operation) writes() bool {
	switch o.kind {
	case opObserve, opAdd, opAddRecomputed, opFirstConvBack:
		return false
	}
	return true
}

// A tap is a place where activations leave a section: a layer to observe, or the output
// of the section, which the next section reads.
type tap struct {
	layer              string // empty for the output
	channels, halvings int    // halvings of the sides of the section's input
}

// A frame holds the tensors and masks in which a section computes a window.
type frame struct {
	window  window
	tensors []*kernel.Tensor // indexed by buffer
	masks   []*kernel.Mask   // indexed by number
	// The input of a section that begins at the picture, and the gradient of that
	// input.
	pixels, gradient []float32
}

// mask returns the mask with the given number, or nil for none.
func (f *frame) mask(number int) *kernel.Mask {
	if number == none {
		return nil
	}
	return f.masks[number]
}

// A maskShape is the number of channels of a mask, and how often the sides of the
// section's input are halved.
type maskShape struct{ channels, halvings int }

// run executes an operation in a frame. It calls visit for opObserve, opAdd and
// opAddRecomputed.
func (p *Plan) run(o *operation, f *frame, visit func(o *operation, f *frame)) {
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
		visit(o, f)
	}
}
