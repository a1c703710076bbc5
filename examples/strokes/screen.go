package main

import (
	"image"
	"math"
	"math/rand/v2"
)

// screen prints a scene with a few inks. Each point gets the ink that is nearest to its
// colour. A colour between two inks becomes a pattern of dots of both.
func screen(rng *rand.Rand, inks []colour, scene func(point) colour) *canvas {
	const (
		pitch = 0.0125 // from dot to dot
		turn  = 0.42   // of the screen, in radians
	)
	grain := noise(rng.Uint64())
	c := newCanvas(inks[0])
	sin, cos := math.Sincos(turn)
	for i := range c.paint {
		p := c.centre(i)
		want := scene(p)
		first, second := 0, 0
		best, next := math.Inf(1), math.Inf(1)
		for k, ink := range inks {
			switch d := hypot(hypot(ink[0]-want[0], ink[1]-want[1]), ink[2]-want[2]); {
			case d < best:
				best, next, first, second = d, best, k, first
			case d < next:
				next, second = d, k
			}
		}
		share := best / (best + next) // 0 where the first ink is right, 1/2 where both are
		u, v := (p.x*cos+p.y*sin)/pitch, (p.y*cos-p.x*sin)/pitch
		u, v = u-math.Floor(u)-0.5, v-math.Floor(v)-0.5
		dot := hypot(u, v) < 0.62*math.Sqrt(max(0, share-0.22))
		ink := inks[first]
		if dot {
			ink = inks[second]
		}
		c.paint[i] = ink.plus(0.035 * grain.fractal(260*p.x, 260*p.y, 2))
	}
	return c
}

// dunes is a desert in the evening, with riders.
func dunes(rng *rand.Rand) image.Image {
	seed := rng.Uint64()
	shape := func(k uint64) noise { return noise(seed + k) }
	inks := []colour{hex(0xf6e6c4), hex(0xf2b545), hex(0xe4703a), hex(0xb33a3f), hex(0x6a2a52), hex(0x23204a), hex(0x3f8f95)}
	sunAt := point{0.90, 0.30}
	crests := []struct{ base, height, wave, phase float64 }{{0.53, 0.05, 5.1, 0.2}, {0.62, 0.08, 3.3, 2.2}, {0.75, 0.10, 2.6, 4.4}, {0.93, 0.11, 2.1, 0.9}}
	lit := []uint32{0xf2b545, 0xe98a3e, 0xe4703a, 0xb33a3f}
	dark := []uint32{0xb33a3f, 0x8f3350, 0x6a2a52, 0x23204a}
	rider := func(p point, at point, size float64) bool {
		u, v := (p.x-at.x)/size, (at.y-p.y)/size
		body := hypot((u+0.05)/0.36, (v-0.62)/0.17) < 1 || hypot((u+0.05)/0.13, (v-0.80)/0.13) < 1 // and hump
		neck := math.Abs(u-0.34-0.15*(v-0.6)) < 0.06 && v > 0.55 && v < 1.02 || hypot((u-0.46)/0.13, (v-1.02)/0.06) < 1
		legs := v > 0 && v < 0.6 && (math.Abs(u+0.32) < 0.035 || math.Abs(u+0.20) < 0.03 || math.Abs(u-0.15) < 0.03 || math.Abs(u-0.26) < 0.035)
		man := math.Abs(u+0.03) < 0.09*(1.5-v)+0.03 && v > 0.8 && v < 1.28 || hypot((u+0.03)/0.075, (v-1.34)/0.09) < 1
		return body || neck || legs || man
	}
	scene := func(p point) colour {
		for k := range 4 {
			x := 0.34 + 0.115*float64(k)
			if rider(p, point{x, 0.622 - 0.08*math.Sin(3.3*x+2.2)}, 0.085) {
				return hex(0x23204a)
			}
		}
		for k := len(crests) - 1; k >= 0; k-- {
			s := crests[k]
			crest := func(x float64) float64 { return s.base - s.height*math.Sin(s.wave*x+s.phase+0.4*math.Sin(2*x)) }
			if y := p.y - crest(p.x); y > 0 {
				// the lee side of a dune lies in shadow, behind a winding edge
				edge := 0.05*math.Sin(s.wave*p.x*1.7+s.phase) + 0.6*y + 0.03*shape(uint64(k)).fractal(4*p.x, 8*p.y, 2)
				lee := math.Cos(s.wave*p.x+s.phase+0.4*math.Sin(2*p.x)+3*edge) > 0.12
				ripple := 0.5 + 0.5*math.Sin(2*math.Pi*(y/0.022+0.8*math.Sin(4*p.x+float64(k))))
				if lee {
					return mix(hex(dark[k]), hex(lit[k]), 0.25*ripple*smooth(0.1, 0, y))
				}
				return mix(hex(lit[k]), hex(0xf6e6c4), 0.40*smooth(0.55, 1, ripple)*smooth(0.02, 0.12, y))
			}
		}
		d := p.distance(sunAt)
		if d < 0.125 {
			return mix(hex(0xf6e6c4), hex(0xf2b545), smooth(0.06, 0.13, d))
		}
		band := math.Floor(9*smooth(0.10, 0.95, d+0.25*(0.5-p.y)+0.02*math.Sin(12*p.x))) / 9
		return newRamp(0xf2b545, 0xe98a3e, 0xe4703a, 0xb33a3f, 0x3f8f95, 0x3f8f95, 0x23204a).at(band)
	}
	return screen(rng, inks, scene).picture()
}
