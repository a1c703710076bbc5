package vgg

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// small is a VGG that tests can run many times.
var small = Architecture{"small", []Block{{2, 8}, {2, 16}, {1, 24}}}

// unit maps levels to -1..1.
var unit = Input{
	Scale:  [3]float32{1 / 127.5, 1 / 127.5, 1 / 127.5},
	Offset: [3]float32{-1, -1, -1},
}

// forward returns the activations of a plan's taps, C x H x W.
func forward(p *Plan, picture []float32) map[string][]float32 {
	values := make(map[string][]float32)
	for tap, t := range activations(p, picture) {
		values[tap] = t.CHW()
	}
	return values
}

// activations returns the activations of a plan's taps without cancellation.
func activations(p *Plan, picture []float32) map[string]*kernel.Tensor {
	of, err := p.Activations(context.Background(), picture)
	if err != nil {
		panic(err)
	}
	return of
}

// runForward and runBackward run a plan without cancellation.
func runForward(p *Plan, picture []float32, observe func(tap string, activation *kernel.Tensor, y, x int)) {
	if err := p.Forward(context.Background(), picture, observe); err != nil {
		panic(err)
	}
}

func runBackward(p *Plan, gradient []float32, add func(tap string, grad, activation *kernel.Tensor, y, x int)) {
	if err := p.Backward(context.Background(), gradient, add); err != nil {
		panic(err)
	}
}

// unobserved is an observer that does nothing.
func unobserved(string, *kernel.Tensor, int, int) {}

func sameActivations(t *testing.T, got, want map[string][]float32) {
	t.Helper()
	for tap, values := range want {
		if !slices.Equal(got[tap], values) {
			t.Errorf("the activation of %s differs", tap)
		}
	}
}

func TestTapsAreIndependent(t *testing.T) {
	n, pool := randomNetwork(t, VGG19Slim, unit), newPool(t, 2)
	const h, w = 21, 34
	picture := randomPicture(h, w, 1)
	all := forward(newPlan(t, n, pool, h, w, PlanOptions{Taps: n.Layers()}), picture)
	for _, taps := range [][]string{
		{"conv1_1"}, {"conv2_2"}, {"conv5_1"}, {"conv4_2", "conv1_2"}, {"conv3_1", "conv2_1", "conv3_2"},
	} {
		t.Run(strings.Join(taps, " "), func(t *testing.T) {
			for name, opts := range map[string]PlanOptions{
				"full": {Taps: taps}, "forward only": {Taps: taps, ForwardOnly: true},
			} {
				t.Run(name, func(t *testing.T) {
					plan := newPlan(t, n, pool, h, w, opts)
					for range 2 { // the second round reuses the buffers
						got := forward(plan, picture)
						if len(got) != len(taps) {
							t.Errorf("observed %d layers, want %d", len(got), len(taps))
						}
						for _, tap := range taps {
							if !slices.Equal(got[tap], all[tap]) {
								t.Errorf("the activation of %s differs", tap)
							}
						}
					}
				})
			}
		})
	}
}

// TestForwardOnlyEqualsFull compares plans with and without a backward pass, for every
// pooling and padding.
func TestForwardOnlyEqualsFull(t *testing.T) {
	n, pool := randomNetwork(t, VGG19Slim, unit), newPool(t, 2)
	const h, w = 19, 37
	taps := []string{"conv2_1", "conv4_2", "conv5_1"}
	for _, pooling := range []kernel.Pooling{kernel.MaxPooling, kernel.AveragePooling, kernel.RescaledAveragePooling} {
		for _, replicate := range []bool{false, true} {
			opts := PlanOptions{Taps: taps, Pooling: pooling, Replicate: replicate}
			full := newPlan(t, n, pool, h, w, opts)
			opts.ForwardOnly = true
			only := newPlan(t, n, pool, h, w, opts)
			if s := only.sections[0]; len(s.masks) > 0 || s.buffers > int(kept) || len(s.backward) > 0 {
				t.Error("a plan that is forward only keeps something for the way back")
			}
			for seed := range uint64(2) {
				picture := randomPicture(h, w, seed)
				sameActivations(t, forward(only, picture), forward(full, picture))
			}
		}
	}
}

