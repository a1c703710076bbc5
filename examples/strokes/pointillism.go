package main

import (
	"image"
	"math"
	"math/rand/v2"
)

// dots sets scene down in dots of nearly pure colour, in layers from large to
// small, each further from the scene's own colour than the one below: seen
// from afar they mix to it again.
func dots(rng *rand.Rand, scene func(point) colour) *canvas {
	c := newCanvas(hex(0xf1e3c4))
	layers := []struct {
		radius float64 // of a dot
		cover  float64 // area of all dots over that of the canvas
		part   float64 // how far the colours part
	}{
		{0.0090, 2.6, 0.12},
		{0.0064, 1.5, 0.22},
		{0.0045, 0.8, 0.30},
	}
	for _, l := range layers {
		for range int(l.cover * aspect / (math.Pi * l.radius * l.radius)) {
			at := point{rng.Float64() * aspect, rng.Float64()}
			r := l.radius * between(rng, 0.75, 1.25)
			c.dab(at, r, between(rng, 0.75, 1.3), rng.Float64()*math.Pi, divide(rng, scene(at), l.part))
		}
	}
	return c
}

// divide is one of the purer colours that mix to about c: its own hue made
// vivid, warmed, cooled, lightened, or now and then its complement.
func divide(rng *rand.Rand, c colour, part float64) colour {
	vivid := c.saturate(1 + 2*part)
	switch k := rng.Float64(); {
	case k < 0.30:
		return jitter(rng, vivid, part/4, part/4)
	case k < 0.53:
		return mix(vivid, hex(0xff9a3c), 1.3*part)
	case k < 0.76:
		return mix(vivid, hex(0x3a5fd0), 1.3*part)
	case k < 0.92:
		return mix(vivid, hex(0xfff6d8), 1.4*part)
	}
	return c.saturate(-1 - part)
}

// dab presses an oval dot of the given mean radius onto the canvas.
func (c *canvas) dab(at point, radius, stretch, angle float64, paint colour) {
	sin, cos := math.Sincos(angle)
	x0, y0, x1, y1 := c.bounds([]point{at}, 1.5*radius)
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			i := y*c.width + x
			d := at.to(c.centre(i))
			r := hypot((d.x*cos+d.y*sin)/stretch, (d.y*cos-d.x*sin)*stretch) / radius
			if r < 1 {
				c.cover(i, paint, smooth(1, 0.8, r))
				c.thickness[i] = 2.5 * math.Sqrt(1-r*r)
			}
		}
	}
}

