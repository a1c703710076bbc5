package main

import (
	"image"
	"math"
	"math/rand/v2"
)

// knife lays scene down with a palette knife: flat slabs of thick paint with a
// ridge where the blade lifts.
func knife(rng *rand.Rand, scene func(point) sight) *canvas {
	c := newCanvas(colour{})
	for i := range c.paint {
		c.paint[i] = scene(c.centre(i)).paint.times(0.8)
	}
	layers := []struct{ width, length, density float64 }{
		{0.060, 0.11, 2.6}, {0.036, 0.07, 2.4}, {0.020, 0.042, 1.6}, {0.011, 0.024, 0.7},
	}
	for _, l := range layers {
		for range int(l.density * aspect / (l.width * l.length)) {
			at := point{rng.Float64() * aspect, rng.Float64()}
			seen := scene(at)
			side := seen.angle + math.Pi/2
			if scene(at.along(side, l.width*0.45)).thing != seen.thing || scene(at.along(side, -l.width*0.45)).thing != seen.thing ||
				scene(at.along(seen.angle, l.length*0.45)).thing != seen.thing || scene(at.along(seen.angle, -l.length*0.45)).thing != seen.thing {
				continue
			}
			c.slab(rng, at, seen.angle+0.22*spread(rng), l.length*between(rng, 0.7, 1.25), l.width*between(rng, 0.7, 1.15),
				jitter(rng, mix(seen.paint, seen.second, sq(rng.Float64())), 0.05, 0.07), jitter(rng, seen.second, 0.04, 0.06))
		}
	}
	c.light(0.05)
	return c
}

// slab presses one slab of two paints onto the canvas.
func (c *canvas) slab(rng *rand.Rand, at point, angle, length, width float64, paint, second colour) {
	scrape := noise(rng.Uint64())
	sin, cos := math.Sincos(angle)
	x0, y0, x1, y1 := c.bounds([]point{at}, hypot(length, width)/2)
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			i := y*c.width + x
			d := at.to(c.centre(i))
			u, v := 2*(d.x*cos+d.y*sin)/length, 2*(d.y*cos-d.x*sin)/width // -1..1 over the slab
			ragged := 0.22 * scrape.fractal(3*v, 40, 2)
			if math.Abs(v) > 1 || u < -1+math.Abs(ragged) || u > 1-math.Abs(ragged) {
				continue
			}
			streak := scrape.at(5*v, 0.8*u)
			if streak < 0.20*(u+0.4) { // the blade runs dry
				continue
			}
			c.paint[i] = mix(paint, second, smooth(0.55, 0.85, streak)).plus(0.05 * (streak - 0.5))
			c.thickness[i] = 2 + 2.6*smooth(0.65, 1, u) + 1.8*smooth(0.82, 1, math.Abs(v)) + 0.7*streak
		}
	}
}

