package optim

import (
	"errors"
	"fmt"
)

// A State is everything that an optimizer keeps from one step to the next, besides x.
// An optimizer of the same kind, options and length that restores it continues with the
// same points, to the bit.
type State struct {
	Numbers []float64
	Vectors [][]float32 // each of the length of x
}

// errForeign is the error of a state that does not fit the optimizer.
var errForeign = errors.New("the state belongs to another optimizer")

// State implements [Optimizer]: the two means, and four numbers.
func (a *Adam) State() State {
	if a.mean == nil {
		return State{}
	}
	return State{
		Numbers: []float64{float64(a.steps), a.rate, a.highest, a.cost},
		Vectors: [][]float32{a.mean, a.square},
	}
}

// Restore implements [Optimizer].
func (a *Adam) Restore(s State) error {
	if len(s.Numbers) == 0 && len(s.Vectors) == 0 {
		return nil
	}
	const numbers, vectors = 4, 2
	if len(s.Numbers) != numbers {
		return fmt.Errorf("%w: %d numbers, expected %d", errForeign, len(s.Numbers), numbers)
	}
	if err := checkVectors(s, vectors, a.n); err != nil {
		return err
	}
	a.steps, a.rate, a.highest, a.cost = int(s.Numbers[0]), s.Numbers[1], s.Numbers[2], s.Numbers[3]
	a.mean, a.square = s.Vectors[0], s.Vectors[1]
	return nil
}

// State implements [Optimizer]. Its numbers are the cost, and two for each stored step;
// its vectors are the gradient, and two for each stored step.
func (l *LBFGS) State() State {
	if l.current.gradient == nil {
		return State{}
	}
	s := State{Numbers: []float64{l.current.cost}, Vectors: [][]float32{l.current.gradient}}
	for _, p := range l.pairs {
		s.Numbers = append(s.Numbers, p.sy, p.yy)
		s.Vectors = append(s.Vectors, p.s, p.y)
	}
	return s
}

// Restore implements [Optimizer].
func (l *LBFGS) Restore(s State) error {
	if len(s.Numbers) == 0 && len(s.Vectors) == 0 {
		return nil
	}
	pairs := (len(s.Numbers) - 1) / 2
	if len(s.Numbers)%2 == 0 || pairs > l.memory {
		return fmt.Errorf("%w: %d numbers, expected 1 and 2 for each of at most %d steps", errForeign, len(s.Numbers), l.memory)
	}
	if err := checkVectors(s, 1+2*pairs, l.n); err != nil {
		return err
	}
	l.current = point{s.Numbers[0], s.Vectors[0]}
	l.pairs = nil
	for i := range pairs {
		numbers, vectors := s.Numbers[1+2*i:], s.Vectors[1+2*i:]
		l.pairs = append(l.pairs, pair{s: vectors[0], y: vectors[1], sy: numbers[0], yy: numbers[1]})
	}
	return nil
}

func checkVectors(s State, count, length int) error {
	if len(s.Vectors) != count {
		return fmt.Errorf("%w: %d vectors, expected %d", errForeign, len(s.Vectors), count)
	}
	for _, v := range s.Vectors {
		if len(v) != length {
			return fmt.Errorf("%w: a vector of %d elements, expected %d", errForeign, len(v), length)
		}
	}
	return nil
}
