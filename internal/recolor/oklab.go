package recolor

import (
	"math"

	"github.com/pastiche-art/pastiche/internal/planar"
)

// OKLab is Björn Ottosson's colour space of 2020 (https://bottosson.github.io/posts/oklab/):
// the cube roots of cone responses to linear sRGB, turned to lightness and two
// opponent colours.
var (
	toCones = [3][3]float64{
		{0.4122214708, 0.5363325363, 0.0514459929},
		{0.2119034982, 0.6806995451, 0.1073969566},
		{0.0883024619, 0.2817188376, 0.6299787005},
	}
	conesToLab = [3][3]float64{
		{0.2104542553, 0.7936177850, -0.0040720468},
		{1.9779984951, -2.4285922050, 0.4505937099},
		{0.0259040371, 0.7827717662, -0.8086757660},
	}
	labToCones = [3][3]float64{
		{1, 0.3963377774, 0.2158037573},
		{1, -0.1055613458, -0.0638541728},
		{1, -0.0894841775, -1.2914855480},
	}
	fromCones = [3][3]float64{
		{4.0767416621, -3.3077115913, 0.2309699292},
		{-1.2684380046, 2.6097574011, -0.3413193965},
		{-0.0041960863, -0.7034186147, 1.7076147010},
	}
)

// toOKLab converts planar sRGB levels to three planes: the lightness and the two
// opponent colours.
func toOKLab(rgb []float32) []float32 {
	lab := make([]float32, len(rgb))
	plane := len(rgb) / colors
	for i := range plane {
		var light [colors]float64
		for c := range light {
			light[c] = float64(planar.Light(planar.Clamp(rgb[c*plane+i])))
		}
		cones := times(&toCones, light)
		for c, v := range cones {
			cones[c] = math.Cbrt(v)
		}
		for c, v := range times(&conesToLab, cones) {
			lab[c*plane+i] = float32(v)
		}
	}
	return lab
}

// fromOKLab sets rgb to the levels of lab, a result of toOKLab, clamped to 0 to 255.
func fromOKLab(rgb, lab []float32) {
	plane := len(rgb) / colors
	for i := range plane {
		cones := times(&labToCones, [colors]float64{float64(lab[i]), float64(lab[plane+i]), float64(lab[2*plane+i])})
		for c, v := range cones {
			cones[c] = v * v * v
		}
		for c, v := range times(&fromCones, cones) {
			rgb[c*plane+i] = planar.Level(float32(v))
		}
	}
}

func times(m *[3][3]float64, v [colors]float64) (r [colors]float64) {
	for i := range r {
		r[i] = m[i][0]*v[0] + m[i][1]*v[1] + m[i][2]*v[2]
	}
	return r
}
