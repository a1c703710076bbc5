package cost

import (
	"math"
	"sync"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// A Guide says where on a layer a cost applies, and how strongly. It is the guidance
// channel T of Gatys, Bethge, Hertzmann and Shechtman 2017 (arXiv 1611.07865),
// normalized so that the mean of T² is 1. With N positions,
//
//	mu = 1/N sum T² F        Gram = (T∘F)(T∘F)ᵀ
//
// are averages over the guided part of the layer. Costs that are sums over positions
// are weighted by T². A nil Guide weights all positions alike.
type Guide struct {
	root, square *kernel.Weights // T and T²
}

// bandElements is how many elements of a layer are multiplied by weights at a time:
// few, to save memory, but enough for a few threads.
const bandElements = 1 << 20

// band is a band of weighted rows of a layer and their gradient.
type band struct{ rows, gradient kernel.Tensor }

// bands holds unused bands, so that all guides share them.
var bands = sync.Pool{New: func() any { return new(band) }}

// bandRows returns the number of rows in a band of a layer with w columns and c
// channels.
func bandRows(c, w int) int { return max(1, bandElements/(c*w)) }

// BandBytes returns the memory of a band of rows of a layer of c x h x w and its
// gradient. The guides of all costs share one such band.
func BandBytes(c, h, w int) int64 {
	return 2 * kernel.TensorBytes(kernel.Float32, c, min(h, bandRows(c, w)), w)
}

// NewGuide returns the guide with T proportional to h x w values, which must not be
// negative. ok is false where none is positive: no position has a weight then, and no
// cost is defined.
func NewGuide(h, w int, values []float32) (g *Guide, ok bool) {
	var squares float64
	for _, v := range values {
		squares += float64(v) * float64(v)
	}
	if squares == 0 {
		return nil, false
	}
	g = &Guide{
		root:   &kernel.Weights{H: h, W: w, Values: make([]float32, len(values))},
		square: &kernel.Weights{H: h, W: w, Values: make([]float32, len(values))},
	}
	scale := math.Sqrt(float64(len(values)) / squares)
	for i, v := range values {
		t := scale * float64(v)
		g.root.Values[i], g.square.Values[i] = float32(t), float32(t*t)
	}
	return g, true
}

// Measure returns the statistics of a part f of a layer, whose first position is in row
// y and column x of the whole. The statistics of the whole are the [Blend] of those of
// its parts, weighted by their numbers of positions.
func (g *Guide) Measure(e kernel.Engine, f *kernel.Tensor, y, x int) *Statistics {
	s := newAccumulator(f.C, g)
	s.gram(e, f, y, x)
	s.sums(e, f, y, x)
	s.finish(1)
	return &s.Statistics
}

// weighted multiplies a part f of a layer by T or by T², in bands of rows, and calls do
// for each band.
func (g *Guide) weighted(e kernel.Engine, f *kernel.Tensor, by *kernel.Weights, y, x int, do func(band *kernel.Tensor)) {
	b, _ := bands.Get().(*band)
	defer bands.Put(b)
	rows := bandRows(f.C, f.W)
	for first := 0; first < f.H; first += rows {
		e.ApplyWeights(&b.rows, f, first, min(rows, f.H-first), by, y, x)
		do(&b.rows)
	}
}

// addProduct adds T²∘(m f + bias) to grad, C x N. Without a guide the gradient of a cost
// of the statistics is m f + bias; the guide weights each of its positions by T².
func (g *Guide) addProduct(e kernel.Engine, grad *kernel.Tensor, m *kernel.Matrix, f *kernel.Tensor, bias []float32, y, x int) {
	if g == nil {
		e.AddProduct(grad, m, f, bias)
		return
	}
	b, _ := bands.Get().(*band)
	defer bands.Put(b)
	rows := bandRows(f.C, f.W)
	for first := 0; first < f.H; first += rows {
		e.Crop(&b.rows, f, first, 0, min(rows, f.H-first), f.W)
		b.gradient.Reshape(b.rows.C, b.rows.H, b.rows.W)
		b.gradient.Zero()
		e.AddProduct(&b.gradient, m, &b.rows, bias)
		e.AddWeighted(grad, &b.gradient, first, g.square, y, x)
	}
}

// weights returns T², or nil for a nil guide.
func (g *Guide) weights() *kernel.Weights {
	if g == nil {
		return nil
	}
	return g.square
}
