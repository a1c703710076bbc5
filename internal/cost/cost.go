package cost

import "github.com/pastiche-art/pastiche/internal/kernel"

// A Cost is a function J of the activations of one or more layers. Layers are numbered
// from 0 in the order in which the constructor received them. A cost sees an activation
// whole or in parts that do not overlap. It passes through two states in each
// iteration:
//
//	observing  Observe adds one part of a layer after another, in any order.
//	           Evaluate ends the state and returns J of all parts.
//	evaluated  AddGradient adds the gradient for one part after another, in any
//	           order. The next Observe ends the state and starts a new observation.
//
// A call in the wrong state has undefined results. A cost keeps its buffers from one
// iteration to the next. One goroutine at a time may use it.
type Cost interface {
	// Observe adds a part f of the activation of a layer. Its first position is in row
	// y and column x of the whole.
	Observe(e kernel.Engine, layer int, f *kernel.Tensor, y, x int)
	// Evaluate returns J and prepares the gradient of weight times J.
	Evaluate(p *kernel.Pool, weight float64) float64
	// AddGradient adds the gradient that Evaluate has prepared, with respect to a part
	// f of a layer, to grad, which has the shape of f.
	AddGradient(e kernel.Engine, layer int, grad, f *kernel.Tensor, y, x int)
	// Work returns about how many multiplications Evaluate takes. It is constant; the
	// scheduler of several costs uses it.
	Work() float64
}

// Options apply to every [Cost] of one layer.
type Options struct {
	// Factor multiplies the activations, including those of the target, before they
	// enter the formula; 0 means 1. It makes the costs of networks with larger or
	// smaller activations comparable: J_content grows with its square, the style cost
	// of Gram matrices with its fourth power. With 1/[Statistics.MeanActivation] of the
	// target, every layer of every network has activations of mean 1.
	Factor float64
	// Guide weights the positions of the layer; nil weights all alike.
	Guide *Guide
}

func (o Options) factor() float64 {
	if o.Factor == 0 {
		return 1
	}
	return o.Factor
}
