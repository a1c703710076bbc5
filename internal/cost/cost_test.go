package cost

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/loss"
)

func newPool(t testing.TB, threads int) *kernel.Pool {
	t.Helper()
	pool, err := kernel.NewPool(threads)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// A feature is an activation like a network's: not negative, half of it zero, with
// correlated channels. Its values are C x H x W.
type feature struct {
	c, h, w int
	data    []float32
}

func newFeature(seed uint64, c, h, w int) feature {
	r := rand.New(rand.NewPCG(seed, 0))
	f := feature{c, h, w, make([]float32, c*h*w)}
	mix := make([]float64, c*c)
	for i := range mix {
		// The directions of the mixture have variances that decay.
		mix[i] = r.NormFloat64() / math.Pow(1+float64(i%c), 0.8)
	}
	source := make([]float64, c)
	for n := range h * w {
		for i := range source {
			source[i] = r.NormFloat64()
		}
		for i := range c {
			var v float64
			for j, s := range source {
				v += mix[i*c+j] * s
			}
			f.data[i*h*w+n] = float32(max(v, 0))
		}
	}
	return f
}

func (f feature) tensor() *kernel.Tensor { return kernel.FromCHW(f.c, f.h, f.w, f.data) }

// dense returns f as a matrix of C x N.
func (f feature) dense() *mat.Dense {
	m := mat.NewDense(f.c, f.h*f.w, nil)
	for i, v := range f.data {
		m.Set(i/(f.h*f.w), i%(f.h*f.w), float64(v))
	}
	return m
}

// A reference computes a cost in float64.
type reference func(f *mat.Dense) float64

func contentReference(target feature, scale float64) reference {
	return func(f *mat.Dense) float64 {
		var d mat.Dense
		d.Sub(f, target.dense())
		d.Scale(scale, &d)
		n, _ := f.Dims()
		_, m := f.Dims()
		return sumOf(&d, func(v float64) float64 { return v * v }) / (4 * float64(n*m))
	}
}

func summedContentReference(target feature, scale float64) reference {
	return func(f *mat.Dense) float64 {
		var d mat.Dense
		d.Sub(f, target.dense())
		d.Scale(scale, &d)
		return sumOf(&d, func(v float64) float64 { return v * v }) / 2
	}
}

func rootContentReference(target feature, scale float64) reference {
	mean := contentReference(target, scale)
	return func(f *mat.Dense) float64 { return math.Sqrt(4 * mean(f)) }
}

func sumOf(m *mat.Dense, f func(float64) float64) (sum float64) {
	for _, v := range m.RawMatrix().Data {
		sum += f(v)
	}
	return sum
}

// momentsOf returns the means and the second moments of scale times f.
func momentsOf(f *mat.Dense, scale float64) (mean []float64, second *mat.Dense) {
	c, n := f.Dims()
	second = new(mat.Dense)
	second.Mul(f, f.T())
	second.Scale(scale*scale/float64(n), second)
	for i := range c {
		mean = append(mean, scale*mat.Sum(f.RowView(i))/float64(n))
	}
	return mean, second
}

func covarianceOf(f *mat.Dense, scale float64) (mean []float64, covariance *mat.Dense) {
	mean, covariance = momentsOf(f, scale)
	mu := mat.NewVecDense(len(mean), mean)
	var outer mat.Dense
	outer.Outer(-1, mu, mu)
	covariance.Add(covariance, &outer)
	return mean, covariance
}

func distance(a, b []float64) (sum float64) {
	for i, v := range a {
		sum += (v - b[i]) * (v - b[i])
	}
	return sum
}

func gramReference(style feature, scale float64) reference {
	_, target := momentsOf(style.dense(), scale)
	return func(f *mat.Dense) float64 {
		_, second := momentsOf(f, scale)
		return distance(second.RawMatrix().Data, target.RawMatrix().Data) / float64(4*style.c*style.c)
	}
}

// wassersteinReference is the definition, with matrix roots from eigendecompositions.
func wassersteinReference(style feature, scale float64) reference {
	mu, target := covarianceOf(style.dense(), scale)
	epsilon := 1e-4 * target.Trace() / float64(style.c)
	root := symmetric(target, 0, squareRoot)
	return func(f *mat.Dense) float64 {
		mean, covariance := covarianceOf(f, scale)
		raised := symmetric(covariance, epsilon, func(v float64) float64 { return v })
		var a mat.Dense
		a.Mul(root, raised)
		a.Mul(&a, root)
		overlap := symmetric(&a, 0, squareRoot)
		c := float64(style.c)
		return (distance(mean, mu) + covariance.Trace() + c*epsilon + target.Trace() - 2*overlap.Trace()) / c
	}
}

// squareRoot treats values that rounding made negative as zero.
func squareRoot(v float64) float64 { return math.Sqrt(max(v, 0)) }

// symmetric returns f of the matrix m + epsilon I.
func symmetric(m *mat.Dense, epsilon float64, f func(float64) float64) *mat.Dense {
	n, _ := m.Dims()
	s := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i + 1 {
			s.SetSym(i, j, (m.At(i, j)+m.At(j, i))/2)
		}
		s.SetSym(i, i, m.At(i, i)+epsilon)
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(s, true) {
		panic("no eigenvalues")
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	d := mat.NewDiagDense(n, nil)
	for i, v := range eigen.Values(nil) {
		d.SetDiag(i, f(v))
	}
	var out mat.Dense
	out.Product(&vectors, d, vectors.T())
	return &out
}

type kind struct {
	name      string
	cost      func(p *kernel.Pool, target feature, opts Options) Cost
	reference func(target feature, scale float64) reference
}

var kinds = []kind{
	{"content", func(_ *kernel.Pool, target feature, opts Options) Cost {
		return NewContent(target.tensor(), opts)
	}, contentReference},
	{"summed content", func(_ *kernel.Pool, target feature, opts Options) Cost {
		return NewSummedContent(target.tensor(), opts)
	}, summedContentReference},
	{"root content", func(p *kernel.Pool, target feature, opts Options) Cost {
		return NewRootContent(p, target.tensor(), opts)
	}, rootContentReference},
	{"gram", func(p *kernel.Pool, target feature, opts Options) Cost {
		return NewGram(Measure(p, target.tensor()), opts)
	}, gramReference},
	{"wasserstein", func(p *kernel.Pool, target feature, opts Options) Cost {
		return NewWasserstein(p, Measure(p, target.tensor()), opts)
	}, wassersteinReference},
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*math.Abs(want)) {
		t.Errorf("%s: got %.9g, want %.9g: off by %.2g, want %.2g at most",
			what, got, want, math.Abs(got-want)/math.Abs(want), tolerance)
	}
}

// evaluate returns the cost of a whole activation.
func evaluate(p *kernel.Pool, cost Cost, f *kernel.Tensor, weight float64) float64 {
	cost.Observe(p, 0, f, 0, 0)
	return cost.Evaluate(p, weight)
}

// eachPart divides an activation into four parts of different sizes.
func eachPart(p *kernel.Pool, whole *kernel.Tensor, do func(y, x int, part *kernel.Tensor)) {
	const top, left = 5, 8 // sizes of the parts that come first
	for _, y := range []int{0, top} {
		for _, x := range []int{0, left} {
			h, w := whole.H-top, whole.W-left
			if y == 0 {
				h = top
			}
			if x == 0 {
				w = left
			}
			part := new(kernel.Tensor)
			p.Crop(part, whole, y, x, h, w)
			do(y, x, part)
		}
	}
}

// TestParts compares a cost of an activation in parts with that of the whole, twice, so
// that nothing remains of the first observation.
func TestParts(t *testing.T) {
	const c, h, w = 48, 13, 21
	target, f := newFeature(1, c, h, w), newFeature(2, c, h, w)
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			p := newPool(t, 2)
			cost, whole := k.cost(p, target, Options{}), f.tensor()
			want, wantGradient := evaluate(p, cost, whole, 1), kernel.NewTensor(c, h, w)
			cost.AddGradient(p, 0, wantGradient, whole, 0, 0)
			for range 2 {
				eachPart(p, whole, func(y, x int, part *kernel.Tensor) { cost.Observe(p, 0, part, y, x) })
				near(t, "cost", cost.Evaluate(p, 1), want, 1e-5)
			}
			got := kernel.NewTensor(c, h, w)
			eachPart(p, whole, func(y, x int, part *kernel.Tensor) {
				grad := kernel.NewTensor(c, part.H, part.W)
				cost.AddGradient(p, 0, grad, part, y, x)
				p.AddAt(got, grad, y, x)
			})
			var squares, errors float64
			reference := wantGradient.CHW()
			for i, v := range got.CHW() {
				r := float64(reference[i])
				squares += r * r
				errors += (float64(v) - r) * (float64(v) - r)
			}
			if off := math.Sqrt(errors / squares); !(off < 1e-4) {
				t.Errorf("the gradient is off by %.2g", off)
			}
		})
	}
}

