// Package optim minimizes functions of float32 vectors, such as the cost of a picture.
// It offers Adam, L-BFGS, and a moving average of the points that they visit.
//
// An [Optimizer] moves a vector x one step at a time. After every step, x is a point at
// which the objective was evaluated and at which cost and gradient are finite. A step
// that fails leaves x unchanged. Sums are taken in float64, in an order that depends on
// the length of x alone, so that the same function gives the same points to the bit for
// any number of threads.
package optim

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// An Objective returns the cost at x and writes its gradient, which is as long as x, to
// gradient. It changes nothing else and retains neither slice.
type Objective func(x, gradient []float32) (cost float64)

// An Optimizer moves x towards lower costs of an objective.
type Optimizer interface {
	// Step makes one iteration and moves x to the accepted point. The caller must not
	// change x between steps; to start at another x, create a new optimizer. For
	// [Adam], f may differ from step to step, for example a cost of a new random sample
	// each time. For [LBFGS], which compares the gradients of successive steps, f must
	// be the same function.
	//
	// Step fails with the error of ctx, which it checks before every evaluation, with a
	// [*DivergedError], or with [ErrConverged]. x is then the point where the last step
	// ended, or the starting point.
	Step(ctx context.Context, x []float32, f Objective) (Result, error)
	// Vectors returns how many vectors of the length of x the optimizer holds at most:
	// state for those in its [State], step for those that it holds besides, from the
	// first step on. x itself is not counted.
	Vectors() (state, step int)
	// State returns the state to save between two steps. It shares the memory of the
	// optimizer, which the next step changes.
	State() State
	// Restore replaces the state by that of another optimizer of the same kind, options
	// and length, and takes over the vectors of s. It fails where the kind, the options
	// or the length differ.
	Restore(s State) error
}

// A Result describes a step.
type Result struct {
	Cost        float64 // at x
	Evaluations int     // calls of the objective
}

// ErrConverged reports that no step lowers the cost: the gradient is zero, or the
// decrease is smaller than rounding.
var ErrConverged = errors.New("no step lowers the cost any further")

// A DivergedError reports that the cost or its gradient is not finite, or is
// excessively large, at x itself or after every step tried, however short.
type DivergedError struct {
	Cost  float64 // result of the last evaluation
	Tries int     // number of steps tried, 0 where x itself has no finite cost and gradient
}

func (e *DivergedError) Error() string {
	if e.Tries == 0 {
		return fmt.Sprintf("the cost begins at %g, or its gradient is not finite", e.Cost)
	}
	return fmt.Sprintf("the cost became %g, or its gradient infinite, after each of %d ever shorter steps",
		e.Cost, e.Tries)
}

// evaluate calls the objective. It returns the cost, and whether cost and gradient are
// finite.
func evaluate(pool *kernel.Pool, x, gradient []float32, f Objective) (cost float64, finite bool) {
	cost = f(x, gradient)
	// Adam squares the elements of a gradient in float32.
	return cost, !math.IsNaN(cost) && !math.IsInf(cost, 0) && pool.Dot(gradient, gradient) < math.MaxFloat32
}
