package main

import (
	"image"
	"math"
	"math/rand/v2"
)

// A spiral is a branch that rolls in: it leaves the outer end and winds around
// its centre.
type spiral struct {
	centre point
	radius float64
	turns  float64
	start  float64 // angle of the outer end
	sense  float64 // 1 or -1
	width  float64 // of the branch at its outer end
}

// at says how far inside the spiral's branch p is: negative outside, 0 at its
// edge, 1 in its middle.
func (s spiral) at(p point) float64 {
	d := s.centre.to(p)
	r := hypot(d.x, d.y) / s.radius
	if r > 1.15 || r < 0.03 {
		return -1
	}
	turn := s.sense*(math.Atan2(d.y, d.x)-s.start)/(2*math.Pi) + 10
	best := -1.
	for k := range int(s.turns) + 1 { // the branch's windings, from the outside in
		t := turn - math.Floor(turn) + float64(k)
		if t > s.turns {
			break
		}
		along := t / s.turns
		winding := math.Pow(1-along, 0.85) + 0.02
		best = max(best, 1-math.Abs(r-winding)*s.radius/(s.width*(1-0.72*along)))
	}
	return best
}

// goldLeaf is a tree of spirals before gold leaf, over a meadow of ornaments.
func goldLeaf(rng *rand.Rand) image.Image {
	seed := rng.Uint64()
	shape := func(k uint64) noise { return noise(seed + k) }
	golds := newRamp(0x7a5418, 0xb8862b, 0xd8aa3e, 0xf0cf6a, 0xfbe9a8)
	gems := []colour{hex(0x1f4f8a), hex(0xb8322f), hex(0x2f7f6a), hex(0xf3ead2), hex(0x6a2f6f), hex(0xe07a2a)}
	bark := newRamp(0x2a1a12, 0x5a3418, 0x8a5a24)
	var branches []spiral
	add := func(x, y, radius, start, sense float64) {
		branches = append(branches, spiral{point{x, y}, radius, 2.6, start, sense, 0.13 * radius})
	}
	add(0.40, 0.34, 0.20, 1.2, 1)
	add(0.86, 0.33, 0.21, 1.9, -1)
	add(0.14, 0.22, 0.15, 0.9, 1)
	add(1.12, 0.20, 0.15, 2.2, -1)
	add(0.63, 0.15, 0.13, 1.6, 1)
	add(0.16, 0.55, 0.13, 0.3, 1)
	add(1.11, 0.52, 0.13, 2.9, -1)
	add(0.40, 0.08, 0.085, 0.8, -1)
	add(0.88, 0.06, 0.080, 2.2, 1)
	add(0.30, 0.64, 0.075, 0.1, -1)
	add(0.95, 0.63, 0.075, 3.0, 1)
	limbs := [][]point{ // the trunk, and what joins it to the spirals
		{{0.635, 1.0}, {0.63, 0.75}, {0.62, 0.55}, {0.63, 0.40}, {0.63, 0.28}},
		{{0.62, 0.62}, {0.54, 0.56}, {0.47, 0.53}, {0.30, 0.52}, {0.20, 0.67}},
		{{0.63, 0.60}, {0.72, 0.56}, {0.79, 0.535}, {0.96, 0.50}, {1.06, 0.64}},
		{{0.47, 0.53}, {0.30, 0.44}, {0.23, 0.34}},
		{{0.79, 0.535}, {0.98, 0.43}, {1.03, 0.32}},
	}
	ornament := func(p point, cell float64, k uint64) (colour, bool) {
		i, j := math.Floor(p.x/cell), math.Floor(p.y/cell)
		u, v := p.x/cell-i-0.5, p.y/cell-j-0.5
		pick := shape(k).knot(int64(i), int64(j))
		gem := gems[int(pick*977)%len(gems)]
		switch kind := int(pick * 7919 / 100); kind % 4 {
		case 0: // an eye
			if r := hypot(u, 1.6*v); r < 0.44 {
				return []colour{hex(0x1c1410), gem, hex(0xf3ead2), gem}[int(4*r/0.44)], true
			}
		case 1: // a triangle
			if v < 0.36 && v > -0.40+1.7*math.Abs(u) {
				return mix(gem, hex(0x1c1410), 0.4*math.Round(2*(v+0.4))), true
			}
		case 2: // rings
			if r := hypot(u, v); r < 0.42 {
				return []colour{gem, hex(0xf6dc8a), gem, hex(0x1c1410)}[int(4*r/0.42)], true
			}
		case 3: // a checkered square
			if max(math.Abs(u), math.Abs(v)) < 0.38 {
				if (int(4*(u+0.5))+int(4*(v+0.5)))%2 == 0 {
					return hex(0x1c1410), true
				}
				return gem, true
			}
		}
		return colour{}, false
	}
	c := newCanvas(colour{})
	for i := range c.paint {
		p := c.centre(i)
		// leaves of gold, laid edge to edge, each beaten a little differently
		leaf := tessellation{shape(1), 0.07}.at(p)
		beaten := shape(2).fractal(30*p.x, 30*p.y, 4)
		paint := golds.at(0.52 + 0.20*(leaf.id-0.5) + 0.24*beaten)
		c.thickness[i] = 1.6*beaten + 1.2*smooth(0.004, 0, leaf.edge)
		if spot := shape(3).fractal(60*p.x, 60*p.y, 1); spot > 0.72 {
			paint = mix(paint, hex(0xfff6cf), 0.7)
		}
		meadow := 0.80 + 0.03*math.Sin(6*p.x)
		if p.y > meadow {
			paint = newRamp(0x3f6a3a, 0x2f5a4a, 0x6a8a3a, 0x22403a).at(shape(4).at(9*p.x, 14*p.y)).plus(0.05 * beaten)
			if o, ok := ornament(p, 0.052, 5); ok {
				paint, c.thickness[i] = o, 3
			}
		}
		wood := -1.
		for _, limb := range limbs {
			if along, side, ok := nearest(limb, p, 0.09); ok {
				width := 0.062 - 0.045*smooth(0, 0.75, along)
				if limb[0].y < 1 {
					width = 0.024 - 0.010*smooth(0, 0.5, along)
				}
				wood = max(wood, 1-math.Abs(side+0.006*math.Sin(20*along))/width)
			}
		}
		for _, s := range branches {
			wood = max(wood, s.at(p))
		}
		if wood > 0 {
			paint = mix(bark.at(0.25+0.5*shape(6).at(30*p.x, 30*p.y)), golds.at(0.8), 0.85*smooth(0.30, 0.12, math.Abs(wood-0.42)))
			if o, ok := ornament(point{p.x + 0.4, p.y}, 0.027, 7); ok && wood > 0.30 && p.y > 0.45 && math.Abs(p.x-0.63) < 0.06 {
				paint = o
			}
			if wood < 0.16 {
				paint = hex(0x241409)
			}
			c.thickness[i] = 3 + 2*wood
		}
		c.paint[i] = paint
	}
	c.light(0.04)
	return c.picture()
}
