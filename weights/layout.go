package weights

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The limits of the family, from table 1 of Simonyan & Zisserman, "Very Deep
// Convolutional Networks for Large-Scale Image Recognition" (2014): five blocks of at
// most four 3x3 convolutions.
const (
	maxBlocks   = 5
	maxPerBlock = 4
	kernelSize  = 3
)

// maxWidth is eight times the widest layer of the published networks (512).
// The largest tensor it admits has 151 million values.
const maxWidth = 8 * 512

// maxPosition is the last position of a sequence that is read: sixteen convolutions,
// each with padding, batch norm and ReLU, and five poolings take 69. The classifier
// after them does not matter.
const maxPosition = 96

// maxTensors is the largest number of tensors kept from a file, which limits the memory
// that a file of nothing but names takes. A VGG-19 with batch norm has 96.
const maxTensors = 1 << 11

// module holds the tensors of one layer by role, nil where the file has none.
type module [roles]*tensor

// layout holds the tensors of a file that may be those of a VGG. The zero value is
// empty.
//
// A file may hold several networks, whose layer names have different prefixes:
// "teacher.features.0" and "student.features.0". Each is a candidate; choose finds the
// one that is a VGG.
type layout struct {
	given      layerNames // the layer names that the user gave, nil for the known ones
	origin     scheme     // the scheme of the file's own names, where a reader renames tensors
	kernel     kernelOrder
	candidates []*candidate // in the order of their first tensors
	tensors    int          // of all candidates

	// skipped holds the names of the first tensors that are not part of a VGG, for
	// errors.
	skipped []string

	// epsilon is that of the batch norms; 0 stands for the default of the file's
	// library.
	epsilon float64
}

// A candidate holds the tensors of all layers whose names have the same scheme and
// prefix.
type candidate struct {
	prefix string // without the dot or slash at its end
	scheme scheme
	layers map[place]*module
	first  string // the name of its first tensor, for errors
	// fault is the error of the first tensor that no VGG has, or that cannot be read.
	fault error
}

// kernelOrder is the order of a kernel's dimensions, where its shape does not show it:
// 3x3x3x3 fits both.
type kernelOrder int

const (
	outInHeightWidth kernelOrder = iota // PyTorch, ONNX, Caffe, Theano
	heightWidthInOut                    // TensorFlow, Keras, MatConvNet
)

// add stores a tensor at the place that its name denotes. It calls open, which returns
// the tensor, only if the name is that of a tensor of a convolution or batch norm. If
// open returns an error of the kind ErrNotVGG, it concerns the network of the tensor;
// add keeps it for choose. A second tensor with the same name is an error.
func (l *layout) add(name []byte, open func() (*tensor, error)) error {
	prefix, at, r, ok := l.find(name)
	if !ok || at.scheme == numbered && at.position >= maxPosition {
		l.skip(name)
		return nil
	}
	c := l.candidate(string(prefix), at.scheme)
	if l.tensors++; l.tensors > maxTensors {
		return fmt.Errorf("%w: more than %d tensors have names such as those of a VGG's layers", ErrNotVGG, maxTensors)
	}
	if c.first == "" {
		c.first = quote(name)
	}
	if at.outside() {
		if c.fault == nil {
			c.fault = fmt.Errorf("%w: found %s, expected at most %d blocks of at most %d convolutions, counted from 1",
				ErrNotVGG, quote(name), maxBlocks, maxPerBlock)
		}
		return nil
	}
	m := c.layers[at]
	if m == nil {
		m = new(module)
		c.layers[at] = m
	}
	if m[r] != nil {
		return fmt.Errorf("%w: tensor %s is there twice", ErrMalformed, quote([]byte(m[r].name)))
	}
	t, err := open()
	if errors.Is(err, ErrNotVGG) {
		if c.fault == nil {
			c.fault = err
		}
		return nil
	}
	m[r] = t
	return err
}

