package kernel

import (
	"fmt"
	"math"
	"sync"
)

// kernelArea is the number of elements of a 3x3 kernel.
const kernelArea = 9

// A Conv is a 3x3 convolution of stride 1 with zero padding, followed by ReLU,
// between tensors of one precision. It is safe for use by several pools at once.
type Conv struct {
	Precision         Precision
	Out, In           int
	forward, backward *filter
}

// filter holds the weights of one direction of a 3x3 convolution: in float32 as the
// Winograd transform reads them, in bfloat16 as [convolve] does. Its numbers of
// channels are rounded up to whole blocks.
type filter struct {
	weight []float32  // [out/16][in][9][16]
	of     *filter    // if not nil, the forward filter whose gradient this one computes; weight is then nil
	bf16   []bfloat16 // [out/32][in/32][9][2][16][16][2]
	ins    int        // number of input channels, rounded up
	bias   []float32  // [out]
	floor  float32    // the lower bound of the outputs
	kept   keptWeights
}

// keptBytes is the size up to which a filter keeps its transformed weights from one
// convolution to the next. Those of 128 to 128 channels take 2.3 MiB.
const keptBytes = 3 << 20

// keptWeights caches transformed weights. Several pools may use a filter at the same
// time.
type keptWeights struct {
	mu   sync.Mutex
	of   *primitives // the primitives that transformed them; other primitives round differently
	data []float32
}

// get returns the cached weights. It calls transform first where the cache is empty or
// was filled by other primitives.
func (k *keptWeights) get(of *primitives, transform func() []float32) []float32 {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of != of {
		k.of, k.data = of, transform()
	}
	return k.data
}

// uStride returns the distance between the 36 matrices of transformed weights of a
// panel. Panels are 36 times as far apart.
func (f *filter) uStride() int { return paddedStride(f.ins * lanes) }

// transformed returns the number of elements of all transformed weights.
func (f *filter) transformed() int { return len(f.bias) / lanes * 36 * f.uStride() }

// keeps reports whether the filter caches its transformed weights.
func (f *filter) keeps() bool {
	return f.bf16 == nil && int(Float32.Bytes())*f.transformed() <= keptBytes
}

// bytes returns the memory that the filter takes once it has been used.
func (f *filter) bytes() int64 {
	floats := len(f.weight) + len(f.bias)
	if f.keeps() {
		floats += f.transformed()
	}
	return Float32.Bytes()*int64(floats) + BFloat16.Bytes()*int64(len(f.bf16))
}

// NewConv returns the convolution with the given weights, out x in x 3 x 3,
// and biases, out.
func NewConv(precision Precision, out, in int, weight, bias []float32) *Conv {
	if len(weight) != out*in*kernelArea || len(bias) != out {
		panic(fmt.Sprintf("kernel: %d weights and %d biases for %d x %d x 3 x 3", len(weight), len(bias), out, in))
	}
	c := &Conv{Precision: precision, Out: out, In: in,
		forward:  newFilter(precision, out, in, 0),
		backward: newFilter(precision, in, out, float32(math.Inf(-1))),
	}
	copy(c.forward.bias, bias)
	f, b := c.forward, c.backward
	if precision == Float32 {
		f.weight, b.of = alignedFloats(len(f.bias)*f.ins*kernelArea), f
	} else {
		f.bf16, b.bf16 = aligned[bfloat16](len(f.bias)*f.ins*kernelArea), aligned[bfloat16](len(f.bias)*f.ins*kernelArea)
	}
	for k := range out {
		for i := range in {
			for t, w := range weight[(k*in+i)*kernelArea:][:kernelArea] {
				if precision == Float32 {
					f.weight[f.index(k, i, t)] = w
					continue
				}
				f.bf16[f.bf16Index(k, i, t)] = round(w)
				b.bf16[b.bf16Index(i, k, kernelArea-1-t)] = round(w) // transposed and rotated by 180 degrees
			}
		}
	}
	return c
}

// Bytes returns the memory that c takes once both directions have been used: the
// weights of each direction and the transformed weights that it caches.
func (c *Conv) Bytes() int64 { return c.forward.bytes() + c.backward.bytes() }

// Rounded returns the bfloat16 convolution of a float32 convolution.
func (c *Conv) Rounded() *Conv {
	weight := make([]float32, 0, c.Out*c.In*kernelArea)
	for k := range c.Out {
		for i := range c.In {
			for t := range kernelArea {
				weight = append(weight, c.forward.weight[c.forward.index(k, i, t)])
			}
		}
	}
	return NewConv(BFloat16, c.Out, c.In, weight, c.forward.bias[:c.Out])
}

