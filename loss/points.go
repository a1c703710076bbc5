package loss

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// A Point is a place in a picture, whatever its size: (0, 0) is the upper left
// corner of its first pixel and (1, 1) the lower right corner of its last. The
// position in row r of a map of h rows has its centre at Y = (r + 1/2)/h.
type Point struct{ Y, X float64 }

// Grid returns the centres of h x w cells, row by row.
func Grid(h, w int) []Point { return Lattice(h, w, 1, 0, 0) }

// Lattice returns the centres of every stride-th of h x w cells in both
// directions, row by row, from an offset on that depends on a seed and a step
// (Kolkin et al. 2022 look at a layer so in their feature splitting).
func Lattice(h, w, stride int, seed, step uint64) []Point {
	if h < 1 || w < 1 || stride < 1 {
		panic(fmt.Sprintf("loss: every %d of %d x %d cells", stride, h, w))
	}
	r := rand.NewPCG(seed, step)
	top, left := int(uniform(r)*float64(min(stride, h))), int(uniform(r)*float64(min(stride, w)))
	var points []Point
	for y := top; y < h; y += stride {
		for x := left; x < w; x += stride {
			points = append(points, centre(y, x, h, w))
		}
	}
	return points
}

func centre(y, x, h, w int) Point {
	return Point{(float64(y) + 0.5) / float64(h), (float64(x) + 0.5) / float64(w)}
}

// Scatter returns n points that are spread over a picture at random, the same
// ones for the same seed and step (Kolkin et al. 2019 take 1024).
func Scatter(n int, seed, step uint64) []Point { return (*Guide)(nil).Scatter(n, seed, step) }

// Scatter returns n centres of positions of the guide's layer, drawn with
// probabilities in proportion to T², or, without a guide, n points from anywhere.
func (g *Guide) Scatter(n int, seed, step uint64) []Point {
	r, points := rand.NewPCG(seed, step), make([]Point, n)
	if g == nil {
		for i := range points {
			points[i] = Point{uniform(r), uniform(r)}
		}
		return points
	}
	var total float64
	upTo := make([]float64, len(g.square.Values))
	for i, v := range g.square.Values {
		total += float64(v)
		upTo[i] = total
	}
	for i := range points {
		// The first position whose share ends above the draw has one.
		at, _ := slices.BinarySearchFunc(upTo, uniform(r)*total, func(end, draw float64) int {
			if end > draw {
				return 1
			}
			return -1
		})
		points[i] = centre(at/g.square.W, at%g.square.W, g.square.H, g.square.W)
	}
	return points
}

// Places returns the centres of the positions of the guide's layer that it points
// at, row by row, and their shares T², which add up to 1.
func (g *Guide) Places() (at []Point, shares []float64) {
	var total float64
	for i, v := range g.square.Values {
		if v > 0 {
			at = append(at, centre(i/g.square.W, i%g.square.W, g.square.H, g.square.W))
			shares = append(shares, float64(v))
			total += float64(v)
		}
	}
	for i := range shares {
		shares[i] /= total
	}
	return at, shares
}

// uniform returns a number in [0, 1) with 53 random bits.
func uniform(r *rand.PCG) float64 { return float64(r.Uint64()>>11) / (1 << 53) }

// corners are the four positions of a map around a point, and the bilinear
// weights of the value between them.
type corners [4]struct {
	y, x   int32
	weight float32
}

// around returns the corners of a point in a map of h x w. A point beyond the
// centres of the outermost positions has the values of these.
func (at Point) around(h, w int, scale float64) (c corners) {
	y, fy := between(at.Y, h)
	x, fx := between(at.X, w)
	for i := range c {
		down, right := i/2, i%2
		c[i].y, c[i].x = int32(min(y+down, h-1)), int32(min(x+right, w-1))
		wy, wx := 1-fy, 1-fx
		if down == 1 {
			wy = fy
		}
		if right == 1 {
			wx = fx
		}
		c[i].weight = float32(scale * wy * wx)
	}
	return c
}

// between returns the position whose centre lies before a coordinate, among n,
// and how far the coordinate is on the way to the next.
func between(at float64, n int) (first int, fraction float64) {
	v := min(max(at*float64(n)-0.5, 0), float64(n-1))
	first = int(v)
	return first, v - float64(first)
}
