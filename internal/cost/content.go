package cost

import (
	"math"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// ContentCost returns J_content(C, G) = 1/(4 nH nW nC) sum (a(C) - a(G))², the
// content cost of the activation a(G) of the generated picture against a(C),
// that of the content, of the same shape.
func ContentCost(e kernel.Engine, content, generated *kernel.Tensor) float64 {
	return contentCost(e.SquaredDifference(generated, content, nil, 0, 0), content)
}

func contentCost(squares float64, content *kernel.Tensor) float64 {
	return squares / (4 * elements(content))
}

// AddContentGradient adds weight times the gradient of [ContentCost] with
// respect to a(G), (a(G) - a(C))/(2 nH nW nC), to grad, for a part of a(G) whose
// first position lies in row y and column x.
func AddContentGradient(e kernel.Engine, grad, content, generated *kernel.Tensor, y, x int, weight float64) {
	e.AddDifference(grad, generated, content, nil, y, x, contentSlope(content, weight))
}

func contentSlope(content *kernel.Tensor, weight float64) float32 {
	return float32(weight / (2 * elements(content)))
}

func elements(f *kernel.Tensor) float64 { return float64(f.C) * float64(f.Positions()) }

// differences is the part that content costs share: J depends on the sum of T² D²
// alone, where D is the difference from the target, so that the gradient is a
// multiple of T² D.
type differences struct {
	opts    Options
	target  *kernel.Tensor
	squares float64 // the sum over the parts observed
	slope   float32 // of the gradient
}

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

// Work implements [Cost]: what is observed is but one sum.
func (d *differences) Work() float64 { return 1 }

// Content is the [Cost] of [ContentCost]. With a guide T it is
// 1/(4 nH nW nC) sum T² (a(G) - a(C))².
type Content struct{ differences }

// NewContent returns the content cost against an activation, which it keeps.
func NewContent(target *kernel.Tensor, opts Options) *Content {
	return &Content{differences{opts: opts, target: target}}
}

// Evaluate implements [Cost].
func (c *Content) Evaluate(_ *kernel.Pool, weight float64) float64 {
	s := c.opts.scale()
	c.slope = contentSlope(c.target, weight*s*s)
	return s * s * contentCost(c.take(), c.target)
}

// SummedContent is the content cost of Gatys, Ecker and Bethge 2015 (arXiv
// 1508.06576, equation 1), a sum over channels and positions:
//
//	J = 1/2 sum D², D = a(G) - a(C)
//
// With a guide T the sum has the weights T².
type SummedContent struct{ differences }

// NewSummedContent returns the summed content cost against an activation, which it
// keeps.
func NewSummedContent(target *kernel.Tensor, opts Options) *SummedContent {
	return &SummedContent{differences{opts: opts, target: target}}
}

// Evaluate implements [Cost].
func (c *SummedContent) Evaluate(_ *kernel.Pool, weight float64) float64 {
	s := c.opts.scale()
	c.slope = float32(weight * s * s)
	return s * s * c.take() / 2
}

// RootContent is the root of the mean square of the differences:
//
//	J = (1/(nH nW nC) sum D²)^½, D = a(G) - a(C)
//
// Its gradient, D/(nH nW nC J), has the same length however large the difference
// is, and a step against it enlarges no difference. With a guide T the sum has
// the weights T².
type RootContent struct {
	differences
	floor float64 // of the mean square: less is rounding
}

// contentRounding is a few times what float32 rounding does to activations, as
// root mean squares relative to theirs: Winograd's convolution alone has 2.5e-6.
const contentRounding = 1e-5

// NewRootContent returns the root mean square content cost against an
// activation, which it keeps.
func NewRootContent(e kernel.Engine, target *kernel.Tensor, opts Options) *RootContent {
	meanSquare := e.SumSquares(target) / elements(target)
	return &RootContent{differences{opts: opts, target: target}, contentRounding * contentRounding * meanSquare}
}

// Evaluate implements [Cost]. Where the difference is no more than rounding makes,
// the direction of its gradient means nothing, and 0 is taken for it.
func (c *RootContent) Evaluate(_ *kernel.Pool, weight float64) float64 {
	n, s := elements(c.target), c.opts.scale()
	mean := c.take() / n
	cost := math.Abs(s) * math.Sqrt(mean)
	c.slope = 0
	if mean > c.floor {
		c.slope = float32(weight * s * s / (n * cost))
	}
	return cost
}
