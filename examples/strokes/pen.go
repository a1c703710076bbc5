package main

import (
	"image"
	"math"
	"math/rand/v2"
)

// A mark is how a pen draws at a point.
type mark struct {
	thing  int
	dark   float64 // 0 is bare paper, 1 the densest hatching
	angle  float64 // of the marks
	length float64 // of one; a mark shorter than it is broad is a dot
	broad  float64 // its width
}

// pen draws scene with a reed pen in brown ink: marks that follow the things,
// closer together where it is dark.
func pen(rng *rand.Rand, scene func(point) mark) *canvas {
	const (
		tries  = 34000
		tremor = 0.12 // of the hand, in radians
	)
	seed := rng.Uint64()
	tooth := noise(seed)
	c := newCanvas(hex(0xefe2c4))
	for i := range c.paint {
		p := c.centre(i)
		c.paint[i] = c.paint[i].plus(0.03 * (tooth.fractal(350*p.x, 350*p.y, 1) + tooth.fractal(3*p.x, 3*p.y, 2)))
	}
	inks := newRamp(0x1f120a, 0x3a2212, 0x5f3a1c, 0x8a5a2c)
	for range tries {
		at := point{rng.Float64() * aspect, rng.Float64()}
		m := scene(at)
		if rng.Float64() > m.dark {
			continue
		}
		path := trace(at, m.length*between(rng, 0.6, 1.4), 0.004, func(p point) (float64, bool) {
			s := scene(p)
			return s.angle + tremor*spread(rng), s.thing == m.thing
		})
		c.write(path, m.broad*between(rng, 0.7, 1.3), inks.at(sq(rng.Float64())), 0.9)
	}
	return c
}

// write draws a pen line that is pressed hardest a third of the way along.
func (c *canvas) write(path []point, width float64, ink colour, opacity float64) {
	x0, y0, x1, y1 := c.bounds(path, width)
	if len(path) == 1 {
		path = append(path, point{path[0].x + width/2, path[0].y})
	}
	length := 0.
	for i := 1; i < len(path); i++ {
		length += path[i-1].distance(path[i])
	}
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			i := y*c.width + x
			along, side, ok := nearest(path, c.centre(i), width)
			if !ok {
				continue
			}
			t := clamp(along/length, 0, 1)
			half := width / 2 * (0.45 + 0.55*math.Sin(math.Pi*math.Pow(t, 0.63)))
			over := max(0, -along, along-length)
			c.cover(i, ink, opacity*smooth(half+c.cell(), half-c.cell(), hypot(side, over)))
		}
	}
}

