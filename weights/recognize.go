package weights

import (
	"cmp"
	"math"
)

// A fingerprint is a few weights of the first convolution of a published
// network, of those that its authors' users have printed. The values do not
// depend on the file's names, its format or its precision.
type fingerprint struct {
	name   string
	input  Input
	values []fingerprintValue
}

// fingerprintValue is the weight of an output, of an input channel in the order
// of the fingerprint's input, and of a place in the kernel.
type fingerprintValue struct {
	out, channel, place int
	value               float64
}

var fingerprints = []fingerprint{
	{"torchvision's VGG-16", torchvisionInput, []fingerprintValue{
		{0, 0, 0, -0.5537}, {0, 0, 1, 0.1427}, {0, 0, 2, 0.5290},
		{0, 0, 3, -0.5831}, {0, 0, 4, 0.3566}, {0, 0, 5, 0.7657},
		{0, 0, 6, -0.6902}, {0, 0, 7, -0.0480}, {0, 0, 8, 0.4841},
	}},
	{"torchvision's VGG-19", torchvisionInput, []fingerprintValue{
		{0, 0, 0, -5.3474e-02}, {0, 0, 1, -4.9257e-02}, {0, 0, 2, -6.7942e-02},
		{0, 1, 3, 1.4165e-01}, {0, 1, 4, 2.2705e-01}, {0, 1, 5, 1.3758e-01},
		{0, 2, 3, 5.9742e-02}, {0, 2, 4, 1.3955e-01}, {0, 2, 5, 5.4102e-02},
	}},
	{"Caffe's VGG-16", caffeInput, []fingerprintValue{
		{0, 0, 0, 4.29470569e-01}, {1, 0, 0, 1.17273867e-01}, {2, 0, 0, 3.40129584e-02},
		{0, 1, 0, 5.50379455e-01}, {1, 1, 0, 2.08774377e-02}, {2, 1, 0, 9.88311544e-02},
		{0, 2, 0, 4.80015397e-01}, {1, 2, 0, -1.72696680e-01}, {2, 2, 0, 3.75577137e-02},
	}},
	// Also MatConvNet's, for channels in reverse.
	{"Caffe's VGG-19", caffeInput, []fingerprintValue{
		{0, 0, 0, 0.34119523}, {0, 0, 1, 0.33999205}, {0, 0, 2, -0.04484424},
		{0, 0, 3, 0.23215917}, {0, 1, 0, 0.46418372}, {0, 1, 1, 0.41810837},
		{0, 2, 0, 0.39416704}, {0, 2, 1, 0.37740308}, {0, 2, 3, 0.2671299},
	}},
}

// matches tells whether the convolution has the fingerprint, with its input
// channels in the opposite order if reversed.
func (f *fingerprint) matches(c Conv, reversed bool) bool {
	// bfloat16 keeps 8 significant bits, and the printed values have 4 digits.
	const tolerance = 1.0 / 128
	for _, v := range f.values {
		channel := v.channel
		if reversed {
			channel = 2 - channel
		}
		i := (v.out*3+channel)*kernelSize*kernelSize + v.place
		if i >= len(c.Weight) || math.Abs(float64(c.Weight[i])-v.value) > tolerance*math.Abs(v.value) {
			return false
		}
	}
	return true
}

// recognize returns the input convention that the first convolution and the
// names of a network tell, and in words from what.
func (l *layout) recognize(first Conv) (PartialInput, string) {
	for _, f := range fingerprints {
		if f.matches(first, false) {
			return f.input.said(), f.name + ", by its first weights"
		}
		if f.matches(first, true) {
			return f.input.flipped().said(), f.name + " for channels in reverse, by its first weights"
		}
	}
	return l.byNames()
}

// byNames returns the convention that the names alone tell. Those of Caffe's
// layers tell none: conversions for either order of the channels have them.
func (l *layout) byNames() (PartialInput, string) {
	scheme := cmp.Or(l.origin, l.scheme)
	switch {
	case l.colours != (module{}):
		return plainInput.said(), "a normalised VGG, by its 1x1 convolution"
	case scheme == keras:
		return caffeInput.said(), "Keras' names"
	case scheme == numbered && l.johnson:
		return caffeInput.said(), "Johnson's conversion of Caffe's networks, by the names of its classifier"
	case scheme == numbered:
		return torchvisionInput.said(), "torchvision's names"
	}
	return PartialInput{}, ""
}
