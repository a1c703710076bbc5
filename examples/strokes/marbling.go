package main

import (
	"image"
	"math"
	"math/rand/v2"
)

// A drop is paint let fall on the bath: it pushes aside what floats there.
type drop struct {
	at     point
	radius float64
	paint  colour
}

// A comb is drawn once through the bath, straight along a direction. Every
// tooth drags the paint beside it along.
type comb struct {
	through point
	angle   float64
	spacing float64 // from tooth to tooth
	pull    float64 // how far a tooth drags
	soft    float64 // how far beside a tooth the drag has fallen to a third
}

// before is where the paint at p was before the comb was drawn.
func (c comb) before(p point) point {
	sin, cos := math.Sincos(c.angle)
	v := c.through.to(p)
	across := math.Mod(v.y*cos-v.x*sin+100*c.spacing, c.spacing) - c.spacing/2
	return p.along(c.angle, -c.pull*math.Exp(-sq(across/c.soft)))
}

// marble floats drops on a bath, one after another, draws the combs through
// them, and lays paper on it.
func marble(rng *rand.Rand, bath colour, drops []drop, combs []comb) *canvas {
	grain := noise(rng.Uint64())
	c := newCanvas(bath)
	for i := range c.paint {
		p := c.centre(i)
		fibre := 0.02 * grain.fractal(240*p.x, 240*p.y, 2)
		for k := len(combs) - 1; k >= 0; k-- {
			p = combs[k].before(p)
		}
		for k := len(drops) - 1; k >= 0; k-- { // back in time, until the drop that p is of
			d := drops[k]
			r := p.distance(d.at)
			if r < d.radius {
				c.paint[i] = d.paint
				break
			}
			grown := math.Sqrt(1 - sq(d.radius/r)) // the area outside the drop is kept
			p = point{d.at.x + grown*(p.x-d.at.x), d.at.y + grown*(p.y-d.at.y)}
		}
		c.paint[i] = c.paint[i].plus(fibre)
	}
	return c
}

// endpaper is a marbled sheet as it is bound into a book.
func endpaper(rng *rand.Rand) image.Image {
	paints := newRamp(0x14284f, 0xf3e6c8, 0xb8322a, 0xe9a83c, 0x1f6f78, 0xf3e6c8, 0x7a2038, 0x5fa39a)
	var drops []drop
	for range 130 {
		drops = append(drops, drop{
			at:     point{between(rng, -0.1, aspect+0.1), between(rng, -0.1, 1.1)},
			radius: between(rng, 0.03, 0.11),
			paint:  jitter(rng, paints[rng.IntN(len(paints))], 0.02, 0.04),
		})
	}
	combs := []comb{
		{point{0, 0}, 0, 0.20, 0.20, 0.045},
		{point{0, 0.1}, math.Pi, 0.20, 0.20, 0.045},
		{point{0, 0}, math.Pi / 2, 0.155, 0.11, 0.034},
		{point{0.078, 0}, -math.Pi / 2, 0.155, 0.11, 0.034},
	}
	return marble(rng, hex(0x14284f), drops, combs).picture()
}
