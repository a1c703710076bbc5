package loss

import (
	"math"

	"github.com/pastiche-art/pastiche/kernel"
)

// A Guide says where on a layer a cost counts, and how much. It
// is the guidance channel T of Gatys, Bethge, Hertzmann and Shechtman 2017
// (arXiv 1611.07865), normalised to a mean of T² of 1, so that with N positions
//
//	mu = 1/N sum T² F        Gram = (T∘F)(T∘F)ᵀ
//
// are averages over the part of the layer that the guide points at, and costs
// that add up over positions do so with the weights T². A nil Guide counts all
// positions alike.
type Guide struct {
	root, square kernel.Weights // T and T²
	// What rows of a layer become, and the gradient there.
	band, gradient kernel.Tensor
}

// bandElements is how many elements of a layer are weighed at a time: few, so
// that guides need little memory, but enough to keep a few threads busy.
const bandElements = 1 << 20

// NewGuide returns the guide with T in proportion to h x w values, which are
// not negative. It returns nil where none is positive: then there is nothing to
// point at.
func NewGuide(h, w int, values []float32) *Guide {
	var squares float64
	for _, v := range values {
		squares += float64(v) * float64(v)
	}
	if squares == 0 {
		return nil
	}
	g := &Guide{
		root:   kernel.Weights{H: h, W: w, Values: make([]float32, len(values))},
		square: kernel.Weights{H: h, W: w, Values: make([]float32, len(values))},
	}
	scale := math.Sqrt(float64(len(values)) / squares)
	for i, v := range values {
		t := scale * float64(v)
		g.root.Values[i], g.square.Values[i] = float32(t), float32(t*t)
	}
	return g
}

// Measure returns the statistics of a part f of a layer, whose first position
// lies in row y and column x of the whole. Those of the whole are the [Blend] of
// those of its parts, with their positions for weights.
func (g *Guide) Measure(p *kernel.Pool, f *kernel.Tensor, y, x int) *Statistics {
	s := newGathering(f.C, g)
	s.gram(p, f, y, x)
	s.sums(p, f, y, x)
	s.finish(1)
	return &s.Statistics
}

// weighed calls do with a part f of a layer, multiplied by T or by T², in bands
// of rows.
func (g *Guide) weighed(p *kernel.Pool, f *kernel.Tensor, by kernel.Weights, y, x int, do func(band *kernel.Tensor)) {
	rows := max(1, bandElements/(f.C*f.W))
	for first := 0; first < f.H; first += rows {
		p.Weigh(&g.band, f, first, min(rows, f.H-first), by, y, x)
		do(&g.band)
	}
}

// addProduct adds T²∘(m f + bias) to grad: the gradient of a cost of the
// statistics, where m f + bias is that without a guide.
func (g *Guide) addProduct(p *kernel.Pool, grad *kernel.Tensor, m *kernel.Matrix, f *kernel.Tensor, bias []float32, y, x int) {
	if g == nil {
		p.AddProduct(grad, m, f, bias)
		return
	}
	rows := max(1, bandElements/(f.C*f.W))
	for first := 0; first < f.H; first += rows {
		p.Crop(&g.band, f, first, 0, min(rows, f.H-first), f.W)
		g.gradient.Reshape(g.band.C, g.band.H, g.band.W)
		g.gradient.Zero()
		p.AddProduct(&g.gradient, m, &g.band, bias)
		p.AddWeighed(grad, &g.gradient, first, g.square, y, x)
	}
}

// difference returns the sums of T² D² and T² |D| for a part f of a layer, where
// D is how it differs from the target.
func (g *Guide) difference(p *kernel.Pool, f, target *kernel.Tensor, y, x int) (squares, absolutes float64) {
	if g == nil {
		return p.Difference(f, target, y, x)
	}
	return p.WeighedDifference(f, target, g.square, y, x)
}

// addDifference adds T² (slope D + sign sgn(D)) to grad.
func (g *Guide) addDifference(p *kernel.Pool, grad, f, target *kernel.Tensor, y, x int, slope, sign float32) {
	if g == nil {
		p.AddDifference(grad, f, target, y, x, slope, sign)
		return
	}
	p.AddWeighedDifference(grad, f, target, g.square, y, x, slope, sign)
}
