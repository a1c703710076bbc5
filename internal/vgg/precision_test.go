package vgg

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// eachBFloat16 runs a test under every implementation of this machine that has
// bfloat16.
func eachBFloat16(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	eachImplementation(t, func(t *testing.T) {
		if newPool(t, 1).Check(kernel.BFloat16) == nil {
			test(t)
		}
	})
}

// TestBFloat16 compares activations and gradients with those of float32.
//
// Each layer rounds its weights and activations by 2^-9 of a value on average, and the
// squares of the errors of the layers add up. Where rounding changes the sign of an
// input of ReLU, or the largest of four values, a gradient takes another path: that is
// most of its error.
func TestBFloat16(t *testing.T) {
	const (
		h, w                = 51, 38
		activationTolerance = 0.01
		gradientTolerance   = 0.1
	)
	n := randomNetwork(t, VGG19Slim, unit)
	taps := []string{"conv1_1", "conv2_2", "conv4_2", "conv5_1"}
	for name, opts := range map[string]PlanOptions{
		"max, replicate": {Taps: taps, Replicate: true},
		"average":        {Taps: taps, Pooling: kernel.RescaledAveragePooling},
	} {
		t.Run(name, func(t *testing.T) {
			eachBFloat16(t, func(t *testing.T) {
				picture, pool := randomPicture(h, w, 1), newPool(t, 2)
				exact := newPlan(t, n, pool, h, w, opts)
				opts := opts
				opts.Precision = kernel.BFloat16
				rounded := newPlan(t, n, pool, h, w, opts)
				want, got := forward(exact, picture), forward(rounded, picture)
				for _, tap := range taps {
					alike(t, tap, got[tap], want[tap], activationTolerance)
				}
				gradient := gradientOf(rounded, picture)
				alike(t, "gradient", gradient, gradientOf(exact, picture), gradientTolerance)
				for _, threads := range []int{1, 3} {
					again := newPlan(t, n, newPool(t, threads), h, w, opts)
					sameActivations(t, forward(again, picture), got)
					if !slices.Equal(gradientOf(again, picture), gradient) {
						t.Errorf("the gradient differs with %d threads", threads)
					}
				}
			})
		})
	}
}

// TestBFloat16Windows compares windows with the whole picture. Sums have the same order
// wherever a window begins, so activations are equal to the bit. Gradients are rounded
// before the overlaps of windows are added.
func TestBFloat16Windows(t *testing.T) {
	if testing.Short() {
		t.Skip("pictures large enough to be computed in windows")
	}
	n, pool := randomNetwork(t, VGG19Slim, unit), newPool(t, 2)
	if err := pool.Check(kernel.BFloat16); err != nil {
		t.Skip(err)
	}
	const h, w, gradientTolerance = 411, 331, 0.01
	opts := PlanOptions{Taps: []string{"conv1_1", "conv2_2", "conv4_2", "conv5_1"}, Precision: kernel.BFloat16}
	whole := newPlan(t, n, pool, h, w, opts)
	parts := divided(t, n, pool, h, w, opts, 0, [2]int{64, 64})
	picture := randomPicture(h, w, 1)
	sameActivations(t, forward(parts, picture), forward(whole, picture))
	alike(t, "gradient", gradientOf(parts, picture), gradientOf(whole, picture), gradientTolerance)
}

// TestPrecisionsOfANetwork checks that the bfloat16 weights are the rounded float32
// weights, whichever is requested first.
func TestPrecisionsOfANetwork(t *testing.T) {
	eachBFloat16(t, func(t *testing.T) {
		const h, w = 20, 24
		picture, pool := randomPicture(h, w, 1), newPool(t, 1)
		activations := make(map[string]map[string][]float32)
		for _, order := range [][]kernel.Precision{{kernel.Float32, kernel.BFloat16}, {kernel.BFloat16, kernel.Float32}} {
			n := randomNetwork(t, small, unit)
			for _, precision := range order {
				plan := newPlan(t, n, pool, h, w, PlanOptions{Taps: []string{"conv3_1"}, Precision: precision})
				got := forward(plan, picture)
				if want := activations[precision.String()]; want != nil {
					sameActivations(t, got, want)
				}
				activations[precision.String()] = got
			}
		}
	})
}

func TestPrecisionThatAKernelLacks(t *testing.T) {
	n := randomNetwork(t, small, unit)
	eachImplementation(t, func(t *testing.T) {
		pool := newPool(t, 1)
		_, err := n.Plan(pool, 16, 16, PlanOptions{Taps: []string{"conv1_1"}, Precision: kernel.BFloat16})
		if fmt.Sprint(err) != fmt.Sprint(pool.Check(kernel.BFloat16)) {
			t.Errorf("got %v, want what the pool says", err)
		}
		var missing *kernel.PrecisionError
		if err != nil && !errors.As(err, &missing) {
			t.Errorf("got %v, want a PrecisionError", err)
		}
	})
}
