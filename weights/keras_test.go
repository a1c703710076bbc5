package weights

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestKeras3 reads files whose layers Keras 3 has numbered: of a single model, and of
// one within another beside a decoder, as HDF5 and as .keras.
func TestKeras3(t *testing.T) {
	const dir = "testdata/keras/"
	plain := readTestFile(t, dir+"vgg16.weights.h5")
	members := []member{
		{"metadata.json", []byte(`{"keras_version": "3.5.0"}`)}, {"config.json", []byte("{}")},
		{kerasWeights, plain},
	}
	for _, c := range []struct {
		name, reference string
		file            []byte
		format          string
		source          string // of the 11th convolution
	}{
		{"weights", "vgg16", plain, "HDF5", "layers/conv2d_10/vars/0"},
		{"weights with batch norms", "vgg19-norms", readTestFile(t, dir+"vgg19-norms-latest.weights.h5"), "HDF5", "layers/functional/layers/conv2d_10/vars/0"},
		{"archive", "vgg16", archive(t, members...), "Keras", "layers/conv2d_10/vars/0"},
		{"archive with compression", "vgg16", packedArchive(t, zip.Deflate, members...), "Keras", "layers/conv2d_10/vars/0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			want, err := Open(dir+c.reference+".safetensors", Override{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := Read(bytes.NewReader(c.file), int64(len(c.file)), "x", Override{PartialInput: CaffeInput.partial()})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Convs, got.Convs, sameBits); diff != "" {
				t.Errorf("convolutions (-want +got):\n%s", diff)
			}
			if got.Format != c.format || got.Sources[10] != c.source {
				t.Errorf("got the format %s and the 11th source %s", got.Format, got.Sources[10])
			}
			// The numbers do not imply the input convention.
			if _, err := readBytes(c.file); !errors.Is(err, ErrNoInput) {
				t.Errorf("without an input: got %v, want %v", err, ErrNoInput)
			}
		})
	}
}

// A kerasLayer is a convolution of a test file. Its biases have the value, in the last
// bits of a float16.
type kerasLayer struct {
	name    string
	in, out int64
	value   uint16
}

// kerasFile returns a file whose kernels and biases have names with these ends.
func kerasFile(kernel, bias string, layers ...kerasLayer) []byte {
	var entries []string
	var data []byte
	for _, l := range layers {
		begin := int64(len(data))
		data = append(data, make([]byte, 2*9*l.in*l.out)...)
		middle := int64(len(data))
		for range l.out {
			data = binary.LittleEndian.AppendUint16(data, l.value)
		}
		entries = append(entries,
			entry(l.name+kernel, "F16", fmt.Sprintf("[3,3,%d,%d]", l.in, l.out), begin, middle),
			entry(l.name+bias, "F16", fmt.Sprintf("[%d]", l.out), middle, int64(len(data))))
	}
	header := describe(entries...)
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), data...)
}

// numberedLayers are layers with these widths, the first for colours, numbered from
// first on in steps. The number 0 is omitted.
func numberedLayers(name string, first, step int, widths ...int64) []kerasLayer {
	var layers []kerasLayer
	in := int64(3)
	for i, w := range widths {
		l := kerasLayer{name, in, w, uint16(i)}
		if number := first + i*step; number > 0 {
			l.name += fmt.Sprintf("_%d", number)
		}
		layers = append(layers, l)
		in = w
	}
	return layers
}

// narrow returns the widths of n layers with one output channel.
func narrow(n int) []int64 { return slices.Repeat([]int64{1}, n) }

func native(layers ...kerasLayer) []byte { return kerasFile("/vars/0", "/vars/1", layers...) }

