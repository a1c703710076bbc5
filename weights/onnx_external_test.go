package weights

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

func externalEntry(key, value string) string {
	return nested(tensorExternal, nested(entryKey, key)+nested(entryValue, value))
}

// externalTensor is an initializer of float32 in another file.
func externalTensor(name, location string, offset int, shape ...uint64) string {
	n := 4
	for _, d := range shape {
		n *= int(d)
	}
	return initializer(name, dims(shape...), varint(tensorType, onnxFloat), varint(tensorPlace, 1),
		externalEntry("location", location), externalEntry("offset", strconv.Itoa(offset)), externalEntry("length", strconv.Itoa(n)))
}

// onnxFolder writes a model, and data beside it, and returns the model's path.
func onnxFolder(t *testing.T, model []byte, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "model.onnx")
	if err := os.WriteFile(path, model, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var ones28 = strings.Repeat("\x00\x00\x80\x3f", 28)

// TestONNXExternal reads weights from files beside the model.
func TestONNXExternal(t *testing.T) {
	weight := externalTensor("features.0.weight", "model.onnx.data", 16, 1, 3, 3, 3)
	for name, c := range map[string]struct {
		bias  string
		files map[string]string
	}{
		"one file":      {externalTensor("features.0.bias", "model.onnx.data", 124, 1), map[string]string{"model.onnx.data": "sixteen bytes..." + ones28}},
		"a file each":   {externalTensor("features.0.bias", "bias", 0, 1), map[string]string{"model.onnx.data": "sixteen bytes..." + ones28, "bias": ones28}},
		"with a folder": {externalTensor("features.0.bias", "./bias", 0, 1), map[string]string{"model.onnx.data": "sixteen bytes..." + ones28, "bias": ones28}},
		"some inside": {initializer("features.0.bias", dims(1), varint(tensorType, onnxFloat), nested(tensorRaw, ones28[:4])),
			map[string]string{"model.onnx.data": "sixteen bytes..." + ones28}},
		"without offset and length": {initializer("features.0.bias", dims(1), varint(tensorType, onnxFloat), varint(tensorPlace, 1), externalEntry("location", "bias"),
			externalEntry("checksum", "0123")), map[string]string{"model.onnx.data": "sixteen bytes..." + ones28, "bias": ones28}},
		// The classifier's file is never opened.
		"a classifier elsewhere": {externalTensor("features.0.bias", "bias", 0, 1) + externalTensor("fc", "../missing", 0, 1),
			map[string]string{"model.onnx.data": "sixteen bytes..." + ones28, "bias": ones28}},
	} {
		t.Run(name, func(t *testing.T) {
			n, err := Open(onnxFolder(t, onnxFile(onnxConv, weight, c.bias), c.files), Override{})
			if err != nil {
				t.Fatal(err)
			}
			if v := n.Convs[0]; v.Weight[0] != 1 || v.Weight[26] != 1 || v.Bias[0] != 1 {
				t.Errorf("got %v and %v", v.Weight, v.Bias)
			}
		})
	}
}

func TestONNXExternalRefused(t *testing.T) {
	bias := func(entries ...string) []byte {
		return onnxFile(onnxConv, onnxWeight, initializer("features.0.bias", append(entries, dims(1), varint(tensorType, onnxFloat), varint(tensorPlace, 1))...))
	}
	at := func(location string) []byte { return bias(externalEntry("location", location)) }
	for _, c := range []struct {
		name string
		file []byte
		kind error
		want string
	}{
		{"missing", at("missing"), ErrMalformed, `"missing", which is not beside it`},
		{"outside", at("../data"), ErrMalformed, `the file "../data", expected one in the folder of the model`},
		{"in a folder", at("sub/data"), ErrMalformed, `the file "sub/data", expected one in the folder of the model`},
		{"absolute", at("/etc/passwd"), ErrMalformed, "expected one in the folder"},
		{"the folder", at("."), ErrMalformed, "expected one in the folder"},
		{"no name", bias(), ErrMalformed, `the file "", expected one in the folder`},
		{"a zero byte", at("da\x00ta"), ErrMalformed, "expected one in the folder"},
		{"a long name", at(strings.Repeat("x", 600)), ErrMalformed, "expected one in the folder"},
		{"a directory", at("sub"), ErrNotNetwork, "not a regular file"},
		{"a link out", at("out"), nil, "must be a file of the same folder"},
		{"cut short", bias(externalEntry("location", "data"), externalEntry("offset", "2")), ErrMalformed, "has 4 bytes, expected at least 6"},
		{"an offset below 0", bias(externalEntry("location", "data"), externalEntry("offset", "-4")), ErrMalformed, "4 bytes from byte -4"},
		{"an endless offset", bias(externalEntry("location", "data"), externalEntry("offset", "9223372036854775807")), ErrMalformed, "9223372036854775807"},
		{"an offset of letters", bias(externalEntry("location", "data"), externalEntry("offset", "four")), ErrMalformed, `the offset "four", expected a number of bytes`},
		{"another length", bias(externalEntry("location", "data"), externalEntry("length", "8")), ErrMalformed, "8 bytes from byte 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := onnxFolder(t, c.file, map[string]string{"data": "\x00\x00\x80\x3f"})
			if err := os.Mkdir(filepath.Join(filepath.Dir(path), "sub"), 0o700); err != nil {
				t.Fatal(err)
			}
			outside := filepath.Join(t.TempDir(), "data")
			if err := os.WriteFile(outside, []byte("\x00\x00\x80\x3f"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(outside, filepath.Join(filepath.Dir(path), "out")); err != nil && runtime.GOOS != "windows" {
				t.Fatal(err)
			}
			_, err := Open(path, Override{})
			if err == nil || c.kind != nil && !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %v that says %s", err, c.kind, c.want)
			}
		})
	}
	t.Run("without a folder", func(t *testing.T) {
		if _, err := readBytes(at("data")); !errors.Is(err, ErrNotNetwork) || !strings.Contains(err.Error(), `in other files, such as "data"`) {
			t.Errorf("got %v", err)
		}
	})
}

// TestONNXConstants reads weights that are the values of Constant nodes.
func TestONNXConstants(t *testing.T) {
	constant := func(name string, shape ...uint64) string {
		n := 4
		for _, d := range shape {
			n *= int(d)
		}
		value := dims(shape...) + varint(tensorType, onnxFloat) + nested(tensorLabel, "value") + nested(tensorRaw, strings.Repeat("\x00\x00\x80\x3f", n/4))
		return nested(graphNode, nested(nodeOutput, name)+nested(nodeOpType, "Constant")+nested(nodeAttribute, attribute("value", nested(attributeTensor, value))))
	}
	n, err := readONNXFile(t, onnxFile(constant("features.0.weight", 1, 3, 3, 3), constant("features.0.bias", 1), onnxConv))
	if err != nil {
		t.Fatal(err)
	}
	if v := n.Convs[0]; v.Weight[26] != 1 || v.Bias[0] != 1 || n.Sources[0] != "features.0.weight" {
		t.Errorf("got %v and %v from %s", v.Weight, v.Bias, n.Sources[0])
	}
	if _, err := readONNXFile(t, onnxFile(onnxConv, onnxWeight, onnxBias, constant("features.0.bias", 1))); !errors.Is(err, ErrMalformed) {
		t.Errorf("a tensor and a constant of the same name: %v", err)
	}
}

// TestONNXAddedBias reads a bias that is added after the convolution.
func TestONNXAddedBias(t *testing.T) {
	output := func(op, name string, inputs ...string) string {
		s := ""
		for _, in := range inputs {
			s += nested(nodeInput, in)
		}
		return nested(graphNode, s+nested(nodeOutput, name)+nested(nodeOpType, op))
	}
	conv := output("Conv", "y", "x", "block1_conv1/kernel")
	kernel := zeros("block1_conv1/kernel", 2, 3, 3, 3)
	bias := func(shape ...uint64) string {
		return initializer("b", dims(shape...), varint(tensorType, onnxFloat), nested(tensorRaw, ones28[:8]))
	}
	for _, c := range []struct {
		name  string
		graph string
		want  string // of the error, or empty
	}{
		{"of three dimensions", conv + output("Add", "z", "y", "b") + bias(2, 1, 1), ""},
		{"of four dimensions", conv + output("Add", "z", "y", "b") + bias(1, 2, 1, 1), ""},
		{"of one dimension", conv + output("Add", "z", "y", "b") + bias(2), ""},
		{"before the picture", conv + output("Add", "z", "b", "y") + bias(2, 1, 1), ""},
		{"along the width", conv + output("Add", "z", "y", "b") + bias(1, 1, 2), "the bias of conv1_1 has the shape [1 1 2]"},
		{"to something else", conv + output("Add", "z", "x", "b") + bias(2, 1, 1), "conv1_1 has no bias"},
		{"behind a pooling", conv + output("MaxPool", "p", "y") + output("Add", "z", "y", "b") + bias(2, 1, 1), "conv1_1 has no bias"},
		{"twice", conv + output("Add", "z", "y", "b") + output("Add", "q", "y", "c") + bias(2, 1, 1), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := readONNXFile(t, onnxFile(c.graph, kernel))
			if c.want != "" {
				if !errors.Is(err, ErrNotVGG) || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want it to say %s", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if v := n.Convs[0]; len(v.Bias) != 2 || v.Bias[1] != 1 || n.Input != CaffeInput {
				t.Errorf("got %v and the input %v", v.Bias, n.Input)
			}
		})
	}
}

// TestGluonNames recognizes the input of the VGGs in the ONNX Model Zoo.
func TestGluonNames(t *testing.T) {
	n, err := readONNXFile(t, onnxFile(node("Conv", []string{"data", "vgg0_conv0_weight", "vgg0_conv0_bias"}), zeros("vgg0_conv0_weight", 1, 3, 3, 3), zeros("vgg0_conv0_bias", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if n.Input != TorchvisionInput || !strings.Contains(n.InputSource, "Gluon") {
		t.Errorf("got %v by %s", n.Input, n.InputSource)
	}
	for _, other := range []string{"resnet0_conv0_weight", "vgg_conv0_weight", "myvgg0_conv0_weight", "vgg0_conv0_weight_quantized"} {
		if _, err := readONNXFile(t, onnxFile(node("Conv", []string{"data", other, "b"}), zeros(other, 1, 3, 3, 3), zeros("b", 1))); !errors.Is(err, ErrNoInput) {
			t.Errorf("%s: got %v", other, err)
		}
	}
}
