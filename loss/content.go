package loss

import (
	"math"

	"github.com/pastiche-art/pastiche/kernel"
)

// ContentCost returns J_content(C, G) = 1/(4 nH nW nC) sum (a(C) - a(G))², the
// content cost of the activation a(G) of the generated picture against a(C),
// that of the content, of the same shape.
func ContentCost(p *kernel.Pool, content, generated *kernel.Tensor) float64 {
	squares, _ := p.Difference(generated, content, 0, 0)
	return contentCost(squares, content)
}

func contentCost(squares float64, content *kernel.Tensor) float64 {
	return squares / (4 * elements(content))
}

// AddContentGradient adds weight times the gradient of [ContentCost] with
// respect to a(G), (a(G) - a(C))/(2 nH nW nC), to grad, for a part of a(G) whose
// first position lies in row y and column x.
func AddContentGradient(p *kernel.Pool, grad, content, generated *kernel.Tensor, y, x int, weight float64) {
	p.AddDifference(grad, generated, content, y, x, contentSlope(content, weight), 0)
}

func contentSlope(content *kernel.Tensor, weight float64) float32 {
	return float32(weight / (2 * elements(content)))
}

func elements(f *kernel.Tensor) float64 { return float64(f.C) * float64(f.Positions()) }

// squares collects the squares of the differences from a target.
type squares struct {
	opts   Options
	target *kernel.Tensor
	sum    float64 // of what was observed
}

// Observe implements [Term].
func (s *squares) Observe(p *kernel.Pool, f *kernel.Tensor, y, x int) {
	sum, _ := s.opts.Guide.difference(p, f, s.target, y, x)
	s.sum += sum
}

// Content is the [Term] of [ContentCost]. With a guide T it is
// 1/(4 nH nW nC) sum T² (a(G) - a(C))².
type Content struct{ squares }

// NewContent returns the content cost against an activation, which it keeps.
func NewContent(target *kernel.Tensor, opts Options) *Content {
	return &Content{squares{opts: opts, target: target}}
}

// Evaluate implements [Term].
func (c *Content) Evaluate(*kernel.Pool) float64 {
	s := c.opts.scale()
	cost := s * s * contentCost(c.sum, c.target)
	c.sum = 0
	return cost
}

// AddGradient implements [Term].
func (c *Content) AddGradient(p *kernel.Pool, grad, f *kernel.Tensor, y, x int) {
	s := c.opts.scale()
	c.opts.Guide.addDifference(p, grad, f, c.target, y, x, contentSlope(c.target, c.opts.Weight*s*s), 0)
}

// SummedContent is the content cost of Gatys, Ecker and Bethge 2015 (arXiv
// 1508.06576, equation 1), a sum over channels and positions:
//
//	J = 1/2 sum D² = 2 nH nW nC J_content, D = a(G) - a(C)
//
// With a guide T the sum has the weights T².
type SummedContent struct {
	mean  *Content
	means float64 // that make up the sum
}

// NewSummedContent returns the summed content cost against an activation, which it
// keeps.
func NewSummedContent(target *kernel.Tensor, opts Options) *SummedContent {
	means := 2 * elements(target)
	opts.Weight *= means
	return &SummedContent{NewContent(target, opts), means}
}

// Observe implements [Term].
func (c *SummedContent) Observe(p *kernel.Pool, f *kernel.Tensor, y, x int) {
	c.mean.Observe(p, f, y, x)
}

// Evaluate implements [Term].
func (c *SummedContent) Evaluate(p *kernel.Pool) float64 { return c.means * c.mean.Evaluate(p) }

// AddGradient implements [Term].
func (c *SummedContent) AddGradient(p *kernel.Pool, grad, f *kernel.Tensor, y, x int) {
	c.mean.AddGradient(p, grad, f, y, x)
}

