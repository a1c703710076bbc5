package weights

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// The bounds of the family, table 1 of Simonyan & Zisserman, "Very Deep
// Convolutional Networks for Large-Scale Image Recognition" (2014): five
// blocks of at most four 3x3 convolutions.
const (
	maxBlocks   = 5
	maxPerBlock = 4
	kernelSize  = 3
)

// maxWidth is eight times the widest layer of the published networks (512).
// The largest tensor it admits has 151 million values.
const maxWidth = 8 * 512

// maxPosition is how far the positions of a sequence are looked at: sixteen
// convolutions, each with padding, batch norm and ReLU, and five poolings take
// 69; the classifier behind them does not matter.
const maxPosition = 96

// What is added to the variance of a batch norm when nothing else is said: by
// PyTorch and ONNX, and by Keras.
const (
	normEpsilon  = 1e-5
	kerasEpsilon = 1e-3
)

// module is the tensors of one layer by their roles, nil where the file has none.
type module [roles]*tensor

// layout holds the tensors of a file that may be those of a VGG, each at the
// place that its name gives it. The zero value is empty.
type layout struct {
	told      [][]string // the names that somebody told, instead of those that are known
	scheme    scheme
	origin    scheme // of the file's own names, where a reader gives others
	kernel    kernelOrder
	convs     [maxBlocks][maxPerBlock]module // named
	norms     [maxBlocks][maxPerBlock]module // named
	positions [maxPosition]module            // numbered

	// strangers are the names of the first tensors that are no part of a VGG, fit
	// for an error.
	strangers []string

	// colours is the 1x1 convolution of a normalised VGG, which makes what the
	// first 3x3 convolution sees out of the colours of a picture.
	colours module
	// at is where in the sequence the convolutions were (numbered).
	at [maxBlocks][maxPerBlock]int
	// johnson tells that the classifier has the positions 1 and 4, as in the
	// Caffe networks that Justin Johnson converted. torchvision's are 0, 3 and 6.
	johnson bool
	// epsilon was added to the variances of the batch norms; 0 stands for what
	// is usual.
	epsilon float64
}

// kernelOrder is the order of a kernel's dimensions, where its shape does not
// tell: only one of 3x3x3x3 could be either.
type kernelOrder int

const (
	outInHeightWidth kernelOrder = iota // PyTorch, ONNX, Caffe
	heightWidthInOut                    // TensorFlow, Keras, MatConvNet
)

// slot returns the place of the tensor called name, or nil when name is not
// that of a convolution's or a batch norm's tensor. The caller puts the tensor
// there unless there is one. A convolution that no VGG has is an error, and so
// are names of two schemes.
func (l *layout) slot(name []byte) (**tensor, error) {
	parse := parseName
	if l.told != nil {
		parse = l.parseTold
	}
	n, ok := parse(name)
	if !ok && string(name) == "classifier.4.weight" {
		l.johnson = true
	}
	if !ok || n.scheme == numbered && n.position >= maxPosition {
		l.pass(name)
		return nil, nil
	}
	if l.scheme != noScheme && l.scheme != n.scheme {
		return nil, fmt.Errorf("%w: %s is named in another way than the tensors before it, expected one network in a file",
			ErrNotVGG, quote(name))
	}
	l.scheme = n.scheme
	if n.scheme == numbered {
		return &l.positions[n.position][n.role], nil
	}
	b, i := n.block-1, n.index-1
	if b < 0 || b >= maxBlocks || i < 0 || i >= maxPerBlock {
		return nil, fmt.Errorf("%w: found %s, expected at most %d blocks of at most %d convolutions, counted from 1",
			ErrNotVGG, quote(name), maxBlocks, maxPerBlock)
	}
	if n.norm {
		return &l.norms[b][i][n.role], nil
	}
	return &l.convs[b][i][n.role], nil
}

// maxStrangers is how many tensors an error names.
const maxStrangers = 3

// pass takes note of a tensor that is no part of a VGG.
func (l *layout) pass(name []byte) {
	if len(l.strangers) < maxStrangers {
		l.strangers = append(l.strangers, quote(name))
	}
}