// TestCosts compares every cost with its definition in float64, for channels and sides
// that do and do not fill blocks.
func TestCosts(t *testing.T) {
	shapes := []struct{ c, h, w int }{{5, 3, 4}, {32, 16, 16}, {48, 13, 21}, {128, 24, 23}}
	for _, k := range kinds {
		for _, s := range shapes {
			for _, scale := range []float64{0, 0.25} {
				t.Run(fmt.Sprintf("%s/%dx%dx%d/scale=%g", k.name, s.c, s.h, s.w, scale), func(t *testing.T) {
					p := newPool(t, 2)
					target, f := newFeature(1, s.c, s.h, s.w), newFeature(2, s.c, s.h, s.w)
					cost := k.cost(p, target, Options{Factor: scale})
					factor := scale
					if scale == 0 {
						factor = 1
					}
					want := k.reference(target, factor)(f.dense())
					near(t, "cost", evaluate(p, cost, f.tensor(), 1), want, 1e-5)
				})
			}
		}
	}
}

// gradient returns a cost, and a gradient of ones plus weight times the gradient of the
// cost.
func gradient(p *kernel.Pool, of Cost, f feature, weight float64) (cost float64, added []float32) {
	x, grad := f.tensor(), newFeature(1, f.c, f.h, f.w)
	for i := range grad.data {
		grad.data[i] = 1
	}
	to := grad.tensor()
	cost = evaluate(p, of, x, weight)
	of.AddGradient(p, 0, to, x, 0, 0)
	added = to.CHW()
	for i := range added {
		added[i]--
	}
	return cost, added
}

