package picture

import (
	"fmt"
	"math"
	"sync"

	"github.com/pastiche-art/pastiche/internal/planar"
)

// A cicp describes colours by the code points of ITU-T H.273, which PNG's chunk cICP and
// the box colr (nclx) of AVIF and HEIC contain. It takes precedence over an ICC
// profile; where a format has the opposite rule, its decoder drops the code points.
type cicp struct {
	primaries uint8 // table 2: 1 BT.709, 9 BT.2020, 12 P3
	transfer  uint8 // table 3: 13 sRGB, 16 PQ, 18 HLG
	matrix    uint8 // table 4, of the samples of the image: 0 where they are RGB
	fullRange bool  // of the samples of the image: false where black is 16 and white 235
}

// The code points that this file names.
const (
	cicpUnspecified = 2 // primaries or transfer

	primariesBT709   = 1
	primariesBT470M  = 4
	primariesBT470BG = 5
	primariesBT601   = 6
	primaries240M    = 7
	primariesBT2020  = 9
	primariesDCI     = 11
	primariesP3      = 12
	primariesEBU     = 22

	transferBT709   = 1
	transferGamma22 = 4
	transferGamma28 = 5
	transferBT601   = 6
	transferLinear  = 8
	transferSRGB    = 13
	transferBT2020  = 14 // of 10 bits
	transferBT2020b = 15 // of 12 bits
	transferPQ      = 16
	transferHLG     = 18

	matrixRGB = 0
)

// title returns a phrase for the code points, for use in a sentence.
func (c *cicp) title() string {
	return fmt.Sprintf("its colours are described by code points (CICP %d/%d)", c.primaries, c.transfer)
}

// problem returns why the code points are not supported, as a clause, or "" if they
// are.
func (c *cicp) problem() string {
	if c.matrix != matrixRGB || c.gamut() == nil || c.light() == nil {
		return fmt.Sprintf("its colours are described by code points that are not understood (CICP %d/%d/%d)", c.primaries, c.transfer, c.matrix)
	}
	return ""
}

// toSRGB converts the levels of a picture to sRGB. The code points must be supported.
// It returns warnings.
func (c *cicp) toSRGB(p *Picture) (warnings []string) {
	if !c.fullRange {
		const black, white = 16, 235
		for i, v := range p.RGB {
			p.RGB[i] = planar.Clamp((v - black) * maxLevel / (white - black))
		}
	}
	if c.transfer == transferPQ || c.transfer == transferHLG {
		return c.toneMap(p)
	}
	of := newCurve(c.light())
	newRGBSpace([colors]*curve{of, of, of}, c.gamut().toXYZ()).toSRGB(p)
	return nil
}

// A gamut is the chromaticities x and y of three primaries and of white.
type gamut struct{ red, green, blue, white [2]float64 }

// White points of CIE 15.
var (
	whiteC   = [2]float64{0.310, 0.316}
	whiteD65 = [2]float64{0.3127, 0.3290}
	whiteDCI = [2]float64{0.314, 0.351}
)

var srgbGamut = gamut{[2]float64{0.640, 0.330}, [2]float64{0.300, 0.600}, [2]float64{0.150, 0.060}, whiteD65}

// gamut returns the chromaticities of table 2 of H.273, or nil.
func (c *cicp) gamut() *gamut {
	switch c.primaries {
	case primariesBT709, cicpUnspecified:
		return &srgbGamut
	case primariesBT470M:
		return &gamut{[2]float64{0.67, 0.33}, [2]float64{0.21, 0.71}, [2]float64{0.14, 0.08}, whiteC}
	case primariesBT470BG:
		return &gamut{[2]float64{0.64, 0.33}, [2]float64{0.29, 0.60}, [2]float64{0.15, 0.06}, whiteD65}
	case primariesBT601, primaries240M:
		return &gamut{[2]float64{0.630, 0.340}, [2]float64{0.310, 0.595}, [2]float64{0.155, 0.070}, whiteD65}
	case primariesBT2020:
		return &gamut{[2]float64{0.708, 0.292}, [2]float64{0.170, 0.797}, [2]float64{0.131, 0.046}, whiteD65}
	case primariesDCI:
		return &gamut{[2]float64{0.680, 0.320}, [2]float64{0.265, 0.690}, [2]float64{0.150, 0.060}, whiteDCI}
	case primariesP3:
		return &gamut{[2]float64{0.680, 0.320}, [2]float64{0.265, 0.690}, [2]float64{0.150, 0.060}, whiteD65}
	case primariesEBU:
		return &gamut{[2]float64{0.630, 0.340}, [2]float64{0.295, 0.605}, [2]float64{0.155, 0.077}, whiteD65}
	}
	return nil
}

