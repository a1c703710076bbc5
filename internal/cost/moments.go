package cost

import (
	"math"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// HypercolumnMoments is the [Cost] that STROTSS adds to [RelaxedEMD] (Kolkin et al.
// 2019), because cosines do not compare lengths. With the means mu, D, and covariances
// Sigma, D x D, of the hypercolumns,
//
//	J = mean of |mu - mu*| + mean of |Sigma - Sigma*|
type HypercolumnMoments struct {
	*Hypercolumn
	mean                []float64
	covariance, current *kernel.Matrix
	centred             *kernel.Matrix
}

// NewHypercolumnMoments returns the cost of a hypercolumn against those of the styles,
// T x D. The cost takes ownership of the hypercolumn.
func NewHypercolumnMoments(p *kernel.Pool, h *Hypercolumn, style *kernel.Matrix) *HypercolumnMoments {
	h.check(style)
	d := h.columns.Cols
	t := &HypercolumnMoments{Hypercolumn: h, mean: columnMeans(p, style),
		covariance: kernel.NewMatrix(d, d), current: kernel.NewMatrix(d, d), centred: kernel.NewMatrix(h.columns.Rows, d)}
	centred := copied(style)
	subtract(p, centred, t.mean)
	p.GramOfColumns(t.covariance, centred, 1/float32(style.Rows), 0)
	return t
}

// Evaluate implements [Cost].
func (t *HypercolumnMoments) Evaluate(p *kernel.Pool, weight float64) float64 {
	var (
		x    = t.Columns()
		mean = columnMeans(p, x)
		d, n = float64(t.channels), float64(t.points)
	)
	t.centred.Copy(x)
	subtract(p, t.centred, mean)
	p.GramOfColumns(t.current, t.centred, 1/float32(n), 0)
	t.current.AddScaled(-1, t.covariance)
	covariances := p.SumTasks(t.current.Panels(), func(i int) (sum float64) {
		panel := t.current.Panel(i)
		for j, v := range panel {
			sum += math.Abs(float64(v))
			panel[j] = sign(v)
		}
		return sum
	})
	// Sigma = (x - mu)ᵀ(x - mu)/n, and the centered rows have mean zero, so the
	// gradient of Sigma with respect to mu is zero.
	var means float64
	bias := make([]float64, len(mean))
	for c, v := range mean {
		off := v - t.mean[c]
		means += math.Abs(off)
		bias[c] = -weight / (d * n) * float64(sign(float32(off)))
	}
	gradient := t.Gradient()
	p.Multiply(gradient, t.centred, t.current)
	gradient.Scale(float32(2 * weight / (d * d * n)))
	subtract(p, gradient, bias)
	return means/d + covariances/(d*d)
}

// Work implements [Cost].
func (t *HypercolumnMoments) Work() float64 { return 2 * float64(t.points) * square(t.columns.Cols) }

// sign returns -1, 0 or 1, or NaN for NaN.
func sign(v float32) float32 {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return v
}
