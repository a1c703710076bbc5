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
		bar     = 0.013 // half a bar's width
		largest = 0.26  // longer side of a panel that is not divided further
	)
	seed := noise(rng.Uint64())
	paints := []colour{hex(0xf4f1e6), hex(0xc8281e), hex(0xe9e6dc), hex(0xf0c419), hex(0xf4f1e6), hex(0x1f4a9c), hex(0xf4f1e6)}
	var panels []panel
	var divide func(whole panel, depth int)
	divide = func(whole panel, depth int) {
		w, h := whole.maxX-whole.minX, whole.maxY-whole.minY
		if depth == 0 || max(w, h) < largest || depth < 4 && rng.Float64() < 0.16 {
			panels = append(panels, whole)
			return
		}
		t := between(rng, 0.25, 0.75)
		if w > h {
			x := whole.minX + t*w
			divide(panel{whole.minX, whole.minY, x, whole.maxY}, depth-1)
			divide(panel{x, whole.minY, whole.maxX, whole.maxY}, depth-1)
			return
		}
		y := whole.minY + t*h
		divide(panel{whole.minX, whole.minY, whole.maxX, y}, depth-1)
		divide(panel{whole.minX, y, whole.maxX, whole.maxY}, depth-1)
	}
	divide(panel{-0.1, -0.1, aspect + 0.1, 1.1}, 5)
	c := newCanvas(hex(0x1d1c1c))
	for i := range c.paint {
		p := c.centre(i)
		brush := seed.fractal(14*p.x, 160*p.y, 3)
		c.thickness[i] = brush
		c.paint[i] = c.paint[i].plus(0.02 * brush)
		for k, q := range panels {
			if p.within(q.minX+bar, q.minY+bar, q.maxX-bar, q.maxY-bar) {
				c.paint[i] = paints[int(seed.knot(int64(k), 9)*float64(len(paints)))].plus(0.022 * brush)
			}
		}
	}
	c.light(0.03)
	return c.picture()
}
