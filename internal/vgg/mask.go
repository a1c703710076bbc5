package vgg

import "slices"

// PropagateMask propagates weights of pixels, h x w, through the network. The weight of
// a position of a layer is the mean over its receptive field: every convolution takes
// the mean over 3 x 3 positions, fewer at the edges, and every pooling the mean over 2
// x 2. It returns the weights of the given layers by canonical name, each of the size
// of the layer's maps.
func (n *Network) PropagateMask(weights []float32, h, w int, layers ...string) (map[string][]float32, error) {
	if err := n.Reach(h, w, layers...); err != nil {
		return nil, err
	}
	wanted := make(map[string]bool)
	for _, layer := range layers {
		name, err := n.Layer(layer)
		if err != nil {
			return nil, err
		}
		wanted[name] = true
	}
	at := make(map[string][]float32)
	block := 1
	for _, c := range n.convs {
		if len(at) == len(wanted) {
			break
		}
		if l, _ := parseLayer(c.name); l.block > block {
			weights, block = halved(weights, h, w), l.block
			h, w = h/2, w/2
		}
		weights = blurred(weights, h, w)
		if wanted[c.name] {
			at[c.name] = slices.Clone(weights)
		}
	}
	return at, nil
}

// blurred returns the mean over each position and its neighbours.
func blurred(v []float32, h, w int) []float32 {
	return mean3(mean3(v, h, w, w, 1), w, h, 1, w)
}

// mean3 returns the mean of each value and its two neighbours in the same line. There
// are n lines of the given length; step is the distance between lines, next that
// between values of a line.
func mean3(v []float32, n, length, step, next int) []float32 {
	out := make([]float32, len(v))
	for line := range n {
		for i := range length {
			var sum float32
			first, last := max(i-1, 0), min(i+1, length-1)
			for k := first; k <= last; k++ {
				sum += v[line*step+k*next]
			}
			out[line*step+i*next] = sum / float32(last-first+1)
		}
	}
	return out
}

// halved returns the means over blocks of 2 x 2 positions.
func halved(v []float32, h, w int) []float32 {
	out := make([]float32, (h/2)*(w/2))
	for y := range h / 2 {
		for x := range w / 2 {
			upper, lower := v[2*y*w+2*x:], v[(2*y+1)*w+2*x:]
			out[y*(w/2)+x] = (upper[0] + upper[1] + lower[0] + lower[1]) / 4
		}
	}
	return out
}
