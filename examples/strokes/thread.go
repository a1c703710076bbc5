package main

import (
	"image"
	"math"
	"math/rand/v2"
)

// linen is woven cloth of the given colour: the threads go over and under each
// other.
func linen(rng *rand.Rand, cloth colour, pitch float64) *canvas {
	slub := noise(rng.Uint64())
	c := newCanvas(cloth)
	for i := range c.paint {
		p := c.centre(i)
		u, v := p.x/pitch, p.y/pitch
		over := math.Sin(math.Pi*u) * math.Sin(math.Pi*v)
		c.paint[i] = cloth.plus(0.08*over + 0.03*slub.fractal(40*p.x, 400*p.y, 1) + 0.03*slub.fractal(400*p.x, 40*p.y, 1))
	}
	return c
}

// embroider covers scene with satin stitches: short shining threads side by
// side that follow the things.
func embroider(rng *rand.Rand, c *canvas, bare int, scene func(point) sight) {
	const (
		thread = 0.0062
		length = 0.042
		cover  = 8
	)
	for range int(math.Round(cover * aspect / (thread * length))) {
		at := point{rng.Float64() * aspect, rng.Float64()}
		seen := scene(at)
		if seen.thing == bare {
			continue
		}
		path := trace(at, length*between(rng, 0.7, 1.2), 0.006, func(p point) (float64, bool) {
			s := scene(p)
			return s.angle, s.thing == seen.thing
		})
		if len(path) < 2 {
			continue
		}
		c.stitch(path, thread, jitter(rng, mix(seen.paint, seen.second, rng.Float64()), 0.02, 0.05))
	}
}

// stitch lays one thread on the cloth: round, so bright along its middle, and
// with a shadow beside it.
func (c *canvas) stitch(path []point, width float64, paint colour) {
	half := width / 2
	x0, y0, x1, y1 := c.bounds(path, half)
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			i := y*c.width + x
			along, side, ok := nearest(path, c.centre(i), half)
			if !ok {
				continue
			}
			round := math.Sqrt(max(0, 1-sq(side/half)))
			twist := math.Sin(2 * math.Pi * (along/0.006 + 0.8*side/half))
			c.paint[i] = paint.plus(0.30*(round-0.72) + 0.045*twist)
		}
	}
}

