package main

import (
	"image"
	"math"
	"math/rand/v2"
)

// tiles paints scene in blue on white tiles, as in Portugal: strokes of thin
// cobalt, dark outlines, and joints between the tiles. tone is 0 on the bare
// white and 1 in the darkest blue.
func tiles(rng *rand.Rand, scene func(point) (thing int, tone float64)) *canvas {
	const (
		side    = 1 / 5.0 // of a tile
		joint   = 0.0028  // half the width of a joint
		outline = 2       // half the width of a painted line, in cells
	)
	seed := rng.Uint64()
	pool, brush, glaze := noise(seed), noise(seed+1), noise(seed+2)
	blues := newRamp(0xf3f4f1, 0xc3d3e6, 0x86a6d2, 0x4a72b8, 0x24469a, 0x14286a)
	type look struct {
		thing int
		tone  float64
	}
	c := newCanvas(colour{})
	seen := survey(c, func(p point) look {
		p.x += 0.004 * brush.fractal(12*p.x, 12*p.y, 2) // the painter's hand
		p.y += 0.004 * brush.fractal(12*p.x+9, 12*p.y, 2)
		thing, tone := scene(p)
		return look{thing, tone}
	})
	same := func(i, j int) bool { return seen[i].thing == seen[j].thing }
	for i, s := range seen {
		p := c.centre(i)
		streak := brush.fractal(16*p.x+30*p.y, 70*p.y-14*p.x, 3)
		tone := s.tone*(1+0.28*pool.fractal(9*p.x, 9*p.y, 3)+0.22*streak) + 0.02*streak
		if c.border(i, outline, same) {
			tone = max(tone+0.35, 0.72+0.22*pool.fractal(20*p.x, 20*p.y, 2))
		}
		u, v := p.x/side, p.y/side
		id := int64(math.Floor(u))<<8 + int64(math.Floor(v))
		gap := side * min(u-math.Floor(u), math.Ceil(u)-u, v-math.Floor(v), math.Ceil(v)-v)
		fired := 0.05 * (glaze.knot(id, 1) - 0.5) // every tile comes out of the kiln a little different
		c.paint[i] = blues.at(tone).plus(fired + 0.02*glaze.fractal(30*p.x, 30*p.y, 2) + 0.10*smooth(0.012, joint, gap)*bevel(u, v))
		if gap < joint {
			c.paint[i] = hex(0xb9b2a2).plus(0.06 * glaze.fractal(120*p.x, 120*p.y, 2))
		}
	}
	return c
}

// bevel is 1 on the edges of a tile that meet the light, at the upper
// left, and -1 on the others.
func bevel(u, v float64) float64 {
	u, v = u-math.Floor(u), v-math.Floor(v)
	if u+v < 1 {
		return 1
	}
	return -1
}

