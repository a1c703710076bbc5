package main

import (
	"image"
	"math"
	"math/rand/v2"
)

// gorge is mountains in the mist above a river, in ink on rice paper. It is laid
// in washes, as watercolour is, but all in one black.
func gorge(rng *rand.Rand) image.Image {
	seed := rng.Uint64()
	shape := func(k uint64) noise { return noise(seed + k) }
	paper := hex(0xf2ead8)
	c := newCanvas(paper)
	for i := range c.thickness { // the paper's fibres: -1..1
		p := c.centre(i)
		c.thickness[i] = 0.8*shape(0).fractal(60*p.x, 240*p.y, 2) + 0.4*shape(1).fractal(240*p.x, 60*p.y, 1)
		c.paint[i] = paper.plus(0.02 * c.thickness[i])
	}
	ink := hex(0x3a3d42)
	everywhere := func(point) float64 { return 1 }
	mist := func(k uint64, p point) float64 { return 0.5 + 0.5*shape(k).fractal(1.6*p.x, 5*p.y, 3) }

	c.lay(rng, wash{everywhere, hex(0xd8cdb8), func(p point) float64 { return 0.6 * smooth(0.5, -0.2, p.y) }, 1})
	// mountains, each nearer one darker, and all of them lost in mist below
	ranges := []struct{ foot, height, at, breadth, layers, scale float64 }{
		{0.52, 0.34, 0.95, 0.30, 0.22, 5}, {0.56, 0.42, 0.42, 0.22, 0.34, 6}, {0.58, 0.30, 1.18, 0.20, 0.55, 7},
		{0.64, 0.50, 0.16, 0.15, 0.80, 8}, {0.70, 0.26, 1.10, 0.15, 0.95, 9},
	}
	for k, r := range ranges {
		n := uint64(10 + 10*k)
		top := func(x float64) float64 {
			u := (x - r.at) / r.breadth
			body := math.Exp(-u*u*u*u) + 0.45*math.Exp(-sq((u-1.5)/0.8)) + 0.30*math.Exp(-sq((u+1.6)/0.7))
			return r.foot - r.height*body*(1+0.20*shape(n).fractal(r.scale*x, 0, 4))
		}
		inside := func(p point) float64 { return min(p.y-top(p.x), r.foot+0.10-p.y) }
		c.lay(rng, wash{inside, ink, func(p point) float64 {
			down := (p.y - top(p.x)) / max(0.05, r.foot-top(p.x))
			return r.layers * smooth(1.05, 0.15, down) * (0.55 + 0.75*mist(n+1, p))
		}, 0.004})
		// the strokes of a dry brush that give the rock its form
		c.lay(rng, wash{func(p point) float64 {
			lean := 0.5 * math.Copysign(1, p.x-r.at)
			crack := shape(n+2).fractal(26*(p.x-lean*0.35*p.y), 4*p.y, 3) - 0.20 - 0.9*smooth(0, 0.9, (p.y-top(p.x))/r.height)
			return min(inside(p)-0.004, 0.006*crack)
		}, ink, func(p point) float64 {
			return 1.1 * r.layers * smooth(0.85, 0.35, (p.y-top(p.x))/max(0.05, r.foot-top(p.x)))
		}, 0.0015})
	}
	// the river, with a few strokes for its current
	c.lay(rng, wash{func(p point) float64 {
		return min(p.y-0.74, 0.010*(shape(80).fractal(3*p.x, 46*p.y, 3)-0.62), 0.97-p.y)
	}, ink, func(point) float64 { return 0.45 }, 0.0015})
	c.pines(rng, shape(90), ink)
	c.ferry(rng, point{0.66, 0.83}, 0.085, ink)
	seal := func(p point) float64 { // the painter's, in red
		d := (point{1.17, 0.10}).to(p)
		if strokes := math.Abs(math.Remainder(d.x+0.004, 0.017)) < 0.0028 && math.Abs(d.y) < 0.022 || math.Abs(math.Remainder(d.y, 0.019)) < 0.0024 && math.Abs(d.x) < 0.018; strokes {
			return -1
		}
		return 0.030 - max(math.Abs(d.x), math.Abs(d.y))
	}
	c.lay(rng, wash{seal, hex(0xc8402f), func(point) float64 { return 1.1 }, 0.0015})
	return c.picture()
}

