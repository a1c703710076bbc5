package kernel

// PatchSize is the width and the height, in pixels, of the patches of
// [Pool.PatchDifference].
const PatchSize = 8

// PatchSums are sums over the pixels of a patch. With the difference d between two
// pictures at a pixel: d, d², and d times the gradient in x and in y.
type PatchSums struct{ Sum, Squares, GradX, GradY float32 }

// PatchDifference compares a patch of a picture, from, with a patch of another one, to.
// All slices begin at the upper left pixel of the patch and have the same number of
// elements from one row to the next. The patch of to lies between pixels: each of its
// values is the sum of the four pixels upper left, upper right, lower left and lower
// right of it, times weights. gradX and gradY hold the gradient of from. The difference
// is to - from.
//
// PatchDifference runs on the calling thread; tasks of [Pool.Run] may call it.
func (p *Pool) PatchDifference(from, gradX, gradY, to []float32, row int, weights [4]float32) PatchSums {
	a := patchDifference{from: from, gradX: gradX, gradY: gradY, to: to, row: row, weights: weights}
	s := p.impl.patchDifference(a)
	for n := PatchSize / 2; n > 0; n /= 2 {
		for k := range n {
			for i := 0; i < len(s); i += PatchSize {
				s[i+k] += s[i+k+n]
			}
		}
	}
	return PatchSums{Sum: s[0], Squares: s[PatchSize], GradX: s[2*PatchSize], GradY: s[3*PatchSize]}
}