func TestKerasBlocks(t *testing.T) {
	vgg19 := []string{"conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2", "conv3_3", "conv3_4",
		"conv4_1", "conv4_2", "conv4_3", "conv4_4", "conv5_1", "conv5_2", "conv5_3", "conv5_4"}
	vgg16 := []string{"conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2", "conv3_3",
		"conv4_1", "conv4_2", "conv4_3", "conv5_1", "conv5_2", "conv5_3"}
	shuffled := numberedLayers("layers/conv2d", 0, 1, narrow(16)...)
	rand.New(rand.NewPCG(1, 2)).Shuffle(16, func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	encoder := numberedLayers("encoder/layers/conv2d", 0, 1, 64, 64, 128, 128, 256, 256, 256, 256, 512)
	decoder := numberedLayers("decoder/layers/conv2d", 0, 1, narrow(8)...)
	decoder[0].in = 512
	// Keras 3 uses names such as conv2d_1/sequential/conv2d_1 in files of Keras 2.
	grouped := numberedLayers("conv2d", 0, 1, narrow(16)...)
	for i, l := range grouped {
		grouped[i].name = l.name + "/sequential/" + l.name
	}
	own := kerasFile("/kernel", "/bias", grouped...)
	for _, c := range []struct {
		name string
		file []byte
		want []string
	}{
		{"8", native(numberedLayers("layers/conv2d", 0, 1, narrow(8)...)...),
			[]string{"conv1_1", "conv2_1", "conv3_1", "conv3_2", "conv4_1", "conv4_2", "conv5_1", "conv5_2"}},
		{"10", native(numberedLayers("conv2d", 0, 1, narrow(10)...)...),
			[]string{"conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2", "conv4_1", "conv4_2", "conv5_1", "conv5_2"}},
		{"13", native(numberedLayers("my/encoder/layers/conv2d", 0, 1, narrow(13)...)...), vgg16},
		{"16 in any order", native(shuffled...), vgg19},
		{"16 with every second number", native(numberedLayers("_layer_checkpoint_dependencies/conv2d", 0, 2, narrow(16)...)...), vgg19},
		{"as Keras 2 numbers them in a session", kerasFile("/kernel:0", "/bias:0", numberedLayers("model_weights/conv2d", 87, 1, narrow(16)...)...), vgg19},
		{"in groups of their own names", own, vgg19},
		{"the first of VGG-16", native(numberedLayers("conv2d", 5, 1, 64, 64, 128, 128, 256, 256, 256, 512)...), vgg16[:8]},
		{"as many of VGG-19 as VGG-16 has", native(numberedLayers("conv2d", 5, 1, 64, 64, 128, 128, 256, 256, 256, 256, 512, 512, 512, 512, 512)...), vgg19[:13]},
		{"beside a decoder", native(slices.Concat(decoder, encoder)...), vgg19[:9]},
		{"beside too many other layers", native(slices.Concat(numberedLayers("generator/conv2d", 0, 1, narrow(40)...), encoder)...), vgg19[:9]},
		{"beside layers with names", native(slices.Concat(
			numberedLayers("block1_conv1", 0, 1, 1), numberedLayers("generator/conv2d", 0, 1, narrow(7)...))...), vgg19[:1]},
		{"beside the layers of another network", native(slices.Concat(
			numberedLayers("a/conv2d", 0, 1, narrow(3)...), numberedLayers("b/conv2d", 0, 1, narrow(16)...))...), vgg19},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := readBytes(c.file)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for i, conv := range n.Convs {
				names = append(names, conv.Name)
				const last = 1.0 / (1 << 24) // the last bit of a float16
				if got := conv.Bias[0] / last; got != float32(i) {
					t.Errorf("%s has the biases of the layer %v, expected %d", conv.Name, got, i)
				}
			}
			if diff := cmp.Diff(c.want, names); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestHostileKeras(t *testing.T) {
	many := func(n int) []byte { return native(numberedLayers("layers/conv2d", 0, 1, narrow(n)...)...) }
	weights := readTestFile(t, "testdata/keras/vgg16.weights.h5")
	packed := packedArchive(t, zip.Deflate, member{kerasWeights, weights})
	lies := func(at int, b ...byte) []byte {
		file := bytes.Clone(packed)
		copy(file[bytes.LastIndex(file, []byte(kerasWeights))-zipDirectoryLength+at:], b)
		return file
	}
	broken := bytes.Clone(packed)
	broken[len(broken)/2] ^= 0xff
	for _, c := range []struct {
		name string
		file []byte
		kind error
		want string
	}{
		{"7", many(7), ErrNotVGG, "found 7 convolutions that are numbered, expected the 8, 10, 13 or 16 of a VGG"},
		{"17", many(17), ErrNotVGG, "found 17 convolutions that are numbered"},
		{"a hundred", many(100), ErrNotVGG, "found 100 convolutions that are numbered"},
		{"grey", native(kerasLayer{name: "conv2d", in: 1, out: 64}), ErrNotVGG, "from 3 input channels on"},
		{"two networks", native(slices.Concat(numberedLayers("a/conv2d", 0, 1, narrow(8)...), numberedLayers("b/conv2d", 0, 1, narrow(8)...))...),
			ErrSeveral, `several networks in one file, whose layers' names begin with "a" (vgg, to conv5_2), "b"`},
		{"a batch norm", kerasFile("/vars/0", "/vars/1", append(numberedLayers("conv2d", 0, 1, narrow(8)...), kerasLayer{"batch_normalization", 1, 1, 0})...),
			ErrNotVGG, "found 1 batch norms that are numbered, expected one for each of 8 convolutions, or none"},
		{"a bias alone", kerasFile("/other", "/vars/1", numberedLayers("conv2d", 0, 1, narrow(8)...)...), ErrNotVGG, "found 8 convolutions that are numbered"},
		{"twice", native(kerasLayer{"conv2d", 3, 1, 0}, kerasLayer{"conv2d_0", 3, 1, 0}), ErrMalformed, `"conv2d/vars/0" is there twice`},

		{"no HDF5", archive(t, member{kerasWeights, []byte("no HDF5")}), ErrMalformed, "begins with 6e 6f 20 48 44 46 35, expected an HDF5 file"},
		{"empty", archive(t, member{kerasWeights, nil}), ErrMalformed, "expected an HDF5 file"},
		{"unpacks to too much", packedArchive(t, zip.Deflate, member{kerasWeights, make([]byte, 1<<20)}), ErrMalformed, "expected at most 16 times as many"},
		{"unpacks to less than it says", lies(24, 255, 255, 0, 0), ErrMalformed, kerasWeights},
		{"unpacks to more than it says", lies(24, 0, 16, 0, 0), ErrMalformed, kerasWeights},
		{"another checksum", lies(16, 1, 2, 3, 4), ErrMalformed, "cannot be unpacked: zip: checksum error"},
		{"packed bytes broken", broken, ErrMalformed, kerasWeights},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readNPZFile(t, c.file)
			if !errors.Is(err, c.kind) {
				t.Fatalf("got %v, want %v", err, c.kind)
			}
			if err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to say %s", err, c.want)
			}
		})
	}
}

func kerasSeeds(t testing.TB) [][]byte {
	var seeds [][]byte
	for _, weights := range [][]byte{smallestHDF5(), readTestFile(t, "testdata/keras/one-v108.h5")} {
		m := member{kerasWeights, weights}
		seeds = append(seeds, archive(t, m), packedArchive(t, zip.Deflate, m))
	}
	return seeds
}

func FuzzReadKeras(f *testing.F) {
	for _, seed := range kerasSeeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		copy(file, zipLocal) // so that no other reader is tried
		n, err := readNPZFile(t, file)
		checkForeign(t, n, err)
	})
}
