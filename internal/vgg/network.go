package vgg

import (
	"slices"
	"sync"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// A Conv is a 3x3 convolution: its name, conv<block>_<index>, its weights, Out
// x In x 3 x 3, and its biases, Out.
type Conv struct {
	Name    string
	Out, In int
	Weight  []float32
	Bias    []float32
}

// An Input says what a network wants to see of a picture: Scale[c]*x +
// Offset[c] of each channel c, red, green and blue, in levels of 0 to 255. With
// BGR the first layer's weights take blue first; Scale and Offset do not
// change their order.
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

// layerShape is a convolution without its weights.
type layerShape struct {
	name    string
	out, in int
}

// layerWeights are those of a convolution in the forms that plans have asked for.
type layerWeights struct {
	mu     sync.Mutex
	given  *Conv // until float32, from which the other follows, has been made of it
	engine map[kernel.Precision]*kernel.Conv
}

// in returns the convolution in a precision.
func (l *layerWeights) in(precision kernel.Precision) *kernel.Conv {
	l.mu.Lock()
	defer l.mu.Unlock()
	conv := l.engine[precision]
	switch {
	case conv != nil:
		return conv
	case l.given == nil:
		conv = l.engine[kernel.Float32].Rounded()
	default:
		conv = kernel.NewConv(precision, l.given.Out, l.given.In, l.given.Weight, l.given.Bias)
	}
	l.engine[precision] = conv
	if precision == kernel.Float32 {
		l.given = nil
	}
	return conv
}

// New returns the network of the given convolutions, conv1_1 first. It fails
// where they do not make a VGG. It keeps the weights of a layer until a plan
// first needs them in float32, and the engine's copies from then on.
func New(convs []Conv, input Input) (*Network, error) {
	arch, err := architectureOf(convs)
	if err != nil {
		return nil, err
	}
	n := &Network{Architecture: arch}
	for i, c := range convs {
		n.convs = append(n.convs, layerShape{c.Name, c.Out, c.In})
		if i > 0 {
			n.rest = append(n.rest, &layerWeights{given: &c, engine: make(map[kernel.Precision]*kernel.Conv)})
		}
	}
	pixels := convs[0] // and no reference to the others
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
