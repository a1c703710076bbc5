package picture

import (
	"encoding/binary"
	"math"

	"github.com/pastiche-art/pastiche/internal/planar"
)

// pngColors returns the colour descriptions in the chunks cICP, gAMA and cHRM before the
// picture, or nil where they are missing or describe sRGB. An sRGB chunk takes
// precedence over gAMA and cHRM, which accompany it for old programs.
func pngColors(data []byte) (code *cicp, calibrated *rgbSpace) {
	var (
		gamma      float64
		chromatics *gamut
		isSRGB     bool
	)
	be := binary.BigEndian
	for id, body := range pngChunks(data) {
		switch {
		case id == "IDAT":
			return code, calibration(gamma, chromatics, isSRGB)
		case id == "cICP" && len(body) == 4:
			code = &cicp{body[0], body[1], body[2], body[3] != 0}
		case id == "sRGB":
			isSRGB = true
		case id == "gAMA" && len(body) == 4:
			gamma = float64(be.Uint32(body)) / pngUnit
		case id == "cHRM" && len(body) == 32:
			at := func(i int) [2]float64 {
				return [2]float64{float64(be.Uint32(body[8*i:])) / pngUnit, float64(be.Uint32(body[8*i+4:])) / pngUnit}
			}
			chromatics = &gamut{white: at(0), red: at(1), green: at(2), blue: at(3)}
		}
	}
	return nil, nil
}

// pngUnit is the integer that represents 1 in gAMA and cHRM chunks.
const pngUnit = 100000

// calibration returns the space of a gamma and of chromaticities. A missing one (0 or
// nil) is that of sRGB. It returns nil where both are those of sRGB, or define no
// space.
func calibration(gamma float64, chromatics *gamut, isSRGB bool) *rgbSpace {
	const (
		usual    = 1 / 2.2 // the gamma that stands for the curve of sRGB
		rounded  = 0.05    // the tolerance, as in libpng
		least    = 0.1     // the smallest plausible gamma
		greatest = 10
	)
	light := planar.Decode
	own := chromatics != nil && !chromatics.near(&srgbGamut)
	switch near := math.Abs(gamma/usual-1) <= rounded; {
	case isSRGB, !own && near:
		return nil
	case gamma >= least && gamma <= greatest:
		light = func(v float64) float64 { return math.Pow(v, 1/gamma) }
	}
	if !own {
		chromatics = &srgbGamut
	}
	of := newCurve(light)
	space := newRGBSpace([colors]*curve{of, of, of}, chromatics.toXYZ())
	if space == nil || space.same {
		return nil
	}
	return space
}

// near reports whether two gamuts are equal up to rounding.
func (g *gamut) near(o *gamut) bool {
	const rounded = 0.01
	for i, xy := range [4][2]float64{g.red, g.green, g.blue, g.white} {
		other := [4][2]float64{o.red, o.green, o.blue, o.white}[i]
		if math.Abs(xy[0]-other[0]) > rounded || math.Abs(xy[1]-other[1]) > rounded {
			return false
		}
	}
	return true
}
