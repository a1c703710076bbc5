package optim

import (
	"math"
	"runtime"
	"slices"
	"testing"
)

// TestState checks that an optimizer with a restored state continues like the original.
func TestState(t *testing.T) {
	const n, before, after = 700, 25, 15
	rough := func(x, g []float32) (cost float64) {
		for i, v := range x {
			a := float64(i%7 + 1)
			cost += a*float64(v)*float64(v) + math.Cos(3*float64(v))
			g[i] = float32(2*a*float64(v) - 3*math.Sin(3*float64(v)))
		}
		return cost
	}
	pool := newPool(t, 2)
	for name, newOptimizer := range map[string]func() Optimizer{
		"adam": func() Optimizer { return NewAdam(pool, n, AdamOptions{LearningRate: 0.1}) },
		"annealed adam": func() Optimizer {
			return NewAdam(pool, n, AdamOptions{LearningRate: 0.1, FinalRate: 0.1, Steps: before + after})
		},
		"lbfgs": func() Optimizer { return NewLBFGS(pool, n, LBFGSOptions{Memory: 5}) },
	} {
		for _, steps := range []int{0, 1, before} {
			x := make([]float32, n)
			for i := range x {
				x[i] = float32(i%13) - 6
			}
			walk := func(o Optimizer, x []float32, steps int) {
				for range steps {
					if _, err := o.Step(t.Context(), x, rough); err != nil {
						t.Fatal(err)
					}
				}
			}
			one, other := newOptimizer(), newOptimizer()
			walk(one, x, steps)
			y := slices.Clone(x)
			state := one.State()
			for i, v := range state.Vectors {
				state.Vectors[i] = slices.Clone(v)
			}
			if err := other.Restore(state); err != nil {
				t.Fatal(err)
			}
			for i, v := range other.State().Vectors {
				if &v[0] != &state.Vectors[i][0] {
					t.Errorf("%s: vector %d is a copy", name, i)
				}
			}
			walk(one, x, after)
			walk(other, y, after)
			if !slices.Equal(x, y) {
				t.Errorf("%s: other points after %d steps", name, steps)
			}
		}
	}
	adam, lbfgs := NewAdam(pool, n, AdamOptions{}), NewLBFGS(pool, n, LBFGSOptions{Memory: 1})
	vector := make([]float32, n)
	for _, s := range []State{
		{Numbers: []float64{1, 1}, Vectors: [][]float32{vector}},
		{Numbers: []float64{1, 2, 3, 4}, Vectors: [][]float32{vector}},
		{Numbers: []float64{1, 2, 3, 4}, Vectors: [][]float32{vector, vector[1:]}},
		{Numbers: []float64{1, 2, 3, 4, 5}, Vectors: [][]float32{vector, vector, vector, vector, vector}},
	} {
		if adam.Restore(s) == nil || lbfgs.Restore(s) == nil {
			t.Errorf("a state of %d numbers and %d vectors is taken", len(s.Numbers), len(s.Vectors))
		}
	}
}

// TestVectors checks that an optimizer holds as many vectors as it reports.
func TestVectors(t *testing.T) {
	const n, memory = 1 << 18, 3
	held := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	// Never at its minimum, and never without curvature.
	quartic := func(x, g []float32) (cost float64) {
		for i, v := range x {
			d := float64(v) - float64(i%5) - 1
			cost += d * d * d * d
			g[i] = float32(4 * d * d * d)
		}
		return cost
	}
	pool := newPool(t, 1)
	for name, newOptimizer := range map[string]func() Optimizer{
		"adam":  func() Optimizer { return NewAdam(pool, n, AdamOptions{LearningRate: 0.01}) },
		"lbfgs": func() Optimizer { return NewLBFGS(pool, n, LBFGSOptions{Memory: memory}) },
	} {
		x := make([]float32, n)
		before := held()
		opt := newOptimizer()
		for range 2 * memory {
			if _, err := opt.Step(t.Context(), x, quartic); err != nil {
				t.Fatal(err)
			}
		}
		const vector = 4 * n
		state, step := opt.Vectors()
		if got := int(held()-before+vector/2) / vector; got != state+step || len(opt.State().Vectors) != state {
			t.Errorf("%s holds %d vectors, %d of them in its state, and says %d and %d", name, got, len(opt.State().Vectors), state+step, state)
		}
		runtime.KeepAlive(x)
		runtime.KeepAlive(opt)
	}
}
