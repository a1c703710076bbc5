package kernel

import (
	"fmt"
	"math"
)

// taps is the number of elements of a 3x3 kernel.
const taps = 9

// A Conv is a 3x3 convolution of stride 1 with zero padding, followed by ReLU,
// between tensors of one precision.
type Conv struct {
	Precision         Precision
	Out, In           int
	forward, backward filter
}

// filter is a 3x3 convolution as the Winograd transform takes it in float32, and
// [convolve] in bfloat16. Its channels are those of a block or a multiple of them.
type filter struct {
	weight []float32  // [out/16][in][9][16]
	half   []bfloat16 // [out/32][in/32][9][2][16][16][2]
	ins    int        // in, rounded up
	bias   []float32  // [out]
	floor  float32    // no output is smaller
}

// NewConv returns the convolution with the given weights, out x in x 3 x 3,
// and biases, out.
func NewConv(precision Precision, out, in int, weight, bias []float32) *Conv {
	if len(weight) != out*in*taps || len(bias) != out {
		panic(fmt.Sprintf("kernel: %d weights and %d biases for %d x %d x 3 x 3", len(weight), len(bias), out, in))
	}
	c := &Conv{Precision: precision, Out: out, In: in,
		forward:  newFilter(precision, out, in, 0),
		backward: newFilter(precision, in, out, float32(math.Inf(-1))),
	}
	copy(c.forward.bias, bias)
	for k := range out {
		for i := range in {
			for t, w := range weight[(k*in+i)*taps:][:taps] {
				c.forward.set(k, i, t, w)
				// Transposed, and turned by 180 degrees.
				c.backward.set(i, k, taps-1-t, w)
			}
		}
	}
	return c
}

// Rounded returns a convolution of float32 in bfloat16.
func (c *Conv) Rounded() *Conv {
	weight := make([]float32, 0, c.Out*c.In*taps)
	for k := range c.Out {
		for i := range c.In {
			for t := range taps {
				weight = append(weight, c.forward.weight[c.forward.index(k, i, t)])
			}
		}
	}
	return NewConv(BFloat16, c.Out, c.In, weight, c.forward.bias[:c.Out])
}

func newFilter(precision Precision, out, in int, floor float32) filter {
	block := lane << precision
	out, in = roundUp(out, block), roundUp(in, block)
	f := filter{ins: in, bias: alignedFloats(out), floor: floor}
	if precision == BFloat16 {
		f.half = aligned[bfloat16](out * in * taps)
	} else {
		f.weight = alignedFloats(out * in * taps)
	}
	return f
}

func (f *filter) set(out, in, tap int, w float32) {
	if f.half != nil {
		f.half[f.halfIndex(out, in, tap)] = round(w)
		return
	}
	f.weight[f.index(out, in, tap)] = w
}

func (f *filter) index(out, in, tap int) int {
	return ((out/lane*f.ins+in)*taps+tap)*lane + out%lane
}

func (f *filter) halfIndex(out, in, tap int) int {
	const block = pair * lane
	i := (out/block*(f.ins/block)+in/block)*taps + tap
	i = (i*pair+out%block/lane)*lane + in%block/pair
	return (i*lane+out%lane)*pair + in%pair
}

// Forward computes dst, Out x H x W, from src, In x H x W, and sets mask where
// dst is positive; mask may be nil.
func (c *Conv) Forward(p *Pool, dst *Tensor, mask *Mask, src *Tensor) {
	c.check(p, src, dst, &src.shape, &dst.shape)
	if mask != nil {
		mask.same(&dst.shape)
	}
	p.convolve(convolution{dst: dst, positive: mask, src: src, full: dst.shape, filter: &c.forward})
	dst.clearBorder()
}

// Backward computes the gradient with respect to the input, dst, In x H x W,
// from the gradient with respect to the output, grad, Out x H x W, and the mask
// of Forward: only positive outputs pass a gradient on. The border of dst has no
// meaning afterwards.
func (c *Conv) Backward(p *Pool, dst, grad *Tensor, mask *Mask) {
	c.check(p, dst, grad, &dst.shape, &grad.shape)
	mask.same(&grad.shape)
	p.convolve(convolution{dst: dst, src: grad, full: grad.shape, mask: mask, filter: &c.backward})
}

// ForwardPooled is Forward with a pooling behind it, whose output dst is, Out x
// H/2 x W/2: what is pooled never leaves the cache. The mask belongs to what is
// pooled; so does the route of maxima, as in [Pool.Downsample]. Both may be nil.
func (c *Conv) ForwardPooled(p *Pool, dst *Tensor, mask *Mask, src *Tensor, after Halving) {
	full := newShape(c.Out, src.H, src.W)
	c.check(p, src, dst, &src.shape, &full)
	checkHalf(&dst.shape, &full)
	for _, m := range []*Mask{mask, after.Route} {
		if m != nil {
			m.same(&full)
		}
	}
	p.convolve(convolution{dst: dst, positive: mask, src: src, full: full, after: &after, filter: &c.forward})
	dst.clearBorder()
}

// BackwardPooled is the reverse of ForwardPooled: grad is the gradient with
// respect to the output of the pooling, which is not [L2].
func (c *Conv) BackwardPooled(p *Pool, dst, grad *Tensor, mask *Mask, after Halving) {
	full := newShape(c.Out, dst.H, dst.W)
	c.check(p, dst, grad, &dst.shape, &full)
	checkHalf(&grad.shape, &full)
	mask.same(&full)
	switch after.Kind {
	case Max:
		after.Route.same(&full)
	case L2:
		panic("kernel: L2 pooling asks for its input on the way back")
	}
	p.convolve(convolution{dst: dst, src: grad, full: full, mask: mask, before: &after, filter: &c.backward})
}

// check panics unless the convolution is one between maps of two shapes, kept in
// two tensors of its precision, which the pool's implementation has.
func (c *Conv) check(p *Pool, a, b *Tensor, in, out *shape) {
	if in.C != c.In || out.C != c.Out || in.H != out.H || in.W != out.W {
		panic(fmt.Sprintf("kernel: convolution of %d to %d channels between %d x %d x %d and %d x %d x %d",
			c.In, c.Out, in.C, in.H, in.W, out.C, out.H, out.W))
	}
	if a.Precision != c.Precision || b.Precision != c.Precision {
		panic(fmt.Sprintf("kernel: convolution in %s between tensors of %s and %s", c.Precision, a.Precision, b.Precision))
	}
	if err := p.Check(c.Precision); err != nil {
		panic("kernel: " + err.Error())
	}
}

// convolution says what is convolved, however it is done.
type convolution struct {
	pool     *Pool
	dst, src *Tensor
	mask     *Mask // of what is convolved, or nil
	positive *Mask // of the outputs, to be set, or nil
	filter   *filter

	// Where after is not nil, dst is the pooled output; where before is not nil,
	// what is convolved is the gradient that src, that of a pooling's output,
	// sends back. full is the shape of the one or the other before it was pooled,
	// that of dst or src otherwise.
	after, before *Halving
	full          shape
}

func (p *Pool) convolve(c convolution) {
	c.pool = p
	if c.dst.Precision == BFloat16 {
		(&direct{convolution: c}).run()
		return
	}
	(&winograd{convolution: c}).run()
}
