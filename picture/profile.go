package picture

import (
	"errors"
	"fmt"
	"slices"
)

// A Profile is the ICC profile (ICC.1:2022) that a picture's file carries: what
// its levels mean as colours. Profiles of a matrix and three curves, and those of
// a curve of grey, are understood; of others it is known what they are.
type Profile struct {
	data    []byte
	name    string
	problem string // why it is not understood
	grey    bool
	same    bool      // as sRGB, for all that can be seen
	curves  [3]*curve // from levels to light
	toSRGB  matrix3   // from its light to that of sRGB
	ofSRGB  matrix3   // and back
}

// ErrProfile is behind the error of a profile that is not understood.
var ErrProfile = errors.New("picture: colour profile")

// Err says in a sentence why a profile is not understood, so that its levels are
// taken for those of sRGB; nil where it is. The error is ErrProfile.
func (f *Profile) Err() error {
	if f.problem == "" {
		return nil
	}
	called := ""
	if f.name != "" {
		called = fmt.Sprintf(" %q", f.name)
	}
	return fail(ErrProfile, nil, "its colour profile%s %s: its colours are taken for sRGB; convert it to sRGB first where they matter", called, f.problem)
}

// Grey says whether the profile is one for pictures without colours, which no
// painting can keep.
func (f *Profile) Grey() bool { return f.grey }

// ToSRGB returns a copy of a picture whose levels are the profile's, in those of
// sRGB. Colours beyond those are clipped channel by channel, as relative
// colorimetry without a table has it. Where the profile is not understood, the
// levels stay as they are.
func (f *Profile) ToSRGB(p *Picture) *Picture {
	return f.convert(p, func(rgb [3]float32) [3]float32 {
		for c, v := range rgb {
			rgb[c] = f.curves[c].light(v)
		}
		rgb = f.toSRGB.times(rgb)
		for c, v := range rgb {
			rgb[c] = toLevel(v)
		}
		return rgb
	})
}

// FromSRGB returns a copy of a picture in the levels of the profile; it undoes
// ToSRGB.
func (f *Profile) FromSRGB(p *Picture) *Picture {
	return f.convert(p, func(rgb [3]float32) [3]float32 {
		for c, v := range rgb {
			rgb[c] = toLinear(v)
		}
		rgb = f.ofSRGB.times(rgb)
		for c, v := range rgb {
			rgb[c] = f.curves[c].level(v)
		}
		return rgb
	})
}

func (f *Profile) convert(p *Picture, pixel func([3]float32) [3]float32) *Picture {
	out := &Picture{p.W, p.H, slices.Clone(p.RGB), slices.Clone(p.Alpha)}
	if f.problem != "" || f.same {
		return out
	}
	plane := p.W * p.H
	parallel(plane, func(from, to int) {
		for i := from; i < to; i++ {
			rgb := pixel([3]float32{p.RGB[i], p.RGB[plane+i], p.RGB[2*plane+i]})
			out.RGB[i], out.RGB[plane+i], out.RGB[2*plane+i] = rgb[0], rgb[1], rgb[2]
		}
	})
	return out
}

// A curve holds the light, 0 to 1, of every 32nd part of a level, and never falls.
type curve [maxLevel*tableSteps + 1]float32

// roundedCurve is how far a curve may fall where two parts of it meet, because
// their parameters are rounded.
const roundedCurve = 1e-3

// newCurve tabulates a function of 0 to 1. It returns nil where that falls.
func newCurve(of func(v float64) float64) *curve {
	c := new(curve)
	for i := range c {
		c[i] = float32(min(max(of(float64(i)/(maxLevel*tableSteps)), 0), 1))
		if c[i] != c[i] {
			return nil
		}
		if i > 0 && c[i] < c[i-1] {
			if c[i] < c[i-1]-roundedCurve {
				return nil
			}
			c[i] = c[i-1]
		}
	}
	return c
}

func (c *curve) light(level float32) float32 {
	if level != level {
		return level
	}
	at := clampLevel(level) * tableSteps
	i := min(int(at), tableLastCell)
	return c[i] + (at-float32(i))*(c[i+1]-c[i])
}

// level returns the level of a light, the lowest of several.
func (c *curve) level(light float32) float32 {
	if light != light {
		return light
	}
	i, found := slices.BinarySearch(c[:], light)
	switch {
	case found || i == 0:
		return float32(i) / tableSteps
	case i == len(c):
		return maxLevel
	}
	return (float32(i-1) + (light-c[i-1])/(c[i]-c[i-1])) / tableSteps
}

// matrix3 is a 3 x 3 matrix by rows.
type matrix3 [9]float64

func (m *matrix3) times(v [3]float32) (p [3]float32) {
	x, y, z := float64(v[0]), float64(v[1]), float64(v[2])
	for r := range p {
		p[r] = float32(m[3*r]*x + m[3*r+1]*y + m[3*r+2]*z)
	}
	return p
}

func (m *matrix3) after(n *matrix3) (p matrix3) {
	for r := range 3 {
		for c := range 3 {
			p[3*r+c] = m[3*r]*n[c] + m[3*r+1]*n[3+c] + m[3*r+2]*n[6+c]
		}
	}
	return p
}

// inverse returns the inverse, and whether there is one that rounding leaves
// alone.
func (m *matrix3) inverse() (inv matrix3, ok bool) {
	const least = 1e-6 // of the determinants of spaces of colours, which are about 0.1
	cofactor := func(r, c int) float64 {
		a, b, d, e := (r+1)%3, (r+2)%3, (c+1)%3, (c+2)%3
		return m[3*a+d]*m[3*b+e] - m[3*a+e]*m[3*b+d]
	}
	det := m[0]*cofactor(0, 0) + m[1]*cofactor(0, 1) + m[2]*cofactor(0, 2)
	if !(det > least || det < -least) {
		return inv, false
	}
	for r := range 3 {
		for c := range 3 {
			inv[3*r+c] = cofactor(c, r) / det
		}
	}
	return inv, true
}
