package main

import (
	"image"
	"math"
	"math/rand/v2"
)

// facets breaks scene along straight lines. Each facet shows it a little
// displaced and is shaded from one side to the other.
func facets(rng *rand.Rand, lines int, scene func(point) sight) *canvas {
	const (
		shift   = 0.035 // how far a facet is displaced
		contour = 2     // half the width of the lines between facets, in cells
	)
	seed := noise(rng.Uint64())
	type line struct {
		through point
		angle   float64
	}
	cuts := make([]line, lines)
	for k := range cuts {
		angle := math.Pi/4*float64(rng.IntN(4)) + 0.5*spread(rng) // most are upright, level or between
		cuts[k] = line{point{between(rng, 0.05, aspect-0.05), between(rng, 0.05, 0.95)}, angle}
	}
	type facet struct {
		id    int64
		light float64 // -1..1, from the facet's dark side to its bright one
	}
	c := newCanvas(colour{})
	seen := survey(c, func(p point) facet {
		var f facet
		nearest := math.Inf(1)
		for k, l := range cuts {
			v := l.through.to(p)
			side := v.y*math.Cos(l.angle) - v.x*math.Sin(l.angle)
			if side > 0 {
				f.id |= 1 << k
			}
			if math.Abs(side) < math.Abs(nearest) {
				nearest = side
			}
		}
		f.light = clamp(nearest/0.08, -1, 1)
		return f
	})
	bristle := seed + 7
	things := survey(c, scene)
	for i, f := range seen {
		p := c.centre(i)
		there := point{p.x + shift*(2*seed.knot(f.id, 2)-1), p.y + shift*(2*seed.knot(f.id, 3)-1)}
		s := scene(there)
		angle := math.Pi * seed.knot(f.id, 4)
		brush := bristle.fractal(90*(p.x*math.Cos(angle)+p.y*math.Sin(angle)), 22*(p.y*math.Cos(angle)-p.x*math.Sin(angle)), 2)
		paint := mix(s.paint, s.second, 0.35*seed.knot(f.id, 5)).plus(0.13*f.light + 0.16*(seed.knot(f.id, 6)-0.5) + 0.035*brush)
		switch {
		case c.border(i, contour, func(i, j int) bool { return seen[i].id == seen[j].id }):
			paint = mix(paint, hex(0x2a2320), 0.30)
		case c.border(i, contour, func(i, j int) bool { return things[i].thing == things[j].thing }):
			paint = mix(paint, hex(0x2a2320), 0.60)
		}
		c.paint[i] = paint
		c.thickness[i] = brush
	}
	c.light(0.02)
	return c
}

// hillTown is houses on a hill, one above the other, in ochre and grey.
func hillTown(rng *rand.Rand) image.Image {
	const (
		sky = iota
		hill
		house = 10 // three things for each house, from here on
	)
	seed := rng.Uint64()
	shape := func(k uint64) noise { return noise(seed + k) }
	walls := newRamp(0xe8d3a4, 0xcfa468, 0xb98a5c, 0xd8c9b4, 0xa9a79c)
	roofs := newRamp(0xb8562f, 0x9a4a34, 0x7c4a3c, 0xc77a45)
	type building struct {
		foot          point
		width, height float64
		wall, roof    colour
	}
	var town []building
	for row := range 5 { // from the top of the hill down to the viewer
		y := 0.36 + 0.15*float64(row)
		size := 0.115 + 0.022*float64(row)
		for x := between(rng, -0.05, 0.05); x < aspect+0.1; x += size * between(rng, 0.85, 1.25) {
			top := y - 0.10*math.Exp(-sq((x-0.62)/0.33))*float64(5-row)/4
			if top < 0.30 && rng.Float64() < 0.25 {
				continue
			}
			town = append(town, building{
				point{x, top + 0.09 + 0.02*spread(rng)}, size * between(rng, 0.8, 1.15), size * between(rng, 0.9, 1.5),
				walls.at(rng.Float64()), roofs.at(rng.Float64()),
			})
		}
	}
	scene := func(p point) sight {
		for k := len(town) - 1; k >= 0; k-- {
			b := town[k]
			u, v := (p.x-b.foot.x)/b.width, (b.foot.y-p.y)/b.height
			if math.Abs(u) > 0.62 || v < 0 || v > 1.5 {
				continue
			}
			switch gable := 1 + 0.42*(1-math.Abs(u)/0.56); {
			case v > 1 && v < gable: // the roof, light on its left side
				return sight{house + 3*k, mix(b.roof, hex(0x3a2a2a), 0.45*smooth(-0.05, 0.05, u)), b.roof, 0}
			case v <= 1 && math.Abs(u) < 0.5:
				if math.Abs(math.Mod(u+1.5, 0.5)-0.25) < 0.075 && math.Abs(v-0.6) < 0.16 { // a window
					return sight{house + 3*k + 1, hex(0x3b3f48), hex(0x5a6670), 0}
				}
				return sight{house + 3*k + 2, mix(b.wall, hex(0x5c5a60), 0.5*smooth(0.12, 0.2, u)), b.wall, 0}
			}
		}
		if p.y > 0.42-0.12*math.Exp(-sq((p.x-0.62)/0.4)) {
			return sight{hill, mix(hex(0x7d8a55), hex(0x4f6347), shape(1).at(8*p.x, 8*p.y)), hex(0xa99a5a), 0}
		}
		return sight{sky, mix(hex(0x8fa6b2), hex(0xe6dcc4), smooth(0.0, 0.4, p.y)+0.2*shape(2).fractal(3*p.x, 3*p.y, 3)), hex(0xb9c0bd), 0}
	}
	return facets(rng, 15, scene).picture()
}
