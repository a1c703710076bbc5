package cost

import (
	"fmt"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// Difference returns the weighted mean square difference of a picture from another
// one, both 3 x h x w in levels, and adds weight times its gradient with respect to the
// levels to gradient:
//
//	1/(3 h w) sum m (v - v*)²
//
// where v are the levels divided by 255 and m is the weight of a pixel, of which
// weights has h x w. It is the temporal cost of "Artistic Style Transfer for Videos"
// (Ruder, Dosovitskiy and Brox 2016, arXiv 1604.08610, equation 7), whose v* is the
// painting of an earlier frame, warped along the motion.
func Difference(p *kernel.Pool, gradient, picture, target, weights []float32, weight float64) float64 {
	pixels := len(weights)
	if len(picture) != 3*pixels || len(gradient) != len(picture) || len(target) != len(picture) {
		panic(fmt.Sprintf("cost: %d values, a gradient of %d and a target of %d for %d weights",
			len(picture), len(gradient), len(target), pixels))
	}
	scale := 1 / (levels * levels * float64(len(picture)))
	slope := float32(2 * weight * scale)
	bands := (pixels + differenceBand - 1) / differenceBand
	sum := p.SumTasks(3*bands, func(i int) (sum float64) {
		first := i % bands * differenceBand
		last := min(first+differenceBand, pixels)
		plane := i / bands * pixels
		v, t, g := picture[plane+first:plane+last], target[plane+first:plane+last], gradient[plane+first:plane+last]
		for j, m := range weights[first:last] {
			d := v[j] - t[j]
			sum += float64(m * d * d)
			g[j] += slope * m * d
		}
		return sum
	})
	return scale * sum
}

// differenceBand is the number of pixels that a task compares.
const differenceBand = 1 << 14
