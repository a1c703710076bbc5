package loss

import "github.com/pastiche-art/pastiche/kernel"

// A Joint is a cost of the activations of several layers together, which are
// numbered from 0 on in the order in which the cost was given them. It sees each
// whole or in parts that do not overlap, keeps its buffers from one iteration to
// the next, and is used by one goroutine at a time. A [Term] is the simple case
// of one layer; [OneLayer] makes it a Joint.
type Joint interface {
	// Observe takes in a part f of the activation of a layer, whose first
	// position lies in row y and column x of the whole.
	Observe(p *kernel.Pool, layer int, f *kernel.Tensor, y, x int)
	// Evaluate returns the cost J of what was observed since the last Evaluate,
	// before its weight, and keeps what the gradients need.
	Evaluate(p *kernel.Pool) float64
	// AddGradient adds the weight times the gradient of J with respect to a part
	// f of a layer to grad, which has the shape of f. It follows Evaluate.
	AddGradient(p *kernel.Pool, layer int, grad, f *kernel.Tensor, y, x int)
}

// OneLayer returns a term as a [Joint] of layer 0 alone.
func OneLayer(t Term) Joint { return oneLayer{t} }

type oneLayer struct{ term Term }

func (o oneLayer) Observe(p *kernel.Pool, _ int, f *kernel.Tensor, y, x int) {
	o.term.Observe(p, f, y, x)
}

func (o oneLayer) Evaluate(p *kernel.Pool) float64 { return o.term.Evaluate(p) }

func (o oneLayer) AddGradient(p *kernel.Pool, _ int, grad, f *kernel.Tensor, y, x int) {
	o.term.AddGradient(p, grad, f, y, x)
}
