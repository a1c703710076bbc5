package weights

import (
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// An ONNX file is a protocol buffer (onnx.proto). The convolutions are nodes of the
// graph, in execution order. Their weights are initializers or values of Constant
// nodes, found by name. They are in the file or, as torch.onnx.export writes large
// models, in a file beside it.
//
// The fields that are read, by message:
const (
	modelIRVersion = 1
	modelGraph     = 7

	graphNode        = 1
	graphInitializer = 5

	nodeInput     = 1
	nodeOutput    = 2
	nodeOpType    = 4
	nodeAttribute = 5

	attributeName   = 1
	attributeFloat  = 2
	attributeInt    = 3
	attributeTensor = 5
	attributeInts   = 8

	tensorDims     = 1
	tensorType     = 2
	tensorFloats   = 4
	tensorLabel    = 8
	tensorRaw      = 9
	tensorDoubles  = 10
	tensorExternal = 13
	tensorPlace    = 14

	entryKey   = 1
	entryValue = 2
)

// onnxTypes are the number formats by TensorProto.DataType.
var onnxTypes = map[uint64]string{1: "F32", 10: "F16", 11: "F64", 16: "BF16"}

// isONNX recognizes a model by its first fields: the version of the format, which is a
// small number, and the name of the program that wrote it, the graph, or a similar
// field.
func isONNX(begin []byte) bool {
	const maxVersion = 64 // 13 in 2025
	return len(begin) > 2 && begin[0] == modelIRVersion<<3|wireVarint && begin[1] > 0 && begin[1] < maxVersion &&
		slices.Contains([]byte{2, 3, 4, 5, 6, 7, 8, 14, 20}, begin[2]>>3)
}

// onnxModel is a model while it is being read.
type onnxModel struct {
	listing
	inputs map[string]string // the layout's names, by the names of tensors

	// The last convolution: its place, counted from 1, the name of its output as long
	// as it has no bias, and whether it has a batch norm.
	block, index int
	unbiased     string
	hasNorm      bool

	integers protoIntegers // of the current attribute or tensor
}

// readONNX lists the weights of a model's convolutions.
func readONNX(r io.ReaderAt, size int64, given layerNames) (*listing, error) {
	m := &onnxModel{inputs: map[string]string{}, block: 1}
	m.layout.given = given
	file := protoMessage{&protoFile{r: r, size: size}, 0, size}
	nodes := func(f protoField) error {
		if f.number != graphNode {
			return nil
		}
		return m.node(f.part)
	}
	tensors := func(f protoField) error {
		switch f.number {
		case graphInitializer:
			return m.tensor(f.part, protoMessage{})
		case graphNode:
			return m.constant(f.part)
		}
		return nil
	}
	// Two passes, because nodes may come after initializers.
	for _, visit := range []func(protoField) error{nodes, tensors} {
		err := file.fields(func(f protoField) error {
			if f.number != modelGraph || f.wire != wireBytes {
				return nil
			}
			return f.part.fields(func(f protoField) error {
				if f.wire != wireBytes {
					return nil
				}
				return visit(f)
			})
		})
		if err != nil {
			return nil, err
		}
	}
	return &m.listing, nil
}

// onnxNode holds the fields of a node that the reader uses.
type onnxNode struct {
	op     protoMessage
	inputs [1 + roles]protoMessage // as many as a batch norm has
	n      int                     // number of inputs
	output protoMessage            // the first output
}

func newONNXNode(node protoMessage) (o onnxNode, err error) {
	err = node.fields(func(f protoField) error {
		switch {
		case f.wire != wireBytes:
		case f.number == nodeOpType:
			o.op = f.part
		case f.number == nodeInput && o.n < len(o.inputs):
			o.inputs[o.n] = f.part
			o.n++
		case f.number == nodeOutput && o.output.file == nil:
			o.output = f.part
		}
		return nil
	})
	return o, err
}

// node assigns the inputs of a node to layers of the network.
func (m *onnxModel) node(node protoMessage) error {
	if m.block > maxBlocks || m.layout.given != nil {
		return nil // it belongs to the classifier, or the user has given the names
	}
	o, err := newONNXNode(node)
	if err != nil {
		return err
	}
	op, err := o.op.text()
	if err != nil {
		return err
	}
	switch string(op) {
	case "MaxPool", "AveragePool", "LpPool":
		m.block, m.index, m.unbiased = m.block+1, 0, ""
	case "Conv":
		return m.conv(node, &o)
	case "Add":
		return m.addition(&o)
	case "BatchNormalization":
		if m.hasNorm || m.index == 0 {
			return fmt.Errorf("%w: found a batch norm that is not behind a convolution", ErrNotVGG)
		}
		m.hasNorm, m.unbiased = true, ""
		if err := m.assign(o.inputs[:o.n], fmt.Sprintf("bn%d_%d", m.block, m.index), "weight", "bias", "running_mean", "running_var"); err != nil {
			return err
		}
		return node.fields(m.takeEpsilon)
	}
	return nil
}

// conv assigns the next convolution of the block.
func (m *onnxModel) conv(node protoMessage, o *onnxNode) error {
	m.index++
	m.hasNorm, m.unbiased = false, ""
	layer := convName(m.block, m.index)
	if m.index > maxPerBlock {
		return fmt.Errorf("%w: found a convolution that would be %s, expected at most %d blocks of at most %d",
			ErrNotVGG, layer, maxBlocks, maxPerBlock)
	}
	if err := m.assign(o.inputs[:o.n], layer, "weight", "bias"); err != nil {
		return err
	}
	bias, err := o.inputs[2].text()
	if err != nil {
		return err
	}
	if len(bias) == 0 {
		output, err := o.output.text()
		if err != nil {
			return err
		}
		m.unbiased = string(output)
	}
	return node.fields(m.checkConv)
}

// addition assigns a tensor that is added to the output of a convolution without a bias
// as its bias. keras2onnx writes biases this way.
func (m *onnxModel) addition(o *onnxNode) error {
	if m.unbiased == "" {
		return nil
	}
	for i := range 2 {
		name, err := o.inputs[i].text()
		if err != nil {
			return err
		}
		if string(name) == m.unbiased {
			m.unbiased = ""
			return m.assign([]protoMessage{o.inputs[i], o.inputs[1-i]}, convName(m.block, m.index), "bias")
		}
	}
	return nil
}

// gluonName matches the names that MXNet's Gluon, which created the VGGs of the ONNX
// Model Zoo, gives the weights of convolutions.
var gluonName = regexp.MustCompile(`^vgg\d+_conv\d+_weight$`)

// assign gives the inputs of a node, except the first, which is the output of another
// layer, the names of a layer's tensors. A tensor that two layers share remains with
// the first.
func (m *onnxModel) assign(inputs []protoMessage, layer string, parts ...string) error {
	for i, part := range parts {
		if i+1 >= len(inputs) {
			return nil
		}
		name, err := inputs[i+1].text()
		if err != nil {
			return err
		}
		if layer == convName(1, 1) && part == "weight" {
			m.layout.origin = schemeOf(name)
			if gluonName.Match(name) {
				m.layout.origin = gluon
			}
		}
		if len(name) > 0 && m.inputs[string(name)] == "" {
			m.inputs[string(name)] = layer + "." + part
		}
	}
	return nil
}

// checkConv fails unless a convolution has stride 1, no dilation and a single group.
func (m *onnxModel) checkConv(f protoField) error {
	name, _, err := m.attribute(f)
	if err != nil {
		return err
	}
	switch name {
	case "strides", "dilations", "group":
		if ints := m.integers.list(); slices.ContainsFunc(ints, func(v int64) bool { return v != 1 }) {
			return fmt.Errorf("%w: %s has the %s %v, expected 1", ErrNotVGG, convName(m.block, m.index), name, ints)
		}
	}
	return nil
}

// takeEpsilon stores the epsilon of a batch norm.
func (m *onnxModel) takeEpsilon(f protoField) error {
	name, value, err := m.attribute(f)
	if err != nil || name != "epsilon" {
		return err
	}
	known := m.layout.epsilon
	if !(value > 0) || math.IsInf(float64(value), 0) || known != 0 && known != float64(value) {
		return fmt.Errorf("%w: a batch norm has the epsilon %v, expected one above 0, the same of all", ErrNotVGG, value)
	}
	m.layout.epsilon = float64(value)
	return nil
}

// attribute reads a field of a node, if it is an attribute of interest. It returns its
// name and its float, and stores its integers in m.integers.
func (m *onnxModel) attribute(f protoField) (name string, value float32, err error) {
	if f.number != nodeAttribute || f.wire != wireBytes {
		return "", 0, nil
	}
	m.integers.n = 0
	err = f.part.fields(func(f protoField) (err error) {
		switch {
		case f.number == attributeName && f.wire == wireBytes:
			var text []byte
			text, err = f.part.text()
			switch string(text) {
			case "strides":
				name = "strides"
			case "dilations":
				name = "dilations"
			case "group":
				name = "group"
			case "epsilon":
				name = "epsilon"
			}
		case f.number == attributeFloat && f.wire == wireFixed32:
			value = math.Float32frombits(uint32(f.value))
		case f.number == attributeInt || f.number == attributeInts:
			err = m.integers.add(f)
		}
		return err
	})
	return name, value, err
}

// constant lists the value of a Constant node, if it belongs to a convolution, under
// the name of the node's output.
func (m *onnxModel) constant(node protoMessage) error {
	o, err := newONNXNode(node)
	if err != nil || o.output.file == nil {
		return err
	}
	op, err := o.op.text()
	if err != nil || string(op) != "Constant" {
		return err
	}
	return node.fields(func(f protoField) error {
		if f.number != nodeAttribute || f.wire != wireBytes {
			return nil
		}
		return f.part.fields(func(f protoField) error {
			if f.number != attributeTensor || f.wire != wireBytes {
				return nil
			}
			return m.tensor(f.part, o.output)
		})
	})
}

// tensor lists a tensor, if it belongs to a convolution, under the name called or,
// where that is empty, under its own.
func (m *onnxModel) tensor(t, called protoMessage) error {
	var (
		data       protoMessage
		typ, place uint64
		parts      int
	)
	name := called
	m.integers.n = 0
	err := t.fields(func(f protoField) error {
		switch f.number {
		case tensorDims:
			return m.integers.add(f)
		case tensorType:
			typ = f.value
		case tensorPlace:
			place = f.value
		case tensorLabel:
			if called.file == nil {
				name = f.part
			}
		case tensorRaw, tensorFloats, tensorDoubles:
			// Both encodings store the numbers as they are in memory, unless each is a
			// separate field, which no program writes.
			data = f.part
			parts++
		}
		return nil
	})
	if err != nil || name.file == nil {
		return err
	}
	text, err := name.text()
	if err != nil {
		return err
	}
	known := m.inputs[string(text)]
	if m.layout.given != nil {
		known = string(text)
	}
	if known == "" {
		m.layout.skip(text)
		return nil
	}
	return m.layout.add([]byte(known), func() (*tensor, error) {
		label := string(text)
		format, supported := onnxTypes[typ]
		shape := slices.Clone(m.integers.list())
		number := dtypes[format]
		length, ok := byteLength(shape, number.bits)
		switch {
		case !supported:
			return nil, fmt.Errorf("%w: the initializer %s has the data type %d, expected FLOAT, FLOAT16, DOUBLE or BFLOAT16", ErrNotVGG, quote(text), typ)
		case !ok || length > math.MaxInt64 || slices.ContainsFunc(shape, func(d int64) bool { return d < 0 }):
			return nil, fmt.Errorf("%w: the initializer %s has the shape %v, which no tensor has", ErrMalformed, quote(text), shape)
		}
		if strings.HasSuffix(known, "bias") {
			shape = channelVector(shape)
		}
		if place != 0 {
			return m.external(t, label, shape, number, int64(length))
		}
		present := data.end - data.start
		switch {
		case parts != 1 || data.file == nil:
			return nil, fmt.Errorf("%w: the initializer %s has its numbers in %d fields, expected 1", ErrMalformed, quote(text), parts)
		case length != uint64(present):
			return nil, fmt.Errorf("%w: the initializer %s has %d bytes, which is not what %s of the shape %v takes",
				ErrMalformed, quote(text), present, format, shape)
		}
		r, start := data.file.r, data.start
		return &tensor{name: label, shape: shape, format: number, open: func() (io.Reader, error) {
			return io.NewSectionReader(r, start, present), nil
		}}, nil
	})
}

// channelVector returns the shape of a bias that is added to a picture of N x C x H x
// W, [C 1 1] or [1 C 1 1], as that of a vector, and any other shape unchanged.
func channelVector(shape []int64) []int64 {
	c := shape
	if len(c) == 4 && c[0] == 1 {
		c = c[1:]
	}
	if len(c) == 3 && c[1] == 1 && c[2] == 1 {
		return c[:1]
	}
	return shape
}

// external returns a tensor of length bytes that is in a file beside the model. label
// is its name in errors.
func (m *onnxModel) external(t protoMessage, label string, shape []int64, number dtype, length int64) (*tensor, error) {
	var (
		location      string
		offset, bytes int64
	)
	bytes = length
	err := t.fields(func(f protoField) error {
		if f.number != tensorExternal || f.wire != wireBytes {
			return nil
		}
		key, value, err := stringEntry(f.part)
		if err != nil {
			return err
		}
		switch key {
		case "location":
			location = strings.TrimPrefix(value, "./")
		case "offset":
			offset, err = strconv.ParseInt(value, 10, 64)
		case "length":
			bytes, err = strconv.ParseInt(value, 10, 64)
		}
		if err != nil {
			return fmt.Errorf("%w: the initializer %s has the %s %s, expected a number of bytes", ErrMalformed, quote([]byte(label)), key, quote([]byte(value)))
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case offset < 0 || offset > math.MaxInt64-length || bytes != length:
		return nil, fmt.Errorf("%w: the initializer %s has %d bytes from byte %d of another file on, but its type and shape %v take %d",
			ErrMalformed, quote([]byte(label)), bytes, offset, shape, length)
	case !isBeside(location):
		return nil, fmt.Errorf("%w: the initializer %s is in the file %s, expected one in the folder of the model",
			ErrMalformed, quote([]byte(label)), quote([]byte(location)))
	}
	b := m.beside(location)
	b.needed = max(b.needed, offset+length)
	return &tensor{name: label, shape: shape, format: number, open: func() (io.Reader, error) {
		return io.NewSectionReader(b.file, offset, length), nil
	}}, nil
}

// stringEntry returns the key and the value of a pair of texts. They are empty where
// they are too long to be known.
func stringEntry(pair protoMessage) (key, value string, err error) {
	err = pair.fields(func(f protoField) error {
		if f.wire != wireBytes || f.number != entryKey && f.number != entryValue {
			return nil
		}
		text, err := f.part.text()
		if f.number == entryKey {
			key = string(text)
		} else {
			value = string(text)
		}
		return err
	})
	return key, value, err
}
