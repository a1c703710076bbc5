package vgg

import (
	"context"
	"fmt"

	"github.com/pastiche-art/pastiche/kernel"
)

// PlanOptions say what a plan computes.
type PlanOptions struct {
	// Taps are the layers to observe, in any order.
	Taps    []string
	Pooling Pooling
	// Replicate continues the picture's edge pixels into the padding of the
	// first layer, instead of zeros.
	Replicate bool
	// Precision is that of what layers hand on. What is observed and added at
	// taps is float32 in either, and so are the picture and its gradient.
	Precision kernel.Precision
	// ForwardOnly keeps nothing for the way back.
	ForwardOnly bool
	// Memory is about how many bytes the plan may take; 0 is as many as it
	// likes. A picture for which they do not suffice is computed part by part,
	// to the same result but for rounding.
	Memory int64
}

// A Plan is a network laid out for pictures of one size. It belongs to the
// goroutine that uses its pool.
//
// Of most layers only the signs of their activations are kept for the way back:
// one bit for each. Whole activations are kept at taps, except for the first
// layer, which is computed again, and before L2 pooling.
type Plan struct {
	pool        *kernel.Pool
	h, w        int
	pooling     Pooling
	precision   kernel.Precision
	first       *kernel.PixelConv
	stages      []*stage
	forwardOnly bool
	memory      int64 // allowed
	windows     []window
	picture     []float32         // of the last Forward
	passing     [2]*kernel.Tensor // what layers hand on, in turn, either way; the pool's
	rows        kernel.Tensor     // of the first layer's output, computed again

	// Where taps see parts: the pixels of a window and their gradient, and a part
	// of an activation and its gradient.
	pixels, pixelGradient []float32
	part, partGradient    kernel.Tensor
}

// stage is a convolution and the pooling before it, if any.
type stage struct {
	name     string
	channels int
	halvings int          // of the picture's sides, at its output
	conv     *kernel.Conv // nil in the first stage
	tapped   bool
	kept     *kernel.Tensor // its output, where that is kept
	passes   *kernel.Mask   // where its output is positive
	pooled   bool           // whether its input is the pooled output of the stage before
	merged   bool           // whether its own output is pooled as it is computed
	routed   bool           // whether that was maximum pooling whose route is kept
	route    *kernel.Mask
}

// Plan lays out the network for pictures of h x w. It fails where a tap is
// unknown ([*LayerError]), the picture is too small to reach one ([*SizeError]),
// no part of it fits into the memory allowed ([*MemoryError]), or the pool's
// kernel lacks the precision ([*kernel.PrecisionError]).
func (n *Network) Plan(pool *kernel.Pool, h, w int, opts PlanOptions) (*Plan, error) {
	if err := pool.Check(opts.Precision); err != nil {
		return nil, err
	}
	if err := n.Reach(h, w, opts.Taps...); err != nil {
		return nil, err
	}
	tapped := make(map[string]bool)
	for _, tap := range opts.Taps {
		name, err := n.Layer(tap)
		if err != nil {
			return nil, err
		}
		tapped[name] = true
	}
	p := &Plan{pool: pool, h: h, w: w, pooling: opts.Pooling, precision: opts.Precision,
		forwardOnly: opts.ForwardOnly, memory: opts.Memory}
	p.passing[0], p.passing[1] = pool.Passing(p.precision)
	p.rows.Precision = p.precision
	p.first = n.first[0]()
	if opts.Replicate {
		p.first = n.first[1]()
	}
	for i, c := range n.convs {
		if len(tapped) == 0 {
			break
		}
		l, _ := parseLayer(c.name)
		s := &stage{name: c.name, channels: c.out, halvings: l.block - 1, tapped: tapped[c.name]}
		delete(tapped, c.name)
		if i > 0 {
			s.conv = n.rest[i-1].in(p.precision)
			s.pooled = s.halvings > p.stages[i-1].halvings
		}
		if !opts.ForwardOnly {
			p.keep(s)
		}
		p.stages = append(p.stages, s)
	}
	p.merge()
	return p, p.divide()
}

