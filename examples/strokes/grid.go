package main

import (
	"image"
	"math/rand/v2"
)

// A panel is a rectangle between the bars.
type panel struct{ minX, minY, maxX, maxY float64 }

// bars divides the canvas by black bars, over and over, and fills each panel
// with a plain colour.
func bars(rng *rand.Rand) image.Image {
	const (
		bar      = 0.013 // half a bar's width
		smallest = 0.13  // longer side of a panel that is divided no more, halved
	)
	seed := noise(rng.Uint64())
	paints := []colour{hex(0xf4f1e6), hex(0xc8281e), hex(0xe9e6dc), hex(0xf0c419), hex(0xf4f1e6), hex(0x1f4a9c), hex(0xf4f1e6)}
	var panels []panel
	var divide func(f panel, depth int)
	divide = func(f panel, depth int) {
		w, h := f.maxX-f.minX, f.maxY-f.minY
		if depth == 0 || max(w, h) < 2*smallest || depth < 4 && rng.Float64() < 0.16 {
			panels = append(panels, f)
			return
		}
		t := between(rng, 0.25, 0.75)
		if w > h {
			x := f.minX + t*w
			divide(panel{f.minX, f.minY, x, f.maxY}, depth-1)
			divide(panel{x, f.minY, f.maxX, f.maxY}, depth-1)
			return
		}
		y := f.minY + t*h
		divide(panel{f.minX, f.minY, f.maxX, y}, depth-1)
		divide(panel{f.minX, y, f.maxX, f.maxY}, depth-1)
	}
	divide(panel{-0.1, -0.1, aspect + 0.1, 1.1}, 5)
	c := newCanvas(hex(0x1d1c1c))
	for i := range c.paint {
		p := c.centre(i)
		brush := seed.fractal(14*p.x, 160*p.y, 3)
		c.thickness[i] = brush
		c.paint[i] = c.paint[i].plus(0.02 * brush)
		for k, f := range panels {
			if p.within(f.minX+bar, f.minY+bar, f.maxX-bar, f.maxY-bar) {
				c.paint[i] = paints[int(seed.knot(int64(k), 9)*float64(len(paints)))].plus(0.022 * brush)
			}
		}
	}
	c.light(0.03)
	return c.picture()
}
