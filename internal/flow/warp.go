package flow

import (
	"fmt"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// Warp returns a picture whose pixel at each place is the pixel of src to which by points:
//
//	dst[y][x] = src at (x + U[y][x], y + V[y][x])
//
// src holds any number of planes of the size of the field. To carry a picture of one frame
// to the next one, warp it by the flow from the next frame back to it. Values between
// pixels are interpolated bicubically (Catmull-Rom), which keeps texture sharper than
// bilinear interpolation and may exceed the range of src a little. Points outside src get
// the nearest pixel at its edge.
func Warp(pool *kernel.Pool, src []float32, by *Field) []float32 {
	by.check()
	n := by.Width * by.Height
	if len(src)%n != 0 {
		panic(fmt.Sprintf("flow: %d values for planes of %d x %d", len(src), by.Width, by.Height))
	}
	var (
		g     = newGrid(by.Width, by.Height)
		dst   = make([]float32, len(src))
		plane = make([]float32, g.size())
	)
	for at := 0; at < len(src); at += n {
		for y := range g.h {
			copy(g.row(plane, y, 0), src[at+y*g.w:])
		}
		g.extend(plane, border)
		g.eachRow(pool, 0, func(y int) {
			for x := range g.w {
				i := y*g.w + x
				dst[at+i] = g.interpolate(plane, float32(x)+by.U[i], float32(y)+by.V[i])
			}
		})
	}
	return dst
}

// interpolate returns the value of an extended plane at a point, by bicubic interpolation
// (Keys 1981, with a = -1/2). A point outside the frame moves to its edge.
func (g grid) interpolate(plane []float32, x, y float32) float32 {
	x, y = clamp(x, 0, float32(g.w-1)), clamp(y, 0, float32(g.h-1))
	left, top := int(x), int(y)
	wx, wy := cubic(x-float32(left)), cubic(y-float32(top))
	at := g.at(top-1, left-1)
	var sum float32
	for _, w := range wy {
		p := (*[4]float32)(plane[at:])
		sum += w * ((wx[0]*p[0] + wx[1]*p[1]) + (wx[2]*p[2] + wx[3]*p[3]))
		at += g.stride
	}
	return sum
}

// cubic returns the weights of the pixels at -1, 0, 1 and 2 at the point t, 0 <= t <= 1.
func cubic(t float32) [4]float32 {
	return [4]float32{
		t * (t*(2-t) - 1) / 2,
		(t*t*(3*t-5) + 2) / 2,
		t * (t*(4-3*t) + 1) / 2,
		t * t * (t - 1) / 2,
	}
}
