package main

import (
	"image"
	"math"
	"math/rand/v2"
)

// A sight is what a painter sees at a point.
type sight struct {
	thing  int // which of the scene's things it is: no stroke crosses from one to another
	paint  colour
	second colour  // what else is on the brush there
	angle  float64 // the direction in which the brush follows the thing
}

// oil paints a scene in thick oils: coarse strokes first, then finer ones on
// top, each along the scene's flow.
func oil(rng *rand.Rand, scene func(point) sight) *canvas {
	const shade = 0.72 // of the thin paint under the strokes
	c := newCanvas(colour{})
	for i := range c.paint { // one look for each pixel is enough down here
		if x, y := i%c.width%grain, i/c.width%grain; x+y > 0 {
			c.paint[i] = c.paint[i-y*c.width-x]
		} else {
			c.paint[i] = scene(c.centre(i)).paint.times(shade)
		}
	}
	layers := []struct {
		width, length float64 // of a stroke
		density       float64 // strokes per (width times length)
		body          float64
	}{
		{0.050, 0.17, 2.2, 3},
		{0.026, 0.12, 2.2, 4.5},
		{0.016, 0.085, 1.7, 5.5},
		{0.010, 0.055, 0.9, 5},
		{0.006, 0.035, 0.3, 4},
	}
	for _, l := range layers {
		for range int(l.density * aspect / (l.width * l.length)) {
			at := point{rng.Float64() * aspect, rng.Float64()}
			seen := scene(at)
			inside := func(p point) bool { return scene(p).thing == seen.thing }
			side := l.width / 2
			if !inside(at.along(seen.angle+math.Pi/2, side)) || !inside(at.along(seen.angle-math.Pi/2, side)) {
				continue
			}
			path := trace(at, l.length*between(rng, 0.6, 1.3), l.length/8, func(p point) (float64, bool) {
				s := scene(p)
				return s.angle, s.thing == seen.thing
			})
			if len(path) < 3 {
				continue
			}
			c.pull(rng, stroke{
				path: path, width: l.width * between(rng, 0.75, 1.2),
				paint: jitter(rng, seen.paint, 0.045, 0.08), second: jitter(rng, seen.second, 0.03, 0.05),
				body: l.body * between(rng, 0.6, 1.3), opacity: 0.94,
			})
		}
	}
	return c
}