// candidate returns the candidate with a prefix and a scheme. It creates one if
// necessary.
func (l *layout) candidate(prefix string, s scheme) *candidate {
	// The tensors of a network are adjacent, so try the last candidates first.
	for _, c := range slices.Backward(l.candidates) {
		if c.prefix == prefix && c.scheme == s {
			return c
		}
	}
	c := &candidate{prefix: prefix, scheme: s, layers: map[place]*module{}}
	l.candidates = append(l.candidates, c)
	return c
}

// maxSkipped is the largest number of tensors that an error names.
const maxSkipped = 3

// skip records a tensor that is not part of a VGG.
func (l *layout) skip(name []byte) {
	if len(l.skipped) < maxSkipped {
		l.skipped = append(l.skipped, quote(name))
	}
}

// choose returns the one VGG in the file, with checked shapes, among the candidates
// with the prefix that the user gives, if any. It reads no values.
//
// A generator or a decoder may begin like a VGG. Therefore choose ignores candidates
// with fewer than half as many convolutions as the longest.
func (l *layout) choose(prefix string) (*arrangement, error) {
	if err := l.checkGiven(); err != nil {
		return nil, err
	}
	chosen := l.prefixes(prefix)
	var found []*arrangement
	var failed []failure
	longest := 0
	a := new(arrangement)
	for _, c := range l.networks() {
		if !chosen(c.prefix) {
			continue
		}
		if err := l.arrange(c, a); err != nil {
			failed = append(failed, failure{err, len(a.chain), c.seesColours()})
			continue
		}
		found = append(found, a)
		longest = max(longest, len(a.chain))
		a = new(arrangement)
	}
	found = slices.DeleteFunc(found, func(a *arrangement) bool { return 2*len(a.chain) < longest })
	var distinct []*arrangement
	for i, a := range found {
		// Of two equal ones, the first stays.
		same := func(b *arrangement) bool { return a.within(b) && !b.within(a) }
		if !slices.ContainsFunc(found, same) && !slices.ContainsFunc(found[:i], a.within) {
			distinct = append(distinct, a)
		}
	}
	switch {
	case len(distinct) == 1:
		return distinct[0], nil
	case len(distinct) > 1:
		return nil, severalError(distinct)
	}
	return nil, l.notFound(prefix, failed)
}

// prefixes returns a function that reports whether the user's prefix selects a
// candidate with the given prefix. The user may give all of it, or only its first
// parts.
func (l *layout) prefixes(prefix string) (chosen func(prefix string) bool) {
	if prefix == "" {
		return func(string) bool { return true }
	}
	whole := strings.TrimRight(prefix, "./")
	is := func(p string) bool { return p == whole }
	if whole == "" || slices.ContainsFunc(l.networks(), func(c *candidate) bool { return is(c.prefix) }) {
		return is
	}
	return func(p string) bool { return strings.HasPrefix(p, whole+".") || strings.HasPrefix(p, whole+"/") }
}

// A failure is the reason why a candidate is not a VGG, and a measure of how close it
// is.
type failure struct {
	err         error
	convs       int  // number found before the fault
	seesColours bool // it has a 3x3 convolution of 3 channels
}

// compare is positive where f is closer to a VGG than g is.
func (f failure) compare(g failure) int {
	colours := 0
	switch {
	case f.seesColours && !g.seesColours:
		colours = 1
	case g.seesColours && !f.seesColours:
		colours = -1
	}
	return cmp.Or(cmp.Compare(f.convs, g.convs), colours)
}

func (c *candidate) seesColours() bool {
	for _, m := range c.layers {
		w := m[weightRole]
		if w != nil && len(w.shape) == 4 && (slices.Equal(w.shape[1:], []int64{3, 3, 3}) || slices.Equal(w.shape[:3], []int64{3, 3, 3})) {
			return true
		}
	}
	return false
}

// noPrefix is the user's notation for layers whose names have no prefix.
const noPrefix = "."

