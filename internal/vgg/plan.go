package vgg

import (
	"context"
	"fmt"
	"slices"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// PlanOptions say what a plan computes.
type PlanOptions struct {
	// Taps are the layers to observe, in any order, under their canonical names or
	// others (relu4_2). Observers are called with canonical names.
	Taps    []string
	Pooling kernel.Pooling
	// Replicate continues the picture's edge pixels into the padding of the
	// first layer, instead of zeros.
	Replicate bool
	// Precision is that of activations between layers. What is observed and added
	// at taps is float32 in either, and so are the picture and its gradient.
	Precision kernel.Precision
	// ForwardOnly keeps nothing for the way back.
	ForwardOnly bool
	// Memory is about how many bytes the plan may take; 0 is as many as it
	// likes. A picture for which they do not suffice is computed window by window,
	// to the same result but for rounding.
	Memory int64
	// Buffers may be shared by plans that run in turn; nil makes buffers for this plan.
	Buffers *Buffers
}

// Buffers are the memory in which layers hand on activations and gradients to the next.
// The zero value holds none.
type Buffers struct{ ping, pong kernel.Tensor }

// in returns the two tensors, which are of a precision from then on.
func (b *Buffers) in(precision kernel.Precision) (ping, pong *kernel.Tensor) {
	if b.ping.Precision != precision {
		b.ping, b.pong = kernel.Tensor{Precision: precision}, kernel.Tensor{Precision: precision}
	}
	return &b.ping, &b.pong
}

// Release gives the memory back. Plans that have the buffers make them anew.
func (b *Buffers) Release() {
	precision := b.ping.Precision
	*b = Buffers{kernel.Tensor{Precision: precision}, kernel.Tensor{Precision: precision}}
}

// A Plan is a network laid out for pictures of one size, as sections of layers that
// are each a list of operations. It belongs to the goroutine that uses its engine.
//
// Of most layers only the signs of their activations are kept for the way back:
// one bit for each. Whole activations are kept at taps, except for the first
// layer, which is computed again.
type Plan struct {
	network     *Network
	engine      kernel.Engine
	h, w        int
	pooling     kernel.Pooling
	precision   kernel.Precision
	first       *kernel.PixelConv
	layers      []*plannedLayer
	sections    []*section
	buffers     *Buffers
	forwardOnly bool
	memory      int64     // allowed
	picture     []float32 // of the last Forward

	rows kernel.Tensor // of the first layer's output, computed again
	// A part of an activation and its gradient, where taps see copies.
	part, partGradient kernel.Tensor
	gradient           []float32 // of a window's pixels
	// The gradient of a map at a row of windows, and where this overlaps the next.
	pending, shared kernel.Tensor
}

// Plan lays out the network for pictures of h x w. It fails where a tap is
// unknown ([*LayerError]), the picture is too small to reach one ([*SizeError]),
// no part of it fits into the memory allowed ([*MemoryError]), or the engine
// lacks the precision ([*kernel.PrecisionError]).
func (n *Network) Plan(engine kernel.Engine, h, w int, opts PlanOptions) (*Plan, error) {
	if err := engine.Check(opts.Precision); err != nil {
		return nil, err
	}
	if err := n.Reach(h, w, opts.Taps...); err != nil {
		return nil, err
	}
	p := &Plan{network: n, engine: engine, h: h, w: w, pooling: opts.Pooling, precision: opts.Precision,
		forwardOnly: opts.ForwardOnly, memory: opts.Memory, buffers: opts.Buffers}
	if p.buffers == nil {
		p.buffers = new(Buffers)
	}
	for _, t := range []*kernel.Tensor{&p.rows, &p.shared, &p.pending} {
		t.Precision = p.precision
	}
	p.first = n.first[0]()
	if opts.Replicate {
		p.first = n.first[1]()
	}
	if err := p.addLayers(n, opts.Taps); err != nil || len(p.layers) == 0 {
		return p, err
	}
	return p, p.divide()
}

// addLayers adds the layers as deep as the deepest tap.
func (p *Plan) addLayers(n *Network, taps []string) error {
	tapped := make(map[string]bool)
	for _, tap := range taps {
		name, err := n.Layer(tap)
		if err != nil {
			return err
		}
		tapped[name] = true
	}
	for i, c := range n.convs {
		if len(tapped) == 0 {
			break
		}
		l := &plannedLayer{name: c.name, in: c.in, out: c.out, halvings: n.Halvings(c.name), tapped: tapped[c.name]}
		delete(tapped, c.name)
		if i > 0 {
			l.conv = n.rest[i-1].in(p.precision)
			before := p.layers[i-1]
			before.pooled = l.halvings > before.halvings
		}
		p.layers = append(p.layers, l)
	}
	return nil
}

// Reach fails with a [*LayerError] or a [*SizeError] where a picture of h x w
// does not reach one of the layers; the error names the deepest.
func (n *Network) Reach(h, w int, layers ...string) error {
	var small *SizeError
	for _, name := range layers {
		name, err := n.Layer(name)
		if err != nil {
			return err
		}
		l, _ := parseLayer(name)
		least := 1 << (l.block - 1)
		if (h < least || w < least) && (small == nil || small.Least < least) {
			small = &SizeError{H: h, W: w, Layer: name, Least: least}
		}
	}
	if small != nil {
		return small
	}
	return nil
}

// A SizeError says that a picture is too small to reach a layer.
type SizeError struct {
	H, W  int
	Layer string
	Least int // the least side that reaches it
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("a picture of %d x %d pixels is too small to reach %s: expected at least %d x %d",
		e.W, e.H, e.Layer, e.Least, e.Least)
}

// Operations returns the number of floating-point operations of the convolutions
// of one Forward and one Backward over the whole picture, as a direct
// convolution would count them: two for each weight and position.
func (p *Plan) Operations() float64 {
	var sum float64
	for _, l := range p.layers {
		sum += 2 * 2 * 9 * float64(l.in) * float64(l.out) * float64(p.h>>l.halvings) * float64(p.w>>l.halvings)
	}
	return sum
}

// Memory returns the memory that the plan was allowed, 0 for any.
func (p *Plan) Memory() int64 { return p.memory }

// Bytes returns the memory that the plan takes while it computes.
func (p *Plan) Bytes() int64 {
	var way []option
	for _, s := range p.sections {
		largest := s.windows[0]
		way = append(way, option{bytes: s.frameBytes(largest.h, largest.w, len(s.windows))})
	}
	return together(way)
}

// Parts returns the number of windows that the picture is divided into to fit into
// the memory allowed, 1 where it is not.
func (p *Plan) Parts() int {
	if len(p.sections) == 0 {
		return 1
	}
	return len(p.sections[0].windows)
}

// WeightBytes returns the memory of the network's weights: the engine's, of the layers
// that the plan computes, with what they keep for the next time; and those that the
// network was given, of layers that have not become the engine's in float32.
func (p *Plan) WeightBytes() int64 {
	var sum int64
	for i, c := range p.network.convs {
		given := kernel.Float32.Bytes() * 9 * int64(c.in) * int64(c.out)
		switch {
		case i == 0:
			sum += 2 * given // forward and backward
		case i >= len(p.layers):
			sum += given
		default:
			sum += p.layers[i].conv.Bytes()
			if p.precision != kernel.Float32 {
				sum += given
			}
		}
	}
	return sum
}

// Shape returns the shape, C x H x W, of the activation of a layer that the plan
// computes.
func (p *Plan) Shape(layer string) (c, h, w int) {
	for _, l := range p.layers {
		if l.name == layer {
			return l.out, p.h >> l.halvings, p.w >> l.halvings
		}
	}
	panic("vgg: the plan does not compute " + layer)
}

// Activations computes the tapped activations of a picture, 3 x H x W, each
// whole and by its name. Its error is that of [Plan.Forward].
func (p *Plan) Activations(ctx context.Context, picture []float32) (map[string]*kernel.Tensor, error) {
	whole := make(map[string]*kernel.Tensor)
	for _, l := range p.layers {
		if l.tapped {
			whole[l.name] = kernel.NewTensor(p.Shape(l.name))
		}
	}
	err := p.Forward(ctx, picture, func(tap string, part *kernel.Tensor, y, x int) { p.engine.AddAt(whole[tap], part, y, x) })
	if err != nil {
		return nil, err
	}
	return whole, nil
}

// Forward computes the activations of a picture, 3 x H x W, and calls observe for
// each tap with its activation, whole or in parts that make it up: y and x are
// the place of a part's first position. The tensor is valid during the call.
//
// It fails with context.Cause(ctx) where ctx is cancelled, which it checks before
// every operation. Nothing but another Forward is to follow then.
func (p *Plan) Forward(ctx context.Context, picture []float32, observe func(tap string, activation *kernel.Tensor, y, x int)) error {
	p.picture = picture
	for i, s := range p.sections {
		behind := p.behind(i)
		if behind != nil {
			behind.input.Reshape(behind.layers[0].in, behind.h, behind.w)
			behind.input.ClearBorder()
		}
		for number := range s.windows {
			err := p.forward(ctx, s, number, func(o *operation, f *frame) {
				if o.tap == s.output {
					p.handOn(s, behind, o, f)
					return
				}
				p.observe(s, f, o, observe)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// behind returns the section behind one, nil behind the last.
func (p *Plan) behind(i int) *section {
	if i+1 == len(p.sections) {
		return nil
	}
	return p.sections[i+1]
}

// Backward computes the gradient with respect to the picture, 3 x H x W, of a
// cost of the tapped activations of the last [Plan.Forward], whose picture has
// not changed since. It calls add for each tap and part, to add the gradient of
// the cost with respect to that part of the activation to grad. Both tensors are
// valid during the call.
//
// It fails with context.Cause(ctx) where ctx is cancelled, which it checks before
// every operation; gradient then means nothing.
func (p *Plan) Backward(ctx context.Context, gradient []float32, add func(tap string, grad, activation *kernel.Tensor, y, x int)) error {
	if p.forwardOnly {
		panic("vgg: Backward of a plan that is ForwardOnly")
	}
	clear(gradient)
	for i, s := range slices.Backward(p.sections) {
		for number := range s.windows {
			if len(s.windows) > 1 {
				if err := p.forward(ctx, s, number, func(*operation, *frame) {}); err != nil {
					return err
				}
			}
			if err := p.backward(ctx, number, s, p.behind(i), gradient, add); err != nil {
				return err
			}
		}
	}
	return nil
}
