package weights

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A scheme is a way to name the tensors of a VGG. It determines how blocks are counted,
// and often the input convention of the network.
type scheme int

const (
	noScheme scheme = iota
	// named: conv1_1.weight, conv1_1_W and the like, after Caffe's layers.
	named
	// numbered: features.0.weight or 0.weight. The number is the layer's position in
	// a sequence that includes pooling and ReLU.
	numbered
	// keras: block1_conv1/kernel:0 and the like.
	keras
	// gluon: MXNet's names, such as vgg0_conv0_weight. The convolutions are numbered
	// from 0 across all blocks.
	gluon
	// caffe: any name in a .caffemodel.
	caffe
	// joined: conv11.weight and the like, whose digits are block and index, with
	// conv0 for a 1x1 convolution of the colours.
	joined
	// kerasNumbered: conv2d_1/vars/0 and the like. Keras numbers the layers of each
	// class (keras.go).
	kerasNumbered
)

// A role is the purpose of a tensor in its layer.
type role int

const (
	weightRole role = iota // of a convolution, or the factors of a batch norm
	biasRole
	meanRole // of the activations a batch norm was trained on
	varianceRole
	roles
)

// roleNames are the names of roles at the end of a tensor's name, after a dot, a slash
// or an underscore.
var roleNames = map[string]role{
	"weight": weightRole, "weights": weightRole, "W": weightRole, "w": weightRole, "kernel": weightRole,
	"gamma": weightRole, "filter": weightRole,
	"bias": biasRole, "biases": biasRole, "b": biasRole, "beta": biasRole,
	"running_mean": meanRole, "moving_mean": meanRole,
	"running_var": varianceRole, "moving_variance": varianceRole,
}

// numberedRoles are the roles by number, where the tensors of a layer are numbered.
var numberedRoles = map[string]role{"0": weightRole, "1": biasRole, "2": meanRole, "3": varianceRole}

// A place is the position of a layer, a convolution or the batch norm after it, in a
// VGG.
type place struct {
	scheme       scheme
	block, index int  // counted from 1; 0 for the colours (not numbered)
	norm         bool // of a batch norm (not numbered)
	position     int  // counted from 0 (numbered, kerasNumbered)
}

// coloursPlace is the place of conv0, the 1x1 convolution before conv11.
var coloursPlace = place{scheme: joined}

// outside reports whether no VGG has a layer at the place.
func (p place) outside() bool {
	return p.scheme != numbered && p.scheme != kerasNumbered && p != coloursPlace &&
		(p.block < 1 || p.block > maxBlocks || p.index < 1 || p.index > maxPerBlock)
}

// find returns the place of the layer of a tensor, the role of the tensor, and the
// prefix of the layer's name. ok is false where the name is not that of a tensor of a
// convolution or batch norm.
func (l *layout) find(name []byte) (prefix []byte, at place, r role, ok bool) {
	stem, r, ok := cutRole(name)
	switch {
	case !ok:
		return nil, place{}, 0, false
	case l.given != nil:
		at, ok = l.given[string(stem)]
	default:
		prefix, at, ok = parseLayer(stem)
	}
	return prefix, at, r, ok
}

// schemeOf returns the scheme of a tensor's name, or noScheme where the name is not
// that of a tensor of a convolution or batch norm.
func schemeOf(name []byte) scheme {
	_, at, _, ok := new(layout).find(name)
	if !ok {
		return noScheme
	}
	return at.scheme
}

// parseLayer parses the name of a layer. ok is false where its last part is not that of
// a convolution or batch norm. The other parts are the prefix, which may be anything:
// modules in PyTorch, groups in HDF5.
func parseLayer(stem []byte) (prefix []byte, at place, ok bool) {
	prefix, layer := cutLast(stem)
	if at, ok = parseLast(layer); !ok {
		return nil, at, false
	}
	if at.scheme == keras || at.scheme == kerasNumbered {
		prefix = withoutPart(prefix, layer)
	}
	return prefix, at, true
}

// unnumbered returns a prefix without the digits of its last part.
func unnumbered(prefix string) string {
	i := strings.LastIndexAny(prefix, "./") + 1
	return prefix[:i] + strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, prefix[i:])
}

