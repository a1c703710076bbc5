package flow

import "fmt"

// A Field is dense optical flow: for each pixel of a frame, the displacement in pixels to
// the matching point of another frame. The pixel in column x and row y moves to
// (x+U[i], y+V[i]), where i is y*Width + x.
type Field struct {
	Width, Height int
	U, V          []float32
}

// NewField returns a field without motion.
func NewField(width, height int) *Field {
	return &Field{Width: width, Height: height, U: make([]float32, width*height), V: make([]float32, width*height)}
}

func (f *Field) check() {
	if n := f.Width * f.Height; f.Width < 1 || f.Height < 1 || len(f.U) != n || len(f.V) != n {
		panic(fmt.Sprintf("flow: a field of %d x %d with %d and %d values", f.Width, f.Height, len(f.U), len(f.V)))
	}
}

// checkSize panics unless something of the named kind has the size of the field.
func (f *Field) checkSize(kind string, width, height int) {
	f.check()
	if f.Width != width || f.Height != height {
		panic(fmt.Sprintf("flow: a field of %d x %d for a %s of %d x %d", f.Width, f.Height, kind, width, height))
	}
}