func newFilter(precision Precision, out, in int, floor float32) *filter {
	block := lanes << precision
	out, in = roundUp(out, block), roundUp(in, block)
	return &filter{ins: in, bias: alignedFloats(out), floor: floor}
}

// panel returns the weights of the k-th sixteen outputs, [in][9][16]. A filter that
// computes a gradient has no weights of its own: panel gathers them from the forward
// filter, transposed and rotated by 180 degrees. That takes about one percent of an
// iteration of VGG-19 and saves half of the memory for weights.
func (f *filter) panel(scratch *scratch, k int) []float32 {
	if f.of == nil {
		return f.weight[k*f.ins*kernelArea*lanes:]
	}
	to := scratch.get(scratchOutput, f.ins*kernelArea*lanes)
	for in := range f.ins / lanes {
		for out := range lanes {
			from := f.of.weight[f.of.index(in*lanes, k*lanes+out, 0):][:kernelArea*lanes]
			for t := range kernelArea {
				at := (in*lanes*kernelArea+kernelArea-1-t)*lanes + out
				for _, w := range from[t*lanes:][:lanes] {
					to[at] = w
					at += kernelArea * lanes
				}
			}
		}
	}
	return to
}

func (f *filter) index(out, in, tap int) int {
	return ((out/lanes*f.ins+in)*kernelArea+tap)*lanes + out%lanes
}

func (f *filter) bf16Index(out, in, tap int) int {
	const block = bf16Ratio * lanes
	i := (out/block*(f.ins/block)+in/block)*kernelArea + tap
	i = (i*bf16Ratio+out%block/lanes)*lanes + in%block/bf16Ratio
	return (i*lanes+out%lanes)*bf16Ratio + in%bf16Ratio
}

// Conv implements [Engine].
func (p *Pool) Conv(c *Conv, dst *Tensor, relu *Mask, src *Tensor) {
	c.check(p, src, dst, &src.shape, &dst.shape)
	if relu != nil {
		relu.same(&dst.shape)
	}
	p.convolve(convolution{dst: dst, reluMask: relu, src: src, full: dst.shape, filter: c.forward})
	dst.ClearBorder()
}

// ConvBack implements [Engine].
func (p *Pool) ConvBack(c *Conv, dst, grad *Tensor, relu *Mask) {
	c.check(p, dst, grad, &dst.shape, &grad.shape)
	relu.same(&grad.shape)
	p.convolve(convolution{dst: dst, src: grad, full: grad.shape, mask: relu, filter: c.backward})
}

// ConvPool implements [Engine]. The full-size outputs never leave the cache.
func (p *Pool) ConvPool(c *Conv, dst *Tensor, relu *Mask, src *Tensor, pooling Pooling, argmax *Mask) {
	full := newShape(c.Out, src.H, src.W)
	c.check(p, src, dst, &src.shape, &full)
	checkHalf(&dst.shape, &full)
	for _, m := range []*Mask{relu, argmax} {
		if m != nil {
			m.same(&full)
		}
	}
	p.convolve(convolution{dst: dst, reluMask: relu, src: src, full: full, after: &downsampling{pooling, argmax}, filter: c.forward})
	dst.ClearBorder()
}

// ConvPoolBack implements [Engine].
func (p *Pool) ConvPoolBack(c *Conv, dst, grad *Tensor, relu *Mask, pooling Pooling, argmax *Mask) {
	full := newShape(c.Out, dst.H, dst.W)
	c.check(p, dst, grad, &dst.shape, &full)
	checkHalf(&grad.shape, &full)
	relu.same(&full)
	if pooling == MaxPooling {
		argmax.same(&full)
	}
	p.convolve(convolution{dst: dst, src: grad, full: full, mask: relu, before: &downsampling{pooling, argmax}, filter: c.backward})
}

// check panics unless c maps a tensor of shape in to one of shape out, a and b have its
// precision, and the implementation of p supports that precision.
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

// convolution holds the arguments of one convolution, for either algorithm.
type convolution struct {
	pool     *Pool
	dst, src *Tensor
	mask     *Mask // mask of the input, or nil
	reluMask *Mask // mask to set from the outputs, or nil
	filter   *filter

	// after, unless nil, pools the outputs: dst is the pooled result. before, unless
	// nil, is the pooling whose gradient is convolved: src is the gradient of its
	// output. full is the shape of the unpooled side; without pooling it is the shape
	// of dst or src.
	after, before *downsampling
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
