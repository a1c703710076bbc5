package main

import (
	"image"
	"image/color"
	"math"
)

const (
	pictureWidth  = 640 // of the finished painting, in pixels
	pictureHeight = 512
	grain         = 2 // canvas cells along a pixel: painting is done this much finer
)

// A point lies on the canvas: its height is 1, x runs to the right from 0 to
// aspect and y down from 0 to 1.
type point struct{ x, y float64 }

// aspect is the canvas's width over its height.
const aspect = float64(pictureWidth) / pictureHeight

func (p point) to(q point) point { return point{q.x - p.x, q.y - p.y} }
func (p point) along(angle, length float64) point {
	return point{p.x + length*math.Cos(angle), p.y + length*math.Sin(angle)}
}
func (p point) distance(q point) float64 { return hypot(q.x-p.x, q.y-p.y) }
func (p point) within(minX, minY, maxX, maxY float64) bool {
	return p.x >= minX && p.x < maxX && p.y >= minY && p.y < maxY
}

// A canvas holds the paint (its colour and how thick it lies) in a grid of
// square cells, row by row.
type canvas struct {
	width, height int // in cells
	paint         []colour
	thickness     []float64 // in cells, above the bare canvas
}

// newCanvas is a canvas covered evenly with ground.
func newCanvas(ground colour) *canvas {
	c := &canvas{width: grain * pictureWidth, height: grain * pictureHeight}
	c.paint = make([]colour, c.width*c.height)
	c.thickness = make([]float64, c.width*c.height)
	for i := range c.paint {
		c.paint[i] = ground
	}
	return c
}

// cell is the length of a cell's side.
func (c *canvas) cell() float64 { return 1 / float64(c.height) }

// centre is the middle of cell i.
func (c *canvas) centre(i int) point {
	return point{(float64(i%c.width) + 0.5) * c.cell(), (float64(i/c.width) + 0.5) * c.cell()}
}

// survey is what f says of every cell's centre.
func survey[T any](c *canvas, f func(point) T) []T {
	seen := make([]T, len(c.paint))
	for i := range seen {
		seen[i] = f(c.centre(i))
	}
	return seen
}

// border says whether one of the cells at the given distance from cell i,
// seen in eight directions, shows another thing than cell i does.
func (c *canvas) border(i, distance int, same func(i, j int) bool) bool {
	x, y := i%c.width, i/c.width
	for _, d := range [8][2]int{{1, 0}, {0, 1}, {-1, 0}, {0, -1}, {1, 1}, {-1, 1}, {-1, -1}, {1, -1}} {
		u, v := x+d[0]*distance, y+d[1]*distance
		if u >= 0 && u < c.width && v >= 0 && v < c.height && !same(i, v*c.width+u) {
			return true
		}
	}
	return false
}

// cover lays paint over cell i with the given opacity.
func (c *canvas) cover(i int, paint colour, opacity float64) {
	c.paint[i] = mix(c.paint[i], paint, opacity)
}

// light lets a lamp at the upper left shine along the canvas, so that thick
// paint shows its relief. strength is the change of brightness per unit of
// slope.
func (c *canvas) light(strength float64) {
	const limit = 0.22 // no slope darkens or brightens more
	for y := 1; y < c.height-1; y++ {
		for x := 1; x < c.width-1; x++ {
			i := y*c.width + x
			slope := c.thickness[i+1] - c.thickness[i-1] + c.thickness[i+c.width] - c.thickness[i-c.width]
			c.paint[i] = c.paint[i].plus(clamp(strength*slope, -limit, limit))
		}
	}
}

// picture is the canvas seen from afar: each pixel the mean of its cells.
func (c *canvas) picture() image.Image {
	img := image.NewRGBA(image.Rect(0, 0, pictureWidth, pictureHeight))
	for y := range pictureHeight {
		for x := range pictureWidth {
			var sum colour
			for j := range grain {
				for i := range grain {
					cell := c.paint[(y*grain+j)*c.width+x*grain+i]
					for k := range sum {
						sum[k] += clamp(cell[k], 0, 1)
					}
				}
			}
			sum = sum.times(255. / (grain * grain))
			img.SetRGBA(x, y, color.RGBA{uint8(sum[0] + 0.5), uint8(sum[1] + 0.5), uint8(sum[2] + 0.5), 0xff})
		}
	}
	return img
}
