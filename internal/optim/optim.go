// Package optim minimises functions of float32 vectors, such as the cost of a
// picture: Adam and L-BFGS, and an average of the points they pass through.
//
// An [Optimizer] moves a vector x one step at a time. After every step x is a
// point that has been evaluated, with a finite cost and a finite gradient,
// however badly the function behaves around it; a step that fails leaves x where
// it was. Sums are taken in float64 in an order that
// depends on the length of x alone, so the same function gives the same points
// to the bit for any number of threads.
package optim

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// An Objective returns the cost at x and writes its gradient, as long as x, over
// the given one. It changes nothing else and keeps neither slice.
type Objective func(x, gradient []float32) (cost float64)

// An Optimizer moves x towards lower costs of an objective.
type Optimizer interface {
	// Step makes one iteration, which ends when x has moved to an accepted
	// point. Between steps x stays as it was left; for another x a new optimiser
	// is made. f may be another function at each step for [Adam], such as a cost of
	// which each step sees another sample. For [LBFGS], which compares the gradients
	// of successive steps, it is the same function at all of them.
	//
	// It fails with the error of ctx, which it looks at before every
	// evaluation; with a [*DivergedError]; or with [ErrConverged]. Then x is the
	// point where the last step ended, or where the first began.
	Step(ctx context.Context, x []float32, f Objective) (Result, error)
	// Vectors returns the most vectors as long as x that the state has, and how many
	// more the optimiser holds from the first step on. x is not among them.
	Vectors() (state, step int)
	// State returns what there is to save between two steps. It is the
	// optimiser's own memory, which the next step changes.
	State() State
	// Restore takes a state that another optimiser of the same kind and options
	// had. The vectors of s become the optimiser's own. It fails where the state is
	// of another kind, other options or another length.
	Restore(s State) error
}

// A Result describes a step.
type Result struct {
	Cost        float64 // at x
	Evaluations int     // calls of the objective
}

// ErrConverged says that no lower cost can be told from that at x: the gradient
// is zero, or rounding outweighs what a step along it would gain.
var ErrConverged = errors.New("no step lowers the cost any further")

// A DivergedError says that the cost or its gradient is not finite, or is beyond
// all measure, at x itself or at every step from it, however short.
type DivergedError struct {
	Cost  float64 // what the last evaluation returned
	Tries int     // the steps tried, 0 where x itself cannot be evaluated
}

func (e *DivergedError) Error() string {
	if e.Tries == 0 {
		return fmt.Sprintf("the cost begins at %g, or its gradient is not finite", e.Cost)
	}
	return fmt.Sprintf("the cost became %g, or its gradient infinite, after each of %d ever shorter steps",
		e.Cost, e.Tries)
}

// evaluate calls the objective and returns the cost, and whether cost and gradient
// are finite.
func evaluate(pool *kernel.Pool, x, gradient []float32, f Objective) (cost float64, finite bool) {
	cost = f(x, gradient)
	// Adam squares the elements of a gradient in float32.
	return cost, !math.IsNaN(cost) && !math.IsInf(cost, 0) && pool.Dot(gradient, gradient) < math.MaxFloat32
}
