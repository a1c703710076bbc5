package weights

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseLayers(t *testing.T) {
	for _, c := range []struct {
		name   string
		blocks []string
		want   [][]string
		err    string
	}{
		{"none", nil, nil, ""},
		{"two blocks", []string{"a,b", "c"}, [][]string{{"a", "b"}, {"c"}}, ""},
		{"batch norms", []string{"a+n"}, [][]string{{"a+n"}}, ""},
		{"six blocks", []string{"a", "b", "c", "d", "e", "f"}, nil, "6 blocks of layers, expected at most 5"},
		{"five layers", []string{"a,b,c,d,e"}, nil, `"a,b,c,d,e" has 5, expected at most 4`},
		{"an empty name", []string{"a,,b"}, nil, `has the name ""`},
		{"a name twice", []string{"a", "b,a"}, nil, `the block of layers "b,a" has the name "a"`},
		{"a norm that is a layer", []string{"a+a"}, nil, `has the name "a"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseLayers(c.blocks)
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Fatalf("got %v, want %q", err, c.err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestGivenLayers reads files of every format with layer names from the user, and
// compares with the known names.
func TestGivenLayers(t *testing.T) {
	input := TorchvisionInput.partial()
	for _, c := range []struct {
		file, like string
		blocks     []string
	}{
		{"formats/tiny.pth", "formats/tiny.pth", []string{"features.0,features.2", "features.5,features.7", "features.10"}},
		{"formats/tiny-legacy.pth", "formats/tiny.pth", []string{"features.0,features.2", "features.5,features.7", "features.10"}},
		{"formats/tiny.onnx", "formats/tiny.pth", []string{"features.0,features.2", "features.5,features.7", "features.10"}},
		{"formats/tiny.safetensors", "formats/tiny.pth", []string{"conv1_1,conv1_2", "conv2_1,conv2_2", "conv3_1"}},
		{"formats/tiny.npz", "formats/tiny.pth", []string{"conv1_1,conv1_2", "conv2_1,conv2_2", "conv3_1"}},
		{"formats/current.mat", "formats/tiny.pth", []string{"conv1_1,conv1_2", "conv2_1,conv2_2", "conv3_1"}},
		{"formats/keras2.h5", "formats/tiny.pth", []string{
			"block1_conv1/block1_conv1,block1_conv2/block1_conv2", "block2_conv1/block2_conv1,block2_conv2/block2_conv2", "block3_conv1/block3_conv1",
		}},
		{"torch/norms.pth", "torch/norms.pth", []string{"features.0+features.1,features.3+features.4", "features.7+features.8", "features.11+features.12,features.14+features.15"}},
	} {
		t.Run(c.file, func(t *testing.T) {
			want, err := Open("testdata/"+c.like, Override{PartialInput: input})
			if err != nil {
				t.Fatal(err)
			}
			given, err := ParseLayers(c.blocks)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Open("testdata/"+c.file, Override{PartialInput: input, Layers: given})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Convs, got.Convs, sameBits); diff != "" {
				t.Errorf("by known names (-), by given ones (+):\n%s", diff)
			}
			for i, layer := range slices.Concat(given...) {
				name, _, _ := strings.Cut(layer, "+")
				if !strings.HasPrefix(got.Sources[i], name) {
					t.Errorf("%s comes from %q, expected %q", got.Convs[i].Name, got.Sources[i], name)
				}
			}
		})
	}
}

func TestGivenLayersRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		blocks []string
		want   string
	}{
		{"not there", []string{"features.0,stem.2"}, `expected the layer "stem.2", which is given as conv1_2`},
		{"another order", []string{"features.2,features.0"}, "conv1_1 has 4 input channels, expected 3"},
		{"no norm", []string{"features.0+features.1"}, `expected the layer "features.1", which is given as the batch norm of conv1_1`},
	} {
		t.Run(c.name, func(t *testing.T) {
			given, err := ParseLayers(c.blocks)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Open("testdata/formats/tiny.pth", Override{Layers: given})
			if !errors.Is(err, ErrNotVGG) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to say %s", err, c.want)
			}
		})
	}
}

// TestSomeLayers reads only the first layers, of every format.
func TestSomeLayers(t *testing.T) {
	input := TorchvisionInput.partial()
	for file, first := range map[string]string{
		"tiny.pth": "features.0", "tiny.onnx": "features.0", "tiny.safetensors": "conv1_1", "tiny.npz": "conv1_1",
		"current.mat": "conv1_1", "keras2.h5": "block1_conv1/block1_conv1",
	} {
		n, err := Open("testdata/formats/"+file, Override{PartialInput: input, Layers: [][]string{{first}}})
		if err != nil {
			t.Errorf("%s: %v", file, err)
		} else if len(n.Convs) != 1 {
			t.Errorf("%s: %d convolutions", file, len(n.Convs))
		}
	}
}

// TestTooManyLayers passes layers that ParseLayers has not checked.
func TestTooManyLayers(t *testing.T) {
	five := []string{"a", "b", "c", "d", "e"}
	for _, given := range [][][]string{{five}, {{"a"}, {"b"}, {"c"}, {"d"}, {"e"}, {"conv1_1"}}} {
		_, err := Open("testdata/formats/tiny.safetensors", Override{Layers: given})
		if !errors.Is(err, ErrNotVGG) {
			t.Errorf("%q: got %v", given, err)
		}
	}
}

// TestNumberedTensors reads files that number the tensors of a layer, as Keras 3 does,
// with and without layer names.
func TestNumberedTensors(t *testing.T) {
	for layer, given := range map[string][][]string{
		"layers/block1_conv1": nil,
		"layers/conv2d":       {{"layers/conv2d"}},
	} {
		file := pack(`{`+entry(layer+"/vars/0", "F32", "[3,3,3,1]", 0, 108)+`,`+entry(layer+"/vars/1", "F32", "[1]", 108, 112)+`}`, 112)
		n, err := Read(bytes.NewReader(file), int64(len(file)), "x", Override{PartialInput: CaffeInput.partial(), Layers: given})
		if err != nil {
			t.Errorf("%s: %v", layer, err)
		} else if !slices.Equal(n.Sources, []string{layer + "/vars/0"}) {
			t.Errorf("%s: the layers come from %q", layer, n.Sources)
		}
	}
}