// caravel is a ship under full sail.
func caravel(rng *rand.Rand) image.Image {
	const (
		sky = iota
		cloud
		hull
		deck
		stern
		mast
		flag
		cross
		bird
		border
		flourish
		sail = 20 // one thing for each sail, from here on
		wave = 40 // and for each wave
	)
	seed := rng.Uint64()
	shape := func(k uint64) noise { return noise(seed + k) }
	sails := []struct {
		foot          point // the middle of its lower edge
		width, height float64
	}{{point{0.63, 0.545}, 0.30, 0.23}, {point{0.63, 0.295}, 0.20, 0.135}, {point{0.88, 0.555}, 0.20, 0.20}, {point{0.88, 0.335}, 0.13, 0.11}, {point{0.41, 0.555}, 0.155, 0.24}}
	masts := []struct{ x, top float64 }{{0.63, 0.115}, {0.88, 0.185}, {0.41, 0.27}}
	clouds := []point{{0.24, 0.40}, {0.33, 0.17}, {1.08, 0.45}, {1.04, 0.16}}
	birds := []point{{0.21, 0.28}, {0.28, 0.24}, {1.05, 0.27}, {1.09, 0.33}}
	scene := func(p point) (int, float64) {
		inset := min(p.x, aspect-p.x, p.y, 1-p.y)
		if inset < 0.092 { // a border of scrolls
			if inset > 0.080 || inset < 0.012 {
				return border, 0.85
			}
			along := p.y
			if min(p.y, 1-p.y) < min(p.x, aspect-p.x) {
				along = p.x
			}
			w := (inset - 0.046) / 0.030
			phase := 2 * math.Pi * along / 0.10
			if math.Abs(w-0.75*math.Sin(phase)) < 0.26 {
				return flourish, 0.75
			}
			if hypot(math.Remainder(along-0.025, 0.10)/0.017, (w+0.30)/0.40) < 1 || hypot(math.Remainder(along+0.025, 0.10)/0.017, (w-0.30)/0.40) < 1 {
				return flourish + 1, 0.45
			}
			return border + 100, 0.06
		}
		for k := 5; k >= 0; k-- {
			depth := float64(k) / 5
			crest := 0.70 + 0.24*depth - (0.014+0.016*depth)*math.Sin((22-9*depth)*p.x+2.1*float64(k))
			if y := p.y - crest; y > 0 && (k > 0 || p.y > 0.71) {
				line := math.Mod(y, 0.022) < 0.007
				tone := 0.30 + 2.2*y + 0.08*float64(k%2)
				if line && y < 0.07 {
					tone += 0.28
				}
				return wave + k, min(tone, 0.85)
			}
		}
		for k, s := range sails {
			u, v := 2*(p.x-s.foot.x)/s.width, (s.foot.y-p.y)/s.height
			swell := 0.16 * (1 - sq(2*v-1)) // the wind fills it
			if v > -0.10*(1-u*u) && v < 1 && u-swell > -0.86-0.10*(1-v) && u-swell < 0.86+0.10*(1-v) {
				if k == 0 && (math.Abs(u-0.16) < 0.085 && math.Abs(v-0.5) < 0.36 || math.Abs(u-0.16) < 0.50 && math.Abs(v-0.5) < 0.065) {
					return cross, 0.8
				}
				return sail + k, 0.04 + 0.38*smooth(0.1, 1, u)*smooth(1.2, 0.2, v) + 0.25*smooth(0.88, 1, v)
			}
		}
		for _, m := range masts {
			if math.Abs(p.x-m.x) < 0.0055 && p.y > m.top && p.y < 0.62 {
				return mast, 0.8
			}
			if f := (point{m.x, m.top}).to(p); f.x > 0 && f.x < 0.085 && math.Abs(f.y-0.018-0.006*math.Sin(70*f.x)) < 0.016*(1-0.8*f.x/0.085) {
				return flag, 0.55
			}
		}
		// hull: a long bow that rises to both ends
		u := (p.x - 0.64) / 0.345
		rail := 0.625 - 0.055*sq(u) - 0.055*smooth(0.55, 0.75, u) - 0.03*smooth(-0.6, -0.8, u)
		keel := 0.755 - 0.10*math.Pow(math.Abs(u), 3)
		if math.Abs(u) < 1 && p.y > rail && p.y < keel {
			switch {
			case p.y < rail+0.016:
				return deck, 0.85
			case math.Abs(math.Remainder(p.x, 0.062)) < 0.011 && math.Abs(p.y-rail-0.040) < 0.010:
				return stern, 0.95
			}
			return hull, 0.52 + 0.25*smooth(0.1, 0.6, math.Mod((p.y-rail)/0.024, 1))
		}
		for _, b := range birds {
			if v := b.to(p); math.Abs(v.x) < 0.030 && math.Abs(v.y+0.010-0.6*math.Abs(v.x)+9*sq(v.x)) < 0.004 {
				return bird, 0.7
			}
		}
		puff := 0.
		for k, at := range clouds {
			for j := range 4 {
				v := at.to(p)
				v.x += 0.055 * (float64(j) - 1.5)
				puff = max(puff, 1-hypot(v.x/0.050, (v.y+0.018*shape(1).knot(int64(k), int64(j)))/0.030))
			}
		}
		if puff > 0 {
			return cloud, 0.02 + 0.16*smooth(0.3, 0, puff)
		}
		return sky, 0.10 + 0.22*smooth(0.65, 0.1, p.y) + 0.05*shape(2).fractal(3*p.x, 14*p.y, 2)
	}
	return tiles(rng, scene).picture()
}
