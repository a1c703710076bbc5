package weights

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// An ONNX file is a message of protocol buffers (onnx.proto; the encoding is
// described at protobuf.dev): fields, each a number, a wire type and a value.
// The convolutions are the nodes of the graph, in the order in which they are
// carried out; their weights are its initializers, found by name.
//
// The fields that are looked at, by message:
const (
	modelIRVersion = 1
	modelGraph     = 7

	graphNode        = 1
	graphInitializer = 5

	nodeInput     = 1
	nodeOpType    = 4
	nodeAttribute = 5

	attributeName  = 1
	attributeFloat = 2
	attributeInt   = 3
	attributeInts  = 8

	tensorDims    = 1
	tensorType    = 2
	tensorFloats  = 4
	tensorLabel   = 8
	tensorRaw     = 9
	tensorDoubles = 10
	tensorPlace   = 14
)

// The wire types.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

// onnxTypes are the number formats by TensorProto.DataType.
var onnxTypes = map[uint64]string{1: "F32", 10: "F16", 11: "F64", 16: "BF16"}

// maxONNXText bounds the names that are looked at, in bytes.
const maxONNXText = 512

// isONNX tells a model by its first fields: the version of the format, a small
// number, and the name of the program that wrote it, the graph, or the like.
func isONNX(begin []byte) bool {
	const maxVersion = 64 // 13 in 2025
	return len(begin) > 2 && begin[0] == modelIRVersion<<3|wireVarint && begin[1] > 0 && begin[1] < maxVersion &&
		slices.Contains([]byte{2, 3, 4, 5, 6, 7, 8, 14, 20}, begin[2]>>3)
}

// A protoMessage is a part of a file.
type protoMessage struct {
	file       *protoFile
	start, end int64
}

// A protoField is one field of a message.
type protoField struct {
	at     int64 // in the file
	number int
	wire   int
	value  uint64       // wireVarint, wireFixed32, wireFixed64
	part   protoMessage // wireBytes
}

var errProtobuf = errors.New("found what is not a field of protocol buffers")

// fields calls visit with each field, until one returns an error.
func (m protoMessage) fields(visit func(f protoField) error) error {
	for at := m.start; at < m.end; {
		// A tag and a value or a length, of at most 10 bytes each.
		const head = 2 * binary.MaxVarintLen64
		b, err := m.file.bytes(at, min(head, m.end-at))
		if err != nil {
			return err
		}
		bad := func() error {
			return fmt.Errorf("%w: at byte %d: %w", ErrMalformed, at, errProtobuf)
		}
		tag, n := binary.Uvarint(b)
		if n <= 0 || tag>>3 == 0 || tag>>3 > math.MaxInt32 {
			return bad()
		}
		f := protoField{at: at, number: int(tag >> 3), wire: int(tag & 7)}
		b = b[n:]
		next := at + int64(n)
		switch {
		case f.wire == wireFixed32 && len(b) >= 4:
			f.value, n = uint64(binary.LittleEndian.Uint32(b)), 4
		case f.wire == wireFixed64 && len(b) >= 8:
			f.value, n = binary.LittleEndian.Uint64(b), 8
		case f.wire == wireVarint || f.wire == wireBytes:
			if f.value, n = binary.Uvarint(b); n <= 0 {
				return bad()
			}
		default:
			return bad()
		}
		next += int64(n)
		if f.wire == wireBytes {
			if f.value > uint64(m.end-next) {
				return fmt.Errorf("%w: at byte %d: found a field of %d bytes, but only %d are left: the file is cut short",
					ErrMalformed, at, f.value, m.end-next)
			}
			f.part = protoMessage{m.file, next, next + int64(f.value)}
			next = f.part.end
		}
		if err := visit(f); err != nil {
			return err
		}
		at = next
	}
	return nil
}

// A protoFile is read through a window, so that many fields take few calls.
type protoFile struct {
	r      io.ReaderAt
	size   int64
	start  int64 // of the window in the file
	window []byte
	buffer [4096]byte
}

// bytes returns n bytes of the file, no more than the buffer holds. They are
// valid until the next call.
func (f *protoFile) bytes(at, n int64) ([]byte, error) {
	if at < f.start || at+n > f.start+int64(len(f.window)) {
		f.start, f.window = at, f.buffer[:min(int64(len(f.buffer)), f.size-at)]
		if err := readAt(f.r, f.window, at); err != nil {
			f.window = nil
			return nil, err
		}
	}
	return f.window[at-f.start:][:n], nil
}