// keep has the plan keep what a stage, which is the next, and the pooling before
// it need on the way back.
func (p *Plan) keep(s *stage) {
	s.passes = new(kernel.Mask)
	if s.conv != nil && s.tapped {
		s.kept = &kernel.Tensor{Precision: p.precision}
	}
	if !s.pooled {
		return
	}
	switch before := p.stages[len(p.stages)-1]; {
	case p.pooling.Kind == kernel.Max:
		s.routed, s.route = true, new(kernel.Mask)
	case p.pooling.Kind == kernel.L2 && before.kept == nil:
		before.kept = &kernel.Tensor{Precision: p.precision}
	}
}

// merge has the outputs that only a pooling needs pooled as they are computed.
func (p *Plan) merge() {
	for i, s := range p.stages[:max(0, len(p.stages)-1)] {
		s.merged = p.stages[i+1].pooled && s.conv != nil && !s.tapped && s.kept == nil
	}
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
	in := 3
	for _, s := range p.stages {
		sum += 2 * 2 * 9 * float64(in) * float64(s.channels) * float64(p.h>>s.halvings) * float64(p.w>>s.halvings)
		in = s.channels
	}
	return sum
}

// Memory returns the memory that the plan was allowed, 0 for any.
func (p *Plan) Memory() int64 { return p.memory }

// Parts returns the number of parts that the picture is computed in.
func (p *Plan) Parts() int { return len(p.windows) }

// WeightBytes returns the memory of the engine's weights of the layers that the
// plan computes.
func (p *Plan) WeightBytes() int64 {
	var sum int64
	in := 3
	for _, s := range p.stages {
		sum += 2 * p.precision.Bytes() * 9 * int64(in) * int64(s.channels) // forward and backward
		in = s.channels
	}
	return sum
}

// whole says whether taps see whole activations: those of one window, as they
// are.
func (p *Plan) whole() bool { return len(p.windows) == 1 && p.precision == kernel.Float32 }

