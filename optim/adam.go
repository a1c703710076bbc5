package optim

import (
	"context"
	"fmt"
	"math"

	"github.com/pastiche-art/pastiche/kernel"
)

// AdamOptions are the parameters of [Adam]. Where one is zero, the paper's value
// holds.
type AdamOptions struct {
	LearningRate float64 // about how far an element moves in a step; 0.001
	Beta1        float64 // decay of the mean of gradients; 0.9
	Beta2        float64 // decay of the mean of their squares; 0.999
	Epsilon      float64 // added to the root of that mean; 1e-8
	// Low and High are the range in which the elements of x are kept. Where
	// both are 0, there is none.
	Low, High float32
}

// Adam is the method of Kingma and Ba 2014 (arXiv 1412.6980, algorithm 1).
//
// A step that leads to a cost or a gradient that is not finite, or to a cost a
// million times the largest before it, is taken back and repeated with a quarter
// of the learning rate, which stays in force.
type Adam struct {
	// The state of the method, for whoever wants to save it or to continue at
	// another scale: the means of gradients and of their squares, not corrected
	// for bias, the number of steps, and the learning rate in force.
	M, V         []float32
	Steps        int
	LearningRate float64

	pool    *kernel.Pool
	opts    AdamOptions
	here    point // at x; without a cost until the first step
	there   point // at the next x
	from    []float32
	begun   bool
	highest float64 // the largest cost so far
}

// NewAdam returns Adam for vectors of n elements. It panics where an option has
// no meaning.
func NewAdam(pool *kernel.Pool, n int, opts AdamOptions) *Adam {
	opts.LearningRate = defaultTo(opts.LearningRate, 0.001)
	opts.Beta1 = defaultTo(opts.Beta1, 0.9)
	opts.Beta2 = defaultTo(opts.Beta2, 0.999)
	opts.Epsilon = defaultTo(opts.Epsilon, 1e-8)
	if !(opts.LearningRate > 0 && opts.Beta1 >= 0 && opts.Beta1 < 1 && opts.Beta2 >= 0 && opts.Beta2 < 1 &&
		opts.Epsilon > 0 && opts.Low <= opts.High) {
		panic(fmt.Sprintf("optim: %+v", opts))
	}
	return &Adam{
		M: make([]float32, n), V: make([]float32, n), LearningRate: opts.LearningRate,
		pool: pool, opts: opts,
		here: point{gradient: make([]float32, n)}, there: point{gradient: make([]float32, n)},
		from: make([]float32, n),
	}
}

func defaultTo(v, otherwise float64) float64 {
	if v == 0 {
		return otherwise
	}
	return v
}

const (
	// shrink is what the learning rate is multiplied by where a step fails, and
	// adamTries the number of times before giving up: by then the step is a
	// millionth of what it was.
	shrink    = 0.25
	adamTries = 10
	// explosion is how many times the largest cost so far an exploding one is.
	// A picture that begins at the minimum of a cost rises by large factors in
	// its first steps, and rightly.
	explosion = 1e6
)

// Step implements [Optimizer]. It evaluates the objective once, at the new x;
// the first step evaluates it where x begins too.
func (a *Adam) Step(ctx context.Context, x []float32, f Objective) (Result, error) {
	evaluations := 0
	if !a.begun {
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		evaluations++
		if !a.here.evaluate(a.pool, x, f) {
			return Result{Evaluations: evaluations}, &DivergedError{Cost: a.here.cost}
		}
		a.begun, a.highest = true, math.Abs(a.here.cost)
	}
	copy(a.from, x)
	for try := range adamTries {
		if err := ctx.Err(); err != nil {
			copy(x, a.from)
			return Result{a.here.cost, evaluations}, err
		}
		if try > 0 {
			a.LearningRate *= shrink
		}
		a.move(x)
		evaluations++
		if a.there.evaluate(a.pool, x, f) && !(a.highest > 0 && a.there.cost > explosion*a.highest) {
			a.advance()
			return Result{a.here.cost, evaluations}, nil
		}
	}
	copy(x, a.from)
	return Result{a.here.cost, evaluations}, &DivergedError{Cost: a.there.cost, Tries: adamTries}
}

// move computes x from where the step began, for means that take in the gradient
// there.
func (a *Adam) move(x []float32) {
	var (
		b1, b2  = float32(a.opts.Beta1), float32(a.opts.Beta2)
		t       = float64(a.Steps + 1)
		rate    = float32(a.LearningRate / (1 - math.Pow(a.opts.Beta1, t)))
		root    = float32(1 / math.Sqrt(1-math.Pow(a.opts.Beta2, t)))
		epsilon = float32(a.opts.Epsilon)
		low     = a.opts.Low
		high    = a.opts.High
	)
	a.pool.Chunks(len(x), func(lo, hi int) {
		x, from, m, v, g := x[lo:hi], a.from[lo:hi], a.M[lo:hi], a.V[lo:hi], a.here.gradient[lo:hi]
		for i, g := range g {
			mean := b1*m[i] + (1-b1)*g
			square := b2*v[i] + (1-b2)*g*g
			x[i] = from[i] - rate*mean/(root*float32(math.Sqrt(float64(square)))+epsilon)
		}
		if low < high {
			for i, v := range x {
				x[i] = min(max(v, low), high)
			}
		}
	})
}

// advance takes the gradient into the means and the new point for the old.
func (a *Adam) advance() {
	b1, b2 := float32(a.opts.Beta1), float32(a.opts.Beta2)
	a.pool.Chunks(len(a.M), func(lo, hi int) {
		m, v := a.M[lo:hi], a.V[lo:hi]
		for i, g := range a.here.gradient[lo:hi] {
			m[i] = b1*m[i] + (1-b1)*g
			v[i] = b2*v[i] + (1-b2)*g*g
		}
	})
	a.Steps++
	a.here, a.there = a.there, a.here
	a.highest = max(a.highest, math.Abs(a.here.cost))
}