// harvest is a farm with haystacks under a large sun.
func harvest(rng *rand.Rand) image.Image {
	const (
		sky = iota
		sun
		hill
		field
		stubble
		shadow
		wall
		corner
		roof
		eaves
		door
		trunk
		thicket
		tree  = 20 // one thing for each tree, from here on
		stack = 30 // and for each haystack
	)
	seed := rng.Uint64()
	shape := func(k uint64) noise { return noise(seed + k) }
	sunAt := point{0.93, 0.20}
	air := &stream{wind: 0.5, waves: shape(1), waviness: 0.07, vortices: []vortex{
		{point{0.34, 0.16}, 0.13, 0.15}, {point{0.55, 0.26}, 0.09, -0.08}, {point{0.10, 0.30}, 0.10, -0.09},
	}}
	hills := func(x float64) float64 { return 0.43 - 0.045*shape(2).fractal(2.4*x, 0, 3) }
	edge := func(x float64) float64 { return 0.66 + 0.05*math.Sin(2.6*x+1) }
	stacks := []struct {
		foot          point
		width, height float64
	}{{point{0.93, 0.86}, 0.155, 0.27}, {point{0.60, 0.74}, 0.085, 0.15}, {point{1.17, 0.73}, 0.075, 0.13}}
	crowns := []struct {
		at     point
		radius float64
	}{{point{0.13, 0.40}, 0.115}, {point{0.27, 0.46}, 0.065}, {point{0.72, 0.44}, 0.045}, {point{0.80, 0.45}, 0.036}}
	house := point{0.44, 0.50}
	scene := func(p point) mark {
		for k, s := range stacks {
			u, v := (p.x-s.foot.x)/s.width, (s.foot.y-p.y)/s.height
			girth := math.Sqrt(max(0, 1-math.Pow(max(v, 0), 1.5)))
			if v > -0.06*(1-u*u) && v < 1 && math.Abs(u) < girth {
				return mark{stack + k, 0.45 + 0.55*smooth(0.3, -0.8, u/max(girth, 0.1)), math.Pi/2 + 0.9*u*(0.4+v), 0.035, 0.0032}
			}
			if v <= 0 && v > -0.30 && u < 0.75 && u > -2.1 && math.Abs(v+0.13) < 0.14*(1-sq((u+0.7)/1.45)) { // its shadow
				return mark{shadow, 1, 0.25, 0.035, 0.0036}
			}
		}
		for k, t := range crowns {
			r := p.distance(t.at)/t.radius + 0.22*shape(3).fractal(12*p.x, 12*p.y, 2)
			if r < 1 {
				d := t.at.to(p)
				curl := math.Atan2(d.y, d.x) + math.Pi/2 + 2*shape(4).fractal(14*p.x, 14*p.y, 2)
				return mark{tree + k, 0.55 + 0.45*smooth(0.5, -0.7, (d.x-d.y)/t.radius), curl, 0.016, 0.0042}
			}
		}
		if math.Abs(p.x-0.135-0.01*math.Sin(12*p.y)) < 0.012 && p.y > 0.45 && p.y < 0.62 {
			return mark{trunk, 1, math.Pi / 2, 0.03, 0.004}
		}
		d := house.to(p)
		switch {
		case d.within(-0.105, -0.035, 0.105, 0.065):
			if d.within(-0.07, -0.012, -0.045, 0.02) || d.within(0.05, -0.012, 0.075, 0.02) || d.within(-0.015, -0.005, 0.015, 0.065) {
				return mark{door, 1, math.Pi / 2, 0.02, 0.004}
			}
			if math.Abs(d.x) > 0.099 { // corners
				return mark{corner, 1, math.Pi / 2, 0.04, 0.003}
			}
			return mark{wall, 0.15 + 0.6*smooth(0.0, 0.1, d.x), 0.1, 0.02, 0.002}
		case d.y <= -0.035 && d.y > -0.115 && math.Abs(d.x) < 0.125+0.55*(d.y+0.035), d.within(0.045, -0.15, 0.065, -0.06):
			if d.y > -0.046 || d.y < -0.105 { // eaves and ridge
				return mark{eaves, 1, 0, 0.05, 0.0036}
			}
			return mark{roof, 0.9, math.Pi/2 - 0.5, 0.045, 0.0030}
		case p.y > edge(p.x): // stubble: rows of short upright marks
			depth := (p.y - edge(p.x)) / 0.35
			row := math.Sin(2 * math.Pi * (7*math.Sqrt(depth+0.02) + 1.2*p.x + 0.2*shape(5).fractal(3*p.x, 3*p.y, 2)))
			return mark{stubble, 0.15 + 0.75*smooth(-0.1, 0.9, row), -math.Pi/2 + 0.5*shape(6).fractal(3*p.x, 3*p.y, 2), 0.010 + 0.035*depth, 0.0026 + 0.0022*depth}
		case p.y > 0.56-0.02*math.Sin(4*p.x): // fields: furrows that run to the left
			lines := func(q point) float64 { return (q.y - 0.45) / (0.25 + 0.5*math.Abs(q.x+0.6)) }
			return mark{field, 0.20 + 0.5*smooth(0.1, 0.9, math.Sin(150*lines(p))), across(lines, p), 0.035, 0.0026}
		case p.y > hills(p.x):
			lines := func(q point) float64 { return q.y - hills(q.x) + 0.02*shape(7).fractal(9*q.x, 9*q.y, 2) }
			patch := shape(8).at(9*p.x, 22*p.y)
			if patch > 0.55 {
				return mark{thicket, 0.75, math.Pi / 2, 0.010, 0.0028}
			}
			return mark{hill, 0.35, across(lines, p), 0.03, 0.0026}
		}
		r := p.distance(sunAt)
		round := across(func(q point) float64 { return q.distance(sunAt) }, p)
		switch {
		case r < 0.075:
			return mark{sun, 0.25 * smooth(0.04, 0.075, r), round, 0.02, 0.0026}
		case r < 0.30: // rays of dashes
			ring := 0.5 + 0.5*math.Cos(2*math.Pi*r/0.034)
			return mark{sky, (0.12 + 0.55*smooth(0.4, 1, ring)) * smooth(0.33, 0.12, r), round + math.Pi/2, 0.016, 0.0026}
		}
		band := 0.5 + 0.5*math.Sin(95*air.value(p))
		return mark{sky, 0.06 + 0.62*smooth(0.55, 0.95, band)*smooth(0.29, 0.40, r), air.angle(p), 0.030, 0.0024}
	}
	return pen(rng, scene).picture()
}
