package loss

import (
	"math"

	"github.com/pastiche-art/pastiche/kernel"
)

// choleskyBlock is the number of columns after which rows are handed out anew.
const choleskyBlock = 32

// cholesky computes the lower triangle of dst, n x n in row-major order, with
// dst dstᵀ = s (Golub and Van Loan, Matrix Computations, algorithm 4.2.1, by
// blocks). The exact pivots are not below least; those that rounding takes there
// are set to it, and what is left of their columns, which is rounding too, to
// zero: divided by so small a pivot it would grow from column to column.
func cholesky(p *kernel.Pool, dst []float64, s *kernel.Matrix, least []float64) {
	n := s.Rows
	inverse := make([]float64, n) // of the diagonal of dst, or 0
	element := func(i, j int) float64 {
		return float64(s.At(i, j)) - dot64(dst[i*n:][:j], dst[j*n:][:j])
	}
	for first := 0; first < n; first += choleskyBlock {
		last := min(first+choleskyBlock, n)
		for i := first; i < last; i++ {
			for j := first; j < i; j++ {
				dst[i*n+j] = element(i, j) * inverse[j]
			}
			pivot := element(i, i)
			dst[i*n+i] = math.Sqrt(max(pivot, least[i]))
			if !(pivot < least[i]) { // or not a number, which is to be seen
				inverse[i] = 1 / dst[i*n+i]
			}
		}
		p.Run((n-last+choleskyBlock-1)/choleskyBlock, func(_, band int) {
			top := last + band*choleskyBlock
			for i := top; i < min(top+choleskyBlock, n); i++ {
				for j := first; j < last; j++ {
					dst[i*n+j] = element(i, j) * inverse[j]
				}
			}
		})
	}
}

// root returns a matrix k, n x r, with k kᵀ = s but for what no element of the
// diagonal has more of than least (the Cholesky factorisation with pivots of Higham
// 1990, "Analysis of the Cholesky decomposition of a semi-definite matrix"). It
// returns nil where s as a whole is no more than that.
func root(s *kernel.Matrix, least float64) *kernel.Matrix {
	var (
		n     = s.Rows
		rows  = make([]float64, n*n) // of k
		left  = make([]float64, n)   // of the diagonal
		taken = make([]bool, n)
		rank  int
	)
	for i := range left {
		left[i] = float64(s.At(i, i))
	}
	for ; rank < n; rank++ {
		pivot := 0
		for i, v := range left {
			if v > left[pivot] {
				pivot = i
			}
		}
		if !(left[pivot] > least) {
			break
		}
		width := math.Sqrt(left[pivot])
		taken[pivot] = true
		for i := range n {
			switch {
			case i == pivot:
				rows[i*n+rank], left[i] = width, 0
			case !taken[i]:
				v := (float64(s.At(i, pivot)) - dot64(rows[i*n:][:rank], rows[pivot*n:][:rank])) / width
				rows[i*n+rank] = v
				left[i] -= v * v
			}
		}
	}
	if rank == 0 {
		return nil
	}
	k := kernel.NewMatrix(n, rank)
	fill(k, func(r, c int) float64 { return rows[r*n+c] })
	return k
}

// invertTransposed computes the upper triangle of dst, n x n in row-major order:
// the transposed inverse of a lower triangle, which is below the diagonal of l.
func invertTransposed(p *kernel.Pool, dst, l []float64, n int) {
	p.Run(n, func(_, row int) {
		inverse := dst[row*n:][:n] // column row of the inverse
		inverse[row] = 1 / l[row*n+row]
		for i := row + 1; i < n; i++ {
			inverse[i] = -dot64(l[i*n:][row:i], inverse[row:i]) / l[i*n+i]
		}
	})
}

// dot64 has four sums, because one would wait for each addition to finish.
func dot64(a, b []float64) float64 {
	var s0, s1, s2, s3 float64
	for len(a) >= 4 && len(b) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for i, v := range a {
		s0 += v * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}
