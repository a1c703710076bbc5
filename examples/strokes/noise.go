package main

import "math"

// A noise is a smooth random function of the plane: value noise on the unit
// grid, 0..1, a different one for each seed.
type noise uint64

// at is the value at (x, y).
func (n noise) at(x, y float64) float64 {
	xf, yf := math.Floor(x), math.Floor(y)
	i, j := int64(xf), int64(yf)
	u, v := ease(x-xf), ease(y-yf)
	a := n.knot(i, j) + u*(n.knot(i+1, j)-n.knot(i, j))
	b := n.knot(i, j+1) + u*(n.knot(i+1, j+1)-n.knot(i, j+1))
	return a + v*(b-a)
}

// fractal sums octaves of at, each twice as fine and half as strong, and
// centres the sum: about -1..1.
func (n noise) fractal(x, y float64, octaves int) float64 {
	sum, gain, total := 0., 1., 0.
	for range octaves {
		sum += gain * (2*n.at(x, y) - 1)
		total += gain
		x, y, gain = 2*x+17.3, 2*y+5.9, gain/2 // the shifts keep the octaves' grids apart
	}
	return sum / total * 1.6 // sums of value noise crowd the middle
}

// knot is the random value at a corner of the grid: SplitMix64's finaliser
// over the corner's coordinates.
func (n noise) knot(i, j int64) float64 {
	z := uint64(n)*0x9e3779b97f4a7c15 + uint64(i)*0xbf58476d1ce4e5b9 + uint64(j)*0x94d049bb133111eb
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return float64((z^z>>31)>>11) / (1 << 53)
}
