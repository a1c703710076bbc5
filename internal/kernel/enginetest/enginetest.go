// Package enginetest holds the contract tests of [kernel.Engine]. They compare each
// operation with its definition, in plain loops over float64, at shapes that do and do
// not fill blocks of channels and tiles of positions.
package enginetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// RunAll runs the contract tests on an engine.
func RunAll(t *testing.T, e kernel.Engine) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, c *contract)
	}{
		{"FirstConv", testFirstConv},
		{"Conv", testConv},
		{"ConvPool", testConvPool},
		{"Downsample", testDownsample},
		{"Move", testMove},
		{"Statistics", testStatistics},
		{"Differences", testDifferences},
		{"Weights", testWeights},
		{"Sample", testSample},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, precision := range kernel.Precisions() {
				if e.Check(precision) != nil {
					continue
				}
				for _, s := range []shape{{1, 1, 1}, {16, 4, 8}, {24, 9, 7}, {40, 13, 18}} {
					t.Run(fmt.Sprintf("%s/%dx%dx%d", precision, s.c, s.h, s.w), func(t *testing.T) {
						test.run(t, &contract{Engine: e, Rand: rand.New(rand.NewPCG(1, 2)), shape: s, precision: precision})
					})
				}
			}
		})
	}
}

type shape struct{ c, h, w int }

func (s shape) size() int { return s.c * s.h * s.w }

// contract is an engine under test, at one shape and precision of feature maps.
type contract struct {
	kernel.Engine
	*rand.Rand
	shape
	precision kernel.Precision
}

// values returns n numbers around zero. They are small multiples of a power of two,
// which neither precision rounds.
func (c *contract) values(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(c.IntN(31)-15) / 16
	}
	return v
}

// tensor returns a tensor of the precision with the given values.
func (c *contract) tensor(s shape, values []float32) *kernel.Tensor {
	from := kernel.FromCHW(s.c, s.h, s.w, values)
	if c.precision == kernel.Float32 {
		return from
	}
	to := &kernel.Tensor{Precision: c.precision}
	c.Crop(to, from, 0, 0, s.h, s.w)
	return to
}

// empty returns a tensor of the precision with arbitrary values.
func (c *contract) empty(s shape) *kernel.Tensor {
	v := make([]float32, s.size())
	for i := range v {
		v[i] = 1e9
	}
	return c.tensor(s, v)
}

// near fails the test unless got equals want up to a share of its root mean square: the
// rounding of Winograd's transform, or of bfloat16.
func (c *contract) near(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	tolerance := 1e-4
	if c.precision == kernel.BFloat16 {
		tolerance = 2e-2
	}
	var squares float64
	for _, v := range want {
		squares += v * v
	}
	limit := tolerance * (math.Sqrt(squares/float64(len(want))) + 1e-3)
	for i, v := range want {
		if !(math.Abs(float64(got[i])-v) <= limit+tolerance*math.Abs(v)) {
			t.Fatalf("%s: value %d is %g, want %g", what, i, got[i], v)
		}
	}
}

// doubles returns values in float64.
func doubles(v []float32) []float64 {
	d := make([]float64, len(v))
	for i, x := range v {
		d[i] = float64(x)
	}
	return d
}

// convolve returns the 3x3 convolution of in, with zeros outside the map.
func convolve(out int, in shape, values, weight, bias []float32) []float64 {
	result := make([]float64, out*in.h*in.w)
	each(shape{out, in.h, in.w}, func(i, k, y, x int) {
		sum := float64(bias[k])
		under(in, y, x, func(at, tap int) {
			for ch := range in.c {
				sum += float64(values[ch*in.h*in.w+at]) * float64(weight[(k*in.c+ch)*9+tap])
			}
		})
		result[i] = sum
	})
	return result
}

// convolveBack returns the gradient with respect to the input of convolve.
func convolveBack(out int, in shape, grad, weight []float32) []float64 {
	result := make([]float64, in.size())
	each(shape{out, in.h, in.w}, func(i, k, y, x int) {
		under(in, y, x, func(at, tap int) {
			for ch := range in.c {
				result[ch*in.h*in.w+at] += float64(grad[i]) * float64(weight[(k*in.c+ch)*9+tap])
			}
		})
	})
	return result
}

// each calls do for every value of a shape.
func each(s shape, do func(i, ch, y, x int)) {
	for i := range s.size() {
		do(i, i/(s.h*s.w), i/s.w%s.h, i%s.w)
	}
}

