package cost

import (
	"math"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// choleskyBlock is the number of columns that are factored before the rows below
// them are divided among the workers.
const choleskyBlock = 32

// cholesky computes the lower triangle of dst, n x n in row-major order, with dst dstᵀ
// = s (Golub and Van Loan, Matrix Computations, algorithm 4.2.1, by blocks). The caller
// knows lower bounds minPivot of the pivots. A pivot that rounding makes smaller is
// raised to the bound, and the rest of its column, which is rounding error too, is set
// to zero: divided by such a small pivot, it would grow from column to column.
func cholesky(p *kernel.Pool, dst []float64, s *kernel.Matrix, minPivot []float64) {
	n := s.Rows
	inverse := make([]float64, n) // of the diagonal of dst, or 0
	for first := 0; first < n; first += choleskyBlock {
		last := min(first+choleskyBlock, n)
		// row computes the part of row i in the columns of the block.
		row := func(i int) {
			to := dst[i*n+first:][:min(last, i+1)-first]
			p.Dots64(to, dst[i*n:][:first], dst[first*n:], n)
			for c, earlier := range to {
				j := first + c
				v := float64(s.At(i, j)) - earlier - dot64(to[:c], dst[j*n+first:][:c])
				if j < i {
					to[c] = v * inverse[j]
					continue
				}
				to[c] = math.Sqrt(max(v, minPivot[i]))
				if !(v < minPivot[i]) { // also for NaN, which must propagate
					inverse[i] = 1 / to[c]
				}
			}
		}
		for i := first; i < last; i++ {
			row(i)
		}
		p.Run((n-last+choleskyBlock-1)/choleskyBlock, func(_, band int) {
			top := last + band*choleskyBlock
			for i := top; i < min(top+choleskyBlock, n); i++ {
				row(i)
			}
		})
	}
}

// pivotedCholesky returns a matrix k, n x r, with k kᵀ ≈ s. The factorization stops
// where no element of the diagonal of s - k kᵀ is above minPivot (Higham 1990,
// "Analysis of the Cholesky decomposition of a semi-definite matrix"). It returns nil
// where no element of the diagonal of s is above minPivot.
func pivotedCholesky(s *kernel.Matrix, minPivot float64) *kernel.Matrix {
	var (
		n     = s.Rows
		rows  = make([]float64, n*n) // of k
		rest  = make([]float64, n)   // diagonal of s - k kᵀ
		taken = make([]bool, n)
		rank  int
	)
	for i := range rest {
		rest[i] = float64(s.At(i, i))
	}
	for ; rank < n; rank++ {
		pivot := 0
		for i, v := range rest {
			if v > rest[pivot] {
				pivot = i
			}
		}
		if !(rest[pivot] > minPivot) {
			break
		}
		width := math.Sqrt(rest[pivot])
		taken[pivot] = true
		for i := range n {
			switch {
			case i == pivot:
				rows[i*n+rank], rest[i] = width, 0
			case !taken[i]:
				v := (float64(s.At(i, pivot)) - dot64(rows[i*n:][:rank], rows[pivot*n:][:rank])) / width
				rows[i*n+rank] = v
				rest[i] -= v * v
			}
		}
	}
	if rank == 0 {
		return nil
	}
	k := kernel.NewMatrix(n, rank)
	for r := range n {
		for c := range rank {
			k.Set(r, c, float32(rows[r*n+c]))
		}
	}
	return k
}

// invertTransposed computes the upper triangle of dst, n x n in row-major order: the
// transposed inverse of the lower triangle of l.
func invertTransposed(p *kernel.Pool, dst, l []float64, n int) {
	p.Run(n, func(_, row int) {
		inverse := dst[row*n:][:n] // column row of the inverse
		inverse[row] = 1 / l[row*n+row]
		for first := row + 1; first < n; first += choleskyBlock {
			last := min(first+choleskyBlock, n)
			p.Dots64(inverse[first:last], inverse[row:first], l[first*n+row:], n)
			for i := first; i < last; i++ {
				inverse[i] = -(inverse[i] + dot64(l[i*n:][first:i], inverse[first:i])) / l[i*n+i]
			}
		}
	})
}

// dot64 accumulates four sums, because additions to one would wait for each other.
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
