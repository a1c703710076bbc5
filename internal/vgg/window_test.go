package vgg

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// all is a step that makes one window.
const all = 1 << 20

// divided returns a plan with one section for each step, whose windows have that step.
// Two sections are split after the given number of layers.
func divided(t *testing.T, n *Network, pool *kernel.Pool, h, w int, opts PlanOptions, layers int, steps ...[2]int) *Plan {
	t.Helper()
	plan := newPlan(t, n, pool, h, w, opts)
	sections := []*section{plan.section(plan.layers, h, w, false)}
	if len(steps) == 2 {
		sections = plan.split(layers)
	}
	for i, s := range sections {
		s.divide(steps[i][0], steps[i][1])
		if i == 0 && steps[0] != [2]int{all, all} && len(s.windows) < 2 {
			t.Fatal("a single window")
		}
	}
	plan.use(sections...)
	return plan
}

// TestWindows compares a picture that is computed window by window, in one section or
// in two, with the whole picture.
//
// Windows round differently. That may change the sign of an activation near zero, or
// which of two nearly equal values is the larger one, and then the gradient takes
// another path. So the gradient is compared closely only in a network with average
// pooling whose activations are all positive.
func TestWindows(t *testing.T) {
	if testing.Short() {
		t.Skip("pictures large enough to be computed in windows")
	}
	const h, w = 251, 331
	var (
		taps     = []string{"conv1_1", "conv2_2", "conv4_2", "conv5_1"}
		picture  = randomPicture(h, w, 1)
		positive = Random(VGG19Slim, 1)
	)
	for _, c := range positive {
		multiply(c.Weight, 0.2)
		for i := range c.Bias {
			c.Bias[i] = 1
		}
	}
	linear, err := New(positive, unit)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		network   *Network
		opts      PlanOptions
		tolerance float64
	}{
		"linear": {linear, PlanOptions{Taps: taps, Pooling: kernel.AveragePooling}, 1e-5},
		"max":    {randomNetwork(t, VGG19Slim, unit), PlanOptions{Taps: taps, Replicate: true}, 5e-3},
	} {
		n, opts, pool := test.network, test.opts, newPool(t, 2)
		whole := divided(t, n, pool, h, w, opts, 0, [2]int{all, all})
		want, gradient := forward(whole, picture), gradientOf(whole, picture)
		for ways, plan := range map[string]*Plan{
			"windows":                divided(t, n, pool, h, w, opts, 0, [2]int{64, 128}),
			"split after two blocks": divided(t, n, pool, h, w, opts, 4, [2]int{64, 96}, [2]int{64, 32}),
			"many small windows":     divided(t, n, pool, h, w, opts, 8, [2]int{32, 64}, [2]int{8, 8}),
			"strips, and windows":    divided(t, n, pool, h, w, opts, 4, [2]int{96, all}, [2]int{32, all}),
			"strips of a block":      divided(t, n, pool, h, w, opts, 2, [2]int{24, all}, [2]int{all, all}),
			"windows of a block":     divided(t, n, pool, h, w, opts, 2, [2]int{64, 72}, [2]int{all, all}),
		} {
			t.Run(name+"/"+ways, func(t *testing.T) {
				for range 2 { // the second round finds the maps overwritten by the first
					got := forward(plan, picture)
					for _, tap := range taps {
						alike(t, tap, got[tap], want[tap], 1e-5)
					}
					alike(t, "gradient", gradientOf(plan, picture), gradient, test.tolerance)
				}
			})
		}
	}
}

