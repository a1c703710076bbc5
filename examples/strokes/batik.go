package main

import (
	"image"
	"math"
	"math/rand/v2"
)

// batik dyes scene on cotton: wax keeps white lines around the things, dye runs
// unevenly, and fine veins of dark dye show where the wax has cracked.
func batik(rng *rand.Rand, scene func(point) sight) *canvas {
	const outline = 4 // half the width of a line of wax, in cells
	seed := rng.Uint64()
	large, small := tessellation{noise(seed), 0.16}, tessellation{noise(seed + 3), 0.075}
	run, weave := noise(seed+6), noise(seed+7)
	vein, wax := hex(0x1c2a4a), hex(0xf6ead0)
	c := newCanvas(colour{})
	seen := survey(c, scene)
	same := func(i, j int) bool { return seen[i].thing == seen[j].thing }
	for i, s := range seen {
		p := c.centre(i)
		paint := mix(s.paint, s.second, smooth(-0.5, 0.7, run.fractal(6*p.x, 6*p.y, 4))).plus(0.07 * run.fractal(22*p.x, 22*p.y, 3))
		if c.border(i, outline, same) {
			paint = mix(wax, s.paint, 0.16+0.10*run.fractal(30*p.x, 30*p.y, 2))
		}
		bent := point{p.x + 0.02*run.fractal(9*p.x, 9*p.y, 3), p.y + 0.02*run.fractal(9*p.x+5, 9*p.y, 3)}
		width := 0.0016 * (0.6 + 0.6*run.fractal(8*p.x, 8*p.y, 2))
		if t := large.at(bent); t.edge < width {
			paint = mix(paint, vein, 0.75)
		} else if t := small.at(bent); t.edge < 0.7*width && t.id > 0.45 {
			paint = mix(paint, vein, 0.45)
		}
		c.paint[i] = paint.plus(0.03*math.Sin(2*math.Pi*p.x/0.0042)*math.Sin(2*math.Pi*p.y/0.0042) + 0.02*weave.fractal(200*p.x, 200*p.y, 1))
	}
	return c
}

// jungle is large leaves and flowers around a toucan.
func jungle(rng *rand.Rand) image.Image {
	const (
		night = iota
		moon
		body
		bib
		bill
		tip
		ring
		eye
		perch
		star   = 20
		leaf   = 100 // two things for each leaf, from here on
		flower = 400 // and ten for each flower
	)
	seed := rng.Uint64()
	shape := func(k uint64) noise { return noise(seed + k) }
	greens := []colour{hex(0x1f6a4a), hex(0x2f8a5a), hex(0x6aa83a), hex(0x1f7f86), hex(0xa8b83a)}
	type blade struct {
		foot          point
		angle, length float64
		paint         colour
	}
	var blades []blade
	for k := range 34 { // around the edges, towards the middle
		turn := 2 * math.Pi * (float64(k) + 0.5*rng.Float64()) / 34
		foot := point{aspect/2 + 0.82*math.Cos(turn), 0.5 + 0.66*math.Sin(turn)}
		blades = append(blades, blade{foot, turn + math.Pi + 0.55*spread(rng), between(rng, 0.30, 0.46), greens[rng.IntN(len(greens))]})
	}
	flowers := []struct {
		at     point
		radius float64
		paint  colour
	}{{point{0.16, 0.20}, 0.115, hex(0xe8502f)}, {point{1.10, 0.82}, 0.125, hex(0xe0346a)}, {point{0.20, 0.84}, 0.095, hex(0xf2b02f)}, {point{1.14, 0.18}, 0.085, hex(0xf08a2f)}}
	see := func(thing int, paint, second uint32) sight { return sight{thing, hex(paint), hex(second), 0} }
	scene := func(p point) sight {
		for k, f := range flowers {
			d := f.at.to(p)
			r, turn := hypot(d.x, d.y)/f.radius, math.Atan2(d.y, d.x)
			if r < 0.24 {
				return see(flower+10*k, 0xf6d24a, 0xe89a2a)
			}
			if sector := math.Floor(6*turn/(2*math.Pi) + 0.5); r < 0.55+0.45*math.Abs(math.Cos(3*turn)) {
				return sight{flower + 10*k + 1 + (int(sector)+6)%6, f.paint, mix(f.paint, hex(0xfbe0a0), 0.6*(1-r)), 0}
			}
		}
		b := (point{0.64, 0.52}).to(p)
		head := point{b.x - 0.075, b.y + 0.185}
		switch {
		case hypot(head.x-0.012, head.y+0.012) < 0.017:
			return see(eye, 0x14161f, 0x14161f)
		case hypot(head.x-0.012, head.y+0.012) < 0.040:
			return see(ring, 0x3fa8d8, 0x6fd0e8)
		case head.x > 0.060 && head.x < 0.275 && math.Abs(head.y-0.008-1.4*sq(head.x-0.06)) < 0.062*math.Sqrt(1-(head.x-0.06)/0.215):
			if head.x > 0.215 {
				return see(tip, 0x14161f, 0x2a2a3a)
			}
			return see(bill, 0xf6a02a, 0xf6d84a)
		case hypot((head.x-0.035)/0.075, (head.y-0.075)/0.085) < 1:
			return see(bib, 0xfaf0d8, 0xf6d86a)
		case hypot(head.x, head.y) < 0.092, hypot((b.x+0.02+0.25*b.y)/0.115, (b.y-0.02)/0.215) < 1,
			b.y > 0.12 && b.y < 0.40 && math.Abs(b.x+0.10+0.32*(b.y-0.15)) < 0.045:
			return see(body, 0x1c2236, 0x39426a)
		case math.Abs(b.y-0.225-0.05*b.x) < 0.022 && math.Abs(b.x) < 0.40:
			return see(perch, 0x8a5230, 0xb87a44)
		}
		for k := len(blades) - 1; k >= 0; k-- {
			l := blades[k]
			v := l.foot.to(p)
			sin, cos := math.Sincos(l.angle)
			t, off := (v.x*cos+v.y*sin)/l.length, (v.y*cos-v.x*sin)/l.length
			off -= 0.12 * math.Sin(2.4*t)
			if t < 0 || t > 1 || math.Abs(off) > 0.23*math.Sin(math.Pi*math.Pow(t, 0.75)) {
				continue
			}
			if math.Abs(off) < 0.010 || math.Abs(math.Remainder(t-0.9*math.Abs(off), 0.12)) < 0.010 {
				return sight{leaf + 2*k, mix(l.paint, hex(0xf0e8a0), 0.75), mix(l.paint, hex(0xf0e8a0), 0.5), 0}
			}
			return sight{leaf + 2*k, l.paint, mix(l.paint, hex(0x163a4a), 0.45), 0}
		}
		if d := p.distance(point{0.42, 0.30}); d < 0.135 {
			return see(moon, 0xf8e8b0, 0xf2cf7a)
		}
		i, j := math.Floor(p.x/0.09), math.Floor(p.y/0.09)
		if s := shape(1).knot(int64(i), int64(j)); s > 0.62 && hypot(p.x/0.09-i-0.5, p.y/0.09-j-0.5) < 0.17 {
			return see(star+int(60*s), 0xf8e8b0, 0xf6c86a)
		}
		return see(night, 0x2a2f78, 0x5a3a8a)
	}
	return batik(rng, scene).picture()
}