// river is a summer evening at the river, with sails.
func river(rng *rand.Rand) image.Image {
	const horizon = 0.40
	seed := rng.Uint64()
	shape := func(k uint64) noise { return noise(seed + k) }
	air := newRamp(0x7fb4e0, 0xa9cbe2, 0xf4dfae, 0xffc98a, 0xf79a6c)
	water := newRamp(0xf2b98a, 0xa9bfd0, 0x5c8fc4, 0x3566a8, 0x27488c)
	grass := newRamp(0x8fae3a, 0xc9c94c, 0x5f9440, 0x2f6b4a, 0x2c4f70)
	crown := newRamp(0xd8c54a, 0x8fae3c, 0x3f7f44, 0x235a58, 0x2a3a72)
	sunAt := point{0.60, 0.25}
	sails := []struct {
		x, foot, size float64
		lit           colour
	}{{0.24, 0.53, 0.26, hex(0xfff0d0)}, {0.44, 0.445, 0.095, hex(0xffd9a8)}, {0.70, 0.435, 0.06, hex(0xfbe8d8)}, {0.08, 0.425, 0.05, hex(0xffe0c0)}}
	crowns := []struct{ at, half point }{ // of the trees on the right: centre, half axes
		{point{1.10, 0.20}, point{0.24, 0.17}}, {point{0.93, 0.31}, point{0.13, 0.095}},
		{point{1.22, 0.36}, point{0.15, 0.12}}, {point{1.05, 0.38}, point{0.10, 0.08}},
	}
	bank := func(x float64) float64 { return 0.90 - 0.42*smooth(0.35, 1.15, x) + 0.012*shape(1).fractal(5*x, 0, 3) }
	far := func(x float64) float64 { return horizon - 0.035 - 0.03*shape(2).fractal(3*x, 0, 4) }
	sky := func(p point) colour {
		cloud := smooth(0.1, 0.75, shape(3).fractal(2.6*p.x, 9*p.y, 4))
		warm := air.at(p.y/horizon + 0.12*shape(4).fractal(2*p.x, 5*p.y, 2))
		warm = mix(warm, mix(hex(0xfff3dc), hex(0xf2a0a0), p.y/horizon), 0.75*cloud)
		return mix(warm, hex(0xfff2a6), smooth(0.26, 0.03, p.distance(sunAt)))
	}
	scene := func(p point) colour {
		for _, t := range []struct{ x, lean, girth float64 }{{1.06, 0.03, 0.017}, {1.16, -0.02, 0.013}, {0.945, 0.015, 0.009}} {
			if math.Abs(p.x-t.x-t.lean*math.Sin(9*p.y)) < t.girth && p.y > 0.3 && p.y < bank(t.x)+0.03 {
				return mix(hex(0x4a2a4a), hex(0xc9743a), smooth(0, -t.girth, p.x-t.x-t.lean*math.Sin(9*p.y)))
			}
		}
		for _, k := range crowns {
			d := k.at.to(p)
			r := hypot(d.x/k.half.x, d.y/k.half.y) + 0.30*shape(5).fractal(9*p.x, 9*p.y, 3)
			if r < 1 {
				light := 0.5*(d.x/k.half.x+d.y/k.half.y) + 0.55*shape(6).fractal(13*p.x, 13*p.y, 3)
				return crown.at(0.45 + 0.5*light)
			}
		}
		if p.y > bank(p.x) {
			depth := (p.y - bank(p.x)) / 0.35
			shadow := smooth(0.05, 0.45, shape(7).fractal(3*p.x+2*p.y, 9*p.y, 3)+1.1*smooth(0.75, 1.2, p.x)-0.35)
			g := grass.at(0.15 + 0.3*depth + 0.45*shadow + 0.12*shape(8).fractal(20*p.x, 30*p.y, 2))
			flowers := shape(9).at(60*p.x, 60*p.y)
			if flowers > 0.86 && depth > 0.1 {
				g = mix(g, newRamp(0xf04a4a, 0xfff2d0, 0xf6a0c8).at(shape(10).at(25*p.x, 25*p.y)), 0.85)
			}
			return g
		}
		for _, s := range sails {
			u, v := (p.x-s.x)/s.size, (s.foot-p.y)/s.size
			mirrored := v < 0
			if mirrored {
				u, v = u+0.10*shape(11).fractal(4*p.x, 60*p.y, 2), -1.1*v
			}
			var c colour
			switch {
			case v < 0.13 && math.Abs(u) < 0.36-0.9*v*v && !mirrored:
				c = mix(hex(0x6a2a3a), hex(0xd8643c), smooth(0.05, 0.12, v))
			case v > 0.15 && v < 1.25 && u > -0.02 && u < 0.34*(1.25-v)*1.2:
				c = s.lit
			case v > 0.18 && v < 1.05 && u < -0.05 && u > -0.28*(1.05-v)*1.2-0.02:
				c = mix(s.lit, hex(0x8fa8d8), 0.45)
			default:
				continue
			}
			if mirrored {
				c = mix(c, hex(0x5c8fc4), 0.45)
			}
			return c
		}
		switch {
		case p.y > horizon:
			depth := (p.y - horizon) / 0.5
			ripple := shape(12).fractal(5*p.x, 70*p.y/(1+depth), 3)
			w := mix(water.at(1.2*depth+0.16*ripple), sky(point{p.x, 2*horizon - p.y}), 0.35*smooth(0.6, 0, depth))
			path := smooth(0.07+0.16*depth, 0, math.Abs(p.x-sunAt.x+0.02*ripple))
			return mix(w, hex(0xffe79a), 0.85*path*smooth(-0.4, 0.5, ripple))
		case p.y > far(p.x):
			return mix(hex(0x4a5aa0), hex(0x3a7a7a), shape(13).at(20*p.x, 40*p.y))
		case p.distance(sunAt) < 0.042:
			return hex(0xfffbd6)
		}
		return sky(p)
	}
	c := dots(rng, scene)
	c.light(0.03)
	return c.picture()
}
