// Package planar holds the arithmetic of planar sRGB levels that packages picture,
// masking and recolor share: the transfer function, luma, and resampling.
//
// Levels are float32 from 0 to White, fractions allowed, in three planes one after the
// other: red, green and blue, each row by row from the top.
package planar

import "math"

// White is the level of white.
const White = 255

// Channels is the number of channels: red, green and blue.
const Channels = 3

// LeastVisible is the smallest opacity that rounds to more than 0 in 8 bits.
const LeastVisible = 0.5 / 255

// Channel returns one channel of planar values.
func Channel(v []float32, c int) []float32 {
	plane := len(v) / Channels
	return v[c*plane : (c+1)*plane]
}

// Clamp returns the nearest level from 0 to White.
func Clamp(level float32) float32 { return min(max(level, 0), White) }

// Finite reports whether all values are finite numbers.
func Finite(values []float32) bool {
	for _, v := range values {
		// v-v is 0 for every finite v and NaN for the others.
		if v-v != 0 {
			return false
		}
	}
	return true
}

// The luma weights of ITU-R BT.601.
const (
	lumaRed   = 0.299
	lumaGreen = 0.587
	lumaBlue  = 0.114
)

// Luma returns the luma of pixel i of planar levels, of ITU-R BT.601, in levels.
func Luma(rgb []float32, i int) float32 {
	plane := len(rgb) / Channels
	return lumaRed*rgb[i] + lumaGreen*rgb[plane+i] + lumaBlue*rgb[2*plane+i]
}

// The sRGB transfer function of IEC 61966-2-1.
const (
	srgbSlope     = 12.92   // of the linear part near black
	srgbEncKnee   = 0.04045 // where it ends, encoded
	srgbLinKnee   = 0.0031308
	srgbGamma     = 2.4
	srgbOffset    = 0.055
	tableSteps    = 32 // per level
	tableLastCell = White*tableSteps - 1
)

// linearTable holds the linear light of every 32nd part of a level and of 255.
// Interpolation in it has an error of less than a ten-thousandth of a level, is some
// hundred times faster than the power function, and is exact in float32 for whole
// levels.
var linearTable = func() (t [White*tableSteps + 1]float32) {
	for i := range t {
		t[i] = float32(Decode(float64(i) / (White * tableSteps)))
	}
	return t
}()

// Light returns the light, 0..1, of a level. It clamps the level to 0..255; NaN
// stays NaN.
func Light(level float32) float32 {
	if level != level {
		return level
	}
	at := Clamp(level) * tableSteps
	i := min(int(at), tableLastCell)
	return linearTable[i] + (at-float32(i))*(linearTable[i+1]-linearTable[i])
}

// Level returns the level of a light. It clamps the light to 0..1; NaN stays NaN.
func Level(light float32) float32 {
	v := min(max(float64(light), 0), 1)
	if v <= srgbLinKnee {
		return float32(v * srgbSlope * White)
	}
	return float32(((1+srgbOffset)*math.Pow(v, 1/srgbGamma) - srgbOffset) * White)
}

// Decode returns the light, 0..1, of a value of 0..1 without interpolation.
func Decode(v float64) float64 {
	if v <= srgbEncKnee {
		return v / srgbSlope
	}
	return math.Pow((v+srgbOffset)/(1+srgbOffset), srgbGamma)
}
