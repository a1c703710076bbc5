package vgg

import (
	"context"
	"fmt"
	"slices"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// PlanOptions describe what a plan computes.
type PlanOptions struct {
	// Taps are the layers to observe, in any order, by canonical name (conv4_2) or
	// alias (relu4_2). Observers receive canonical names.
	Taps    []string
	Pooling kernel.Pooling
	// Replicate pads the input of the first layer with the nearest pixel of the picture
	// instead of zeros.
	Replicate bool
	// Precision is the number format of activations between layers. Taps, the picture
	// and its gradient are float32 in either case.
	Precision kernel.Precision
	// ForwardOnly saves the memory of the backward pass; Backward then panics.
	ForwardOnly bool
	// Memory is about how many bytes the plan may use; 0 means no limit. A picture that
	// needs more is computed window by window, with the same result up to rounding.
	Memory int64
	// Buffers may be shared by plans that do not run at the same time; nil allocates
	// buffers for this plan.
	Buffers *Buffers
}

// Buffers are the ping-pong buffers in which each layer passes its activation or
// gradient to the next. The zero value is empty.
type Buffers struct{ ping, pong kernel.Tensor }

// in returns the two tensors in the given precision.
func (b *Buffers) in(precision kernel.Precision) (ping, pong *kernel.Tensor) {
	if b.ping.Precision != precision {
		b.ping, b.pong = kernel.Tensor{Precision: precision}, kernel.Tensor{Precision: precision}
	}
	return &b.ping, &b.pong
}

// Release frees the memory. Plans that use the buffers allocate them again.
func (b *Buffers) Release() {
	precision := b.ping.Precision
	*b = Buffers{kernel.Tensor{Precision: precision}, kernel.Tensor{Precision: precision}}
}

// A Plan is a network prepared for pictures of one size, as one or two sections of
// layers. Only the goroutine that uses its engine may use it.
//
// For most layers the plan keeps only the signs of the activations, one bit for each,
// for the backward pass. It keeps whole activations at taps, except at the first layer,
// whose activation is recomputed.
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
	memory      int64     // the limit; 0 for none
	picture     []float32 // the picture of the last Forward

	rows kernel.Tensor // recomputed rows of the output of the first layer
	// A copy of part of an activation and its gradient, for taps.
	part, partGradient kernel.Tensor
	gradient           []float32 // the gradient of the pixels of a window
	// The gradient of a section's input for a row of windows, and for the overlap of
	// this row with the next.
	gradientRows, overlap kernel.Tensor
}

// Plan prepares the network for pictures of h x w. It fails with a [*LayerError] where
// a tap is unknown, with a [*SizeError] where the picture is too small to reach a tap,
// with a [*MemoryError] where not even the smallest window fits into the memory, and
// with a [*kernel.PrecisionError] where the engine does not support the precision.
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
	for _, t := range []*kernel.Tensor{&p.rows, &p.overlap, &p.gradientRows} {
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

// addLayers adds the layers up to the deepest tap.
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

// Reach fails with a [*LayerError] or a [*SizeError] where a picture of h x w does not
// reach one of the layers. A SizeError names the deepest such layer.
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

// A SizeError reports that a picture is too small to reach a layer.
type SizeError struct {
	H, W  int
	Layer string
	Least int // the smallest side that reaches it
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("a picture of %d x %d pixels is too small to reach %s: expected at least %d x %d",
		e.W, e.H, e.Layer, e.Least, e.Least)
}

// Operations returns the number of floating-point operations of the convolutions in one
// Forward and one Backward over the whole picture. It counts a direct convolution: two
// operations for each weight and position.
func (p *Plan) Operations() float64 {
	var sum float64
	for _, l := range p.layers {
		sum += 2 * 2 * 9 * float64(l.in) * float64(l.out) * float64(p.h>>l.halvings) * float64(p.w>>l.halvings)
	}
	return sum
}

// Memory returns the memory limit of the plan in bytes, 0 for none.
func (p *Plan) Memory() int64 { return p.memory }

// Bytes returns the memory that the plan uses while it computes.
func (p *Plan) Bytes() int64 {
	var way []option
	for _, s := range p.sections {
		largest := s.windows[0]
		way = append(way, option{bytes: s.frameBytes(largest.h, largest.w, len(s.windows))})
	}
	return combinedBytes(way)
}

// Parts returns the number of windows of the first section, 1 where the picture is
// computed whole.
func (p *Plan) Parts() int {
	if len(p.sections) == 0 {
		return 1
	}
	return len(p.sections[0].windows)
}

// WeightBytes returns the memory of the network's weights: the engine's copies for the
// layers of the plan, with the transformed weights that they cache, and the original
// weights of layers for which the network still holds them.
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

// Shape returns the shape C x H x W of the activation of a layer. The layer must be one
// that the plan computes.
func (p *Plan) Shape(layer string) (c, h, w int) {
	for _, l := range p.layers {
		if l.name == layer {
			return l.out, p.h >> l.halvings, p.w >> l.halvings
		}
	}
	panic("vgg: the plan does not compute " + layer)
}

// Activations returns the whole activation at each tap for a picture, 3 x H x W, by
// canonical name. Its error is that of [Plan.Forward].
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

// Forward computes the activations of a picture, 3 x H x W. It calls observe for each
// tap with its activation, whole or in parts that together make up the whole: y and x
// are the position of the part in the whole activation. The tensor is valid only during
// the call.
//
// Forward checks ctx before every operation and fails with context.Cause(ctx) once ctx
// is cancelled. After that only Forward may be called.
func (p *Plan) Forward(ctx context.Context, picture []float32, observe func(tap string, activation *kernel.Tensor, y, x int)) error {
	p.picture = picture
	for i, s := range p.sections {
		next := p.next(i)
		if next != nil {
			next.input.Reshape(next.layers[0].in, next.h, next.w)
			next.input.ClearBorder()
		}
		for number := range s.windows {
			err := p.forward(ctx, s, number, func(o *operation, f *frame) {
				if o.tap == s.output {
					p.storeOutput(s, next, o, f)
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

// next returns the section after section i, or nil after the last.
func (p *Plan) next(i int) *section {
	if i+1 == len(p.sections) {
		return nil
	}
	return p.sections[i+1]
}

// Backward computes the gradient, 3 x H x W, of a cost of the tapped activations of the
// last [Plan.Forward] with respect to its picture, which must not have changed since.
// It calls add for each tap and part, with the same parts as Forward: add adds the
// gradient of the cost with respect to that part of the activation to grad. Both
// tensors are valid only during the call.
//
// Backward checks ctx before every operation and fails with context.Cause(ctx) once ctx
// is cancelled. gradient is then undefined.
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
			if err := p.backward(ctx, number, s, p.next(i), gradient, add); err != nil {
				return err
			}
		}
	}
	return nil
}
