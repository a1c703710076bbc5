package weights

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
)

// readMAT lists the convolutions of a MatConvNet network in a level 5 MAT-file, in all
// layouts that MatConvNet has used:
//
//	layers{i}.type, .name
//	layers{i}.weights = {filters, biases}    or .filters and .biases, in the oldest
//	meta.normalization.averageImage          or normalization.averageImage, to beta 16
//
// All of these may also be fields of a variable net. The filters are H x W x In x Out
// and are correlated with the picture, as in PyTorch (A. Vedaldi, K. Lenc, "MatConvNet
// Manual", section 4.1); read this way, the first weights of its VGG-19 equal those of
// Caffe's (recognize.go). In MATLAB's order the first dimension varies fastest.
//
// The input of a MatConvNet network is RGB levels of 0 to 255 less the average image,
// of which only the mean of each channel is used; the average images of published
// networks are constant.
//
// Reading ends at the first convolution that is not 3x3, which begins the classifier.
// The rest of the file is not even decompressed.
func readMAT(r io.ReaderAt, size int64, given layerNames) (*listing, error) {
	f, err := openMAT(r, size)
	if err != nil {
		return nil, err
	}
	n := &matConvNet{matFile: f}
	n.layout.kernel, n.layout.given = heightWidthInOut, given
	n.input = PartialInput{Channels: "rgb", Max: maxLevel, Std: &[3]float32{1, 1, 1}}
	n.metadata = metadata{}
	var names []string
	for v := range f.variables() {
		if len(names) < maxNamesInError {
			names = append(names, quote([]byte(v.name)))
		}
		if v.name == "net" {
			for field := range f.items(v) {
				n.part(field.field, field.matArray)
			}
		} else {
			n.part(v.name, v)
		}
	}
	switch {
	case f.err != nil:
		return nil, f.err
	case !n.hasLayers:
		found := "no variables"
		if names != nil {
			found = "the variables " + strings.Join(names, ", ")
		}
		return nil, fmt.Errorf("%w: the MAT-file has %s, expected the layers of a network in MatConvNet", ErrNotVGG, found)
	}
	n.room = f.inflated.kept
	return &n.listing, nil
}

// maxNamesInError is the largest number of variables that an error names.
const maxNamesInError = 8

// A matConvNet is a network while it is being read.
type matConvNet struct {
	*matFile
	listing
	hasLayers bool
}

// part reads a part of a network: its layers or its normalization.
func (n *matConvNet) part(name string, a matArray) {
	switch name {
	case "layers":
		if n.hasLayers {
			n.fail("a second variable layers")
			return
		}
		n.hasLayers = true
		n.layers(a)
	case "meta":
		for field := range n.items(a) {
			if field.field == "normalization" {
				n.part(field.field, field.matArray)
			}
		}
	case "normalization":
		for field := range n.items(a) {
			if field.field == "averageImage" && n.input.Mean == nil {
				n.input.Mean = n.averageImage(field.matArray)
			}
		}
	}
}

// A matLayer holds the fields of a layer that the reader uses.
type matLayer struct {
	number          int
	kind, name      string // the fields type and name
	method          string // of a pooling
	filters, biases *tensor
	classifier      bool // its filters are not 3x3
}

// layers reads a cell array of structures, or an array of structures.
func (n *matConvNet) layers(a matArray) {
	layer := &matLayer{number: 1}
	for item := range n.items(a) {
		if item.index+1 > layer.number {
			n.add(layer)
			layer = &matLayer{number: item.index + 1}
		}
		if a.class == mxStruct {
			n.field(layer, item)
		} else {
			for field := range n.items(item.matArray) {
				if n.field(layer, field); layer.classifier {
					break
				}
			}
		}
		if layer.classifier && n.layout.candidates == nil {
			n.err = fmt.Errorf("%w: the first convolution, in layer %d, is not %dx%[3]d", ErrNotVGG, layer.number, kernelSize)
		}
		if layer.classifier || n.err != nil {
			return
		}
	}
	n.add(layer)
}

func (n *matConvNet) field(layer *matLayer, item matItem) {
	switch item.field {
	case "type":
		layer.kind = n.text(item.matArray)
	case "name":
		layer.name = n.text(item.matArray)
	case "method":
		layer.method = n.text(item.matArray)
	case "filters":
		layer.filters = n.filters(layer, item.matArray)
	case "biases":
		layer.biases = n.vector(item.matArray)
	case "weights":
		for w := range n.items(item.matArray) {
			switch w.index {
			case 0:
				layer.filters = n.filters(layer, w.matArray)
			case 1:
				layer.biases = n.vector(w.matArray)
			}
			if layer.classifier {
				return
			}
		}
	}
}