// Forward computes the activations of a picture, 3 x H x W, and calls observe for
// each tap with its activation, whole or in parts that make it up: y and x are
// the place of a part's first position. What observe sees will change.
//
// It fails with context.Cause(ctx) where ctx is cancelled, which it checks before
// every layer of every part. Nothing but another Forward is to follow then.
func (p *Plan) Forward(ctx context.Context, picture []float32, observe func(tap string, activation *kernel.Tensor, y, x int)) error {
	p.picture = picture
	if p.whole() {
		return p.forward(ctx, picture, p.h, p.w, func(s *stage, out *kernel.Tensor) { observe(s.name, out, 0, 0) })
	}
	for _, w := range p.windows {
		err := p.forwardWindow(ctx, w, func(s *stage, out *kernel.Tensor) {
			p.parts(w, s, 0, out.H, func(a area, y, x int) {
				p.pool.Crop(&p.part, out, y, x, a.bottom-a.top, a.right-a.left)
				observe(s.name, &p.part, a.top, a.left)
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Shape returns the shape, C x H x W, of the activation of a layer that the plan
// computes.
func (p *Plan) Shape(layer string) (c, h, w int) {
	for _, s := range p.stages {
		if s.name == layer {
			return s.channels, p.h >> s.halvings, p.w >> s.halvings
		}
	}
	panic("vgg: the plan does not compute " + layer)
}

// Activations computes the tapped activations of a picture, 3 x H x W, each
// whole and by its name. Its error is that of [Plan.Forward].
func (p *Plan) Activations(ctx context.Context, picture []float32) (map[string]*kernel.Tensor, error) {
	whole := make(map[string]*kernel.Tensor)
	for _, s := range p.stages {
		if s.tapped {
			whole[s.name] = kernel.NewTensor(p.Shape(s.name))
		}
	}
	err := p.Forward(ctx, picture, func(tap string, part *kernel.Tensor, y, x int) { p.pool.Paste(whole[tap], part, y, x) })
	if err != nil {
		return nil, err
	}
	return whole, nil
}

// forwardWindow computes the activations of a window of the picture.
func (p *Plan) forwardWindow(ctx context.Context, w window, observe func(s *stage, out *kernel.Tensor)) error {
	n := 3 * w.h * w.w
	if cap(p.pixels) < n {
		p.pixels, p.pixelGradient = make([]float32, n), make([]float32, n)
	}
	p.pixels, p.pixelGradient = p.pixels[:n], p.pixelGradient[:n]
	p.cut(p.pixels, p.picture, w)
	return p.forward(ctx, p.pixels, w.h, w.w, observe)
}

// forward computes the activations of pixels, 3 x h x w.
func (p *Plan) forward(ctx context.Context, pixels []float32, h, w int, observe func(s *stage, out *kernel.Tensor)) error {
	var in *kernel.Tensor
	for i, s := range p.stages {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if s.pooled {
			if !p.stages[i-1].merged {
				in = p.downsample(s, in, h, w)
			}
			h, w = h/2, w/2
		}
		if s.passes != nil {
			s.passes.Reshape(s.channels, h, w)
		}
		if s.merged {
			in = p.forwardPooled(s, p.stages[i+1], in, h, w)
			continue
		}
		out := s.kept
		if out == nil {
			out = p.other(in)
		}
		out.Reshape(s.channels, h, w)
		if s.conv == nil {
			p.first.Forward(p.pool, out, s.passes, pixels)
		} else {
			s.conv.Forward(p.pool, out, s.passes, in)
		}
		if s.tapped {
			observe(s, out)
		}
		in = out
	}
	return nil
}

// downsample pools the input, h x w, of a stage.
func (p *Plan) downsample(s *stage, in *kernel.Tensor, h, w int) *kernel.Tensor {
	if s.route != nil {
		s.route.Reshape(in.C, h, w)
	}
	pooled := p.other(in)
	pooled.Reshape(in.C, h/2, w/2)
	p.pool.Downsample(pooled, in, s.route, p.pooling.Kind, p.pooling.scale())
	return pooled
}

// forwardPooled computes the output, h x w, of a stage, pooled for the next one.
func (p *Plan) forwardPooled(s, next *stage, in *kernel.Tensor, h, w int) *kernel.Tensor {
	if next.route != nil {
		next.route.Reshape(s.channels, h, w)
	}
	pooled := p.other(in)
	pooled.Reshape(s.channels, h/2, w/2)
	s.conv.ForwardPooled(p.pool, pooled, s.passes, in, p.halving(next))
	return pooled
}

// halving is the pooling before a stage.
func (p *Plan) halving(s *stage) kernel.Halving {
	return kernel.Halving{Kind: p.pooling.Kind, Scale: p.pooling.scale(), Route: s.route}
}

// other returns the passing tensor that is not t.
func (p *Plan) other(t *kernel.Tensor) *kernel.Tensor {
	if t == p.passing[0] {
		return p.passing[1]
	}
	return p.passing[0]
}

// Backward computes the gradient with respect to the picture, 3 x H x W, of a
// cost of the tapped activations of the last [Plan.Forward], whose picture has
// not changed since. It calls add for each tap and part, to add the gradient of
// the cost with respect to that part of the activation to grad.
//
// It fails with context.Cause(ctx) where ctx is cancelled, which it checks before
// every layer of every part; gradient then means nothing.
func (p *Plan) Backward(ctx context.Context, gradient []float32, add func(tap string, grad, activation *kernel.Tensor, y, x int)) error {
	switch {
	case p.forwardOnly:
		panic("vgg: Backward of a plan that is ForwardOnly")
	case len(p.stages) == 0: // no taps, no cost
		clear(gradient)
		return nil
	case p.whole():
		return p.backward(ctx, gradient, p.picture, p.h, p.w, func(s *stage, grad, out *kernel.Tensor, top int) {
			add(s.name, grad, out, top, 0)
		})
	}
	clear(gradient)
	for _, w := range p.windows {
		if len(p.windows) > 1 {
			if err := p.forwardWindow(ctx, w, func(*stage, *kernel.Tensor) {}); err != nil {
				return err
			}
		}
		err := p.backward(ctx, p.pixelGradient, p.pixels, w.h, w.w, func(s *stage, grad, out *kernel.Tensor, top int) {
			p.parts(w, s, top, out.H, func(a area, y, x int) {
				p.pool.Crop(&p.part, out, y, x, a.bottom-a.top, a.right-a.left)
				p.partGradient.Reshape(p.part.C, p.part.H, p.part.W)
				p.partGradient.Zero()
				add(s.name, &p.partGradient, &p.part, a.top, a.left)
				p.pool.Paste(grad, &p.partGradient, y, x)
			})
		})
		if err != nil {
			return err
		}
		p.mend(gradient, p.pixelGradient, w)
	}
	return nil
}

// backward computes the gradient with respect to pixels, 3 x h x w, after
// forward. It calls add with the output of each tapped stage and its gradient,
// or with rows of them from top on.
func (p *Plan) backward(ctx context.Context, gradient, pixels []float32, h, w int, add func(s *stage, grad, out *kernel.Tensor, top int)) error {
	last := p.stages[len(p.stages)-1]
	grad := p.passing[p.turns()%2]
	grad.Reshape(last.channels, h>>last.halvings, w>>last.halvings)
	grad.Zero()
	for i := len(p.stages) - 1; i > 0; i-- {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		s, before := p.stages[i], p.stages[i-1]
		if s.tapped {
			add(s, grad, s.kept, 0)
		}
		next := p.other(grad)
		next.Reshape(before.channels, h>>s.halvings, w>>s.halvings)
		if s.merged {
			s.conv.BackwardPooled(p.pool, next, grad, s.passes, p.halving(p.stages[i+1]))
		} else {
			s.conv.Backward(p.pool, next, grad, s.passes)
		}
		grad = next
		if s.pooled && !before.merged {
			next = p.other(grad)
			next.Reshape(before.channels, h>>before.halvings, w>>before.halvings)
			p.pool.DownsampleBack(next, grad, before.kept, s.route, p.pooling.Kind, p.pooling.scale())
			grad = next
		}
	}
	switch first := p.stages[0]; {
	case first.tapped && first.kept != nil:
		add(first, grad, first.kept, 0)
	case first.tapped:
		p.firstAgain(grad, pixels, func(rows, out *kernel.Tensor, top int) { add(first, rows, out, top) })
	}
	p.first.Backward(p.pool, gradient, grad, p.stages[0].passes)
	return nil
}

// turns returns how often backward goes from one passing tensor to the other. It
// ends with the one in which forward begins: both are large there.
func (p *Plan) turns() int {
	n := len(p.stages) - 1
	for i, s := range p.stages {
		if s.pooled && !p.stages[i-1].merged {
			n++
		}
	}
	return n
}

// firstAgain computes the output of the first layer again, some rows at a time,
// and calls do with them and those of its gradient.
func (p *Plan) firstAgain(grad *kernel.Tensor, pixels []float32, do func(rows, out *kernel.Tensor, top int)) {
	n := p.firstRows(grad.H, grad.W)
	for top := 0; top < grad.H; top += n {
		p.rows.Reshape(grad.C, min(n, grad.H-top), grad.W)
		p.first.ForwardRows(p.pool, &p.rows, pixels, grad.H, top)
		do(grad.Rows(top, p.rows.H), &p.rows, top)
	}
}

// firstRows returns the number of rows of the first layer's output, h x w, that
// are computed again at a time.
func (p *Plan) firstRows(h, w int) int {
	return min(h, max(1, partElements/(p.stages[0].channels*w)))
}
