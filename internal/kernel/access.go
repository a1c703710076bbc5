package kernel

// Lanes is the number of columns of a matrix that lie side by side in memory.
const Lanes = lane

// Panels returns the number of panels of sixteen columns.
func (m *Matrix) Panels() int { return (m.Cols + lane - 1) / lane }

// Panel returns the values of a panel of sixteen columns, [Rows][16]. They are
// those of the matrix itself. Columns beyond Cols are zero, and are to stay so.
func (m *Matrix) Panel(panel int) []float32 {
	return m.data[panel*m.panel:][:m.Rows*lane]
}

// Clear sets every element to zero.
func (m *Matrix) Clear() { clear(m.data) }
