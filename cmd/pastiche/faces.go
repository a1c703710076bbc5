package main

import "github.com/pastiche-art/pastiche/paint"

// facesFound is the witness that says, at the first iteration, how many faces are kept.
type facesFound struct {
	say  func(format string, args ...any)
	done bool
}

func (f *facesFound) iteration(p paint.Progress) {
	if f.done {
		return
	}
	f.done = true
	switch p.Faces {
	case 0:
	case 1:
		f.say("1 face kept; --faces ignore paints it like the rest.")
	default:
		f.say("%d faces kept; --faces ignore paints them like the rest.", p.Faces)
	}
}

func (*facesFound) close() error { return nil }
