package picture

import "math"

// The sRGB transfer function of IEC 61966-2-1.
const (
	srgbSlope     = 12.92   // of the linear part near black
	srgbEncKnee   = 0.04045 // where it ends, encoded
	srgbLinKnee   = 0.0031308
	srgbGamma     = 2.4
	srgbOffset    = 0.055
	tableSteps    = 32 // per level
	tableLastCell = maxLevel*tableSteps - 1
)

// linearTable holds the linear light of every 32nd part of a level and of 255.
// Interpolation in it has an error of less than a ten-thousandth of a level, is some
// hundred times faster than the power function, and is exact in float32 for whole
// levels.
var linearTable = func() (t [maxLevel*tableSteps + 1]float32) {
	for i := range t {
		t[i] = float32(srgbToLinear(float64(i) / (maxLevel * tableSteps)))
	}
	return t
}()

// toLinear returns the light, 0..1, of a level. It clamps the level to 0..255; NaN
// stays NaN.
func toLinear(level float32) float32 {
	if level != level {
		return level
	}
	at := clampLevel(level) * tableSteps
	i := min(int(at), tableLastCell)
	return linearTable[i] + (at-float32(i))*(linearTable[i+1]-linearTable[i])
}

// toLevel returns the level of a light. It clamps the light to 0..1; NaN stays NaN.
func toLevel(light float32) float32 {
	v := min(max(float64(light), 0), 1)
	if v <= srgbLinKnee {
		return float32(v * srgbSlope * maxLevel)
	}
	return float32(((1+srgbOffset)*math.Pow(v, 1/srgbGamma) - srgbOffset) * maxLevel)
}

func srgbToLinear(v float64) float64 {
	if v <= srgbEncKnee {
		return v / srgbSlope
	}
	return math.Pow((v+srgbOffset)/(1+srgbOffset), srgbGamma)
}
