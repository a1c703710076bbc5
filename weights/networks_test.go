package weights

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// vggArrays returns the arrays of a small VGG with random values: the convolutions of
// blocks, with names from name by block, index and position in the sequence.
func vggArrays(seed uint64, blocks []int, name func(block, index, position int) string) []array {
	r := rand.New(rand.NewPCG(seed, 1))
	var list []array
	in, position := int64(3), 0
	for b, count := range blocks {
		for i := range count {
			out := int64(4 + b)
			layer := conv(name(b+1, i+1, position), out, in)
			for k := range layer {
				layer[k].values = make([]float32, (&tensor{shape: layer[k].shape}).count())
				for j := range layer[k].values {
					layer[k].values[j] = float32(r.NormFloat64())
				}
			}
			list = append(list, layer...)
			in = out
			position += 2
		}
		position++
	}
	return list
}

// TestPrefixes checks that the names of the layers may have any common prefix.
func TestPrefixes(t *testing.T) {
	blocks := []int{2, 2, 1}
	caffe := CaffeInput.partial()
	want, err := Open(saved(t, arrays(t, vggArrays(1, blocks, func(b, i, _ int) string { return convName(b, i) })...)), Override{PartialInput: caffe})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"features.module.{p}", "timm_model.features.{p}", "_orig_mod.features.{p}", "teacher.features.{p}", "state_dict_ema.features.{p}",
		"vgg_layers.{p}", "vgg_net.{p}", "cnn.{p}", "{p}", "a.b/c.{p}", "functional_1/block{b}_conv{i}", "my.conv{b}_{i}", "m.conv{b}{i}",
		"slice{b}.{p}", "net.slice{b}.{p}", "relu{b}_{i}.{p}", "vgg_16/conv{b}/conv{b}_{i}",
	} {
		t.Run(name, func(t *testing.T) {
			list := vggArrays(1, blocks, func(b, i, p int) string {
				return strings.NewReplacer("{b}", strconv.Itoa(b), "{i}", strconv.Itoa(i), "{p}", strconv.Itoa(p)).Replace(name)
			})
			n, err := Open(saved(t, arrays(t, list...)), Override{PartialInput: caffe})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Convs, n.Convs, sameBits); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if n.Sources[0] != list[0].name {
				t.Errorf("conv1_1 comes from %s, want %s", n.Sources[0], list[0].name)
			}
		})
	}
}

// TestSeveralNetworks checks that a VGG is found beside other networks, and that the
// user can choose one of several.
func TestSeveralNetworks(t *testing.T) {
	sequence := func(prefix string) func(b, i, p int) string {
		return func(_, _, p int) string { return fmt.Sprintf("%s%d", prefix, p) }
	}
	deep, shallow, short := []int{2, 2, 4, 4, 4}, []int{1, 1, 2, 2, 2}, []int{2, 2}
	teacher, student := vggArrays(1, deep, sequence("teacher.features.")), vggArrays(2, shallow, sequence("student.features."))
	plain := vggArrays(3, deep, func(b, i, _ int) string { return convName(b, i) })
	classifier := []array{{name: "classifier.0.weight", shape: []int64{4, 4}}, {name: "classifier.3.weight", shape: []int64{4, 4}}}
	residual := append(conv("layer1.0.downsample.0", 8, 8), norm("layer1.0.downsample.1", 8)...)
	residual[0].shape = []int64{8, 8, 1, 1}
	both := slices.Concat(teacher, student)
	damaged := slices.Clone(teacher)
	damaged[6].name = "other.weight"
	for _, c := range []struct {
		name   string
		list   []array
		prefix string
		first  string // the name of conv1_1, or part of the error
	}{
		{"with a classifier and others", slices.Concat(residual, classifier, teacher), "", "teacher.features.0.weight"},
		{"beside a generator that begins like one", slices.Concat(vggArrays(2, short, sequence("G.")), teacher), "", "teacher.features.0.weight"},
		{"the teacher", both, "teacher.features", "teacher.features.0.weight"},
		{"the student", both, "student.features.", "student.features.0.weight"},
		{"one without a prefix", slices.Concat(teacher, plain), ".", "conv1_1.weight"},
		{"the student by its first part", both, "student", "student.features.0.weight"},
		{"several", both, "", `several networks in one file, whose layers' names begin with "teacher.features" (vgg, to conv5_4), "student.features" (vgg, to conv5_2): ` +
			`choose one with --prefix, such as --prefix "teacher.features"`},
		{"of another scheme too", slices.Concat(plain, teacher), "teacher", "teacher.features.0.weight"},
		{"another prefix", both, "model", `no layers have names that begin with "model"; found the prefixes "teacher.features", "student.features"`},
		{"none, of several", slices.Concat(residual, classifier), "", `found tensors such as "layer1.0.downsample.1.num_batches_tracked", "layer1.0.downsample.0.weight", "classifier.0.weight", expected`},
		{"the one that comes closest", slices.Concat(classifier, damaged, residual), "", "conv2_2, at position 7 of the sequence, has a bias or a batch norm but no weight"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := Open(saved(t, arrays(t, c.list...)), Override{PartialInput: CaffeInput.partial(), Prefix: c.prefix})
			switch {
			case err != nil:
				if several := c.name == "several"; errors.Is(err, ErrSeveral) != several || errors.Is(err, ErrNotVGG) == several || !strings.Contains(err.Error(), c.first) {
					t.Errorf("got %v, want %s", err, c.first)
				}
			case n.Sources[0] != c.first:
				t.Errorf("conv1_1 comes from %s, want %s", n.Sources[0], c.first)
			}
		})
	}
}

