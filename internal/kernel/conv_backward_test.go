package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// poisoned returns a tensor with the values of data, c x h x w, and NaN in its border
// and padding, which operations on gradients must not read.
func poisoned(c, h, w int, data []float32) *Tensor { return poisonedIn(Float32, c, h, w, data) }

func poisonedIn(precision Precision, c, h, w int, data []float32) *Tensor {
	t := tensorIn(precision, c, h, w, nil)
	nan := float32(math.NaN())
	for i := range t.data {
		t.data[i] = nan
	}
	for i := range t.bf16 {
		t.bf16[i] = round(nan)
	}
	for i, v := range data {
		t.set(i/(h*w), i/w%h, i%w, v)
	}
	return t
}

// rectified returns n values of which about half are zero.
func rectified(r *rand.Rand, n int) []float32 {
	s := randoms(r, n)
	for i, v := range s {
		s[i] = max(v, 0)
	}
	return s
}

// convolveBackReference returns the gradient with respect to the input of
// [convolveReference]. Only positive outputs propagate a gradient.
func convolveBackReference(out, in, h, w int, grad, output, weight []float32, replicate bool) []float64 {
	dst := make([]float64, in*h*w)
	for k := range out {
		for y := range h {
			for x := range w {
				if output[(k*h+y)*w+x] <= 0 {
					continue
				}
				g := float64(grad[(k*h+y)*w+x])
				for c := range in {
					for t, wt := range weight[(k*in+c)*kernelArea:][:kernelArea] {
						sy, sx := y+t/3-1, x+t%3-1
						if replicate {
							sy, sx = min(max(sy, 0), h-1), min(max(sx, 0), w-1)
						}
						if sy >= 0 && sy < h && sx >= 0 && sx < w {
							dst[(c*h+sy)*w+sx] += g * float64(wt)
						}
					}
				}
			}
		}
	}
	return dst
}

// innerProduct returns the inner product of a and b, and the product of their norms, to
// which the tolerance is relative.
func innerProduct(a, b []float32) (sum, scale float64) {
	var aa, bb float64
	for i, v := range a {
		sum += float64(v) * float64(b[i])
		aa += float64(v) * float64(v)
		bb += float64(b[i]) * float64(b[i])
	}
	return sum, math.Sqrt(aa * bb)
}

// adjoint fails the test unless <Ax, y> = <x, Aᵀy>.
func adjoint(t *testing.T, ax, y, x, aty []float32) {
	t.Helper()
	forward, scale := innerProduct(ax, y)
	backward, _ := innerProduct(x, aty)
	if d := math.Abs(forward - backward); !(d <= 1e-6*scale) {
		t.Errorf("<Ax, y> = %.9g and <x, A'y> = %.9g differ by %.3g of |Ax| |y|", forward, backward, d/scale)
	}
}

// sameOnAnyThreads fails the test unless compute returns the same bits under
// one, two and three threads.
func sameOnAnyThreads(t *testing.T, compute func(p *Pool) []float32) {
	t.Helper()
	sameOnAnyThreadsOf(t, inFloat32(), compute)
}

func sameOnAnyThreadsOf(t *testing.T, implementations []*implementation, compute func(p *Pool) []float32) {
	t.Helper()
	for _, impl := range implementations {
		t.Run(impl.name, func(t *testing.T) {
			var one []float32
			for threads := 1; threads <= 3; threads++ {
				p := newPool(threads, impl)
				got := compute(p)
				p.Close()
				if threads == 1 {
					one = got
				} else if !slices.EqualFunc(got, one, sameBits) {
					t.Errorf("%d threads differ from one", threads)
				}
			}
		})
	}
}

func sameBits(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }

func TestConvBackward(t *testing.T) {
	for _, s := range convShapes {
		t.Run(fmt.Sprintf("%dx%d@%dx%d", s.out, s.in, s.h, s.w), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			weight, bias := randoms(r, s.out*s.in*kernelArea), randoms(r, s.out)
			grad, output := randoms(r, s.out*s.h*s.w), rectified(r, s.out*s.h*s.w)
			eachPrecision(t, func(t *testing.T, p *Pool, precision Precision) {
				want := convolveBackReference(s.out, s.in, s.h, s.w,
					representable(precision, grad), output, representable(precision, weight), false)
				dst := poisonedIn(precision, s.in, s.h, s.w, nil)
				p.ConvBack(NewConv(precision, s.out, s.in, weight, bias), dst,
					poisonedIn(precision, s.out, s.h, s.w, grad), positives(FromCHW(s.out, s.h, s.w, output)))
				near(t, dst.CHW(), want, tolerances[precision])
			})
		})
	}
}

// TestConvAdjoint makes the layer linear, with a bias that keeps all outputs positive,
// and masks some of the gradients of its outputs.
func TestConvAdjoint(t *testing.T) {
	for _, s := range append(convShapes, struct{ out, in, h, w int }{128, 96, 37, 41}) {
		t.Run(fmt.Sprintf("%dx%d@%dx%d", s.out, s.in, s.h, s.w), func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, 4))
			weight, bias := randoms(r, s.out*s.in*kernelArea), make([]float32, s.out)
			for i := range bias {
				bias[i] = float32(10 * math.Sqrt(float64(kernelArea*s.in)))
			}
			x, y := randoms(r, s.in*s.h*s.w), randoms(r, s.out*s.h*s.w)
			mask := rectified(r, s.out*s.h*s.w)
			conv := NewConv(Float32, s.out, s.in, weight, bias)
			eachImplementation(t, func(t *testing.T, p *Pool) {
				output := NewTensor(s.out, s.h, s.w)
				p.Conv(conv, output, nil, FromCHW(s.in, s.h, s.w, x))
				ax := output.CHW()
				for i := range ax {
					ax[i] -= bias[i/(s.h*s.w)]
					if mask[i] == 0 {
						ax[i] = 0
					}
				}
				aty := NewTensor(s.in, s.h, s.w)
				p.ConvBack(conv, aty, FromCHW(s.out, s.h, s.w, y), positives(FromCHW(s.out, s.h, s.w, mask)))
				adjoint(t, ax, y, x, aty.CHW())
			})
		})
	}
}

func TestConvThreads(t *testing.T) {
	const out, in, h, w = 64, 96, 45, 67
	for precision := range precisions {
		r := rand.New(rand.NewPCG(5, 6))
		conv := NewConv(precision, out, in, randoms(r, out*in*kernelArea), randoms(r, out))
		src := tensorIn(precision, in, h, w, rectified(r, in*h*w))
		grad := tensorIn(precision, out, h, w, randoms(r, out*h*w))
		sameOnAnyThreadsOf(t, having(precision), func(p *Pool) []float32 {
			dst, mask, back := tensorIn(precision, out, h, w, nil), NewMask(out, h, w), tensorIn(precision, in, h, w, nil)
			p.Conv(conv, dst, mask, src)
			p.ConvBack(conv, back, grad, mask)
			return slices.Concat(dst.CHW(), back.CHW())
		})
	}
}
