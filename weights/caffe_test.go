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

// caffeBlob is a blob of float32 ones in the older form.
func caffeBlob(num, channels, height, width uint64) string {
	return varint(1, num) + varint(2, channels) + varint(3, height) + varint(4, width) + nested(blobFloats, ones(num*channels*height*width))
}

func ones(n uint64) string { return strings.Repeat("\x00\x00\x80\x3f", int(n)) }

// shaped returns a blob with a shape.
func shaped(numbers string, shape ...uint64) string {
	packed := ""
	for _, d := range shape {
		packed += string(binary.AppendUvarint(nil, d))
	}
	return numbers + nested(blobShape, nested(shapeDim, packed))
}

// layerV1 and layerV2 are convolutions of the older schema and of the current one.
func layerV1(name string, blobs []string, more ...string) string {
	s := nested(3, name) + nested(caffeV1.name, name) + varint(caffeV1.typ, convolutionV1)
	for _, b := range blobs {
		more = append(more, nested(caffeV1.blobs, b))
	}
	return nested(caffeLayers, s+proto(more...))
}

func layerV2(name string, blobs []string, more ...string) string {
	s := nested(caffeV2.name, name) + nested(caffeV2.typ, "Convolution")
	for _, b := range blobs {
		more = append(more, nested(caffeV2.blobs, b))
	}
	return nested(caffeLayer, s+proto(more...))
}

// caffeFile makes a model of layers.
func caffeFile(layers ...string) []byte { return []byte(nested(caffeName, "TEST") + proto(layers...)) }

// smallestCaffe are the blobs of the smallest VGG.
var smallestCaffe = []string{caffeBlob(1, 3, 3, 3), caffeBlob(1, 1, 1, 1)}

