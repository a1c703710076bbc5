package cost

import "github.com/pastiche-art/pastiche/internal/kernel"

// Wasserstein is the [Cost] of the 2-Wasserstein distance between normal distributions
// with the means mu and covariances S of the activation and of the style (Olkin and
// Pukelsheim 1982; as a style cost in Crowson's style-transfer-pytorch):
//
//	J = 1/C |mu - mu*|² + 1/C tr(S + S* - 2 (S*^½ S S*^½)^½)
//
// The diagonal of S is raised by epsilon: 1e-4 of the mean variance of the style, or
// 2e-5 of the mean variance of the activation where that is more. S* is replaced by K
// Kᵀ, where the C x R matrix K is the result of a pivoted Cholesky factorization that
// stops once the rest of every channel's variance is at most 1e-4 of the mean variance
// of the style. R is the rank of the style: at most C, and less than the number of its
// positions.
//
// The gradient with respect to S is (I - T)/C, where T is the optimal transport map
// between the distributions, T S T = S*. With the Cholesky factorization and the polar
// decomposition
//
//	Q = U H    Qᵀ Q = Kᵀ S K
//
// where Q is R x R and triangular,
//
//	tr((S*^½ S S*^½)^½) = tr(H) = tr(Uᵀ Q)    T = K H⁻¹ Kᵀ = K Q⁻¹ U Kᵀ
//
// so that one iteration for U gives value and gradient. It works on the singular values
// of Q instead of their squares, and therefore resolves twice as many orders of
// magnitude in float32 as an iteration on the matrix under the root.
//
// With at least as many positions as channels, value and gradient agree with a
// decomposition in float64 to 1e-5 and 5e-5. With fewer positions the covariances are
// singular, apart from epsilon, and they agree to 2e-5 and 1e-3.
type Wasserstein struct {
	opts        Options
	target      *Statistics  // with covariances in Second
	current     *accumulator // after Evaluate with covariances in Second, raised by epsilon
	targetTrace float64      // of S*
	epsilon     float64      // added to the diagonal of S
	transport   *transport   // nil for a style without variance
	dMean       []float64
	gradient    covarianceGradient
}

const (
	// relativeEpsilon is the 1e-4 of style-transfer-pytorch, for activations of unit
	// variance.
	relativeEpsilon = 1e-4
	// covarianceRounding is a few times the rounding in float32 of the eigenvalues
	// of a covariance matrix of 512 channels, relative to the mean variance.
	covarianceRounding = 2e-5
	// momentRounding is a few times the rounding of a second moment in float32. A
	// smaller variance counts as zero.
	momentRounding = 1e-6
	// minVariance replaces the mean variance of a style without variance.
	minVariance = 1e-12
)

// NewWasserstein returns the cost against the statistics of a style.
func NewWasserstein(p *kernel.Pool, style *Statistics, opts Options) *Wasserstein {
	n := len(style.Mean)
	w := &Wasserstein{opts: opts, target: style.scaled(opts.factor()), current: newAccumulator(n, opts.Guide),
		dMean: make([]float64, n), gradient: newCovarianceGradient(n)}
	moment := w.target.Second.Trace() / float64(n)
	w.target.toCovariances()
	w.epsilon = relativeEpsilon * max(w.target.Second.Trace()/float64(n), minVariance)
	if k := pivotedCholesky(w.target.Second, max(w.epsilon, momentRounding*moment)); k != nil {
		w.transport = newTransport(p, k)
		w.targetTrace = k.Dot(k)
	}
	return w
}

// Observe implements [Cost].
func (w *Wasserstein) Observe(e kernel.Engine, _ int, f *kernel.Tensor, y, x int) {
	w.current.gram(e, f, y, x)
	w.current.sums(e, f, y, x)
}

// Evaluate implements [Cost].
func (w *Wasserstein) Evaluate(p *kernel.Pool, weight float64) float64 {
	s := w.opts.factor()
	positions := w.current.finish(s)
	w.current.toCovariances()
	var (
		each    = 1 / float64(len(w.dMean))
		factor  = each * covarianceFactor(positions, weight, s)
		epsilon = max(w.epsilon, covarianceRounding*each*w.current.Second.Trace())
		by      = w.gradient.matrix
		means   float64
		overlap float64
	)
	w.current.Second.AddDiagonal(float32(epsilon))
	if w.transport == nil {
		by.Clear()
	} else {
		overlap = w.transport.computeMap(p, by, -factor, w.current.Second, epsilon)
	}
	by.AddDiagonal(float32(factor))
	for c, v := range w.current.Mean {
		d := v - w.target.Mean[c]
		means += d * d
		w.dMean[c] = 2 * each * d
	}
	w.gradient.set(w.dMean, w.current.Mean, positions, weight, s)
	return each * (means + w.current.Second.Trace() + w.targetTrace - 2*overlap)
}

// AddGradient implements [Cost].
func (w *Wasserstein) AddGradient(e kernel.Engine, _ int, grad, f *kernel.Tensor, y, x int) {
	w.gradient.add(e, grad, f, w.opts.Guide, y, x)
}

// Work implements [Cost].
func (w *Wasserstein) Work() float64 {
	work := square(len(w.dMean))
	if w.transport != nil {
		work += w.transport.work()
	}
	return work
}
