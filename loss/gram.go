package loss

import (
	"fmt"

	"github.com/pastiche-art/pastiche/kernel"
)

// LayerStyleCost returns the style cost of one layer,
//
//	J_style[l](S, G) = 1/(4 nC²) sum (Gram(S)/N(S) - Gram(G)/N(G))²
//
// given [Statistics].Second of the style S and of the generated picture G, their
// Gram matrices over N = nH nW. Where S and G have the same size this is the
// note's 1/(4 nC² (nH nW)²) sum (Gram(S) - Gram(G))².
func LayerStyleCost(style, generated *kernel.Matrix) float64 {
	c := float64(style.Rows)
	return squaredDistance(style, generated) / (4 * c * c)
}

// LayerStyleGradient computes to dst the symmetric matrix m with which m a(G) is
// weight times the gradient of [LayerStyleCost] with respect to the activation
// a(G), of the given number of positions:
//
//	m = 1/(nC² N(G)) (Gram(G)/N(G) - Gram(S)/N(S))
//
// [kernel.Pool.AddProduct] multiplies it by the activation.
func LayerStyleGradient(dst, style, generated *kernel.Matrix, positions int, weight float64) {
	c := float64(style.Rows)
	dst.Copy(generated)
	dst.AddScaled(-1, style)
	dst.Scale(float32(weight / (c * c * float64(positions))))
}

// squaredDistance returns the sum of the squares of the elements of a - b.
func squaredDistance(a, b *kernel.Matrix) float64 {
	var sum float64
	for c := range a.Cols {
		for r := range a.Rows {
			d := float64(a.At(r, c) - b.At(r, c))
			sum += d * d
		}
	}
	return sum
}

// StyleCost returns J_style = sum over l of lambda[l] J_style[l]. Its gradient
// with respect to the cost of a layer is that layer's lambda.
func StyleCost(lambdas, layers []float64) float64 {
	if len(lambdas) != len(layers) {
		panic(fmt.Sprintf("loss: %d weights for %d layers", len(lambdas), len(layers)))
	}
	var sum float64
	for l, j := range layers {
		sum += lambdas[l] * j
	}
	return sum
}

// TotalCost returns J = alpha J_content + beta J_style. Its gradients with
// respect to the two are alpha and beta; the note has 10 and 40.
func TotalCost(alpha, beta, content, style float64) float64 {
	return alpha*content + beta*style
}

// Gram is the [Term] of [LayerStyleCost].
type Gram struct {
	opts       Options
	target, by *kernel.Matrix
	current    *gathering
}

// NewGram returns the style cost against the second moments of a style.
func NewGram(style *Statistics, opts Options) *Gram {
	n := style.Second.Rows
	g := &Gram{opts: opts, target: kernel.NewMatrix(n, n), by: kernel.NewMatrix(n, n), current: newGathering(n, opts.Guide)}
	g.target.Copy(style.Second)
	return g
}

// Observe implements [Term].
func (g *Gram) Observe(p *kernel.Pool, f *kernel.Tensor, y, x int) { g.current.gram(p, f, y, x) }

// Evaluate implements [Term].
func (g *Gram) Evaluate(*kernel.Pool) float64 {
	s := g.opts.scale()
	s4 := s * s * s * s
	positions := g.current.finish(1)
	LayerStyleGradient(g.by, g.target, g.current.Second, positions, g.opts.Weight*s4)
	return s4 * LayerStyleCost(g.target, g.current.Second)
}

// AddGradient implements [Term].
func (g *Gram) AddGradient(p *kernel.Pool, grad, f *kernel.Tensor, y, x int) {
	g.opts.Guide.addProduct(p, grad, g.by, f, nil, y, x)
}
