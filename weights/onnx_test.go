package weights

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// proto joins fields of protocol buffers.
func proto(fields ...string) string { return strings.Join(fields, "") }

func varint(number int, v uint64) string {
	return string(binary.AppendUvarint(binary.AppendUvarint(nil, uint64(number<<3|wireVarint)), v))
}

func nested(number int, content string) string {
	return string(binary.AppendUvarint(binary.AppendUvarint(nil, uint64(number<<3|wireBytes)), uint64(len(content)))) + content
}

func float(number int, v float32) string {
	return string(binary.LittleEndian.AppendUint32(binary.AppendUvarint(nil, uint64(number<<3|wireFixed32)), math.Float32bits(v)))
}

func dims(v ...uint64) string {
	s := ""
	for _, d := range v {
		s += varint(tensorDims, d)
	}
	return s
}

const onnxFloat = 1

func initializer(name string, fields ...string) string {
	return nested(graphInitializer, proto(append(fields, nested(tensorLabel, name))...))
}

// zeros is an initializer of float32 zeros.
func zeros(name string, shape ...uint64) string {
	n := uint64(4)
	for _, d := range shape {
		n *= d
	}
	return initializer(name, dims(shape...), varint(tensorType, onnxFloat), nested(tensorRaw, string(make([]byte, n))))
}

func node(op string, inputs []string, attributes ...string) string {
	s := ""
	for _, name := range inputs {
		s += nested(nodeInput, name)
	}
	s += nested(nodeOpType, op)
	for _, a := range attributes {
		s += nested(nodeAttribute, a)
	}
	return nested(graphNode, s)
}

func attribute(name string, values ...string) string {
	return nested(attributeName, name) + proto(values...)
}

// onnxFile returns a model with a graph.
func onnxFile(graph ...string) []byte {
	return []byte(varint(modelIRVersion, 7) + nested(2, "test") + nested(modelGraph, proto(graph...)))
}

// The smallest VGG.
var (
	onnxConv   = node("Conv", []string{"x", "features.0.weight", "features.0.bias"}, attribute("strides", varint(attributeInts, 1), varint(attributeInts, 1)))
	onnxWeight = zeros("features.0.weight", 1, 3, 3, 3)
	onnxBias   = zeros("features.0.bias", 1)
)