// RootContent is the root of the mean square of the differences:
//
//	J = (1/(nH nW nC) sum D²)^½, D = a(G) - a(C)
//
// Its gradient, D/(nH nW nC J), has the same length however large the difference
// is, as [ScaledContent]'s nearly has, and a step against it enlarges no
// difference, as one against that one's does. With a guide T the sum has the weights T².
type RootContent struct {
	squares
	floor float64 // of the mean square: less is rounding
	slope float32 // dJ/dD = slope D, weighted
}

// contentRounding is a few times what float32 rounding does to activations, as
// root mean squares relative to theirs: Winograd's convolution alone has 2.5e-6.
const contentRounding = 1e-5

// NewRootContent returns the root mean square content cost against an
// activation, which it keeps.
func NewRootContent(p *kernel.Pool, target *kernel.Tensor, opts Options) *RootContent {
	moments := Measure(p, target)
	var square float64 // the mean of the activations' squares
	for c := range target.C {
		square += float64(moments.Second.At(c, c)) / float64(target.C)
	}
	return &RootContent{squares: squares{opts: opts, target: target}, floor: contentRounding * contentRounding * square}
}

// Evaluate implements [Term]. Where the difference is no more than rounding makes,
// the direction of its gradient means nothing, and 0 is taken for it.
func (c *RootContent) Evaluate(*kernel.Pool) float64 {
	n, s := elements(c.target), c.opts.scale()
	mean := c.sum / n
	cost := math.Abs(s) * math.Sqrt(mean)
	c.sum, c.slope = 0, 0
	if mean > c.floor {
		c.slope = float32(c.opts.Weight * s * s / (n * cost))
	}
	return cost
}

// AddGradient implements [Term].
func (c *RootContent) AddGradient(p *kernel.Pool, grad, f *kernel.Tensor, y, x int) {
	c.opts.Guide.addDifference(p, grad, f, c.target, y, x, c.slope, 0)
}

// scaledContentEpsilon keeps the cost of no difference at all defined, as in
// style-transfer-pytorch.
const scaledContentEpsilon = 1e-8

// ScaledContent is the content cost of Crowson's style-transfer-pytorch, a mean
// square scaled so that the absolute values of its gradient add up to about 1
// however large the difference D = a(G) - a(C) is:
//
//	J = sum D² / (sum |D| + 1e-8)
//
// A step against the gradient enlarges differences of less than J/2.
// With a guide T both sums have the weights T².
type ScaledContent struct {
	opts        Options
	target      *kernel.Tensor
	squares     float64 // sum D² of what was observed
	absolutes   float64 // sum |D|
	slope, sign float32 // dJ/dD = slope D + sign sgn(D), weighted
}

// NewScaledContent returns the scaled content cost against an activation, which
// it keeps.
func NewScaledContent(target *kernel.Tensor, opts Options) *ScaledContent {
	return &ScaledContent{opts: opts, target: target}
}

// Observe implements [Term].
func (c *ScaledContent) Observe(p *kernel.Pool, f *kernel.Tensor, y, x int) {
	squares, absolutes := c.opts.Guide.difference(p, f, c.target, y, x)
	c.squares += squares
	c.absolutes += absolutes
}

// Evaluate implements [Term].
func (c *ScaledContent) Evaluate(*kernel.Pool) float64 {
	s := c.opts.scale()
	squares := s * s * c.squares
	absolutes := math.Abs(s)*c.absolutes + scaledContentEpsilon
	cost := squares / absolutes
	c.squares, c.absolutes = 0, 0
	c.slope = float32(c.opts.Weight * s * s * 2 / absolutes)
	c.sign = float32(-c.opts.Weight * math.Abs(s) * cost / absolutes)
	return cost
}

// AddGradient implements [Term].
func (c *ScaledContent) AddGradient(p *kernel.Pool, grad, f *kernel.Tensor, y, x int) {
	c.opts.Guide.addDifference(p, grad, f, c.target, y, x, c.slope, c.sign)
}
