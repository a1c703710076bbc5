package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// statisticsShapes has numbers of channels that do and do not fill their blocks, and
// numbers of positions with one and with several partial sums.
var statisticsShapes = []struct{ c, h, w int }{
	{16, 1, 1}, {16, 33, 35}, {32, 7, 5}, {32, 67, 45}, {40, 9, 9}, {48, 21, 34},
	{64, 1, 70}, {64, 45, 67}, {96, 13, 17}, {256, 11, 7}, {256, 19, 23},
}

func eachStatisticsShape(t *testing.T, test func(t *testing.T, c, h, w int)) {
	for _, s := range statisticsShapes {
		t.Run(fmt.Sprintf("%dx%dx%d", s.c, s.h, s.w), func(t *testing.T) { test(t, s.c, s.h, s.w) })
	}
}

// multiplyReference returns a b, row-major, for a of rows x inner and b of
// inner x cols.
func multiplyReference(rows, inner, cols int, a, b []float32) []float64 {
	dst := make([]float64, rows*cols)
	for r := range rows {
		for i := range inner {
			v := float64(a[r*inner+i])
			for c, w := range b[i*cols:][:cols] {
				dst[r*cols+c] += v * float64(w)
			}
		}
	}
	return dst
}

func transposed(rows, cols int, a []float32) []float32 {
	dst := make([]float32, len(a))
	for i, v := range a {
		dst[i%cols*rows+i/cols] = v
	}
	return dst
}

func symmetric(r *rand.Rand, n int) []float32 {
	m := randoms(r, n*n)
	for i := range n {
		for j := range i {
			m[i*n+j] = m[j*n+i]
		}
	}
	return m
}

func TestGram(t *testing.T) {
	eachStatisticsShape(t, func(t *testing.T, c, h, w int) {
		f := rectified(rand.New(rand.NewPCG(1, 2)), c*h*w)
		want := multiplyReference(c, h*w, c, f, transposed(c, h*w, f))
		eachImplementation(t, func(t *testing.T, p *Pool) {
			dst := FromRows(c, c, randoms(rand.New(rand.NewPCG(3, 4)), c*c)) // stale
			for range 2 {                                                    // partial sums are used again
				p.Gram(dst, FromCHW(c, h, w, f))
				near(t, dst.RowMajor(), want, 1e-6)
			}
			for r := range c {
				for k := range r {
					if dst.At(r, k) != dst.At(k, r) {
						t.Fatalf("element %d, %d is %g and its mirror image %g", r, k, dst.At(r, k), dst.At(k, r))
					}
				}
			}
		})
	})
}

func TestGramOfColumns(t *testing.T) {
	for _, s := range []struct{ rows, cols int }{{1, 1}, {5, 70}, {48, 48}, {70, 33}, {256, 96}} {
		t.Run(fmt.Sprintf("%dx%d", s.rows, s.cols), func(t *testing.T) {
			m := randoms(rand.New(rand.NewPCG(1, 2)), s.rows*s.cols)
			want := multiplyReference(s.cols, s.rows, s.cols, transposed(s.rows, s.cols, m), m)
			eachImplementation(t, func(t *testing.T, p *Pool) {
				dst := NewMatrix(s.cols, s.cols)
				p.GramOfColumns(dst, FromRows(s.rows, s.cols, m), 1, 0)
				near(t, dst.RowMajor(), want, 1e-6)
			})
		})
	}
}

func TestSums(t *testing.T) {
	eachStatisticsShape(t, func(t *testing.T, c, h, w int) {
		f := rectified(rand.New(rand.NewPCG(1, 2)), c*h*w)
		want := make([]float64, c)
		for i, v := range f {
			want[i/(h*w)] += float64(v)
		}
		eachImplementation(t, func(t *testing.T, p *Pool) {
			got := slices.Repeat([]float64{-1}, c) // stale
			p.Sums(got, FromCHW(c, h, w, f))
			sums := make([]float32, c)
			for i, v := range got {
				sums[i] = float32(v)
			}
			near(t, sums, want, 1e-6)
		})
	})
}

func TestAddProduct(t *testing.T) {
	eachStatisticsShape(t, func(t *testing.T, c, h, w int) {
		r := rand.New(rand.NewPCG(1, 2))
		f, m, before, bias := rectified(r, c*h*w), symmetric(r, c), randoms(r, c*h*w), randoms(r, c)
		product := multiplyReference(c, c, h*w, m, f)
		for name, bias := range map[string][]float32{"bias": bias, "no bias": nil} {
			t.Run(name, func(t *testing.T) {
				want := make([]float64, c*h*w)
				for i, v := range before {
					want[i] = float64(v) + product[i]
					if bias != nil {
						want[i] += float64(bias[i/(h*w)])
					}
				}
				eachImplementation(t, func(t *testing.T, p *Pool) {
					dst := poisoned(c, h, w, before)
					p.AddProduct(dst, FromRows(c, c, m), FromCHW(c, h, w, f), bias)
					near(t, dst.CHW(), want, 1e-6)
				})
			})
		}
	})
}

