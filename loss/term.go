package loss

import "github.com/pastiche-art/pastiche/kernel"

// A Term is a cost of the activation of one layer, which it may see whole or in
// parts that do not overlap. It keeps its buffers from one iteration to the next
// and is used by one goroutine at a time.
type Term interface {
	// Observe takes in a part f of the activation, whose first position lies in
	// row y and column x of the whole.
	Observe(p *kernel.Pool, f *kernel.Tensor, y, x int)
	// Evaluate returns the cost J of what was observed since the last Evaluate,
	// before Options.Weight, and keeps the gradient with respect to the
	// statistic that J is about.
	Evaluate(p *kernel.Pool) float64
	// AddGradient adds Options.Weight times the gradient of J with respect to a
	// part f to grad, which has the shape of f. It follows Evaluate.
	AddGradient(p *kernel.Pool, grad, f *kernel.Tensor, y, x int)
}

// Options belong to every [Term].
type Options struct {
	// Weight multiplies the gradient: alpha for a content cost, beta
	// lambda[l] for the style cost of a layer.
	Weight float64
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
