package main

import (
	"image"
	"math"
	"math/rand/v2"
)

// A hatching is one layer of strokes.
type hatching struct {
	width, length float64 // of a stroke
	cover         float64 // area of all strokes over that of the sheet
}

// A stick is pastel, charcoal or crayon, and the sheet that it is rubbed on.
type stick struct {
	paper   colour
	tooth   float64    // how rough the sheet is, 0..1: the stick skips its hollows
	layers  []hatching // coarse ones first
	outline int        // half the width of the line around each thing, in cells; 0 is none
	hue     float64    // how far strokes differ in hue
	value   float64    // and in brightness
}

// rub draws scene with s: short parallel strokes that follow the things and
// catch only on the sheet's tooth.
func rub(rng *rand.Rand, s stick, scene func(point) sight) *canvas {
	grain := noise(rng.Uint64())
	c := newCanvas(s.paper)
	hills := survey(c, func(p point) float64 { // of the sheet, 0..1
		return clamp(0.5+0.35*grain.fractal(170*p.x, 170*p.y, 2)+0.22*math.Sin(2*math.Pi*p.y/0.0075), 0, 1)
	})
	for i, h := range hills {
		c.paint[i] = c.paint[i].plus(0.05 * s.tooth * (h - 0.5))
	}
	for _, l := range s.layers {
		for range int(l.cover * aspect / (l.width * l.length)) {
			at := point{rng.Float64() * aspect, rng.Float64()}
			seen := scene(at)
			path := trace(at, l.length*between(rng, 0.6, 1.3), l.length/6, func(p point) (float64, bool) {
				v := scene(p)
				return v.angle + 0.08*spread(rng), v.thing == seen.thing
			})
			if len(path) < 2 {
				continue
			}
			paint := jitter(rng, mix(seen.paint, seen.second, sq(rng.Float64())), s.hue, s.value)
			c.smear(path, l.width*between(rng, 0.7, 1.2), paint, between(rng, 0.55, 1), s.tooth, hills)
		}
	}
	if s.outline > 0 {
		things := survey(c, func(p point) int { return scene(p).thing })
		for i := range things {
			if c.border(i, s.outline, func(i, j int) bool { return things[i] == things[j] }) {
				c.cover(i, colour{0.08, 0.07, 0.07}, smooth(0.15, 0.5, hills[i]))
			}
		}
	}
	return c
}

// smear rubs one stroke on: the harder it is pressed, the deeper into the
// hollows the paint goes.
func (c *canvas) smear(path []point, width float64, paint colour, press, tooth float64, hills []float64) {
	half := width / 2
	x0, y0, x1, y1 := c.bounds(path, half)
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			i := y*c.width + x
			_, side, ok := nearest(path, c.centre(i), half)
			if !ok {
				continue
			}
			reach := press * (1 - 0.6*sq(side/half))
			c.cover(i, paint, 0.9*smooth(1-reach-0.18, 1-reach+0.18, 1-tooth+tooth*hills[i]))
		}
	}
}

// birches is a birch wood in autumn, in pastel on dark paper.
func birches(rng *rand.Rand) image.Image {
	const (
		sky = iota
		wood
		lake
		leaves
		ground
		trunk = 10 // three things for each tree, from here on
	)
	seed := rng.Uint64()
	shape := func(k uint64) noise { return noise(seed + k) }
	gold := newRamp(0xf6c23a, 0xef8f2a, 0xd9562a, 0xa8343a, 0xf2d76a)
	floor := newRamp(0xb8562a, 0xe0922f, 0x7a3a3f, 0xf0bf4a, 0x5f6a3a)
	far := newRamp(0x3a4f8a, 0x5a4a86, 0x7f5a7a, 0x2f5a6a)
	type tree struct{ x, girth, foot, lean float64 }
	var trees []tree
	for k := range 15 { // the far ones first
		near := float64(k) / 14
		trees = append(trees, tree{math.Mod(0.07+0.618*float64(k)*aspect*0.9, aspect), 0.010 + 0.026*near*near, 0.66 + 0.32*near*near, 0.05 * spread(rng)})
	}
	scene := func(p point) sight {
		for k := len(trees) - 1; k >= 0; k-- {
			t := trees[k]
			off := (p.x - t.x - t.lean*(t.foot-p.y) - 0.006*shape(30+uint64(k)).fractal(6*p.y, 0, 2)) / (t.girth * (0.75 + 0.35*p.y))
			if p.y > t.foot || math.Abs(off) > 1 {
				continue
			}
			knot := shape(50+uint64(k)).at(3*off, 20*p.y)
			if knot > 0.74 && math.Abs(off) < 0.8 {
				return sight{trunk + 3*k, hex(0x2a2430), hex(0x4a3a44), 0.1}
			}
			bark := mix(hex(0xf7f0e2), hex(0x8a86b0), smooth(-0.2, 0.9, off))
			return sight{trunk + 3*k + 1, bark, mix(bark, hex(0xf2c89a), 0.4), math.Pi/2 + 0.15}
		}
		crown := shape(1).fractal(5*p.x, 5*p.y, 3) - 2.2*(p.y-0.42)
		if crown > 0 {
			return sight{leaves, gold.at(shape(2).at(9*p.x, 9*p.y) + 0.3*shape(3).fractal(4*p.x, 4*p.y, 2)), gold.at(shape(4).at(30*p.x, 30*p.y)), 0.9 + 2*shape(5).fractal(4*p.x, 4*p.y, 2)}
		}
		switch {
		case p.y > 0.66+0.02*shape(6).fractal(4*p.x, 0, 2):
			return sight{ground, floor.at(shape(7).at(7*p.x, 22*p.y)), floor.at(shape(8).at(40*p.x, 60*p.y)), 0.15 * shape(9).fractal(3*p.x, 3*p.y, 2)}
		case p.y > 0.58:
			return sight{lake, mix(hex(0x5fa0c8), hex(0xf2d79a), smooth(0.66, 0.58, p.y)), hex(0x8fc4d8), 0}
		case p.y > 0.44+0.05*shape(10).fractal(3*p.x, 0, 3):
			return sight{wood, far.at(shape(11).at(12*p.x, 9*p.y)), far.at(shape(12).at(20*p.x, 20*p.y)), math.Pi / 2}
		}
		return sight{sky, mix(hex(0x8fc0e0), hex(0xf8e0b0), smooth(0.05, 0.5, p.y)), hex(0xf6c8a8), 0.3}
	}
	pastel := stick{paper: hex(0x2d2a38), tooth: 0.85, hue: 0.05, value: 0.07, layers: []hatching{
		{0.026, 0.09, 2.6}, {0.015, 0.06, 2.2}, {0.008, 0.035, 1.0},
	}}
	return rub(rng, pastel, scene).picture()
}

