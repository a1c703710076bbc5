package cost

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// BenchmarkCost evaluates a cost and adds its gradient, at the layers of VGG-19 and of
// the built-in network for a picture of 512 x 512.
func BenchmarkCost(b *testing.B) {
	shapes := []struct{ c, side int }{{32, 512}, {64, 512}, {64, 256}, {128, 256}, {128, 128}, {256, 128}, {256, 64}, {512, 64}, {512, 32}, {256, 16}}
	for _, k := range kinds {
		for _, s := range shapes {
			b.Run(fmt.Sprintf("%s/%dx%d", k.name, s.c, s.side), func(b *testing.B) {
				p := newPool(b, 2)
				// Repeat a small activation, which has the texture of a network's.
				small := newFeature(2, s.c, 16, 16)
				f := feature{s.c, s.side, s.side, make([]float32, s.c*s.side*s.side)}
				for i := range f.data {
					c, n := i/(s.side*s.side), i%(s.side*s.side)
					f.data[i] = small.data[c*256+n%251]
				}
				x := f.tensor()
				grad := kernel.NewTensor(s.c, s.side, s.side)
				target := newFeature(1, s.c, 16, 16)
				if strings.HasSuffix(k.name, "content") {
					target = f
				}
				cost := k.cost(p, target, Options{})
				b.ReportAllocs()
				for b.Loop() {
					evaluate(p, cost, x, 1e-3)
					cost.AddGradient(p, 0, grad, x, 0, 0)
				}
			})
		}
	}
}

func BenchmarkTotalVariation(b *testing.B) {
	const side = 512
	p := newPool(b, 2)
	x, g := make([]float32, 3*side*side), make([]float32, 3*side*side)
	for i := range x {
		x[i] = float32(i * 7919 % 256)
	}
	b.ReportAllocs()
	for b.Loop() {
		TotalVariation(p, g, x, side, side, 1)
	}
}

// BenchmarkTransport measures the part of the Wasserstein cost that does not depend on
// the number of positions.
func BenchmarkTransport(b *testing.B) {
	for _, c := range []int{32, 64, 128, 256, 512} {
		b.Run(fmt.Sprint(c), func(b *testing.B) {
			p := newPool(b, 2)
			w := NewWasserstein(p, Measure(p, newFeature(1, c, 16, 48).tensor()), Options{})
			evaluate(p, w, newFeature(2, c, 16, 48).tensor(), 1)
			for b.Loop() {
				w.transport.computeMap(p, w.gradient.matrix, 1, w.current.Second, w.epsilon)
			}
		})
	}
}

// BenchmarkNearest measures the search in the first phase of neural neighbour style
// transfer, for a picture and a style of 512 x 512 with hypercolumns of 960 channels at
// a quarter of the size: centering and products.
func BenchmarkNearest(b *testing.B) {
	const rows, channels = 128 * 128, 960
	p := newPool(b, 0)
	noise := func(seed uint32) *kernel.Matrix {
		data := make([]float32, rows*channels)
		for i, v := range uniforms(len(data), seed) {
			data[i] = float32(v)
		}
		return kernel.FromRows(rows, channels, data)
	}
	queries, candidates := noise(1), noise(2)
	for b.Loop() {
		found(b, p, queries, candidates, 1)
	}
	b.ReportMetric(2*rows*rows*channels*float64(b.N)/1e9/b.Elapsed().Seconds(), "GFLOP/s")
}

// BenchmarkHypercolumnCost evaluates costs of hypercolumns of one layer for each block of
// VGG-19, at 1024 points of a picture of 512 x 512, and adds their gradients.
func BenchmarkHypercolumnCost(b *testing.B) {
	p := newPool(b, 2)
	var features []feature
	for i, c := range []int{64, 128, 256, 512} {
		side := 512 >> i
		features = append(features, feature{c, side, side, make([]float32, c*side*side)})
		for j := range features[i].data {
			features[i].data[j] = float32(max(0, j*7919%256-100))
		}
	}
	var tensors, gradients []*kernel.Tensor
	for _, f := range features {
		tensors, gradients = append(tensors, f.tensor()), append(gradients, kernel.NewTensor(f.c, f.h, f.w))
	}
	points := SamplePoints(1024, 1, 2)
	for _, k := range hypercolumnKinds {
		b.Run(k.name, func(b *testing.B) {
			j := k.cost(p, hypercolumnOf(points, features), points, SamplePoints(1024, 3, 4), features)
			b.ReportAllocs()
			for b.Loop() {
				for i, f := range tensors {
					j.Observe(p, i, f, 0, 0)
				}
				j.Evaluate(p, 1)
				for i, f := range tensors {
					j.AddGradient(p, i, gradients[i], f, 0, 0)
				}
			}
		})
	}
}
