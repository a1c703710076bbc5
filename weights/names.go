package weights

import (
	"bytes"
	"fmt"
	"slices"
)

// A scheme is a way to name the tensors of a VGG. It tells how blocks are
// counted, and often for whom the network was trained.
type scheme int

const (
	noScheme scheme = iota
	// named: conv1_1.weight, conv1_1_W and the like, after Caffe's layers.
	named
	// numbered: features.0.weight or 0.weight, the position among all layers of
	// a sequence, of which pooling and ReLU have no tensors.
	numbered
	// keras: block1_conv1/kernel:0 and the like.
	keras
)

// A role is what a tensor is to its layer.
type role int

const (
	weightRole role = iota // of a convolution, or the factors of a batch norm
	biasRole
	meanRole // of the activations a batch norm was trained on
	varianceRole
	roles
)

// roleNames are what the role is called at the end of a name, after a dot, a
// slash or an underscore.
var roleNames = map[string]role{
	"weight": weightRole, "weights": weightRole, "W": weightRole, "w": weightRole, "kernel": weightRole,
	"gamma": weightRole, "filter": weightRole,
	"bias": biasRole, "biases": biasRole, "b": biasRole, "beta": biasRole,
	"running_mean": meanRole, "moving_mean": meanRole,
	"running_var": varianceRole, "moving_variance": varianceRole,
}

// numberedRoles are the roles where a layer's tensors are numbered.
var numberedRoles = map[string]role{"0": weightRole, "1": biasRole, "2": meanRole, "3": varianceRole}

// wrappers are the names under which whole networks are kept: those of modules
// in PyTorch, of groups in HDF5. They say nothing and may come in any number
// before the name of a layer. In Keras a layer is a group of its own name too.
var wrappers = []string{
	"module", "model", "net", "network", "vgg", "vgg16", "vgg19", "VGG", "backbone", "encoder", "feature_extractor",
	"state_dict", "model_state_dict", "params", "model_weights", "layers",
}

// A tensorName is the name of a tensor that belongs to a convolution or to the
// batch norm behind it, taken apart.
type tensorName struct {
	scheme       scheme
	block, index int  // counted from 1 (named, keras)
	norm         bool // of a batch norm (named, keras)
	position     int  // counted from 0 (numbered)
	role         role
}

// parseName takes a name apart. It is not ok when the name is not that of a
// convolution's or batch norm's tensor.
func parseName(name []byte) (n tensorName, ok bool) {
	stem, role, ok := cutRole(name)
	if !ok {
		return n, false
	}
	n.role = role
	outer, layer := cutLast(stem)
	if !n.parseLayer(layer) {
		return n, false
	}
	if n.scheme == numbered {
		// features.0, or the slices of it that LPIPS names slice1.0, slice1.2, slice2.5
		around, sequence := cutLast(outer)
		number, sliced := bytes.CutPrefix(sequence, []byte("slice"))
		if string(sequence) == "features" || sliced && isDecimal(number) {
			outer = around
		}
	}
	for len(outer) > 0 {
		var around []byte
		around, outer = cutLast(outer)
		if !slices.Contains(wrappers, string(outer)) && !(n.scheme == keras && bytes.Equal(outer, layer)) {
			return n, false
		}
		outer = around
	}
	return n, true
}

// cutRole splits the name of a tensor into that of its layer and what it is to
// it.
func cutRole(name []byte) (stem []byte, r role, ok bool) {
	// TensorFlow counts the outputs of an operation: "kernel:0".
	name = bytes.TrimSuffix(name, []byte(":0"))
	stem, last := cutLast(name)
	if r, ok = roleNames[string(last)]; ok {
		return stem, r, true
	}
	// Keras 3 numbers the tensors of a layer: block1_conv1/vars/0
	if layer, vars := cutLast(stem); string(vars) == "vars" {
		r, ok = numberedRoles[string(last)]
		return layer, r, ok
	}
	// conv1_1_W, block1_conv1_W_1
	last = bytes.TrimSuffix(last, []byte("_1"))
	cut := bytes.LastIndexByte(last, '_')
	if cut < 0 {
		return nil, 0, false
	}
	if r, ok = roleNames[string(last[cut+1:])]; !ok {
		return nil, 0, false
	}
	stem = bytes.TrimSuffix(name, []byte("_1"))
	return stem[:bytes.LastIndexByte(stem, '_')], r, true
}

// parseLayer takes the name of a layer apart.
func (n *tensorName) parseLayer(layer []byte) bool {
	if isDecimal(layer) {
		n.scheme = numbered
		n.position = decimal(layer)
		return true
	}
	for _, form := range []struct {
		prefix, middle string
		scheme         scheme
		norm           bool
	}{
		{"conv", "_", named, false},
		{"bn", "_", named, true},
		{"block", "_conv", keras, false},
		{"block", "_bn", keras, true},
	} {
		rest, ok := bytes.CutPrefix(layer, []byte(form.prefix))
		if !ok {
			continue
		}
		block, index, ok := bytes.Cut(rest, []byte(form.middle))
		if ok && isDecimal(block) && isDecimal(index) {
			n.scheme, n.norm, n.block, n.index = form.scheme, form.norm, decimal(block), decimal(index)
			return true
		}
	}
	return false
}

// cutLast splits at the last dot or slash.
func cutLast(name []byte) (before, last []byte) {
	if i := bytes.LastIndexAny(name, "./"); i >= 0 {
		return name[:i], name[i+1:]
	}
	return nil, name
}

func isDecimal(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) > 0
}

// decimal returns the number, or one that no VGG reaches.
func decimal(digits []byte) int {
	const most = 1 << 20
	n := 0
	for _, c := range digits {
		n = min(10*n+int(c-'0'), most)
	}
	return n
}

func convName(block, index int) string {
	return fmt.Sprintf("conv%d_%d", block, index)
}
