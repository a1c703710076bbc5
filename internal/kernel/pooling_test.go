package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// eachWindow calls f for each output i of 2x2 pooling of maps of h x w, with the
// indices of its four inputs, row by row.
func eachWindow(c, h, w int, f func(i int, under [4]int)) {
	for ch := range c {
		for y := range h / 2 {
			for x := range w / 2 {
				first := (ch*h+2*y)*w + 2*x
				f((ch*(h/2)+y)*(w/2)+x, [4]int{first, first + 1, first + w, first + w + 1})
			}
		}
	}
}

// averageScales are the factors of the mean in each average pooling.
var averageScales = map[Pooling]float64{AveragePooling: 1, RescaledAveragePooling: 2}

func poolReference(c, h, w int, src []float32, kind Pooling) []float64 {
	dst := make([]float64, c*(h/2)*(w/2))
	eachWindow(c, h, w, func(i int, under [4]int) {
		largest, sum := math.Inf(-1), 0.
		for _, j := range under {
			v := float64(src[j])
			largest, sum = max(largest, v), sum+v
		}
		dst[i] = averageScales[kind] * sum / 4
		if kind == MaxPooling {
			dst[i] = largest
		}
	})
	return dst
}

func poolBackReference(c, h, w int, src, grad []float32, kind Pooling) []float64 {
	dst := make([]float64, c*h*w)
	eachWindow(c, h, w, func(i int, under [4]int) {
		largest := under[0]
		for _, j := range under {
			if src[j] > src[largest] {
				largest = j
			}
			dst[j] = averageScales[kind] * float64(grad[i]) / 4
		}
		if kind == MaxPooling {
			dst[largest] = float64(grad[i])
		}
	})
	return dst
}

var poolShapes = []struct{ c, h, w int }{
	{32, 2, 2}, {32, 3, 3}, {48, 2, 9}, {16, 7, 2}, {64, 5, 14}, {40, 8, 15}, {96, 9, 33}, {32, 4, 70}, {64, 23, 41},
}

// poolInputs are inputs by the case that they test.
var poolInputs = map[string]func(r *rand.Rand, n int) []float32{
	"rectified": rectified,
	// Ties for the largest.
	"ties": func(r *rand.Rand, n int) []float32 {
		s := make([]float32, n)
		for i := range s {
			s[i] = float32(max(0, r.IntN(5)-2))
		}
		return s
	},
}

func eachPooling(t *testing.T, test func(t *testing.T, c, h, w int, src []float32, kind Pooling)) {
	for _, s := range poolShapes {
		for name, values := range poolInputs {
			src := values(rand.New(rand.NewPCG(1, 2)), s.c*s.h*s.w)
			for kind := range poolings {
				t.Run(fmt.Sprintf("%dx%dx%d/%s/%s", s.c, s.h, s.w, name, kind), func(t *testing.T) {
					test(t, s.c, s.h, s.w, src, kind)
				})
			}
		}
	}
}

func TestDownsample(t *testing.T) {
	eachPooling(t, func(t *testing.T, c, h, w int, src []float32, kind Pooling) {
		want := poolReference(c, h, w, src, kind)
		eachImplementation(t, func(t *testing.T, p *Pool) {
			dst := poisoned(c, h/2, w/2, nil)
			p.Downsample(dst, FromCHW(c, h, w, src), nil, kind)
			near(t, dst.CHW(), want, 1e-7)
			checkBorder(t, dst)
		})
	})
}

func TestDownsampleBack(t *testing.T) {
	eachPooling(t, func(t *testing.T, c, h, w int, src []float32, kind Pooling) {
		grad := randoms(rand.New(rand.NewPCG(3, 4)), c*(h/2)*(w/2))
		want := poolBackReference(c, h, w, src, grad, kind)
		eachImplementation(t, func(t *testing.T, p *Pool) {
			in, argmax := FromCHW(c, h, w, src), NewMask(c, h, w)
			p.Downsample(NewTensor(c, h/2, w/2), in, argmax, kind)
			dst := poisoned(c, h, w, nil)
			p.DownsampleBack(dst, poisoned(c, h/2, w/2, grad), argmax, kind)
			got := dst.CHW()
			near(t, got, want, 2e-7)
			for i, v := range want {
				if v == 0 && got[i] != 0 {
					t.Fatalf("gradient of %g at %d, which no output sees", got[i], i)
				}
			}
		})
	})
}

func TestPoolingThreads(t *testing.T) {
	const c, h, w = 64, 61, 43
	r := rand.New(rand.NewPCG(5, 6))
	in, grad := FromCHW(c, h, w, rectified(r, c*h*w)), FromCHW(c, h/2, w/2, randoms(r, c*(h/2)*(w/2)))
	for kind := range poolings {
		t.Run(kind.String(), func(t *testing.T) {
			sameOnAnyThreads(t, func(p *Pool) []float32 {
				out, back, argmax := NewTensor(c, h/2, w/2), NewTensor(c, h, w), NewMask(c, h, w)
				p.Downsample(out, in, argmax, kind)
				p.DownsampleBack(back, grad, argmax, kind)
				return slices.Concat(out.CHW(), back.CHW())
			})
		})
	}
}

func TestPoolingNames(t *testing.T) {
	for kind, name := range map[Pooling]string{MaxPooling: "max", AveragePooling: "avg", RescaledAveragePooling: "avg-rescaled"} {
		got, err := ParsePooling(name)
		if err != nil || got != kind || kind.String() != name {
			t.Errorf("%q is %v, %v; %v is %q", name, got, err, kind, kind.String())
		}
		text, err := kind.MarshalText()
		if err != nil || string(text) != name {
			t.Errorf("%v is written %q, %v", kind, text, err)
		}
		var back Pooling
		if err := back.UnmarshalText(text); err != nil || back != kind {
			t.Errorf("%q is read as %v, %v", text, back, err)
		}
	}
	for _, name := range []string{"", "l2", "max-rescaled", "Max"} {
		if _, err := ParsePooling(name); err == nil {
			t.Errorf("%q is a pooling", name)
		}
	}
}
