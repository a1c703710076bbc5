package kernel

// genericBFloat16 holds the portable primitives of bfloat16. They define what the
// assembly computes.
var genericBFloat16 = bfloat16Primitives{
	rows:          genericRows,
	convolve:      convolveGeneric,
	toBF16:        toBF16Generic,
	fromBF16:      fromBF16Generic,
	applyMaskBF16: applyMaskBF16Generic,
}

// block holds the values of thirty-two channels at one position.
type block = [bf16Ratio * lanes]bfloat16

// blockAt returns the thirty-two elements of s from i on.
func blockAt(s []bfloat16, i int) *block { return (*block)(s[i:]) }

func convolveGeneric(a convolve) {
	for p := range a.groups * genericRows {
		var sums [bf16Ratio]vector
		for b := range a.blocks {
			for t := range kernelArea {
				in := blockAt(a.in, b*a.plane+t/3*a.row+(p+t%3)*bf16Lanes)
				w := a.w[(b*kernelArea+t)*elementWeights:]
				for half := range sums {
					multiplyGeneric(&sums[half], in, w[half*elementWeights/bf16Ratio:])
				}
			}
		}
		var signs [bf16Ratio]uint16
		out := blockAt(a.out, p*bf16Lanes)
		for half := range sums {
			for k, v := range sums[half] {
				v = floor(v+a.bias[half*lanes+k], a.floor)
				out[half*lanes+k] = round(v)
				if v > 0 {
					signs[half] |= 1 << k
				}
			}
		}
		if a.mask != nil {
			a.mask[p], a.mask[a.upper+p] = signs[0], signs[1]
		}
	}
}

// multiplyGeneric adds the products of thirty-two channels of a position and their
// weights, [16][16][2], to sixteen outputs.
func multiplyGeneric(sums *vector, in *block, w []bfloat16) {
	for c := range lanes {
		even, odd := flush(widen(in[2*c])), flush(widen(in[2*c+1]))
		weights := blockAt(w, c*bf16Lanes)
		for k, v := range sums {
			v += odd * widen(weights[2*k+1])
			sums[k] = v + even*widen(weights[2*k])
		}
	}
}

// flush returns zero for a denormal number, as the instructions do. Weights need no
// flush, because round returns no denormals; nor do sums, because rounding the output
// turns a denormal sum into zero.
func flush(x float32) float32 {
	const minNormal = 0x1p-126
	if -minNormal < x && x < minNormal {
		return 0
	}
	return x
}

func toBF16Generic(a toBF16) {
	for p := range a.positions {
		out, low, high := blockAt(a.out, p*bf16Lanes), at(a.low, p*lanes), at(a.high, p*lanes)
		for k := range lanes {
			out[k], out[lanes+k] = round(low[k]), round(high[k])
		}
	}
}

func fromBF16Generic(a fromBF16) {
	for p := range a.positions {
		in, low, high := blockAt(a.in, p*bf16Lanes), at(a.low, p*lanes), at(a.high, p*lanes)
		for k := range lanes {
			low[k], high[k] = widen(in[k]), widen(in[lanes+k])
		}
	}
}

func applyMaskBF16Generic(a applyMaskBF16) {
	for p := range a.positions {
		out, in := blockAt(a.out, p*bf16Lanes), blockAt(a.in, p*bf16Lanes)
		bits := uint32(a.high[p])<<lanes | uint32(a.low[p])
		for k, v := range in {
			if bits>>k&1 == 0 {
				v = 0
			}
			out[k] = v
		}
	}
}