// cutRole splits the name of a tensor into the name of its layer and its role.
func cutRole(name []byte) (stem []byte, r role, ok bool) {
	// TensorFlow numbers the outputs of an operation: "kernel:0".
	name = bytes.TrimSuffix(name, []byte(":0"))
	stem, last := cutLast(name)
	if r, ok = roleNames[string(last)]; ok {
		return stem, r, true
	}
	// Keras 3 numbers the tensors of a layer: conv2d_1/vars/0
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

// parseLast parses the last part of a layer's name.
func parseLast(layer []byte) (at place, ok bool) {
	if isDecimal(layer) {
		return place{scheme: numbered, position: decimal(layer)}, true
	}
	if string(layer) == "conv0" {
		return coloursPlace, true
	}
	if at, ok = parseKeras(layer); ok {
		return at, true
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
		{"conv", "", joined, false},
		{"bn", "", joined, true},
	} {
		rest, ok := bytes.CutPrefix(layer, []byte(form.prefix))
		if !ok {
			continue
		}
		block, index, ok := bytes.Cut(rest, []byte(form.middle))
		if form.scheme == joined {
			if len(rest) != 2 {
				continue
			}
			block, index = rest[:1], rest[1:]
		}
		if ok && isDecimal(block) && isDecimal(index) {
			return place{scheme: form.scheme, norm: form.norm, block: decimal(block), index: decimal(index)}, true
		}
	}
	return place{}, false
}

// cutLast splits a name at the last dot or slash.
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

// decimal parses a number. It returns a number that no VGG reaches for one that is too
// large.
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

// ParseLayers parses the names of layers that the user gives for a file with unknown
// names: a text for each block, with commas between the layers. Names omit the end that
// says weight or bias. The batch norm of a layer follows after a plus sign:
// "stem.0,stem.2" or "c1+bn1,c2+bn2".
func ParseLayers(blocks []string) ([][]string, error) {
	if len(blocks) == 0 {
		return nil, nil
	}
	if len(blocks) > maxBlocks {
		return nil, fmt.Errorf("%d blocks of layers, expected at most %d", len(blocks), maxBlocks)
	}
	var layers [][]string
	var all []string
	for _, block := range blocks {
		names := strings.Split(block, ",")
		if len(names) > maxPerBlock {
			return nil, fmt.Errorf("the block of layers %q has %d, expected at most %d", block, len(names), maxPerBlock)
		}
		for _, layer := range names {
			for name := range strings.SplitSeq(layer, "+") {
				if name == "" || slices.Contains(all, name) {
					return nil, fmt.Errorf("the block of layers %q has the name %q, expected names such as features.0, each once", block, name)
				}
				all = append(all, name)
			}
		}
		layers = append(layers, names)
	}
	return layers, nil
}

// layerNames maps the names that the user gave to the places of layers; nil where the
// user gave none.
type layerNames map[string]place

// newLayerNames converts the result of [ParseLayers]. The value may come from another
// program, so it checks the number of layers again.
func newLayerNames(blocks [][]string) (layerNames, error) {
	if blocks == nil {
		return nil, nil
	}
	given := layerNames{}
	for b, layers := range blocks {
		if b >= maxBlocks || len(layers) > maxPerBlock {
			return nil, fmt.Errorf("%w: the layers %q are given as block %d, expected at most %d blocks of at most %d",
				ErrNotVGG, layers, b+1, maxBlocks, maxPerBlock)
		}
		for i, layer := range layers {
			at := place{scheme: named, block: b + 1, index: i + 1}
			conv, norm, hasNorm := strings.Cut(layer, "+")
			given[conv] = at
			if hasNorm {
				at.norm = true
				given[norm] = at
			}
		}
	}
	return given, nil
}

// checkGiven fails if a layer that the user gave is not in the file.
func (l *layout) checkGiven() error {
	for _, name := range slices.SortedFunc(maps.Keys(l.given), func(a, b string) int { return l.given[a].compare(l.given[b]) }) {
		at := l.given[name]
		there := slices.ContainsFunc(l.candidates, func(c *candidate) bool {
			m := c.layers[at]
			return m != nil && (at.norm || m[weightRole] != nil)
		})
		if there {
			continue
		}
		what := convName(at.block, at.index)
		if at.norm {
			what = "the batch norm of " + what
		}
		return fmt.Errorf("%w: found %s, expected the layer %q, which is given as %s", ErrNotVGG, l.found(), name, what)
	}
	return nil
}

// compare orders the places of layers that are not numbered. A batch norm comes after
// its convolution.
func (p place) compare(q place) int {
	side := 0
	if p.norm != q.norm {
		side = 1
		if q.norm {
			side = -1
		}
	}
	return cmp.Or(cmp.Compare(p.block, q.block), cmp.Compare(p.index, q.index), side)
}
