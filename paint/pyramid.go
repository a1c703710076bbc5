package paint

import (
	"image"

	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/internal/masking"
	"github.com/pastiche-art/pastiche/internal/optim"
)

// A pyramid represents a canvas as a sum of levels, each half as wide and as high as
// the one before, upsampled to the size of the canvas: the Laplacian pyramid (Burt and
// Adelson 1983), whose levels STROTSS and NNST optimize instead of pixels. An optimizer
// that moves all variables by about the same amount then changes large areas as easily
// as single pixels.
type pyramid struct {
	pool  *kernel.Pool
	sizes []image.Point // beginning with the canvas
	// Interpolations from each level to the one before, along rows and along columns.
	columns, rows [][]interpolation
	// The sum of each level, except the first, and the upsampled smaller levels.
	sums   [][]float32
	narrow []float32 // a level upsampled along rows only
}

// interpolation is a linear interpolation between two positions.
type interpolation struct {
	first, second int
	share         float32 // weight of the second
}

// newPyramid returns a pyramid over a canvas of h x w with the given number of levels,
// or as many as there are pixels for.
func newPyramid(p *kernel.Pool, h, w, levels int) *pyramid {
	t := &pyramid{pool: p, sizes: []image.Point{{X: w, Y: h}}}
	for len(t.sizes) < levels {
		from := t.sizes[len(t.sizes)-1]
		if from.X == 1 && from.Y == 1 {
			break
		}
		to := image.Pt((from.X+1)/2, (from.Y+1)/2)
		t.sizes = append(t.sizes, to)
		t.columns = append(t.columns, interpolate(to.X, from.X))
		t.rows = append(t.rows, interpolate(to.Y, from.Y))
	}
	t.sums = make([][]float32, len(t.sizes))
	for i, size := range t.sizes[1:] {
		t.sums[i+1] = make([]float32, colors*size.X*size.Y)
	}
	t.narrow = make([]float32, colors*((h+1)/2)*w)
	return t
}

// pyramidBytes returns two sizes in bytes, for a pyramid over a canvas of h x w:
// variables for its levels, and room for its buffers. The buffers hold the sums of all
// levels but the first, and one level that is upsampled along its rows.
func pyramidBytes(h, w, levels int) (variables, room int64) {
	first := planes(colors, h, w)
	room = planes(colors, (h+1)/2, w)
	for ; levels > 0; levels-- {
		variables += planes(colors, h, w)
		if h == 1 && w == 1 {
			break
		}
		h, w = (h+1)/2, (w+1)/2
	}
	return variables, variables - first + room
}

// interpolate returns the bilinear interpolation from n values to m. The end values are
// replicated.
func interpolate(n, m int) []interpolation {
	along := make([]interpolation, m)
	for i := range along {
		at := min(max((float64(i)+0.5)*float64(n)/float64(m)-0.5, 0), float64(n-1))
		first := int(at)
		along[i] = interpolation{first, min(first+1, n-1), float32(at - float64(first))}
	}
	return along
}

// length returns the number of variables.
func (t *pyramid) length() (n int) {
	for _, size := range t.sizes {
		n += colors * size.X * size.Y
	}
	return n
}

// levels returns the variables by level.
func (t *pyramid) levels(variables []float32) [][]float32 {
	levels := make([][]float32, len(t.sizes))
	for i, size := range t.sizes {
		n := colors * size.X * size.Y
		levels[i], variables = variables[:n], variables[n:]
	}
	return levels
}

// analyse computes the levels of a canvas. A level is what upsampling the next smaller
// level leaves over. compose is the inverse of analyse, up to rounding.
func (t *pyramid) analyse(variables, canvas []float32) {
	levels := t.levels(variables)
	copy(levels[0], canvas)
	for i, size := range t.sizes[1:] {
		from := t.sizes[i]
		for c := range colors {
			plane := masking.Mask{W: from.X, H: from.Y, Weight: levels[i][c*from.X*from.Y:][:from.X*from.Y]}
			copy(levels[i+1][c*size.X*size.Y:], plane.Resize(size.X, size.Y).Weight)
		}
	}
	for i := range t.sizes[1:] {
		t.addUpsampled(levels[i], levels[i+1], i, -1)
	}
}

// compose computes the canvas from the variables.
func (t *pyramid) compose(canvas, variables []float32) {
	t.sums[0] = canvas
	for i, level := range t.levels(variables) {
		copy(t.sums[i], level)
	}
	for i := len(t.sums) - 2; i >= 0; i-- {
		t.addUpsampled(t.sums[i], t.sums[i+1], i, 1)
	}
}

// backward is the transpose of compose. The first level of gradient is the gradient
// with respect to the canvas; backward computes the other levels.
func (t *pyramid) backward(gradient []float32) {
	levels := t.levels(gradient)
	for i := range t.sizes[1:] {
		t.upsampleBackward(levels[i+1], levels[i], i)
	}
}

// addUpsampled adds level i+1, upsampled and multiplied by a factor, to dst, which has
// the size of level i.
func (t *pyramid) addUpsampled(dst, src []float32, i int, factor float32) {
	to, from := t.sizes[i], t.sizes[i+1]
	narrow := t.narrow[:colors*from.Y*to.X]
	t.pool.Run(colors*from.Y, func(_, row int) {
		line, out := src[row*from.X:][:from.X], narrow[row*to.X:][:to.X]
		for x, at := range t.columns[i] {
			out[x] = line[at.first] + at.share*(line[at.second]-line[at.first])
		}
	})
	t.pool.Run(colors*to.Y, func(_, row int) {
		plane, at := row/to.Y*from.Y, t.rows[i][row%to.Y]
		a, b := narrow[(plane+at.first)*to.X:][:to.X], narrow[(plane+at.second)*to.X:][:to.X]
		for x := range to.X {
			dst[row*to.X+x] += factor * (a[x] + at.share*(b[x]-a[x]))
		}
	})
}

// upsampleBackward is the transpose of addUpsampled: dst has the size of level i+1, src
// that of level i.
func (t *pyramid) upsampleBackward(dst, src []float32, i int) {
	from, to := t.sizes[i], t.sizes[i+1]
	narrow := t.narrow[:colors*to.Y*from.X]
	t.pool.Run(colors, func(_, c int) {
		out := narrow[c*to.Y*from.X:][:to.Y*from.X]
		clear(out)
		for y, at := range t.rows[i] {
			line := src[(c*from.Y+y)*from.X:][:from.X]
			a, b := out[at.first*from.X:][:from.X], out[at.second*from.X:][:from.X]
			for x, v := range line {
				a[x] += (1 - at.share) * v
			}
			for x, v := range line {
				b[x] += at.share * v
			}
		}
	})
	t.pool.Run(colors*to.Y, func(_, row int) {
		line, out := narrow[row*from.X:][:from.X], dst[row*to.X:][:to.X]
		clear(out)
		for x, at := range t.columns[i] {
			out[at.first] += (1 - at.share) * line[x]
			out[at.second] += at.share * line[x]
		}
	})
}

// objective turns an objective of the canvas into one of the variables. keep may change
// the composed canvas before it is evaluated.
func (t *pyramid) objective(canvas []float32, of optim.Objective, blendKept func(canvas []float32)) optim.Objective {
	return func(x, gradient []float32) float64 {
		t.compose(canvas, x)
		blendKept(canvas)
		cost := of(canvas, gradient[:len(canvas)])
		t.backward(gradient)
		return cost
	}
}