// onnxModel is a model that is being read.
type onnxModel struct {
	listing
	inputs map[string]string // the names that the layout knows, by the initializers'

	// The last convolution, both counted from 1, and whether it has a batch norm.
	block, index int
	hasNorm      bool

	numbers [maxRank]int64 // what integers returns
}

// readONNX lists the weights of a model's convolutions.
func readONNX(r io.ReaderAt, size int64, told [][]string) (*listing, error) {
	m := &onnxModel{inputs: map[string]string{}, block: 1}
	m.layout.told = told
	file := protoMessage{&protoFile{r: r, size: size}, 0, size}
	// Twice, as the nodes need not come before the initializers.
	for _, visit := range []struct {
		number int
		do     func(protoMessage) error
	}{{graphNode, m.node}, {graphInitializer, m.initializer}} {
		err := file.fields(func(f protoField) error {
			if f.number != modelGraph || f.wire != wireBytes {
				return nil
			}
			return f.part.fields(func(f protoField) error {
				if f.number != visit.number || f.wire != wireBytes {
					return nil
				}
				return visit.do(f.part)
			})
		})
		if err != nil {
			return nil, err
		}
	}
	return &m.listing, nil
}

// text reads a short text, nothing of a long one. It is valid until the next
// call.
func (m protoMessage) text() ([]byte, error) {
	if m.end-m.start > maxONNXText {
		return nil, nil
	}
	return m.file.bytes(m.start, m.end-m.start)
}

// integers reads what f has of a repeated field, all of it or one number, after
// the first n, and returns how many there are then. They are in m.numbers.
func (m *onnxModel) integers(n int, f protoField) (int, error) {
	bad := func() (int, error) {
		return n, fmt.Errorf("%w: at byte %d: found what is not a list of at most %d integers", ErrMalformed, f.at, len(m.numbers))
	}
	if f.wire != wireBytes {
		if n == len(m.numbers) {
			return bad()
		}
		m.numbers[n] = int64(f.value)
		return n + 1, nil
	}
	text, err := f.part.text()
	if err != nil {
		return n, err
	}
	for len(text) > 0 {
		x, length := binary.Uvarint(text)
		if length <= 0 || n == len(m.numbers) {
			return bad()
		}
		m.numbers[n] = int64(x)
		n, text = n+1, text[length:]
	}
	return n, nil
}

// node takes from a node how its inputs belong to the network.
func (m *onnxModel) node(node protoMessage) error {
	if m.block > maxBlocks || m.layout.told != nil {
		return nil // the classifier, or of no interest
	}
	var (
		op     protoMessage
		inputs [1 + roles]protoMessage // of a batch norm
		n      int
	)
	err := node.fields(func(f protoField) error {
		switch {
		case f.wire != wireBytes:
		case f.number == nodeOpType:
			op = f.part
		case f.number == nodeInput && n < len(inputs):
			inputs[n] = f.part
			n++
		}
		return nil
	})
	if err != nil || op.file == nil {
		return err
	}
	name, err := op.text()
	if err != nil {
		return err
	}
	switch string(name) {
	case "MaxPool", "AveragePool", "LpPool":
		m.block, m.index = m.block+1, 0
	case "Conv":
		m.index++
		m.hasNorm = false
		layer := convName(m.block, m.index)
		if m.index > maxPerBlock {
			return fmt.Errorf("%w: found a convolution that would be %s, expected at most %d blocks of at most %d",
				ErrNotVGG, layer, maxBlocks, maxPerBlock)
		}
		if err := m.assign(inputs[:n], layer, "weight", "bias"); err != nil {
			return err
		}
		return node.fields(m.checkConv)
	case "BatchNormalization":
		if m.hasNorm || m.index == 0 {
			return fmt.Errorf("%w: found a batch norm that is not behind a convolution", ErrNotVGG)
		}
		m.hasNorm = true
		if err := m.assign(inputs[:n], fmt.Sprintf("bn%d_%d", m.block, m.index), "weight", "bias", "running_mean", "running_var"); err != nil {
			return err
		}
		return node.fields(m.takeEpsilon)
	}
	return nil
}

