package main

import (
	"image"
	"math"
	"math/rand/v2"
	"slices"
)

// A wash is one layer of thin paint.
type wash struct {
	inside  func(point) float64 // positive where the brush went, in the canvas's unit from the edge
	pigment colour              // of one full layer over white
	layers  func(point) float64 // how many such layers deep the paint is
	wet     float64             // how far the edge bleeds
}

// lay lets w dry on the canvas: pigment gathers at the edge, settles in the
// hollows of the paper and drifts in the wet middle. Light passes through
// the layers one after another (Beer and Lambert's law).
func (c *canvas) lay(rng *rand.Rand, w wash) {
	const (
		drift = 0.50  // of the density, in the wet middle
		grit  = 0.20  // of the density, in the paper's hollows
		rim   = 1.5   // of the density, at the edge
		reach = 0.008 // of the edge
	)
	bloom := noise(rng.Uint64())
	mask := c.brushed(w)
	soft := c.blurred(mask, int(reach/c.cell()))
	absorption := colour{-math.Log(w.pigment[0]), -math.Log(w.pigment[1]), -math.Log(w.pigment[2])}
	for i, m := range mask {
		if m == 0 {
			continue
		}
		p := c.centre(i)
		density := m * w.layers(p) * max(0.1, 1+drift*bloom.fractal(4*p.x, 4*p.y, 3)) *
			(1 - grit*c.thickness[i]) * (1 + rim*max(0, m-soft[i]))
		for k, a := range absorption {
			c.paint[i][k] *= math.Exp(-a * density)
		}
	}
}

// lift takes the paint off again where w is, down to the paper: masking fluid
// that was under it is rubbed away.
func (c *canvas) lift(w wash, paper colour) {
	for i, m := range c.brushed(w) {
		c.cover(i, paper, m)
	}
}

// brushed is how wet w makes each cell, 0..1. The edge is ragged, in the same
// way for all washes: layers that are given the same edge have the same.
func (c *canvas) brushed(w wash) []float64 {
	const (
		frill = noise(1)
		most  = 0.02 // the ragged edge is never further from where inside has it
	)
	return survey(c, func(p point) float64 {
		in := w.inside(p)
		if math.Abs(in) > most+w.wet {
			return max(0, math.Copysign(1, in))
		}
		ragged := 0.0035*frill.fractal(28*p.x, 28*p.y, 2) + 0.005*frill.fractal(5*p.x, 5*p.y, 1)
		return smooth(-w.wet, w.wet, in+ragged)
	})
}

// blurred is v, a value for each cell, averaged over a square of 2 radius + 1
// cells.
func (c *canvas) blurred(v []float64, radius int) []float64 {
	lines := func(v []float64, n, stride, count, step int) []float64 {
		out := make([]float64, len(v))
		for k := range count {
			at := func(i int) int { return k*step + max(0, min(n-1, i))*stride }
			sum := 0.
			for i := -radius; i <= radius; i++ {
				sum += v[at(i)]
			}
			for i := range n {
				out[at(i)] = sum / float64(2*radius+1)
				sum += v[at(i+radius+1)] - v[at(i-radius)]
			}
		}
		return out
	}
	return lines(lines(v, c.width, 1, c.height, c.width), c.height, c.width, c.width, 1)
}

