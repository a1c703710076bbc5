package weights

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A named array of a file.
type array struct {
	name   string
	shape  []int64
	values []float32 // nil: zeros
}

// arrays returns a safetensors file of float32 arrays, without metadata.
func arrays(t testing.TB, list ...array) []byte {
	t.Helper()
	var entries []string
	var data bytes.Buffer
	for _, a := range list {
		values := a.values
		if values == nil {
			values = make([]float32, (&tensor{shape: a.shape}).count())
		}
		begin := data.Len()
		data.Write(matLittle.singles(values...))
		shape, err := json.Marshal(a.shape)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, entry(a.name, "F32", string(shape), int64(begin), int64(data.Len())))
	}
	return append(pack("{"+strings.Join(entries, ",")+"}", 0), data.Bytes()...)
}

// conv returns the arrays of the named convolution.
func conv(name string, out, in int64) []array {
	return []array{{name: name + ".weight", shape: []int64{out, in, 3, 3}}, {name: name + ".bias", shape: []int64{out}}}
}

// norm returns the arrays of the named batch norm.
func norm(name string, width int64) []array {
	var list []array
	for _, part := range []string{"weight", "bias", "running_mean", "running_var"} {
		list = append(list, array{name: name + "." + part, shape: []int64{width}})
	}
	return append(list, array{name: name + ".num_batches_tracked", shape: []int64{}})
}

func TestFindName(t *testing.T) {
	type found struct {
		prefix string
		place
		role role
	}
	at := func(prefix string, s scheme, block, index int, r role) found {
		return found{prefix, place{scheme: s, block: block, index: index}, r}
	}
	position := func(prefix string, p int, r role) found {
		return found{prefix, place{scheme: numbered, position: p}, r}
	}
	normOf := func(n found) found { n.norm = true; return n }
	for name, want := range map[string]found{
		"conv1_1.weight":                     at("", named, 1, 1, weightRole),
		"conv5_4.bias":                       at("", named, 5, 4, biasRole),
		"conv1_1_W":                          at("", named, 1, 1, weightRole),
		"conv3_2_b":                          at("", named, 3, 2, biasRole),
		"vgg.conv2_1.weight":                 at("vgg", named, 2, 1, weightRole),
		"vgg_16/conv2/conv2_1/weights":       at("vgg_16/conv2", named, 2, 1, weightRole),
		"conv1_1/weights":                    at("", named, 1, 1, weightRole),
		"conv1_1/biases:0":                   at("", named, 1, 1, biasRole),
		"conv9_12.weight":                    at("", named, 9, 12, weightRole),
		"bn2_1.running_var":                  normOf(at("", named, 2, 1, varianceRole)),
		"model.conv0.bias":                   at("model", joined, 0, 0, biasRole),
		"conv11.weight":                      at("", joined, 1, 1, weightRole),
		"conv44.bias":                        at("", joined, 4, 4, biasRole),
		"bn12.running_mean":                  normOf(at("", joined, 1, 2, meanRole)),
		"block1_conv2/kernel:0":              at("", keras, 1, 2, weightRole),
		"block1_conv2/block1_conv2/kernel:0": at("", keras, 1, 2, weightRole),
		"block5_conv3/block5_conv3_W_1:0":    at("", keras, 5, 3, weightRole),
		"block5_conv3/block5_conv3_b_1:0":    at("", keras, 5, 3, biasRole),
		"model_weights/block1_conv1/block1_conv1/bias:0": at("model_weights", keras, 1, 1, biasRole),
		"functional_1/block1_conv1/kernel":               at("functional_1", keras, 1, 1, weightRole),
		"layers/block1_conv2/vars/0":                     at("layers", keras, 1, 2, weightRole),
		"layers/block1_conv2/vars/1":                     at("layers", keras, 1, 2, biasRole),
		"layers/block1_bn1/vars/3":                       normOf(at("layers", keras, 1, 1, varianceRole)),
		"block1_bn1/gamma:0":                             normOf(at("", keras, 1, 1, weightRole)),
		"block1_bn1/moving_variance:0":                   normOf(at("", keras, 1, 1, varianceRole)),
		"features.0.weight":                              position("features", 0, weightRole),
		"features.34.bias":                               position("features", 34, biasRole),
		"features.1.running_mean":                        position("features", 1, meanRole),
		"0.weight":                                       position("", 0, weightRole),
		"features.module.0.weight":                       position("features.module", 0, weightRole),
		"vgg_layers.0.weight":                            position("vgg_layers", 0, weightRole),
		"state_dict.module.features.0.weight":            position("state_dict.module.features", 0, weightRole),
		"net.slice2.5.weight":                            position("net.slice2", 5, weightRole),
		"features.99999999999999999999999.weight":        position("features", 1<<20, weightRole),
		"block2_conv1/block1_conv1/kernel:0":             at("block2_conv1", keras, 1, 1, weightRole),
	} {
		prefix, got, r, ok := new(layout).find([]byte(name))
		if f := (found{string(prefix), got, r}); !ok || f != want {
			t.Errorf("%s: got %+v, %v, want %+v", name, f, ok, want)
		}
	}
	for _, name := range []string{
		"", ".", "/", ":0", "_", "weight", ".weight", "_W", "features.weight", "features..weight", "features.x.weight",
		"fc6.weight", "fc6_W", "conv1.weight", "conv_1.weight", "conv1_.weight", "conv111.weight", "conv1x.weight", "conv00.x",
		"conv1_1", "conv1_1.scale", "conv1_1.weight.scale", "conv1_1_weight_mask", "block1_pool/kernel:0", "features.0.num_batches_tracked",
		"conv11_aux.weight", "layer1.0.conv1.weight",
	} {
		if prefix, got, _, ok := new(layout).find([]byte(name)); ok {
			t.Errorf("%q: got %q, %+v, want nothing", name, prefix, got)
		}
	}
}

