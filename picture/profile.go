package picture

import "slices"

// A Profile is an RGB ICC profile (ICC.1:2022) of three curves and a matrix, which
// a picture's file carries. It says which colours the levels are. A Picture in its
// levels can be saved with it (SaveOptions.Profile).
type Profile struct {
	data  []byte // of the file
	space *rgbSpace
}

// ToSRGB returns a copy of a picture, whose levels are the profile's, in the levels
// of sRGB. Colours that sRGB lacks are clipped channel by channel.
func (f *Profile) ToSRGB(p *Picture) *Picture {
	out := p.clone()
	f.space.toSRGB(out)
	return out
}

// FromSRGB returns a copy of a picture, whose levels are those of sRGB, in the
// levels of the profile. It undoes ToSRGB, but for clipped colours.
func (f *Profile) FromSRGB(p *Picture) *Picture {
	out := p.clone()
	f.space.fromSRGB(out)
	return out
}

func (p *Picture) clone() *Picture {
	return &Picture{p.W, p.H, slices.Clone(p.RGB), slices.Clone(p.Alpha)}
}

// An rgbSpace says which colours three levels are: a curve turns each level to
// light, and a matrix turns the three lights to those of sRGB.
type rgbSpace struct {
	curves  [colors]*curve
	toLight matrix3 // of sRGB
	ofLight matrix3 // and back
	same    bool    // as sRGB, for all that can be seen
}

// newRGBSpace returns the space of some curves and a matrix that turns their lights
// to the XYZ of profiles (D50). It returns nil where the matrix has no inverse.
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

// toSRGB turns the levels of a picture, which are the space's, to those of sRGB.
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
			rgb[c] = toLevel(v)
		}
		return rgb
	})
}

// fromSRGB turns the levels of a picture, which are sRGB's, to those of the space.
func (s *rgbSpace) fromSRGB(p *Picture) {
	if s.same {
		return
	}
	p.eachPixel(func(rgb [colors]float32) [colors]float32 {
		for c, v := range rgb {
			rgb[c] = toLinear(v)
		}
		rgb = s.ofLight.times(rgb)
		for c, v := range rgb {
			rgb[c] = s.curves[c].level(v)
		}
		return rgb
	})
}

// eachPixel replaces the levels of each pixel by what a function returns for them.
func (p *Picture) eachPixel(pixel func([colors]float32) [colors]float32) {
	plane := p.W * p.H
	parallel(plane, func(from, to int) {
		for i := from; i < to; i++ {
			rgb := pixel([colors]float32{p.RGB[i], p.RGB[plane+i], p.RGB[2*plane+i]})
			p.RGB[i], p.RGB[plane+i], p.RGB[2*plane+i] = rgb[0], rgb[1], rgb[2]
		}
	})
}

// sameLevels is how far a space may take a level from sRGB's and still be sRGB:
// profiles of sRGB round its curve and its primaries in several ways, which moves
// levels in the corners of the cube of colours by up to 1.8.
const sameLevels = 2

// isSRGB reports whether the space takes no level far from where it is.
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
