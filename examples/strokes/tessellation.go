package main

import "math"

// A tessellation cuts the plane into cells: each point belongs to the nearest
// site of a jittered grid.
type tessellation struct {
	seed noise
	size float64 // mean side of a cell
}

// A polygon is one cell of a tessellation, seen from a point in it.
type polygon struct {
	site point   // the cell's middle
	id   float64 // random from 0 to 1, the same for all points of the cell
	edge float64 // how far the point is from the cell's border
}

// at returns the cell that p lies in.
func (t tessellation) at(p point) polygon {
	const reach = 2 // the nearest sites are never further than this many cells
	i0, j0 := int64(math.Floor(p.x/t.size)), int64(math.Floor(p.y/t.size))
	var near, next point
	var id float64
	best, second := math.Inf(1), math.Inf(1)
	for j := j0 - reach; j <= j0+reach; j++ {
		for i := i0 - reach; i <= i0+reach; i++ {
			site := point{t.size * (float64(i) + t.seed.knot(i, j)), t.size * (float64(j) + (t.seed+1).knot(i, j))}
			switch d := p.distance(site); {
			case d < best:
				best, second, near, next, id = d, best, site, near, (t.seed+2).knot(i, j)
			case d < second:
				second, next = d, site
			}
		}
	}
	return polygon{near, id, (sq(second) - sq(best)) / (2 * near.distance(next))}
}
