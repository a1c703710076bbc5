package kernel

import "fmt"

// A Matrix is a dense matrix, stored [columns/16][rows][16], like a feature map with a
// position for each row. Create it with [NewMatrix].
type Matrix struct {
	Rows, Cols int
	panel      int // elements from one panel of sixteen columns to the next
	data       []float32
}

// NewMatrix returns a zero matrix of rows x cols.
func NewMatrix(rows, cols int) *Matrix {
	if rows <= 0 || cols <= 0 {
		panic(fmt.Sprintf("kernel: matrix of %d x %d", rows, cols))
	}
	// Rows are rounded up like the channels of a tensor, so that a matrix of
	// C rows multiplies feature maps of C channels.
	panel := (roundUp(rows, lanes) + slack) * lanes
	return &Matrix{Rows: rows, Cols: cols, panel: panel,
		data: alignedFloats(roundUp(cols, lanes) / lanes * panel)}
}

// FromRows returns a matrix with the values of data, rows x cols in row-major
// order.
func FromRows(rows, cols int, data []float32) *Matrix {
	if len(data) != rows*cols {
		panic(fmt.Sprintf("kernel: %d values for a matrix of %d x %d", len(data), rows, cols))
	}
	m := NewMatrix(rows, cols)
	for r := range rows {
		for c := range cols {
			m.data[m.index(r, c)] = data[r*cols+c]
		}
	}
	return m
}

// RowMajor returns the values of m, Rows x Cols in row-major order.
func (m *Matrix) RowMajor() []float32 {
	data := make([]float32, m.Rows*m.Cols)
	for r := range m.Rows {
		for c := range m.Cols {
			data[r*m.Cols+c] = m.data[m.index(r, c)]
		}
	}
	return data
}

// At returns the element in row r and column c.
func (m *Matrix) At(r, c int) float32 { return m.data[m.index(r, c)] }

// Set sets the element in row r and column c to v.
func (m *Matrix) Set(r, c int, v float32) { m.data[m.index(r, c)] = v }

// Copy copies the elements of src, which has the shape of m.
func (m *Matrix) Copy(src *Matrix) {
	m.sameShape(src)
	copy(m.data, src.data)
}

// CopyRow copies row from of src to row r of m. Both have the same number of columns.
func (m *Matrix) CopyRow(r int, src *Matrix, from int) {
	if m.Cols != src.Cols {
		panic(fmt.Sprintf("kernel: a row of %d columns for one of %d", src.Cols, m.Cols))
	}
	for c := 0; c < m.Cols; c += lanes {
		copy(m.data[m.index(r, c):][:lanes], src.data[src.index(from, c):][:lanes])
	}
}

// Scale multiplies every element by s.
func (m *Matrix) Scale(s float32) {
	for i := range m.data {
		m.data[i] *= s
	}
}

// AddScaled adds s times src, which has the shape of m, to m.
func (m *Matrix) AddScaled(s float32, src *Matrix) {
	m.sameShape(src)
	for i, v := range src.data {
		m.data[i] += s * v
	}
}

// AddDiagonal adds s to every element of the diagonal.
func (m *Matrix) AddDiagonal(s float32) {
	for i := range min(m.Rows, m.Cols) {
		m.data[m.index(i, i)] += s
	}
}

// Dot returns the sum of the products of corresponding elements of m and n, which have
// the same shape. It equals the trace of mᵀ n.
func (m *Matrix) Dot(n *Matrix) float64 {
	m.sameShape(n)
	var sum float64
	for c := range m.Cols {
		lo := m.index(0, c)
		for i := lo; i < lo+m.Rows*lanes; i += lanes {
			sum += float64(m.data[i]) * float64(n.data[i])
		}
	}
	return sum
}

// Trace returns the sum of the diagonal.
func (m *Matrix) Trace() float64 {
	var sum float64
	for i := range min(m.Rows, m.Cols) {
		sum += float64(m.data[m.index(i, i)])
	}
	return sum
}

func (m *Matrix) index(r, c int) int { return c/lanes*m.panel + r*lanes + c%lanes }

func (m *Matrix) sameShape(n *Matrix) {
	if m.Rows != n.Rows || m.Cols != n.Cols {
		panic(fmt.Sprintf("kernel: matrices of %d x %d and %d x %d", m.Rows, m.Cols, n.Rows, n.Cols))
	}
}

// Lanes is the number of adjacent columns in a panel of a matrix.
const Lanes = lanes

// Panels returns the number of panels of sixteen columns.
func (m *Matrix) Panels() int { return (m.Cols + lanes - 1) / lanes }

// Panel returns the values of a panel of sixteen columns, [Rows][16]. The slice shares
// the memory of the matrix. Columns beyond Cols are zero and must stay zero.
func (m *Matrix) Panel(panel int) []float32 {
	return m.data[panel*m.panel:][:m.Rows*lanes]
}

// Clear sets every element to zero.
func (m *Matrix) Clear() { clear(m.data) }