func TestONNX(t *testing.T) {
	conv := func(attributes ...string) []byte {
		return onnxFile(node("Conv", []string{"x", "features.0.weight", "features.0.bias"}, attributes...), onnxWeight, onnxBias)
	}
	bias := func(fields ...string) []byte {
		return onnxFile(onnxConv, onnxWeight, initializer("features.0.bias", fields...))
	}
	norm := func(epsilon float32) string {
		return node("BatchNormalization", []string{"y", "g", "b", "m", "v"}, attribute("epsilon", float(attributeFloat, epsilon)))
	}
	norms := zeros("g", 1) + zeros("b", 1) + zeros("m", 1) + zeros("v", 1)
	for _, c := range []struct {
		name string
		file []byte
		kind error
		want string
	}{
		{"fine", onnxFile(onnxConv, onnxWeight, onnxBias), nil, ""},
		{"fine: initializers first", onnxFile(onnxWeight, onnxBias, onnxConv), nil, ""},
		{"fine: other nodes", onnxFile(node("Relu", []string{"y"}), onnxConv, node("Constant", nil), onnxWeight, onnxBias, nested(11, "x")), nil, ""},
		{"fine: attributes in one field", conv(attribute("strides", nested(attributeInts, "\x01\x01")), attribute("group", varint(attributeInt, 1)), attribute("pads", nested(attributeInts, "\x00\x00\x01\x01"))), nil, ""},
		{"fine: numbers in a field of floats", bias(dims(1), varint(tensorType, onnxFloat), nested(tensorFloats, "\x00\x00\x00\x00")), nil, ""},
		{"fine: numbers in a field of doubles", bias(nested(tensorDims, "\x01"), varint(tensorType, 11), nested(tensorDoubles, string(make([]byte, 8)))), nil, ""},
		{"fine: batch norm", onnxFile(onnxConv, norm(1e-5), onnxWeight, onnxBias, norms), nil, ""},
		{"fine: what is behind the last pooling", onnxFile(onnxConv, node("MaxPool", nil), node("AveragePool", nil), node("MaxPool", nil), node("MaxPool", nil), node("MaxPool", nil),
			node("Conv", []string{"z", "fc", "fcb"}, attribute("strides", varint(attributeInts, 7))), onnxWeight, onnxBias), nil, ""},
		{"fine: a long name", onnxFile(onnxConv, zeros(strings.Repeat("x", 1000), 1), onnxWeight, onnxBias), nil, ""},

		{"names that tell no input", onnxFile(node("Conv", []string{"x", "w", "b"}), zeros("w", 1, 3, 3, 3), zeros("b", 1)), ErrNoInput, "channels"},
		{"no graph", []byte(varint(modelIRVersion, 7) + nested(2, "test")), ErrNotVGG, "expected conv1_1.weight"},
		{"a graph that is a number", []byte(varint(modelIRVersion, 7) + varint(modelGraph, 1)), ErrNotVGG, "expected conv1_1.weight"},
		{"no convolutions", onnxFile(node("Gemm", []string{"x", "fc"}), zeros("fc", 1)), ErrNotVGG, `found tensors such as "fc", expected conv1_1.weight`},
		{"no initializer", onnxFile(onnxConv, onnxWeight), ErrNotVGG, "conv1_1 has no bias"},
		{"an initializer twice", onnxFile(onnxConv, onnxWeight, onnxBias, onnxBias), ErrMalformed, `"features.0.bias" is there twice`},
		{"stride 2", conv(attribute("strides", varint(attributeInts, 2), varint(attributeInts, 2))), ErrNotVGG, "conv1_1 has the strides [2 2], expected 1"},
		{"dilation", conv(attribute("dilations", nested(attributeInts, "\x02\x02"))), ErrNotVGG, "conv1_1 has the dilations [2 2]"},
		{"groups", conv(attribute("group", varint(attributeInt, 3))), ErrNotVGG, "conv1_1 has the group [3]"},
		{"endless strides", conv(attribute("strides", strings.Repeat(varint(attributeInts, 1), 65))), ErrMalformed, "a list of at most 64 integers"},
		{"broken list", conv(attribute("strides", nested(attributeInts, "\xff"))), ErrMalformed, "a list of at most 64 integers"},
		{"five in a block", onnxFile(strings.Repeat(onnxConv, 5), onnxWeight, onnxBias), ErrNotVGG, "would be conv1_5, expected at most 5 blocks of at most 4"},
		{"shared weights", onnxFile(onnxConv, onnxConv, onnxWeight, onnxBias, node("MaxPool", nil)), nil, ""},
		{"two batch norms", onnxFile(onnxConv, norm(1e-5), norm(1e-5), onnxWeight, onnxBias, norms), ErrNotVGG, "a batch norm that is not behind a convolution"},
		{"batch norm first", onnxFile(norm(1e-5), onnxConv, onnxWeight, onnxBias, norms), ErrNotVGG, "a batch norm that is not behind a convolution"},
		{"batch norm without variance", onnxFile(onnxConv, norm(1e-5), onnxWeight, onnxBias, zeros("g", 1), zeros("b", 1), zeros("m", 1)), ErrNotVGG, "conv1_1 has no batch norm's variance"},
		{"epsilon zero", onnxFile(onnxConv, norm(0), onnxWeight, onnxBias, norms), ErrNotVGG, "the epsilon 0"},
		{"epsilon NaN", onnxFile(onnxConv, norm(float32(math.NaN())), onnxWeight, onnxBias, norms), ErrNotVGG, "the epsilon NaN"},
		{"two epsilons", onnxFile(onnxConv, norm(1e-5), node("Conv", []string{"y", "w", "c"}), norm(1e-3), onnxWeight, onnxBias, norms), ErrNotVGG, "the epsilon 0.001"},
		{"integers", bias(dims(1), varint(tensorType, 6), nested(tensorRaw, "\x00\x00\x00\x00")), ErrNotVGG, "has the data type 6, expected FLOAT"},
		{"no type", bias(dims(1), nested(tensorRaw, "\x00\x00\x00\x00")), ErrNotVGG, "has the data type 0"},
		{"in another file", bias(dims(1), varint(tensorType, onnxFloat), varint(tensorPlace, 1), externalEntry("location", "../../etc/passwd")), ErrMalformed, `is in the file "../../etc/passwd", expected one in the folder of the model`},
		{"no numbers", bias(dims(1), varint(tensorType, onnxFloat)), ErrMalformed, "has its numbers in 0 fields"},
		{"numbers twice", bias(dims(1), varint(tensorType, onnxFloat), nested(tensorRaw, "\x00\x00\x00\x00"), nested(tensorFloats, "\x00\x00\x00\x00")), ErrMalformed, "has its numbers in 2 fields"},
		{"numbers one by one", bias(dims(1), varint(tensorType, onnxFloat), float(tensorFloats, 1)), ErrMalformed, "has its numbers in 1 fields"},
		{"too few bytes", bias(dims(2), varint(tensorType, onnxFloat), nested(tensorRaw, "\x00\x00\x00\x00")), ErrMalformed, "has 4 bytes, which is not what F32 of the shape [2] takes"},
		{"negative dimension", bias(dims(math.MaxUint64), varint(tensorType, onnxFloat), nested(tensorRaw, "\x00\x00\x00\x00")), ErrMalformed, "the shape [-1]"},
		{"two negative dimensions", bias(dims(math.MaxUint64, math.MaxUint64), varint(tensorType, onnxFloat), nested(tensorRaw, "\x00\x00\x00\x00")), ErrMalformed, "the shape [-1 -1]"},
		{"shape that overflows", bias(dims(1<<32, 1<<32), varint(tensorType, onnxFloat), nested(tensorRaw, "")), ErrMalformed, "the shape [4294967296 4294967296], which no tensor has"},
		{"too many dimensions", bias(strings.Repeat(dims(1), 65)), ErrMalformed, "a list of at most 64 integers"},
		{"grey input", onnxFile(onnxConv, zeros("features.0.weight", 1, 1, 3, 3), onnxBias), ErrNotVGG, "1 input channels"},

		{"longer than the file", append([]byte(varint(modelIRVersion, 7)), "\x3a\xff\xff\xff\xff\x7f"...), ErrMalformed, "only 0 are left: the file is cut short"},
		{"longer than 2^63", append([]byte(varint(modelIRVersion, 7)), "\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"...), ErrMalformed, "cut short"},
		{"longer than its message", onnxFile("\x0a\x7f"), ErrMalformed, "found a field of 127 bytes, but only 0 are left"},
		{"number without an end", append([]byte(varint(modelIRVersion, 7)), "\x3a\xff"...), ErrMalformed, "not a field of protocol buffers"},
		{"number of eleven bytes", append([]byte(varint(modelIRVersion, 7)), "\x3a"+strings.Repeat("\xff", 11)...), ErrMalformed, "not a field of protocol buffers"},
		{"group of fields", onnxFile("\x0b\x0c"), ErrMalformed, "not a field of protocol buffers"},
		{"field 0", onnxFile("\x00\x00"), ErrMalformed, "not a field of protocol buffers"},
		{"fixed64 cut", onnxFile("\x09\x00"), ErrMalformed, "not a field of protocol buffers"},
		{"fixed32 cut", onnxFile("\x0d\x00"), ErrMalformed, "not a field of protocol buffers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readONNXFile(t, c.file)
			if !errors.Is(err, c.kind) {
				t.Fatalf("got %v, want %v", err, c.kind)
			}
			if err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to say %s", err, c.want)
			}
		})
	}
	t.Run("read errors", func(t *testing.T) { checkReadErrors(t, onnxFile(onnxConv, onnxWeight, onnxBias)) })
}

