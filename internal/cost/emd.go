package cost

import "github.com/pastiche-art/pastiche/internal/kernel"

// RelaxedEMD is the style [Cost] of STROTSS (Kolkin, Salavon and Shakhnarovich 2019,
// arXiv 1904.12785): a lower bound of the earth mover's distance between the S
// hypercolumns x of the picture and the T hypercolumns s of the style,
//
//	J = max(1/S sum over x of min over s of d,  1/T sum over s of min over x of d)
//	d = 1 - x·s/(|x| |s|)
//
// The gradient treats the minima as constant, which is exact where they are unique. The
// matrix of distances is never stored: it is computed twice, by rows and by columns.
type RelaxedEMD struct {
	*Hypercolumn
	style      directions
	picture    directions
	inverse    []float64
	toStyle    []int32   // the nearest s of each x
	toPicture  []int32   // the nearest x of each s
	rows, cols []float64 // the cosines with those
	scratch    []float64
}

// NewRelaxedEMD returns the cost of a hypercolumn against those of the styles, T x D.
// The cost takes ownership of the hypercolumn.
func NewRelaxedEMD(p *kernel.Pool, h *Hypercolumn, style *kernel.Matrix) *RelaxedEMD {
	h.check(style)
	s, d := h.columns.Rows, h.columns.Cols
	return &RelaxedEMD{Hypercolumn: h, style: newDirections(p, style, nil),
		picture: directions{kernel.NewMatrix(s, d), kernel.NewMatrix(d, s)},
		inverse: make([]float64, s), toStyle: make([]int32, s), toPicture: make([]int32, style.Rows),
		rows: make([]float64, s), cols: make([]float64, style.Rows), scratch: make([]float64, s)}
}

// Evaluate implements [Cost].
func (t *RelaxedEMD) Evaluate(p *kernel.Pool, weight float64) float64 {
	t.picture.rows.Copy(t.Columns())
	normalise(p, t.picture.rows, t.inverse)
	p.Transpose(t.picture.columns, t.picture.rows)
	p.ArgmaxProduct(t.toStyle, t.picture.rows, t.style.columns)
	p.ArgmaxProduct(t.toPicture, t.style.rows, t.picture.columns)
	rowProducts(p, t.rows, t.picture.rows, t.style.rows, t.toStyle)
	rowProducts(p, t.cols, t.style.rows, t.picture.rows, t.toPicture)
	rows, cols := 1-meanOf(t.rows), 1-meanOf(t.cols)
	gradient := t.Gradient()
	if rows >= cols {
		gather(p, gradient, t.style.rows, t.toStyle, 1/float32(len(t.toStyle)))
	} else {
		scatterAdd(p, gradient, t.style.rows, t.toPicture, 1/float32(len(t.toPicture)))
	}
	normaliseBackward(p, gradient, t.picture.rows, t.inverse, t.scratch, -weight, nil)
	return max(rows, cols)
}

// Work implements [Cost].
func (t *RelaxedEMD) Work() float64 {
	return 2 * float64(t.style.rows.Rows) * float64(t.points) * float64(t.columns.Cols)
}