// light returns the function from levels to light, both 0 to 1, for a code of table 3
// of H.273, or nil. For BT.709, BT.601 and BT.2020 the table has the curves of cameras,
// but pictures are made for the curve of displays, an exponent of 2.4 (BT.1886), which
// browsers use.
func (c *cicp) light() func(v float64) float64 {
	switch c.transfer {
	case transferBT709, transferBT601, transferBT2020, transferBT2020b:
		return func(v float64) float64 { return math.Pow(v, 2.4) }
	case transferGamma22:
		return func(v float64) float64 { return math.Pow(v, 2.2) }
	case transferGamma28:
		return func(v float64) float64 { return math.Pow(v, 2.8) }
	case transferLinear:
		return func(v float64) float64 { return v }
	case transferSRGB, cicpUnspecified:
		return planar.Decode
	case transferPQ:
		return pqToLight
	case transferHLG:
		return hlgToLight
	}
	return nil
}

// toXYZ returns the matrix from the lights of a gamut to the XYZ of ICC profiles, with
// the white adapted to D50 by Bradford's matrix. It is zero where the gamut has no
// area.
func (g *gamut) toXYZ() matrix3 {
	m, ok := g.native()
	if !ok {
		return matrix3{}
	}
	bradford := matrix3{0.8951, 0.2664, -0.1614, -0.7502, 1.7135, 0.0367, 0.0389, -0.0685, 1.0296}
	back, _ := bradford.inverse()
	from := bradford.times(xyzOf(g.white))
	to := bradford.times([3]float32{0.96422, 1, 0.82521})
	scale := matrix3{float64(to[0] / from[0]), 0, 0, 0, float64(to[1] / from[1]), 0, 0, 0, float64(to[2] / from[2])}
	adapted := scale.after(&bradford)
	adapted = back.after(&adapted)
	return adapted.after(&m)
}

// native returns the matrix from the lights of a gamut to XYZ with its own white. ok is
// false where there is none.
func (g *gamut) native() (m matrix3, ok bool) {
	for c, xy := range [colors][2]float64{g.red, g.green, g.blue} {
		if !(xy[1] > 0) {
			return m, false
		}
		m[c], m[3+c], m[6+c] = xy[0]/xy[1], 1, (1-xy[0]-xy[1])/xy[1]
	}
	inverse, ok := m.inverse()
	if !ok || !(g.white[1] > 0) {
		return m, false
	}
	for c, v := range inverse.times(xyzOf(g.white)) {
		m[c], m[3+c], m[6+c] = m[c]*float64(v), m[3+c]*float64(v), m[6+c]*float64(v)
	}
	return m, true
}

// xyzOf returns the XYZ of a chromaticity, with a Y of 1.
func xyzOf(xy [2]float64) [3]float32 {
	return [3]float32{float32(xy[0] / xy[1]), 1, float32((1 - xy[0] - xy[1]) / xy[1])}
}

// Luminances in cd/m2 of BT.2100 and BT.2408.
const (
	pqPeak      = 10000. // of the highest code of PQ
	hlgPeak     = 1000.  // of the display that HLG is made for
	hdrWhite    = 203.   // of a white page, which becomes sRGB's white
	hlgExponent = 1.2    // of the display's light over the scene's, for hlgPeak
)

// pqToLight is the electro-optical function of PQ (BT.2100, table 4); 1 is pqPeak.
func pqToLight(v float64) float64 {
	p := math.Pow(v, 1/pqM2)
	return math.Pow(max(p-pqC1, 0)/(pqC2-pqC3*p), 1/pqM1)
}