// sunset is the sun over a bay, between cypresses, seen from a wheat field.
func sunset(rng *rand.Rand) image.Image {
	const (
		sky = iota
		sun
		mountains
		sea
		hill
		wheat
		cypress // one thing for each tree, from here on
	)
	const horizon = 0.575
	seed := rng.Uint64()
	shape := func(k uint64) noise { return noise(seed + k) }
	sunAt, sunRadius := point{0.86, 0.36}, 0.085
	air := &stream{wind: 0.55, waves: shape(1), waviness: 0.05, vortices: []vortex{
		{sunAt, 0.17, -0.16},
		{point{0.50, 0.20}, 0.15, 0.13}, {point{0.62, 0.33}, 0.09, -0.06},
		{point{1.12, 0.13}, 0.12, 0.10}, {point{0.04, 0.30}, 0.13, 0.10}, {point{0.24, 0.08}, 0.10, -0.07},
	}}
	ridge := func(n noise, base, height, scale, x float64) float64 { return base - height*n.fractal(scale*x, 0, 4) }
	peaks := func(x float64) float64 { return ridge(shape(2), horizon-0.055, 0.055, 3, x) }
	shore := func(x float64) float64 { return ridge(shape(3), 0.69, 0.035, 1.6, x) }
	field := func(x float64) float64 { return ridge(shape(4), 0.80, 0.03, 1.2, x) + 0.05*x }

	glow := newRamp(0xfff3b0, 0xffd75e, 0xfba73f, 0xf0703c, 0xc64f5e, 0x7d4a86, 0x41509b, 0x27407f, 0x1c2d62)
	swirl := newRamp(0xfff6d0, 0xffe88a, 0xffc46a, 0xff9d6a, 0xe98a8e, 0xa98cc0, 0x7fa8d6, 0x5f9ad0, 0x3f73b8)
	rows := newRamp(0xb8741c, 0xe9b53a, 0xf7da6b, 0xd58a26, 0x8a8f3a, 0xf2c64a)
	slope := newRamp(0x2f5a3c, 0x4f8a48, 0x8aa94e, 0x2c6a5e, 0x6f9a3e)
	water := newRamp(0x2b4f94, 0x3f86a8, 0x6fb7b0, 0x2f5fa0)
	rock := newRamp(0x3b3f86, 0x6a5aa0, 0xa06a9a, 0x454f9a)
	leaf := newRamp(0x0f2a24, 0x1f4a33, 0x3d6a34, 0x16323a, 0x7a7a34)
	pick := func(r ramp, k uint64, p point) colour { return r.at(shape(k).at(24*p.x, 24*p.y)) }

	trees := []struct{ x, top, foot, girth float64 }{{0.205, 0.075, 0.97, 0.072}, {0.335, 0.33, 0.90, 0.045}, {0.09, 0.40, 0.93, 0.042}}
	scene := func(p point) sight {
		for k, t := range trees {
			h := (p.y - t.top) / (t.foot - t.top)
			if h < 0 || h > 1 {
				continue
			}
			lean := 0.018 * shape(30+uint64(k)).fractal(5*h, 0, 2)
			girth := t.girth * math.Pow(math.Sin(math.Pi*math.Pow(h, 0.62)), 0.8) * (1 + 0.28*shape(40+uint64(k)).fractal(14*h, math.Copysign(3, p.x-t.x), 2))
			off := (p.x - t.x - lean) / girth
			if math.Abs(off) < 1 {
				lit := mix(pick(leaf, 12, p), hex(0xd08a3a), 0.35*smooth(0.35, 1, off))
				// flames: upright, leaning out at the sides, licking to and fro
				return sight{cypress + k, lit, pick(leaf, 13, p), -math.Pi/2 + 0.35*off + 0.5*math.Sin(40*h+6*off)}
			}
		}
		switch {
		case p.y > field(p.x):
			depth := (p.y - field(p.x)) / 0.3
			lines := func(q point) float64 {
				return (q.y - field(q.x)) + 0.03*shape(5).fractal(3*q.x, 3*q.y, 2)
			}
			band := 0.5 + 0.5*math.Sin(26*math.Sqrt(depth+0.05)+4*shape(6).fractal(2*p.x, 2*p.y, 2))
			return sight{wheat, mix(rows.at(band), hex(0x7a4a1c), 0.3*depth), pick(rows, 14, p), across(lines, p) - 0.5*smooth(0.1, 0.5, depth)}
		case p.y > shore(p.x):
			lines := func(q point) float64 { return q.y - shore(q.x) - 0.25*(q.x-0.5)*(q.y-0.72) }
			band := 0.5 + 0.5*math.Sin(60*lines(p)+5*shape(7).fractal(3*p.x, 3*p.y, 2))
			return sight{hill, slope.at(band), pick(slope, 15, p), across(lines, p) + 0.3*shape(8).fractal(8*p.x, 8*p.y, 2)}
		case p.y > horizon:
			path := smooth(0.10, 0.0, math.Abs(p.x-sunAt.x)-0.25*(p.y-horizon)) // of the sun on the water
			ripple := shape(9).at(10*p.x, 110*p.y)
			wave := mix(water.at(ripple), hex(0xffd36b), path*(0.35+0.6*ripple))
			glint := mix(pick(water, 16, p), hex(0xfff0b0), path*0.8)
			return sight{sea, wave, glint, 0.12 * shape(10).fractal(9*p.x, 20*p.y, 2)}
		case p.y > peaks(p.x):
			lines := func(q point) float64 { return (q.y - peaks(q.x)) * 0.6 }
			h := (p.y - peaks(p.x)) / 0.1
			return sight{mountains, mix(pick(rock, 17, p), hex(0xd98aa0), 0.5*smooth(0.3, 1, h)), pick(rock, 18, p), across(lines, p)}
		case p.distance(sunAt) < sunRadius:
			d := p.distance(sunAt) / sunRadius
			return sight{sun, mix(hex(0xfff9d8), hex(0xff9d1e), d*d), hex(0xffe680), across(func(q point) float64 { return q.distance(sunAt) }, p)}
		}
		d := p.distance(sunAt)
		v := air.value(p)
		t := smooth(0.02, 0.86, d) + 0.05*math.Sin(30*v)
		curl := 0.5 + 0.5*math.Sin(75*v+3*shape(11).at(4*p.x, 4*p.y))
		halo := 0.5 + 0.5*math.Sin(2*math.Pi*d/0.045)
		base := mix(glow.at(t), swirl.at(t), smooth(0.55, 0.92, curl))
		return sight{sky, mix(base, hex(0xfff4b8), 0.7*halo*smooth(0.27, 0.10, d)), swirl.at(t + 0.1), air.angle(p)}
	}
	c := oil(rng, scene)
	c.light(0.045)
	return c.picture()
}

