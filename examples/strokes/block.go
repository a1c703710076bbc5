package main

import (
	"image"
	"math"
	"math/rand/v2"
)

// block prints scene from carved blocks of cherry wood, in the manner of the
// colour woodcuts of Japan: one flat colour for each thing, a dark outline that
// swells and thins, and the grain of the wood.
func block(rng *rand.Rand, scene func(point) sight) *canvas {
	const outline = 3.0 // half its width, in cells, on average
	seed := rng.Uint64()
	grain, swell, press := noise(seed), noise(seed+1), noise(seed+2)
	ink := hex(0x1c2438)
	c := newCanvas(colour{})
	seen := survey(c, scene)
	same := func(i, j int) bool { return seen[i].thing == seen[j].thing }
	for i, s := range seen {
		p := c.centre(i)
		wood := grain.fractal(3*p.x+0.6*math.Sin(2.2*p.y), 110*(p.y+0.03*grain.fractal(1.5*p.x, 2*p.y, 1)), 3)
		paint := s.paint.plus(0.035*wood + 0.025*press.fractal(180*p.x, 180*p.y, 1))
		width := outline * (0.75 + 0.75*swell.fractal(9*p.x, 9*p.y, 2))
		if width > 0.6 && c.border(i, int(width+0.6), same) {
			paint = mix(paint, ink, 0.93)
		}
		c.paint[i] = paint
	}
	return c
}

