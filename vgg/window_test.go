package vgg

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/pastiche-art/pastiche/kernel"
)

// TestWindows shows that a picture that is computed window by window has the
// activations and the gradient that it has as a whole.
func TestWindows(t *testing.T) {
	if testing.Short() {
		t.Skip("pictures large enough to be computed in windows")
	}
	n, pool := randomNetwork(t, VGG19Slim, unit), newPool(t, 2)
	taps := []string{"conv1_1", "conv2_2", "conv4_2", "conv5_1"}
	for _, size := range []struct{ h, w int }{{411, 331}, {240, 531}} {
		for name, opts := range map[string]PlanOptions{
			"max, replicate": {Taps: taps, Replicate: true},
			"average":        {Taps: taps, Pooling: Pooling{Kind: kernel.Average}},
			"l2":             {Taps: taps, Pooling: Pooling{Kind: kernel.L2}},
		} {
			t.Run(fmt.Sprintf("%dx%d/%s", size.w, size.h, name), func(t *testing.T) {
				whole := newPlan(t, n, pool, size.h, size.w, opts)
				opts.Memory = whole.windowBytes(240, 240)
				parts := newPlan(t, n, pool, size.h, size.w, opts)
				if len(parts.windows) < 2 {
					t.Fatalf("%d windows", len(parts.windows))
				}
				picture := randomPicture(size.h, size.w, 1)
				want, got := forward(whole, picture), forward(parts, picture)
				for _, tap := range taps {
					alike(t, tap, got[tap], want[tap], 1e-5)
				}
				alike(t, "gradient", gradientOf(parts, picture), gradientOf(whole, picture), 1e-4)
			})
		}
	}
}

// gradientOf returns the gradient of the sum of a²/2 + a z over the tapped
// activations a, where z varies from place to place.
func gradientOf(p *Plan, picture []float32) []float32 {
	gradient := make([]float32, len(picture))
	runForward(p, picture, unobserved)
	runBackward(p, gradient, func(_ string, grad, a *kernel.Tensor, y, x int) {
		values := a.CHW()
		for i := range values {
			ch, row, column := i/(a.H*a.W), y+i/a.W%a.H, x+i%a.W
			values[i] += float32(math.Sin(float64(ch + 3*row + 7*column)))
		}
		p.pool.Paste(grad, kernel.FromCHW(a.C, a.H, a.W, values), 0, 0)
	})
	return gradient
}

// alike fails the test unless the root mean square of got - want is within
// tolerance of that of want.
func alike(t *testing.T, what string, got, want []float32, tolerance float64) {
	t.Helper()
	var squares, errors float64
	for i, v := range want {
		squares += float64(v) * float64(v)
		errors += (float64(got[i]) - float64(v)) * (float64(got[i]) - float64(v))
	}
	if off := math.Sqrt(errors / squares); !(off <= tolerance) {
		t.Errorf("%s: off by %.2g, want %.2g at most", what, off, tolerance)
	}
}

func TestNoWindowFits(t *testing.T) {
	n, pool := randomNetwork(t, VGG19Slim, unit), newPool(t, 1)
	_, err := n.Plan(pool, 500, 500, PlanOptions{Taps: []string{"conv5_1"}, Memory: 1 << 20})
	var memory *MemoryError
	if !errors.As(err, &memory) || memory.Allowed != 1<<20 || memory.Least <= memory.Allowed {
		t.Errorf("a plan within a megabyte: %v", err)
	}
}

// TestCoresPartition shows that every position of every tap belongs to the core
// of exactly one window.
func TestCoresPartition(t *testing.T) {
	n, pool := randomNetwork(t, VGG19Slim, unit), newPool(t, 1)
	plan := newPlan(t, n, pool, 171, 233, PlanOptions{Taps: []string{"conv1_1", "conv3_1", "conv5_1"}})
	plan.windows = nil
	plan.memory = plan.windowBytes(170, 170)
	if err := plan.divide(); err != nil {
		t.Fatal(err)
	}
	for _, s := range plan.stages {
		h, w := plan.h>>s.halvings, plan.w>>s.halvings
		seen := make([]int, h*w)
		for _, window := range plan.windows {
			plan.parts(window, s, 0, window.h>>s.halvings, func(a area, y, x int) {
				for row := a.top; row < a.bottom; row++ {
					for column := a.left; column < a.right; column++ {
						seen[row*w+column]++
					}
				}
			})
		}
		for i, count := range seen {
			if count != 1 {
				t.Fatalf("%s: position %d of %d x %d belongs to %d cores", s.name, i, h, w, count)
			}
		}
	}
}

// TestCancelled: where the context is cancelled, nothing more is computed, in one
// part or in several, and the cause is returned.
func TestCancelled(t *testing.T) {
	n, pool := randomNetwork(t, VGG19Slim, unit), newPool(t, 2)
	const h, w = 200, 150
	whole := newPlan(t, n, pool, h, w, PlanOptions{Taps: n.Layers()})
	parts := newPlan(t, n, pool, h, w, PlanOptions{Taps: []string{"conv1_1", "conv2_2"}, Memory: 1 << 20})
	if len(parts.windows) < 2 {
		t.Fatalf("%d windows", len(parts.windows))
	}
	picture, cause := randomPicture(h, w, 1), errors.New("the model has left")
	for name, plan := range map[string]*Plan{"whole": whole, "in parts": parts} {
		t.Run(name, func(t *testing.T) {
			gradient := make([]float32, len(picture))
			for direction, run := range map[string]func(ctx context.Context, look func()) error{
				"Forward": func(ctx context.Context, look func()) error {
					return plan.Forward(ctx, picture, func(string, *kernel.Tensor, int, int) { look() })
				},
				"Backward": func(ctx context.Context, look func()) error {
					runForward(plan, picture, unobserved)
					return plan.Backward(ctx, gradient, func(string, *kernel.Tensor, *kernel.Tensor, int, int) { look() })
				},
			} {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				seen := 0
				err := run(ctx, func() {
					if seen++; seen == 2 {
						cancel(cause)
					}
				})
				if !errors.Is(err, cause) || seen != 2 {
					t.Errorf("%s: %d looks at taps, 2 of them before it was cancelled, and error %v", direction, seen, err)
				}
				if err := run(ctx, func() { t.Errorf("%s: a look after it was cancelled", direction) }); !errors.Is(err, cause) {
					t.Errorf("%s: error %v", direction, err)
				}
				if of, err := plan.Activations(ctx, picture); !errors.Is(err, cause) || of != nil {
					t.Errorf("Activations: %v, error %v", of, err)
				}
			}
		})
	}
}
