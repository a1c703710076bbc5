package cost

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// wassersteinGradient is the gradient with respect to f from eigendecompositions in
// float64: 2/(N C) ((I - T) (f - mu) + mu - mu*), where T = R (R S R)^-½ R for the root
// R of S*.
func wassersteinGradient(style feature, f *mat.Dense) *mat.Dense {
	mu, target := covarianceOf(style.dense(), 1)
	mean, covariance := covarianceOf(f, 1)
	epsilon := 1e-4 * target.Trace() / float64(style.c)
	root := symmetric(target, 0, squareRoot)
	var a, t, g mat.Dense
	a.Product(root, symmetric(covariance, epsilon, func(v float64) float64 { return v }), root)
	// Ignore eigenvalues that are zero up to rounding.
	nothing := 1e-12 * a.Trace()
	t.Product(root, symmetric(&a, 0, func(v float64) float64 {
		if v < nothing {
			return 0
		}
		return 1 / math.Sqrt(v)
	}), root)
	c, n := f.Dims()
	centred := mat.DenseCopyOf(f)
	for i := range c {
		for j := range n {
			centred.Set(i, j, f.At(i, j)-mean[i])
		}
	}
	g.Mul(&t, centred)
	g.Sub(centred, &g)
	for i := range c {
		for j := range n {
			g.Set(i, j, 2/float64(n*c)*(g.At(i, j)+mean[i]-mu[i]))
		}
	}
	return &g
}

// TestWassersteinAccuracy checks the accuracy that the documentation states, with
// covariances of full rank and, with fewer positions than channels, singular ones.
func TestWassersteinAccuracy(t *testing.T) {
	for _, s := range []struct {
		c, h, w, style int // style is the side of the style
		cost, gradient float64
	}{
		{32, 64, 64, 64, 1e-5, 5e-5},
		{128, 32, 32, 32, 1e-5, 5e-5},
		{128, 32, 32, 8, 2e-5, 1e-3},
		{128, 8, 8, 32, 2e-5, 1e-3},
		{128, 8, 8, 8, 2e-5, 1e-3},
		{256, 4, 4, 16, 2e-5, 1e-3},
	} {
		t.Run(fmt.Sprintf("%dx%dx%d/%d", s.c, s.h, s.w, s.style), func(t *testing.T) {
			p := newPool(t, 2)
			style, f := newFeature(1, s.c, s.style, s.style), newFeature(2, s.c, s.h, s.w)
			cost, g := gradient(p, NewWasserstein(p, Measure(p, style.tensor()), Options{}), f, 1e3)
			near(t, "cost", cost, wassersteinReference(style, 1)(f.dense()), s.cost)
			want := wassersteinGradient(style, f.dense()).RawMatrix().Data
			var off, size float64
			for i, v := range want {
				d := float64(g[i])/1e3 - v
				off += d * d
				size += v * v
			}
			if e := math.Sqrt(off / size); !(e <= s.gradient) {
				t.Errorf("gradient off by %.2g of its length, want %.2g at most", e, s.gradient)
			} else {
				t.Logf("gradient off by %.2g of its length", e)
			}
		})
	}
}

// TestFlat tests activations with little variance: the rounding of the second moments
// is larger than their covariances, and of either sign.
func TestFlat(t *testing.T) {
	pool := newPool(t, 1)
	activation := func(deviation float64) *kernel.Tensor {
		r := rand.New(rand.NewPCG(1, 2))
		const channels, h, w = 256, 20, 20
		values := make([]float32, 0, channels*h*w)
		for range channels {
			mean := 5 * r.Float64()
			for range h * w {
				values = append(values, float32(max(0, mean+deviation*r.NormFloat64())))
			}
		}
		return kernel.FromCHW(channels, h, w, values)
	}
	textured := activation(1)
	for _, deviation := range []float64{0.1, 0.01, 0.001, 0} {
		flat := activation(deviation)
		for name, pair := range map[string][2]*kernel.Tensor{
			"style": {flat, textured}, "picture": {textured, flat}, "both": {flat, flat},
		} {
			t.Run(fmt.Sprintf("%s deviates by %g", name, deviation), func(t *testing.T) {
				flat := NewWasserstein(pool, Measure(pool, pair[0]), Options{})
				cost := evaluate(pool, flat, pair[1], 1)
				grad := kernel.NewTensor(256, 20, 20)
				flat.AddGradient(pool, 0, grad, pair[1], 0, 0)
				for _, v := range grad.CHW() {
					cost += 0 * float64(v)
				}
				// The means are equal and the variances at most 1; the rest is
				// rounding.
				if !(math.Abs(cost) < 2) {
					t.Errorf("cost %g, or its gradient is not finite", cost)
				}
			})
		}
	}
}
