package weights

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A PartialInput is as much of an input convention as somebody says. The zero
// value says nothing.
type PartialInput struct {
	Channels  string  // "rgb", "bgr" or empty
	Max       float32 // 1, 255 or 0
	Mean, Std *[3]float32
}

// An Override is what somebody knows better than a file says. The zero value
// says nothing.
type Override struct {
	PartialInput
	// Layers are what the file calls the convolutions of each block, where its
	// names are not those of a VGG: [ParseLayers] has the form.
	Layers [][]string
}

// IsZero tells whether nothing is said.
func (o Override) IsZero() bool { return o.PartialInput == PartialInput{} && o.Layers == nil }

// ParsePartialInput reads the texts in which files and commands say it:
// channels is rgb or bgr, levels is 0..1 or 0..255, mean and std are three
// numbers such as 0.485,0.456,0.406. What is empty is not said.
func ParsePartialInput(channels, levels, mean, std string) (p PartialInput, err error) {
	bad := func(key, value, expected string) (PartialInput, error) {
		return PartialInput{}, fmt.Errorf("%q is %q, expected %s", key, value, expected)
	}
	switch channels {
	case "", "rgb", "bgr":
		p.Channels = channels
	default:
		return bad("channels", channels, "rgb or bgr")
	}
	switch levels {
	case "":
	case "0..1":
		p.Max = 1
	case "0..255":
		p.Max = 255
	default:
		return bad("range", levels, "0..1 or 0..255")
	}
	if p.Mean, err = parseTriple(mean); err != nil {
		return bad("mean", mean, "three numbers such as 0.485,0.456,0.406")
	}
	if p.Std, err = parseTriple(std); err != nil {
		return bad("std", std, "three numbers such as 0.229,0.224,0.225")
	}
	if p.Std != nil && slices.Min(p.Std[:]) <= 0 {
		return bad("std", std, "positive numbers")
	}
	return p, nil
}

// parseTriple reads three finite numbers, nil where there is no text.
func parseTriple(text string) (*[3]float32, error) {
	if text == "" {
		return nil, nil
	}
	var v [3]float32
	parts := strings.SplitN(text, ",", len(v)+1)
	if len(parts) != len(v) {
		return nil, strconv.ErrSyntax
	}
	for i, part := range parts {
		f, err := strconv.ParseFloat(strings.TrimSpace(part), 32)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, strconv.ErrSyntax
		}
		v[i] = float32(f)
	}
	return &v, nil
}

// The conventions of the published networks, as their authors state them.
var (
	// torchvision's, of the ImageNet training set.
	torchvisionInput = Input{"rgb", 1, [3]float32{0.485, 0.456, 0.406}, [3]float32{0.229, 0.224, 0.225}}
	// Simonyan & Zisserman's networks in Caffe, whose pictures come from OpenCV.
	caffeInput = Input{"bgr", 255, [3]float32{103.939, 116.779, 123.68}, [3]float32{1, 1, 1}}
	// plainInput is what the 1x1 convolution of a normalised VGG expects.
	plainInput = Input{"rgb", 1, [3]float32{}, [3]float32{1, 1, 1}}
)

// said returns a complete convention as one that was said.
func (in Input) said() PartialInput {
	return PartialInput{in.Channels, in.Max, &in.Mean, &in.Std}
}

// flipped returns the same convention for channels in the opposite order.
func (in Input) flipped() Input {
	slices.Reverse(in.Mean[:])
	slices.Reverse(in.Std[:])
	if in.Channels == "rgb" {
		in.Channels = "bgr"
	} else {
		in.Channels = "rgb"
	}
	return in
}

// or completes p by what q says. The mean and the deviation of q are about its
// range: they do not go with another, and follow another order of the channels.
func (p PartialInput) or(q PartialInput) PartialInput {
	mean, std := q.Mean, q.Std
	if p.Max != 0 && q.Max != 0 && p.Max != q.Max {
		mean, std = nil, nil
	}
	if p.Channels != "" && q.Channels != "" && p.Channels != q.Channels {
		mean, std = reversed(mean), reversed(std)
	}
	return PartialInput{
		Channels: cmp.Or(p.Channels, q.Channels),
		Max:      cmp.Or(p.Max, q.Max),
		Mean:     cmp.Or(p.Mean, mean),
		Std:      cmp.Or(p.Std, std),
	}
}

func reversed(v *[3]float32) *[3]float32 {
	if v == nil {
		return nil
	}
	return &[3]float32{v[2], v[1], v[0]}
}

// complete returns the convention once all of it is known.
func (p PartialInput) complete() (Input, error) {
	var missing []string
	for _, m := range []struct {
		key   string
		known bool
	}{
		{"channels", p.Channels != ""}, {"range", p.Max != 0}, {"mean", p.Mean != nil}, {"std", p.Std != nil},
	} {
		if !m.known {
			missing = append(missing, m.key)
		}
	}
	if missing != nil {
		return Input{}, fmt.Errorf("%w: the file does not say its %s, and its names and values are of no network known here;"+
			` say what it was trained with: torchvision's networks with channels rgb, range 0..1, mean 0.485,0.456,0.406,`+
			` std 0.229,0.224,0.225; Caffe's with channels bgr, range 0..255, mean 103.939,116.779,123.68, std 1,1,1`,
			ErrNoInput, strings.Join(missing, ", "))
	}
	return Input{p.Channels, p.Max, *p.Mean, *p.Std}, nil
}

// fold makes the convention include a 1x1 convolution behind it, which must do
// no more than scale the channels, reverse their order, and shift them:
//
//	y[c] = m[c]*x[k(c)] + b[c],  x[k] = (p*Max/255 - Mean[k]) / Std[k]
//
// The result counts in levels, so that Caffe's convention reads as such.
func (in *Input) fold(d *decoder, colours module) error {
	const what = "the 1x1 convolution before conv1_1"
	weight, bias := colours[weightRole], colours[biasRole]
	if weight.shape[0] == 1 {
		weight = weight.permuted(3, 2, 0, 1)
	}
	if bias == nil || !isVector(bias.shape, 3) {
		return fmt.Errorf("%w: %s has no bias of 3 values", ErrNotVGG, what)
	}
	w, err := d.finite(weight, "the weight of "+what)
	if err != nil {
		return err
	}
	b, err := d.finite(bias, "the bias of "+what)
	if err != nil {
		return err
	}
	reverses := w[0] == 0
	if reverses {
		*in = in.flipped()
	}
	folded := Input{Channels: in.Channels, Max: maxLevel}
	for c := range 3 {
		from := c
		if reverses {
			from = 2 - c
		}
		m := w[3*c+from]
		for k := range 3 {
			if k != from && w[3*c+k] != 0 || m <= 0 {
				return fmt.Errorf("%w: %s mixes the colours by %v, expected that it scales them and at most reverses their order",
					ErrNotVGG, what, w)
			}
		}
		// in is flipped where m is, so its channel c is the one that m scales.
		toLevels := maxLevel / float64(in.Max)
		std := float64(in.Std[c]) * toLevels / float64(m)
		folded.Std[c] = float32(std)
		folded.Mean[c] = float32(float64(in.Mean[c])*toLevels - float64(b[c])*std)
	}
	*in = folded
	return nil
}

// maxLevel is the level of white.
const maxLevel = 255
