package kernel

import (
	"fmt"
	"slices"
	"strings"
)

// A Pooling is a kind of 2x2 pooling of feature maps with stride 2. A last odd row or
// column is ignored. The zero value is maximum pooling.
type Pooling int

// The kinds of pooling.
const (
	MaxPooling     Pooling = iota // the largest value
	AveragePooling                // the mean
	// RescaledAveragePooling is twice the mean, which keeps activations about as large
	// as maximum pooling does (Crowson's style-transfer-pytorch).
	RescaledAveragePooling
	poolings
)

var poolingNames = [poolings]string{"max", "avg", "avg-rescaled"}

// ParsePooling returns the pooling with the given name: max, avg or avg-rescaled.
func ParsePooling(name string) (Pooling, error) {
	i := slices.Index(poolingNames[:], name)
	if i < 0 {
		return 0, fmt.Errorf("pooling %q: expected one of %s", name, strings.Join(poolingNames[:], ", "))
	}
	return Pooling(i), nil
}

// String returns the name that [ParsePooling] takes.
func (k Pooling) String() string { return poolingNames[k] }

// MarshalText returns the name.
func (k Pooling) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (k *Pooling) UnmarshalText(name []byte) (err error) {
	*k, err = ParsePooling(string(name))
	return err
}

// downsampling is a kind of pooling and, for maximum pooling, the argmax mask, which
// has the shape of the input. In the forward direction the mask may be nil.
type downsampling struct {
	Pooling
	argmax *Mask
}

// forward computes a row of outputs. upper and lower are the offsets of the first
// elements of the two rows of the input.
func (d *downsampling) forward(impl *primitives, upper, lower int, a poolForward) {
	if d.Pooling == MaxPooling {
		a.argmax0, a.argmax1 = d.argmax.from(upper), d.argmax.from(lower)
		impl.maxPool(a)
		return
	}
	a.scale = d.scale()
	impl.averagePool(a)
}

// backward computes the gradient with respect to two rows of the input. upper and lower
// are as in forward.
func (d *downsampling) backward(impl *primitives, upper, lower int, a poolBackward) {
	if d.Pooling == MaxPooling {
		a.argmax0, a.argmax1 = d.argmax.from(upper), d.argmax.from(lower)
		impl.maxPoolBack(a)
		return
	}
	a.scale = d.scale()
	impl.averagePoolBack(a)
}

// scale returns the factor by which average pooling multiplies the sum of a window.
func (d *downsampling) scale() float32 {
	if d.Pooling == RescaledAveragePooling {
		return 2. / 4
	}
	return 1. / 4
}

// Downsample implements [Engine]. argmax has the shape of src.
func (p *Pool) Downsample(dst, src *Tensor, argmax *Mask, pooling Pooling) {
	checkHalf(&dst.shape, &src.shape)
	if argmax != nil {
		argmax.same(&src.shape)
	}
	d := downsampling{pooling, argmax}
	if dst.Precision == BFloat16 {
		p.eachRowOf(dst.storedBlocks(), &dst.shape, func(worker, b, y int) {
			rows := [2][]bfloat16{src.bf16Row(b, 2*y), src.bf16Row(b, 2*y+1)}
			p.poolRow(&p.scratch[worker], &d, dst, rows, &src.shape, b, y)
		})
		dst.ClearBorder()
		return
	}
	p.eachRow(dst, func(b, y int) {
		d.forward(p.impl.primitives, src.offset(b, 2*y, 0), src.offset(b, 2*y+1, 0), poolForward{
			out: dst.rowAt(b, y), in0: src.rowAt(b, 2*y), in1: src.rowAt(b, 2*y+1), n: dst.W,
		})
	})
	dst.ClearBorder()
}

// DownsampleBack implements [Engine]: dst is C x H x W, grad is C x H/2 x W/2. argmax
// is the mask that Downsample has set; average pooling ignores it.
func (p *Pool) DownsampleBack(dst, grad *Tensor, argmax *Mask, pooling Pooling) {
	checkHalf(&grad.shape, &dst.shape)
	if pooling == MaxPooling {
		argmax.same(&dst.shape)
	}
	d := downsampling{pooling, argmax}
	if dst.Precision == BFloat16 {
		p.eachRowOf(dst.storedBlocks(), &shape{H: (dst.H + 1) / 2, row: 2 * dst.row}, func(worker, b, y int) {
			var rows [2][]bfloat16
			for i := range rows {
				if 2*y+i < dst.H {
					rows[i] = dst.bf16Row(b, 2*y+i)
				}
			}
			p.poolRowBack(&p.scratch[worker], &d, rows, grad, &dst.shape, b, y)
		})
		return
	}
	if dst.H%2 == 1 {
		for b := range dst.blocks() {
			clear(dst.rowAt(b, dst.H-1))
		}
	}
	p.eachRow(grad, func(b, y int) {
		upper, lower := dst.offset(b, 2*y, 0), dst.offset(b, 2*y+1, 0)
		d.backward(p.impl.primitives, upper, lower, poolBackward{
			grad: grad.rowAt(b, y), grad0: dst.data[upper:], grad1: dst.data[lower:], n: grad.W,
		})
		clear(dst.rowAt(b, 2*y)[2*grad.W*lanes:])
		clear(dst.rowAt(b, 2*y+1)[2*grad.W*lanes:])
	})
}

func checkHalf(half, full *shape) {
	if half.C != full.C || half.H != full.H/2 || half.W != full.W/2 {
		panic(fmt.Sprintf("kernel: pooling between %d x %d x %d and %d x %d x %d",
			full.C, full.H, full.W, half.C, half.H, half.W))
	}
}

// taskElements is about how many elements a task of a simple loop takes, so that the
// cost of starting the task does not matter.
const taskElements = 1 << 15

// eachRow calls f for each row of each block of t.
func (p *Pool) eachRow(t *Tensor, f func(block, y int)) {
	p.eachRowOf(t.storedBlocks(), &t.shape, func(_, b, y int) { f(b, y) })
}

// eachRowOf calls f for each row of the given number of blocks, with the number of the
// worker.
func (p *Pool) eachRowOf(blocks int, s *shape, f func(worker, block, y int)) {
	rows := max(1, taskElements/s.row)
	chunks := (s.H + rows - 1) / rows
	p.Run(blocks*chunks, func(worker, i int) {
		for y := i % chunks * rows; y < min((i%chunks+1)*rows, s.H); y++ {
			f(worker, i/chunks, y)
		}
	})
}