// under calls do for the positions under a 3x3 kernel at (y, x).
func under(s shape, y, x int, do func(at, tap int)) {
	for tap := range 9 {
		if row, col := y+tap/3-1, x+tap%3-1; row >= 0 && row < s.h && col >= 0 && col < s.w {
			do(row*s.w+col, tap)
		}
	}
}

// passed returns the values of grad where the output is positive, and zeros elsewhere.
func passed(grad []float32, output []float32) []float32 {
	v := make([]float32, len(grad))
	for i, g := range grad {
		if output[i] > 0 {
			v[i] = g
		}
	}
	return v
}

// relu makes values no less than zero.
func relu(v []float64) []float64 {
	for i := range v {
		v[i] = max(v[i], 0)
	}
	return v
}

func testFirstConv(t *testing.T, c *contract) {
	in := shape{3, c.h, c.w}
	weight, bias, picture := c.values(c.c*27), c.values(c.c), c.values(in.size())
	layer := kernel.NewPixelConv(c.c, weight, bias, [3]float32{1, 1, 1}, [3]float32{}, false)
	dst, mask := c.empty(c.shape), kernel.NewMask(c.c, c.h, c.w)
	c.FirstConv(layer, dst, mask, picture)
	output := dst.CHW()
	c.near(t, "output", output, relu(convolve(c.c, in, picture, weight, bias)))

	rows := c.empty(shape{c.c, 1, c.w})
	c.FirstConvRows(layer, rows, picture, c.h, c.h-1)
	each(shape{c.c, 1, c.w}, func(i, ch, _, x int) {
		if got, want := rows.CHW()[i], output[(ch*c.h+c.h-1)*c.w+x]; got != want {
			t.Fatalf("a row by itself: value %d is %g, want %g", i, got, want)
		}
	})
	grad, back := c.values(c.size()), make([]float32, in.size())
	c.FirstConvBack(layer, back, c.tensor(c.shape, grad), mask)
	c.near(t, "gradient", back, convolveBack(c.c, in, passed(grad, output), weight))
}

func testConv(t *testing.T, c *contract) {
	const out = 20
	to := shape{out, c.h, c.w}
	weight, bias, values := c.values(out*c.c*9), c.values(out), c.values(c.size())
	layer := kernel.NewConv(c.precision, out, c.c, weight, bias)
	dst, mask := c.empty(to), kernel.NewMask(out, c.h, c.w)
	c.Conv(layer, dst, mask, c.tensor(c.shape, values))
	output := dst.CHW()
	c.near(t, "output", output, relu(convolve(out, c.shape, values, weight, bias)))
	grad, back := c.values(to.size()), c.empty(c.shape)
	c.ConvBack(layer, back, c.tensor(to, grad), mask)
	c.near(t, "gradient", back.CHW(), convolveBack(out, c.shape, passed(grad, output), weight))
}

// poolings calls test for each kind of pooling.
func (c *contract) poolings(t *testing.T, test func(t *testing.T, pooling kernel.Pooling, half shape)) {
	if c.h < 2 || c.w < 2 {
		t.Skip("nothing to halve")
	}
	for _, pooling := range []kernel.Pooling{kernel.MaxPooling, kernel.AveragePooling, kernel.RescaledAveragePooling} {
		t.Run(pooling.String(), func(t *testing.T) { test(t, pooling, shape{c.c, c.h / 2, c.w / 2}) })
	}
}

// testConvPool compares the fused operations with their two parts.
func testConvPool(t *testing.T, c *contract) {
	c.poolings(t, func(t *testing.T, pooling kernel.Pooling, half shape) {
		layer := kernel.NewConv(c.precision, c.c, c.c, c.values(c.c*c.c*9), c.values(c.c))
		src, grad := c.tensor(c.shape, c.values(c.size())), c.tensor(half, c.values(half.size()))
		type way struct{ relu, argmax *kernel.Mask }
		masks := func() way {
			return way{kernel.NewMask(c.c, c.h, c.w), kernel.NewMask(c.c, c.h, c.w)}
		}
		apart, one := masks(), masks()
		full, want, got := c.empty(c.shape), c.empty(half), c.empty(half)
		c.Conv(layer, full, apart.relu, src)
		c.Downsample(want, full, apart.argmax, pooling)
		c.ConvPool(layer, got, one.relu, src, pooling, one.argmax)
		c.near(t, "output", got.CHW(), doubles(want.CHW()))
		c.DownsampleBack(full, grad, apart.argmax, pooling)
		wantBack, gotBack := c.empty(c.shape), c.empty(c.shape)
		c.ConvBack(layer, wantBack, full, apart.relu)
		c.ConvPoolBack(layer, gotBack, grad, one.relu, pooling, one.argmax)
		c.near(t, "gradient", gotBack.CHW(), doubles(wantBack.CHW()))
	})
}

