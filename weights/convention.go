package weights

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A PartialInput is an input convention whose parts may be unknown. The zero value has
// none.
type PartialInput struct {
	Channels  string  // "rgb", "bgr" or empty
	Max       float32 // 1, 255 or 0
	Mean, Std *[3]float32
}

// An Override is the user's description of a file. It takes precedence over the file
// and over what is known about such files. The zero value describes nothing.
type Override struct {
	PartialInput
	// Layers are the names of the convolutions of each block in the file, where these
	// are not names of a VGG; see [ParseLayers].
	Layers [][]string
	// Prefix is the beginning of the names of the network's layers, where the file has
	// several networks: "teacher.features", or "." for names without a prefix.
	Prefix string
}

// IsZero reports whether the override describes nothing.
func (o Override) IsZero() bool {
	return o.PartialInput == PartialInput{} && o.Layers == nil && o.Prefix == ""
}

// ParsePartialInput reads the texts of metadata and of flags: channels is rgb or
// bgr, levels is 0..1 or 0..255, mean and std are three numbers such as
// 0.485,0.456,0.406. An empty text leaves its part unknown.
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

// parseTriple parses three finite numbers. It returns nil for an empty text.
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

// The conventions of the published networks, as stated by their authors.
var (
	// TorchvisionInput is the convention of torchvision's networks, with the means and
	// deviations of the ImageNet training set.
	TorchvisionInput = Input{"rgb", 1, [3]float32{0.485, 0.456, 0.406}, [3]float32{0.229, 0.224, 0.225}}
	// CaffeInput is the convention of Simonyan & Zisserman's networks in Caffe, which
	// loads pictures with OpenCV, as BGR.
	CaffeInput = Input{"bgr", 255, [3]float32{103.939, 116.779, 123.68}, [3]float32{1, 1, 1}}
	// MatConvNetInput is CaffeInput with reversed channels, as MatConvNet converted
	// these networks.
	MatConvNetInput = CaffeInput.flipped()
	// PlainInput is the convention of networks whose first layer, a 1x1 convolution,
	// takes colours from 0 to 1.
	PlainInput = Input{"rgb", 1, [3]float32{}, [3]float32{1, 1, 1}}
)

// partial returns a complete convention as a PartialInput.
func (in Input) partial() PartialInput {
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

// completedBy returns p with its unknown parts taken from q. The mean and the
// deviation of q are in its range: they are left out where p has another range,
// and reversed where p has another order of the channels.
func (p PartialInput) completedBy(q PartialInput) PartialInput {
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

// complete returns the complete convention, or an error if a part is unknown.
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
		return Input{}, fmt.Errorf("%w: the file does not say it: give --%s", ErrNoInput, strings.Join(missing, ", --"))
	}
	return Input{p.Channels, p.Max, *p.Mean, *p.Std}, nil
}

// foldColours merges the 1x1 convolution before conv1_1, y = Mx + b, into the input
// convention and conv1_1. The result is exact, even at the borders, where conv1_1 sees
// zeros of y.
//
// If M only scales the channels by positive numbers, and perhaps reverses their order,
// as in the published normalized networks, the input convention can express it alone.
// The range is then that of levels, so that the result equals Caffe's convention. Any
// other invertible M is written as M = AD, where D produces levels of x, in the order
// of colours that is closest to M. Then y = Az with z = D(x + inv(M)b): z is the new
// input, and A, which maps zeros to zeros, is multiplied into the weights of conv1_1.
func (n *Network) foldColours(d *decoder, colours module) error {
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
	// m and offset transform levels of the colours, in the order of the convention.
	var m matrix3
	var offset [3]float64
	for c := range 3 {
		offset[c] = float64(b[c])
		for k := range 3 {
			scale := float64(w[3*c+k]) / float64(n.Input.Std[k])
			m[c][k] = scale * float64(n.Input.Max) / maxLevel
			offset[c] -= scale * float64(n.Input.Mean[k])
		}
	}
	if math.Abs(m[0][2])+math.Abs(m[2][0]) > math.Abs(m[0][0])+math.Abs(m[2][2]) {
		n.Input = n.Input.flipped()
		for c := range m {
			m[c][0], m[c][2] = m[c][2], m[c][0]
		}
	}
	in := Input{Channels: n.Input.Channels, Max: maxLevel, Std: [3]float32{1, 1, 1}}
	shift, ok := m.solve(offset)
	if !ok {
		return fmt.Errorf("%w: %s has the weights %v, which leave out a colour", ErrNotVGG, what, w)
	}
	diagonal := m.isDiagonal()
	for c := range 3 {
		in.Mean[c] = float32(0 - shift[c]) // not -0
		if diagonal {
			in.Std[c] = float32(1 / m[c][c])
		}
	}
	first := &n.Convs[0]
	if !diagonal {
		first.mix(&m)
	}
	if indexNonFinite(first.Weight) >= 0 || indexNonFinite(in.Mean[:]) >= 0 || indexNonFinite(in.Std[:]) >= 0 || slices.Min(in.Std[:]) <= 0 {
		return fmt.Errorf("%w: %s has the weights %v and the biases %v, too large or too small for float32", ErrMalformed, what, w, b)
	}
	n.Input = in
	return nil
}

// mix multiplies m into the weights of the first convolution, so that it includes m.
func (c *Conv) mix(m *matrix3) {
	for o := range c.Out {
		for place := range kernelSize * kernelSize {
			var sum [3]float64
			at := func(channel int) *float32 { return &c.Weight[(o*3+channel)*kernelSize*kernelSize+place] }
			for k := range 3 {
				for i := range 3 {
					sum[k] += float64(*at(i)) * m[i][k]
				}
			}
			for k := range 3 {
				*at(k) = float32(sum[k])
			}
		}
	}
}

// maxLevel is the level of white.
const maxLevel = 255

// A matrix3 is a matrix of 3 rows.
type matrix3 [3][3]float64

// isDiagonal reports whether the matrix is diagonal with positive elements.
func (m *matrix3) isDiagonal() bool {
	for r := range m {
		for c, v := range m[r] {
			if r == c && !(v > 0) || r != c && v != 0 {
				return false
			}
		}
	}
	return true
}

// solve returns the solution x of mx = b by Cramer's rule. ok is false where the matrix
// is singular or nearly singular.
func (m *matrix3) solve(b [3]float64) (x [3]float64, ok bool) {
	const tiny = 1e-6 // of the largest determinant that rows of such lengths can have
	det := m.determinant()
	bound := 1.0
	for _, row := range m {
		bound *= math.Hypot(math.Hypot(row[0], row[1]), row[2])
	}
	if !(math.Abs(det) > tiny*bound) || math.IsInf(bound, 0) {
		return x, false
	}
	for c := range x {
		replaced := *m
		for r := range replaced {
			replaced[r][c] = b[r]
		}
		x[c] = replaced.determinant() / det
	}
	return x, true
}

func (m *matrix3) determinant() float64 {
	return m[0][0]*(m[1][1]*m[2][2]-m[1][2]*m[2][1]) -
		m[0][1]*(m[1][0]*m[2][2]-m[1][2]*m[2][0]) +
		m[0][2]*(m[1][0]*m[2][1]-m[1][1]*m[2][0])
}