func TestCaffe(t *testing.T) {
	bias := func(b string) []byte { return caffeFile(layerV1("conv1_1", []string{smallestCaffe[0], b})) }
	conv := func(params string) []byte {
		return caffeFile(layerV2("conv1_1", smallestCaffe, nested(caffeV2.conv, params)))
	}
	single := float(blobFloats, 1)
	for _, c := range []struct {
		name string
		file []byte
		kind error
		want string
	}{
		{"fine: the older layers", caffeFile(layerV1("conv1_1", smallestCaffe)), nil, ""},
		{"fine: today's layers", caffeFile(layerV2("conv1_1", smallestCaffe)), nil, ""},
		{"fine: without a name", []byte(layerV1("conv1_1", smallestCaffe)), nil, ""},
		{"fine: today's without a name", []byte(layerV2("conv1_1", smallestCaffe)), nil, ""},
		{"fine: its input first", []byte(nested(3, "data") + layerV1("conv1_1", smallestCaffe)), nil, ""},
		{"fine: stride 1", conv(nested(convStride, "\x01\x01") + varint(convGroup, 1) + varint(convDilation, 1)), nil, ""},
		{"fine: a shape", bias(shaped(nested(blobFloats, ones(1)), 1)), nil, ""},
		{"fine: doubles", bias(shaped(nested(blobDoubles, "\x00\x00\x00\x00\x00\x00\xf0\x3f"), 1)), nil, ""},
		{"fine: numbers one by one", bias(shaped(single, 1)), nil, ""},
		{"fine: gradients", bias(caffeBlob(1, 1, 1, 1) + nested(6, ones(5))), nil, ""},
		{"fine: a classifier", caffeFile(layerV1("conv1_1", smallestCaffe), nested(caffeLayers, nested(caffeV1.name, "fc6")+varint(caffeV1.typ, 14)+nested(caffeV1.blobs, ""))), nil, ""},
		{"fine: batch norms without blobs", caffeFile(layerV2("conv1_1", smallestCaffe), nested(caffeLayer, nested(caffeV2.name, "bn")+nested(caffeV2.typ, "BatchNorm"))), nil, ""},

		{"no layers", caffeFile(nested(3, "data")), ErrNotVGG, "found no tensors, expected conv1_1.weight"},
		{"another network", caffeFile(layerV2("conv1/7x7_s2", smallestCaffe)), ErrNotVGG, `found tensors such as "conv1/7x7_s2.weight"`},
		{"no bias", caffeFile(layerV1("conv1_1", smallestCaffe[:1])), ErrNotVGG, "conv1_1 has no bias"},
		{"a third blob", caffeFile(layerV1("conv1_1", append(smallestCaffe[:2:2], ""))), ErrNotVGG, `"conv1_1" has 3 blobs`},
		{"a layer twice", caffeFile(layerV1("conv1_1", smallestCaffe), layerV2("conv1_1", smallestCaffe)), ErrMalformed, `"conv1_1.weight" is there twice`},
		{"a batch norm", caffeFile(layerV2("conv1_1", smallestCaffe), nested(caffeLayer, nested(caffeV2.name, "bn1_1")+nested(caffeV2.typ, "BatchNorm")+nested(caffeV2.blobs, ""))), ErrNotVGG, `"bn1_1" is a batch norm`},
		{"stride 2", conv(varint(convStride, 2)), ErrNotVGG, `"conv1_1" has the stride [2], expected 1`},
		{"stride 2 in height", conv(varint(convStrideH, 2)), ErrNotVGG, "the stride [2]"},
		{"groups", conv(varint(convGroup, 2)), ErrNotVGG, "the group [2]"},
		{"dilation", conv(varint(convDilation, 4)), ErrNotVGG, "the dilation [4]"},
		{"endless strides", conv(nested(convStride, strings.Repeat("\x01", 65))), ErrMalformed, "a list of at most 64 integers"},
		{"too few numbers", bias(varint(1, 2) + nested(blobFloats, ones(1))), ErrMalformed, "has 4 bytes, which is not what float32"},
		{"no numbers", bias(shaped("", 1)), ErrMalformed, "has 0 bytes"},
		{"no shape", bias(nested(blobFloats, ones(1))), ErrMalformed, "the shape [0 0 0 0]"},
		{"half a number", bias(shaped(nested(blobFloats, "\x00\x00"), 1)), ErrMalformed, "not a list of numbers of 4 bytes"},
		{"numbers of another width", bias(shaped(nested(blobFloats, ones(1))+varint(blobFloats, 1), 1)), ErrMalformed, "not a list of numbers of 4 bytes"},
		{"floats and doubles", bias(shaped(nested(blobFloats, ones(1))+nested(blobDoubles, ones(2)), 1)), ErrMalformed, "both as float and as double"},
		{"negative dimension", bias(shaped(nested(blobFloats, ones(1)), math.MaxUint64)), ErrMalformed, "the shape [-1]"},
		{"shape that overflows", bias(shaped("", 1<<32, 1<<32)), ErrMalformed, "has 0 bytes"},
		{"too many dimensions", bias(shaped(nested(blobFloats, ones(1)), make([]uint64, 65)...)), ErrMalformed, "a list of at most 64 integers"},
		{"grey input", caffeFile(layerV1("conv1_1", []string{caffeBlob(1, 1, 3, 3), smallestCaffe[1]})), ErrNotVGG, "1 input channels"},
		{"cut short", caffeFile(layerV1("conv1_1", smallestCaffe))[:100], ErrMalformed, "cut short"},
		{"not a number", bias(shaped(nested(blobFloats, "\x00\x00\xc0\x7f"), 1)), ErrMalformed, "NaN"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := readCaffeFile(t, c.file)
			if !errors.Is(err, c.kind) {
				t.Fatalf("got %v, want %v", err, c.kind)
			}
			if err != nil {
				if !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want it to say %s", err, c.want)
				}
				return
			}
			if v := n.Convs[0]; n.Input != CaffeInput || v.Weight[26] != 1 || v.Bias[0] != 1 || n.Format != "Caffe" {
				t.Errorf("got %+v", n)
			}
		})
	}
	t.Run("read errors", func(t *testing.T) { checkReadErrors(t, caffeFile(layerV1("conv1_1", smallestCaffe))) })
}