// poppies is a field of them by a lake in the morning.
func poppies(rng *rand.Rand) image.Image {
	seed := rng.Uint64()
	shape := func(k uint64) noise { return noise(seed + k) }
	paper := hex(0xfcf8ee)
	c := newCanvas(paper)
	tooth := shape(0)
	for i := range c.thickness { // the paper's tooth: -1..1
		p := c.centre(i)
		c.thickness[i] = 0.7*tooth.fractal(260*p.x, 260*p.y, 1) + 0.4*tooth.fractal(90*p.x, 90*p.y, 1)
	}
	even := func(n float64) func(point) float64 { return func(point) float64 { return n } }
	everywhere := func(point) float64 { return 1 }
	sunAt := point{0.80, 0.20}
	const shore = 0.56

	// sky: warm round the sun, blue above, and the same again in the lake
	mirror := func(p point) point {
		if p.y > shore {
			p.y = 2*shore - p.y
		}
		return p
	}
	clouds := func(p point) float64 { return smooth(0.35, -0.15, shape(1).fractal(2.2*p.x, 5*mirror(p).y, 4)) }
	c.lay(rng, wash{everywhere, hex(0xffd9a0), func(p point) float64 { return 0.9 * smooth(0.75, 0.06, mirror(p).distance(sunAt)) }, 1})
	c.lay(rng, wash{everywhere, hex(0xf7a58c), func(p point) float64 { return 0.7 * smooth(0.30, 0.52, mirror(p).y) }, 1})
	c.lay(rng, wash{func(p point) float64 { return p.distance(sunAt) - 0.055 }, hex(0x5a9ae0), func(p point) float64 {
		return 1.1 * clouds(p) * smooth(0.08, 0.6, mirror(p).distance(sunAt))
	}, 0.004})
	c.lay(rng, wash{everywhere, hex(0x7f7fc0), func(p point) float64 {
		return 0.30 * smooth(0.2, 0.55, shape(2).fractal(2.0*p.x+3, 6*mirror(p).y, 3)) * smooth(0.5, 0.1, mirror(p).y)
	}, 1})

	// hills, each nearer one darker and sharper, and their reflections
	hills := []struct {
		base, height, scale, wet float64
		pigment                  uint32
		layers                   float64
	}{
		{0.40, 0.13, 2.0, 0.008, 0x9fb2e6, 0.65},
		{0.47, 0.085, 3.0, 0.004, 0x6f8ad0, 0.6},
		{0.525, 0.05, 5.0, 0.002, 0x3f7f94, 0.75},
	}
	for k, h := range hills {
		top := func(x float64) float64 { return h.base - h.height*shape(10+uint64(k)).fractal(h.scale*x, 0, 4) }
		above := func(p point) float64 {
			if p.y > shore+0.05 {
				return -1
			}
			return min(p.y-top(p.x), shore-p.y+0.004)
		}
		c.lay(rng, wash{above, hex(h.pigment), func(p point) float64 { return h.layers * (0.55 + 0.45*smooth(0.12, 0, p.y-top(p.x))) }, h.wet})
		c.lay(rng, wash{func(p point) float64 {
			p.x += 0.02 * shape(13).fractal(3*p.x, 45*p.y, 2)
			return above(point{p.x, 2*shore - p.y})
		}, hex(h.pigment), even(0.45 * h.layers), 0.006})
	}
	// ripples
	c.lay(rng, wash{func(p point) float64 {
		return min(p.y-shore, 0.02*(shape(14).fractal(4*p.x, 55*p.y, 3)-0.42))
	}, hex(0x3f74a8), even(0.5), 0.0012})

	// the meadow: yellow first, greens wet into it, then its shadows
	meadow := func(p point) float64 {
		if p.y < shore {
			return -1
		}
		return p.y - 0.735 + 0.05*math.Sin(3.2*p.x+0.4) - 0.02*shape(15).fractal(4*p.x, 0, 3)
	}
	c.lay(rng, wash{meadow, hex(0xe8d468), even(0.9), 0.002})
	c.lay(rng, wash{meadow, hex(0x7fae4a), func(p point) float64 {
		return smooth(-0.4, 0.6, shape(16).fractal(4*p.x, 7*p.y, 3))
	}, 0.006})
	c.lay(rng, wash{func(p point) float64 {
		blades := shape(17).fractal(70*(p.x+0.25*(p.y-0.9)*shape(18).fractal(2*p.x, 0, 1)), 7*p.y, 2)
		return min(meadow(p)-0.03, 0.012*(blades-0.35+1.6*(p.y-0.86)))
	}, hex(0x2f6a4a), even(0.8), 0.001})

	// trees on both banks
	trees := []struct {
		at     point
		radius float64
	}{
		{point{0.10, 0.40}, 0.125}, {point{0.22, 0.49}, 0.085}, {point{0.03, 0.55}, 0.09}, {point{0.31, 0.57}, 0.05},
		{point{1.17, 0.52}, 0.075}, {point{1.24, 0.46}, 0.08},
	}
	leaves := func(fill, shift float64) func(point) float64 {
		return func(p point) float64 {
			if p.y > 0.75 || p.x > 0.45 && p.x < 1 {
				return -1
			}
			best, foliage := -1., 0.42*shape(19).fractal(16*p.x, 16*p.y, 3)
			for _, t := range trees {
				best = max(best, t.radius*(fill+foliage)-p.distance(point{t.at.x + shift, t.at.y + 1.3*shift}))
			}
			return best
		}
	}
	c.lay(rng, wash{leaves(1.0, 0), hex(0x9dbb4e), even(1.0), 0.0015})
	c.lay(rng, wash{leaves(0.72, 0.018), hex(0x3f7f5a), even(0.65), 0.004})
	c.lay(rng, wash{leaves(0.42, 0.030), hex(0x2a4a6a), even(0.5), 0.0015})
	c.lay(rng, wash{func(p point) float64 {
		trunks := max(0.012-math.Abs(p.x-0.115-0.02*math.Sin(7*p.y)), 0.009-math.Abs(p.x-0.225+0.01*math.Sin(9*p.y)), 0.008-math.Abs(p.x-1.18))
		return min(trunks, p.y-0.48, 0.76-p.y)
	}, hex(0x6a4436), even(1.0), 0.0012})

	// poppies, larger towards the viewer
	const meadowTop = 0.65 // above all of it
	type flower struct {
		at     point
		radius float64
	}
	var flowers []flower
	for range 400 {
		at := point{rng.Float64() * aspect, between(rng, 0.74, 1.01)}
		near := meadow(at)
		radius := (0.004 + 0.085*near) * between(rng, 0.6, 1.25)
		crowded := slices.ContainsFunc(flowers, func(f flower) bool { return f.at.distance(at) < 0.95*(f.radius+radius) })
		if near > 0.015 && !crowded && len(flowers) < 105 {
			flowers = append(flowers, flower{at, radius})
		}
	}
	petals := func(size float64) func(point) float64 {
		return func(p point) float64 {
			if p.y < meadowTop {
				return -1
			}
			best := -1.
			for _, f := range flowers {
				if d := f.at.to(p); math.Abs(d.x) < 2*f.radius && math.Abs(d.y) < 2*f.radius {
					turn := math.Atan2(d.y, d.x)
					best = max(best, size*f.radius*(1+0.18*math.Cos(4*turn+90*f.at.x))-hypot(d.x, 1.25*d.y))
				}
			}
			return best
		}
	}
	c.lift(wash{inside: petals(1), wet: 0.0015}, paper)
	c.lay(rng, wash{petals(1), hex(0xf0503c), even(1.0), 0.0015})
	c.lay(rng, wash{petals(0.60), hex(0xd8322a), even(0.7), 0.004})
	c.lay(rng, wash{petals(0.20), hex(0x40203a), even(1.0), 0.002})
	return c.picture()
}

