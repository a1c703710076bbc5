package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// pooledShapes have odd sides, runs of tiles of every length, and several tasks.
var pooledShapes = []struct{ out, in, h, w int }{
	{32, 32, 2, 2}, {32, 64, 3, 5}, {64, 32, 4, 4}, {40, 48, 7, 34}, {16, 16, 11, 39}, {16, 40, 6, 9}, {32, 32, 9, 67}, {64, 32, 37, 70}, {32, 32, 66, 129},
}

// eachPooled runs the test for every shape, kind of pooling and precision.
func eachPooled(t *testing.T, test func(t *testing.T, p *Pool, c *Conv, h, w int, r *rand.Rand, kind Pooling)) {
	for _, s := range pooledShapes {
		for kind := range poolings {
			t.Run(fmt.Sprintf("%dx%d@%dx%d/%s", s.out, s.in, s.h, s.w, kind), func(t *testing.T) {
				eachPrecision(t, func(t *testing.T, p *Pool, precision Precision) {
					r := rand.New(rand.NewPCG(7, uint64(s.w)))
					c := NewConv(precision, s.out, s.in, randoms(r, s.out*s.in*kernelArea), randoms(r, s.out))
					test(t, p, c, s.h, s.w, r, kind)
				})
			})
		}
	}
}

// TestForwardPooled compares the fused operation, to the bit, with its two parts.
func TestForwardPooled(t *testing.T) {
	eachPooled(t, func(t *testing.T, p *Pool, c *Conv, h, w int, r *rand.Rand, kind Pooling) {
		var (
			src             = tensorIn(c.Precision, c.In, h, w, rectified(r, c.In*h*w))
			whole, wantMask = tensorIn(c.Precision, c.Out, h, w, nil), NewMask(c.Out, h, w)
			want, wantRoute = tensorIn(c.Precision, c.Out, h/2, w/2, nil), NewMask(c.Out, h, w)
			got, gotMask    = poisonedIn(c.Precision, c.Out, h/2, w/2, nil), NewMask(c.Out, h, w)
			gotRoute        = NewMask(c.Out, h, w)
		)
		p.Conv(c, whole, wantMask, src)
		p.Downsample(want, whole, wantRoute, kind)
		p.ConvPool(c, got, gotMask, src, kind, gotRoute)
		if !slices.EqualFunc(got.data, want.data, sameBits) || !slices.Equal(got.bf16, want.bf16) {
			t.Error("the pooled output differs")
		}
		if !slices.Equal(gotMask.bits, wantMask.bits) {
			t.Error("the mask differs")
		}
		if kind == MaxPooling {
			sameArgmax(t, gotRoute, wantRoute)
		}
	})
}

// sameArgmax compares the argmax masks of the pooled windows.
func sameArgmax(t *testing.T, got, want *Mask) {
	t.Helper()
	for b := range want.blocks() {
		for y := range want.H / 2 * 2 {
			at := want.offset(b, y, 0)
			if n := want.W / 2 * 2; !slices.Equal(got.from(at)[:n], want.from(at)[:n]) {
				t.Errorf("the argmax masks of block %d, row %d differ", b, y)
			}
		}
	}
}

// TestBackwardPooled compares the fused operation, to the bit, with its two parts.
func TestBackwardPooled(t *testing.T) {
	eachPooled(t, func(t *testing.T, p *Pool, c *Conv, h, w int, r *rand.Rand, kind Pooling) {
		var (
			src          = tensorIn(c.Precision, c.In, h, w, rectified(r, c.In*h*w))
			grad         = poisonedIn(c.Precision, c.Out, h/2, w/2, randoms(r, c.Out*(h/2)*(w/2)))
			mask, argmax = NewMask(c.Out, h, w), NewMask(c.Out, h, w)
			output       = tensorIn(c.Precision, c.Out, h/2, w/2, nil)
			whole        = poisonedIn(c.Precision, c.Out, h, w, nil)
			want, got    = tensorIn(c.Precision, c.In, h, w, nil), poisonedIn(c.Precision, c.In, h, w, nil)
		)
		p.ConvPool(c, output, mask, src, kind, argmax)
		p.DownsampleBack(whole, grad, argmax, kind)
		p.ConvBack(c, want, whole, mask)
		poison := poisoned(16, 16, 16, nil).data
		for i := range p.scratch { // stale values of other operations
			for _, s := range p.scratch[i].buffers {
				copy(s, poison)
			}
			for _, s := range p.scratch[i].bf16s {
				copy(s, poisonedIn(BFloat16, 16, 16, 16, nil).bf16)
			}
		}
		p.ConvPoolBack(c, got, grad, mask, kind, argmax)
		if !slices.EqualFunc(got.CHW(), want.CHW(), sameBits) {
			t.Error("the gradient differs")
		}
	})
}

func TestConvPooledThreads(t *testing.T) {
	const out, in, h, w = 64, 96, 45, 67
	for precision := range precisions {
		r := rand.New(rand.NewPCG(8, 9))
		conv := NewConv(precision, out, in, randoms(r, out*in*kernelArea), randoms(r, out))
		src := tensorIn(precision, in, h, w, rectified(r, in*h*w))
		grad := tensorIn(precision, out, h/2, w/2, randoms(r, out*(h/2)*(w/2)))
		sameOnAnyThreadsOf(t, having(precision), func(p *Pool) []float32 {
			mask, argmax := NewMask(out, h, w), NewMask(out, h, w)
			dst, back := tensorIn(precision, out, h/2, w/2, nil), tensorIn(precision, in, h, w, nil)
			p.ConvPool(conv, dst, mask, src, MaxPooling, argmax)
			p.ConvPoolBack(conv, back, grad, mask, MaxPooling, argmax)
			return slices.Concat(dst.CHW(), back.CHW())
		})
	}
}
