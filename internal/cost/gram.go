package cost

import (
	"fmt"

	"github.com/pastiche-art/pastiche/internal/kernel"
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
		panic(fmt.Sprintf("cost: %d weights for %d layers", len(lambdas), len(layers)))
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

// Gram is the [Cost] of [LayerStyleCost].
type Gram struct {
	opts             Options
	target, gradient *kernel.Matrix
	current          *accumulator
}

// NewGram returns the style cost against the second moments of a style.
func NewGram(style *Statistics, opts Options) *Gram {
	n := style.Second.Rows
	g := &Gram{opts: opts, target: kernel.NewMatrix(n, n), gradient: kernel.NewMatrix(n, n), current: newAccumulator(n, opts.Guide)}
	g.target.Copy(style.Second)
	return g
}

// Observe implements [Cost].
func (g *Gram) Observe(e kernel.Engine, _ int, f *kernel.Tensor, y, x int) {
	g.current.gram(e, f, y, x)
}

// Evaluate implements [Cost].
func (g *Gram) Evaluate(_ *kernel.Pool, weight float64) float64 {
	s := g.opts.scale()
	s4 := s * s * s * s
	positions := g.current.finish(1)
	LayerStyleGradient(g.gradient, g.target, g.current.Second, positions, weight*s4)
	return s4 * LayerStyleCost(g.target, g.current.Second)
}

// AddGradient implements [Cost].
func (g *Gram) AddGradient(e kernel.Engine, _ int, grad, f *kernel.Tensor, y, x int) {
	g.opts.Guide.addProduct(e, grad, g.gradient, f, nil, y, x)
}

// Work implements [Cost].
func (g *Gram) Work() float64 { return square(g.target.Rows) }

func square(n int) float64 { return float64(n) * float64(n) }