// rings are circles in squares, each of its own colours, washed wet into wet.
func rings(rng *rand.Rand) image.Image {
	const side = 0.25 // of a square
	seed := rng.Uint64()
	shape := func(k uint64) noise { return noise(seed + k) }
	c := newCanvas(hex(0xfbf6ea))
	for i := range c.thickness { // the paper's tooth: -1..1
		p := c.centre(i)
		c.thickness[i] = 0.7*shape(0).fractal(260*p.x, 260*p.y, 1) + 0.4*shape(1).fractal(90*p.x, 90*p.y, 1)
	}
	pigments := []colour{
		hex(0xf2503a), hex(0xf7a83a), hex(0xf9d84a), hex(0x3f9fd8), hex(0x3a5fc0), hex(0x4fb06a),
		hex(0x8a4fb0), hex(0xf27a9a), hex(0x2f8f8a), hex(0xd83a5a), hex(0xa8c84a), hex(0xf08a4a),
	}
	// the painter dips the brush in one pigment after another, and lays it wherever
	// a square wants it: outside the circles first, then from ring to ring
	edges := []float64{0.107, 0.082, 0.058, 0.033, 0}
	const columns, gap = 5, 0.002
	var orders [20][]int // of the pigments in each square
	for k := range orders {
		orders[k] = rng.Perm(len(pigments))
	}
	deep := func(p point) float64 { return 0.85 + 0.30*shape(2).fractal(7*p.x, 7*p.y, 2) }
	for pigment := range pigments {
		c.lay(rng, wash{func(p point) float64 {
			column, row := int(p.x/side), int(p.y/side)
			square := columns*row + column
			d := point{side * (float64(column) + 0.5), side * (float64(row) + 0.5)}.to(p)
			inside := 0.118 - max(math.Abs(d.x), math.Abs(d.y))
			// drawn by hand: not quite round
			turn := math.Atan2(d.y, d.x)
			r := hypot(d.x, d.y) * (1 + 0.07*shape(uint64(10+square)).fractal(1.3*math.Cos(turn)+5, 1.3*math.Sin(turn), 2))
			switch ring := slices.Index(orders[square], pigment); {
			case ring == 0:
				return min(inside, r-edges[0])
			case ring < len(edges):
				return min(inside, edges[ring-1]-gap-r, r-edges[ring])
			}
			return -1
		}, pigments[pigment], deep, 0.003})
	}
	return c.picture()
}