// assign gives the inputs after the first, which is what the layer before made,
// the names of a layer's tensors. What two layers share stays the first's.
func (m *onnxModel) assign(inputs []protoMessage, layer string, parts ...string) error {
	for i, part := range parts {
		if i+1 >= len(inputs) {
			return nil
		}
		name, err := inputs[i+1].text()
		if err != nil {
			return err
		}
		if layer == convName(1, 1) && i == 0 {
			if n, ok := parseName(name); ok {
				m.layout.origin = n.scheme
			}
		}
		if len(name) > 0 && m.inputs[string(name)] == "" {
			m.inputs[string(name)] = layer + "." + part
		}
	}
	return nil
}

// checkConv fails where a convolution is not of stride 1, dense and in one group.
func (m *onnxModel) checkConv(f protoField) error {
	name, n, _, err := m.attribute(f)
	if err != nil {
		return err
	}
	switch name {
	case "strides", "dilations", "group":
		if ints := m.numbers[:n]; slices.ContainsFunc(ints, func(v int64) bool { return v != 1 }) {
			return fmt.Errorf("%w: %s has the %s %v, expected 1", ErrNotVGG, convName(m.block, m.index), name, ints)
		}
	}
	return nil
}

// takeEpsilon takes the epsilon of a batch norm.
func (m *onnxModel) takeEpsilon(f protoField) error {
	name, _, value, err := m.attribute(f)
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

// attribute reads a field of a node if it is an attribute of those that are
// looked at: its name, how many of m.numbers are its integers, its float.
func (m *onnxModel) attribute(f protoField) (name string, n int, value float32, err error) {
	if f.number != nodeAttribute || f.wire != wireBytes {
		return "", 0, 0, nil
	}
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
			n, err = m.integers(n, f)
		}
		return err
	})
	return name, n, value, err
}

// initializer lists a tensor if it belongs to a convolution.
func (m *onnxModel) initializer(t protoMessage) error {
	var (
		name, data protoMessage
		typ, place uint64
		rank       int
		parts      int
	)
	err := t.fields(func(f protoField) (err error) {
		switch f.number {
		case tensorDims:
			rank, err = m.integers(rank, f)
		case tensorType:
			typ = f.value
		case tensorPlace:
			place = f.value
		case tensorLabel:
			name = f.part
		case tensorRaw, tensorFloats, tensorDoubles:
			// The numbers lie in the file as in memory in each of these, unless
			// each of them is a field of its own, which no program writes.
			data = f.part
			parts++
		}
		return err
	})
	if err != nil || name.file == nil {
		return err
	}
	text, err := name.text()
	if err != nil {
		return err
	}
	known := m.inputs[string(text)]
	if m.layout.told != nil {
		known = string(text)
	}
	if known == "" {
		m.layout.pass(text)
		return nil
	}
	slot, err := m.layout.slot([]byte(known))
	if err != nil || slot == nil {
		return err
	}
	format, supported := onnxTypes[typ]
	shape := slices.Clone(m.numbers[:rank])
	present := data.end - data.start
	number := dtypes[format]
	length, ok := byteLength(shape, number.bits)
	switch {
	case *slot != nil:
		return fmt.Errorf("%w: the initializer %s is there twice", ErrMalformed, quote(text))
	case place != 0:
		return fmt.Errorf("%w: the initializer %s is in another file, expected it in this one", ErrNotVGG, quote(text))
	case !supported:
		return fmt.Errorf("%w: the initializer %s has the data type %d, expected FLOAT, FLOAT16, DOUBLE or BFLOAT16", ErrNotVGG, quote(text), typ)
	case parts != 1 || data.file == nil:
		return fmt.Errorf("%w: the initializer %s has its numbers in %d fields, expected 1", ErrMalformed, quote(text), parts)
	case !ok || length != uint64(present) || slices.ContainsFunc(shape, func(d int64) bool { return d < 0 }):
		return fmt.Errorf("%w: the initializer %s has %d bytes, which is not what %s of the shape %v takes",
			ErrMalformed, quote(text), present, format, shape)
	}
	r, start := data.file.r, data.start
	*slot = &tensor{name: string(text), shape: shape, format: number, open: func() (io.Reader, error) {
		return io.NewSectionReader(r, start, present), nil
	}}
	return nil
}
