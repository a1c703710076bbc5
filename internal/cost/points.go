package cost

import (
	"math/rand/v2"
	"slices"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// A Point is a place in a picture, whatever its size: (0, 0) is the upper left
// corner of its first pixel and (1, 1) the lower right corner of its last. The
// position in row r of a map of h rows has its centre at Y = (r + 1/2)/h.
type Point struct{ Y, X float64 }

// Grid returns the centres of h x w cells, row by row.
func Grid(h, w int) []Point {
	points := make([]Point, 0, h*w)
	for y := range h {
		for x := range w {
			points = append(points, centre(y, x, h, w))
		}
	}
	return points
}

func centre(y, x, h, w int) Point {
	return Point{(float64(y) + 0.5) / float64(h), (float64(x) + 0.5) / float64(w)}
}

// SamplePoints returns n points drawn at random from all over a picture, the same
// ones for the same seed and step (Kolkin et al. 2019 take 1024).
func SamplePoints(n int, seed, step uint64) []Point {
	return (*Guide)(nil).SamplePoints(n, seed, step)
}

// SamplePoints returns n centres of positions of the guide's layer, drawn with
// probabilities in proportion to T², or, without a guide, n points from anywhere.
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
		// The first position whose cumulative share is above the draw has a weight.
		at, _ := slices.BinarySearchFunc(cumulative, uniform(r)*total, func(end, draw float64) int {
			if end > draw {
				return 1
			}
			return -1
		})
		points[i] = centre(at/g.square.W, at%g.square.W, g.square.H, g.square.W)
	}
	return points
}

// WeightedGrid returns the centres of those of h x w cells whose value is positive,
// row by row, and their shares, which are in proportion to the squares of the values
// and add up to 1.
func WeightedGrid(h, w int, values []float32) (at []Point, shares []float64) {
	var total float64
	for i, v := range values {
		if v > 0 {
			at = append(at, centre(i/w, i%w, h, w))
			shares = append(shares, float64(v)*float64(v))
			total += float64(v) * float64(v)
		}
	}
	for i := range shares {
		shares[i] /= total
	}
	return at, shares
}

// uniform returns a number in [0, 1) with 53 random bits.
func uniform(r *rand.PCG) float64 { return float64(r.Uint64()>>11) / (1 << 53) }

// corners returns the four positions of a map of h x w around a point, with scale
// times the bilinear weights of the value between them. A point beyond the centres of
// the outermost positions has the values of these.
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

// between returns the position whose centre lies before a coordinate, among n,
// and how far the coordinate is on the way to the next.
func between(at float64, n int) (first int, fraction float64) {
	v := min(max(at*float64(n)-0.5, 0), float64(n-1))
	first = int(v)
	return first, v - float64(first)
}
