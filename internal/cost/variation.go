package cost

import (
	"fmt"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// variationBand is the number of rows that a task computes.
const variationBand = 16

// levels is the largest level of a colour channel.
const levels = 255

// TotalVariation returns the total variation of a picture, 3 x h x w in levels, and
// adds weight times its gradient with respect to the levels to gradient.
//
// The formula is that of Crowson's style-transfer-pytorch, over 9 points. With v the
// levels divided by 255, edges replicated on the right and below, and means over all
// pixels and channels,
//
//	2 (mean dx²/3 + mean dy²/3 + mean d↘²/12 + mean d↙²/12)
//
// for the differences dx = v[y][x+1] - v[y][x], dy = v[y+1][x] - v[y][x], d↘ =
// v[y+1][x+1] - v[y][x] and d↙ = v[y+1][x] - v[y][x+1].
func TotalVariation(p *kernel.Pool, gradient, picture []float32, h, w int, weight float64) float64 {
	if len(picture) != 3*h*w || len(gradient) != len(picture) {
		panic(fmt.Sprintf("cost: %d values and a gradient of %d for a picture of 3 x %d x %d",
			len(picture), len(gradient), h, w))
	}
	var (
		scale    = 2 / (levels * levels * float64(len(picture)))
		straight = float32(2 * weight * scale / 3)
		diagonal = float32(2 * weight * scale / 12)
		bands    = (h + variationBand - 1) / variationBand
	)
	pair := func(plane, y int) float64 {
		lower := min(y+1, h-1)
		at, below := (plane*h+y)*w, (plane*h+lower)*w
		return p.Variation(picture[at:at+w], picture[below:below+w], gradient[at:at+w], gradient[below:below+w], straight, diagonal)
	}
	// A pair of adjacent rows changes the gradient of both. To avoid races, first
	// compute the pairs within each band, and the last row of the picture; then the
	// pairs of the last row of a band and the first row of the next.
	sum := p.SumTasks(3*bands, func(i int) (sum float64) {
		first := i % bands * variationBand
		last := min(first+variationBand, h) - 1
		for y := first; y < last; y++ {
			sum += pair(i/bands, y)
		}
		if last == h-1 {
			sum += pair(i/bands, last)
		}
		return sum
	})
	seams := bands - 1
	sum += p.SumTasks(3*seams, func(i int) float64 {
		return pair(i/seams, (i%seams+1)*variationBand-1)
	})
	return scale * sum / 12
}
