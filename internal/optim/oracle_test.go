package optim

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"gonum.org/v1/gonum/optimize"
)

// problem is a function with a starting point, in float64.
type problem struct {
	start []float64
	f     func(x, gradient []float64) float64
}

// objective returns the problem for float32 vectors, and counts evaluations.
func (p problem) objective(calls *int) Objective {
	x64, g64 := make([]float64, len(p.start)), make([]float64, len(p.start))
	return func(x, gradient []float32) float64 {
		*calls++
		for i, v := range x {
			x64[i], g64[i] = float64(v), 0
		}
		cost := p.f(x64, g64)
		for i, v := range g64 {
			gradient[i] = float32(v)
		}
		return cost
	}
}

func (p problem) begin() []float32 {
	x := make([]float32, len(p.start))
	for i, v := range p.start {
		x[i] = float32(v)
	}
	return x
}

// rosenbrock is the chained function of that name in 32 dimensions.
func rosenbrock() problem {
	const n = 32
	p := problem{start: make([]float64, n)}
	for i := range n {
		p.start[i] = []float64{-1.2, 1}[i%2]
	}
	p.f = func(x, g []float64) (sum float64) {
		for i := range n - 1 {
			a, b := x[i+1]-x[i]*x[i], 1-x[i]
			sum += 100*a*a + b*b
			g[i] -= 400*a*x[i] + 2*b
			g[i+1] += 200 * a
		}
		return sum
	}
	return p
}

// quadratic has a condition number of 10,000.
func quadratic() problem {
	const n = 64
	return problem{make([]float64, n), func(x, g []float64) (sum float64) {
		for i := range n {
			scale := math.Pow(10, 4*float64(i)/(n-1))
			d := x[i] - math.Sin(float64(i))
			sum += scale * d * d / 2
			g[i] = scale * d
		}
		return sum
	}}
}

// uniform returns numbers in [-0.5, 0.5) from the generator of Numerical Recipes.
func uniform(n int, state uint32) []float64 {
	s := make([]float64, n)
	for i := range s {
		state = state*1664525 + 1013904223
		s[i] = float64(state)/(1<<32) - 0.5
	}
	return s
}

// painting is style transfer with a network of a single convolution: a content
// cost and a Gram cost of its activation.
func painting() problem {
	const (
		side, channels = 12, 8
		n, patch       = side * side, 27
	)
	weight := uniform(channels*patch, 1)
	// each calls f for every element of the patch around a position.
	each := func(pos int, f func(tap, from int)) {
		for tap := range patch {
			y, x := pos/side+tap%9/3-1, pos%side+tap%3-1
			if y >= 0 && y < side && x >= 0 && x < side {
				f(tap, tap/9*n+y*side+x)
			}
		}
	}
	features := func(x []float64) []float64 {
		f := make([]float64, channels*n)
		for c := range channels {
			for pos := range n {
				each(pos, func(tap, from int) { f[c*n+pos] += weight[c*patch+tap] * x[from] })
				f[c*n+pos] = max(f[c*n+pos], 0)
			}
		}
		return f
	}
	gram := func(f []float64) []float64 {
		m := make([]float64, channels*channels)
		for a := range channels {
			for b := range channels {
				for pos := range n {
					m[a*channels+b] += f[a*n+pos] * f[b*n+pos] / n
				}
			}
		}
		return m
	}
	style := uniform(3*n, 3)
	for i := range style {
		style[i] *= 2
	}
	content, target := features(uniform(3*n, 2)), gram(features(style))
	return problem{uniform(3*n, 4), func(x, g []float64) (cost float64) {
		f := features(x)
		d := make([]float64, len(f))
		for i, v := range f {
			cost += (v - content[i]) * (v - content[i]) / float64(len(f))
			d[i] = 2 * (v - content[i]) / float64(len(f))
		}
		for i, v := range gram(f) {
			e := v - target[i]
			cost += 10 * e * e
			for pos := range n {
				d[i/channels*n+pos] += 40 * e / n * f[i%channels*n+pos]
			}
		}
		for i, v := range f {
			if v > 0 {
				each(i%n, func(tap, from int) { g[from] += d[i] * weight[i/n*patch+tap] })
			}
		}
		return cost
	}}
}