// TestManyNames checks that names alone take little memory and time, even of many
// possible networks.
func TestManyNames(t *testing.T) {
	for _, name := range []string{"%d/0.weight", "%d.conv1_1.weight", "%d.conv9_9.weight", "a%d.0.weight", "%d.features.0.bias"} {
		var entries []string
		for i := range 10_000 {
			entries = append(entries, entry(fmt.Sprintf(name, i), "F32", "[0]", 0, 0))
		}
		file := pack("{"+strings.Join(entries, ",")+"}", 0)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := readBytes(file)
		runtime.ReadMemStats(&after)
		if !errors.Is(err, ErrNotVGG) || !strings.Contains(err.Error(), "more than 2048 tensors") {
			t.Errorf("%s: got %v", name, err)
		}
		const perTensor = 2 << 10
		if got, most := after.TotalAlloc-before.TotalAlloc, uint64(2*len(file)+perTensor*maxTensors); got > most {
			t.Errorf("%s: allocated %d bytes for a file of %d, expected at most %d", name, got, len(file), most)
		}
	}
}

// TestTheano checks that kernels of Keras on Theano are rotated, where the file is
// certainly one of those.
func TestTheano(t *testing.T) {
	upright := conv("block1_conv1", 4, 3)[0]
	upright.values = make([]float32, 4*27)
	turned := upright
	turned.values = make([]float32, 4*27)
	for i := range upright.values {
		upright.values[i] = float32(i)
		turned.values[i/9*9+8-i%9] = float32(i)
	}
	vgg19 := fingerprints[len(fingerprints)-1]
	published := func(turn bool) array {
		a := upright
		a.shape, a.values = []int64{64, 3, 3, 3}, make([]float32, 64*27)
		for _, v := range vgg19.values {
			place := v.place
			if turn {
				place = 8 - place
			}
			a.values[(v.out*3+v.channel)*9+place] = float32(v.value)
		}
		return a
	}
	for _, c := range []struct {
		name, weight string
		kernel       kernelOrder
		stored, want array
		source       string // empty: refused
	}{
		{"an HDF5 file", "block1_conv1/block1_conv1_W_1:0", heightWidthInOut, turned, upright, "Keras' names, with Theano's kernels"},
		{"names of PyTorch's", "block1_conv1.weight", outInHeightWidth, upright, upright, "Keras' names"},
		{"uncertain", "block1_conv1/kernel:0", outInHeightWidth, upright, upright, ""},
		{"the published, turned", "block1_conv1/kernel:0", outInHeightWidth, published(true), published(false), "Caffe's VGG-19 with Theano's kernels, by its first weights"},
		{"the published, upright", "block1_conv1_W", heightWidthInOut, published(false), published(false), "Caffe's VGG-19, by its first weights"},
		{"the published under other names", "conv1_1.weight", outInHeightWidth, published(true), published(false), "Caffe's VGG-19 with Theano's kernels, by its first weights"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.stored.name = c.weight
			bias := strings.NewReplacer("weight", "bias", "kernel", "bias", "_W", "_b").Replace(c.weight)
			var l listing
			file := arrays(t, c.stored, array{name: bias, shape: c.stored.shape[:1]})
			l.layout.kernel = c.kernel
			if err := l.addSafetensors(strings.NewReader(string(file)), int64(len(file))); err != nil {
				t.Fatal(err)
			}
			n, err := l.network(int64(len(file)), Override{})
			if c.source == "" {
				if several := c.name == "several"; errors.Is(err, ErrSeveral) != several || errors.Is(err, ErrNotVGG) == several || !strings.Contains(err.Error(), "Theano's are rotated by 180 degrees") {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want.values, n.Convs[0].Weight, sameBits); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if n.Input != CaffeInput || n.InputSource != c.source {
				t.Errorf("got %v by %s, want %s", n.Input, n.InputSource, c.source)
			}
		})
	}
}