// TestGradients compares the slope of each cost along a direction, from its gradient,
// with the difference quotient of the definition in float64. The gradient is that of
// the float32 activation. The error of the quotient is of the order of step², 1e-6
// here, plus 1e-16/step from rounding. Gradients in float32, added to another gradient,
// are accurate to about 1e-6 of their largest elements.
func TestGradients(t *testing.T) {
	const (
		step   = 1e-3
		weight = 300
	)
	shapes := []struct{ c, h, w int }{{5, 3, 4}, {32, 16, 16}, {48, 13, 21}}
	for _, k := range kinds {
		for _, s := range shapes {
			t.Run(fmt.Sprintf("%s/%dx%dx%d", k.name, s.c, s.h, s.w), func(t *testing.T) {
				p := newPool(t, 2)
				target, f := newFeature(1, s.c, s.h, s.w), newFeature(2, s.c, s.h, s.w)
				const scale = 0.7
				_, g := gradient(p, k.cost(p, target, Options{Factor: scale}), f, weight)
				reference := k.reference(target, scale)
				// Along the gradient nothing cancels; along other directions, an error
				// would hardly show.
				for name, direction := range map[string][]float32{
					"gradient": g, "random": newFeature(3, s.c, s.h, s.w).data,
				} {
					var slope, length float64
					for i, d := range direction {
						slope += float64(g[i]) / weight * float64(d)
						length = max(length, math.Abs(float64(d)))
					}
					plus, minus := f.dense(), f.dense()
					h := step / length
					for i, d := range direction {
						plus.RawMatrix().Data[i] += h * float64(d)
						minus.RawMatrix().Data[i] -= h * float64(d)
					}
					near(t, "slope along "+name, slope, (reference(plus)-reference(minus))/(2*h), 2e-3)
				}
			})
		}
	}
}

