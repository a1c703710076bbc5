package optim

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

func newPool(t testing.TB, threads int) *kernel.Pool {
	t.Helper()
	pool, err := kernel.NewPool(threads)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// optimizers returns one of each kind for n elements.
func optimizers(pool *kernel.Pool, n int) map[string]Optimizer {
	return map[string]Optimizer{
		"adam":  NewAdam(pool, n, AdamOptions{LearningRate: 0.05}),
		"lbfgs": NewLBFGS(pool, n, LBFGSOptions{Memory: 5}),
	}
}

var nan, inf = math.NaN(), math.Inf(1)

// bowl is a quadratic with its minimum of 3 at 1, 1, ...
func bowl(x, g []float32) float64 {
	cost := 3.0
	for i, v := range x {
		d := float64(v) - 1
		cost += float64(i+1) * d * d
		g[i] = float32(2 * float64(i+1) * d)
	}
	return cost
}

// checkPoint fails the test unless the objective at x has the given cost.
func checkPoint(t *testing.T, x []float32, cost float64) {
	t.Helper()
	if got := bowl(x, make([]float32, len(x))); got != cost {
		t.Errorf("cost %v at x, the step says %v", got, cost)
	}
}

// TestBadValues makes cost or gradient of some evaluations, or of all later ones,
// invalid. The optimizer recovers from the former; the latter end with an error and
// leave x in place.
func TestBadValues(t *testing.T) {
	spoil := map[string]func(cost *float64, g []float32){
		"NaN cost":          func(cost *float64, _ []float32) { *cost = nan },
		"infinite cost":     func(cost *float64, _ []float32) { *cost = inf },
		"minus infinity":    func(cost *float64, _ []float32) { *cost = -inf },
		"NaN gradient":      func(_ *float64, g []float32) { g[3] = float32(nan) },
		"infinite gradient": func(_ *float64, g []float32) { g[3] = float32(-inf) },
		"huge gradient":     func(_ *float64, g []float32) { g[3] = 1e25 },
	}
	const n, first = 9, 4 // the first evaluation that fails
	for kind, spoil := range spoil {
		for name := range optimizers(newPool(t, 1), n) {
			t.Run(kind+"/"+name, func(t *testing.T) {
				for _, failures := range []int{1, 2, math.MaxInt - first} {
					opt := optimizers(newPool(t, 1), n)[name]
					calls := 0
					f := func(x, g []float32) float64 {
						calls++
						cost := bowl(x, g)
						if calls >= first && calls < first+failures {
							spoil(&cost, g)
						}
						return cost
					}
					x := make([]float32, n)
					var last, before []float32
					var err error
					var r Result
					for range 20 {
						before = slices.Clone(x)
						calledBefore := calls
						if r, err = opt.Step(t.Context(), x, f); err != nil {
							break
						}
						last = before
						checkPoint(t, x, r.Cost)
						if r.Evaluations != calls-calledBefore {
							t.Errorf("%d evaluations, counted %d", r.Evaluations, calls-calledBefore)
						}
					}
					if failures < 3 {
						if err != nil || slices.Equal(x, last) {
							t.Errorf("%d failures: %v", failures, err)
						}
						continue
					}
					var diverged *DivergedError
					if !errors.As(err, &diverged) || diverged.Tries == 0 {
						t.Fatalf("got %v, want a DivergedError after tries", err)
					}
					if !slices.Equal(x, before) {
						t.Error("x has moved")
					}
					checkPoint(t, x, r.Cost)
				}
			})
		}
	}
}

func TestBadBeginning(t *testing.T) {
	for name, opt := range optimizers(newPool(t, 1), 4) {
		t.Run(name, func(t *testing.T) {
			x := []float32{1, 2, 3, 4}
			_, err := opt.Step(t.Context(), x, func(_, _ []float32) float64 { return nan })
			var diverged *DivergedError
			if !errors.As(err, &diverged) || diverged.Tries != 0 || !math.IsNaN(diverged.Cost) {
				t.Errorf("got %v, want a DivergedError without tries", err)
			}
			if !slices.Equal(x, []float32{1, 2, 3, 4}) {
				t.Errorf("x has moved to %v", x)
			}
		})
	}
}

// TestCliff puts a region without finite values in the way.
func TestCliff(t *testing.T) {
	f := func(x, g []float32) float64 {
		if slices.Max(x) > 0.9 {
			return nan
		}
		return bowl(x, g)
	}
	pool := newPool(t, 1)
	for name, opt := range map[string]Optimizer{
		"adam":  NewAdam(pool, 6, AdamOptions{LearningRate: 5}),
		"lbfgs": NewLBFGS(pool, 6, LBFGSOptions{}),
	} {
		t.Run(name, func(t *testing.T) {
			x := make([]float32, 6)
			start := bowl(x, make([]float32, 6))
			var r Result
			for range 30 {
				var err error
				if r, err = opt.Step(t.Context(), x, f); err != nil {
					break // only the cliff is left
				}
			}
			if !(slices.Max(x) <= 0.9) || !(r.Cost < start) {
				t.Errorf("cost %g at %v, began at %g", r.Cost, x, start)
			}
		})
	}
}

func TestExplosion(t *testing.T) {
	quartic := func(x, g []float32) (cost float64) {
		for i, v := range x {
			d := float64(v)
			cost += d * d * d * d
			g[i] = float32(4 * d * d * d)
		}
		return cost
	}
	opt := NewAdam(newPool(t, 1), 3, AdamOptions{LearningRate: 1e4})
	x := []float32{2, 2, 2}
	for range 5 {
		r, err := opt.Step(t.Context(), x, quartic)
		if err != nil || r.Cost > 48*divergenceFactor {
			t.Fatalf("cost %g, %v", r.Cost, err)
		}
	}
	if !(opt.rate < 1e3) {
		t.Errorf("the learning rate is still %g", opt.rate)
	}
}

func TestConverged(t *testing.T) {
	opt := NewLBFGS(newPool(t, 1), 5, LBFGSOptions{})
	x := make([]float32, 5)
	var err error
	for range 100 {
		if _, err = opt.Step(t.Context(), x, bowl); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrConverged) {
		t.Errorf("got %v, want ErrConverged", err)
	}
	for i, v := range x {
		if math.Abs(float64(v)-1) > 1e-5 {
			t.Errorf("element %d is %g, want 1", i, v)
		}
	}
}

// TestRestart makes the stored steps of L-BFGS wrong, so that its direction leads
// uphill.
func TestRestart(t *testing.T) {
	opt := NewLBFGS(newPool(t, 1), 5, LBFGSOptions{})
	x := make([]float32, 5)
	if _, err := opt.Step(t.Context(), x, bowl); err != nil {
		t.Fatal(err)
	}
	before := bowl(x, make([]float32, 5))
	for i := range opt.pairs {
		opt.pairs[i].sy *= -1
	}
	r, err := opt.Step(t.Context(), x, bowl)
	if err != nil || !(r.Cost < before) {
		t.Errorf("cost %g after %g, %v", r.Cost, before, err)
	}
}

// TestSkip minimizes a function of negative curvature, where no step may be stored.
func TestSkip(t *testing.T) {
	opt := NewLBFGS(newPool(t, 1), 2, LBFGSOptions{})
	x := []float32{0.1, 0}
	cost := 0.0
	for range 5 {
		r, err := opt.Step(t.Context(), x, func(x, g []float32) float64 {
			g[0], g[1] = -2*x[0], 0
			return -float64(x[0]) * float64(x[0])
		})
		if err != nil || !(r.Cost < cost) {
			t.Fatalf("cost %g after %g, %v", r.Cost, cost, err)
		}
		cost = r.Cost
	}
	if len(opt.pairs) != 0 {
		t.Errorf("%d pairs", len(opt.pairs))
	}
}

func TestMemory(t *testing.T) {
	opt := NewLBFGS(newPool(t, 1), 32, LBFGSOptions{Memory: 3})
	p := problems["rosenbrock"]
	x, calls := p.begin(), 0
	for range 10 {
		if _, err := opt.Step(t.Context(), x, p.objective(&calls)); err != nil {
			t.Fatal(err)
		}
	}
	if len(opt.pairs) != 3 {
		t.Errorf("%d pairs, want 3", len(opt.pairs))
	}
}

func TestCancelled(t *testing.T) {
	for _, at := range []int{0, 1, 3} {
		for name, opt := range optimizers(newPool(t, 1), 4) {
			ctx, cancel := context.WithCancel(t.Context())
			calls := 0
			f := func(x, g []float32) float64 {
				calls++
				if calls >= at {
					cancel()
					return nan // nothing more is accepted
				}
				return bowl(x, g)
			}
			if at == 0 {
				cancel()
			}
			x := make([]float32, 4)
			var before []float32
			var err error
			for err == nil {
				before = slices.Clone(x)
				_, err = opt.Step(ctx, x, f)
			}
			var diverged *DivergedError
			if !errors.Is(err, context.Canceled) && !(at == 1 && errors.As(err, &diverged)) {
				t.Errorf("%s cancelled at evaluation %d: got %v", name, at, err)
			}
			if !slices.Equal(x, before) || calls != at {
				t.Errorf("%s cancelled at evaluation %d: %d evaluations, x is %v instead of %v", name, at, calls, x, before)
			}
		}
	}
}

// TestThreads requires the same bits for any number of threads, with vectors longer
// than one task.
func TestThreads(t *testing.T) {
	const n = 100_000
	run := func(threads int) map[string][]float32 {
		points := make(map[string][]float32)
		for name, opt := range optimizers(newPool(t, threads), n) {
			x := make([]float32, n)
			for range 8 {
				if _, err := opt.Step(t.Context(), x, bowl); err != nil {
					t.Fatal(err)
				}
			}
			points[name] = x
		}
		return points
	}
	one := run(1)
	for name, x := range run(3) {
		if !slices.Equal(x, one[name]) {
			t.Errorf("%s: three threads lead elsewhere", name)
		}
	}
}

// TestAdamStochastic minimizes a function of which each step sees another sample, and
// compares the result with algorithm 1 of the paper in float64.
func TestAdamStochastic(t *testing.T) {
	const n, steps = 5, 40
	opts := AdamOptions{LearningRate: 0.05, Beta1: 0.8, Beta2: 0.95, Epsilon: 1e-3}
	sample := func(step, i int) float64 { return math.Sin(float64(3*step + 7*i)) }
	x, want := make([]float32, n), make([]float64, n)
	gradient := make([]float64, n)
	see := func(step int) {
		for i, v := range want {
			gradient[i] = 2 * (v - sample(step, i))
		}
	}
	see(0)
	opt := NewAdam(newPool(t, 1), n, opts)
	var m, v [n]float64
	for step := range steps {
		for i, g := range gradient {
			m[i] = opts.Beta1*m[i] + (1-opts.Beta1)*g
			v[i] = opts.Beta2*v[i] + (1-opts.Beta2)*g*g
			mean := m[i] / (1 - math.Pow(opts.Beta1, float64(step+1)))
			square := v[i] / (1 - math.Pow(opts.Beta2, float64(step+1)))
			want[i] -= opts.LearningRate * mean / (math.Sqrt(square) + opts.Epsilon)
		}
		_, err := opt.Step(t.Context(), x, func(x, g []float32) (cost float64) {
			for i, v := range x {
				d := float64(v) - sample(step, i)
				cost += d * d
				g[i] = float32(2 * d)
			}
			return cost
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range x {
			if math.Abs(float64(v)-want[i]) > 1e-5 {
				t.Fatalf("element %d after step %d: %g, want %g", i, step+1, v, want[i])
			}
		}
		see(step) // the sample at the end of the step
	}
}

func TestAdamRange(t *testing.T) {
	opt := NewAdam(newPool(t, 1), 3, AdamOptions{LearningRate: 0.5, Low: -0.25, High: 0.75})
	x := make([]float32, 3)
	for range 5 {
		if _, err := opt.Step(t.Context(), x, bowl); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(x, []float32{0.75, 0.75, 0.75}) {
		t.Errorf("got %v, want the end of the range", x)
	}
}

// TestDescent requires of L-BFGS on random quadratics that no step raises the cost by
// more than rounding, and that the last cost is far below the first.
func TestDescent(t *testing.T) {
	pool := newPool(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "n")
		scale := rapid.SliceOfN(rapid.Float64Range(1e-3, 1e3), n, n).Draw(t, "scale")
		target := rapid.SliceOfN(rapid.Float64Range(-100, 100), n, n).Draw(t, "target")
		f := func(x, g []float32) (cost float64) {
			for i, v := range x {
				d := float64(v) - target[i]
				cost += scale[i] * d * d
				g[i] = float32(2 * scale[i] * d)
			}
			return cost
		}
		x := make([]float32, n)
		first := f(x, make([]float32, n))
		opt, cost := NewLBFGS(pool, n, LBFGSOptions{}), first
		for range 60 {
			r, err := opt.Step(context.Background(), x, f)
			if errors.Is(err, ErrConverged) {
				break
			}
			if err != nil || r.Cost > cost*(1+costRounding) {
				t.Fatalf("cost %g after %g, %v", r.Cost, cost, err)
			}
			cost = r.Cost
		}
		const nothing = 1e-12 // beside distances that are denormal
		if !(cost <= 1e-3*first+nothing) {
			t.Fatalf("cost %g, began at %g", cost, first)
		}
	})
}

// TestAnnealing checks that, with a constant gradient, each step of Adam is as long as
// its learning rate.
func TestAnnealing(t *testing.T) {
	const steps, rate, final = 8, 0.5, 0.2
	want := func(step int) float64 {
		switch {
		case step <= steps/2:
			return rate
		case step >= steps:
			return rate * final
		}
		along := math.Pi / 2 * float64(step-steps/2) / (steps / 2)
		return rate * (final + (1-final)*math.Pow(math.Cos(along), 2))
	}
	slope := func(x, g []float32) float64 {
		g[0] = 1
		return float64(x[0])
	}
	adam := NewAdam(newPool(t, 1), 1, AdamOptions{LearningRate: rate, FinalRate: final, Steps: steps})
	x := []float32{0}
	for step := range steps + 3 {
		before := x[0]
		if _, err := adam.Step(t.Context(), x, slope); err != nil {
			t.Fatal(err)
		}
		if got := float64(before - x[0]); math.Abs(got-want(step)) > 1e-5*rate {
			t.Errorf("step %d: %g, expected %g", step, got, want(step))
		}
	}
}

func TestAverage(t *testing.T) {
	pool := newPool(t, 2)
	points := [][]float32{{1, -2, 3}, {2, 5, 0}, {4, 4, -1}}
	a := NewAverage(3, 0.9)
	var weight float64
	sum, got := make([]float64, 3), make([]float32, 3)
	for _, x := range points {
		a.Update(pool, x)
		// The definition: weights that grow by 1/0.9 with each update.
		weight = 0.9*weight + 1
		for i, v := range x {
			sum[i] = 0.9*sum[i] + float64(v)
		}
		a.Value(pool, got)
		for i, v := range got {
			if want := sum[i] / weight; math.Abs(float64(v)-want) > 1e-6 {
				t.Errorf("after %d updates, element %d: got %g, want %g", a.Steps, i, v, want)
			}
		}
	}
}

// BenchmarkStep measures a step of a picture of 512 x 512 without the objective.
func BenchmarkStep(b *testing.B) {
	const n = 3 * 512 * 512
	// A gradient that costs little and keeps L-BFGS from converging.
	objective := func(x, g []float32) float64 { return bowl(x[:1000], g[:1000]) }
	pool := newPool(b, 2)
	lbfgs := NewLBFGS(pool, n, LBFGSOptions{})
	lbfgs.prepare()
	lbfgs.current.gradient = make([]float32, n)
	for range defaultMemory {
		past := pair{s: make([]float32, n), y: make([]float32, n), sy: 1, yy: 1}
		past.s[0], past.y[0] = 1, 1
		lbfgs.pairs = append(lbfgs.pairs, past)
	}
	b.Run("adam", func(b *testing.B) {
		b.ReportAllocs()
		x, opt := make([]float32, n), NewAdam(pool, n, AdamOptions{})
		for b.Loop() {
			if _, err := opt.Step(b.Context(), x, objective); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("lbfgs direction", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			lbfgs.computeDirection()
		}
	})
}