// TestDepth checks that a plan ends at its deepest tap: deeper layers may need a larger
// picture, and their weights may be NaN.
func TestDepth(t *testing.T) {
	convs := Random(VGG19Slim, 1)
	for i := range convs[4].Weight { // conv3_1
		convs[4].Weight[i] = float32(math.NaN())
	}
	n, err := New(convs, unit)
	if err != nil {
		t.Fatal(err)
	}
	pool := newPool(t, 1)
	plan := newPlan(t, n, pool, 3, 2, PlanOptions{Taps: []string{"conv2_2"}})
	activation := forward(plan, randomPicture(3, 2, 1))["conv2_2"]
	gradient := make([]float32, 3*3*2)
	runBackward(plan, gradient, func(_ string, grad, activation *kernel.Tensor, _, _ int) { grad.Copy(activation) })
	for _, v := range slices.Concat(activation, gradient) {
		if math.IsNaN(float64(v)) {
			t.Fatal("a layer deeper than the deepest tap was computed")
		}
	}
	if _, err := n.Plan(pool, 3, 2, PlanOptions{Taps: []string{"conv3_1"}}); err == nil {
		t.Error("a picture of 2 x 3 pixels reached conv3_1")
	}
}

func TestAlias(t *testing.T) {
	n, pool := randomNetwork(t, small, unit), newPool(t, 1)
	plan := newPlan(t, n, pool, 4, 4, PlanOptions{Taps: []string{"relu2_2", "conv2_2"}})
	if got := forward(plan, randomPicture(4, 4, 1)); len(got) != 1 || got["conv2_2"] == nil {
		t.Error("relu2_2 and conv2_2 are not one tap")
	}
}

func TestUnknownLayer(t *testing.T) {
	n, pool := randomNetwork(t, small, unit), newPool(t, 1)
	for _, tap := range []string{"", "conv0_1", "conv1_0", "conv1_3", "conv4_1", "relu3_2", "pool1", "conv1_1 ", "conv01_1", "conv999_1"} {
		_, err := n.Plan(pool, 8, 8, PlanOptions{Taps: []string{"conv1_1", tap}})
		var unknown *LayerError
		if !errors.As(err, &unknown) || unknown.Layer != tap {
			t.Errorf("tap %q: %v, want a LayerError", tap, err)
			continue
		}
		for _, layer := range n.Layers() {
			if !strings.Contains(err.Error(), layer) {
				t.Errorf("%q does not name %s", err, layer)
			}
		}
	}
}

func TestTooSmallPicture(t *testing.T) {
	n, pool := randomNetwork(t, VGG19Slim, unit), newPool(t, 1)
	for _, test := range []struct {
		h, w  int
		tap   string
		layer string // out of reach, or none
		least int
	}{
		{0, 9, "conv1_1", "conv1_1", 1},
		{9, -1, "conv1_1", "conv1_1", 1},
		{1, 1, "conv1_2", "", 0},
		{1, 9, "conv2_1", "conv2_1", 2},
		{9, 1, "conv2_1", "conv2_1", 2},
		{2, 2, "conv2_2", "", 0},
		{3, 99, "conv5_1", "conv5_1", 16},
		{15, 99, "conv5_1", "conv5_1", 16},
		{16, 16, "conv5_1", "", 0},
	} {
		_, err := n.Plan(pool, test.h, test.w, PlanOptions{Taps: []string{test.tap}})
		var size *SizeError
		switch {
		case test.layer == "" && err != nil:
			t.Errorf("%d x %d to %s: %v", test.w, test.h, test.tap, err)
		case test.layer == "":
		case !errors.As(err, &size):
			t.Errorf("%d x %d to %s: %v, want a SizeError", test.w, test.h, test.tap, err)
		case *size != SizeError{H: test.h, W: test.w, Layer: test.layer, Least: test.least}:
			t.Errorf("%d x %d to %s: %+v, want %s and %d", test.w, test.h, test.tap, *size, test.layer, test.least)
		}
	}
}

// TestBackwardAsksDeepestFirst checks the order and arguments of the calls of add.
func TestBackwardAsksDeepestFirst(t *testing.T) {
	n, pool := randomNetwork(t, small, unit), newPool(t, 1)
	const h, w = 9, 10
	plan := newPlan(t, n, pool, h, w, PlanOptions{Taps: []string{"conv1_1", "conv3_1", "conv2_1"}})
	observed := forward(plan, randomPicture(h, w, 1))
	var taps []string
	runBackward(plan, make([]float32, 3*h*w), func(tap string, grad, activation *kernel.Tensor, _, _ int) {
		taps = append(taps, tap)
		if !slices.Equal(activation.CHW(), observed[tap]) {
			t.Errorf("%s: not the activation of that tap", tap)
		}
		if grad.C != activation.C || grad.H != activation.H || grad.W != activation.W {
			t.Errorf("%s: gradient of %d x %d x %d for %d x %d x %d", tap,
				grad.C, grad.H, grad.W, activation.C, activation.H, activation.W)
		}
	})
	if want := []string{"conv3_1", "conv2_1", "conv1_1"}; !slices.Equal(taps, want) {
		t.Errorf("asked for %v, want %v", taps, want)
	}
}