// TestThreads requires the same bits for any number of threads.
func TestThreads(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			target, f := newFeature(1, 80, 40, 41), newFeature(2, 80, 40, 41)
			run := func(threads int) (float64, []float32) {
				p := newPool(t, threads)
				return gradient(p, k.cost(p, target, Options{}), f, 2)
			}
			cost, g := run(1)
			for _, threads := range []int{2, 3} {
				c, h := run(threads)
				if c != cost || !slices.Equal(h, g) {
					t.Errorf("%d threads: cost %v instead of %v, or another gradient", threads, c, cost)
				}
			}
		})
	}
}

// TestSameActivation requires the costs of a target against itself to be minimal: zero,
// up to the rounding of roots.
func TestSameActivation(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			p := newPool(t, 2)
			f := newFeature(1, 48, 13, 21)
			same, _ := gradient(p, k.cost(p, f, Options{}), f, 1)
			other, _ := gradient(p, k.cost(p, f, Options{}), newFeature(2, 48, 13, 21), 1)
			if !(math.Abs(same) < 1e-4*other) {
				t.Errorf("cost of the same activation %g, of another %g", same, other)
			}
		})
	}
}

// TestDead tests targets and activations that are zero.
func TestDead(t *testing.T) {
	dead, alive := feature{32, 4, 4, make([]float32, 512)}, newFeature(1, 32, 4, 4)
	for _, k := range kinds {
		for name, pair := range map[string][2]feature{
			"target": {dead, alive}, "activation": {alive, dead}, "both": {dead, dead},
		} {
			t.Run(k.name+"/"+name, func(t *testing.T) {
				p := newPool(t, 1)
				cost, g := gradient(p, k.cost(p, pair[0], Options{}), pair[1], 1)
				for _, v := range g {
					cost += 0 * float64(v)
				}
				if math.IsNaN(cost) || math.IsInf(cost, 0) {
					t.Errorf("cost or gradient %g", cost)
				}
			})
		}
	}
}

// TestNotANumber requires that a NaN among the activations makes the cost NaN.
func TestNotANumber(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			p := newPool(t, 1)
			f := newFeature(2, 32, 4, 4)
			of := k.cost(p, newFeature(1, 32, 4, 4), Options{})
			f.data[100] = float32(math.NaN())
			if cost := evaluate(p, of, f.tensor(), 1); !math.IsNaN(cost) {
				t.Errorf("cost %g", cost)
			}
		})
	}
}

// TestCourse compares the costs of the course with those of package loss.
func TestCourse(t *testing.T) {
	p := newPool(t, 1)
	s, g := newFeature(1, 7, 5, 6), newFeature(2, 7, 5, 6)
	activation := func(f feature) *loss.Activation {
		return &loss.Activation{Channels: f.c, Height: f.h, Width: f.w, Values: f.data}
	}
	content := evaluate(p, NewContent(s.tensor(), Options{}), g.tensor(), 1)
	near(t, "content cost", content, loss.ContentCost(activation(s), activation(g)), 1e-6)
	for i, v := range Measure(p, s.tensor()).Second.RowMajor() {
		near(t, "Gram matrix over N", float64(v), loss.GramMatrix(activation(s))[i/7][i%7]/30, 1e-6)
	}
	style := evaluate(p, NewGram(Measure(p, s.tensor()), Options{}), g.tensor(), 1)
	near(t, "layer style cost", style, loss.LayerStyleCost(activation(s), activation(g)), 1e-5)
}

