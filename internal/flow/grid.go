package flow

import "github.com/pastiche-art/pastiche/internal/kernel"

// border is the number of pixels around a plane. A patch of eight pixels that lies wholly
// outside the frame still reads pixels of the border.
const border = 2 * kernel.PatchSize

// A grid is the layout of a plane: h rows of w pixels, with a border on all sides.
type grid struct{ w, h, stride int }

func newGrid(w, h int) grid { return grid{w: w, h: h, stride: w + 2*border} }

// size is the number of elements of a plane.
func (g grid) size() int { return g.stride * (g.h + 2*border) }

// at is the index of the pixel in row y and column x, both at least -border.
func (g grid) at(y, x int) int { return (y+border)*g.stride + border + x }

// row returns row y of a plane, with more pixels of the border on each side.
func (g grid) row(plane []float32, y, more int) []float32 {
	return plane[g.at(y, -more):][:g.w+2*more]
}

// inside reports whether a point lies in the frame.
func (g grid) inside(x, y float32) bool {
	return x >= 0 && y >= 0 && x <= float32(g.w-1) && y <= float32(g.h-1)
}

// rowsPerTask is the number of rows of a plane in one task of the worker pool.
const rowsPerTask = 8

// eachRow calls do for each row of a plane and n rows of the border above and below, on
// all workers.
func (g grid) eachRow(pool *kernel.Pool, n int, do func(y int)) {
	rows := g.h + 2*n
	pool.Run((rows+rowsPerTask-1)/rowsPerTask, func(_, task int) {
		for y := task * rowsPerTask; y < min((task+1)*rowsPerTask, rows); y++ {
			do(y - n)
		}
	})
}

// extend copies the pixels at the edges of a plane to n pixels of the border.
func (g grid) extend(plane []float32, n int) {
	for y := range g.h {
		row := g.row(plane, y, n)
		for x := range n {
			row[x], row[n+g.w+x] = row[n], row[n+g.w-1]
		}
	}
	for y := range n {
		copy(g.row(plane, -1-y, n), g.row(plane, 0, n))
		copy(g.row(plane, g.h+y, n), g.row(plane, g.h-1, n))
	}
}

// reduce computes a plane of half the size, rounded up, from an extended one. It filters
// with the binomial weights 1, 3, 3, 1 in both directions, so that pixel (x, y) of dst
// lies between pixels 2x and 2x+1, 2y and 2y+1 of src.
func reduce(pool *kernel.Pool, dst []float32, to grid, src []float32, from grid) {
	to.eachRow(pool, 0, func(y int) {
		row := to.row(dst, y, 0)
		for i := range 4 {
			weight := binomial[i] / 64
			line := src[from.at(2*y-1+i, -1):]
			for x := range row {
				in := (*[4]float32)(line[2*x:])
				v := weight * ((in[0] + in[3]) + 3*(in[1]+in[2]))
				if i == 0 {
					row[x] = v
				} else {
					row[x] += v
				}
			}
		}
	})
}

var binomial = [4]float32{1, 3, 3, 1}

// clamp limits v to [low, high]. It returns low where v is NaN.
func clamp(v, low, high float32) float32 {
	if !(v > low) {
		return low
	}
	return min(v, high)
}