// koi swim in a pond under lily pads.
func koi(rng *rand.Rand) image.Image {
	const (
		water  = iota
		pad    = 100
		vein   = 150
		flower = 200
		fish   = 400 // some things for each fish, from here on
	)
	seed := rng.Uint64()
	shape := func(k uint64) noise { return noise(seed + k) }
	type swimmer struct {
		head          point
		angle, length float64
		bend          float64
		coat          colour
	}
	swimmers := []swimmer{
		{point{0.60, 0.32}, 2.75, 0.50, 0.9, hex(0xe4572e)},
		{point{0.52, 0.66}, -0.35, 0.46, -1.0, hex(0xf0a63a)},
		{point{1.02, 0.60}, 1.25, 0.36, 0.8, hex(0xd8402f)},
	}
	pads := []struct {
		at     point
		radius float64
		cleft  float64
	}{{point{0.14, 0.16}, 0.15, 0.8}, {point{0.34, 0.06}, 0.10, 2.2}, {point{1.12, 0.16}, 0.17, 2.5}, {point{0.12, 0.90}, 0.17, -0.6}, {point{1.20, 0.93}, 0.14, -2.4}, {point{0.92, 0.04}, 0.08, 1.2}}
	blossoms := []struct {
		at   point
		size float64
	}{{point{0.24, 0.22}, 0.085}, {point{1.06, 0.90}, 0.095}}
	swim := func(k int, f swimmer, p point) (sight, bool) {
		v := f.head.to(p)
		sin, cos := math.Sincos(f.angle)
		x, y := -(v.x*cos + v.y*sin), v.y*cos-v.x*sin // x runs from the head to the tail
		t := x / f.length
		y -= f.bend * 0.16 * f.length * math.Sin(3.4*t)
		if t < -0.02 || t > 1.25 {
			return sight{}, false
		}
		half := f.length * 0.15 * math.Pow(max(0, math.Sin(math.Pi*math.Pow(clamp(t, 0, 1), 0.62))), 0.75)
		if t > 0.8 { // the tail fin, with a fork
			spreads := f.length * 0.22 * (t - 0.78) / 0.47
			if math.Abs(y) < spreads+0.012 && t < 1.22-0.20*smooth(1, 0, math.Abs(y)/(spreads+0.001)) {
				ray := int64(math.Floor(9 * y / (spreads + 0.001)))
				return sight{fish + 40*k + 1, mix(hex(0xf7ead6), f.coat, 0.3+0.3*float64(ray&1)), colour{}, 0}, true
			}
		}
		if t > 0.24 && t < 0.50 { // the fins at its sides
			if out := math.Abs(y) - half; out > 0 && out < f.length*0.17*smooth(0.24, 0.42, t)*smooth(0.52, 0.44, t) {
				return sight{fish + 40*k + 2, hex(0xf5dcc0), colour{}, 0}, true
			}
		}
		if math.Abs(y) > half {
			return sight{}, false
		}
		if hypot(t-0.09, math.Abs(y)/f.length-0.052) < 0.013 {
			return sight{fish + 40*k + 3, hex(0x1c2438), colour{}, 0}, true
		}
		if t > 0.22 && t < 0.82 { // scales
			u, w := 20*t, 34*y/f.length
			row := math.Floor(u)
			w += 0.5 * math.Mod(row, 2)
			if du, dw := u-row, w-math.Floor(w)-0.5; math.Abs(du-0.85+1.6*dw*dw) < 0.10 {
				return sight{fish + 40*k + 4, mix(f.coat, hex(0x5a2430), 0.55), colour{}, 0}, true
			}
		}
		patch := shape(20+uint64(k)).fractal(6*t, 7*y/f.length+3, 2)
		paint := mix(f.coat, hex(0xf8efe0), smooth(0.12, 0.16, patch))
		return sight{fish + 40*k + 4, mix(paint, hex(0xf8efe0), 0.6*smooth(0.5*half, half, math.Abs(y))), colour{}, 0}, true
	}
	scene := func(p point) sight {
		for k, b := range blossoms {
			d := b.at.to(p)
			r, turn := hypot(d.x, d.y)/b.size, math.Atan2(d.y, d.x)
			for ring := 2; ring >= 0; ring-- { // the inner petals lie on top
				size := 1 - 0.27*float64(2-ring)
				phase := 8*turn/2 + 0.9*float64(ring)
				if r < size*(0.62+0.38*math.Pow(math.Abs(math.Cos(phase)), 0.6)) && (ring == 0 || r > 0.2) {
					if ring == 0 && r < 0.16 {
						return sight{flower + 40*k + 39, hex(0xf2c14a), colour{}, 0}
					}
					petal := int(math.Floor((phase + math.Pi/2) / math.Pi))
					inner := ring == 0 || r > size*0.55
					if inner {
						return sight{flower + 40*k + 12*ring + (petal+24)%12, mix(hex(0xfbe9ea), hex(0xe88aa6), smooth(0.4*size, size, r)), colour{}, 0}
					}
				}
			}
		}
		for k, l := range pads {
			d := l.at.to(p)
			r, turn := hypot(d.x, d.y)/l.radius, math.Atan2(d.y, d.x)-l.cleft
			if r < 1+0.03*math.Sin(7*turn) && math.Abs(math.Remainder(turn, 2*math.Pi)) > 0.16 {
				if math.Abs(math.Remainder(turn, math.Pi/6))*r < 0.018 {
					return sight{vein + k, hex(0xb9cf8a), colour{}, 0}
				}
				return sight{pad + k, mix(hex(0x4f8f62), hex(0x2f6a56), smooth(0.2, 1, r)), colour{}, 0}
			}
		}
		for k, f := range swimmers {
			if s, ok := swim(k, f, p); ok {
				return s
			}
		}
		deep := mix(hex(0x9cc4c4), hex(0x2f6f96), smooth(0.0, 1.0, p.y+0.12*shape(1).fractal(2*p.x, 2*p.y, 2)))
		wave := p.y + 0.030*math.Sin(9*p.x+5*shape(2).fractal(1.6*p.x, 1.6*p.y, 2)) + 0.02*math.Sin(21*p.x+3)
		row := math.Floor(wave / 0.052)
		if in := wave/0.052 - row; in < 0.10 && shape(3).at(5*p.x+11*row, row) > 0.45 {
			return sight{water, mix(deep, hex(0xe8f0ea), 0.75), colour{}, 0}
		}
		return sight{water, deep, colour{}, 0}
	}
	return block(rng, scene).picture()
}