func testDownsample(t *testing.T, c *contract) {
	c.poolings(t, func(t *testing.T, pooling kernel.Pooling, half shape) {
		values, grad := c.values(c.size()), c.values(half.size())
		want, back := make([]float64, half.size()), make([]float64, c.size())
		each(half, func(i, ch, y, x int) {
			largest, sum := 0, 0.
			var at [4]int
			for k := range at {
				at[k] = (ch*c.h+2*y+k/2)*c.w + 2*x + k%2
				sum += float64(values[at[k]])
				if values[at[k]] > values[at[largest]] {
					largest = k
				}
			}
			switch pooling {
			case kernel.MaxPooling:
				want[i] = float64(values[at[largest]])
				back[at[largest]] = float64(grad[i])
			default:
				share := 0.25
				if pooling == kernel.RescaledAveragePooling {
					share = 0.5
				}
				want[i] = share * sum
				for _, j := range at {
					back[j] = share * float64(grad[i])
				}
			}
		})
		dst, mask := c.empty(half), kernel.NewMask(c.c, c.h, c.w)
		c.Downsample(dst, c.tensor(c.shape, values), mask, pooling)
		c.near(t, "output", dst.CHW(), want)
		to := c.empty(c.shape)
		c.DownsampleBack(to, c.tensor(half, grad), mask, pooling)
		c.near(t, "gradient", to.CHW(), back)
	})
}

// testMove checks Crop, CopyAt and AddAt.
func testMove(t *testing.T, c *contract) {
	const top, left = 2, 3
	whole := shape{c.c, c.h + 5, c.w + 4}
	values, more := c.values(whole.size()), c.values(c.size())
	place := func(i int) int {
		ch, y, x := i/(c.h*c.w), i/c.w%c.h, i%c.w
		return (ch*whole.h+top+y)*whole.w + left + x
	}
	part := make([]float64, c.size())
	added, placed := doubles(values), doubles(values)
	for i, v := range more {
		part[i] = float64(values[place(i)])
		added[place(i)] += float64(v)
		placed[place(i)] = float64(v)
	}
	var crop kernel.Tensor
	c.Crop(&crop, c.tensor(whole, values), top, left, c.h, c.w)
	c.near(t, "a part", crop.CHW(), part)
	dst := c.tensor(whole, values)
	c.AddAt(dst, kernel.FromCHW(c.c, c.h, c.w, more), top, left)
	c.near(t, "a sum", dst.CHW(), added)
	dst = c.tensor(whole, values)
	c.CopyAt(dst, top, left, c.tensor(c.shape, more), 0, 0, c.h, c.w)
	c.near(t, "a copy", dst.CHW(), placed)
}

// testStatistics checks sums over the positions of a map, and of rows of it.
func testStatistics(t *testing.T, c *contract) {
	whole := shape{c.c, c.h + 3, c.w}
	all := c.values(whole.size())
	f := kernel.FromCHW(whole.c, whole.h, whole.w, all).Rows(1, c.h)
	values := make([]float32, c.size())
	each(c.shape, func(i, ch, y, x int) { values[i] = all[(ch*whole.h+1+y)*whole.w+x] })
	n := c.h * c.w
	gram, sums, squares := make([]float64, c.c*c.c), make([]float64, c.c), 0.
	for i := range gram {
		for p := range n {
			gram[i] += float64(values[i/c.c*n+p]) * float64(values[i%c.c*n+p])
		}
	}
	for i, v := range values {
		sums[i/n] += float64(v)
		squares += float64(v) * float64(v)
	}
	m, got := kernel.NewMatrix(c.c, c.c), make([]float64, c.c)
	c.Gram(m, f)
	c.near(t, "Gram", m.RowMajor(), gram)
	c.Sums(got, f)
	for ch := range got {
		if math.Abs(got[ch]-sums[ch]) > 1e-5 {
			t.Errorf("Sums: channel %d is %g, want %g", ch, got[ch], sums[ch])
		}
	}
	if got := c.SumSquares(f); math.Abs(got-squares) > 1e-6*squares {
		t.Errorf("SumSquares: %g, want %g", got, squares)
	}
	bias, grad := c.values(c.c), c.values(c.size())
	want := doubles(grad)
	each(c.shape, func(i, ch, _, _ int) {
		want[i] += float64(bias[ch])
		for k := range c.c {
			want[i] += float64(m.At(ch, k)) * float64(values[k*n+i%n])
		}
	})
	to := kernel.FromCHW(c.c, c.h, c.w, grad)
	c.AddProduct(to, m, kernel.FromCHW(c.c, c.h, c.w, values), bias)
	c.near(t, "AddProduct", to.CHW(), want)
}