// TestDivisionFits checks that plans choose the cheaper of two divisions, and that they
// respect the memory limit down to the Least of the error.
func TestDivisionFits(t *testing.T) {
	n, pool := randomNetwork(t, VGG19Slim, unit), newPool(t, 1)
	opts := PlanOptions{Taps: []string{"conv2_1", "conv5_1"}}
	const h, w = 900, 1300
	before := 0.
	for _, share := range []float64{0.9, 0.5, 0.25, 0.12} {
		whole := newPlan(t, n, pool, h, w, opts).sections
		opts := opts
		opts.Memory = int64(share * float64(whole[0].frameBytes(h, w, 1).total()))
		plan := newPlan(t, n, pool, h, w, opts)
		var way []option
		for _, s := range plan.sections {
			first := s.windows[0]
			way = append(way, option{bytes: s.frameBytes(first.h, first.w, len(s.windows))})
		}
		if need := combinedBytes(way); need > opts.Memory {
			t.Errorf("within %d bytes: %d", opts.Memory, need)
		}
		computed := 0.
		for _, s := range plan.sections {
			for _, window := range s.windows {
				computed += s.operations() * float64(window.h*window.w)
			}
		}
		if computed < before {
			t.Errorf("within %d bytes less is computed than within more", opts.Memory)
		}
		before = computed
	}
	opts.Memory = 1 << 20
	_, err := n.Plan(pool, h, w, opts)
	var memory *MemoryError
	if !errors.As(err, &memory) {
		t.Fatal(err)
	}
	opts.Memory = memory.Least
	if _, err := n.Plan(pool, h, w, opts); err != nil {
		t.Errorf("within the least memory: %v", err)
	}
	opts.Memory--
	if _, err := n.Plan(pool, h, w, opts); err == nil {
		t.Error("within less than the least memory: no error")
	}
}

// gradientOf returns the gradient of the sum of a²/2 + a z over the tapped activations
// a, where z varies with the position.
func gradientOf(p *Plan, picture []float32) []float32 {
	gradient := make([]float32, len(picture))
	runForward(p, picture, unobserved)
	runBackward(p, gradient, func(_ string, grad, a *kernel.Tensor, y, x int) {
		values := a.CHW()
		for i := range values {
			ch, row, column := i/(a.H*a.W), y+i/a.W%a.H, x+i%a.W
			values[i] += float32(math.Sin(float64(ch + 3*row + 7*column)))
		}
		p.engine.AddAt(grad, kernel.FromCHW(a.C, a.H, a.W, values), 0, 0)
	})
	return gradient
}

// alike fails the test unless the root mean square of got - want is within tolerance of
// that of want.
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

// TestInteriorsPartition checks that every position of every tap is in the interior of
// exactly one window.
func TestInteriorsPartition(t *testing.T) {
	n, pool := randomNetwork(t, VGG19Slim, unit), newPool(t, 1)
	const h, w = 471, 433
	opts := PlanOptions{Taps: []string{"conv1_1", "conv3_1", "conv5_1"}}
	plan := divided(t, n, pool, h, w, opts, 4, [2]int{64, 96}, [2]int{64, 32})
	for _, s := range plan.sections {
		for i := range s.forward {
			o := &s.forward[i]
			if o.kind != opObserve {
				continue
			}
			h, w := s.h>>o.tap.halvings, s.w>>o.tap.halvings
			seen := make([]int, h*w)
			for number := range s.windows {
				s.frame.window = s.windows[number]
				s.eachPart(&s.frame, o.tap, 7, func(a area, y, x int) {
					for row := a.top; row < a.bottom; row++ {
						for column := a.left; column < a.right; column++ {
							seen[row*w+column]++
						}
					}
				})
			}
			for i, count := range seen {
				if count != 1 {
					t.Fatalf("%q: position %d of %d x %d belongs to %d cores", o.tap.layer, i, h, w, count)
				}
			}
		}
	}
}

// TestCancelled checks that a cancelled context stops the computation, in one window or
// in several, and that its cause is returned.
func TestCancelled(t *testing.T) {
	n, pool := randomNetwork(t, VGG19Slim, unit), newPool(t, 2)
	const h, w = 200, 150
	whole := newPlan(t, n, pool, h, w, PlanOptions{Taps: n.Layers()})
	parts := newPlan(t, n, pool, h, w, PlanOptions{Taps: []string{"conv1_1", "conv2_2"}, Memory: 1 << 20})
	if parts.Parts() < 2 {
		t.Fatalf("%d windows", parts.Parts())
	}
	picture, cause := randomPicture(h, w, 1), errors.New("cancelled by the test")
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
