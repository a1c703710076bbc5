package picture

import (
	"slices"

	"github.com/pastiche-art/pastiche/internal/planar"
)

const (
	tableSteps    = 32 // per level
	tableLastCell = maxLevel*tableSteps - 1
)

// A curve holds the light, 0 to 1, of every 32nd part of a level, and never falls.
type curve [maxLevel*tableSteps + 1]float32

// roundedCurve is how far a curve may fall between two segments because of rounded
// parameters.
const roundedCurve = 1e-3

// newCurve tabulates a function on 0 to 1. It returns nil where the function falls.
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
	at := planar.Clamp(level) * tableSteps
	i := min(int(at), tableLastCell)
	return c[i] + (at-float32(i))*(c[i+1]-c[i])
}

// level returns the lowest level with the given light.
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
