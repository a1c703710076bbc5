package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// vectorLengths fill chunks, and leave remainders of every kind.
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
			for _, threads := range []int{1, 3} {
				p := newPool(threads, portable)
				defer p.Close()
				x := slices.Clone(a)
				got := []float64{p.Dot(x, b), p.AddScaledDot(x, 0.5, b, c)}
				for i, want := range []float64{ab, after} {
					if !(math.Abs(got[i]-want) <= 1e-13*size) {
						t.Errorf("%d threads: product %d is %v, want %v", threads, i, got[i], want)
					}
				}
				y := slices.Clone(a)
				p.AddScaled(y, 0.5, b)
				if !slices.Equal(x, moved) || !slices.Equal(y, moved) {
					t.Errorf("%d threads: another sum", threads)
				}
				if first == nil {
					first = got
				}
				if !slices.Equal(got, first) {
					t.Errorf("%d threads: %v, with one %v", threads, got, first)
				}
			}
		})
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
	p := newPool(2, portable)
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
