package main

import (
	"image"
	"math"
	"math/rand/v2"
)

// A plate is what an etcher sees at a point.
type plate struct {
	thing int
	tone  float64 // 0 is the bare paper, 1 the darkest shadow
	line  float64 // across the first lines, in the canvas's unit; the others cross them
}

// etch prints scene from a copper plate: fine lines, crossed by more and more
// others the darker it is, and an outline around each thing.
func etch(rng *rand.Rand, scene func(point) plate) *canvas {
	const pitch = 0.0058 // from line to line
	seed := rng.Uint64()
	waver, tooth, wipe := noise(seed), noise(seed+1), noise(seed+2)
	ink, paper := hex(0x231d1a), hex(0xefe6d2)
	crossings := []struct{ angle, from, to float64 }{ // added between these tones, after the first lines
		{0.85, 0.34, 0.70}, {-0.70, 0.55, 0.86}, {1.62, 0.74, 1.0},
	}
	c := newCanvas(paper)
	seen := survey(c, scene)
	same := func(i, j int) bool { return seen[i].thing == seen[j].thing }
	for i, s := range seen {
		p := c.centre(i)
		covered := 0.
		bite := func(k int, line, from, to float64) {
			line += pitch * 0.4 * waver.fractal(7*p.x+float64(k), 7*p.y, 2)
			row := math.Floor(line / pitch)
			// a line is lifted now and then, and bites deeper where it is dark
			lifted := waver.at(8*p.x+31*row, 8*p.y+7*float64(k))
			depth := smooth(from, to, s.tone+0.20*(lifted-0.5))
			off := math.Abs(line/pitch - row - 0.5)
			covered = max(covered, smooth(0.44*depth+0.08, 0.44*depth-0.08, off)*min(1, 6*depth))
		}
		bite(0, s.line, 0.03, 0.50)
		for k, x := range crossings {
			sin, cos := math.Sincos(x.angle)
			bite(k+1, p.y*cos-p.x*sin, x.from, x.to)
		}
		if c.border(i, 1, same) || c.border(i, 2, same) && waver.at(30*p.x, 30*p.y) > 0.45 {
			covered = 1
		}
		tint := 0.05*s.tone + 0.03*wipe.fractal(3*p.x, 3*p.y, 3)
		c.paint[i] = mix(paper.plus(0.03*tooth.fractal(250*p.x, 250*p.y, 2)-tint), ink, 0.92*covered)
	}
	return c
}

