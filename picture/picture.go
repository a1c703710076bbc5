// Package picture brings pictures from files into numbers and back.
//
// The way of a picture through the package:
//
//	file -> sniff (format by content) -> header check against [Limits]
//	     -> format decoder (behind one recover) -> [Picture], upright
//	     -> levels of sRGB, from those that the file's ICC profile, code points
//	        (CICP) or gamma describe; a [Profile] may be kept instead
//	     -> [Picture.Resize] in linear light
//	     -> [Save] (temporary file, fsync, rename) -> file
//
// A [Picture] holds sRGB levels as float32, 0..255 with fractions allowed, in
// three planes (R, then G, then B), rows from the top. Opacity is kept beside
// the colours and never multiplied into them, so that an algorithm may repaint
// the colours and put the same opacity back.
//
// Every file is treated as hostile: a picture's size is read from its header
// and compared with the limits before anything proportional to it is
// allocated, the time to decode it is bounded by its length and its size in pixels,
// and a panic in a format library becomes an error.
package picture

import (
	"image"
	"image/color"
	"math"
)

// MaxSide is the greatest width or height, in pixels, that a Picture read from
// a file can have: the largest that JPEG can express. It bounds the padding
// that block formats add around very narrow pictures.
const MaxSide = 65535

// maxLevel is the white level of the 8-bit sRGB scale.
const maxLevel = 255

// Picture is a raster of sRGB levels.
type Picture struct {
	// W and H are the width and height in pixels, both at least 1.
	W, H int

	// RGB holds 3*H*W levels, 0..255, fractions allowed: the red plane, the
	// green plane, the blue plane, each H rows of W.
	RGB []float32

	// Alpha holds H*W opacities, 0 (transparent) to 1 (opaque), or is nil for
	// an opaque picture. RGB is not multiplied by it.
	Alpha []float32
}

// New returns a black, opaque picture of w by h pixels. It panics unless both
// are positive.
func New(w, h int) *Picture {
	if w < 1 || h < 1 {
		panic("picture: width and height must be positive")
	}
	return &Picture{W: w, H: h, RGB: make([]float32, 3*w*h)}
}

// ColorModel returns the model of 16 bits per channel, unmultiplied. With
// Bounds and At it makes a Picture an [image.Image].
func (p *Picture) ColorModel() color.Model { return color.NRGBA64Model }

// Bounds returns the rectangle from (0, 0) to (W, H).
func (p *Picture) Bounds() image.Rectangle { return image.Rect(0, 0, p.W, p.H) }

// At returns the colour of a pixel; outside the picture it is transparent.
func (p *Picture) At(x, y int) color.Color {
	if !(image.Point{X: x, Y: y}).In(p.Bounds()) {
		return color.NRGBA64{}
	}
	return p.pixel(y*p.W + x)
}

// pixel returns the i-th pixel.
func (p *Picture) pixel(i int) color.NRGBA64 {
	plane := p.W * p.H
	c := color.NRGBA64{
		R: quantize(p.RGB[i], per8, math.MaxUint16),
		G: quantize(p.RGB[plane+i], per8, math.MaxUint16),
		B: quantize(p.RGB[2*plane+i], per8, math.MaxUint16),
		A: math.MaxUint16,
	}
	if p.Alpha != nil {
		c.A = quantize(p.Alpha[i], math.MaxUint16, math.MaxUint16)
	}
	return c
}

// Image returns the picture with 8 bits per channel. Levels are rounded to the
// nearest whole one and clamped to 0..255; a NaN becomes 0.
func (p *Picture) Image() *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, p.W, p.H))
	plane := p.W * p.H
	for i := range plane {
		pix := m.Pix[4*i : 4*i+4 : 4*i+4]
		pix[0] = uint8(quantize(p.RGB[i], 1, math.MaxUint8))
		pix[1] = uint8(quantize(p.RGB[plane+i], 1, math.MaxUint8))
		pix[2] = uint8(quantize(p.RGB[2*plane+i], 1, math.MaxUint8))
		pix[3] = math.MaxUint8
		if p.Alpha != nil {
			pix[3] = uint8(quantize(p.Alpha[i], math.MaxUint8, math.MaxUint8))
		}
	}
	return m
}

// Image16 returns the picture with 16 bits per channel: level 255 becomes
// 65535. Rounding and clamping are those of Image.
func (p *Picture) Image16() *image.NRGBA64 {
	m := image.NewNRGBA64(p.Bounds())
	for y := range p.H {
		for x := range p.W {
			m.SetNRGBA64(x, y, p.pixel(y*p.W+x))
		}
	}
	return m
}

// per8 is the number of 16-bit steps in one 8-bit level.
const per8 = math.MaxUint16 / math.MaxUint8

// quantize returns v*scale rounded to the nearest integer in 0..limit.
func quantize(v, scale, limit float32) uint16 {
	v = v*scale + 0.5
	if !(v > 0) { // also true of a NaN
		return 0
	}
	return uint16(min(v, limit))
}
