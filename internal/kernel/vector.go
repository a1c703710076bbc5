package kernel

import (
	"fmt"
	"math"
)

// vectorChunk is the number of elements of a vector in one task, and in one partial
// sum.
const vectorChunk = 1 << 14

// Chunks divides the range from 0 to n-1 into consecutive ranges and calls f for each,
// from lo to hi-1, on all workers. The ranges depend on n alone.
func (p *Pool) Chunks(n int, f func(lo, hi int)) {
	p.Run((n+vectorChunk-1)/vectorChunk, func(_, i int) {
		f(i*vectorChunk, min((i+1)*vectorChunk, n))
	})
}

// SumTasks calls task for each i from 0 to n-1 on all workers, and returns the sum of
// the results, added in the order of i.
func (p *Pool) SumTasks(n int, task func(i int) float64) float64 {
	parts := make([]float64, n)
	p.Run(n, func(_, i int) { parts[i] = task(i) })
	var sum float64
	for _, v := range parts {
		sum += v
	}
	return sum
}

// SumChunks calls f for the ranges of [Pool.Chunks] and returns the sum of the results,
// added in order.
func (p *Pool) SumChunks(n int, f func(lo, hi int) float64) float64 {
	return p.SumTasks((n+vectorChunk-1)/vectorChunk, func(i int) float64 {
		return f(i*vectorChunk, min((i+1)*vectorChunk, n))
	})
}

// Dot returns the inner product of two vectors, summed in float64.
func (p *Pool) Dot(a, b []float32) float64 {
	sameLength(a, b)
	return p.SumChunks(len(a), func(lo, hi int) float64 { return p.dot(a[lo:hi], b[lo:hi]) })
}

// Dots64 computes a matrix-vector product: the inner products of a with rows of b that
// are stride elements apart,
//
//	dst[j] = sum over i of a[i] * b[j*stride+i]
//
// It runs on the calling thread; tasks of [Pool.Run] may call it.
func (p *Pool) Dots64(dst, a, b []float64, stride int) {
	const rows, elements = 4, 8 // the multiples that the primitive requires
	n := len(a) / elements * elements
	count := len(dst) / rows * rows
	if n == 0 {
		clear(dst)
		count = len(dst)
	} else if count > 0 {
		p.impl.dots64(dots64{out: dst, a: a, b: b, n: n, count: count, stride: stride})
	}
	if rest := len(dst) - count; rest > 0 {
		dots64Generic(dots64{out: dst[count:], a: a, b: b[count*stride:], n: n, count: rest, stride: stride})
	}
	for j := range dst {
		for i := n; i < len(a); i++ {
			dst[j] += a[i] * b[j*stride+i]
		}
	}
}

// AddScaled adds s times src to dst.
func (p *Pool) AddScaled(dst []float32, s float32, src []float32) {
	sameLength(dst, src)
	p.Chunks(len(dst), func(lo, hi int) { p.addScaled(dst[lo:hi], s, src[lo:hi]) })
}

// AddScaledDot adds s times src to dst and returns the inner product of the new dst and
// v, in one pass through memory.
func (p *Pool) AddScaledDot(dst []float32, s float32, src, v []float32) float64 {
	sameLength(dst, src)
	sameLength(dst, v)
	return p.SumChunks(len(dst), func(lo, hi int) float64 {
		p.addScaled(dst[lo:hi], s, src[lo:hi])
		return p.dot(dst[lo:hi], v[lo:hi])
	})
}

// UpdateMoments updates Adam's running means of gradients and of their squares (Kingma
// and Ba 2014, arXiv 1412.6980, algorithm 1):
//
//	mean = beta1*mean + (1-beta1)*gradient
//	square = beta2*square + (1-beta2)*gradient*gradient
func (p *Pool) UpdateMoments(mean, square, gradient []float32, beta1, beta2 float32) {
	sameLength(mean, square)
	sameLength(mean, gradient)
	p.Chunks(len(mean), func(lo, hi int) {
		inVectors(p.impl.updateMoments, updateMomentsGeneric, lo, hi, func(lo, n int) moments {
			return moments{mean: mean[lo:], square: square[lo:], gradient: gradient[lo:], n: n,
				beta1: beta1, rest1: 1 - beta1, beta2: beta2, rest2: 1 - beta2}
		})
	})
}

// Descend computes a step of Adam,
//
//	dst = from - rate*mean/(root*sqrt(square) + epsilon)
//
// and, where low < high, clamps it to [low, high]. dst and from may be the same slice.
func (p *Pool) Descend(dst, from, mean, square []float32, rate, root, epsilon, low, high float32) {
	sameLength(dst, from)
	sameLength(dst, mean)
	sameLength(dst, square)
	if !(low < high) {
		low, high = float32(math.Inf(-1)), float32(math.Inf(1))
	}
	p.Chunks(len(dst), func(lo, hi int) {
		inVectors(p.impl.descend, descendGeneric, lo, hi, func(lo, n int) descent {
			return descent{dst: dst[lo:], from: from[lo:], mean: mean[lo:], square: square[lo:], n: n,
				rate: rate, root: root, epsilon: epsilon, low: low, high: high}
		})
	})
}

// inVectors applies a primitive to the elements from lo to hi-1: the vector form to
// whole groups of sixteen, the portable form to the rest. arguments returns the
// arguments for n elements from lo on.
func inVectors[A any](vector, portable func(A), lo, hi int, arguments func(lo, n int) A) {
	whole := (hi - lo) / lanes * lanes
	if whole > 0 {
		vector(arguments(lo, whole))
	}
	if rest := hi - lo - whole; rest > 0 {
		portable(arguments(lo+whole, rest))
	}
}

func (p *Pool) addScaled(dst []float32, s float32, src []float32) {
	inVectors(p.impl.addScaled, addScaledGeneric, 0, len(dst), func(lo, n int) addScaled {
		return addScaled{dst: dst[lo:], src: src[lo:], n: n, s: s}
	})
}

func (p *Pool) dot(a, b []float32) float64 {
	whole := len(a) / lanes * lanes
	sums := dotGeneric(dot{a: a[whole:], b: b[whole:], n: len(a) - whole})
	if whole > 0 {
		addUp(&sums, p.impl.dot(dot{a: a, b: b, n: whole}))
	}
	return total(&sums)
}

func addUp(sums *[lanes]float64, more [lanes]float64) {
	for i, v := range more {
		sums[i] += v
	}
}

// total returns the sum of all sums, added pairwise.
func total(sums *[lanes]float64) float64 {
	for n := lanes / 2; n > 0; n /= 2 {
		for i := range n {
			sums[i] += sums[n+i]
		}
	}
	return sums[0]
}

func sameLength[E float32 | float64](a, b []E) {
	if len(a) != len(b) {
		panic(fmt.Sprintf("kernel: vectors of %d and %d", len(a), len(b)))
	}
}