// filters lists the filters of a layer, unless the layer belongs to the classifier.
func (n *matConvNet) filters(layer *matLayer, a matArray) *tensor {
	if slices.Contains(a.dims, 0) || len(a.dims) == 0 {
		return nil
	}
	// MATLAB drops trailing dimensions of 1.
	for len(a.dims) < 4 {
		a.dims = append(a.dims, 1)
	}
	if a.dims[0] != kernelSize || a.dims[1] != kernelSize {
		layer.classifier = true
		return nil
	}
	return n.numbers(a)
}

// vector lists an array with one dimension longer than 1 as a vector.
func (n *matConvNet) vector(a matArray) *tensor {
	if len(a.dims) == 0 {
		return nil
	}
	t := n.numbers(a)
	if t == nil {
		return nil
	}
	if along := slices.DeleteFunc(slices.Clone(a.dims), func(d int64) bool { return d == 1 }); len(along) < 2 {
		t.shape, t.strides = []int64{t.count()}, nil
	}
	return t
}

// add stores a layer at its place in the layout.
func (n *matConvNet) add(layer *matLayer) {
	if n.err != nil {
		return
	}
	switch layer.kind {
	case "relu", "dropout", "softmax", "softmaxloss":
	case "pool":
		n.pooling(layer)
	case "conv":
		n.conv(layer)
	default:
		n.err = fmt.Errorf("%w: layer %d is of the type %s, expected conv, relu or pool",
			ErrNotVGG, layer.number, quote([]byte(layer.kind)))
	}
}

func (n *matConvNet) pooling(layer *matLayer) {
	switch before, there := n.metadata["pooling"]; {
	case layer.method == "":
	case there && before != layer.method:
		n.err = fmt.Errorf("%w: layer %d has %s pooling, those before it %s", ErrNotVGG,
			layer.number, quote([]byte(layer.method)), quote([]byte(before)))
	default:
		n.metadata["pooling"] = layer.method
	}
}

func (n *matConvNet) conv(layer *matLayer) {
	for _, part := range []struct {
		suffix string
		t      *tensor
	}{{".weight", layer.filters}, {".bias", layer.biases}} {
		name := layer.name + part.suffix
		if n.layout.given == nil && schemeOf([]byte(name)) == noScheme {
			n.err = fmt.Errorf("%w: the convolution in layer %d is called %s, expected a name such as conv1_1",
				ErrNotVGG, layer.number, quote([]byte(layer.name)))
			return
		}
		if part.t == nil {
			continue
		}
		part.t.name = name
		if n.err = n.layout.add([]byte(name), func() (*tensor, error) { return part.t, nil }); n.err != nil {
			return
		}
	}
}

// averageImage returns the mean of each channel of an H x W x 3 array.
func (n *matConvNet) averageImage(a matArray) *[3]float32 {
	count, ok := byteLength(a.dims, 8)
	if len(a.dims) == 0 || ok && count == 0 {
		return nil // none was subtracted, or it is unknown
	}
	if last := a.dims[len(a.dims)-1]; !ok || last != 3 && count != 3 {
		n.fail("an average image of the size %v, expected H x W x 3", a.dims)
		return nil
	}
	t := n.numbers(a)
	if n.err != nil {
		return nil
	}
	r, err := t.open()
	if err != nil {
		n.err = err
		return nil
	}
	var mean [3]float32
	d := new(decoder)
	plane := int64(count) / 3
	for c := range mean {
		sum := 0.0
		for left := plane; left > 0; {
			values := d.values[:min(left, int64(len(d.values)))]
			if n.err = d.fill(values, r, t.format); n.err != nil {
				return nil
			}
			for _, v := range values {
				sum += float64(v)
			}
			left -= int64(len(values))
		}
		mean[c] = float32(sum / float64(plane))
	}
	if indexNonFinite(mean[:]) >= 0 {
		n.fail("an average image whose mean is %v", mean)
		return nil
	}
	return &mean
}

func isMAT(begin []byte) bool {
	return bytes.HasPrefix(begin, []byte("MATLAB "))
}
