package main

import (
	"image"
	"math"
	"math/rand/v2"
)

// A bed is what a mosaicist lays at a point: the tiles of a thing run in rows.
type bed struct {
	thing int
	row   float64 // across the rows, in the canvas's unit
	run   float64 // along them
	tile  float64 // a tile's side
	paint colour
}

// mosaic lays scene in tiles. The tiles at a thing's edge are cut to its
// outline; light falls on each tile at another angle.
func mosaic(rng *rand.Rand, scene func(point) bed) *canvas {
	const (
		joint    = 0.0021  // half the width of the grout
		edge     = 0.0025  // width of a tile's worn edge
		chipped  = 0.0006  // how deep its edge is chipped
		cutWidth = 2       // half the width of the grout between two things, in cells
		ample    = 1 << 10 // added to keep the tiles' numbers positive
	)
	grout := hex(0x3a332e)
	seed := rng.Uint64()
	grit, chip, tone, tilt := noise(seed), noise(seed+1), noise(seed+2), noise(seed+3)
	c := newCanvas(grout)
	beds := survey(c, scene)
	same := func(i, j int) bool { return beds[i].thing == beds[j].thing }
	for i, b := range beds {
		p := c.centre(i)
		wobble := 0.10 * grit.fractal(60*p.x, 60*p.y, 2)
		row, inRow := math.Modf(ample + b.row/b.tile + wobble)
		// rows start at different places, and no two tiles are equally long
		along := ample + b.run/b.tile + 7*tone.knot(int64(row), int64(b.thing)) + wobble
		run, inRun := math.Modf(along + 0.28*math.Sin(1.7*along+row))
		gap := b.tile*min(inRow, 1-inRow, inRun, 1-inRun) - chipped*chip.fractal(150*p.x, 150*p.y, 1)
		if gap < joint || c.border(i, cutWidth, same) {
			c.paint[i] = grout.plus(0.08 * grit.fractal(200*p.x, 200*p.y, 1))
			continue
		}
		id := int64(row)<<20 ^ int64(run)
		sin, cos := math.Sincos(2 * math.Pi * tilt.knot(id, int64(b.thing)))
		shine := 0.16*(tone.knot(id, int64(b.thing))-0.5) + 0.10*(cos*(inRow-0.5)+sin*(inRun-0.5))
		for k := range b.paint {
			b.paint[k] += 0.11 * (chip.knot(id, int64(k+10*b.thing)) - 0.5)
		}
		c.paint[i] = b.paint.plus(shine + 0.05*chip.fractal(90*p.x, 90*p.y, 1) - 0.12*smooth(joint+edge, joint, gap))
	}
	return c
}

