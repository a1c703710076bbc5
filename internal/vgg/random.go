package vgg

import "math"

// randomBias is the bound of the biases of [Random].
const randomBias = 0.1

// Random returns reproducible random weights for an architecture, for tests and
// benchmarks. They recognize nothing, and take as much time and memory as trained
// weights. Weights are uniform within ±sqrt(6/(9*In)) (He et al. 2015, arXiv
// 1502.01852), so that activations in every layer are about as large as the pixels of
// the [Input]. Biases are uniform within ±0.1.
//
// Value i of layer l, counted from 1, is a hash of i, l and seed. The weights of a
// layer come before its biases. With mix the output function of SplitMix64 (Steele, Lea
// and Flood 2014) and g = 0x9e3779b97f4a7c15, in 64-bit arithmetic,
//
//	key   = mix(mix(seed + g) + l*g)
//	value = bound * ((mix(key + (i+1)*g) >> 40) / 2^23 - 1)
//
// Everything but the product with the bound is exact in float32.
func Random(a Architecture, seed uint64) []Conv {
	var convs []Conv
	in := 3
	for b, block := range a.Blocks {
		for i := range block.Convs {
			values := make([]float32, block.Channels*in*9+block.Channels)
			noise(values, seed, uint64(len(convs)+1))
			weight, bias := values[:block.Channels*in*9:block.Channels*in*9], values[block.Channels*in*9:]
			multiply(weight, float32(math.Sqrt(6/float64(9*in))))
			multiply(bias, randomBias)
			convs = append(convs, Conv{
				Name: layerName(b+1, i+1), Out: block.Channels, In: in,
				Weight: weight, Bias: bias,
			})
			in = block.Channels
		}
	}
	return convs
}

// golden is the increment of SplitMix64: 2^64 divided by the golden ratio.
const golden = 0x9e3779b97f4a7c15

// noise fills values with uniform random numbers between -1 and 1.
func noise(values []float32, seed, stream uint64) {
	state := mix(mix(seed+golden) + stream*golden)
	for i := range values {
		state += golden
		values[i] = float32(mix(state)>>40)/(1<<23) - 1
	}
}

// mix is the output function of SplitMix64.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func multiply(values []float32, by float32) {
	for i := range values {
		values[i] *= by
	}
}
