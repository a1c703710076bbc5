package cost

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

func newGuide(t *testing.T, h, w int, values []float32) *Guide {
	t.Helper()
	g, ok := NewGuide(h, w, values)
	if !ok {
		t.Fatal("the guide points nowhere")
	}
	return g
}

// repeated returns f in one row, with every position repeated as often as it counts.
func repeated(f feature, counts []int) feature {
	var at []int
	for n, count := range counts {
		for range count {
			at = append(at, n)
		}
	}
	r := feature{f.c, 1, len(at), make([]float32, f.c*len(at))}
	for c := range f.c {
		for i, n := range at {
			r.data[c*len(at)+i] = f.data[c*len(counts)+n]
		}
	}
	return r
}

// TestGuided checks that a weight of k equals k copies of the position.
func TestGuided(t *testing.T) {
	t.Run("one band", func(t *testing.T) { testGuided(t, 32, 13, 17) })
	t.Run("two bands", func(t *testing.T) { testGuided(t, 40, 165, 160) })
}

func testGuided(t *testing.T, c, h, w int) {
	target, f := newFeature(1, c, h, w), newFeature(2, c, h, w)
	r := rand.New(rand.NewPCG(3, 0))
	counts, values := make([]int, h*w), make([]float32, h*w)
	for i := range counts {
		counts[i] = max(0, r.IntN(5)-1)
		values[i] = 0.1 * float32(math.Sqrt(float64(counts[i])))
	}
	copies := repeated(f, counts)
	for _, k := range kinds {
		if strings.HasSuffix(k.name, "content") {
			continue // they compare positions
		}
		t.Run(k.name, func(t *testing.T) {
			p := newPool(t, 2)
			guide := newGuide(t, h, w, values)
			want, wantEach := gradient(p, k.cost(p, target, Options{}), copies, 300)
			cost := k.cost(p, target, Options{Guide: guide})
			got, gotEach := gradient(p, cost, f, 300)
			near(t, "cost", got, want, 1e-4)
			var squares, errors float64
			at := 0
			for n, count := range counts {
				for ch := range c {
					var sum float64
					for i := range count {
						sum += float64(wantEach[ch*copies.w+at+i])
					}
					d := sum - float64(gotEach[ch*h*w+n])
					squares, errors = squares+sum*sum, errors+d*d
				}
				at += count
			}
			if off := math.Sqrt(errors / squares); !(off < 2e-3) {
				t.Errorf("the gradient is off by %.2g", off)
			}

			eachPart(p, f.tensor(), func(y, x int, part *kernel.Tensor) { cost.Observe(p, 0, part, y, x) })
			near(t, "cost in parts", cost.Evaluate(p, 300), want, 1e-4)
		})
	}
}

// TestGuidedContent compares content costs with their definitions in float64, and
// checks the slope of each along its own gradient.
func TestGuidedContent(t *testing.T) {
	const c, h, w, scale, weight = 40, 13, 21, 0.7, 300
	target, f := newFeature(1, c, h, w), newFeature(2, c, h, w)
	values, mean := make([]float32, h*w), 0.0
	for i := range values {
		values[i] = float32(i % 4)
		mean += float64(values[i]*values[i]) / (h * w)
	}
	squares := func(f *mat.Dense) (sum float64) {
		for i, v := range f.RawMatrix().Data {
			d := scale * (v - float64(target.data[i]))
			t2 := float64(values[i%(h*w)]*values[i%(h*w)]) / mean
			sum += t2 * d * d
		}
		return sum
	}
	contents := map[string]func(*kernel.Pool, *kernel.Tensor, Options) Cost{
		"content":        func(_ *kernel.Pool, f *kernel.Tensor, o Options) Cost { return NewContent(f, o) },
		"summed content": func(_ *kernel.Pool, f *kernel.Tensor, o Options) Cost { return NewSummedContent(f, o) },
		"root content":   func(p *kernel.Pool, f *kernel.Tensor, o Options) Cost { return NewRootContent(p, f, o) },
	}
	for name, reference := range map[string]reference{
		"content": func(f *mat.Dense) float64 {
			return squares(f) / (4 * c * h * w)
		},
		"summed content": func(f *mat.Dense) float64 {
			return squares(f) / 2
		},
		"root content": func(f *mat.Dense) float64 {
			return math.Sqrt(squares(f) / (c * h * w))
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPool(t, 2)
			of := contents[name](p, target.tensor(), Options{Factor: scale, Guide: newGuide(t, h, w, values)})
			cost, g := gradient(p, of, f, weight)
			near(t, "cost", cost, reference(f.dense()), 1e-5)
			eachPart(p, f.tensor(), func(y, x int, part *kernel.Tensor) { of.Observe(p, 0, part, y, x) })
			near(t, "cost in parts", of.Evaluate(p, weight), cost, 1e-12)

			var slope, length float64
			for _, v := range g {
				slope += float64(v) * float64(v) / weight
				length = max(length, math.Abs(float64(v)))
			}
			plus, minus, step := f.dense(), f.dense(), 1e-4/length
			for i, v := range g {
				plus.RawMatrix().Data[i] += step * float64(v)
				minus.RawMatrix().Data[i] -= step * float64(v)
			}
			near(t, "slope", slope, (reference(plus)-reference(minus))/(2*step), 2e-3)

			whole := f.tensor()
			eachPart(p, whole, func(y, x int, part *kernel.Tensor) {
				grad := kernel.NewTensor(c, part.H, part.W)
				of.AddGradient(p, 0, grad, part, y, x)
				whole := kernel.NewTensor(c, h, w)
				p.AddAt(whole, grad, y, x)
				for i, v := range whole.CHW() {
					if row, col := i/w%h, i%w; row < y || row >= y+part.H || col < x || col >= x+part.W {
						continue
					}
					// The gradient in g was added to 1.
					if math.Abs(float64(v-g[i])) > 1e-6*(1+length) {
						t.Fatalf("gradient %d of a part: got %g, want %g", i, v, g[i])
					}
				}
			})
		})
	}
}

func TestGuidedStatistics(t *testing.T) {
	f := newFeature(1, 3, 13, 17)
	values := make([]float32, 13*17)
	for i := range values {
		values[i] = float32(i % 4)
	}
	p, guide := newPool(t, 1), newGuide(t, 13, 17, values)
	var (
		parts     []*Statistics
		positions []float64
	)
	whole := guide.Measure(p, f.tensor(), 0, 0)
	eachPart(p, f.tensor(), func(y, x int, part *kernel.Tensor) {
		parts, positions = append(parts, guide.Measure(p, part, y, x)), append(positions, float64(part.Positions()))
	})
	blended := Blend(positions, parts...)
	for c := range 3 {
		near(t, "mean", blended.Mean[c], whole.Mean[c], 1e-5)
		near(t, "second moment", float64(blended.Second.At(0, c)), float64(whole.Second.At(0, c)), 1e-5)
	}
}

func TestGuideToNowhere(t *testing.T) {
	if g, ok := NewGuide(2, 2, make([]float32, 4)); ok {
		t.Errorf("a guide without any weight: %v", g)
	}
}
