package main

import "math"

// A vortex turns the flow around its centre, most strongly at about radius.
type vortex struct {
	centre point
	radius float64
	spin   float64 // of the stream function at the centre; the sign is the sense
}

// A stream is a flow without sources: a wavy wind plus vortices, given by its
// stream function, whose contours are the lines of the flow.
type stream struct {
	wind     float64 // the stream function's slope along y far from all vortices
	waves    noise
	waviness float64
	vortices []vortex
}

// value is the stream function at p.
func (s *stream) value(p point) float64 {
	v := s.wind*p.y + s.waviness*s.waves.fractal(2.2*p.x, 2.2*p.y, 2)
	for _, o := range s.vortices {
		d := p.distance(o.centre) / o.radius
		v += o.spin * math.Exp(-d*d)
	}
	return v
}

// angle is the direction of the flow at p, in radians from the x axis: the
// stream function's gradient, turned by a quarter.
func (s *stream) angle(p point) float64 {
	return across(s.value, p)
}

// across is the direction of f's contour through p, by central differences.
func across(f func(point) float64, p point) float64 {
	const h = 1e-3
	dx := f(point{p.x + h, p.y}) - f(point{p.x - h, p.y})
	dy := f(point{p.x, p.y + h}) - f(point{p.x, p.y - h})
	return math.Atan2(-dx, dy)
}

// trace follows a flow over length in steps. The flow gives the direction at
// a point; where it also says no the path ends, short of that point. The
// first point is p.
func trace(p point, length, step float64, flow func(point) (angle float64, ok bool)) []point {
	path := []point{p}
	angle, _ := flow(p)
	for ; length > 0; length -= step {
		p = p.along(angle, step)
		var ok bool
		if angle, ok = flow(p); !ok {
			break
		}
		path = append(path, p)
	}
	return path
}
