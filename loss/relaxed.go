package loss

import (
	"math"

	"github.com/pastiche-art/pastiche/kernel"
)

// RelaxedEMD is the [Joint] cost of STROTSS (Kolkin, Salavon and Shakhnarovich
// 2019, arXiv 1904.12785), a lower bound of the earth mover's
// distance between the hypercolumns x of the picture, S, and s of the style, T:
//
//	J = max(1/S sum over x of min over s of d,  1/T sum over s of min over x of d)
//	d = 1 - x·s/(|x| |s|)
//
// The gradient is that with the choices held constant, as it is where they are
// unique. The matrix of distances never exists; it is computed twice, by rows and
// by columns.
type RelaxedEMD struct {
	*Hypercolumn
	weight           float64
	style            directions
	picture          directions
	inverse          []float64
	toStyle          []int32   // of each x the nearest s
	toPicture        []int32   // of each s the nearest x
	rows, cols, room []float64 // cosines with these
}

// NewRelaxedEMD returns the cost of a hypercolumn against those of the styles,
// T x D, with a weight. The hypercolumn is the cost's from then on.
func NewRelaxedEMD(p *kernel.Pool, h *Hypercolumn, style *kernel.Matrix, weight float64) *RelaxedEMD {
	h.check(style, true)
	s, d := h.columns.Rows, h.columns.Cols
	return &RelaxedEMD{Hypercolumn: h, weight: weight, style: newDirections(p, style, false),
		picture: directions{kernel.NewMatrix(s, d), kernel.NewMatrix(d, s)},
		inverse: make([]float64, s), toStyle: make([]int32, s), toPicture: make([]int32, style.Rows),
		rows: make([]float64, s), cols: make([]float64, style.Rows), room: make([]float64, s)}
}

// Evaluate implements [Joint].
func (t *RelaxedEMD) Evaluate(p *kernel.Pool) float64 {
	t.picture.along.Copy(t.Columns())
	normalise(p, t.picture.along, t.inverse)
	p.Transpose(t.picture.across, t.picture.along)
	p.Greatest(t.toStyle, t.picture.along, t.style.across)
	p.Greatest(t.toPicture, t.style.along, t.picture.across)
	rowProducts(p, t.rows, t.picture.along, t.style.along, t.toStyle)
	rowProducts(p, t.cols, t.style.along, t.picture.along, t.toPicture)
	rows, cols := 1-meanOf(t.rows), 1-meanOf(t.cols)
	pull := t.Gradient()
	if rows >= cols {
		gather(p, pull, t.style.along, t.toStyle, 1/float32(len(t.toStyle)))
	} else {
		scatter(p, pull, t.style.along, t.toPicture, 1/float32(len(t.toPicture)))
	}
	throughLengths(p, pull, t.picture.along, t.inverse, t.room, t.weight, nil)
	return max(rows, cols)
}

// HypercolumnMoments is the [Joint] cost that goes with [RelaxedEMD] in STROTSS
// (Kolkin et al. 2019), because cosines say nothing of lengths. With
// the means mu, D, and covariances Sigma, D x D, of the hypercolumns,
//
//	J = mean of |mu - mu*| + mean of |Sigma - Sigma*|
type HypercolumnMoments struct {
	*Hypercolumn
	weight              float64
	mean                []float64
	covariance, current *kernel.Matrix
	centred             *kernel.Matrix
}

// NewHypercolumnMoments returns the cost of a hypercolumn against those of the
// styles, T x D, with a weight. The hypercolumn is the cost's from then on.
func NewHypercolumnMoments(p *kernel.Pool, h *Hypercolumn, style *kernel.Matrix, weight float64) *HypercolumnMoments {
	h.check(style, true)
	d := h.columns.Cols
	t := &HypercolumnMoments{Hypercolumn: h, weight: weight, mean: columnMeans(p, style),
		covariance: kernel.NewMatrix(d, d), current: kernel.NewMatrix(d, d), centred: kernel.NewMatrix(h.columns.Rows, d)}
	centred := copied(style)
	subtract(p, centred, t.mean)
	p.GramOfColumns(t.covariance, centred, 1/float32(style.Rows), 0)
	return t
}

// Evaluate implements [Joint].
func (t *HypercolumnMoments) Evaluate(p *kernel.Pool) float64 {
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
	// Sigma = (x - mu)ᵀ(x - mu)/n, and the mean of the centred rows is zero, so
	// that nothing of its gradient goes through mu.
	var means float64
	bias := make([]float64, len(mean))
	for c, v := range mean {
		off := v - t.mean[c]
		means += math.Abs(off)
		bias[c] = -t.weight / (d * n) * float64(sign(float32(off)))
	}
	gradient := t.Gradient()
	p.Multiply(gradient, t.centred, t.current)
	gradient.Scale(float32(2 * t.weight / (d * d * n)))
	subtract(p, gradient, bias)
	return means/d + covariances/(d*d)
}

// sign returns -1, 0 or 1, and what is not a number as it is.
func sign(v float32) float32 {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return v
}
