package main

import (
	"image"
	"math"
	"math/rand/v2"
)

// glass sets scene in coloured glass: a pane for each thing, cut into smaller
// ones of about the given size, with lead between them and light behind.
func glass(rng *rand.Rand, size float64, scene func(point) sight) *canvas {
	const (
		came    = 5      // half the width of the lead between two things, in cells
		seam    = 0.0028 // half the width of the lead between two panes of a thing
		bubbles = 0.05
	)
	seed := rng.Uint64()
	panes, streak, lead := tessellation{noise(seed), size}, noise(seed+3), noise(seed+4)
	c := newCanvas(colour{})
	seen := survey(c, scene)
	same := func(i, j int) bool { return seen[i].thing == seen[j].thing }
	for i, s := range seen {
		p := c.centre(i)
		pane := panes.at(p)
		if pane.edge < seam || c.border(i, came, same) {
			c.paint[i] = hex(0x1c1a1b).plus(0.05 * lead.fractal(120*p.x, 120*p.y, 2))
			c.thickness[i] = 5
			continue
		}
		angle := math.Pi * pane.id
		drawn := streak.fractal(10*(p.x*math.Cos(angle)+p.y*math.Sin(angle)), 50*(p.y*math.Cos(angle)-p.x*math.Sin(angle)), 3)
		paint := mix(s.paint, s.second, pane.id).saturate(1.25)
		glow := smooth(0, 0.7*size, pane.edge) // a pane is darkest along its lead
		c.paint[i] = paint.plus(0.20*(glow-0.5) + bubbles*drawn + 0.10*(pane.id-0.5))
	}
	c.light(0.03)
	return c
}

// valley is a river between hills at sunrise.
func valley(rng *rand.Rand) image.Image {
	const (
		sun   = iota
		ray   // one thing for each ray, up to 19
		river = iota + 20
		trunk
		crown = 30 // and for each crown
		slope = 50 // and for each hill
	)
	seed := rng.Uint64()
	sunAt := point{0.72, 0.34}
	rays := newRamp(0xffe27a, 0xf6a33c, 0xe8683a, 0xc9486a, 0x7a4aa0, 0x3f5fb8, 0x2f86c9)
	slopes := []struct{ base, height, wave, phase float64 }{{0.50, 0.09, 4.2, 0.4}, {0.60, 0.08, 3.1, 2.6}, {0.73, 0.09, 2.7, 4.6}, {0.88, 0.07, 3.6, 1.0}}
	greens := []colour{hex(0x4f78b8), hex(0x2f8f86), hex(0x58a046), hex(0x2f6f3a)}
	crowns := []struct {
		at     point
		radius float64
	}{{point{0.20, 0.30}, 0.125}, {point{0.10, 0.42}, 0.10}, {point{0.31, 0.43}, 0.095}, {point{0.20, 0.15}, 0.085}}
	scene := func(p point) sight {
		for k, o := range crowns {
			if p.distance(o.at) < o.radius*(1+0.06*math.Sin(9*math.Atan2(p.y-o.at.y, p.x-o.at.x))) {
				return sight{crown + k, hex(0x3f9a48), hex(0xb8c43a), 0}
			}
		}
		if math.Abs(p.x-0.20-0.015*math.Sin(8*p.y)) < 0.016+0.03*smooth(0.75, 0.93, p.y) && p.y > 0.3 && p.y < 0.93 {
			return sight{trunk, hex(0x6a3a26), hex(0x9a5a30), 0}
		}
		// the river winds down to the viewer, wider as it comes
		depth := smooth(0.50, 1.02, p.y)
		if p.y > 0.52 && math.Abs(p.x-0.76-0.17*math.Sin(9.5*math.Sqrt(p.y-0.5)+0.3)*(0.3+depth)) < 0.014+0.13*depth*depth {
			return sight{river, mix(hex(0xffd98a), hex(0x2f7fc0), smooth(0, 0.4, depth)), hex(0x8fd0e0), 0}
		}
		for k := len(slopes) - 1; k >= 0; k-- {
			s := slopes[k]
			if p.y > s.base-s.height*math.Sin(s.wave*p.x+s.phase) {
				return sight{slope + k, greens[k], mix(greens[k], hex(0xe0c94a), 0.55), 0}
			}
		}
		d := p.distance(sunAt)
		if d < 0.095 {
			return sight{sun, hex(0xfff0a8), hex(0xffc23a), 0}
		}
		turn := math.Atan2(p.y-sunAt.y, p.x-sunAt.x)/(2*math.Pi) + 0.5
		sector := int(18*turn+0.6*math.Sin(11*d)) % 18
		t := smooth(0.05, 0.85, d)
		return sight{ray + max(sector, 0), rays.at(t + 0.08*float64(sector%2)), rays.at(t - 0.12 + 0.2*noise(seed).knot(int64(sector), 0)), 0}
	}
	return glass(rng, 0.085, scene).picture()
}

// roseWindow is the round window of a church: rings of petals around a middle,
// and plain panes about them.
func roseWindow(rng *rand.Rand) image.Image {
	seed := rng.Uint64()
	pick := noise(seed)
	centre := point{aspect / 2, 0.5}
	jewels := []ramp{
		newRamp(0x1f3fb0, 0x2f7fd8, 0x6fc0f0), newRamp(0xb8182f, 0xe83a3a, 0xf68a4a), newRamp(0xf0a81f, 0xf9d24a, 0xfdf0a0),
		newRamp(0x1f7a4a, 0x3fae5a, 0xa8d86a), newRamp(0x5a1f8a, 0x8f3fb8, 0xd08ae0),
	}
	rings := []struct {
		inner, outer float64
		petals       int
		round        float64 // how far the petals' ends bulge
	}{{0, 0.062, 1, 0}, {0.062, 0.155, 8, 0.02}, {0.155, 0.255, 12, 0.03}, {0.255, 0.375, 24, 0.035}, {0.375, 0.470, 24, 0.0}}
	scene := func(p point) sight {
		d := centre.to(p)
		r, turn := hypot(d.x, d.y), math.Atan2(d.y, d.x)/(2*math.Pi)+0.5
		for k := len(rings) - 1; k >= 0; k-- {
			g := rings[k]
			n := float64(g.petals)
			along := n*turn + 0.5*float64(k%2)
			sector := int64(math.Floor(along)) % int64(g.petals)
			u := 2*(along-math.Floor(along)) - 1 // -1..1 across the petal
			if r < g.inner || r > g.outer+g.round*(1-u*u) {
				continue
			}
			t := (r - g.inner) / (g.outer - g.inner)
			paint := jewels[(int(sector)%2+2*k)%len(jewels)]
			thing := 1000*(k+1) + 10*int(sector)
			switch {
			case k == 0:
				return sight{thing, hex(0xfdf0a0), hex(0xf6b83a), 0}
			case hypot(0.75*u, 2*t-1.05) < 0.42: // a jewel in each petal
				inner := jewels[(int(sector)%3+2*k+1)%len(jewels)]
				return sight{thing + 1, inner.at(0.8), inner.at(0.3), 0}
			}
			return sight{thing, paint.at(t), paint.at(0.3 + 0.4*pick.knot(sector, int64(k))), 0}
		}
		if r < 0.492 {
			return sight{1, hex(0xe8dcb8), hex(0xc8b88a), 0}
		}
		corner := jewels[(int(math.Floor(p.x/0.12))+int(math.Floor(p.y/0.12)))%2*4]
		return sight{20000 + 100*int(p.x/0.12) + int(p.y/0.12), corner.at(0.2), corner.at(0.55), 0}
	}
	return glass(rng, 0.34, scene).picture()
}