// wreath is flowers around a bird, embroidered on linen.
func wreath(rng *rand.Rand) image.Image {
	const (
		cloth = iota
		body
		wing
		tail
		breast
		beak
		eye
		stem
		leaf  = 20  // one thing for each leaf, from here on
		petal = 100 // and for each petal: up to nine in a flower
	)
	centre := point{aspect / 2, 0.5}
	type blossom struct {
		at     point
		radius float64
		petals int
		paint  ramp
	}
	reds := []ramp{newRamp(0xb8243a, 0xe8566a, 0xf6a0a0), newRamp(0x2f4fa8, 0x5f86d8, 0xa9c4f0), newRamp(0xe08a1c, 0xf6b83a, 0xfbe08a), newRamp(0x7a2f86, 0xa860b8, 0xdca8e0)}
	var flowers []blossom
	for k := range 12 {
		turn := 2 * math.Pi * float64(k) / 12
		flowers = append(flowers, blossom{
			point{centre.x + 0.47*math.Cos(turn), centre.y + 0.37*math.Sin(turn)},
			0.088 + 0.022*float64(k*7%3), 5 + k*5%4, reds[k%len(reds)],
		})
	}
	type blade struct {
		foot          point
		angle, length float64
	}
	var blades []blade
	for k := range 44 {
		turn := 2 * math.Pi * (float64(k) + 0.5) / 44
		out := 1.0
		if k%2 == 1 {
			out = -1
		}
		blades = append(blades, blade{point{centre.x + 0.47*math.Cos(turn), centre.y + 0.37*math.Sin(turn)}, turn + math.Pi/2 - out*0.95, 0.115})
	}
	scene := func(p point) sight {
		for k, f := range flowers {
			d := f.at.to(p)
			r, turn := hypot(d.x, d.y)/f.radius, math.Atan2(d.y, d.x)
			if r < 0.27 {
				return sight{petal + 10*k, hex(0xf2c230), hex(0xb8741c), turn}
			}
			n := float64(f.petals)
			sector := math.Floor(n*turn/(2*math.Pi) + 0.5)
			off := turn - sector*2*math.Pi/n
			if r < 0.62+0.38*math.Cos(n*off/2)*math.Cos(n*off/2) {
				return sight{petal + 10*k + 1 + (int(sector)+2*f.petals)%f.petals, f.paint.at(r), f.paint.at(r - 0.25), turn}
			}
		}
		for k, b := range blades {
			v := b.foot.to(p)
			sin, cos := math.Sincos(b.angle)
			t, off := (v.x*cos+v.y*sin)/b.length, (v.y*cos-v.x*sin)/b.length
			if t > 0 && t < 1 && math.Abs(off) < 0.20*math.Sin(math.Pi*math.Pow(t, 0.8)) {
				slant := 0.6
				if off < 0 {
					slant = -0.6
				}
				return sight{leaf + k%60, mix(hex(0x2f6a3a), hex(0x8fb04a), t), hex(0x4f8a44), b.angle + slant}
			}
		}
		v := centre.to(p)
		if ring := hypot(v.x/0.47, v.y/0.37); math.Abs(ring-1) < 0.020 {
			return sight{stem, hex(0x4a5a2f), hex(0x6a7a3a), math.Atan2(v.y*0.47*0.47, v.x*0.37*0.37) + math.Pi/2}
		}
		b := (point{centre.x - 0.03, centre.y + 0.03}).to(p)
		b = point{b.x / 1.35, b.y / 1.35}
		head := point{b.x + 0.115, b.y + 0.085}
		switch {
		case hypot(head.x+0.016, head.y+0.012) < 0.011:
			return sight{eye, hex(0x18141c), hex(0x18141c), 0}
		case head.x < -0.045 && head.x > -0.115 && math.Abs(head.y-0.006) < 0.022*(head.x+0.115)/0.07:
			return sight{beak, hex(0xe89a2a), hex(0xc0641c), 0}
		case hypot((b.x-0.035)/0.115, (b.y+0.015-0.25*b.x)/0.050) < 1:
			return sight{wing, mix(hex(0x1f5f9a), hex(0x6fc0d8), smooth(-0.05, 0.14, b.x)), hex(0x2f86b8), 0.45 + 2.5*(b.y+0.015)}
		case hypot(head.x, head.y) < 0.058, hypot(b.x/0.150, (b.y-0.2*b.x)/0.088) < 1:
			if b.y-0.25*b.x > 0.045 || head.x < 0.012 && head.y > 0.010 {
				return sight{breast, hex(0xe8623a), hex(0xf6a05a), 1.0 - 3*b.x}
			}
			return sight{body, hex(0x2f8fc0), hex(0x1f5f9a), 0.25 + 2*b.y}
		case b.x > 0.11 && b.x < 0.29 && math.Abs(b.y-0.030-0.28*(b.x-0.11)) < 0.020+0.13*(b.x-0.11):
			return sight{tail, hex(0x1f4f8a), hex(0x5fb0d0), 0.28}
		}
		return sight{cloth, colour{}, colour{}, 0}
	}
	c := linen(rng, hex(0xeee3cc), 0.0062)
	embroider(rng, c, cloth, scene)
	return c.picture()
}

// crossStitch works scene in crosses on c's cloth, one on each square of a
// grid. Where scene has the bare thing the cloth shows.
func crossStitch(rng *rand.Rand, c *canvas, pitch float64, bare int, scene func(point) sight) {
	const reach = 0.40 // of a cross's arms, in squares
	for row := range int(math.Round(1 / pitch)) {
		for column := range int(math.Round(aspect / pitch)) {
			middle := point{(float64(column) + 0.5) * pitch, (float64(row) + 0.5) * pitch}
			s := scene(middle)
			if s.thing == bare {
				continue
			}
			paint := jitter(rng, mix(s.paint, s.second, float64(int(4*rng.Float64()))/4), 0.01, 0.03)
			for _, arm := range []point{{reach * pitch, reach * pitch}, {reach * pitch, -reach * pitch}} {
				c.stitch([]point{{middle.x - arm.x, middle.y - arm.y}, {middle.x + arm.x, middle.y + arm.y}}, 0.42*pitch, paint)
			}
		}
	}
}

