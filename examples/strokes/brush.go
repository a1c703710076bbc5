package main

import (
	"math"
	"math/rand/v2"
)

// A stroke is one pull of a flat brush that was dipped in two paints.
type stroke struct {
	path    []point
	width   float64
	paint   colour
	second  colour  // streaks of it run through paint
	body    float64 // how thick the paint lies, in cells
	opacity float64
}

// bristles is how many hairs lie side by side in a brush.
const bristles = 9

// pull draws s. Seen along the path the hairs leave grooves and streaks, set
// down and lift at slightly different places, and push a rim of paint to both
// sides.
func (c *canvas) pull(rng *rand.Rand, s stroke) {
	half := s.width / 2
	hairs := noise(rng.Uint64())
	x0, y0, x1, y1 := c.bounds(s.path, half)
	if x0 >= x1 || y0 >= y1 {
		return
	}
	length := 0.
	for i := 1; i < len(s.path); i++ {
		length += s.path[i-1].distance(s.path[i])
	}
	length = max(length, c.cell())
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			i := y*c.width + x
			along, side, ok := nearest(s.path, c.centre(i), half)
			if !ok {
				continue
			}
			side /= half // -1..1 over the brush
			hair := hairs.at(side*bristles/2, 3*along/length)
			// each hair sets down and lifts within the brush's own half width
			ragged := half * (0.2 + 0.8*hairs.at(side*bristles, 50))
			ends := smooth(-half, -half+ragged, along) * smooth(length+half, length+half-ragged-half*hair, along)
			opacity := s.opacity * ends * smooth(1, 0.8, math.Abs(side))
			if opacity <= 0 {
				continue
			}
			rim := smooth(0.45, 0.85, math.Abs(side))
			paint := mix(s.paint, s.second, smooth(0.45, 0.8, hair)).plus(0.10 * (hairs.at(side*bristles, 2*along/length) - 0.5))
			c.cover(i, paint, opacity)
			c.thickness[i] += opacity * (s.body*(0.55+0.5*hair+0.35*rim) - c.thickness[i]*0.8)
		}
	}
}

// bounds are the cells that path, widened by margin, can touch.
func (c *canvas) bounds(path []point, margin float64) (x0, y0, x1, y1 int) {
	lo, hi := path[0], path[0]
	for _, p := range path[1:] {
		lo.x, lo.y = min(lo.x, p.x), min(lo.y, p.y)
		hi.x, hi.y = max(hi.x, p.x), max(hi.y, p.y)
	}
	at := func(v float64, limit int) int { return int(clamp(math.Floor(v/c.cell()), 0, float64(limit))) }
	return at(lo.x-margin, c.width), at(lo.y-margin, c.height),
		at(hi.x+margin+c.cell(), c.width), at(hi.y+margin+c.cell(), c.height)
}

// nearest says where p lies beside path: how far along it (before 0 and past
// the length beyond its ends) and how far to its side (positive on the right
// hand). It is false for a point further than reach from all of the path.
func nearest(path []point, p point, reach float64) (along, side float64, ok bool) {
	best, done := reach, 0.
	for i := 1; i < len(path); i++ {
		a, b := path[i-1], path[i]
		d, v := a.to(b), a.to(p)
		l := hypot(d.x, d.y)
		d.x, d.y = d.x/l, d.y/l
		t, s := d.x*v.x+d.y*v.y, d.x*v.y-d.y*v.x
		off := 0. // beyond the segment's ends
		switch {
		case t < 0:
			off = -t
		case t > l:
			off = t - l
		}
		if r := hypot(off, s); r < best {
			best, ok = r, true
			along, side = done+t, s
			if t < 0 && i > 1 || t > l && i < len(path)-1 { // round an inner corner
				along, side = done+clamp(t, 0, l), math.Copysign(r, s)
			}
		}
		done += l
	}
	return along, side, ok
}
