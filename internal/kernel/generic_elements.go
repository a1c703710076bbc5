package kernel

import "math"

// Converting each product to float32 or float64 keeps the compiler from fusing it with
// an addition, which would round once instead of twice. All implementations agree to
// the bit.

func addScaledGeneric(a addScaled) {
	dst, src := a.dst[:a.n], a.src[:a.n]
	for i, v := range src {
		dst[i] += float32(a.s * v)
	}
}

func addDifferenceGeneric(a addDifference) {
	dst, f, g := a.dst[:a.n], a.f[:a.n], a.g[:a.n]
	for i, v := range f {
		dst[i] += float32(a.slope * (v - g[i]))
	}
}

func updateMomentsGeneric(a moments) {
	mean, square := a.mean[:a.n], a.square[:a.n]
	for i, g := range a.gradient[:a.n] {
		mean[i] = float32(a.beta1*mean[i]) + float32(a.rest1*g)
		square[i] = float32(a.beta2*square[i]) + float32(float32(a.rest2*g)*g)
	}
}

func descendGeneric(a descent) {
	dst, mean, square := a.dst[:a.n], a.mean[:a.n], a.square[:a.n]
	for i, x := range a.from[:a.n] {
		width := float32(a.root*float32(math.Sqrt(float64(square[i])))) + a.epsilon
		dst[i] = min(max(x-a.rate*mean[i]/width, a.low), a.high)
	}
}

func dotGeneric(a dot) (sums [lanes]float64) {
	b := a.b[:a.n]
	for i, v := range a.a[:a.n] {
		sums[i%lanes] += float64(float64(v) * float64(b[i]))
	}
	return sums
}

func differenceGeneric(a difference) (squares [lanes]float64) {
	b := a.b[:a.n]
	for i, v := range a.a[:a.n] {
		d := float64(v - b[i])
		squares[i%lanes] += float64(d * d)
	}
	return squares
}

func dots64Generic(a dots64) {
	for j := range a.count {
		b := a.b[j*a.stride:][:a.n]
		var sums [8]float64
		for i, v := range a.a[:a.n] {
			sums[i%len(sums)] += float64(v * b[i])
		}
		for n := len(sums) / 2; n > 0; n /= 2 {
			for i := range n {
				sums[i] += sums[n+i]
			}
		}
		a.out[j] = sums[0]
	}
}

func variationGeneric(a variation) (sums [lanes]float64) {
	upperGrad, lowerGrad := a.upperGrad[:a.n], a.lowerGrad[:a.n]
	for i := range upperGrad {
		var (
			upper, lower      = (*[3]float32)(a.upper[i:]), (*[3]float32)(a.lower[i:])
			dx, dy            = upper[2] - upper[1], lower[1] - upper[1]
			falling, rising   = lower[2] - upper[1], lower[1] - upper[2]
			straight, squares = float32(dx*dx) + float32(dy*dy), float32(falling*falling) + float32(rising*rising)
		)
		sums[i%lanes] += float64(float32(4*straight) + squares)
		left := float32(a.straight*(upper[1]-upper[0])) - float32(a.diagonal*(lower[0]-upper[1]))
		own := (float32(a.straight*dx) + float32(a.straight*dy)) + float32(a.diagonal*falling)
		upperGrad[i] = (upperGrad[i] + left) - own
		left = float32(a.diagonal * (lower[1] - upper[0]))
		own = float32(a.straight*dy) + float32(a.diagonal*rising)
		lowerGrad[i] = (lowerGrad[i] + left) + own
	}
	return sums
}
