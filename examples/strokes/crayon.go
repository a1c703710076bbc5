package main

import (
	"image"
	"math"
	"math/rand/v2"
)

// balloons fly over fields and hills, in wax crayon on white paper.
func balloons(rng *rand.Rand) image.Image {
	const (
		sky = iota
		sun
		cloud
		rope
		field   = 10  // one thing for each field, from here on
		balloon = 100 // and twenty for each balloon
	)
	seed := rng.Uint64()
	shape := func(k uint64) noise { return noise(seed + k) }
	paints := []colour{hex(0xe8342f), hex(0xf6b81f), hex(0x2f7fd0), hex(0xf07a1f), hex(0x3fa048), hex(0x8a3fb0), hex(0xf25a9a), hex(0xfbe04a)}
	greens := []colour{hex(0x5fae3a), hex(0xa8c83a), hex(0xf0c93a), hex(0x2f8a4a), hex(0xd89a3a), hex(0x86b84a)}
	flights := []struct {
		at     point
		radius float64
		shift  int
	}{{point{0.36, 0.33}, 0.205, 0}, {point{0.86, 0.24}, 0.135, 3}, {point{1.10, 0.46}, 0.095, 5}, {point{0.67, 0.50}, 0.065, 2}, {point{0.10, 0.16}, 0.070, 6}}
	plots := tessellation{shape(1), 0.24}
	scene := func(p point) sight {
		for k, f := range flights {
			u, v := (p.x-f.at.x)/f.radius, (p.y-f.at.y)/f.radius
			half := math.Sqrt(max(0, 1-v*v))
			if v > 0.35 { // it narrows towards the basket
				half = math.Sqrt(1-sq(0.35)) - 0.85*(v-0.35)
			}
			switch {
			case v > -1 && v < 1.28 && math.Abs(u) < half:
				gore := int(math.Floor(3.5*math.Asin(clamp(u/half, -1, 1))/(math.Pi/2) + 4))
				paint := paints[(2*gore+f.shift)%len(paints)]
				if math.Abs(v-0.05) < 0.12 {
					paint = paints[(2*gore+f.shift+3)%len(paints)]
				}
				return sight{balloon + 20*k + gore, mix(paint, hex(0xffffff), 0.25*smooth(0.2, -0.7, u+v)), mix(paint, hex(0x2a2a5a), 0.2*smooth(0, 0.9, u)), math.Pi/2 - 0.8*u}
			case v > 1.58 && v < 1.86 && math.Abs(u) < 0.17:
				return sight{balloon + 20*k + 19, hex(0x8a5a2f), hex(0xb87a3f), 0}
			case v >= 1.28 && v <= 1.58 && math.Abs(math.Abs(u)-0.14) < 0.022:
				return sight{rope, hex(0x4a3a2f), hex(0x4a3a2f), math.Pi / 2}
			}
		}
		hill := 0.66 - 0.07*math.Sin(3.3*p.x+0.5) - 0.03*math.Sin(7*p.x)
		if y := p.y - hill; y > 0 {
			depth := 1 / (1 + 2.2*y) // fields are flatter far away
			t := plots.at(point{p.x, 2.4 * y * depth * 1.6})
			angle := math.Pi * (t.id - 0.5) * 0.8
			row := math.Sin(2 * math.Pi * (p.y*math.Cos(angle) - p.x*math.Sin(angle)) / 0.021)
			paint := greens[int(t.id*float64(len(greens)))]
			return sight{field + int(80*t.id), mix(paint, hex(0x2f6a3a), 0.28*smooth(0.1, 0.8, row)), mix(paint, hex(0xffffff), 0.2), angle}
		}
		if d := p.distance(point{1.17, 0.12}); d < 0.085 {
			return sight{sun, hex(0xfbd21f), hex(0xf6a81f), 3 * d / 0.085}
		}
		if shape(2).fractal(2.4*p.x, 6*p.y, 3) > 0.36 {
			return sight{cloud, hex(0xffffff), hex(0xd8e4f4), 0.1}
		}
		return sight{sky, mix(hex(0x3f9ae8), hex(0xa8d8f8), p.y/0.6), hex(0x6fb8f0), -0.7}
	}
	crayon := stick{paper: hex(0xfbf8f0), tooth: 0.75, hue: 0.03, value: 0.04, layers: []hatching{
		{0.014, 0.10, 2.6}, {0.009, 0.06, 1.4},
	}}
	return rub(rng, crayon, scene).picture()
}