// TestDistilled reads a network with the names of a distilled VGG-19, whose first
// layer, a 1x1 convolution, mixes the colors. Its activations equal those of the layers
// in the file, even at the borders.
func TestDistilled(t *testing.T) {
	list := vggArrays(7, []int{2, 1}, func(b, i, _ int) string { return fmt.Sprintf("model.conv%d%d", b, i) })
	mix := []float32{-0.25, -0.125, 254, 0.0625, 255.5, 0.03125, 253, 0.5, 0.25}
	shift := []float32{-104, -116.75, -123.5}
	aux := conv("model.conv11_aux", 6, 4)
	aux[0].shape = []int64{6, 4, 1, 1}
	n, err := readBytes(arrays(t, slices.Concat([]array{{"model.conv0.weight", []int64{3, 3, 1, 1}, mix}, {"model.conv0.bias", []int64{3}, shift}}, list, aux)...))
	if err != nil {
		t.Fatal(err)
	}
	if n.Input.Channels != "bgr" || n.Input.Max != 255 || n.Input.Std != [3]float32{1, 1, 1} || len(n.Convs) != 3 {
		t.Fatalf("got the input %v and %d convolutions", n.Input, len(n.Convs))
	}
	const side = 5
	r := rand.New(rand.NewPCG(3, 4))
	var file, read [3][side * side]float64
	for p := range side * side {
		rgb := [3]float64{float64(r.IntN(256)), float64(r.IntN(256)), float64(r.IntN(256))}
		for c := range 3 {
			file[c][p] = float64(shift[c])
			for k := range 3 {
				file[c][p] += float64(mix[3*c+k]) * rgb[k] / 255
			}
			read[c][p] = rgb[2-c] - float64(n.Input.Mean[c])
		}
	}
	want := convolve(list[0].values, list[1].values, 4, file, side)
	got := convolve(n.Convs[0].Weight, n.Convs[0].Bias, 4, read, side)
	for i := range want {
		if d := want[i] - got[i]; d > 1e-3 || d < -1e-3 { // of values up to some thousand
			t.Errorf("activation %d of conv1_1: got %v, want %v", i, got[i], want[i])
		}
	}
	for i, name := range []string{"conv1_2", "conv2_1"} {
		if c := n.Convs[i+1]; c.Name != name || !slices.Equal(c.Weight, list[2*i+2].values) {
			t.Errorf("%s differs from the file", c.Name)
		}
	}
}

// convolve returns a 3x3 convolution of 3 channels with zeros around them.
func convolve(weight, bias []float32, out int, x [3][25]float64, side int) []float64 {
	y := make([]float64, 0, out*side*side)
	for o := range out {
		for p := range side * side {
			sum := float64(bias[o])
			for c := range 3 {
				for k := range 9 {
					row, column := p/side+k/3-1, p%side+k%3-1
					if row >= 0 && row < side && column >= 0 && column < side {
						sum += float64(weight[(o*3+c)*9+k]) * x[c][row*side+column]
					}
				}
			}
			y = append(y, sum)
		}
	}
	return y
}

// FuzzFindName checks that any name has a valid place, or none.
func FuzzFindName(f *testing.F) {
	for _, name := range []string{"features.0.weight", "block1_conv1/block1_conv1_W_1:0", "a/b.conv11.bias", "x/vars/1", "conv0.weight", "bn5_4.running_var", "././0._W"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		var l layout
		for range 2 {
			err := l.add([]byte(name), func() (*tensor, error) { return &tensor{name: name, shape: []int64{1, 3, 3, 3}}, nil })
			if err != nil && !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
		}
		if _, err := l.choose(""); err == nil {
			t.Fatalf("%q alone is a VGG", name)
		}
	})
}