// TestRootContent requires a gradient of constant length that enlarges no difference,
// and a zero gradient where the difference is rounding.
func TestRootContent(t *testing.T) {
	const weight = 3
	p := newPool(t, 1)
	target := newFeature(1, 40, 6, 7)
	root := NewRootContent(p, target.tensor(), Options{})
	for _, size := range []float32{1e-3, 1, 1e3} {
		f := newFeature(2, 40, 6, 7)
		for i := range f.data {
			f.data[i] = target.data[i] + size*(f.data[i]-target.data[i])
		}
		_, g := gradient(p, root, f, weight)
		var squares float64
		for i, v := range g {
			squares += float64(v) * float64(v)
			if d := f.data[i] - target.data[i]; v*d < 0 {
				t.Fatalf("differences of %g: the gradient of %g is %g", size, d, v)
			}
		}
		near(t, "length", math.Sqrt(squares), weight/math.Sqrt(40*6*7), 1e-4)
	}
	rounded := newFeature(1, 40, 6, 7)
	for i := range rounded.data {
		rounded.data[i] *= 1 + 1e-6*float32(i%3-1)
	}
	for name, f := range map[string]feature{"no difference": target, "rounding": rounded} {
		cost, g := gradient(p, root, f, weight)
		for _, v := range g {
			if !(cost < 1e-5) || v != 0 {
				t.Fatalf("%s costs %g, with a gradient of %g", name, cost, v)
			}
		}
	}
}

// TestSizes compares a style with a painting of another size: the same texture, twice
// as large in each direction, costs nothing.
func TestSizes(t *testing.T) {
	p := newPool(t, 1)
	f := newFeature(1, 40, 6, 7)
	large := feature{f.c, 2 * f.h, 2 * f.w, make([]float32, 4*len(f.data))}
	for i := range large.data {
		y, x := i/large.w%large.h, i%large.w
		large.data[i] = f.data[(i/(large.h*large.w)*f.h+y/2)*f.w+x/2]
	}
	for _, k := range kinds {
		if strings.HasSuffix(k.name, "content") {
			continue // they compare positions
		}
		other, _ := gradient(p, k.cost(p, f, Options{}), newFeature(2, 40, 6, 7), 1)
		if cost, _ := gradient(p, k.cost(p, f, Options{}), large, 1); !(math.Abs(cost) < 1e-3*other) {
			t.Errorf("%s: cost %g, of another texture %g", k.name, cost, other)
		}
	}
}

func TestBlend(t *testing.T) {
	p := newPool(t, 1)
	a, b := newFeature(1, 33, 4, 6), newFeature(2, 33, 4, 6)
	both := feature{33, 4, 12, nil}
	for i := range a.data {
		if i%6 == 0 {
			both.data = append(append(both.data, a.data[i:i+6]...), b.data[i:i+6]...)
		}
	}
	got, want := Blend([]float64{3, 3}, Measure(p, a.tensor()), Measure(p, b.tensor())), Measure(p, both.tensor())
	near(t, "mean activation", got.MeanActivation(), want.MeanActivation(), 1e-6)
	var sum float64
	for _, v := range both.data {
		sum += float64(v)
	}
	near(t, "mean activation", got.MeanActivation(), sum/float64(len(both.data)), 1e-6)
	near(t, "mean activation", (*Guide)(nil).MeanActivation(p, both.tensor()), sum/float64(len(both.data)), 1e-6)
	for i, v := range got.Second.RowMajor() {
		near(t, "second moment", float64(v), float64(want.Second.RowMajor()[i]), 1e-5)
	}
}
