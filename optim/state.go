package optim

import (
	"errors"
	"fmt"
)

// A State is all that an optimiser carries from one step to the next, besides x:
// an optimiser of the same kind and length that is given it goes on to the same
// points, to the bit.
type State struct {
	Numbers []float64
	Vectors [][]float32 // each as long as x
}

// errForeign says that a state is not of this optimiser.
var errForeign = errors.New("the state is of another optimiser")

// adamNumbers and adamVectors are what the state of Adam holds.
const (
	adamNumbers = 4
	adamVectors = 3
)

// State implements [Optimizer].
func (a *Adam) State() State {
	if !a.begun {
		return State{}
	}
	return State{
		Numbers: []float64{float64(a.Steps), a.LearningRate, a.highest, a.here.cost},
		Vectors: [][]float32{a.M, a.V, a.here.gradient},
	}
}

// Restore implements [Optimizer].
func (a *Adam) Restore(s State) error {
	if len(s.Numbers) == 0 && len(s.Vectors) == 0 {
		return nil
	}
	if len(s.Numbers) != adamNumbers {
		return fmt.Errorf("%w: %d numbers, expected %d", errForeign, len(s.Numbers), adamNumbers)
	}
	if err := checkVectors(s, adamVectors, len(a.M)); err != nil {
		return err
	}
	a.Steps, a.LearningRate, a.highest, a.here.cost = int(s.Numbers[0]), s.Numbers[1], s.Numbers[2], s.Numbers[3]
	copy(a.M, s.Vectors[0])
	copy(a.V, s.Vectors[1])
	copy(a.here.gradient, s.Vectors[2])
	a.begun = true
	return nil
}

// State implements [Optimizer].
func (l *LBFGS) State() State {
	if !l.begun {
		return State{}
	}
	s := State{Numbers: []float64{l.here.cost}, Vectors: [][]float32{l.here.gradient}}
	for _, p := range l.Pairs {
		s.Numbers = append(s.Numbers, p.SY, p.YY)
		s.Vectors = append(s.Vectors, p.S, p.Y)
	}
	return s
}

// Restore implements [Optimizer].
func (l *LBFGS) Restore(s State) error {
	if len(s.Numbers) == 0 && len(s.Vectors) == 0 {
		return nil
	}
	// The cost and two numbers for each pair; the gradient and two vectors.
	pairs := (len(s.Numbers) - 1) / 2
	if len(s.Numbers)%2 == 0 || pairs > l.memory {
		return fmt.Errorf("%w: %d numbers, expected 1 and 2 for each of at most %d steps", errForeign, len(s.Numbers), l.memory)
	}
	if err := checkVectors(s, 1+2*pairs, len(l.from)); err != nil {
		return err
	}
	l.here.cost = s.Numbers[0]
	copy(l.here.gradient, s.Vectors[0])
	l.Pairs = nil
	for i := range pairs {
		p := Pair{S: make([]float32, len(l.from)), Y: make([]float32, len(l.from)), SY: s.Numbers[1+2*i], YY: s.Numbers[2+2*i]}
		copy(p.S, s.Vectors[1+2*i])
		copy(p.Y, s.Vectors[2+2*i])
		l.Pairs = append(l.Pairs, p)
	}
	l.begun = true
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
