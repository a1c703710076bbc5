package cost

import (
	"math"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// differences is the part that the content costs share. With D = a(G) - a(C) they are
// functions of the sum of T² D², so that their gradients are multiples of T² D.
type differences struct {
	opts    Options
	target  *kernel.Tensor // a(C)
	squares float64        // the sum of T² D² over the parts observed
	slope   float32        // the gradient is slope T² D
}

// elements returns nH nW nC.
func elements(f *kernel.Tensor) float64 { return float64(f.C) * float64(f.Positions()) }

// Observe implements [Cost].
func (d *differences) Observe(e kernel.Engine, _ int, f *kernel.Tensor, y, x int) {
	d.squares += e.SquaredDifference(f, d.target, d.opts.Guide.weights(), y, x)
}

// take ends an observation and returns its sum.
func (d *differences) take() float64 {
	squares := d.squares
	d.squares = 0
	return squares
}

// AddGradient implements [Cost].
func (d *differences) AddGradient(e kernel.Engine, _ int, grad, f *kernel.Tensor, y, x int) {
	e.AddDifference(grad, f, d.target, d.opts.Guide.weights(), y, x, d.slope)
}

// Work implements [Cost]. Evaluate only scales a sum.
func (d *differences) Work() float64 { return 1 }

// Content is the content cost of the course:
//
//	J_content(C, G) = 1/(4 nH nW nC) sum D², D = a(G) - a(C)
//
// Its gradient with respect to a(G) is D/(2 nH nW nC). With a guide T the sum has the
// weights T².
type Content struct{ differences }

// NewContent returns the content cost against the activation a(C), which it keeps.
func NewContent(target *kernel.Tensor, opts Options) *Content {
	return &Content{differences{opts: opts, target: target}}
}

// Evaluate implements [Cost].
func (c *Content) Evaluate(_ *kernel.Pool, weight float64) float64 {
	s := c.opts.factor()
	c.slope = float32(weight * s * s / (2 * elements(c.target)))
	return s * s * (c.take() / (4 * elements(c.target)))
}

// SummedContent is the content cost of Gatys, Ecker and Bethge 2015 (arXiv
// 1508.06576, equation 1), a sum over channels and positions:
//
//	J = 1/2 sum D², D = a(G) - a(C)
//
// With a guide T the sum has the weights T².
type SummedContent struct{ differences }

// NewSummedContent returns the summed content cost against the activation a(C), which it
// keeps.
func NewSummedContent(target *kernel.Tensor, opts Options) *SummedContent {
	return &SummedContent{differences{opts: opts, target: target}}
}

// Evaluate implements [Cost].
func (c *SummedContent) Evaluate(_ *kernel.Pool, weight float64) float64 {
	s := c.opts.factor()
	c.slope = float32(weight * s * s)
	return s * s * c.take() / 2
}

// RootContent is the root of the mean square of the differences:
//
//	J = (1/(nH nW nC) sum D²)^½, D = a(G) - a(C)
//
// Its gradient, D/(nH nW nC J), has the same length for every D other than 0, and a step
// against it enlarges no difference. With a guide T the sum has the weights T².
type RootContent struct {
	differences
	floor float64 // mean squares up to this one are rounding errors
}

// contentRounding is a few times the relative rounding error of activations, in root mean
// squares. That of Winograd's convolution in float32 is 2.5e-6.
const contentRounding = 1e-5

// NewRootContent returns the root mean square content cost against the activation a(C),
// which it keeps.
func NewRootContent(e kernel.Engine, target *kernel.Tensor, opts Options) *RootContent {
	meanSquare := e.SumSquares(target) / elements(target)
	return &RootContent{differences{opts: opts, target: target}, contentRounding * contentRounding * meanSquare}
}

// Evaluate implements [Cost]. Where the difference is no larger than rounding errors, its
// direction is arbitrary, and the gradient is 0.
func (c *RootContent) Evaluate(_ *kernel.Pool, weight float64) float64 {
	n, s := elements(c.target), c.opts.factor()
	mean := c.take() / n
	cost := math.Abs(s) * math.Sqrt(mean)
	c.slope = 0
	if mean > c.floor {
		c.slope = float32(weight * s * s / (n * cost))
	}
	return cost
}