// lighthouse stands on a rock in a storm.
func lighthouse(rng *rand.Rand) image.Image {
	const (
		sky = iota
		beam
		tower
		gallery
		lantern
		dome
		house
		roof
		rock
		spray
		gull
		wave = 20 // one thing for each wave, from here on
	)
	seed := rng.Uint64()
	shape := func(k uint64) noise { return noise(seed + k) }
	foot, lamp := point{0.86, 0.64}, point{0.86, 0.235}
	cliff := func(x float64) float64 {
		return 0.64 + 3.5*sq(max(0, math.Abs(x-0.92)-0.20)) + 0.028*shape(1).fractal(9*x, 0, 4)
	}
	air := &stream{wind: 0.35, waves: shape(2), waviness: 0.16, vortices: []vortex{
		{point{0.28, 0.24}, 0.20, 0.16}, {point{0.62, 0.10}, 0.13, -0.10}, {point{1.16, 0.20}, 0.15, 0.12},
	}}
	gulls := []point{{0.44, 0.36}, {0.52, 0.31}, {0.36, 0.42}, {1.10, 0.42}}
	scene := func(p point) plate {
		for k := 6; k >= 0; k-- { // waves, the nearest on top
			depth := float64(k) / 6
			x := p.x + 0.21*float64(k*k)
			crest := 0.66 + 0.29*depth*depth + 0.04*depth
			height := (0.02 + 0.045*depth) * (math.Pow(math.Abs(math.Sin(x*(6.5-3*depth))), 0.7) - 0.4 + 0.25*shape(10+uint64(k)).fractal(5*x, 0, 3))
			if y := p.y - crest + height; y > 0 && (k > 4 || p.y < cliff(p.x)) {
				foam := smooth(0.016+0.02*depth, 0, y) + 0.6*smooth(0.35, 0.8, shape(20+uint64(k)).fractal(16*p.x, 40*p.y, 3))
				return plate{wave + k, clamp(0.30+0.42*smooth(0, 0.10, y)-foam, 0, 1), 0.8 * y}
			}
		}
		d := foot.to(p)
		half := 0.040 + 0.022*(d.y+0.35)/0.35*0.9
		switch {
		case d.y > -0.33 && d.y < 0.03 && math.Abs(d.x) < half:
			u := d.x / half
			band := math.Mod(d.y+1, 0.132) < 0.066
			window := math.Abs(d.x) < 0.007 && math.Mod(d.y+1.02, 0.132) < 0.022
			tone := 0.12 + 0.6*smooth(-0.5, 1, u)
			if band {
				tone += 0.35
			}
			if window {
				tone = 1
			}
			return plate{tower, min(tone, 1), d.y + 0.02*sq(u)}
		case d.y <= -0.33 && d.y > -0.350 && math.Abs(d.x) < 0.055:
			return plate{gallery, 0.8, p.y}
		case d.y <= -0.350 && d.y > -0.415 && math.Abs(d.x) < 0.027:
			return plate{lantern, 0.9 * smooth(0.006, 0.003, math.Abs(math.Remainder(d.x, 0.018))), p.x}
		case d.y <= -0.415 && d.y > -0.455 && math.Abs(d.x) < 0.032*math.Sqrt(max(0, 1-sq((d.y+0.415)/0.04))):
			return plate{dome, 0.35 + 0.5*smooth(-0.02, 0.03, d.x), d.y + 2*sq(d.x)}
		}
		if h := (point{1.0, 0.625}).to(p); h.within(-0.055, -0.045, 0.055, 0.05) {
			if math.Abs(math.Abs(h.x)-0.025) < 0.009 && math.Abs(h.y+0.010) < 0.014 {
				return plate{house, 1, p.y}
			}
			return plate{house, 0.15 + 0.35*smooth(-0.05, 0.06, h.x), p.y}
		} else if h.y <= -0.045 && h.y > -0.095 && math.Abs(h.x) < 0.065+0.35*(h.y+0.045) {
			return plate{roof, 0.70, 0.9*p.x + 0.4*p.y}
		}
		if y := p.y - cliff(p.x); y > 0 {
			crack := shape(3).fractal(14*p.x+4*p.y, 10*p.y, 4)
			return plate{rock, clamp(0.45+0.75*crack+0.3*smooth(0.85, 1.05, p.x), 0.05, 1), 0.8*p.x - 0.5*p.y + 0.05*shape(4).fractal(6*p.x, 6*p.y, 2)}
		}
		for _, g := range gulls {
			if v := g.to(p); math.Abs(v.x) < 0.026 && math.Abs(v.y+0.010-0.55*math.Abs(v.x)+9*sq(v.x)) < 0.0022 {
				return plate{gull, 1, p.y}
			}
		}
		v := lamp.to(p)
		if turn := math.Atan2(v.y, -v.x); v.x < 0 && math.Abs(turn+0.10) < 0.10 || v.x > 0 && math.Abs(math.Atan2(v.y, v.x)+0.10) < 0.10 {
			return plate{beam, 0.05 + 0.10*smooth(0.2, 0.9, hypot(v.x, v.y)), p.y}
		}
		cloud := 0.5 + 0.5*math.Sin(34*air.value(p)+2*shape(5).fractal(3*p.x, 3*p.y, 3))
		return plate{sky, 0.12 + 0.62*smooth(0.25, 0.95, cloud)*smooth(0.75, 0.2, p.y) + 0.12*smooth(0.5, 0.65, p.y), air.value(p)}
	}
	return etch(rng, scene).picture()
}