// weights returns weights for a map that is larger than the shape, and nil.
func (c *contract) weights() (h, w int, all []*kernel.Weights) {
	h, w = c.h+2, c.w+1
	by := &kernel.Weights{H: h, W: w, Values: make([]float32, h*w)}
	for i := range by.Values {
		by.Values[i] = float32(c.IntN(5)) / 2
	}
	return h, w, []*kernel.Weights{nil, by}
}

func testDifferences(t *testing.T, c *contract) {
	const y, x = 2, 1
	h, w, weights := c.weights()
	values, target, grad := c.values(c.size()), c.values(c.c*h*w), c.values(c.size())
	for _, by := range weights {
		sum, want := 0., doubles(grad)
		each(c.shape, func(i, ch, row, col int) {
			at, weight := (y+row)*w+x+col, 1.
			if by != nil {
				weight = float64(by.Values[at])
			}
			d := float64(values[i]) - float64(target[ch*h*w+at])
			sum += weight * d * d
			want[i] += weight * 3 * d
		})
		f, g := kernel.FromCHW(c.c, c.h, c.w, values), kernel.FromCHW(c.c, h, w, target)
		if got := c.SquaredDifference(f, g, by, y, x); math.Abs(got-sum) > 1e-6*sum {
			t.Errorf("SquaredDifference: %g, want %g", got, sum)
		}
		dst := kernel.FromCHW(c.c, c.h, c.w, grad)
		c.AddDifference(dst, f, g, by, y, x, 3)
		c.near(t, "AddDifference", dst.CHW(), want)
	}
}

func testWeights(t *testing.T, c *contract) {
	const y, x = 1, 1
	_, w, weights := c.weights()
	by, values := weights[1], c.values(c.size())
	weighted, sum := make([]float64, c.size()), doubles(values)
	each(c.shape, func(i, _, row, col int) {
		weight := float64(by.Values[(y+row)*w+x+col])
		weighted[i] = weight * float64(values[i])
		sum[i] += weight * weighted[i]
	})
	f := kernel.FromCHW(c.c, c.h, c.w, values)
	var rows kernel.Tensor
	c.ApplyWeights(&rows, f, 0, c.h, by, y, x)
	c.near(t, "ApplyWeights", rows.CHW(), weighted)
	c.AddWeighted(f, &rows, 0, by, y, x)
	c.near(t, "AddWeighted", f.CHW(), sum)
}

func testSample(t *testing.T, c *contract) {
	const points, column = 7, 16
	values, rows := c.values(c.size()), c.values(points*(column+c.c))
	at := make([]kernel.Corners, points)
	want, back := doubles(rows), make([]float64, c.size())
	for i := range at {
		for k := range at[i] {
			y, x, weight := c.IntN(c.h), c.IntN(c.w), float32(c.IntN(4))/4
			at[i][k].Y, at[i][k].X, at[i][k].Weight = int32(y), int32(x), weight
			for ch := range c.c {
				place := (ch*c.h+y)*c.w + x
				want[i*(column+c.c)+column+ch] += float64(weight) * float64(values[place])
				back[place] += float64(weight) * float64(rows[i*(column+c.c)+column+ch])
			}
		}
	}
	m := kernel.FromRows(points, column+c.c, rows)
	grad := kernel.FromCHW(c.c, c.h, c.w, make([]float32, c.size()))
	c.SampleBack(grad, m, column, at, 0, 0)
	c.near(t, "SampleBack", grad.CHW(), back)
	c.Sample(m, column, kernel.FromCHW(c.c, c.h, c.w, values), at, 0, 0)
	c.near(t, "Sample", m.RowMajor(), want)
}