// pines lays two old pines on a bank in the foreground.
func (c *canvas) pines(rng *rand.Rand, shape noise, ink colour) {
	bank := func(p point) float64 {
		return p.y - 0.80 - 0.30*smooth(0.12, 0.55, p.x) + 0.02*shape.fractal(8*p.x, 0, 3)
	}
	c.lay(rng, wash{bank, ink, func(p point) float64 { return 0.9 + 0.8*shape.fractal(7*p.x, 9*p.y, 3) }, 0.006})
	for _, t := range []struct{ foot, top point }{{point{0.17, 0.80}, point{0.27, 0.36}}, {point{0.29, 0.92}, point{0.40, 0.58}}} {
		at := func(h float64) point { // along the trunk, which bends to and fro
			return point{t.foot.x + h*(t.top.x-t.foot.x) + 0.022*math.Sin(6.5*h), t.foot.y + h*(t.top.y-t.foot.y)}
		}
		var trunk []point
		for h := 0.; h <= 1; h += 0.05 {
			trunk = append(trunk, at(h))
		}
		c.write(trunk, 0.030, ink.times(0.55), 0.9)
		for k := range 7 {
			h := 0.45 + 0.55*float64(k)/6
			from, side := at(h), float64(1-2*(k%2))
			reach := side * (0.15 - 0.09*(h-0.45)/0.55) * between(rng, 0.8, 1.15)
			tip := point{from.x + reach, from.y + between(rng, -0.035, 0.0)}
			c.write([]point{from, {from.x + 0.5*reach, from.y - 0.012}, tip}, 0.011, ink.times(0.5), 0.9)
			for range 60 { // needles, in fans along the branch
				s := math.Sqrt(rng.Float64())
				root := point{from.x + s*reach, from.y + s*(tip.y-from.y) - 0.006*rng.Float64()}
				angle := -math.Pi/2 + 1.25*spread(rng)
				c.write([]point{root, root.along(angle, between(rng, 0.018, 0.034))}, 0.0036, ink.times(0.45), between(rng, 0.4, 0.95))
			}
		}
	}
}

// ferry draws a small boat with a man who poles it.
func (c *canvas) ferry(rng *rand.Rand, at point, size float64, ink colour) {
	hull := func(p point) float64 {
		u, v := (p.x-at.x)/size, (p.y-at.y)/size
		return size * min(v-0.12*u*u+0.12, 0.20-v-0.16*u*u, 1.15-math.Abs(u))
	}
	c.lay(rng, wash{hull, ink, func(point) float64 { return 2 }, 0.0015})
	roof := func(p point) float64 {
		u, v := (p.x-at.x)/size-0.25, (p.y-at.y)/size
		return size * min(0.50-math.Abs(u), v+0.42-0.5*u*u, -0.06-v)
	}
	c.lay(rng, wash{roof, ink, func(point) float64 { return 1.2 }, 0.002})
	man := point{at.x - 0.65*size, at.y - 0.10*size}
	c.write([]point{man, man.along(-math.Pi/2, 0.55*size)}, 0.022, ink.times(0.5), 0.9)
	c.write([]point{{man.x - 0.02, man.y - 0.62*size}, {man.x + 0.02, man.y - 0.62*size}}, 0.012, ink.times(0.4), 0.95)
	c.write([]point{{man.x - 0.05, man.y - 0.95*size}, {man.x - 0.012, man.y + 0.5*size}}, 0.005, ink.times(0.4), 0.9)
}
