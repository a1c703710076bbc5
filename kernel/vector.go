package kernel

import "fmt"

// vectorChunk is the number of elements of a vector that a task takes and that
// a partial sum covers.
const vectorChunk = 1 << 14

// Chunks calls f for consecutive ranges, from lo to hi-1, that make up 0 to
// n-1. The ranges depend on n alone, and are taken by all workers.
func (p *Pool) Chunks(n int, f func(lo, hi int)) {
	p.Run((n+vectorChunk-1)/vectorChunk, func(_, i int) {
		f(i*vectorChunk, min((i+1)*vectorChunk, n))
	})
}

// SumTasks returns the sum of what task returns for each i from 0 to n-1, added
// in that order. The tasks run on all workers.
func (p *Pool) SumTasks(n int, task func(i int) float64) float64 {
	parts := make([]float64, n)
	p.Run(n, func(_, i int) { parts[i] = task(i) })
	var sum float64
	for _, v := range parts {
		sum += v
	}
	return sum
}

// SumChunks returns the sum of what f returns for the ranges of [Pool.Chunks],
// added in order.
func (p *Pool) SumChunks(n int, f func(lo, hi int) float64) float64 {
	return p.SumTasks((n+vectorChunk-1)/vectorChunk, func(i int) float64 {
		return f(i*vectorChunk, min((i+1)*vectorChunk, n))
	})
}

// Dot returns the inner product of two vectors, summed in float64.
func (p *Pool) Dot(a, b []float32) float64 {
	sameLength(a, b)
	return p.SumChunks(len(a), func(lo, hi int) float64 { return dot(a[lo:hi], b[lo:hi]) })
}

// AddScaled adds s times src to dst.
func (p *Pool) AddScaled(dst []float32, s float32, src []float32) {
	sameLength(dst, src)
	p.Chunks(len(dst), func(lo, hi int) { addScaled(dst[lo:hi], s, src[lo:hi]) })
}

// AddScaledDot adds s times src to dst and returns the inner product of the
// result and v, while the result is in the cache.
func (p *Pool) AddScaledDot(dst []float32, s float32, src, v []float32) float64 {
	sameLength(dst, src)
	sameLength(dst, v)
	return p.SumChunks(len(dst), func(lo, hi int) float64 {
		addScaled(dst[lo:hi], s, src[lo:hi])
		return dot(dst[lo:hi], v[lo:hi])
	})
}

// dot has four sums, because one would wait for each addition to finish.
func dot(a, b []float32) float64 {
	var s0, s1, s2, s3 float64
	for len(a) >= 4 && len(b) >= 4 {
		s0 += float64(a[0]) * float64(b[0])
		s1 += float64(a[1]) * float64(b[1])
		s2 += float64(a[2]) * float64(b[2])
		s3 += float64(a[3]) * float64(b[3])
		a, b = a[4:], b[4:]
	}
	for i, v := range a {
		s0 += float64(v) * float64(b[i])
	}
	return (s0 + s1) + (s2 + s3)
}

func addScaled(dst []float32, s float32, src []float32) {
	for i, v := range src[:len(dst)] {
		dst[i] += s * v
	}
}

func sameLength(a, b []float32) {
	if len(a) != len(b) {
		panic(fmt.Sprintf("kernel: vectors of %d and %d", len(a), len(b)))
	}
}
