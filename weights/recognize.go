package weights

import (
	"cmp"
	"math"
)

// A fingerprint is a few weights of the first convolution of a published network. They
// do not depend on the names in the file, its format or its precision.
type fingerprint struct {
	name   string
	input  Input
	values []fingerprintValue
}

// fingerprintValue is the weight of an output channel, an input channel in the order of
// the fingerprint's input, and a kernel element.
type fingerprintValue struct {
	out, channel, place int
	value               float64
}

var fingerprints = []fingerprint{
	{"torchvision's VGG-16", TorchvisionInput, []fingerprintValue{
		{0, 0, 0, -0.5537}, {0, 0, 1, 0.1427}, {0, 0, 2, 0.5290},
		{0, 0, 3, -0.5831}, {0, 0, 4, 0.3566}, {0, 0, 5, 0.7657},
		{0, 0, 6, -0.6902}, {0, 0, 7, -0.0480}, {0, 0, 8, 0.4841},
	}},
	{"torchvision's VGG-19", TorchvisionInput, []fingerprintValue{
		{0, 0, 0, -5.3474e-02}, {0, 0, 1, -4.9257e-02}, {0, 0, 2, -6.7942e-02},
		{0, 1, 3, 1.4165e-01}, {0, 1, 4, 2.2705e-01}, {0, 1, 5, 1.3758e-01},
		{0, 2, 3, 5.9742e-02}, {0, 2, 4, 1.3955e-01}, {0, 2, 5, 5.4102e-02},
	}},
	{"Caffe's VGG-16", CaffeInput, []fingerprintValue{
		{0, 0, 0, 4.29470569e-01}, {1, 0, 0, 1.17273867e-01}, {2, 0, 0, 3.40129584e-02},
		{0, 1, 0, 5.50379455e-01}, {1, 1, 0, 2.08774377e-02}, {2, 1, 0, 9.88311544e-02},
		{0, 2, 0, 4.80015397e-01}, {1, 2, 0, -1.72696680e-01}, {2, 2, 0, 3.75577137e-02},
	}},
	// Also MatConvNet's, for channels in reverse.
	{"Caffe's VGG-19", CaffeInput, []fingerprintValue{
		{0, 0, 0, 0.34119523}, {0, 0, 1, 0.33999205}, {0, 0, 2, -0.04484424},
		{0, 0, 3, 0.23215917}, {0, 1, 0, 0.46418372}, {0, 1, 1, 0.41810837},
		{0, 2, 0, 0.39416704}, {0, 2, 1, 0.37740308}, {0, 2, 3, 0.2671299},
	}},
}

// matches reports whether the convolution has the fingerprint, with its input channels
// in the opposite order if reversed, and its kernels rotated by 180 degrees if turned.
// Each filter may be scaled by a positive number, as in a normalized network; scaled
// reports whether one is.
func (f *fingerprint) matches(c Conv, reversed, turned bool) (ok, scaled bool) {
	// bfloat16 keeps 8 significant bits, and the printed values have 4 digits.
	const tolerance = 1.0 / 128
	weight := func(v fingerprintValue) float64 {
		channel, place := v.channel, v.place
		if reversed {
			channel = 2 - channel
		}
		if turned {
			place = kernelSize*kernelSize - 1 - place
		}
		return float64(c.Weight[(v.out*3+channel)*kernelSize*kernelSize+place])
	}
	// The scale of a filter is that of its largest value.
	largest := map[int]fingerprintValue{}
	for _, v := range f.values {
		if v.out >= c.Out {
			return false, false
		}
		if math.Abs(v.value) > math.Abs(largest[v.out].value) {
			largest[v.out] = v
		}
	}
	for _, v := range f.values {
		scale := weight(largest[v.out]) / largest[v.out].value
		if !(scale > 0) || math.Abs(weight(v)-scale*v.value) > tolerance*math.Abs(scale*v.value) {
			return false, false
		}
		scaled = scaled || math.Abs(scale-1) > tolerance
	}
	return true, scaled
}

// known holds properties of a network that its file does not state.
type known struct {
	input    PartialInput
	source   string // the reason, in a few words
	rotation rotation
}

// recognize returns what follows from the first convolution and the names of a network.
// origin is the scheme of the file's own names, where the reader renames tensors.
func (a *arrangement) recognize(first Conv, origin scheme) known {
	for _, f := range fingerprints {
		for _, turned := range []bool{false, true} {
			for _, reversed := range []bool{false, true} {
				ok, scaled := f.matches(first, reversed, turned)
				if !ok {
					continue
				}
				k := known{input: f.input.partial(), source: f.name}
				if scaled {
					k.source += " with normalised filters"
				}
				if reversed {
					k.input = f.input.flipped().partial()
					k.source += " for channels in reverse"
				}
				if turned {
					k.rotation = rotated
					k.source += " with Theano's kernels"
				}
				k.source += ", by its first weights"
				if a.colours != (module{}) {
					k.input, k.source = a.byNames(origin)
				}
				return k
			}
		}
	}
	input, source := a.byNames(origin)
	if a.rotation == rotated {
		source += ", with Theano's kernels"
	}
	return known{input, source, a.rotation}
}

// byNames returns the convention that follows from the names alone. Caffe's layer names
// determine none: conversions for either order of the channels use them.
func (a *arrangement) byNames(origin scheme) (PartialInput, string) {
	switch scheme := cmp.Or(origin, a.scheme); {
	case a.colours != (module{}):
		return PlainInput.partial(), "a normalised VGG, by its 1x1 convolution"
	case scheme == keras:
		return CaffeInput.partial(), "Keras' names"
	case scheme == numbered:
		return TorchvisionInput.partial(), "torchvision's names"
	case scheme == gluon:
		return TorchvisionInput.partial(), "the names of MXNet's Gluon"
	case scheme == caffe:
		return CaffeInput.partial(), "Caffe's format"
	}
	return PartialInput{}, ""
}
