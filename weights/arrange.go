package weights

import (
	"bytes"
	"fmt"
	"slices"
)

// An arrangement is a candidate's convolutions in the order of a VGG.
type arrangement struct {
	prefix string
	scheme scheme
	chain  []layer
	// colours is the 1x1 convolution of a normalized VGG, which transforms the colours
	// of a picture into the input of the first 3x3 convolution.
	colours module
	// rotation is the orientation of the kernels by the names and shapes of the file. It
	// counts where the values of the first convolution match no known network.
	rotation rotation

	convs [maxBlocks][maxPerBlock]module
	norms [maxBlocks][maxPerBlock]module
	// at is where in the sequence the convolutions are (numbered).
	at [maxBlocks][maxPerBlock]int
}

// rotation is the orientation of the kernels of a file. Theano computes convolutions, all
// other frameworks correlations, so that Theano's kernels are rotated by 180 degrees.
type rotation int

const (
	upright rotation = iota
	rotated
	eitherRotation // the file may be of either kind
)

// arrange checks that the tensors of a candidate are those of a VGG, from conv1_1 on,
// and stores them in a. It reads no values. If it fails, the chain of a ends before the
// fault.
func (l *layout) arrange(c *candidate, a *arrangement) error {
	*a = arrangement{prefix: c.prefix, scheme: c.scheme}
	var fault error
	switch c.scheme {
	case numbered:
		fault = a.unroll(c)
	case kerasNumbered:
		fault = a.countLayers(c)
	default:
		for at, m := range c.layers {
			switch {
			case at == coloursPlace:
				a.colours = *m
			case at.norm:
				a.norms[at.block-1][at.index-1] = *m
			default:
				a.convs[at.block-1][at.index-1] = *m
			}
		}
		if a.colours != (module{}) && !a.colours.isColours() {
			a.colours = module{}
		}
	}
	a.order(l.kernel)
	err := a.check()
	switch {
	case c.fault != nil:
		return c.fault
	case fault != nil:
		return fault
	}
	return err
}

// unroll finds the convolutions of a sequence by their positions.
//
// The distance between two convolutions is the same throughout a sequence: ReLU, and
// batch norm or padding where the network has them. Pooling at the end of a block adds
// one.
func (a *arrangement) unroll(c *candidate) error {
	var positions [maxPosition]module
	for at, m := range c.layers {
		positions[at.position] = *m
	}
	first := 0
	if positions[0].isColours() {
		a.colours = positions[0]
		first++
	}
	start := first
	for first < maxPosition && !positions[first].isConv() {
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
	hasNorm := positions[first+1].isNorm()
	if hasNorm {
		step++
	}
	b, i, before := 0, 0, first
	for p := first; p < maxPosition; p++ {
		m := positions[p]
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
		a.convs[b][i], a.at[b][i] = m, p
		if hasNorm {
			a.norms[b][i] = positions[p+1]
		}
		before = p
	}
	return nil
}

// isConv reports whether the module is a convolution, perhaps an incomplete one.
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

// A layer is a convolution with checked shapes, and the batch norm to merge into it, if
// any.
type layer struct {
	name         string
	out, in      int
	weight, bias *tensor // bias is nil where the batch norm has one
	norm         *module
}

// check checks the shapes of the layers and creates their chain.
func (a *arrangement) check() error {
	in, source := 3, "the colours of a picture"
	for b := range a.convs {
		skipped := ""
		if b > 0 && a.convs[b-1][0] == (module{}) {
			skipped = convName(b, 1)
		}
		for i, conv := range a.convs[b] {
			name := convName(b+1, i+1)
			norm := a.norms[b][i]
			if conv == (module{}) && norm == (module{}) {
				if skipped == "" {
					skipped = name
				}
				continue
			}
			if skipped != "" {
				return fmt.Errorf("%w: found %s but no %s before it", ErrNotVGG, name, skipped)
			}
			label := name
			if a.scheme == numbered {
				label = fmt.Sprintf("%s, at position %d of the sequence,", name, a.at[b][i])
			}
			next, err := checkLayer(label, conv, norm, in, source)
			if err != nil {
				return err
			}
			next.name = name
			a.chain = append(a.chain, next)
			in, source = next.out, "the outputs of "+name
		}
	}
	switch {
	case a.chain != nil:
		return nil
	case a.scheme == numbered:
		return fmt.Errorf("%w: found numbered layers, but none whose weight has 4 dimensions", ErrNotVGG)
	}
	return fmt.Errorf("%w: found no 3x3 convolutions", ErrNotVGG)
}

// order transposes all kernels into the order of PyTorch. The first kernel whose shape
// fits only one order decides for all; if there is none, byFormat, the order of the
// file's format, applies.
func (a *arrangement) order(byFormat kernelOrder) {
	order, certain := byFormat, false
decide:
	for b := range a.convs {
		for _, m := range a.convs[b] {
			w := m[weightRole]
			if w == nil || len(w.shape) != 4 {
				continue
			}
			front := w.shape[0] == kernelSize && w.shape[1] == kernelSize
			back := w.shape[2] == kernelSize && w.shape[3] == kernelSize
			if front != back {
				order, certain = outInHeightWidth, true
				if front {
					order = heightWidthInOut
				}
				break decide
			}
		}
	}
	if order == outInHeightWidth {
		a.rotation = a.theano(certain, byFormat)
		return
	}
	for b := range a.convs {
		for i := range a.convs[b] {
			if w := &a.convs[b][i][weightRole]; *w != nil && len((*w).shape) == 4 {
				*w = (*w).permuted(3, 2, 0, 1)
			}
		}
	}
}

// theano returns whether the kernels of a file in PyTorch's order are rotated. Keras
// stores kernels in TensorFlow's order, except Keras 1 on Theano: an HDF5 file whose
// shapes prove PyTorch's order is from Keras 1 on Theano. In other formats Keras' names
// do not decide it, unless they end in "weight", as PyTorch's do.
func (a *arrangement) theano(certain bool, byFormat kernelOrder) rotation {
	if a.scheme != keras || !certain {
		return upright
	}
	if byFormat == heightWidthInOut {
		return rotated
	}
	w := a.convs[0][0][weightRole]
	if w == nil {
		return upright
	}
	if _, last := cutLast([]byte(w.name)); bytes.HasPrefix(last, []byte("weight")) {
		return upright
	}
	return eitherRotation
}

// checkLayer checks the shapes of a convolution with in input channels, which come from
// source, and of its batch norm. label is its name in errors.
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

// isVector reports whether the shape has one dimension of n elements.
func isVector(shape []int64, n int64) bool {
	return len(shape) == 1 && shape[0] == n
}
