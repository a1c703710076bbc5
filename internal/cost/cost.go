package cost

import "github.com/pastiche-art/pastiche/internal/kernel"

// A Cost is a function J of the activations of one layer or of several, which have
// numbers from 0 on, in the order in which its constructor was given them. A cost
// sees an activation whole or in parts that do not overlap. It goes through two
// states in each iteration:
//
//	observing  Observe takes in one part of a layer after another, in any order.
//	           Evaluate ends the state: it returns J of all the parts.
//	evaluated  AddGradient adds the gradient for one part after another, in any
//	           order. The next Observe ends the state, and begins with nothing of
//	           what was observed before.
//
// A call that belongs to the other state has no meaningful result. A cost keeps its
// buffers from one iteration to the next and is used by one goroutine at a time.
type Cost interface {
	// Observe takes in a part f of the activation of a layer, whose first
	// position lies in row y and column x of the whole.
	Observe(e kernel.Engine, layer int, f *kernel.Tensor, y, x int)
	// Evaluate returns J and prepares the gradient of weight times J.
	Evaluate(p *kernel.Pool, weight float64) float64
	// AddGradient adds the gradient that Evaluate prepared, with respect to a part
	// f of a layer, to grad, which has the shape of f.
	AddGradient(e kernel.Engine, layer int, grad, f *kernel.Tensor, y, x int)
	// Work is about how many multiplications Evaluate takes. It does not change,
	// and serves to plan the evaluation of several costs.
	Work() float64
}

// Options belong to every [Cost] of one layer.
type Options struct {
	// Scale multiplies the activations, those of the target among them, before
	// they enter the formula; 0 means 1. It makes the costs of networks with
	// larger or smaller activations comparable: J_content grows with its
	// square, the style cost of Gram matrices with its fourth power.
	// 1/[Statistics.MeanActivation] of the target gives every layer of every
	// network activations of mean 1.
	Scale float64
	// Guide is where on the layer the cost looks; nil is everywhere.
	Guide *Guide
}

func (o Options) scale() float64 {
	if o.Scale == 0 {
		return 1
	}
	return o.Scale
}
