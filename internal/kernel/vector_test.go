package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// vectorLengths fill whole chunks, and leave remainders of every kind.
var vectorLengths = []int{1, 3, 4, 7, vectorChunk - 1, vectorChunk, vectorChunk + 1, 5*vectorChunk + 6}

func TestVector(t *testing.T) {
	for _, n := range vectorLengths {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			a, b, c := randoms(r, n), randoms(r, n), randoms(r, n)
			moved := slices.Clone(a)
			var ab, after, size float64
			for i := range moved {
				moved[i] += 0.5 * b[i]
				ab += float64(a[i]) * float64(b[i])
				after += float64(moved[i]) * float64(c[i])
				size += math.Abs(float64(a[i])*float64(b[i])) + math.Abs(float64(moved[i])*float64(c[i]))
			}
			var first []float64
			eachImplementation(t, func(t *testing.T, p *Pool) {
				x := slices.Clone(a)
				got := []float64{p.Dot(x, b), p.AddScaledDot(x, 0.5, b, c)}
				for i, want := range []float64{ab, after} {
					if !(math.Abs(got[i]-want) <= 1e-13*size) {
						t.Errorf("product %d is %v, want %v", i, got[i], want)
					}
				}
				y := slices.Clone(a)
				p.AddScaled(y, 0.5, b)
				if !slices.Equal(x, moved) || !slices.Equal(y, moved) {
					t.Error("another sum")
				}
				if first == nil {
					first = got
				}
				if !slices.Equal(got, first) {
					t.Errorf("%v, on another pool %v", got, first)
				}
			})
		})
	}
}

func doubles(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// TestDots64 compares inner products of every length and number of rows with plain
// sums.
func TestDots64(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 9, 64, 203} {
		for rows := range 10 {
			t.Run(fmt.Sprintf("%d/rows=%d", n, rows), func(t *testing.T) {
				stride := n + 5
				r := rand.New(rand.NewPCG(1, 2))
				a, b := doubles(randoms(r, n)), doubles(randoms(r, (rows+1)*stride))
				want, size := make([]float64, rows), 0.
				for j := range want {
					for i, v := range a {
						want[j] += v * b[j*stride+i]
						size += math.Abs(v * b[j*stride+i])
					}
				}
				eachImplementation(t, func(t *testing.T, p *Pool) {
					got := slices.Repeat([]float64{guardValue}, rows+1)
					p.Dots64(got[:rows], a, b, stride)
					for j, v := range want {
						if !(math.Abs(got[j]-v) <= 1e-14*size) {
							t.Errorf("product %d is %v, want %v", j, got[j], v)
						}
					}
					if got[rows] != guardValue {
						t.Errorf("%v was written behind the products", got[rows])
					}
				})
			})
		}
	}
}

// TestAdamStep compares the operations of Adam with their definition in float64.
func TestAdamStep(t *testing.T) {
	const beta1, beta2, rate, root, epsilon = 0.75, 0.96875, 0.5, 2, 0.125 // powers of two and their sums: exact
	for _, n := range vectorLengths {
		for name, limit := range map[string]float32{"clamped": 0.5, "free": 0} {
			t.Run(fmt.Sprintf("%d/%s", n, name), func(t *testing.T) {
				r := rand.New(rand.NewPCG(3, 4))
				from, gradient, m, v := randoms(r, n), randoms(r, n), randoms(r, n), rectified(r, n)
				mean, square, want := make([]float64, n), make([]float64, n), make([]float64, n)
				for i := range want {
					g := float64(gradient[i])
					mean[i] = beta1*float64(m[i]) + (1-beta1)*g
					square[i] = beta2*float64(v[i]) + (1-beta2)*g*g
					want[i] = float64(from[i]) - rate*mean[i]/(root*math.Sqrt(square[i])+epsilon)
					if limit > 0 {
						want[i] = min(max(want[i], -float64(limit)), float64(limit))
					}
				}
				eachImplementation(t, func(t *testing.T, p *Pool) {
					m, v, dst := slices.Clone(m), slices.Clone(v), make([]float32, n)
					p.UpdateMoments(m, v, gradient, beta1, beta2)
					near(t, m, mean, 1e-6)
					near(t, v, square, 1e-6)
					p.Descend(dst, from, m, v, rate, root, epsilon, -limit, limit)
					near(t, dst, want, 1e-6)
				})
			})
		}
	}
}

func TestChunksCoverEverythingOnce(t *testing.T) {
	for _, n := range append(vectorLengths, 0) {
		p := newPool(3, portable)
		defer p.Close()
		seen := make([]int, n)
		p.Chunks(n, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				seen[i]++
			}
		})
		sum := p.SumChunks(n, func(lo, hi int) float64 { return float64(hi - lo) })
		if sum != float64(n) || slices.ContainsFunc(seen, func(v int) bool { return v != 1 }) {
			t.Errorf("%d elements: the ranges cover %g, or some more than once", n, sum)
		}
	}
}

func TestVectorsOfDifferentLengths(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	newPool(1, portable).Dot(make([]float32, 3), make([]float32, 4))
}

func BenchmarkVector(b *testing.B) {
	const n = 3 * 512 * 512
	r := rand.New(rand.NewPCG(1, 2))
	x, y, z := randoms(r, n), randoms(r, n), randoms(r, n)
	p := newPool(2, implementations()[0])
	defer p.Close()
	b.Run("dot", func(b *testing.B) {
		b.SetBytes(2 * 4 * n)
		for b.Loop() {
			p.Dot(x, y)
		}
	})
	b.Run("add scaled and dot", func(b *testing.B) {
		b.SetBytes(4 * 4 * n)
		for b.Loop() {
			p.AddScaledDot(x, 1e-9, y, z)
		}
	})
}
