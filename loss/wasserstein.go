package loss

import (
	"math"

	"github.com/pastiche-art/pastiche/kernel"
)

// Wasserstein is the [Term] of the 2-Wasserstein distance between normal
// distributions with the means mu and covariances S of the activation and of
// the style (Olkin and Pukelsheim 1982; as a style cost in Crowson's
// style-transfer-pytorch):
//
//	J = 1/C |mu - mu*|² + 1/C tr(S + S* - 2 (S*^½ S S*^½)^½)
//
// where the diagonals of S and S* are raised by 1e-4 of the mean variance of the
// style; that of S by 2e-5 of its own mean variance where this is more.
//
// The gradient with respect to S is (I - T)/C, where T is the map that carries
// the one distribution to the other, T S T = S*. With the Cholesky factors
// S = L Lᵀ and S* = K Kᵀ, and the polar decomposition Lᵀ K = U H,
//
//	tr((S*^½ S S*^½)^½) = tr(H) = tr(Uᵀ Lᵀ K)    T = K H⁻¹ Kᵀ
//
// so that one iteration for U gives value and gradient, as K H⁻¹ = L⁻ᵀ U. It
// works on the singular values of Lᵀ K rather than on their squares and so
// resolves twice as many orders of magnitude in float32 as an iteration on the
// matrix under the root does.
//
// For as many positions as channels or more, value and gradient agree with a
// decomposition in float64 to about 1e-5 and 1e-3. With fewer the covariances
// are singular, apart from epsilon, and they agree to about 5e-3 and 3e-2.
type Wasserstein struct {
	opts        Options
	target      *Statistics // Second holds raised covariances
	current     *gathering  // after Evaluate likewise
	targetTrace float64
	epsilon     float64 // by which diagonals are raised

	lower    []float64      // Cholesky factor L
	inverse  []float64      // L⁻ᵀ
	upper    *kernel.Matrix // Lᵀ, then L⁻ᵀ
	k, kt    *kernel.Matrix // K and Kᵀ
	product  *kernel.Matrix // Lᵀ K
	x, next  *kernel.Matrix // iterate towards U
	factor   *kernel.Matrix // of one step, and at last T
	dMean    []float64
	gradient centredGradient
}

const (
	// relativeEpsilon is style-transfer-pytorch's 1e-4 for activations of unit
	// variance.
	relativeEpsilon = 1e-4
	// covarianceRounding is a few times what float32 does to the eigenvalues
	// of a covariance matrix of 512 channels, relative to the mean variance:
	// raised by less it may not have a Cholesky factor.
	covarianceRounding = 2e-5
	// leastVariance stands in for the mean variance of a style without any.
	leastVariance = 1e-12
)

// NewWasserstein returns the cost against the statistics of a style.
func NewWasserstein(p *kernel.Pool, style *Statistics, opts Options) *Wasserstein {
	n := len(style.Mean)
	matrix := func() *kernel.Matrix { return kernel.NewMatrix(n, n) }
	w := &Wasserstein{opts: opts, target: style.scaled(opts.scale()), current: newGathering(n, opts.Guide),
		lower: make([]float64, n*n), inverse: make([]float64, n*n), upper: matrix(), k: matrix(), kt: matrix(),
		product: matrix(), x: matrix(), next: matrix(), factor: matrix(),
		dMean: make([]float64, n), gradient: newCentredGradient(n)}
	w.target.centre()
	w.epsilon = relativeEpsilon * max(w.target.Second.Trace()/float64(n), leastVariance)
	w.target.Second.AddDiagonal(float32(w.epsilon))
	w.targetTrace = w.target.Second.Trace()
	cholesky(p, w.lower, w.target.Second, w.epsilon)
	for r := range n {
		for c := range r + 1 {
			v := float32(w.lower[r*n+c])
			w.k.Set(r, c, v)
			w.kt.Set(c, r, v)
		}
	}
	return w
}

