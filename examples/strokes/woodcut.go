package main

import (
	"image"
	"math"
	"math/rand/v2"
)

// A cut is what a carver does at a point: lines go where line is a whole
// number, as much wood as tone says comes away between them.
type cut struct {
	thing int
	tone  float64 // 0 leaves all the ink, 1 leaves bare paper
	line  float64
}

// woodcut prints scene from a carved block. The gouge swells and thins along
// its way; every thing keeps an inked outline.
func woodcut(rng *rand.Rand, scene func(point) cut) *canvas {
	const outline = 2 // half its width, in cells
	seed := rng.Uint64()
	swell, tooth, press := noise(seed), noise(seed+1), noise(seed+2)
	ink, paper := hex(0x16130f), hex(0xf1e7d0)
	c := newCanvas(paper)
	cuts := survey(c, scene)
	same := func(i, j int) bool { return cuts[i].thing == cuts[j].thing }
	for i, k := range cuts {
		p := c.centre(i)
		wander := swell.fractal(24*p.x, 24*p.y, 2)
		_, phase := math.Modf(math.Abs(k.line + 0.10*wander))
		tone := clamp(k.tone+0.22*wander, 0, 1)
		carved := math.Abs(phase-0.5) < tone/2 && !(k.tone > 0.3 && c.border(i, outline, same))
		fibre := 0.025 * tooth.fractal(400*p.x, 400*p.y, 1)
		if carved {
			c.paint[i] = paper.plus(fibre)
			continue
		}
		starved := smooth(0.45, 1.1, press.fractal(5*p.x, 5*p.y, 2)) * smooth(0.6, 0.95, tooth.at(300*p.x, 300*p.y))
		c.paint[i] = mix(ink.plus(2*fibre), paper, 0.8*starved)
	}
	return c
}