// dolphins leap before a low sun.
func dolphins(rng *rand.Rand) image.Image {
	const (
		sky = iota
		sun
		ray
		isle
		sea
		dolphin // from here on, one thing for each part of each animal
	)
	seed := rng.Uint64()
	shape := func(k uint64) noise { return noise(seed + k) }
	sunAt := point{0.88, 0.40}
	dusk := newRamp(0xffe9a0, 0xf8c95a, 0xf0a848, 0xd98f7a, 0x8fb0c8, 0x5a94c4, 0x3f78b4, 0x2c5a9a)
	deep := newRamp(0x8fd0c8, 0x3fa0a8, 0x1f78a0, 0x1c4f8a, 0x163468, 0x102850)
	earth := newRamp(0x8a4a2c, 0xb86a3a, 0x6f7a3a, 0x4a6a3c)
	wave := func(p point) float64 {
		return p.y - 0.66 - 0.022*math.Sin(13*p.x+0.6*math.Sin(4*p.x)) - 0.012*math.Sin(29*p.x+2)
	}
	type body struct {
		at           point
		radius, span float64 // of the arc along which the spine bends, from its top
		thick        float64
	}
	leaping := []body{{point{0.40, 0.70}, 0.34, 0.92, 0.075}, {point{0.80, 0.83}, 0.20, 0.95, 0.048}}
	// swimmer is the tile of a dolphin at p: a spindle bent along an arc, with
	// fins; its rows run from the snout to the tail.
	swimmer := func(k int, d body, p point) (bed, bool) {
		back, belly, eye := dolphin+3*k, dolphin+3*k+1, dolphin+3*k+2
		v := d.at.to(p)
		turn := math.Atan2(v.x, -v.y) // 0 at the arc's top, positive towards the snout
		u := turn / d.span            // -1 tail .. 1 snout
		off := d.at.distance(p) - d.radius
		if math.Abs(u) > 1.25 {
			return bed{}, false
		}
		half := d.thick * math.Pow(max(0, 1-u*u), 0.62) * (1 + 0.30*u)
		half = max(half, d.thick*0.20*smooth(1.17, 1.09, u)*smooth(0.6, 0.9, u)) // the beak
		if u < -0.80 {                                                           // the fluke
			half = max(half, d.thick*1.0*smooth(-0.86, -1.10, u)*smooth(-1.16, -1.10, u))
		}
		top := half
		if u > -0.22 && u < 0.10 { // the fin on the back
			top += d.thick * 0.85 * smooth(-0.24, -0.12, u) * smooth(0.10, -0.12, u)
		}
		bottom := half
		if u > 0.22 && u < 0.50 { // the flipper
			bottom += d.thick * 0.75 * smooth(0.20, 0.27, u) * smooth(0.50, 0.27, u)
		}
		if off > top || off < -bottom {
			return bed{}, false
		}
		if hypot(turn-0.80*d.span, (off-0.12*half)/d.radius)*d.radius < d.thick*0.11 {
			return bed{eye, off, turn, 1, hex(0x101018)}, true
		}
		size := 0.0150
		if off < -0.25*half {
			return bed{belly, off, turn * d.radius, size, newRamp(0xcfd8dc, 0xf4efe0, 0xffffff).at(0.5 - 0.5*off/half)}, true
		}
		return bed{back, off, turn * d.radius, size, newRamp(0x6a8fae, 0x3a5f8a, 0x24406a, 0x182a4c).at(0.25 + 0.75*off/max(top, 0.01))}, true
	}
	scene := func(p point) bed {
		for k, d := range leaping {
			if b, ok := swimmer(k, d, p); ok {
				return b
			}
		}
		if w := wave(p); w > 0 {
			foam := smooth(0.75, 1, math.Sin(2*math.Pi*(w/0.075+0.4*shape(1).fractal(3*p.x, 6*w, 2))))
			path := smooth(0.16, 0.02, math.Abs(p.x-sunAt.x)) * smooth(0.3, 0.8, shape(2).at(9*p.x, 40*w))
			paint := mix(deep.at(2.7*w+0.12*shape(3).fractal(5*p.x, 14*w, 2)), hex(0xeaf6ea), 0.75*foam)
			return bed{sea, w, p.x, 0.0175, mix(paint, hex(0xffc85a), 0.8*path)}
		}
		d := p.distance(sunAt)
		turn := math.Atan2(p.y-sunAt.y, p.x-sunAt.x)
		hills := 0.70 - 0.21*smooth(0.66, 0.10, p.x)*(1+0.35*shape(4).fractal(6*p.x, 0, 3)) - 0.02*shape(5).fractal(5*p.x, 3, 2)
		switch {
		case d < 0.115:
			return bed{sun, d, turn * math.Floor(d/0.016+0.5) * 0.016, 0.016, mix(hex(0xfff2b0), hex(0xf2742c), d/0.115)}
		case p.y > hills:
			return bed{isle, p.y - hills, p.x, 0.0165, earth.at((p.y-hills)/0.14 + 0.25*shape(6).fractal(8*p.x, 8*p.y, 2))}
		case math.Cos(14*turn) > 0.25+2.2*(d-0.115) && d < 0.33:
			return bed{ray, d, turn * 0.2, 0.0165, mix(hex(0xffd95a), hex(0xe8862e), (d-0.115)/0.2)}
		}
		ringed := math.Floor(d/0.019+0.5) * 0.019
		cloud := smooth(0.25, 0.6, shape(7).fractal(2.2*p.x, 6*p.y, 3))
		return bed{sky, d, turn * ringed, 0.019, mix(dusk.at(d/0.95+0.07*shape(8).fractal(4*p.x, 4*p.y, 2)), hex(0xfff0e0), 0.7*cloud)}
	}
	return mosaic(rng, scene).picture()
}
