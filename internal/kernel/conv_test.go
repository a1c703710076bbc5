package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// tested returns the implementations of this machine that tests run on. Under the race
// detector it returns only the fastest: all share the same code for threads, the
// detector does not see assembly, and portable Go would take minutes.
func tested() []*implementation {
	all := implementations()
	if underRaceDetector {
		return all[:1]
	}
	return all
}

// inFloat32 returns the tested implementations with different float32 primitives.
func inFloat32() []*implementation {
	seen := make(map[*primitives]bool)
	return slices.DeleteFunc(tested(), func(impl *implementation) bool {
		again := seen[impl.primitives]
		seen[impl.primitives] = true
		return again
	})
}

// eachImplementation runs the test under every tested implementation and with one
// and three threads.
func eachImplementation(t *testing.T, test func(t *testing.T, p *Pool)) {
	t.Helper()
	for _, impl := range inFloat32() {
		for _, threads := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s/threads=%d", impl.name, threads), func(t *testing.T) {
				p := newPool(threads, impl)
				defer p.Close()
				test(t, p)
			})
		}
	}
}

// having returns the tested implementations that support a precision, without those
// that share their primitives for it.
func having(precision Precision) []*implementation {
	if precision == Float32 {
		return inFloat32()
	}
	return slices.DeleteFunc(tested(), func(impl *implementation) bool { return impl.check(precision) != nil })
}

// eachPrecision is eachImplementation in each precision that an implementation
// supports.
func eachPrecision(t *testing.T, test func(t *testing.T, p *Pool, precision Precision)) {
	t.Helper()
	eachImplementation(t, func(t *testing.T, p *Pool) { test(t, p, Float32) })
	for _, impl := range having(BFloat16) {
		for _, threads := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s/%s/threads=%d", BFloat16, impl.name, threads), func(t *testing.T) {
				p := newPool(threads, impl)
				defer p.Close()
				test(t, p, BFloat16)
			})
		}
	}
}

// tolerances are the errors that a convolution may have, relative to the root mean
// square of its outputs: measured for float32; the largest rounding error of 8 bits for
// bfloat16.
var tolerances = [precisions]float64{Float32: 3e-6, BFloat16: 0x1p-8}

// representable returns values rounded to a precision.
func representable(precision Precision, values []float32) []float32 {
	if precision == Float32 {
		return values
	}
	rounded := make([]float32, len(values))
	for i, v := range values {
		rounded[i] = widen(round(v))
	}
	return rounded
}

// tensorIn returns a tensor with the values of data, c x h x w, in a precision.
func tensorIn(precision Precision, c, h, w int, data []float32) *Tensor {
	t := &Tensor{Precision: precision}
	t.Reshape(c, h, w)
	for i, v := range data {
		t.set(i/(h*w), i/w%h, i%w, v)
	}
	return t
}

// set changes one value.
func (t *Tensor) set(c, y, x int, v float32) {
	if t.Precision == BFloat16 {
		t.bf16[bf16Ratio*t.offset(c/bf16Lanes, y, x)+c%bf16Lanes] = round(v)
		return
	}
	t.data[t.offset(c/lanes, y, x)+c%lanes] = v
}

func randoms(r *rand.Rand, n int) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = float32(r.NormFloat64())
	}
	return s
}

// convolveReference computes a 3x3 convolution by its definition, of c x h x w values.
// at returns the input at a position, which may be outside the picture.
func convolveReference(out, in, h, w int, src, weight, bias []float32, replicate bool) []float64 {
	dst := make([]float64, out*h*w)
	for k := range out {
		for y := range h {
			for x := range w {
				s := float64(bias[k])
				for c := range in {
					for t, wt := range weight[(k*in+c)*kernelArea:][:kernelArea] {
						sy, sx := y+t/3-1, x+t%3-1
						if replicate {
							sy, sx = min(max(sy, 0), h-1), min(max(sx, 0), w-1)
						}
						if sy < 0 || sy >= h || sx < 0 || sx >= w {
							continue
						}
						s += float64(wt) * float64(src[(c*h+sy)*w+sx])
					}
				}
				dst[(k*h+y)*w+x] = max(s, 0)
			}
		}
	}
	return dst
}

// near fails the test unless the root mean square of got - want is at most tolerance
// times that of want, and no difference is more than thirty times that.
func near(t *testing.T, got []float32, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d values, want %d", len(got), len(want))
	}
	var squares, errors, worst float64
	for i, v := range want {
		d := float64(got[i]) - v
		squares += v * v
		errors += d * d
		worst = max(worst, math.Abs(d))
	}
	n := float64(len(want))
	scale := math.Sqrt(squares / n)
	if rms := math.Sqrt(errors / n); !(rms <= tolerance*scale && worst <= 30*tolerance*scale) {
		t.Errorf("off by %.3g of the root mean square, at most %.3g; want %.3g and %.3g",
			rms/scale, worst/scale, tolerance, 30*tolerance)
	}
}

var convShapes = []struct{ out, in, h, w int }{
	{32, 32, 1, 1}, {32, 32, 4, 4}, {32, 64, 5, 7}, {64, 32, 9, 33}, {64, 64, 13, 70}, {48, 40, 6, 11}, {16, 16, 7, 30}, {16, 5, 4, 9}, {64, 16, 6, 10}, {16, 96, 3, 21},
}

func TestConvForward(t *testing.T) {
	for _, s := range convShapes {
		t.Run(fmt.Sprintf("%dx%d@%dx%d", s.out, s.in, s.h, s.w), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			src, weight, bias := randoms(r, s.in*s.h*s.w), randoms(r, s.out*s.in*kernelArea), randoms(r, s.out)
			eachPrecision(t, func(t *testing.T, p *Pool, precision Precision) {
				want := convolveReference(s.out, s.in, s.h, s.w,
					representable(precision, src), representable(precision, weight), bias, false)
				dst, mask := poisonedIn(precision, s.out, s.h, s.w, nil), NewMask(s.out, s.h, s.w)
				p.Conv(NewConv(precision, s.out, s.in, weight, bias), dst, mask, tensorIn(precision, s.in, s.h, s.w, src))
				near(t, dst.CHW(), want, tolerances[precision])
				checkBorder(t, dst)
				checkMask(t, mask, dst)
			})
		})
	}
}

// checkBorder fails the test unless everything around the map is zero.
func checkBorder(t *testing.T, x *Tensor) {
	t.Helper()
	inner := x.CHW()
	var in, all float64
	for _, v := range inner {
		in += math.Abs(float64(v))
	}
	for _, v := range x.data {
		all += math.Abs(float64(v))
	}
	for _, v := range x.bf16 {
		all += math.Abs(float64(widen(v)))
	}
	if math.Abs(in-all) > 1e-9*all {
		t.Errorf("the border is not zero: %g inside, %g in all", in, all)
	}
}