// The positions of the convolutions in the published sequences.
var (
	vgg19Positions     = []int{0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34}
	vgg16Positions     = []int{0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28}
	vgg11Positions     = []int{0, 3, 6, 8, 11, 13, 16, 18}
	vgg19NormPositions = []int{0, 3, 7, 10, 14, 17, 20, 23, 27, 30, 33, 36, 40, 43, 46, 49}
	adainPositions     = []int{2, 5, 9, 12, 16, 19, 22, 25, 29, 32, 35, 38, 42, 45, 48, 51}
	vgg19Blocks        = []int{2, 2, 4, 4, 4}
)

func blockNames(blocks []int) []string {
	var names []string
	for b, n := range blocks {
		for i := range n {
			names = append(names, convName(b+1, i+1))
		}
	}
	return names
}

func TestSequences(t *testing.T) {
	for _, c := range []struct {
		name      string
		positions []int
		norm      bool
		blocks    []int
		refused   string
	}{
		{"VGG-19", vgg19Positions, false, vgg19Blocks, ""},
		{"VGG-16", vgg16Positions, false, []int{2, 2, 3, 3, 3}, ""},
		{"VGG-11", vgg11Positions, false, []int{1, 1, 2, 2, 2}, ""},
		{"VGG-19 with batch norm", vgg19NormPositions, true, vgg19Blocks, ""},
		{"AdaIN's", adainPositions, false, vgg19Blocks, ""},
		{"to conv2_1", vgg19Positions[:3], false, []int{2, 1}, ""},
		{"one layer in each block", []int{0, 3, 6}, false, []int{1, 1, 1}, ""},
		{"padded", []int{1, 4, 8}, false, []int{2, 1}, ""},

		{"begins late", []int{2, 4}, false, nil, "the first convolution of the sequence is at position 2, expected 0, or 1 after padding"},
		{"a gap", []int{0, 2, 6}, false, nil, "after the convolution at position 2 of the sequence comes one at 6, expected 4, or 5 after pooling"},
		{"without ReLU", []int{0, 1}, false, nil, "comes one at 1, expected 2, or 3 after pooling"},
		{"six blocks", []int{0, 3, 6, 9, 12, 15}, false, nil, "at position 15 of the sequence would be conv6_1, expected at most 5 blocks of at most 4"},
		{"five in a block", []int{0, 2, 4, 6, 8}, false, nil, "at position 8 of the sequence would be conv1_5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var list []array
			in := int64(3)
			for i, p := range c.positions {
				name := fmt.Sprintf("features.%d", p)
				list = append(list, conv(name, int64(i+2), in)...)
				if c.norm {
					list = append(list, norm(fmt.Sprintf("features.%d", p+1), int64(i+2))...)
				}
				in = int64(i + 2)
			}
			if c.name == "AdaIN's" {
				list = append(list,
					array{"features.0.weight", []int64{3, 3, 1, 1}, []float32{0, 0, 255, 0, 255, 0, 255, 0, 0}},
					array{"features.0.bias", []int64{3}, []float32{-103.939, -116.779, -123.68}})
			}
			// Other layers do not matter.
			list = append(list, array{name: "features.80.weight", shape: []int64{5, 5}}, array{name: "classifier.0.weight", shape: []int64{2, 2}})
			n, err := readBytes(arrays(t, list...))
			if c.refused != "" {
				if !errors.Is(err, ErrNotVGG) || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("got %v, want %s", err, c.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range n.Convs {
				got = append(got, c.Name)
			}
			if diff := cmp.Diff(blockNames(c.blocks), got); diff != "" {
				t.Errorf("layers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLayoutRefuses(t *testing.T) {
	first, second := conv("features.0", 2, 3), conv("features.2", 2, 2)
	join := func(lists ...[]array) []array {
		var all []array
		for _, l := range lists {
			all = append(all, l...)
		}
		return all
	}
	colours := func(w, b []float32) []array {
		list := join(conv("2", 2, 3), []array{{"0.weight", []int64{3, 3, 1, 1}, w}})
		if b != nil {
			list = append(list, array{"0.bias", []int64{int64(len(b))}, b})
		}
		return list
	}
	for _, c := range []struct {
		name string
		list []array
		want string
	}{
		{"a block missing", join(conv("conv1_1", 2, 3), conv("conv3_1", 2, 2)), "found conv3_1 but no conv2_1 before it"},
		{"a bias alone", join(first, second[1:]), "conv1_2, at position 2 of the sequence, has a bias or a batch norm but no weight"},
		{"a batch norm alone", join(conv("conv1_1", 2, 3), norm("bn1_2", 2)), "conv1_2 has a bias or a batch norm but no weight"},
		{"a batch norm without mean", join(conv("conv1_1", 2, 3), norm("bn1_1", 2)[:2], norm("bn1_1", 2)[3:]), "conv1_1 has no batch norm's mean"},
		{"a batch norm of another width", join(first, norm("features.1", 3)), "the batch norm's factor of conv1_1, at position 0 of the sequence, has the shape [3], expected [2]"},
		{"kernels first, mixed", []array{
			{name: "conv1_1.weight", shape: []int64{3, 3, 3, 2}}, {name: "conv1_1.bias", shape: []int64{2}},
			{name: "conv1_2.weight", shape: []int64{2, 2, 3, 3}}, {name: "conv1_2.bias", shape: []int64{2}},
		}, "the weight of conv1_2 has the shape [3 3 2 2], expected [out in 3 3]"},
		{"no colours", colours(make([]float32, 9), []float32{0, 0, 0}), "which leave out a colour"},
		{"two colours", colours([]float32{1, 0, 0, 0, 1, 0, 1, 1, 0}, []float32{0, 0, 0}), "which leave out a colour"},
		{"colours without bias", colours([]float32{1, 0, 0, 0, 1, 0, 0, 0, 1}, nil), "has no bias of 3 values"},
		{"colours of a short bias", colours([]float32{1, 0, 0, 0, 1, 0, 0, 0, 1}, []float32{0, 0}), "has no bias of 3 values"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := readBytes(arrays(t, c.list...)); !errors.Is(err, ErrNotVGG) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	t.Run("a negative variance", func(t *testing.T) {
		bn := norm("features.1", 2)
		bn[3].values = []float32{0, -1}
		_, err := readBytes(arrays(t, join(first, bn)...))
		if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "value 1 of the batch norm's variance of conv1_1 is -1") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("too large with its batch norm", func(t *testing.T) {
		bn := norm("features.1", 2)
		bn[1].values = []float32{math.MaxFloat32, 0}
		bn[0].values = []float32{math.MaxFloat32, 0}
		bn[2].values = []float32{-math.MaxFloat32, 0}
		_, err := readBytes(arrays(t, join(first, bn)...))
		if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "with its batch norm, conv1_1 has values too large") {
			t.Errorf("got %v", err)
		}
	})
}

// TestKernelOrder checks that kernels with 3x3 first equal those with 3x3 last, even
// where one layer could be either.
func TestKernelOrder(t *testing.T) {
	list := []array{
		{name: "conv1_1.weight", shape: []int64{3, 3, 3, 3}}, {name: "conv1_1.bias", shape: []int64{3}},
		{name: "conv1_2.weight", shape: []int64{3, 3, 3, 2}}, {name: "conv1_2.bias", shape: []int64{2}},
	}
	for i := range 2 {
		v := make([]float32, (&tensor{shape: list[2*i].shape}).count())
		for j := range v {
			v[j] = float32(j)
		}
		list[2*i].values = v
	}
	n, err := Open(saved(t, arrays(t, list...)), Override{PartialInput: CaffeInput.partial()})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range n.Convs {
		for o := range c.Out {
			for i := range c.In {
				for k := range 9 {
					want := float32((k*c.In+i)*c.Out + o)
					if got := c.Weight[(o*c.In+i)*9+k]; got != want {
						t.Fatalf("%s at %d, %d, %d: got %v, want %v", c.Name, o, i, k, got, want)
					}
				}
			}
		}
	}
}

func TestFamily(t *testing.T) {
	widths := []int64{64, 128, 256, 512, 512}
	chain := func(norm *module, blocks ...int) []layer {
		var l []layer
		for b, n := range blocks {
			for range n {
				l = append(l, layer{out: int(widths[b]), norm: norm})
			}
		}
		return l
	}
	half := chain(nil, 2, 2, 4, 4, 4)
	for i := range half {
		half[i].out /= 2
	}
	for want, layers := range map[string][]layer{
		"VGG-11":                 chain(nil, 1, 1, 2, 2, 2),
		"VGG-13":                 chain(nil, 2, 2, 2, 2, 2),
		"VGG-16":                 chain(nil, 2, 2, 3, 3, 3),
		"VGG-19":                 chain(nil, 2, 2, 4, 4, 4),
		"VGG-19 with batch norm": chain(&module{}, 2, 2, 4, 4, 4),
	} {
		if got := family(layers); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for name, layers := range map[string][]layer{
		"cut": chain(nil, 2, 2, 4, 4), "half as wide": half, "of no published depth": chain(nil, 2, 2, 4, 4, 3),
	} {
		if got := family(layers); got != "vgg" {
			t.Errorf("%s: got %s, want vgg", name, got)
		}
	}
}

// TestEpsilons checks the different epsilons of PyTorch and Keras, which matter for
// small variances.
func TestEpsilons(t *testing.T) {
	for _, c := range []struct {
		layer, norm string
		want        float32
	}{
		{"features.0", "features.1", float32(1 / math.Sqrt(1e-5))},
		{"block1_conv1", "block1_bn1", float32(1 / math.Sqrt(1e-3))},
	} {
		list := append(conv(c.layer, 1, 3), norm(c.norm, 1)...)
		list[0].values = slices.Repeat([]float32{1}, 27)
		list[2].values = []float32{1} // the factor; the variance is 0
		n, err := readBytes(arrays(t, list...))
		if err != nil {
			t.Fatal(err)
		}
		if got := n.Convs[0].Weight[0]; got != c.want {
			t.Errorf("%s: got %v, want %v", c.layer, got, c.want)
		}
	}
}