// moonrise is the moon over a mountain lake, with firs and a cabin.
func moonrise(rng *rand.Rand) image.Image {
	const (
		sky = iota
		moon
		cloud
		peak
		foothill
		lake
		bank
		roof
		wall
		window
		fir // one thing for each tree, from here on
	)
	const (
		shore = 0.635
		fine  = 1 / 0.0105 // lines per unit
	)
	seed := rng.Uint64()
	shape := func(k uint64) noise { return noise(seed + k) }
	moonAt, moonRadius := point{0.83, 0.21}, 0.088
	peaks := func(x float64) float64 {
		return 0.40 - 0.27*math.Exp(-sq((x-0.38)/0.20)) - 0.13*math.Exp(-sq((x-1.10)/0.22)) - 0.035*shape(1).fractal(7*x, 0, 4)
	}
	hills := func(x float64) float64 { return 0.565 - 0.04*shape(2).fractal(3*x, 4, 3) }
	ground := func(x float64) float64 { return 0.87 - 0.13*smooth(0.55, 0.05, x) + 0.015*shape(3).fractal(5*x, 0, 2) }
	firs := []struct{ x, top, foot, girth float64 }{
		{0.115, 0.17, 0.93, 0.120}, {0.275, 0.40, 0.91, 0.080}, {1.165, 0.34, 1.0, 0.105}, {1.03, 0.57, 0.985, 0.062}, {0.375, 0.60, 0.93, 0.048},
	}
	face := func(p point) (lit float64) { // which side of a spur the light meets
		y := p.y - peaks(p.x)
		return shape(4).fractal(9*(p.x+0.35*y), 3*y, 3) + 0.6*(p.x-0.38)
	}
	scene := func(p point) cut {
		for k, t := range firs {
			h := (p.y - t.top) / (t.foot - t.top)
			if h < 0 || h > 1 {
				continue
			}
			tier := h * (6 + 30*(t.foot-t.top)*0.4)
			_, saw := math.Modf(tier + 0.35*shape(20+uint64(k)).fractal(9*p.x, 9*p.y, 2))
			girth := t.girth * (0.12 + 0.88*math.Pow(h, 0.85)) * (0.55 + 0.45*saw)
			if h > 0.94 {
				girth = 0.12 * t.girth
			}
			if off := (p.x - t.x) / girth; math.Abs(off) < 1 {
				return cut{fir + k, 0.05 + 0.62*smooth(0.0, 1, off)*smooth(0.1, 0.6, saw), (p.y-t.top-0.5*math.Abs(p.x-t.x))*fine*0.9 + 0.5*off}
			}
		}
		house := point{0.66, 0.80}
		if d := house.to(p); d.within(-0.075, -0.07, 0.075, 0.085) || d.y < -0.05 && d.y > -0.135 && math.Abs(d.x) < 0.10*(d.y+0.14)/0.07 {
			switch {
			case d.y < -0.055 && d.y > -0.135: // the roof, under snow
				return cut{roof, 0.86, (d.x + 0.6*d.y) * fine * 0.6}
			case d.within(-0.045, -0.03, -0.012, 0.02), d.within(0.020, -0.03, 0.052, 0.02):
				if math.Abs(math.Mod(d.x+1, 0.0325)-0.0163) < 0.0018 || math.Abs(d.y+0.005) < 0.002 {
					return cut{window, 0, 0}
				}
				return cut{window, 1, 0.5}
			}
			return cut{wall, 0.30, d.y * fine * 0.62}
		}
		switch {
		case p.y > ground(p.x):
			y := p.y - ground(p.x)
			glow := smooth(0.20, 0.05, hypot(p.x-0.66, 2*(p.y-0.92)))
			return cut{bank, 0.86 - 2.2*y + 0.4*shape(5).fractal(4*p.x, 6*p.y, 2) + 0.3*glow, (y - 0.25*shape(6).fractal(2.5*p.x, 2*p.y, 2)*0.2) * fine * 0.75}
		case p.y > shore:
			depth := (p.y - shore) / 0.25
			mirror := point{p.x + 0.02*shape(7).fractal(3*p.x, 60*p.y, 2), 2*shore - p.y}
			tone := 0.42 - 0.12*depth
			if mirror.y > peaks(mirror.x) {
				tone = 0.16 + 0.22*smooth(-0.1, 0.2, face(mirror))
			}
			path := smooth(0.07+0.10*depth, 0.01, math.Abs(p.x-moonAt.x))
			tone += path * (0.35 + 0.6*shape(8).fractal(9*p.x, 60*p.y, 2))
			y := p.y - shore
			return cut{lake, tone, (y - 0.8*y*y + 0.003*math.Sin(40*p.x+30*p.y)) * fine}
		case p.y > hills(p.x):
			y := p.y - hills(p.x)
			return cut{foothill, 0.22 + 0.30*shape(9).fractal(14*p.x, 8*p.y, 2), (p.x + 0.5*y) * fine * 0.8}
		case p.y > peaks(p.x):
			y := p.y - peaks(p.x)
			if face(p) > 0.02 { // moonlit snow
				return cut{peak, 0.92 - 1.5*y, (p.x - 0.75*p.y) * fine * 0.85}
			}
			return cut{peak, 0.22 + 0.5*y, (p.x + 1.1*p.y) * fine * 0.75}
		}
		d := p.distance(moonAt)
		if d < moonRadius {
			return cut{moon, 1, 0.5}
		}
		drift := shape(10).fractal(1.8*p.x, 7*p.y, 3) + 0.15*math.Sin(9*p.y)
		if drift > 0.30 && d > 0.16 {
			return cut{cloud, 0.60 + 0.9*(drift-0.30), (p.y + 0.05*drift) * fine * 0.8}
		}
		return cut{sky, 0.16 + 0.72*smooth(0.50, 0.08, d) + 0.1*smooth(0.2, 0.5, p.y), (d + 0.006*shape(11).fractal(4*p.x, 4*p.y, 2)) * fine * 0.85}
	}
	return woodcut(rng, scene).picture()
}
