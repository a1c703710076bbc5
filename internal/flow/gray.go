package flow

import "fmt"

// A Gray is a frame of brightness levels, 0 (black) to 255 (white), Height rows of Width.
type Gray struct {
	Width, Height int
	Levels        []float32
}

// NewGray returns the luma (ITU-R BT.601) of a picture. rgb is 3 x height x width levels,
// 0 to 255. NewGray panics where rgb has another size, or is empty.
func NewGray(rgb []float32, width, height int) *Gray {
	n := width * height
	if width < 1 || height < 1 || len(rgb) != 3*n {
		panic(fmt.Sprintf("flow: a picture of %d x %d with %d values", width, height, len(rgb)))
	}
	g := &Gray{Width: width, Height: height, Levels: make([]float32, n)}
	for i := range g.Levels {
		g.Levels[i] = 0.299*rgb[i] + 0.587*rgb[n+i] + 0.114*rgb[2*n+i]
	}
	return g
}

func (g *Gray) check() {
	if g.Width < 1 || g.Height < 1 || len(g.Levels) != g.Width*g.Height {
		panic(fmt.Sprintf("flow: a frame of %d x %d with %d values", g.Width, g.Height, len(g.Levels)))
	}
}

// checkPair panics unless two frames have the same size.
func checkPair(from, to *Gray) {
	from.check()
	to.check()
	if from.Width != to.Width || from.Height != to.Height {
		panic(fmt.Sprintf("flow: frames of %d x %d and %d x %d", from.Width, from.Height, to.Width, to.Height))
	}
}