func readONNXFile(t testing.TB, file []byte) (*Network, error) {
	t.Helper()
	return readBounded(t, file, 2*len(file)+3*bufferSize+64<<10)
}

// TestONNXNorm checks that the epsilon of the file's batch norm applies.
func TestONNXNorm(t *testing.T) {
	ones := func(name string, shape ...uint64) string {
		n := uint64(1)
		for _, d := range shape {
			n *= d
		}
		return initializer(name, dims(shape...), varint(tensorType, onnxFloat), nested(tensorRaw, strings.Repeat("\x00\x00\x80\x3f", int(n))))
	}
	n, err := readONNXFile(t, onnxFile(
		node("Conv", []string{"x", "features.0.weight"}),
		node("BatchNormalization", []string{"y", "g", "b", "m", "v"}, attribute("epsilon", float(attributeFloat, 3))),
		ones("features.0.weight", 1, 3, 3, 3), ones("g", 1), ones("b", 1), zeros("m", 1), ones("v", 1)))
	if err != nil {
		t.Fatal(err)
	}
	// 1/sqrt(1+3) times the weights, and the bias of the batch norm.
	if c := n.Convs[0]; c.Weight[0] != 0.5 || c.Weight[26] != 0.5 || c.Bias[0] != 1 {
		t.Errorf("got %v and %v, want 0.5 and 1", c.Weight, c.Bias)
	}
}

// TestLargeONNX checks that a message costs at most its size, whatever it contains.
func TestLargeONNX(t *testing.T) {
	const size = 1 << 20
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	for name, graph := range map[string]string{
		"nodes":            fill(node("Relu", []string{"a"})),
		"empty nodes":      fill(nested(graphNode, "")),
		"inputs":           nested(graphNode, fill(nested(nodeInput, "a"))+nested(nodeOpType, "Conv")),
		"attributes":       nested(graphNode, fill(nested(nodeAttribute, nested(attributeName, "group")))+nested(nodeOpType, "Conv")),
		"types":            nested(graphNode, fill(nested(nodeOpType, "Conv"))),
		"initializers":     fill(nested(graphInitializer, dims(1, 1, 1, 1))),
		"dimensions":       nested(graphInitializer, fill(dims(1))),
		"numbers":          onnxConv + nested(graphInitializer, fill(nested(tensorRaw, ""))+nested(tensorLabel, "features.0.weight")),
		"names":            fill(nested(graphInitializer, nested(tensorLabel, "a"))),
		"unknown fields":   fill(varint(100, 1)),
		"pools":            fill(node("MaxPool", nil)),
		"one long unknown": nested(50, fill("x")),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := readONNXFile(t, onnxFile(graph)); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func onnxSeeds(t testing.TB) [][]byte {
	file, err := os.ReadFile("testdata/formats/tiny.onnx")
	if err != nil {
		t.Fatal(err)
	}
	return [][]byte{file, onnxFile(onnxConv, onnxWeight, onnxBias)}
}

func TestONNXMutations(t *testing.T) {
	checkMutations(t, rand.New(rand.NewPCG(9, 10)), onnxSeeds(t), readONNXFile)
}

func FuzzReadONNX(f *testing.F) {
	for _, seed := range onnxSeeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		n, err := readBytes(file)
		checkForeign(t, n, err)
	})
}