// harbour is coloured houses and boats at a quay, and both again in the water.
func harbour(rng *rand.Rand) image.Image {
	const (
		sky = iota
		water
		quay
		mast
		house = 10 // four things for each house, from here on
		boat  = 80 // and for each boat
	)
	const shore = 0.56
	seed := rng.Uint64()
	shape := func(k uint64) noise { return noise(seed + k) }
	walls := []uint32{0xe8543a, 0xf2b63c, 0x3f9fc0, 0xf3e2c4, 0xe98aa0, 0x6ab06a, 0xf08a3a, 0x5f6fc0, 0xf6d76a, 0xd8402f}
	boats := []struct {
		foot point
		size float64
		hull uint32
		sail uint32
	}{{point{0.27, 0.70}, 0.20, 0xd8342f, 0xfdf3dc}, {point{0.78, 0.66}, 0.14, 0x2f5fb0, 0xf6b23c}, {point{1.06, 0.78}, 0.22, 0x2f8f7a, 0xf7ead0}}
	town := func(p point) (sight, bool) {
		x := (max(p.x, 0) + 0.03) / 0.128
		k := int(x)
		u := x - float64(k)
		roof := 0.30 - 0.09*shape(1).knot(int64(k), 0) + 0.03*float64(k%2)
		wall := hex(walls[k%len(walls)])
		switch {
		case p.y > shore || p.y < roof-0.075*(1-2*math.Abs(u-0.5)):
			return sight{}, false
		case p.y < roof:
			return sight{house + 4*k, hex(0x9a4436), hex(0xc76a4a), 0.5 - u}, true
		case math.Abs(math.Mod(u, 0.5)-0.25) < 0.085 && math.Mod(p.y-roof, 0.085) > 0.028 && math.Mod(p.y-roof, 0.085) < 0.068:
			return sight{house + 4*k + 1, hex(0x33405f), hex(0x6f90b0), math.Pi / 2}, true
		}
		return sight{house + 4*k + 2, wall, mix(wall, hex(0xfff4dc), 0.35), math.Pi / 2}, true
	}
	sail := func(k int, p point) (sight, bool) {
		b := boats[k]
		u, v := (p.x-b.foot.x)/b.size, (b.foot.y-p.y)/b.size
		switch {
		case v > -0.02 && v < 0.20 && math.Abs(u) < 0.50+0.35*v:
			return sight{boat + 4*k, hex(b.hull), mix(hex(b.hull), hex(0x1a1c30), 0.3*smooth(0.1, 0, v)), 0}, true
		case v >= 0.20 && v < 1.75 && math.Abs(u) < 0.018:
			return sight{mast, hex(0x4a3428), hex(0x7a5a3c), math.Pi / 2}, true
		case v > 0.30 && v < 1.65 && u > 0.02 && u < 0.46*(1.65-v)/1.35:
			return sight{boat + 4*k + 1, hex(b.sail), mix(hex(b.sail), hex(0x9fb4d8), 0.4), 1.3}, true
		case v > 0.30 && v < 1.45 && u < -0.03 && u > -0.34*(1.45-v)/1.15:
			return sight{boat + 4*k + 2, mix(hex(b.sail), hex(0xd8d0e8), 0.5), hex(0xf8f0e0), -1.3}, true
		}
		return sight{}, false
	}
	scene := func(p point) sight {
		for k := len(boats) - 1; k >= 0; k-- {
			if s, ok := sail(k, p); ok {
				return s
			}
		}
		if s, ok := town(p); ok {
			return s
		}
		switch {
		case p.y > shore && p.y < shore+0.022:
			return sight{quay, hex(0x8a7a70), hex(0xb8a690), 0}
		case p.y > shore: // what stands above, broken by ripples
			depth := p.y - shore
			ripple := shape(2).fractal(7*p.x, 46*p.y, 2)
			mirror := point{p.x + 0.03*ripple, 2*shore + 0.02 - p.y - 0.015*ripple}
			tint := mix(hex(0x4f9fc4), hex(0x1f4f8a), smooth(0, 0.45, depth+0.05*ripple))
			for k, b := range boats {
				if s, ok := sail(k, point{mirror.x, 2*b.foot.y - p.y - 0.015*ripple}); ok {
					return sight{water, mix(s.paint, tint, 0.42), tint, 0}
				}
			}
			if s, ok := town(mirror); ok && depth < 0.34 {
				return sight{water, mix(s.paint, tint, 0.40+0.6*smooth(0.1, 0.36, depth)), tint, 0}
			}
			return sight{water, tint, hex(0x8fd0dc), 0}
		}
		cloud := smooth(0.0, 0.5, shape(3).fractal(2.4*p.x, 5*p.y, 3))
		return sight{sky, mix(mix(hex(0x4f9fe0), hex(0xbfe0ee), p.y/0.35), hex(0xfff3e0), cloud), hex(0xd8eaf6), 0.25 * math.Sin(5*p.x)}
	}
	return knife(rng, scene).picture()
}