var problems = map[string]problem{"rosenbrock": rosenbrock(), "quadratic": quadratic(), "painting": painting()}

// run returns the costs after the first steps, beginning with no step, and the number
// of evaluations up to each.
func run(t *testing.T, opt Optimizer, p problem, steps int) (costs []float64, evaluations []int) {
	t.Helper()
	x, calls := p.begin(), 0
	f := p.objective(&calls)
	costs, evaluations = []float64{math.Inf(1)}, []int{0}
	for range steps {
		r, err := opt.Step(t.Context(), x, f)
		if err != nil {
			t.Fatalf("after %d steps: %v", len(costs)-1, err)
		}
		costs, evaluations = append(costs, r.Cost), append(evaluations, calls)
	}
	return costs, evaluations
}

// TestPyTorch compares costs with those of PyTorch's optimizers after the same number
// of iterations, in testdata/reference.json. Adam is the same algorithm and must reach
// the same cost. L-BFGS must be at least as good; PyTorch's L-BFGS with a line search
// is compared after the same number of evaluations.
func TestPyTorch(t *testing.T) {
	data, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Optimiser, Problem string
		Costs              []struct {
			Iterations, Evaluations int
			Cost                    float64
		}
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	adam := map[string]AdamOptions{
		"rosenbrock": {LearningRate: 0.02},
		"quadratic":  {LearningRate: 0.02, Beta2: 0.99},
		"painting":   {LearningRate: 0.05},
	}
	const tolerance = 0.01
	for _, c := range cases {
		t.Run(fmt.Sprintf("%s/%s", c.Optimiser, c.Problem), func(t *testing.T) {
			p := problems[c.Problem]
			pool := newPool(t, 1)
			last := c.Costs[len(c.Costs)-1].Iterations
			var opt Optimizer = NewLBFGS(pool, len(p.start), LBFGSOptions{Memory: 100})
			if c.Optimiser == "adam" {
				opt = NewAdam(pool, len(p.start), adam[c.Problem])
			}
			got, evaluations := run(t, opt, p, last)
			for _, want := range c.Costs {
				k := want.Iterations
				for c.Optimiser == "lbfgs wolfe" && k < last && evaluations[k+1] <= want.Evaluations {
					k++
				}
				t.Logf("after %d iterations: %.6g, PyTorch %.6g after %d", k, got[k], want.Cost, want.Iterations)
				if !(got[k] <= want.Cost*(1+tolerance)) || c.Optimiser == "adam" && got[k] < want.Cost*(1-tolerance) {
					t.Errorf("after %d iterations: %g, PyTorch has %g after %d", k, got[k], want.Cost, want.Iterations)
				}
			}
		})
	}
}

// TestGonum compares L-BFGS with gonum's after the same number of evaluations.
func TestGonum(t *testing.T) {
	for name, p := range problems {
		t.Run(name, func(t *testing.T) {
			pool := newPool(t, 1)
			const steps = 50
			costs, evaluations := run(t, NewLBFGS(pool, len(p.start), LBFGSOptions{Memory: 15}), p, steps)
			got, spent := costs[steps], evaluations[steps]
			g := make([]float64, len(p.start))
			result, err := optimize.Minimize(optimize.Problem{
				Func: func(x []float64) float64 { clear(g); return p.f(x, g) },
				Grad: func(grad, x []float64) { clear(grad); p.f(x, grad) },
			}, p.start, &optimize.Settings{FuncEvaluations: spent, Converger: optimize.NeverTerminate{}},
				&optimize.LBFGS{Store: 15})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%g after %d evaluations, gonum %g", got, spent, result.F)
			if !(got <= 1.01*result.F) {
				t.Errorf("%g after %d evaluations, gonum has %g", got, spent, result.F)
			}
		})
	}
}
