package optim

import (
	"errors"
	"fmt"
)

// A State is all that an optimiser carries from one step to the next, besides x.
// Another optimiser of the same kind, options and length that takes it over
// continues to the same points, to the bit.
type State struct {
	Numbers []float64
	Vectors [][]float32 // each as long as x
}

// errForeign is the error of a state that another optimiser had.
var errForeign = errors.New("the state is of another optimiser")

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

// State implements [Optimizer]: the cost and two numbers for each past step, the
// gradient and two vectors for each.
func (l *LBFGS) State() State {
	if l.here.gradient == nil {
		return State{}
	}
	s := State{Numbers: []float64{l.here.cost}, Vectors: [][]float32{l.here.gradient}}
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
	l.here = point{s.Numbers[0], s.Vectors[0]}
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
