package vgg

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestLayers(t *testing.T) {
	for _, test := range []struct {
		architecture Architecture
		layers       string
	}{
		{VGG16, "conv1_1 conv1_2 conv2_1 conv2_2 conv3_1 conv3_2 conv3_3 conv4_1 conv4_2 conv4_3 conv5_1 conv5_2 conv5_3"},
		{VGG19, "conv1_1 conv1_2 conv2_1 conv2_2 conv3_1 conv3_2 conv3_3 conv3_4 conv4_1 conv4_2 conv4_3 conv4_4 conv5_1 conv5_2 conv5_3 conv5_4"},
		{VGG19Slim, "conv1_1 conv1_2 conv2_1 conv2_2 conv3_1 conv3_2 conv3_3 conv3_4 conv4_1 conv4_2 conv4_3 conv4_4 conv5_1"},
	} {
		if got := strings.Join(test.architecture.Layers(), " "); got != test.layers {
			t.Errorf("%s: layers %s, want %s", test.architecture.Name, got, test.layers)
		}
	}
}

func TestLayer(t *testing.T) {
	for name, want := range map[string]string{
		"conv1_1": "conv1_1", "relu4_2": "conv4_2", "conv5_4": "conv5_4",
		"conv5_5": "", "conv6_1": "", "relu0_1": "", "Conv1_1": "", "conv1": "", "conv1_1\n": "",
	} {
		got, err := VGG19.Layer(name)
		var unknown *LayerError
		if got != want || (want == "") != errors.As(err, &unknown) {
			t.Errorf("Layer(%q) = %q, %v, want %q", name, got, err, want)
		}
	}
}

func TestLayerErrorTranslatesKerasNames(t *testing.T) {
	_, err := VGG19.Layer("block4_conv2")
	if err == nil || !strings.HasSuffix(err.Error(), "; block4_conv2 of Keras is conv4_2") {
		t.Errorf("got %v", err)
	}
}

func TestNewNamesTheArchitecture(t *testing.T) {
	for _, a := range []Architecture{VGG16, VGG19, VGG19Slim} {
		n := randomNetwork(t, a, unit)
		if n.Name != a.Name {
			t.Errorf("network %q, want %q", n.Name, a.Name)
		}
	}
	if n := randomNetwork(t, small, unit); n.Name != "vgg" {
		t.Errorf("network %q, want vgg", n.Name)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(convs []Conv) []Conv
		want   string
	}{
		{"nothing", func([]Conv) []Conv { return nil }, "no convolutions"},
		{"a foreign name", func(c []Conv) []Conv { c[1].Name = "fc6"; return c }, `"fc6"`},
		{"the alias of a name", func(c []Conv) []Conv { c[0].Name = "relu1_1"; return c }, `"relu1_1"`},
		{"a name too many", func(c []Conv) []Conv { return append(c, c[4]) }, "conv3_1 is out of order"},
		{"a first layer missing", func(c []Conv) []Conv { return c[1:] }, "conv1_2 is out of order"},
		{"a layer missing", func(c []Conv) []Conv { return slices.Delete(c, 1, 3) }, "conv2_2 is out of order"},
		{"a block missing", func(c []Conv) []Conv { return slices.Delete(c, 2, 4) }, "conv3_1 is out of order"},
		{"layers out of order", func(c []Conv) []Conv { c[2], c[3] = c[3], c[2]; return c }, "conv2_2 is out of order"},
		{"another input than a picture", func(c []Conv) []Conv { c[0] = conv("conv1_1", 8, 4); return c }, "conv1_1: 4 input channels, expected 3"},
		{"channels that do not meet", func(c []Conv) []Conv { c[2] = conv("conv2_1", 16, 9); return c }, "conv2_1: 9 input channels, expected 8"},
		{"a block of two widths", func(c []Conv) []Conv { c[3] = conv("conv2_2", 17, 16); return c }, "conv2_2: 17 channels, expected 16"},
		{"no channels", func(c []Conv) []Conv { c[4] = conv("conv3_1", 0, 16); return c }, "conv3_1"},
		{"weights too few", func(c []Conv) []Conv { c[1].Weight = c[1].Weight[1:]; return c }, "conv1_2: 575 weights and 8 biases, expected 8 x 8 x 3 x 3 and 8"},
		{"biases too many", func(c []Conv) []Conv { c[1].Bias = make([]float32, 9); return c }, "conv1_2: 576 weights and 9 biases"},
	} {
		t.Run(test.name, func(t *testing.T) {
			n, err := New(test.change(Random(small, 1)), unit)
			if err == nil {
				t.Fatalf("accepted as %s", n.Name)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("%q does not say %q", err, test.want)
			}
		})
	}
}

func conv(name string, out, in int) Conv {
	return Conv{Name: name, Out: out, In: in, Weight: make([]float32, out*in*9), Bias: make([]float32, out)}
}