// Observe implements [Term].
func (w *Wasserstein) Observe(p *kernel.Pool, f *kernel.Tensor, y, x int) {
	w.current.gram(p, f, y, x)
	w.current.sums(p, f, y, x)
}

// Evaluate implements [Term].
func (w *Wasserstein) Evaluate(p *kernel.Pool) float64 {
	s := w.opts.scale()
	positions := w.current.finish(s)
	w.current.centre()
	var (
		n       = len(w.dMean)
		each    = 1 / float64(n)
		epsilon = max(w.epsilon, covarianceRounding*each*w.current.Second.Trace())
		means   float64
	)
	w.current.Second.AddDiagonal(float32(epsilon))
	overlap, transport := w.transport(p, epsilon)
	for c, v := range w.current.Mean {
		d := v - w.target.Mean[c]
		means += d * d
		w.dMean[c] = 2 * each * d
	}
	// T is symmetric but for rounding.
	by := w.gradient.matrix
	for c := range n {
		by.Set(c, c, float32(each*(1-float64(transport.At(c, c)))))
		for r := range c {
			v := float32(-each / 2 * (float64(transport.At(r, c)) + float64(transport.At(c, r))))
			by.Set(r, c, v)
			by.Set(c, r, v)
		}
	}
	w.gradient.set(w.dMean, w.current.Mean, positions, w.opts.Weight, s)
	return each * (means + w.current.Second.Trace() + w.targetTrace - 2*overlap)
}

// AddGradient implements [Term].
func (w *Wasserstein) AddGradient(p *kernel.Pool, grad, f *kernel.Tensor, y, x int) {
	w.gradient.add(p, grad, f, w.opts.Guide, y, x)
}

const (
	// resolution is the ratio of the smallest to the largest singular value
	// that the polar iteration takes to 1; smaller ones count for less.
	// Measured against float64, the error of the gradient is least about here:
	// beyond it the iteration amplifies what rounding left of the covariances.
	resolution = 1e-4
	// polarSteps bring every singular value from resolution up to within 1e-7
	// of 1.
	polarSteps = 13
)

// transport returns tr(H) and T, given a lower bound of the eigenvalues of S.
//
// The polar iteration is the scaled Newton-Schulz iteration of Chen and Chow
// 2014 ("A stable scaling of Newton-Schulz for improving the sign function
// computation of a Hermitian matrix"),
//
//	X <- X (3 rho I - rho³ XᵀX)/2
//
// which takes singular values in [l, 1] to [l', 1], where l' is up to 2.6 times
// l with the right rho, and 1.5 times without.
func (w *Wasserstein) transport(p *kernel.Pool, least float64) (trace float64, t *kernel.Matrix) {
	n := w.upper.Rows
	cholesky(p, w.lower, w.current.Second, least)
	for r := range n {
		for c := range r + 1 {
			w.upper.Set(c, r, float32(w.lower[r*n+c]))
		}
	}
	p.Multiply(w.product, w.upper, w.k)
	p.GramOfColumns(w.factor, w.product, 1, 0)
	// The Frobenius norm of XᵀX is not below the largest singular value of X,
	// squared.
	square := math.Sqrt(w.factor.Dot(w.factor))
	w.x.Copy(w.product)
	w.x.Scale(float32(1 / math.Sqrt(square)))
	l := resolution
	for range polarSteps {
		rho := math.Sqrt(3 / (1 + l + l*l))
		p.GramOfColumns(w.factor, w.x, float32(-rho*rho*rho/2), float32(1.5*rho))
		p.Multiply(w.next, w.x, w.factor)
		w.x, w.next = w.next, w.x
		l *= rho * (3 - rho*rho*l*l) / 2
	}
	invertTransposed(p, w.inverse, w.lower, n)
	for r := range n {
		for c := r; c < n; c++ {
			w.upper.Set(r, c, float32(w.inverse[r*n+c]))
		}
	}
	p.Multiply(w.next, w.upper, w.x)
	p.Multiply(w.factor, w.next, w.kt)
	return w.x.Dot(w.product), w.factor
}