// severalError reports that a file has several networks, and how to choose one.
func severalError(found []*arrangement) error {
	var names []string
	for _, a := range found {
		names = append(names, fmt.Sprintf("%s (%s, to %s)", quote([]byte(cmp.Or(a.prefix, noPrefix))), family(a.chain), a.chain[len(a.chain)-1].name))
	}
	const most = 8
	if len(names) > most {
		names = append(names[:most], fmt.Sprintf("and %d more", len(names)-most))
	}
	return fmt.Errorf("%w, whose layers' names begin with %s: choose one with --prefix, such as --prefix %s",
		ErrSeveral, strings.Join(names, ", "), quote([]byte(cmp.Or(found[0].prefix, noPrefix))))
}

// notFound is the error for a file without a VGG: the failure of the candidate that
// comes closest, or what the file has instead.
func (l *layout) notFound(prefix string, failed []failure) error {
	switch {
	case prefix != "" && failed == nil:
		var names []string
		for _, c := range l.networks() {
			names = append(names, quote([]byte(cmp.Or(c.prefix, noPrefix))))
		}
		names = names[:min(len(names), maxSkipped)]
		if names == nil {
			break
		}
		return fmt.Errorf("%w: no layers have names that begin with %s; found the prefixes %s",
			ErrNotVGG, quote([]byte(prefix)), strings.Join(names, ", "))
	case len(failed) > 0:
		best := slices.MaxFunc(failed, failure.compare)
		if best.convs > 0 || best.seesColours || len(failed) == 1 {
			return best.err
		}
	}
	return fmt.Errorf("%w: found %s, expected conv1_1.weight, features.0.weight, block1_conv1/kernel or the like", ErrNotVGG, l.found())
}

// found describes the contents of a file without a VGG.
func (l *layout) found() string {
	names := slices.Clone(l.skipped)
	for _, c := range l.candidates {
		names = append(names, c.first)
	}
	if len(names) == 0 {
		return "no tensors"
	}
	return "tensors such as " + strings.Join(names[:min(len(names), maxSkipped)], ", ")
}

// networks returns the candidates. Before them it returns networks that are spread over
// several candidates, whose prefixes differ only in the numbers of their last part,
// such as slice1.0, slice1.2, slice2.5 in LPIPS, or conv1/conv1_1, conv2/conv2_1 in
// TensorFlow's slim.
func (l *layout) networks() []*candidate {
	type key struct {
		prefix string
		scheme scheme
	}
	groups := map[key][]*candidate{}
	for _, c := range l.candidates {
		k := key{unnumbered(c.prefix), c.scheme}
		groups[k] = append(groups[k], c)
	}
	var list []*candidate
	for _, c := range l.candidates {
		k := key{unnumbered(c.prefix), c.scheme}
		if group := groups[k]; len(group) > 1 && group[0] == c {
			if whole := join(k.prefix, group); whole != nil {
				list = append(list, whole)
			}
		}
	}
	return append(list, l.candidates...)
}

// join merges several candidates into one. It returns nil where two have the same
// layer.
func join(prefix string, group []*candidate) *candidate {
	whole := &candidate{prefix: prefix, scheme: group[0].scheme, layers: map[place]*module{}, first: group[0].first}
	for _, c := range group {
		if whole.fault == nil {
			whole.fault = c.fault
		}
		for at, m := range c.layers {
			if whole.layers[at] != nil {
				return nil
			}
			whole.layers[at] = m
		}
	}
	return whole
}

// within reports whether all convolutions of a are stored at the same places of the
// file as the first ones of b, as where a model lists its layers twice.
func (a *arrangement) within(b *arrangement) bool {
	return len(a.chain) <= len(b.chain) && slices.EqualFunc(a.chain, b.chain[:len(a.chain)], func(x, y layer) bool {
		return x.out == y.out && x.in == y.in && (x.weight == y.weight || x.weight.source != nil && x.weight.source == y.weight.source)
	})
}
