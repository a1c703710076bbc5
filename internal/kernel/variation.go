package kernel

// Variation computes the total variation of two adjacent rows of a picture, upper and
// lower, which have the same length. The differences at each position x of the upper row
// are as follows; where x+1 is beyond the end of a row, the last position takes its place.
//
//	dx = upper[x+1] - upper[x]    d↘ = lower[x+1] - upper[x]
//	dy = lower[x] - upper[x]      d↙ = lower[x] - upper[x+1]
//
// Variation returns the sum of 4 (dx² + dy²) + d↘² + d↙² over the row, and adds the gradient
// of straight/2 (dx² + dy²) + diagonal/2 (d↘² + d↙²) to upperGrad and lowerGrad, which
// may be the same slice. It runs on the calling thread; tasks of [Pool.Run] may call
// it.
func (p *Pool) Variation(upper, lower, upperGrad, lowerGrad []float32, straight, diagonal float32) float64 {
	var (
		last  = len(upper) - 1
		whole = max(0, last-1) / lanes * lanes
		row   = variation{upper: upper, lower: lower, upperGrad: upperGrad, lowerGrad: lowerGrad, straight: straight, diagonal: diagonal}
		sum   = row.atEnd(0)
	)
	inner := func(first, n int) variation { // n positions from first on
		a := row
		a.upper, a.lower = upper[first-1:], lower[first-1:]
		a.upperGrad, a.lowerGrad = upperGrad[first:], lowerGrad[first:]
		a.n = n
		return a
	}
	if last == 0 {
		return sum
	}
	var sums [lanes]float64
	if whole > 0 {
		sums = p.impl.variation(inner(1, whole))
	}
	addUp(&sums, variationGeneric(inner(1+whole, last-1-whole)))
	return sum + total(&sums) + row.atEnd(last)
}

// atEnd is [Pool.Variation] for the first or the last position of the rows.
func (a *variation) atEnd(x int) float64 {
	var (
		last            = len(a.upper) - 1
		right           = min(x+1, last)
		at, below       = a.upper[x], a.lower[x]
		dx, dy          = a.upper[right] - at, below - at
		falling, rising = a.lower[right] - at, below - a.upper[right]
	)
	if x > 0 {
		a.upperGrad[x] += a.straight*(at-a.upper[x-1]) - a.diagonal*(a.lower[x-1]-at)
		a.lowerGrad[x] += a.diagonal * (below - a.upper[x-1])
	}
	a.upperGrad[x] -= a.straight*dx + a.straight*dy + a.diagonal*falling
	a.lowerGrad[x] += a.straight*dy + a.diagonal*rising
	if right == x { // the last position counts as its own right neighbour
		a.upperGrad[x] += a.straight*dx - a.diagonal*rising
		a.lowerGrad[x] += a.diagonal * falling
	}
	return float64(4*(dx*dx+dy*dy) + (falling*falling + rising*rising))
}