// arrange finds the convolutions of a numbered layout.
//
// The layers between two convolutions are the same throughout a sequence: ReLU,
// and batch norm or padding where the network has them. One more is the pooling
// that ends a block.
func (l *layout) arrange() error {
	if l.scheme != numbered {
		return nil
	}
	first := 0
	if l.positions[0].isColours() {
		l.colours = l.positions[0]
		first++
	}
	start := first
	for first < maxPosition && !l.positions[first].isConv() {
		first++
	}
	if first == maxPosition {
		return nil
	}
	step := 2 // to the next convolution: this one and its ReLU
	switch first - start {
	case 0:
	case 1:
		step++ // padding
	default:
		return fmt.Errorf("%w: the first convolution of the sequence is at position %d, expected %d, or %d after padding",
			ErrNotVGG, first, start, start+1)
	}
	hasNorm := l.positions[first+1].isNorm()
	if hasNorm {
		step++
	}
	b, i, before := 0, 0, first
	for p := first; p < maxPosition; p++ {
		m := l.positions[p]
		if !m.isConv() {
			continue
		}
		switch p {
		case first:
		case before + step:
			i++
		case before + step + 1:
			b, i = b+1, 0
		default:
			return fmt.Errorf("%w: after the convolution at position %d of the sequence comes one at %d, expected %d, or %d after pooling",
				ErrNotVGG, before, p, before+step, before+step+1)
		}
		if b >= maxBlocks || i >= maxPerBlock {
			return fmt.Errorf("%w: the convolution at position %d of the sequence would be %s, expected at most %d blocks of at most %d",
				ErrNotVGG, p, convName(b+1, i+1), maxBlocks, maxPerBlock)
		}
		l.convs[b][i], l.at[b][i] = m, p
		if hasNorm {
			l.norms[b][i] = l.positions[p+1]
		}
		before = p
	}
	return nil
}

// isConv tells whether the module is a convolution, perhaps an incomplete one.
func (m module) isConv() bool {
	if m[weightRole] == nil {
		return m[biasRole] != nil && !m.isNorm()
	}
	return len(m[weightRole].shape) == 4
}

func (m module) isNorm() bool { return m[meanRole] != nil || m[varianceRole] != nil }

func (m module) isColours() bool {
	w := m[weightRole]
	return w != nil && (slices.Equal(w.shape, []int64{3, 3, 1, 1}) || slices.Equal(w.shape, []int64{1, 1, 3, 3}))
}

// A layer is one convolution whose shapes have been checked, with the batch
// norm to be folded into it, if any.
type layer struct {
	name         string
	out, in      int
	weight, bias *tensor // bias is nil where a batch norm has one of its own
	norm         *module
}

// layers checks that the tensors are those of a VGG, from conv1_1 on, and
// returns its convolutions in order. It reads no values.
func (l *layout) layers() ([]layer, error) {
	if err := l.checkTold(); err != nil {
		return nil, err
	}
	if err := l.arrange(); err != nil {
		return nil, err
	}
	l.order()
	var chain []layer
	in, source := 3, "the colours of a picture"
	for b := range l.convs {
		skipped := ""
		if b > 0 && l.convs[b-1][0] == (module{}) {
			skipped = convName(b, 1)
		}
		for i, conv := range l.convs[b] {
			name := convName(b+1, i+1)
			norm := l.norms[b][i]
			if conv == (module{}) && norm == (module{}) {
				if skipped == "" {
					skipped = name
				}
				continue
			}
			if skipped != "" {
				return nil, fmt.Errorf("%w: found %s but no %s before it", ErrNotVGG, name, skipped)
			}
			label := name
			if l.scheme == numbered {
				label = fmt.Sprintf("%s, at position %d of the sequence,", name, l.at[b][i])
			}
			next, err := checkLayer(label, conv, norm, in, source)
			if err != nil {
				return nil, err
			}
			next.name = name
			chain = append(chain, next)
			in, source = next.out, "the outputs of "+name
		}
	}
	if chain == nil {
		return nil, fmt.Errorf("%w: found %s, expected conv1_1.weight, features.0.weight, block1_conv1/kernel or the like", ErrNotVGG, l.found())
	}
	return chain, nil
}

// found says what there is in a file without convolutions.
func (l *layout) found() string {
	switch {
	case l.scheme == numbered:
		return "numbered layers, but none whose weight has 4 dimensions"
	case len(l.strangers) == 0:
		return "no tensors"
	}
	return "tensors such as " + strings.Join(l.strangers, ", ")
}

// order brings the dimensions of all kernels into the order of PyTorch. The
// first kernel that only one order fits decides for all.
func (l *layout) order() {
	order := l.kernel
decide:
	for b := range l.convs {
		for _, m := range l.convs[b] {
			w := m[weightRole]
			if w == nil || len(w.shape) != 4 {
				continue
			}
			front := w.shape[0] == kernelSize && w.shape[1] == kernelSize
			back := w.shape[2] == kernelSize && w.shape[3] == kernelSize
			if front != back {
				order = outInHeightWidth
				if front {
					order = heightWidthInOut
				}
				break decide
			}
		}
	}
	if order == outInHeightWidth {
		return
	}
	for b := range l.convs {
		for i := range l.convs[b] {
			if w := &l.convs[b][i][weightRole]; *w != nil && len((*w).shape) == 4 {
				*w = (*w).permuted(3, 2, 0, 1)
			}
		}
	}
}

