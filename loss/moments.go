package loss

import "github.com/pastiche-art/pastiche/kernel"

// Moments is the [Term] that compares means mu and covariances S with those of
// the style, each relative to its own size:
//
//	J = |mu - mu*|²/|mu*|² + |S - S*|²/|S*|²
//
// It is the same for activations of any scale, and 2 for an activation without
// mean and variance. Centring keeps the means, which are large because
// activations are not negative, from outweighing the textures.
type Moments struct {
	opts                    Options
	target                  *Statistics // Second holds covariances
	current                 *gathering  // after Evaluate likewise
	meanSquare, covarSquare float64     // of the target
	dMean                   []float64
	gradient                centredGradient
}

// leastSquare keeps the relative cost of a target that is zero finite.
const leastSquare = 1e-20

// NewMoments returns the cost against the statistics of a style.
func NewMoments(style *Statistics, opts Options) *Moments {
	n := len(style.Mean)
	m := &Moments{opts: opts, target: style.scaled(opts.scale()), current: newGathering(n, opts.Guide),
		dMean: make([]float64, n), gradient: newCentredGradient(n)}
	m.target.centre()
	for _, v := range m.target.Mean {
		m.meanSquare += v * v
	}
	m.meanSquare = max(m.meanSquare, leastSquare)
	m.covarSquare = max(m.target.Second.Dot(m.target.Second), leastSquare)
	return m
}

// Observe implements [Term].
func (m *Moments) Observe(p *kernel.Pool, f *kernel.Tensor, y, x int) {
	m.current.gram(p, f, y, x)
	m.current.sums(p, f, y, x)
}

// Evaluate implements [Term].
func (m *Moments) Evaluate(*kernel.Pool) float64 {
	s := m.opts.scale()
	positions := m.current.finish(s)
	m.current.centre()
	var means float64
	for c, v := range m.current.Mean {
		d := v - m.target.Mean[c]
		means += d * d
		m.dMean[c] = 2 * d / m.meanSquare
	}
	by := m.gradient.matrix
	by.Copy(m.current.Second)
	by.AddScaled(-1, m.target.Second)
	covariances := by.Dot(by)
	by.Scale(float32(2 / m.covarSquare * centredFactor(positions, m.opts.Weight, s)))
	m.gradient.set(m.dMean, m.current.Mean, positions, m.opts.Weight, s)
	return means/m.meanSquare + covariances/m.covarSquare
}

// AddGradient implements [Term].
func (m *Moments) AddGradient(p *kernel.Pool, grad, f *kernel.Tensor, y, x int) {
	m.gradient.add(p, grad, f, m.opts.Guide, y, x)
}
