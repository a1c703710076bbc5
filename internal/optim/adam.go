package optim

import (
	"context"
	"fmt"
	"math"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// AdamOptions are the parameters of [Adam]. A zero parameter means the value of the
// paper.
type AdamOptions struct {
	LearningRate float64 // about how far an element moves in a step; 0.001
	Beta1        float64 // decay of the mean of gradients; 0.9
	Beta2        float64 // decay of the mean of their squares; 0.999
	Epsilon      float64 // added to the root of that mean; 1e-8
	// With Steps > 0 the learning rate is constant for the first half of Steps steps.
	// In the second half it falls along half a cosine (Loshchilov and Hutter 2016,
	// arXiv 1608.03983, equation 5) to FinalRate times LearningRate, where it remains.
	FinalRate float64
	Steps     int
	// The elements of x are clamped to [Low, High], unless both are 0.
	Low, High float32
}

// Adam is the optimizer of Kingma and Ba 2014 (arXiv 1412.6980, algorithm 1).
//
// If a step leads to a cost or gradient that is not finite, or to more than a million
// times the largest cost so far, Adam reverts it and repeats it with a quarter of the
// learning rate. The reduced rate remains.
//
// The objective may change from step to step: each step uses the running means of the
// gradients that previous steps have found.
type Adam struct {
	pool *kernel.Pool
	opts AdamOptions
	n    int // elements of x

	// The state: the running means of the gradients and of their squares, without bias
	// correction, up to the gradient at x; the number of steps; the learning rate
	// before annealing; the largest cost so far and the cost at x. mean is nil until x
	// has been evaluated.
	mean, square  []float32
	steps         int
	rate          float64
	highest, cost float64

	// The current step: its starting point, and the gradient at its end.
	from, gradient []float32
}

// NewAdam returns Adam for vectors of n elements. It panics where an option is out of
// range.
func NewAdam(pool *kernel.Pool, n int, opts AdamOptions) *Adam {
	opts.LearningRate = defaultTo(opts.LearningRate, 0.001)
	opts.Beta1 = defaultTo(opts.Beta1, 0.9)
	opts.Beta2 = defaultTo(opts.Beta2, 0.999)
	opts.Epsilon = defaultTo(opts.Epsilon, 1e-8)
	if !(opts.LearningRate > 0 && opts.Beta1 >= 0 && opts.Beta1 < 1 && opts.Beta2 >= 0 && opts.Beta2 < 1 &&
		opts.Epsilon > 0 && opts.FinalRate >= 0 && opts.FinalRate <= 1 && opts.Steps >= 0 && opts.Low <= opts.High) {
		panic(fmt.Sprintf("optim: %+v", opts))
	}
	return &Adam{pool: pool, opts: opts, n: n, rate: opts.LearningRate}
}

// Vectors implements [Optimizer]. The state holds the two means; a step holds its
// starting point and the gradient.
func (a *Adam) Vectors() (state, step int) { return 2, 2 }

func defaultTo(v, otherwise float64) float64 {
	if v == 0 {
		return otherwise
	}
	return v
}

const (
	// rateBacktracking is the factor of the learning rate after a failed step, and
	// adamTries the number of attempts: the last is a millionth of the first.
	rateBacktracking = 0.25
	adamTries        = 10
	// divergenceFactor is the ratio to the largest cost so far above which a cost
	// counts as diverged. It is large because a picture that starts at the minimum of
	// one cost legitimately rises by large factors in its first steps.
	divergenceFactor = 1e6
)

// Step implements [Optimizer]. It evaluates the objective once, at the new x. The first
// step also evaluates it at the starting point.
func (a *Adam) Step(ctx context.Context, x []float32, f Objective) (Result, error) {
	evaluations := 0
	if a.from == nil {
		a.from, a.gradient = make([]float32, a.n), make([]float32, a.n)
	}
	if a.mean == nil {
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		evaluations++
		cost, finite := evaluate(a.pool, x, a.gradient, f)
		if !finite {
			return Result{Evaluations: evaluations}, &DivergedError{Cost: cost}
		}
		a.mean, a.square = make([]float32, a.n), make([]float32, a.n)
		a.advance(cost)
	}
	copy(a.from, x)
	var cost float64
	for try := range adamTries {
		if err := ctx.Err(); err != nil {
			copy(x, a.from)
			return Result{a.cost, evaluations}, err
		}
		if try > 0 {
			a.rate *= rateBacktracking
		}
		a.move(x)
		evaluations++
		var finite bool
		cost, finite = evaluate(a.pool, x, a.gradient, f)
		if finite && !(a.highest > 0 && cost > divergenceFactor*a.highest) {
			a.steps++
			a.advance(cost)
			return Result{a.cost, evaluations}, nil
		}
	}
	copy(x, a.from)
	return Result{a.cost, evaluations}, &DivergedError{Cost: cost, Tries: adamTries}
}

// move sets x to the result of the step from a.from.
func (a *Adam) move(x []float32) {
	t := float64(a.steps + 1)
	rate := a.rate * a.annealed() / (1 - math.Pow(a.opts.Beta1, t))
	root := 1 / math.Sqrt(1-math.Pow(a.opts.Beta2, t))
	a.pool.Descend(x, a.from, a.mean, a.square, float32(rate), float32(root), float32(a.opts.Epsilon), a.opts.Low, a.opts.High)
}

// annealed returns the factor of the learning rate in the next step.
func (a *Adam) annealed() float64 {
	if a.opts.Steps == 0 {
		return 1
	}
	along := min(max(2*float64(a.steps)/float64(a.opts.Steps)-1, 0), 1)
	return a.opts.FinalRate + (1-a.opts.FinalRate)*(1+math.Cos(math.Pi*along))/2
}

// advance updates the means with the gradient at x. cost is the cost at x.
func (a *Adam) advance(cost float64) {
	a.pool.UpdateMoments(a.mean, a.square, a.gradient, float32(a.opts.Beta1), float32(a.opts.Beta2))
	a.cost, a.highest = cost, max(a.highest, math.Abs(cost))
}