func TestMultiply(t *testing.T) {
	for _, s := range []struct{ rows, inner, cols int }{
		{1, 1, 1}, {16, 16, 16}, {32, 64, 96}, {48, 48, 48}, {5, 70, 33}, {70, 1, 17}, {33, 5, 70}, {256, 256, 256},
	} {
		t.Run(fmt.Sprintf("%dx%dx%d", s.rows, s.inner, s.cols), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			a, b := randoms(r, s.rows*s.inner), randoms(r, s.inner*s.cols)
			want := multiplyReference(s.rows, s.inner, s.cols, a, b)
			eachImplementation(t, func(t *testing.T, p *Pool) {
				dst := FromRows(s.rows, s.cols, randoms(r, s.rows*s.cols)) // stale
				p.Multiply(dst, FromRows(s.rows, s.inner, a), FromRows(s.inner, s.cols, b))
				near(t, dst.RowMajor(), want, 1e-6)
			})
		})
	}
}

// TestMultiplyChain multiplies products, whose padding must be zero like that of new
// matrices.
func TestMultiplyChain(t *testing.T) {
	const n = 37
	r := rand.New(rand.NewPCG(1, 2))
	f := randoms(r, n*n)
	gram := multiplyReference(n, n, n, f, transposed(n, n, f))
	rounded := make([]float32, len(gram))
	for i, v := range gram {
		rounded[i] = float32(v)
	}
	want := multiplyReference(n, n, n, rounded, rounded)
	eachImplementation(t, func(t *testing.T, p *Pool) {
		m, square, product := NewMatrix(n, n), NewMatrix(n, n), NewMatrix(n, n)
		p.Gram(m, FromCHW(n, 1, n, f))
		p.Multiply(square, m, m)
		near(t, square.RowMajor(), want, 2e-6)
		identity := NewMatrix(n, n)
		identity.AddDiagonal(1)
		p.Multiply(product, square, identity)
		if !slices.Equal(product.RowMajor(), square.RowMajor()) {
			t.Error("the identity changed a matrix")
		}
	})
}

func TestStatisticsThreads(t *testing.T) {
	for _, s := range []struct{ c, h, w int }{{48, 67, 45}, {256, 33, 35}} {
		t.Run(fmt.Sprintf("%dx%dx%d", s.c, s.h, s.w), func(t *testing.T) {
			r := rand.New(rand.NewPCG(5, 6))
			f, m, bias := FromCHW(s.c, s.h, s.w, rectified(r, s.c*s.h*s.w)), FromRows(s.c, s.c, symmetric(r, s.c)), randoms(r, s.c)
			sameOnAnyThreads(t, func(p *Pool) []float32 {
				gram, product, grad := NewMatrix(s.c, s.c), NewMatrix(s.c, s.c), NewTensor(s.c, s.h, s.w)
				p.Gram(gram, f)
				p.Multiply(product, gram, m)
				p.AddProduct(grad, m, f, bias)
				sums := make([]float64, s.c)
				p.Sums(sums, f)
				values := slices.Concat(gram.RowMajor(), product.RowMajor(), grad.CHW())
				for _, v := range sums {
					values = append(values, float32(v))
				}
				return values
			})
		})
	}
}

// TestStatisticsOfRows checks that the rows above and below a band do not count.
func TestStatisticsOfRows(t *testing.T) {
	const c, h, w, top, rows = 40, 31, 17, 5, 19
	r := rand.New(rand.NewPCG(5, 6))
	values := randoms(r, c*h*w)
	var part []float32
	for ch := range c {
		part = append(part, values[(ch*h+top)*w:][:rows*w]...)
	}
	eachImplementation(t, func(t *testing.T, p *Pool) {
		of, alone := FromCHW(c, h, w, values).Rows(top, rows), FromCHW(c, rows, w, part)
		got, want := NewMatrix(c, c), NewMatrix(c, c)
		p.Gram(got, of)
		p.Gram(want, alone)
		if !slices.Equal(got.RowMajor(), want.RowMajor()) {
			t.Error("the Gram matrix of rows is not that of a copy of them")
		}
		sums, wanted := make([]float64, c), make([]float64, c)
		p.Sums(sums, of)
		p.Sums(wanted, alone)
		if !slices.Equal(sums, wanted) {
			t.Error("the sums of rows are not those of a copy of them")
		}
	})
}