// checkLayer checks the shapes of a convolution that has in input channels,
// which come from source, and of its batch norm. Errors call it by its label.
func checkLayer(label string, conv, norm module, in int, source string) (layer, error) {
	weight, bias := conv[weightRole], conv[biasRole]
	if weight == nil {
		return layer{}, fmt.Errorf("%w: %s has a bias or a batch norm but no weight", ErrNotVGG, label)
	}
	w := weight.shape
	switch {
	case len(w) != 4 || w[2] != kernelSize || w[3] != kernelSize:
		return layer{}, fmt.Errorf("%w: the weight of %s has the shape %v, expected [out in 3 3]", ErrNotVGG, label, w)
	case w[1] != int64(in):
		return layer{}, fmt.Errorf("%w: %s has %d input channels, expected %d, %s", ErrNotVGG, label, w[1], in, source)
	case w[0] < 1 || w[0] > maxWidth:
		return layer{}, fmt.Errorf("%w: %s has %d output channels, expected 1 to %d", ErrNotVGG, label, w[0], maxWidth)
	}
	next := layer{out: int(w[0]), in: in, weight: weight, bias: bias}
	vectors := []struct {
		what string
		t    *tensor
	}{{"bias", bias}}
	if norm != (module{}) {
		next.norm = &norm
		if bias == nil {
			vectors = nil
		}
		for r, what := range []string{"factor", "bias", "mean", "variance"} {
			vectors = append(vectors, struct {
				what string
				t    *tensor
			}{"batch norm's " + what, norm[r]})
		}
	}
	for _, v := range vectors {
		switch {
		case v.t == nil:
			return layer{}, fmt.Errorf("%w: %s has no %s", ErrNotVGG, label, v.what)
		case !isVector(v.t.shape, w[0]):
			return layer{}, fmt.Errorf("%w: the %s of %s has the shape %v, expected [%d], one for each output channel",
				ErrNotVGG, v.what, label, v.t.shape, w[0])
		}
	}
	return next, nil
}

// isVector tells whether the shape has n elements along one dimension.
func isVector(shape []int64, n int64) bool {
	return len(shape) == 1 && shape[0] == n
}

// readConvs reads the values of the layers.
func (l *layout) readConvs(d *decoder, layers []layer) ([]Conv, error) {
	usual := normEpsilon
	if l.scheme == keras {
		usual = kerasEpsilon
	}
	epsilon := cmp.Or(l.epsilon, usual)
	convs := make([]Conv, len(layers))
	for i, l := range layers {
		c := Conv{Name: l.name, Out: l.out, In: l.in}
		var err error
		if c.Weight, err = d.finite(l.weight, "the weight of "+l.name); err != nil {
			return nil, err
		}
		if l.bias != nil {
			c.Bias, err = d.finite(l.bias, "the bias of "+l.name)
		} else {
			c.Bias = make([]float32, l.out)
		}
		if err != nil {
			return nil, err
		}
		if l.norm != nil {
			if err := c.fold(d, l.norm, epsilon); err != nil {
				return nil, err
			}
		}
		convs[i] = c
	}
	return convs, nil
}

// fold makes the convolution do what its batch norm did after it:
//
//	(w*x + b - mean) * factor/sqrt(variance+epsilon) + bias
//
// in float64, rounded once.
func (c *Conv) fold(d *decoder, norm *module, epsilon float64) error {
	var v [roles][]float32
	for r, t := range norm {
		var err error
		if v[r], err = d.finite(t, "the batch norm of "+c.Name); err != nil {
			return err
		}
	}
	size := c.In * kernelSize * kernelSize
	for k := range c.Out {
		variance := float64(v[varianceRole][k]) + epsilon
		if variance <= 0 {
			return fmt.Errorf("%w: value %d of the batch norm's variance of %s is %v, expected none below 0",
				ErrMalformed, k, c.Name, v[varianceRole][k])
		}
		factor := float64(v[weightRole][k]) / math.Sqrt(variance)
		for i := range size {
			w := &c.Weight[k*size+i]
			*w = float32(float64(*w) * factor)
		}
		c.Bias[k] = float32((float64(c.Bias[k])-float64(v[meanRole][k]))*factor + float64(v[biasRole][k]))
	}
	if indexNonFinite(c.Weight) >= 0 || indexNonFinite(c.Bias) >= 0 {
		return fmt.Errorf("%w: with its batch norm, %s has values too large for float32", ErrMalformed, c.Name)
	}
	return nil
}

// finite reads a tensor. Errors call it what.
func (d *decoder) finite(t *tensor, what string) ([]float32, error) {
	v, err := d.read(t)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", what, err)
	}
	if i := indexNonFinite(v); i >= 0 {
		return nil, fmt.Errorf("%w: value %d of %s is %v, expected a finite float32", ErrMalformed, i, what, v[i])
	}
	return v, nil
}

// indexNonFinite returns the index of the first NaN or infinity, or -1.
func indexNonFinite(v []float32) int {
	const exponent = 0xff << 23 // all ones in NaN and infinity only
	for i, x := range v {
		if math.Float32bits(x)&exponent == exponent {
			return i
		}
	}
	return -1
}
