package cost

import (
	"math"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// transport computes the optimal transport maps to normal distributions with the
// covariance K Kᵀ, for [Wasserstein].
type transport struct {
	k, kt     *kernel.Matrix // C x R, and Kᵀ
	product   *kernel.Matrix // C x R: S K, later K H⁻¹
	square    *kernel.Matrix // R x R: Kᵀ S K, later the matrix of an iteration
	x, next   *kernel.Matrix // the iterate that converges to U
	lower     []float64      // Cholesky factor Qᵀ
	inverse   []float64      // Q⁻¹
	pivots    []float64      // of Kᵀ K, R
	minPivots []float64      // of Kᵀ S K
}

func newTransport(p *kernel.Pool, k *kernel.Matrix) *transport {
	c, r := k.Rows, k.Cols
	t := &transport{k: k, kt: kernel.NewMatrix(r, c), product: kernel.NewMatrix(c, r),
		square: kernel.NewMatrix(r, r), x: kernel.NewMatrix(r, r), next: kernel.NewMatrix(r, r),
		lower: make([]float64, r*r), inverse: make([]float64, r*r),
		pivots: make([]float64, r), minPivots: make([]float64, r)}
	p.Transpose(t.kt, k)
	p.GramOfColumns(t.square, k, 1, 0)
	cholesky(p, t.lower, t.square, t.minPivots)
	for i := range t.pivots {
		t.pivots[i] = t.lower[i*r+i] * t.lower[i*r+i]
	}
	return t
}

// computeMap writes scale times the map T = K H⁻¹ Kᵀ from the covariances s to dst, and
// returns tr(H). epsilon is a lower bound of the eigenvalues of s; therefore the pivots
// of Kᵀ S K are not below those of epsilon Kᵀ K.
func (t *transport) computeMap(p *kernel.Pool, dst *kernel.Matrix, scale float64, s *kernel.Matrix, epsilon float64) (trace float64) {
	for i, pivot := range t.pivots {
		t.minPivots[i] = epsilon * pivot
	}
	p.Multiply(t.product, s, t.k)
	p.Multiply(t.square, t.kt, t.product)
	cholesky(p, t.lower, t.square, t.minPivots)
	invertTransposed(p, t.inverse, t.lower, t.square.Rows)
	t.polar(p)
	n := t.square.Rows
	for i := range t.x.Panels() {
		panel := t.x.Panel(i)
		for c := i * kernel.Lanes; c < min((i+1)*kernel.Lanes, n); c++ {
			for r, q := range t.lower[c*n:][:c+1] {
				trace += q * float64(panel[r*kernel.Lanes+c%kernel.Lanes])
			}
		}
	}
	t.square.Clear()
	for r := range n {
		for c := r; c < n; c++ {
			t.square.Set(r, c, float32(t.inverse[r*n+c]))
		}
	}
	p.Multiply(t.next, t.square, t.x)
	// H⁻¹ is symmetric up to rounding.
	p.Transpose(t.square, t.next)
	t.next.AddScaled(1, t.square)
	t.next.Scale(float32(scale / 2))
	p.Multiply(t.product, t.k, t.next)
	p.Multiply(dst, t.product, t.kt)
	return trace
}

// work returns about the number of multiplications of computeMap: four products with k,
// a Cholesky factorization and an inversion, and about six iterations of polar.
func (t *transport) work() float64 {
	c, r := float64(t.k.Rows), float64(t.k.Cols)
	const steps = 6
	return 2*c*c*r + 2*c*r*r + (1+1.5*steps)*r*r*r
}

// orthogonal is the distance from 1 of the smallest singular value at which the polar
// iteration ends.
const orthogonal = 1e-6

// polar computes x = U, the orthogonal factor of Q = U H, from Q and its inverse. Its
// iterations keep U and move the singular values of Q to 1.
//
// The first is the scaled Newton iteration (Higham 1986, "Computing the polar
// decomposition"),
//
//	X = (gamma Q + Q⁻ᵀ/gamma)/2
//
// It makes every singular value at least 1. With the right gamma, singular values from
// l to 1/l become at most (l + 1/l)/2. It costs nothing here, because Q⁻¹ is known. The
// others are the scaled Newton-Schulz iteration of Chen and Chow 2014 ("A stable
// scaling of Newton-Schulz for improving the sign function computation of a Hermitian
// matrix"),
//
//	X <- X (3 rho I - rho³ XᵀX)/2
//
// It maps singular values in [l, 1] to [l', 1], where l' is up to 2.6 times l with the
// right rho, and 1.5 times without.
func (t *transport) polar(p *kernel.Pool) {
	var (
		n                 = t.square.Rows
		gamma             = math.Sqrt(norm(t.inverse) / norm(t.lower))
		forward, backward = gamma / 2, 1 / (2 * gamma)
	)
	for c := range n {
		lower, inverse := t.lower[c*n:][:n], t.inverse[c*n:][:n]
		for r, v := range lower[:c] {
			t.x.Set(r, c, float32(forward*v))
		}
		t.x.Set(c, c, float32(forward*lower[c]+backward*inverse[c]))
		for r := c + 1; r < n; r++ {
			t.x.Set(r, c, float32(backward*inverse[r]))
		}
	}
	// The Frobenius norm of XᵀX is at least the square of the largest singular value of
	// X. The first Newton-Schulz iteration divides by its root, so that no singular
	// value exceeds 1.
	p.GramOfColumns(t.square, t.x, 1, 0)
	l := 1 / math.Sqrt(math.Sqrt(t.square.Dot(t.square)))
	rho, rest := newtonSchulz(l)
	t.square.Scale(float32(-rho * rho * rho * l * l * l / 2))
	t.square.AddDiagonal(float32(1.5 * rho * l))
	for l = rest; ; l = rest {
		p.Multiply(t.next, t.x, t.square)
		t.x, t.next = t.next, t.x
		if !(l < 1-orthogonal) {
			break
		}
		rho, rest = newtonSchulz(l)
		p.GramOfColumns(t.square, t.x, float32(-rho*rho*rho/2), float32(1.5*rho))
	}
}

// newtonSchulz returns rho and l' for an iteration from l.
func newtonSchulz(l float64) (rho, next float64) {
	rho = math.Sqrt(3 / (1 + l + l*l))
	return rho, l * rho * (3 - rho*rho*l*l) / 2
}

// norm returns the Frobenius norm of a matrix.
func norm(m []float64) float64 { return math.Sqrt(dot64(m, m)) }
