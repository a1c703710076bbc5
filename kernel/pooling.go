package kernel

import "fmt"

// A Pooling is a way to halve feature maps: one value for each 2x2 window. A
// last odd row or column is left out.
type Pooling int

// The kinds of pooling.
const (
	Max     Pooling = iota // the largest
	Average                // the mean
	L2                     // the root of the sum of squares
	poolings
)

// String returns "max", "avg" or "l2".
func (k Pooling) String() string { return [...]string{"max", "avg", "l2"}[k] }

// A Halving is a pooling: what [Pool.Downsample] and [Pool.DownsampleBack] take.
type Halving struct {
	Kind  Pooling
	Scale float32
	Route *Mask
}

// factor returns what the sum over a window is multiplied by.
func (h *Halving) factor() float32 {
	if h.Kind == Average {
		return h.Scale / 4
	}
	return h.Scale
}

// Downsample computes dst, C x H/2 x W/2, from src, C x H x W, and multiplies
// the result by scale (maxima are not scaled). For maxima it sets route, of the
// shape of src, to say where they came from; it may be nil.
func (p *Pool) Downsample(dst, src *Tensor, route *Mask, kind Pooling, scale float32) {
	checkHalf(&dst.shape, &src.shape)
	if route != nil {
		route.same(&src.shape)
	}
	h := Halving{Kind: kind, Scale: scale, Route: route}
	if dst.Precision == BFloat16 {
		p.eachRowOf(dst.stored(), &dst.shape, func(worker, b, y int) {
			rows := [2][]bfloat16{src.halfRow(b, 2*y), src.halfRow(b, 2*y+1)}
			p.poolRow(&p.scratch[worker], &h, dst, rows, &src.shape, b, y)
		})
		dst.clearBorder()
		return
	}
	p.eachRow(dst, func(b, y int) {
		p.impl.pool[kind](pooling{
			out: dst.rowAt(b, y), in0: src.rowAt(b, 2*y), in1: src.rowAt(b, 2*y+1),
			route0: route.from(src.offset(b, 2*y, 0)), route1: route.from(src.offset(b, 2*y+1, 0)),
			n: dst.W, scale: h.factor(),
		})
	})
	dst.clearBorder()
}

// DownsampleBack computes the gradient with respect to the input, dst,
// C x H x W, from the gradient with respect to the output, grad. For [Max] it
// needs the route of [Pool.Downsample], for [L2] its input; otherwise they may be
// nil.
func (p *Pool) DownsampleBack(dst, grad, in *Tensor, route *Mask, kind Pooling, scale float32) {
	checkHalf(&grad.shape, &dst.shape)
	switch kind {
	case Max:
		route.same(&dst.shape)
	case L2:
		in.same(&dst.shape)
	}
	h := Halving{Kind: kind, Scale: scale, Route: route}
	if dst.Precision == BFloat16 {
		p.eachRowOf(dst.stored(), &shape{H: (dst.H + 1) / 2, row: 2 * dst.row}, func(worker, b, y int) {
			var rows [2][]bfloat16
			for i := range rows {
				if 2*y+i < dst.H {
					rows[i] = dst.halfRow(b, 2*y+i)
				}
			}
			p.spreadRow(&p.scratch[worker], &h, rows, grad, in, &dst.shape, b, y)
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
		a := pooling{
			grad: grad.rowAt(b, y), grad0: dst.data[upper:], grad1: dst.data[lower:],
			n: grad.W, scale: h.factor(),
		}
		switch kind {
		case Max:
			a.route0, a.route1 = route.from(upper), route.from(lower)
		case L2:
			a.in0, a.in1 = in.data[upper:], in.data[lower:]
		}
		p.impl.poolBack[kind](a)
		clear(dst.rowAt(b, 2*y)[2*grad.W*lane:])
		clear(dst.rowAt(b, 2*y+1)[2*grad.W*lane:])
	})
}

func checkHalf(half, full *shape) {
	if half.C != full.C || half.H != full.H/2 || half.W != full.W/2 {
		panic(fmt.Sprintf("kernel: pooling between %d x %d x %d and %d x %d x %d",
			full.C, full.H, full.W, half.C, half.H, half.W))
	}
}

// taskElements is about how many elements a task of a simple loop should
// touch, so that handing it out costs nothing beside it.
const taskElements = 1 << 15

// eachRow calls f for each row of each block of t.
func (p *Pool) eachRow(t *Tensor, f func(block, y int)) {
	p.eachRowOf(t.stored(), &t.shape, func(_, b, y int) { f(b, y) })
}

// eachRowOf calls f, and says which worker it is, for each row of a number of
// blocks.
func (p *Pool) eachRowOf(blocks int, s *shape, f func(worker, block, y int)) {
	rows := max(1, taskElements/s.row)
	chunks := (s.H + rows - 1) / rows
	p.Run(blocks*chunks, func(worker, i int) {
		for y := i % chunks * rows; y < min((i%chunks+1)*rows, s.H); y++ {
			f(worker, i/chunks, y)
		}
	})
}