// lilyPond is a pond with water lilies under a bridge, with willows.
func lilyPond(rng *rand.Rand) image.Image {
	const (
		water = iota
		bank
		bridge
		rail
		willow
		pad   = 10  // one thing for each pad, from here on
		bloom = 100 // and for each flower
	)
	seed := rng.Uint64()
	shape := func(k uint64) noise { return noise(seed + k) }
	leaves := newRamp(0x1f4a3a, 0x2f6a4a, 0x5f9a4a, 0xa8b84a, 0x3a5f8a)
	pond := newRamp(0x27406f, 0x2f6a86, 0x4f8f86, 0x7fa8b8, 0xa89ac8, 0x3a7a5a)
	shore := newRamp(0x3f7a3f, 0x8aa83f, 0xc8b84a, 0x2f5f4a, 0xa86a8a)
	type lily struct {
		at     point
		radius float64
	}
	var pads, blooms []lily
	for range 400 {
		at := point{rng.Float64() * aspect, between(rng, 0.57, 1.0)}
		near := (at.y - 0.5) / 0.5
		radius := (0.020 + 0.060*near) * between(rng, 0.8, 1.2)
		drifts := shape(1).fractal(2.2*at.x, 5*at.y, 2) > -0.05
		free := true
		for _, l := range pads {
			free = free && hypot(l.at.x-at.x, 2.4*(l.at.y-at.y)) > 0.9*(l.radius+radius)
		}
		if drifts && free && len(pads) < 48 {
			pads = append(pads, lily{at, radius})
			if len(pads)%3 == 0 {
				blooms = append(blooms, lily{point{at.x + 0.2*radius, at.y - 0.25*radius}, 0.42 * radius})
			}
		}
	}
	arch := func(x float64) float64 { return 0.30 + 0.62*sq(x-0.62) }
	above := func(p point) sight { // what stands behind the pond
		fringe := shape(2).fractal(26*p.x, 2.5*p.y, 3)
		if hang := 0.62 - 0.9*math.Abs(p.x-0.08) + 0.12*fringe; p.y < hang || p.y < 0.56-0.8*math.Abs(p.x-1.20)+0.12*fringe {
			return sight{willow, leaves.at(shape(3).at(22*p.x, 4*p.y)), leaves.at(shape(4).at(40*p.x, 6*p.y) + 0.25), math.Pi/2 + 0.25*shape(5).fractal(3*p.x, 2*p.y, 2)}
		}
		light := smooth(0.35, 0.0, p.distance(point{0.66, 0.10}))
		return sight{bank, mix(shore.at(shape(6).at(7*p.x, 7*p.y)), hex(0xf6e8a8), 0.75*light), shore.at(shape(7).at(16*p.x, 16*p.y) + 0.2*light), 1.2 + 1.6*shape(8).fractal(4*p.x, 4*p.y, 2)}
	}
	scene := func(p point) sight {
		for k, b := range blooms {
			if d := b.at.to(p); hypot(d.x/b.radius, 1.5*d.y/b.radius) < 1 {
				paint := mix(hex(0xfff4ee), hex(0xf08aa8), smooth(-0.5, 1, d.y/b.radius))
				return sight{bloom + k, paint, hex(0xf9d0d8), -math.Pi/2 + 1.4*d.x/b.radius}
			}
		}
		deck := p.y - arch(p.x)
		span := p.x > 0.12 && p.x < 1.12
		switch {
		case span && deck > 0 && deck < 0.042:
			return sight{bridge, hex(0x3f7f9a), hex(0x9fd0c0), across(func(q point) float64 { return q.y - arch(q.x) }, p)}
		case span && (math.Abs(deck+0.115) < 0.011 || math.Abs(deck+0.060) < 0.007 || deck > -0.12 && deck < 0 && math.Abs(math.Remainder(p.x-0.62, 0.105)) < 0.008):
			return sight{rail, hex(0x2f6a8a), hex(0x7fb8b0), across(func(q point) float64 { return q.y - arch(q.x) }, p)}
		case p.y < 0.53+0.012*math.Sin(6*p.x):
			return above(p)
		}
		for k, l := range pads {
			d := l.at.to(p)
			if hypot(d.x/l.radius, 2.4*d.y/l.radius) < 1 {
				return sight{pad + k%85, mix(hex(0x5f9a5a), hex(0xb8c86a), smooth(0.6, -0.8, d.y*2.4/l.radius+0.4*d.x/l.radius)), hex(0x3f7f6a), 0.15}
			}
		}
		depth := p.y - 0.53
		ripple := shape(9).fractal(5*p.x, 40*p.y, 2)
		mirrored := above(point{p.x + 0.02*ripple, max(0.02, 0.53-0.9*depth)})
		tint := pond.at(0.5 + 0.5*shape(10).fractal(2.4*p.x, 9*p.y, 3))
		return sight{water, mix(tint, mirrored.paint, 0.38), mix(pond.at(shape(11).at(9*p.x, 40*p.y)), mirrored.second, 0.3), 0.10 * shape(12).fractal(6*p.x, 12*p.y, 2)}
	}
	c := oil(rng, scene)
	c.light(0.04)
	return c.picture()
}
