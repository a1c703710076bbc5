package cost

import (
	"math/rand/v2"
	"slices"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// A Point is a place in a picture of any size: (0, 0) is the upper left corner of the
// first pixel and (1, 1) the lower right corner of the last. The center of the position
// in row r of a map of h rows is at Y = (r + 1/2)/h.
type Point struct{ Y, X float64 }

// Grid returns the centers of h x w cells, row by row.
func Grid(h, w int) []Point {
	points := make([]Point, 0, h*w)
	for y := range h {
		for x := range w {
			points = append(points, cellCentre(y, x, h, w))
		}
	}
	return points
}

func cellCentre(y, x, h, w int) Point {
	return Point{(float64(y) + 0.5) / float64(h), (float64(x) + 0.5) / float64(w)}
}

// SamplePoints returns n random points, distributed uniformly over the picture. The
// same seed and step give the same points. (Kolkin et al. 2019 take 1024.)
func SamplePoints(n int, seed, step uint64) []Point {
	return (*Guide)(nil).SamplePoints(n, seed, step)
}

// SamplePoints returns n random centers of positions of the guide's layer, with
// probabilities proportional to T². With a nil guide it returns n points distributed
// uniformly.
func (g *Guide) SamplePoints(n int, seed, step uint64) []Point {
	r, points := rand.NewPCG(seed, step), make([]Point, n)
	if g == nil {
		for i := range points {
			points[i] = Point{uniform(r), uniform(r)}
		}
		return points
	}
	var total float64
	cumulative := make([]float64, len(g.square.Values))
	for i, v := range g.square.Values {
		total += float64(v)
		cumulative[i] = total
	}
	for i := range points {
		// The first position whose cumulative weight exceeds the draw has a positive
		// weight.
		at, _ := slices.BinarySearchFunc(cumulative, uniform(r)*total, func(end, draw float64) int {
			if end > draw {
				return 1
			}
			return -1
		})
		points[i] = cellCentre(at/g.square.W, at%g.square.W, g.square.H, g.square.W)
	}
	return points
}

// WeightedGrid returns the centers of the cells of an h x w grid whose value is
// positive, row by row, and their weights, which are proportional to the squares of the
// values and add up to 1.
func WeightedGrid(h, w int, values []float32) (at []Point, weights []float64) {
	var total float64
	for i, v := range values {
		if v > 0 {
			at = append(at, cellCentre(i/w, i%w, h, w))
			weights = append(weights, float64(v)*float64(v))
			total += float64(v) * float64(v)
		}
	}
	for i := range weights {
		weights[i] /= total
	}
	return at, weights
}

// uniform returns a number in [0, 1) with 53 random bits.
func uniform(r *rand.PCG) float64 { return float64(r.Uint64()>>11) / (1 << 53) }

// corners returns the four positions of a map of h x w around a point, with their
// bilinear weights multiplied by scale. A point beyond the centers of the outermost
// positions takes their values.
func (at Point) corners(h, w int, scale float64) (c kernel.Corners) {
	y, fy := between(at.Y, h)
	x, fx := between(at.X, w)
	for i := range c {
		down, right := i/2, i%2
		c[i].Y, c[i].X = int32(min(y+down, h-1)), int32(min(x+right, w-1))
		wy, wx := 1-fy, 1-fx
		if down == 1 {
			wy = fy
		}
		if right == 1 {
			wx = fx
		}
		c[i].Weight = float32(scale * wy * wx)
	}
	return c
}

// between returns the last of n positions whose center is not after the coordinate at,
// and the fraction of the distance from there to the next.
func between(at float64, n int) (first int, fraction float64) {
	v := min(max(at*float64(n)-0.5, 0), float64(n-1))
	first = int(v)
	return first, v - float64(first)
}