// cottage is a house in a garden, in cross-stitch.
func cottage(rng *rand.Rand) image.Image {
	const (
		cloth = iota
		work
	)
	seed := rng.Uint64()
	shape := func(k uint64) noise { return noise(seed + k) }
	see := func(paint, second uint32) sight { return sight{work, hex(paint), hex(second), 0} }
	scene := func(p point) sight {
		if inset := min(p.x, aspect-p.x, p.y, 1-p.y); inset < 0.085 { // a border of diamonds
			along := p.x
			if min(p.x, aspect-p.x) < min(p.y, 1-p.y) {
				along = p.y
			}
			u, v := math.Remainder(along-0.05, 0.10)/0.03, (0.044-inset)/0.025
			switch {
			case inset > 0.074, inset < 0.012:
				return see(0x2f5f8a, 0x3f74a4)
			case math.Abs(u)+math.Abs(v) < 0.5:
				return see(0xf2b63c, 0xf2b63c)
			case math.Abs(u)+math.Abs(v) < 1.3:
				return see(0xc8283a, 0xe04a52)
			}
			return sight{thing: cloth}
		}
		h := (point{0.64, 0.62}).to(p)
		switch {
		case h.within(0.12, -0.37, 0.165, -0.24): // chimney
			return see(0x9a4a3a, 0xb86a52)
		case h.y < -0.13 && h.y > -0.335 && math.Abs(h.x) < 0.245+0.42*(h.y+0.13): // thatch
			return see(0xb0702a, 0xd89a44)
		case h.within(-0.20, -0.13, 0.20, 0.14):
			switch {
			case h.within(-0.035, -0.02, 0.035, 0.14):
				return see(0x2f6a8a, 0x3f84a4)
			case math.Abs(math.Abs(h.x)-0.115) < 0.048 && math.Abs(h.y+0.01) < 0.05:
				if math.Abs(math.Abs(h.x)-0.115) < 0.008 || math.Abs(h.y+0.01) < 0.008 {
					return see(0xffffff, 0xf0ead8)
				}
				return see(0x5f9ac8, 0x86bce0)
			case math.Abs(math.Abs(h.x)-0.115) < 0.060 && h.y > 0.04 && h.y < 0.065:
				return see(0xd8344a, 0xf07a8a)
			}
			return see(0xf6ead0, 0xefdcb4)
		}
		for _, t := range []struct {
			at     point
			radius float64
		}{{point{0.25, 0.42}, 0.125}, {point{0.33, 0.50}, 0.085}, {point{1.05, 0.44}, 0.115}, {point{0.98, 0.53}, 0.075}} {
			if p.distance(t.at) < t.radius {
				if shape(1).knot(int64(40*p.x), int64(40*p.y)) > 0.86 {
					return see(0xd8343a, 0xe85a4a) // apples
				}
				return see(0x2f7a3f, 0x5fa04a)
			}
		}
		if (math.Abs(p.x-0.26) < 0.018 || math.Abs(p.x-1.045) < 0.018) && p.y > 0.5 && p.y < 0.78 {
			return see(0x6a4528, 0x8a5f38)
		}
		ground := 0.74 - 0.03*math.Sin(5*p.x+0.6)
		switch {
		case p.y > ground && math.Abs(p.x-0.64-0.10*math.Sin(7*(p.y-0.74))) < 0.03+0.22*(p.y-0.74): // path
			return see(0xd8c096, 0xc4a878)
		case p.y > ground:
			bloom := shape(2).knot(int64(28*p.x), int64(28*p.y))
			u, v := 28*p.x-math.Floor(28*p.x)-0.5, 28*p.y-math.Floor(28*p.y)-0.5
			if bloom > 0.55 && hypot(u, v) < 0.38 && p.y > ground+0.03 {
				paints := []uint32{0xd8344a, 0xf2b63c, 0x7a4ab0, 0xf08ab0, 0xffffff, 0x3f6ad0}
				paint := paints[int(97*bloom)%len(paints)]
				return see(paint, paint)
			}
			return see(0x5f9a3f, 0x86b850)
		case p.distance(point{1.02, 0.22}) < 0.075:
			return see(0xf6c23a, 0xfbdc6a)
		}
		for _, k := range []point{{0.33, 0.20}, {0.40, 0.18}, {0.47, 0.21}, {0.80, 0.17}, {0.87, 0.19}} {
			if v := k.to(p); hypot(v.x/0.055, v.y/0.032) < 1 {
				return see(0xffffff, 0xe8f0f6)
			}
		}
		return see(0x9ccbe8, 0xb4daf0)
	}
	c := linen(rng, hex(0xf1e7d2), 0.0062)
	crossStitch(rng, c, 0.0125, cloth, scene)
	return c.picture()
}