// pqFromLight is the inverse of pqToLight.
func pqFromLight(y float64) float64 {
	p := math.Pow(y, pqM1)
	return math.Pow((pqC1+pqC2*p)/(1+pqC3*p), pqM2)
}

const (
	pqM1 = 2610. / 16384
	pqM2 = 2523. / 4096 * 128
	pqC1 = 3424. / 4096
	pqC2 = 2413. / 4096 * 32
	pqC3 = 2392. / 4096 * 32
)

// hlgToLight undoes the opto-electronic function of HLG (BT.2100, table 5): 1 is the
// brightest light of the scene.
func hlgToLight(v float64) float64 {
	const a, b, c = 0.17883277, 0.28466892, 0.55991073
	if v <= 0.5 {
		return v * v / 3
	}
	return (math.Exp((v-c)/a) + b) / 12
}

// toneMap converts the levels of a PQ or HLG picture to sRGB, whose white is hdrWhite.
// It keeps dim light, up to 91 cd/m2 in a picture of 1000, and compresses brighter
// light by the curve of BT.2390 (section 5.4.1), so that the brightest becomes white.
// It computes a factor from the largest of the three lights of a pixel and applies it
// to all three, which keeps the hue. It returns warnings.
func (c *cicp) toneMap(p *Picture) (warnings []string) {
	of := newCurve(c.light())
	native, _ := c.gamut().native()
	luminance := native[3:6]
	var (
		mu   sync.Mutex
		peak float32
	)
	plane := p.W * p.H
	planar.Parallel(plane, func(from, to int) {
		var brightest float32
		for i := from; i < to; i++ {
			var rgb [colors]float32
			for k := range rgb {
				rgb[k] = of.light(p.RGB[k*plane+i])
			}
			scale := float32(pqPeak)
			if c.transfer == transferHLG {
				y := luminance[0]*float64(rgb[0]) + luminance[1]*float64(rgb[1]) + luminance[2]*float64(rgb[2])
				scale = float32(hlgPeak * math.Pow(y, hlgExponent-1))
			}
			for k, v := range rgb {
				p.RGB[k*plane+i] = v * scale
				brightest = max(brightest, v*scale)
			}
		}
		mu.Lock()
		peak = max(peak, brightest)
		mu.Unlock()
	})
	space := newRGBSpace([colors]*curve{of, of, of}, c.gamut().toXYZ())
	compress := compression(float64(peak))
	p.eachPixel(func(rgb [colors]float32) [colors]float32 {
		scale := compress(max(rgb[0], rgb[1], rgb[2])) / hdrWhite
		for k, v := range rgb {
			rgb[k] = v * scale
		}
		rgb = space.toLight.times(rgb)
		for k, v := range rgb {
			rgb[k] = planar.Level(v)
		}
		return rgb
	})
	if peak <= hdrWhite {
		return nil
	}
	name := map[uint8]string{transferPQ: "PQ", transferHLG: "HLG"}[c.transfer]
	return []string{fmt.Sprintf("it is an HDR picture (%s, up to %.0f cd/m2): its lights are darkened to what sRGB can show", name, peak)}
}

// compression returns the factor of a light, in cd/m2, that maps lights up to peak
// below hdrWhite (BT.2390, section 5.4.1).
func compression(peak float64) func(light float32) float32 {
	if peak <= hdrWhite {
		return func(float32) float32 { return 1 }
	}
	top := pqFromLight(min(peak, pqPeak) / pqPeak)
	white := pqFromLight(hdrWhite/pqPeak) / top
	knee := max(1.5*white-0.5, 0)
	kneeLight := float32(pqToLight(knee*top) * pqPeak)
	return func(light float32) float32 {
		if light <= kneeLight {
			return 1
		}
		t := (pqFromLight(float64(light)/pqPeak)/top - knee) / (1 - knee)
		t = min(t, 1)
		e := (2*t*t*t-3*t*t+1)*knee + (t*t*t-2*t*t+t)*(1-knee) + (3*t*t-2*t*t*t)*white
		return float32(pqToLight(e*top)*pqPeak) / light
	}
}
