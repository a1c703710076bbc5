package cost

import "github.com/pastiche-art/pastiche/internal/kernel"

// toCovariances turns the second moments into covariances, S = F Fᵀ/N - mu muᵀ.
func (s *Statistics) toCovariances() {
	for i := range s.Second.Panels() {
		panel := s.Second.Panel(i)
		var columns [kernel.Lanes]float64
		copy(columns[:], s.Mean[i*kernel.Lanes:])
		for r, mean := range s.Mean {
			row := (*[kernel.Lanes]float32)(panel[r*kernel.Lanes:])
			for k := range row {
				row[k] = float32(float64(row[k]) - mean*columns[k])
			}
		}
	}
}

// covarianceGradient is the gradient, with respect to an activation F, of a cost of the
// means and covariances of scale*F. At every position it is matrix F + bias.
type covarianceGradient struct {
	matrix *kernel.Matrix
	bias   []float32
	sums   []float64 // bias before rounding
}

func newCovarianceGradient(channels int) covarianceGradient {
	return covarianceGradient{matrix: kernel.NewMatrix(channels, channels), bias: make([]float32, channels)}
}

// covarianceFactor returns 2 weight scale²/N.
func covarianceFactor(positions int, weight, scale float64) float64 {
	return 2 * weight * scale * scale / float64(positions)
}

// set computes the gradient of weight times the cost,
//
//	dJ/dF = 2 scale²/N dS F + scale/N (dmu - 2 dS mu)
//
// from the gradient dS with respect to the covariances, which the caller has stored in
// matrix, multiplied by covarianceFactor; the gradient dMean with respect to the means;
// the means; and the number of positions.
func (g *covarianceGradient) set(dMean, mean []float64, positions int, weight, scale float64) {
	k := weight * scale / float64(positions)
	g.sums = g.sums[:0]
	for _, d := range dMean {
		g.sums = append(g.sums, k*d)
	}
	for i := range g.matrix.Panels() {
		panel := g.matrix.Panel(i)
		var columns [kernel.Lanes]float64
		copy(columns[:], mean[i*kernel.Lanes:])
		for r := range g.sums {
			row := (*[kernel.Lanes]float32)(panel[r*kernel.Lanes:])
			var sum float64
			for k, v := range row {
				sum += float64(v) * columns[k]
			}
			g.sums[r] -= sum / scale
		}
	}
	for r, sum := range g.sums {
		g.bias[r] = float32(sum)
	}
}

func (g *covarianceGradient) add(e kernel.Engine, grad, f *kernel.Tensor, guide *Guide, y, x int) {
	guide.addProduct(e, grad, g.matrix, f, g.bias, y, x)
}
