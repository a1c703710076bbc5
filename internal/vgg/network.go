package vgg

import (
	"slices"
	"sync"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// A Conv holds the parameters of a 3x3 convolution: its name, conv<block>_<index>, its
// weights, Out x In x 3 x 3, and its biases, Out.
type Conv struct {
	Name    string
	Out, In int
	Weight  []float32
	Bias    []float32
}

// An Input describes how a network normalizes a picture: its input is Scale[c]*x +
// Offset[c] for each channel c, in the order red, green, blue, where x is a level of 0
// to 255. With BGR, the weights of the first layer take blue first; the order of Scale
// and Offset does not change.
type Input struct {
	Scale, Offset [3]float32
	BGR           bool
}

// A Network is a VGG with its weights. It is safe for use by several
// goroutines.
type Network struct {
	Architecture
	convs []layerShape
	first [2]func() *kernel.PixelConv // with zero and with replicate padding
	rest  []*layerWeights             // of the convolutions after the first
}

// layerShape describes a convolution without its weights.
type layerShape struct {
	name    string
	out, in int
}

// layerWeights holds a convolution in the precisions that plans have requested.
type layerWeights struct {
	mu     sync.Mutex
	source *Conv // the original weights; nil once the float32 convolution exists
	engine map[kernel.Precision]*kernel.Conv
}

// in returns the convolution in the given precision.
func (l *layerWeights) in(precision kernel.Precision) *kernel.Conv {
	l.mu.Lock()
	defer l.mu.Unlock()
	conv := l.engine[precision]
	switch {
	case conv != nil:
		return conv
	case l.source == nil:
		conv = l.engine[kernel.Float32].Rounded()
	default:
		conv = kernel.NewConv(precision, l.source.Out, l.source.In, l.source.Weight, l.source.Bias)
	}
	l.engine[precision] = conv
	if precision == kernel.Float32 {
		l.source = nil
	}
	return conv
}

// New returns the network with the given convolutions, conv1_1 first. It fails where
// they do not form a VGG. The network keeps the original weights of a layer until a
// plan first needs them in float32; from then on it keeps only the engine's copies.
func New(convs []Conv, input Input) (*Network, error) {
	arch, err := architectureOf(convs)
	if err != nil {
		return nil, err
	}
	n := &Network{Architecture: arch}
	for i, c := range convs {
		n.convs = append(n.convs, layerShape{c.Name, c.Out, c.In})
		if i > 0 {
			n.rest = append(n.rest, &layerWeights{source: &c, engine: make(map[kernel.Precision]*kernel.Conv)})
		}
	}
	pixels := convs[0] // a copy, without a reference to the other layers
	for i := range n.first {
		n.first[i] = sync.OnceValue(func() *kernel.PixelConv { return pixelConv(pixels, input, i == 1) })
	}
	return n, nil
}

func pixelConv(c Conv, input Input, replicate bool) *kernel.PixelConv {
	weight := c.Weight
	if input.BGR {
		weight = slices.Clone(weight)
		for k := range c.Out {
			blue, red := weight[k*27:][:9], weight[k*27+18:][:9]
			for i := range blue {
				blue[i], red[i] = red[i], blue[i]
			}
		}
	}
	return kernel.NewPixelConv(c.Out, weight, c.Bias, input.Scale, input.Offset, replicate)
}
