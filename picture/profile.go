package picture

import (
	"slices"

	"github.com/pastiche-art/pastiche/internal/planar"
)

// A Profile is an RGB ICC profile (ICC.1:2022) of three curves and a matrix, from a
// picture's file. It defines the colours of levels. A Picture with such levels can be
// saved with it (SaveOptions.Profile).
type Profile struct {
	data  []byte // of the file
	space *rgbSpace
}

// ToSRGB returns a copy of a picture converted from the profile to sRGB. Colours outside
// sRGB are clipped channel by channel.
func (f *Profile) ToSRGB(p *Picture) *Picture {
	out := p.clone()
	f.space.toSRGB(out)
	return out
}

// FromSRGB returns a copy of a picture converted from sRGB to the profile. It is the
// inverse of ToSRGB, except for clipped colors.
func (f *Profile) FromSRGB(p *Picture) *Picture {
	out := p.clone()
	f.space.fromSRGB(out)
	return out
}

func (p *Picture) clone() *Picture {
	return &Picture{p.W, p.H, slices.Clone(p.RGB), slices.Clone(p.Alpha)}
}

// An rgbSpace defines the colours of three levels: a curve maps each level to light, and
// a matrix maps the three lights to those of sRGB.
type rgbSpace struct {
	curves  [colors]*curve
	toLight matrix3 // to the lights of sRGB
	ofLight matrix3 // the inverse
	same    bool    // indistinguishable from sRGB
}

// newRGBSpace returns the space of the given curves and a matrix from their lights to
// the XYZ of ICC profiles (D50). It returns nil where the matrix has no inverse.
func newRGBSpace(curves [colors]*curve, toXYZ matrix3) *rgbSpace {
	fromXYZ, _ := srgbToXYZ.inverse()
	toLight := fromXYZ.after(&toXYZ)
	ofLight, ok := toLight.inverse()
	if !ok {
		return nil
	}
	s := &rgbSpace{curves: curves, toLight: toLight, ofLight: ofLight}
	s.same = s.isSRGB()
	return s
}

// toSRGB converts the levels of a picture from the space to sRGB.
func (s *rgbSpace) toSRGB(p *Picture) {
	if s.same {
		return
	}
	p.eachPixel(func(rgb [colors]float32) [colors]float32 {
		for c, v := range rgb {
			rgb[c] = s.curves[c].light(v)
		}
		rgb = s.toLight.times(rgb)
		for c, v := range rgb {
			rgb[c] = planar.Level(v)
		}
		return rgb
	})
}

// fromSRGB converts the levels of a picture from sRGB to the space.
func (s *rgbSpace) fromSRGB(p *Picture) {
	if s.same {
		return
	}
	p.eachPixel(func(rgb [colors]float32) [colors]float32 {
		for c, v := range rgb {
			rgb[c] = planar.Light(v)
		}
		rgb = s.ofLight.times(rgb)
		for c, v := range rgb {
			rgb[c] = s.curves[c].level(v)
		}
		return rgb
	})
}

// eachPixel replaces the levels of each pixel by the result of a function.
func (p *Picture) eachPixel(pixel func([colors]float32) [colors]float32) {
	plane := p.W * p.H
	planar.Parallel(plane, func(from, to int) {
		for i := from; i < to; i++ {
			rgb := pixel([colors]float32{p.RGB[i], p.RGB[plane+i], p.RGB[2*plane+i]})
			p.RGB[i], p.RGB[plane+i], p.RGB[2*plane+i] = rgb[0], rgb[1], rgb[2]
		}
	})
}

// sameLevels is the largest difference of a level from sRGB for a space that counts as
// sRGB. sRGB profiles round the curve and the primaries in various ways, which changes
// levels in the corners of the colour cube by up to 1.8.
const sameLevels = 2

// isSRGB reports whether the space changes no level by more than sameLevels.
func (s *rgbSpace) isSRGB() bool {
	const steps = 9 // of each colour
	grid := New(steps*steps*steps, 1)
	for i := range grid.W {
		for c, v := range [colors]int{i % steps, i / steps % steps, i / (steps * steps)} {
			grid.RGB[c*grid.W+i] = float32(v) * maxLevel / (steps - 1)
		}
	}
	moved := grid.clone()
	s.toSRGB(moved)
	for i, v := range moved.RGB {
		if d := v - grid.RGB[i]; !(d <= sameLevels && d >= -sameLevels) {
			return false
		}
	}
	return true
}