// TestCaffeNumbers reads numbers that are packed, single, or both.
func TestCaffeNumbers(t *testing.T) {
	var numbers string
	const packed, n = 7, 27
	value := func(i int) float32 { return float32(i) - 3.5 }
	for i := range packed {
		numbers += string(binary.LittleEndian.AppendUint32(nil, math.Float32bits(value(i))))
	}
	numbers = nested(blobFloats, numbers[:8]) + nested(blobFloats, numbers[8:])
	for i := packed; i < n; i++ {
		numbers += float(blobFloats, value(i)) + varint(99, 1)
	}
	file, err := readCaffeFile(t, caffeFile(layerV2("conv1_1", []string{shaped(numbers, 1, 3, 3, 3), smallestCaffe[1]})))
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range file.Convs[0].Weight {
		if v != value(i) {
			t.Errorf("value %d is %v, want %v", i, v, value(i))
		}
	}
}

// TestCaffeGivenLayers reads a model with layer names from the user.
func TestCaffeGivenLayers(t *testing.T) {
	file := caffeFile(layerV2("stem", smallestCaffe))
	n, err := Read(strings.NewReader(string(file)), int64(len(file)), "x", Override{Layers: [][]string{{"stem"}}})
	if err != nil {
		t.Fatal(err)
	}
	if n.Sources[0] != "stem.weight" || n.Input != CaffeInput {
		t.Errorf("got %q and %v", n.Sources, n.Input)
	}
}

// TestOtherFilesAreNotCaffe checks that files with similar first bytes are not taken
// for a model.
func TestOtherFilesAreNotCaffe(t *testing.T) {
	for _, begin := range []string{
		"", "\x12", "\x0a", "\n<!DOCTYPE html>", "\n\n\n\n\n\n", "\x12\x34\x56\x78\x9a", "\x0a\x04TEST", "\x0a\x04TEST\x00\x00\x00",
		"\x0a\x04\x00\x01\x02\x03\x12\x02\x22\x00", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x12\x10\x82\x01\x00", "\xa2\x06\x00",
		// A message of another kind.
		"\x0a\x0b\x08\x01\x12\x07",
	} {
		if isCaffe([]byte(begin)) {
			t.Errorf("%q is taken for a model of Caffe", begin)
		}
	}
}

func readCaffeFile(t testing.TB, file []byte) (*Network, error) {
	t.Helper()
	return readBounded(t, file, 2*len(file)+3*bufferSize+64<<10)
}

// TestLargeCaffe checks that a message costs at most its size, whatever it contains.
func TestLargeCaffe(t *testing.T) {
	const size = 1 << 20
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	for name, layers := range map[string]string{
		"layers":             fill(nested(caffeLayers, nested(caffeV1.name, "a"))),
		"empty layers":       fill(nested(caffeLayer, "")),
		"convolutions":       fill(layerV1("a", []string{""})),
		"today's":            fill(layerV2("a", []string{""})),
		"blobs":              layerV1("conv1_1", make([]string, size/2)),
		"names":              nested(caffeLayers, fill(nested(caffeV1.name, "a"))),
		"types":              nested(caffeLayer, fill(nested(caffeV2.typ, "Convolution"))),
		"dimensions":         layerV1("conv1_1", []string{fill(nested(blobShape, varint(shapeDim, 1)))}),
		"numbers":            layerV1("conv1_1", []string{fill(nested(blobFloats, ""))}),
		"numbers one by one": layerV1("conv1_1", []string{fill(float(blobFloats, 1))}),
		"networks' names":    fill(nested(caffeName, "a")),
		"poolings":           fill(nested(caffeLayers, varint(caffeV1.typ, poolingV1))),
		"unknown fields":     fill(varint(50, 1)),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := readCaffeFile(t, caffeFile(layers)); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func caffeSeeds(t testing.TB) [][]byte {
	seeds := [][]byte{caffeFile(layerV1("conv1_1", smallestCaffe)), caffeFile(layerV2("conv1_1", smallestCaffe))}
	for _, name := range []string{"v1", "v2"} {
		file, err := os.ReadFile("testdata/formats/" + name + ".caffemodel")
		if err != nil {
			t.Fatal(err)
		}
		seeds = append(seeds, file)
	}
	return seeds
}

func TestCaffeMutations(t *testing.T) {
	checkMutations(t, rand.New(rand.NewPCG(11, 12)), caffeSeeds(t), readCaffeFile)
}

func FuzzReadCaffe(f *testing.F) {
	for _, seed := range caffeSeeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		n, err := readBytes(file)
		checkForeign(t, n, err)
	})
}