// TestBackwardAgain checks that a gradient depends on the last picture and its cost
// alone, not on what the buffers held.
func TestBackwardAgain(t *testing.T) {
	n, pool := randomNetwork(t, VGG19Slim, unit), newPool(t, 2)
	const h, w = 27, 35
	opts := PlanOptions{Taps: []string{"conv1_1", "conv3_2", "conv5_1"}}
	backward := func(plan *Plan, seed uint64) []float32 {
		runForward(plan, randomPicture(h, w, seed), unobserved)
		gradient := randomPicture(h, w, 99) // stale
		runBackward(plan, gradient, func(tap string, grad, activation *kernel.Tensor, _, _ int) {
			addToGradient(grad, costGradient(activation.CHW(), 1, seed, 1))
		})
		return gradient
	}
	want := backward(newPlan(t, n, pool, h, w, opts), 1)
	plan := newPlan(t, n, pool, h, w, opts)
	backward(plan, 2)
	if !slices.Equal(backward(plan, 1), want) {
		t.Error("the second gradient of a plan differs from the first of another")
	}
}

// TestConcurrentPlans runs one network in several goroutines, each with a pool
// of its own.
func TestConcurrentPlans(t *testing.T) {
	n, err := New(Random(small, 1), unit)
	if err != nil {
		t.Fatal(err)
	}
	const h, w = 16, 16
	results := make([][]float32, 4)
	var group sync.WaitGroup
	for i := range results {
		pool := newPool(t, 2)
		group.Go(func() {
			plan, err := n.Plan(pool, h, w, PlanOptions{Taps: []string{"conv3_1"}, Replicate: i%2 == 1})
			if err != nil {
				t.Error(err)
				return
			}
			results[i] = forward(plan, randomPicture(h, w, 1))["conv3_1"]
		})
	}
	group.Wait()
	if !slices.Equal(results[0], results[2]) || !slices.Equal(results[1], results[3]) {
		t.Error("the same plan computed different activations")
	}
}

// TestGradientAgainstDifferences compares directional derivatives of a cost with
// central differences.
//
// The difference has two errors: the rounding of the two costs, which grows as the step
// shrinks, and the kinks of ReLU and maximum pooling within the step, which grows with
// it. Both are about 0.2 % at steps of a fiftieth of a level.
func TestGradientAgainstDifferences(t *testing.T) {
	const (
		h, w       = 21, 26
		step       = 0.02
		directions = 12
		tolerance  = 0.01
	)
	taps := small.Layers()
	for name, opts := range map[string]PlanOptions{
		"max":                {Taps: taps},
		"average, replicate": {Taps: taps, Pooling: kernel.AveragePooling, Replicate: true},
		"average rescaled":   {Taps: taps, Pooling: kernel.RescaledAveragePooling},
		"deepest tap":        {Taps: []string{"conv3_1"}},
	} {
		t.Run(name, func(t *testing.T) {
			input := unit
			input.BGR = true
			n := randomNetwork(t, small, input)
			eachImplementation(t, func(t *testing.T) {
				plan := newPlan(t, n, newPool(t, 1), h, w, opts)
				picture := randomPicture(h, w, 1)
				cost := func(picture []float32) (sum float64) {
					activations := forward(plan, picture)
					for l, tap := range opts.Taps {
						a := activations[tap]
						r := make([]float32, len(a))
						noise(r, 1, uint64(l+1))
						for i, v := range a {
							sum += float64(r[i])*float64(v) + float64(v)*float64(v)/2
						}
					}
					return sum
				}
				cost(picture)
				gradient := make([]float32, len(picture))
				runBackward(plan, gradient, func(tap string, grad, activation *kernel.Tensor, _, _ int) {
					l := slices.Index(opts.Taps, tap)
					addToGradient(grad, costGradient(activation.CHW(), 1, 1, uint64(l+1)))
				})

				random := rand.New(rand.NewPCG(3, 4))
				var misses, squares float64
				for range directions {
					var along float64
					ahead, behind := slices.Clone(picture), slices.Clone(picture)
					for i, g := range gradient {
						d := random.NormFloat64()
						ahead[i] += float32(step * d)
						behind[i] -= float32(step * d)
						along += float64(g) * float64(ahead[i]-behind[i])
					}
					difference := cost(ahead) - cost(behind)
					misses += (along - difference) * (along - difference)
					squares += along * along
				}
				if off := math.Sqrt(misses / squares); !(off < tolerance) {
					t.Errorf("directional derivatives are off by %.3g of their root mean square, more than %g", off, tolerance)
				}
			})
		})
	}
}