// pears lie on a cloth, in charcoal and white chalk on grey paper.
func pears(rng *rand.Rand) image.Image {
	const (
		wall = iota
		cloth
		shadow
		jug
		inside
		handle
		pear = 10 // two things for each pear, from here on
	)
	seed := rng.Uint64()
	shape := func(k uint64) noise { return noise(seed + k) }
	greys := newRamp(0x15130f, 0x2c2924, 0x565049, 0x8a8379, 0xb9b0a2, 0xf3efe6)
	fruits := []struct {
		foot       point
		size, lean float64
	}{{point{0.70, 0.78}, 0.36, -0.10}, {point{1.02, 0.84}, 0.40, 0.16}, {point{0.56, 0.94}, 0.34, 0.08}}
	scene := func(p point) sight {
		see := func(thing int, tone, angle float64) sight {
			return sight{thing, greys.at(tone), greys.at(tone - 0.12), angle}
		}
		for k := len(fruits) - 1; k >= 0; k-- {
			f := fruits[k]
			u, v := (p.x-f.foot.x)/f.size, (f.foot.y-p.y)/f.size
			u -= f.lean * v * v
			if v > 0.92 && v < 1.30 && math.Abs(u-0.12*(v-0.9)) < 0.022 {
				return see(pear+2*k, 0.05, math.Pi/2)
			}
			half := 0.48*math.Sqrt(max(0, 1-sq((v-0.42)/0.44))) + 0.05*smooth(0.5, 0.9, v)
			if v > 0.55 {
				half = max(half, 0.235*math.Sqrt(max(0, 1-sq((v-0.74)/0.27))))
			}
			if v > -0.03 && v < 1.02 && math.Abs(u) < half {
				round := u / half
				light := 0.92 - 0.75*smooth(-0.55, 0.9, round+0.35*(0.6-v)) + 0.12*smooth(0.75, 0.98, round)
				return see(pear+2*k+1, light+0.06*shape(20+uint64(k)).fractal(6*u, 6*v, 2), -0.8+0.5*round)
			}
		}
		j := (point{0.33, 0.80}).to(p)
		half := 0.085 + 0.075*math.Sin(math.Pi*smooth(0.06, -0.46, j.y)) + 0.02*smooth(-0.44, -0.52, j.y)
		switch {
		case hypot(j.x/0.105, (j.y+0.52)/0.026) < 1:
			return see(inside, 0.06+0.3*smooth(0, 0.1, j.x), 0)
		case j.y > -0.52 && j.y < 0.02 && math.Abs(j.x) < half:
			round := j.x / half
			return see(jug, 0.88-0.85*smooth(-0.6, 0.85, round)+0.12*smooth(0.8, 1, round)+0.22*smooth(0.10, 0.03, hypot(round+0.45, 2*(j.y+0.22))), -0.8+0.5*round)
		case math.Abs(hypot((j.x-0.13)/0.085, (j.y+0.31)/0.14)-1) < 0.17 && j.x > 0.09:
			return see(handle, 0.28, 1.2)
		}
		if p.y > 0.62 {
			for _, f := range fruits {
				if d := f.foot.to(p); hypot((d.x-0.7*f.size)/(0.85*f.size), (d.y+0.01)/(0.16*f.size)) < 1 {
					return see(shadow, 0.08, 0.05)
				}
			}
			if hypot((j.x-0.15)/0.2, (j.y-0.005)/0.04) < 1 {
				return see(shadow, 0.08, 0.05)
			}
			fold := math.Sin(17*(p.x+0.7*p.y) + 3*shape(1).fractal(2*p.x, 2*p.y, 2))
			return see(cloth, 0.66+0.24*fold*smooth(0.62, 0.8, p.y)+0.1, 0.8+0.3*fold)
		}
		return see(wall, 0.42-0.26*smooth(0.2, 1.2, p.x)+0.10*shape(2).fractal(2*p.x, 2*p.y, 3), 0.95)
	}
	charcoal := stick{paper: hex(0xa59c8d), tooth: 0.9, outline: 2, hue: 0.006, value: 0.06, layers: []hatching{
		{0.022, 0.11, 1.7}, {0.010, 0.07, 2.0}, {0.005, 0.045, 1.0},
	}}
	return rub(rng, charcoal, scene).picture()
}
