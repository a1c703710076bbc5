package cost

import "github.com/pastiche-art/pastiche/internal/kernel"

// layerStyleCost returns
//
//	J_style[l](S, G) = 1/(4 nC²) sum (Gram(S)/N(S) - Gram(G)/N(G))²
//
// given [Statistics].Second of the style S and of the generated picture G. These are Gram
// matrices divided by the number of positions N = nH nW.
func layerStyleCost(style, generated *kernel.Matrix) float64 {
	c := float64(style.Rows)
	return squaredDistance(style, generated) / (4 * c * c)
}

// layerStyleGradient computes to dst the symmetric matrix M for which M a(G) is weight
// times the gradient of [layerStyleCost] with respect to the activation a(G), which has
// the given number of positions:
//
//	M = weight/(nC² N(G)) (Gram(G)/N(G) - Gram(S)/N(S))
//
// [kernel.Pool.AddProduct] multiplies it by the activation.
func layerStyleGradient(dst, style, generated *kernel.Matrix, positions int, weight float64) {
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

// Gram is the style cost of the course for one layer:
//
//	J_style[l](S, G) = 1/(4 nC²) sum (Gram(S)/N(S) - Gram(G)/N(G))²
//
// Where S and G have the same size this is 1/(4 nC² (nH nW)²) sum (Gram(S) - Gram(G))².
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
	s := g.opts.factor()
	s4 := s * s * s * s
	positions := g.current.finish(1)
	layerStyleGradient(g.gradient, g.target, g.current.Second, positions, weight*s4)
	return s4 * layerStyleCost(g.target, g.current.Second)
}

// AddGradient implements [Cost].
func (g *Gram) AddGradient(e kernel.Engine, _ int, grad, f *kernel.Tensor, y, x int) {
	g.opts.Guide.addProduct(e, grad, g.gradient, f, nil, y, x)
}

// Work implements [Cost].
func (g *Gram) Work() float64 { return square(g.target.Rows) }

func square(n int) float64 { return float64(n) * float64(n) }
