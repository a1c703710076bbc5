package weights

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTorch reads files of PyTorch in both of its formats.
func TestTorch(t *testing.T) {
	const dir = "testdata/torch"
	for _, c := range []struct {
		name, want string
		given      PartialInput
		input      Input
	}{
		{"formats", "exact", PartialInput{}, TorchvisionInput},
		{"views", "exact", PartialInput{}, TorchvisionInput},
		{"channels-last", "exact", PartialInput{}, TorchvisionInput},
		{"checkpoint", "exact", PartialInput{}, TorchvisionInput},
		{"parameters", "exact", PartialInput{}, TorchvisionInput},
		{"features", "exact", PartialInput{}, TorchvisionInput},
		{"named", "exact", CaffeInput.partial(), CaffeInput},
		{"norms", "folded", PartialInput{}, TorchvisionInput},
		{"normalised", "exact", PartialInput{}, CaffeInput},
		{"training", "exact", PartialInput{}, TorchvisionInput},
		{"module", "exact", PartialInput{}, TorchvisionInput},
	} {
		want, err := Open(filepath.Join(dir, c.want+".safetensors"), Override{})
		if err != nil {
			t.Fatal(err)
		}
		for _, suffix := range []string{".pth", "-legacy.pth"} {
			t.Run(c.name+suffix, func(t *testing.T) {
				got, err := Open(filepath.Join(dir, c.name+suffix), Override{PartialInput: c.given})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want.Convs, got.Convs, sameBits); diff != "" {
					t.Errorf("convolutions (-want +got):\n%s", diff)
				}
				if got.Input != c.input {
					t.Errorf("got the input %v, want %v", got.Input, c.input)
				}
			})
		}
	}
}

// TestCheckpoints reads the network of a checkpoint in protocol 5, of a TorchScript
// archive, and of a dictionary of NumPy's arrays.
func TestCheckpoints(t *testing.T) {
	want, err := Open("testdata/torch/exact.safetensors", Override{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ file, source string }{
		{"training-protocol5.pth", "state_dict.features.module.0.weight"},
		{"module.pth", "teacher.module.features.0.weight"},
		{"script.pth", "features.0.weight"},
		{"dictionary.npy", "conv1_1.weight"},
	} {
		t.Run(c.file, func(t *testing.T) {
			got, err := Open("testdata/torch/"+c.file, Override{PartialInput: TorchvisionInput.partial()})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Convs, got.Convs, sameBits); diff != "" {
				t.Errorf("convolutions (-want +got):\n%s", diff)
			}
			if got.Sources[0] != c.source {
				t.Errorf("conv1_1 comes from %s, want %s", got.Sources[0], c.source)
			}
		})
	}
}

// TestPython2 reads a file of cPickle, whose memo counts from 1.
func TestPython2(t *testing.T) {
	for _, file := range []string{"python2.pth", "python2.npy"} {
		n, err := Open("testdata/torch/"+file, Override{PartialInput: CaffeInput.partial()})
		if err != nil {
			t.Fatal(err)
		}
		if got := [3]int{n.Convs[0].Out, n.Convs[1].Out, n.Convs[2].Out}; len(n.Convs) != 3 || got != [3]int{4, 4, 2} {
			t.Errorf("%s: %d convolutions with the outputs %v", file, len(n.Convs), got)
		}
		for _, c := range n.Convs {
			for _, values := range [][]float32{c.Weight, c.Bias} {
				for i, v := range values {
					if want := float32(i*7%61-30) / 16; v != want {
						t.Fatalf("%s: value %d of %s is %v, want %v", file, i, c.Name, v, want)
					}
				}
			}
		}
	}
}

func TestTorchNamedNeedsInput(t *testing.T) {
	_, err := Open("testdata/torch/named.pth", Override{})
	if !errors.Is(err, ErrNoInput) || !strings.Contains(err.Error(), "give --channels, --range, --mean, --std") {
		t.Errorf("got %v, want %v and what to say", err, ErrNoInput)
	}
}

// The parts of a pickle of the smallest VGG.
const (
	globalTensor  = "ctorch._utils\n_rebuild_tensor_v2\n"
	globalDict    = "ccollections\nOrderedDict\n"
	globalFloat   = "ctorch\nFloatStorage\n"
	pickleStart   = "\x80\x02"
	little        = pickleStart + "}X\x0d\x00\x00\x00little_endian\x88s."
	legacyHeader  = pickleStart + legacyMagic + pickleStart + "M\xe9\x03."
	storageWeight = "(" + "X\x07\x00\x00\x00storage" + globalFloat + "X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x1btQ"
	storageBias   = "(" + "X\x07\x00\x00\x00storage" + globalFloat + "X\x01\x00\x00\x001X\x03\x00\x00\x00cpuK\x01tQ"
	noHooks       = "\x89" + globalDict + ")R"
	tensorWeight  = globalTensor + "(" + storageWeight + "K\x00(K\x01K\x03K\x03K\x03t(K\x1bK\x09K\x03K\x01t" + noHooks + "tR"
	tensorBias    = globalTensor + "(" + storageBias + "K\x00K\x01\x85K\x01\x85" + noHooks + "tR"
)

// text returns the pickle of a text.
func text(s string) string {
	return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
}

// smallestState is a dictionary with the two tensors of the smallest VGG.
func smallestState(weight, bias string) string {
	return "}(" + text("features.0.weight") + weight + text("features.0.bias") + bias + "u"
}

// legacyFile returns a file in PyTorch's old format with a pickle, given without its
// protocol and its end, and the storages of the smallest VGG that it uses.
func legacyFile(object string) []byte {
	if !strings.Contains(object, text("0")+text("cpu")) {
		return []byte(legacyHeader + little + pickleStart + object + "." + pickleStart + "].")
	}
	file := []byte(legacyHeader + little + pickleStart + object + "." + pickleStart + "](" + text("0") + text("1") + "e.")
	file = binary.LittleEndian.AppendUint64(file, 27)
	file = append(file, make([]byte, 27*4)...)
	file = binary.LittleEndian.AppendUint64(file, 1)
	return append(file, make([]byte, 4)...)
}

// A member is a file of an archive.
type member struct {
	name string
	data []byte
}

// archive returns a zip archive of uncompressed members.
func archive(t testing.TB, members ...member) []byte {
	t.Helper()
	return packedArchive(t, zip.Store, members...)
}

func packedArchive(t testing.TB, method uint16, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		// CreateHeader would put the sizes after the data, as few programs do.
		h := &zip.FileHeader{Name: m.name, Method: method, CRC32: crc32.ChecksumIEEE(m.data), UncompressedSize64: uint64(len(m.data))}
		data := m.data
		if method == zip.Deflate {
			data = deflatedRaw(t, data)
		}
		h.CompressedSize64 = uint64(len(data))
		w, err := z.CreateRaw(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func deflatedRaw(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// torchZip returns a file in PyTorch's zip format with such a pickle and the storages
// of the smallest VGG.
func torchZip(t testing.TB, object string, more ...member) []byte {
	return archive(t, append([]member{
		{"a/data.pkl", []byte(pickleStart + object + ".")},
		{"a/data/0", make([]byte, 27*4)},
		{"a/data/1", make([]byte, 4)},
	}, more...)...)
}

// readTorch reads a file of PyTorch and checks its memory: the buffers of the decoder,
// of the pickle and of the directory, and the objects that the largest number of
// operations can create.
func readTorch(t testing.TB, file []byte) (*Network, error) {
	t.Helper()
	return readBounded(t, file, 2*len(file)+torchConstant)
}

const torchConstant = 3*bufferSize + 3*maxPickleText + 64<<10

func TestPickle(t *testing.T) {
	state := smallestState(tensorWeight, tensorBias)
	for _, c := range []struct {
		name   string
		object string
		kind   error // nil: the pickle is valid
		want   string
	}{
		{"fine", state, nil, ""},
		{"fine: a checkpoint", "}(" + text("epoch") + "K\x03" + text("rate") + "G" + strings.Repeat("\x00", 8) + text("state_dict") + state + "u", nil, ""},
		{"fine: attributes of a dictionary", globalDict + ")R" + state[1:] + "}" + text("_metadata") + globalDict + ")Rsb", nil, ""},
		{"fine: as Python 2 has dictionaries", globalDict + "](](U\x11features.0.weight" + tensorWeight + "e](U\x0ffeatures.0.bias" + tensorBias + "ee\x85R", nil, ""},
		{"fine: pairs that are tuples", globalDict + "](U\x11features.0.weight" + tensorWeight + "\x86U\x0ffeatures.0.bias" + tensorBias + "\x86e\x85R", nil, ""},
		{"fine: parameters", smallestState("ctorch._utils\n_rebuild_parameter\n"+tensorWeight+noHooks+"\x87R", tensorBias), nil, ""},
		{"fine: tensors of version 1", smallestState("ctorch._utils\n_rebuild_tensor\n("+storageWeight+"K\x00(K\x01K\x03K\x03K\x03t(K\x1bK\x09K\x03K\x01ttR", tensorBias), nil, ""},
		{"fine: a dictionary in itself", "}q\x00" + state[1:] + text("model") + "h\x00s", nil, ""},
		{"fine: integers of any length", "}(" + text("a") + "\x8a\x00" + text("b") + "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\xff" + text("c") + "J\xff\xff\xff\xff" + text("d") + "M\x00\x01" + state[2:], nil, ""},
		{"fine: the memo", "}(" + text("features.0.weight") + tensorWeight + "q\x00" + text("a") + "h\x00r\x01\x00\x00\x00" +
			text("b") + "j\x01\x00\x00\x00q\x00" + text("features.0.bias") + tensorBias + "u", nil, ""},

		{"fine: nothing is called", "}(" + text("run") + "cos\nsystem\n" + text("exit 1") + "\x85R" + text("more") + "cbuiltins\ngetattr\n" + globalDict + text("x") + "\x86R)R}b" + state[2:], nil, ""},
		{"fine: a dictionary of a class", "cmine\nState\n)\x81}" + text("a") + "Nsb" + state[1:], nil, ""},
		{"fine: a dictionary of a function with items", "ccollections\ndefaultdict\nc__builtin__\nlist\n\x85R" + state[1:], nil, ""},
		{"fine: an instance with names of arguments", "}" + text("model") + "cmine\nNet\n)}\x92" + state + "bs", nil, ""},
		{"fine: attributes and slots", "cmine\nNet\n)\x81" + state + "N\x86b", nil, ""},
		{"fine: modules in modules", "cmine\nNet\n)\x81}(" + text("_buffers") + "}" + text("_modules") + "}" + text("features") +
			"cmine\nList\n)\x81}" + text("_modules") + "}" + text("0") + "cmine\nConv\n)\x81}" + text("_parameters") + "}(" + text("weight") + tensorWeight + text("bias") + tensorBias +
			"usbssbsub", nil, ""},
		{"fine: a tensor of a class", smallestState("ctorch._tensor\n_rebuild_from_type_v2\n("+globalTensor+"cmine\nTensor\n"+strings.TrimSuffix(strings.TrimPrefix(tensorWeight, globalTensor), "R")+"}tR", tensorBias), nil, ""},
		{"fine: a parameter with a state", smallestState("ctorch._utils\n_rebuild_parameter_with_state\n("+tensorWeight+noHooks+"}tR", tensorBias), nil, ""},
		{"fine: a class of before 1.6", "(" + text("module") + "cmine\nNet\n" + text("net.py") + text("class Net: pass") + "tQ)\x81" + state + "b", nil, ""},
		{"fine: a storage of a type that no VGG has", "}(" + text("a") + strings.Replace(storageBias, "FloatStorage", "Float9Storage", 1) + state[2:], nil, ""},
		{"fine: protocol 0", "(dp0\nVfeatures.0.weight\np1\n" + tensorWeight + "sS'features.0.bias'\n" + tensorBias + "s(I1\nI01\nL5L\nL" + strings.Repeat("9", 30) + "L\nF1.5\nS\"a\\\"\"\nVx\\u0041\n(lp2\n(imine\nC\n(cmine\nC\nNog2\nP5\n1", nil, ""},
		{"fine: protocols 3 to 5", "\x80\x05\x95\x05\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x11features.0.weight" + tensorWeight +
			"\x8d\x0f\x00\x00\x00\x00\x00\x00\x00features.0.bias" + tensorBias + "u" +
			"(C\x02abB\x02\x00\x00\x00ab\x8e\x02\x00\x00\x00\x00\x00\x00\x00ab\x96\x02\x00\x00\x00\x00\x00\x00\x00ab" +
			"\x8f(K\x01\x90(K\x01\x91\x8b\x09\x00\x00\x00123456789\x8a\x09123456789\x8c\x02os\x8c\x06system\x93N21", nil, ""},
		{"fine: a text too long for a name", "}(" + text(strings.Repeat("x", maxPickleText+1)) + "N" + state[2:], nil, ""},
		{"a function", "cos\nsystem\n", ErrNotVGG, "PyTorch's object is a function"},
		{"a function called", "cos\nsystem\n(" + text("id") + "tR", ErrNotVGG, "found no tensors"},
		{"endless name", "c" + strings.Repeat("x", 1000) + "\n\n", ErrMalformed, "a line of more than 256 bytes"},
		{"a storage type called", globalFloat + ")R", ErrNotVGG, "found no tensors"},
		{"calls a dictionary", "})R", ErrMalformed, "calls what is not a function"},
		{"calls with a list", globalDict + "]R", ErrMalformed, "with other arguments than a tuple"},
		{"dictionary of a number", globalDict + "K\x01\x85R", ErrNotVGG, "found no tensors"},
		{"dictionary of triples", globalDict + "](](K\x01K\x02K\x03ee\x85R", ErrNotVGG, "found no tensors"},
		{"tensor of nothing", globalTensor + ")R", ErrNotVGG, "found no tensors"},
		{"tensor of numbers", globalTensor + "(K\x01K\x01K\x01K\x01tR", ErrNotVGG, "found no tensors"},
		{"parameter of nothing", "ctorch._utils\n_rebuild_parameter\n)R", ErrNotVGG, "found no tensors"},
		{"tensors without names", "](" + tensorWeight + tensorBias + "e", ErrNotVGG, `found tensors such as "weight", "bias"`},
		{"fine: attributes of a tensor", smallestState(tensorWeight+"}b", tensorBias), nil, ""},
		{"another persistent identifier", text("x") + "\x85Q", ErrMalformed, "persistent identifier"},
		{"persistent text", text("x") + "Q", ErrMalformed, "persistent identifier"},
		{"view of a storage", "(" + text("storage") + globalFloat + text("0") + text("cpu") + "K\x01" + text("view") + "tQ", ErrMalformed, "persistent identifier"},
		{"storage of a negative size", "(" + text("storage") + globalFloat + text("0") + text("cpu") + "J\xff\xff\xff\xfftQ", ErrMalformed, "persistent identifier"},
		{"one key for two storages", "(" + storageWeight + strings.Replace(storageWeight, "K\x1b", "K\x1a", 1) + "t", ErrMalformed, "two storages with the key"},

		{"protocol 6", "\x80\x06N", ErrMalformed, "has the protocol 6, expected at most 5"},
		{"no opcode", "\xff", ErrMalformed, "found the byte 0xff, expected an opcode"},
		{"empty stack", "R", ErrMalformed, "too few objects"},
		{"below the mark", "N(\x85", ErrMalformed, "too few objects"},
		{"no mark", "t", ErrMalformed, "no mark"},
		{"mark left", "N(", ErrMalformed, "it ends with"},
		{"two objects", "NN", ErrMalformed, "ends with 2 objects, expected 1"},
		{"no object", "", ErrMalformed, "ends with 0 objects"},
		{"fine: memo of any numbers", state + "q\x05r\xff\xff\xff\xffp7\n\x940h\x050j\xff\xff\xff\xff0g7\n0h\x03", nil, ""},
		{"memo of nothing", "q\x00", ErrMalformed, "too few objects"},
		{"memo not there", "h\x07", ErrMalformed, "gets object 7, which it has not put"},
		{"memo far away", "j\xff\xff\xff\xff", ErrMalformed, "gets object 4294967295, which"},
		{"key without a value", "}(Nu", ErrMalformed, "a key has no value"},
		{"items of a number", "K\x01NNs", ErrMalformed, "sets items of what is not a dictionary"},
		{"items of nothing", "(NNu", ErrMalformed, "sets items of what is not a dictionary"},
		{"appends to a number", "K\x01Na", ErrMalformed, "appends to what is not a list"},
		{"long text", "X\xff\xff\xff\xff", ErrMalformed, "a text of 4294967295 bytes, but the pickle has"},
		{"endless bytes", "\x8e\xff\xff\xff\xff\xff\xff\xff\xff", ErrMalformed, "of 18446744073709551615 bytes"},
		{"a number in letters", "Ix\n", ErrMalformed, `found "x", expected an integer`},
		{"a text without quotes", "Sx\n", ErrMalformed, `found "x", expected a text in quotes`},
		{"the memo in letters", "gx\n", ErrMalformed, `found "x", expected the number of an object`},
		{"a line that does not end", "I1", ErrMalformed, `the pickle ends, expected a line feed`},
		{"a name of a number", "K\x01K\x01\x93", ErrMalformed, "whose names are not texts"},
		{"an instance of nothing", "(o", ErrMalformed, "an instance of no class"},
		{"frame cut", "\x95\x00", ErrMalformed, "the pickle ends"},

		{"None", "N", ErrNotVGG, "PyTorch's object is None"},
		{"an empty list", "]", ErrNotVGG, "found no tensors"},
		{"a number", "K\x01", ErrNotVGG, "PyTorch's object is a number"},
		{"a dictionary of nothing", "}", ErrNotVGG, "found no tensors, expected conv1_1.weight"},
		{"too deep", strings.Repeat("}"+text("m"), maxNesting) + state + strings.Repeat("s", maxNesting), ErrNotVGG, "found no tensors"},
		{"fine: deep", strings.Repeat("}"+text("m"), 20) + state + strings.Repeat("s", 20), nil, ""},
		{"integers", smallestState(strings.Replace(tensorWeight, "Float", "Int", 1), tensorBias), ErrNotVGG, `"features.0.weight" is stored as torch.IntStorage`},
		{"a tensor twice", state[:len(state)-1] + text("features.0.bias") + tensorBias + "u", ErrMalformed, `"features.0.bias" is there twice`},
		{"fine: a layer of another network", state[:len(state)-1] + text("conv1_1.bias") + tensorBias + "u", nil, ""},
		{"fine: the same network twice", "}(" + text("model") + state + text("net") + smallestState(tensorWeight, tensorBias) + "u", nil, ""},
		{"a shape of texts", smallestState(tensorWeight, strings.Replace(tensorBias, "K\x01\x85", text("x")+"\x85", 1)), ErrMalformed, "not as many natural numbers"},
		{"fewer strides", smallestState(tensorWeight, strings.Replace(tensorBias, "K\x01\x85K\x01\x85", "K\x01\x85)", 1)), ErrMalformed, "not as many natural numbers"},
		{"negative dimension", smallestState(tensorWeight, strings.Replace(tensorBias, "K\x01\x85", "J\xff\xff\xff\xff\x85", 1)), ErrMalformed, "not as many natural numbers"},
		{"negative offset", smallestState(tensorWeight, strings.Replace(tensorBias, "K\x00K", "J\xff\xff\xff\xffK", 1)), ErrMalformed, "does not fit into its storage"},
		{"offset behind the end", smallestState(tensorWeight, strings.Replace(tensorBias, "K\x00K", "K\x01K", 1)), ErrMalformed, "does not fit into its storage of 1 numbers"},
		{"a shape behind the end", smallestState(strings.Replace(tensorWeight, "K\x01K\x03K\x03K\x03t", "K\x02K\x03K\x03K\x03t", 1), tensorBias), ErrMalformed, "does not fit"},
		{"strides behind the end", smallestState(strings.Replace(tensorWeight, "K\x1bK\x09K\x03K\x01t", "K\x1bK\x0aK\x03K\x01t", 1), tensorBias), ErrMalformed, "does not fit"},
		{"values that overlap", smallestState(strings.Replace(tensorWeight, "K\x1bK\x09K\x03K\x01t", "K\x1bK\x09K\x03K\x00t", 1), tensorBias), ErrMalformed, "does not fit"},
		{"strides that overflow", smallestState(strings.Replace(tensorWeight, "K\x1bK\x09K\x03K\x01t", "K\x1b"+strings.Repeat("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x3f", 2)+"K\x01t", 1), tensorBias), ErrMalformed, "does not fit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for format, file := range map[string][]byte{
				"zip": torchZip(t, c.object), "legacy": legacyFile(c.object),
			} {
				_, err := readTorch(t, file)
				if !errors.Is(err, c.kind) {
					t.Errorf("%s: got %v, want %v", format, err, c.kind)
				} else if err != nil && !strings.Contains(err.Error(), c.want) {
					t.Errorf("%s: got %v, want it to say %s", format, err, c.want)
				}
			}
		})
	}
}

// TestRefusedOpcodes tries every opcode that Python's pickletools lists for the
// protocols 0 to 5, and all other bytes.
func TestRefusedOpcodes(t *testing.T) {
	const allowed = "().012BCFGIJKLMNPQRSTUVX]abcdeghijloprqstu}" +
		"\x80\x81\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95\x96"
	refused := map[byte]string{'\x82': "EXT1", '\x83': "EXT2", '\x84': "EXT4", '\x97': "NEXT_BUFFER", '\x98': "READONLY_BUFFER"}
	for op := range 256 {
		// Preceded by everything that the opcode could need: a mark, objects, a
		// function.
		object := "}(" + globalDict + ")" + string([]byte{byte(op)}) + "os\nsystem\n"
		name, known := refused[byte(op)]
		want := fmt.Sprintf("it uses the opcode %s, for objects that are not in the file", name)
		if !known {
			name = fmt.Sprintf("%#02x", op)
			want = fmt.Sprintf("found the byte %s, expected an opcode", name)
		}
		isAllowed := strings.IndexByte(allowed, byte(op)) >= 0
		t.Run(name, func(t *testing.T) {
			for format, file := range map[string][]byte{"zip": torchZip(t, object), "legacy": legacyFile(object)} {
				_, err := readTorch(t, file)
				refused := errors.Is(err, ErrMalformed) && strings.Contains(err.Error(), want) && strings.Contains(err.Error(), "of the pickle")
				if refused == isAllowed {
					t.Errorf("%s: got %v, refused by name is %v", format, err, refused)
				}
			}
		})
	}
}

// TestLargePickles checks that a pickle costs at most its size plus the objects of the
// allowed number of operations.
func TestLargePickles(t *testing.T) {
	const operation = 256 // bytes that one takes at most
	fill := func(op string, n int) string { return strings.Repeat(op, n/len(op)) }
	for name, object := range map[string]string{
		"dictionaries":         fill("}", 1<<20),
		"marks":                fill("(", 1<<20),
		"memo":                 "N" + fill("q\x00", 1<<20),
		"growing memo":         "N" + fill("r\x00\x00\x00\x00", 1<<18),
		"integers":             fill("M\xff\xff", 1<<20),
		"texts":                fill(text(strings.Repeat("x", 1000)), 8<<20),
		"globals":              fill(globalDict, 4<<20),
		"tuples":               "N" + fill("\x85", 1<<20),
		"one long tuple":       "(" + fill("N", 60_000) + "t",
		"tuples of the same":   "(" + fill("N", 30_000) + "tq\x00" + fill("h\x00\x85", 60_000),
		"tensors":              storageWeight + "q\x00" + globalTensor + "q\x01(h\x00K\x00))tq\x02" + fill("h\x01h\x02R", 1<<20),
		"dictionaries of many": globalDict + "q\x00](" + fill("]NaNa", 40_000) + "e\x85q\x01" + fill("h\x00h\x01R", 2000),
		"storages":             fill(storageWeight, 1<<20),
		"tuples of tuples":     "]q\x00" + strings.Repeat("h\x00h\x00\x86q\x000", 50) + "0h\x00",
		"long names":           "]q\x00" + text(strings.Repeat("x", 400)) + "q\x01" + "}(" + fill("h\x01h\x00", 60_000) + "u",
		"objects":              "cx\ny\nq\x00)q\x01" + fill("h\x00h\x01\x81", 1<<20),
		"instances in objects": "cx\ny\n)\x81q\x00(" + fill("Nh\x00", 60_000) + "u",
		"memo of any numbers":  "N" + fill("r\x00\x00\x00\x01r\x00\x00\x00\x02r\x00\x00\x00\x03", 1<<18),
		"keys":                 "}(" + fill("K\x01N", 1<<18) + "u",
	} {
		t.Run(name, func(t *testing.T) {
			for format, file := range map[string][]byte{"zip": torchZip(t, object), "legacy": legacyFile(object)} {
				if _, err := readBounded(t, file, 2*len(file)+torchConstant+operation*maxPickleOps); err == nil {
					t.Errorf("%s: accepted", format)
				}
			}
		})
	}
}

// TestTorchContainers damages the container of the pickle.
func TestTorchContainers(t *testing.T) {
	state := smallestState(tensorWeight, tensorBias)
	data := member{"a/data.pkl", []byte(pickleStart + state + ".")}
	weight, bias := member{"a/data/0", make([]byte, 27*4)}, member{"a/data/1", make([]byte, 4)}
	fine := archive(t, data, weight, bias)
	legacy := legacyFile(state)
	// in returns fine with the last occurrence of some bytes replaced.
	in := func(file []byte, old, replacement string) []byte {
		i := bytes.LastIndex(file, []byte(old))
		if i < 0 || len(old) != len(replacement) {
			t.Fatalf("no %q to replace", old)
		}
		return append(append(bytes.Clone(file[:i]), replacement...), file[i+len(old):]...)
	}
	// entry returns fine with other bytes in the directory entry of the weight.
	entry := func(at int, b ...byte) []byte {
		file := bytes.Clone(fine)
		i := bytes.LastIndex(file, []byte(weight.name)) - zipDirectoryLength
		copy(file[i+at:], b)
		return file
	}
	end := len(fine) - zipEndLength
	lying := func(at int, b ...byte) []byte {
		file := bytes.Clone(fine)
		copy(file[end+at:], b)
		return file
	}
	// zip64 returns fine with an end record for large archives, to which the old one,
	// all ones, refers.
	zip64 := func(at uint64, record string) []byte {
		file := append(bytes.Clone(fine[:end]), record...)
		file = append(file, zip64Locator+"\x00\x00\x00\x00"...)
		file = binary.LittleEndian.AppendUint64(file, at)
		file = append(file, 1, 0, 0, 0)
		return append(file, zipEnd+"\x00\x00\x00\x00"+strings.Repeat("\xff", 12)+"\x00\x00"...)
	}
	record := zip64End + string(make([]byte, 20)) + "\x03\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00" +
		string(fine[end+12:end+16]) + "\x00\x00\x00\x00" + string(fine[end+16:end+20]) + "\x00\x00\x00\x00"
	for _, c := range []struct {
		name string
		file []byte
		kind error
		want string
	}{
		{"fine", fine, nil, ""},
		{"fine: a comment", append(bytes.Clone(lying(20, 5)), "hello"...), nil, ""},
		{"fine: members of no concern", archive(t, data, weight, bias, member{"a/version", []byte("3\n")}, member{"b/data/0", nil}, member{"../../etc/passwd", nil}), nil, ""},
		{"fine: no folder", archive(t, member{"data.pkl", data.data}, member{"data/0", weight.data}, member{"data/1", bias.data}), nil, ""},
		{"fine: byte order", archive(t, data, weight, bias, member{"a/byteorder", []byte("little")}), nil, ""},
		{"fine: zip64", zip64(uint64(end), record), nil, ""},

		{"big-endian", archive(t, data, weight, bias, member{"a/byteorder", []byte("big")}), ErrMalformed, `its byte order is "big"`},
		{"endless byte order", archive(t, data, weight, bias, member{"a/byteorder", bytes.Repeat([]byte("little"), 100)}), ErrMalformed, "its byte order is"},
		{"no pickle", archive(t, weight, bias), ErrNotNetwork, "neither data.pkl"},
		{"empty archive", archive(t), ErrNotNetwork, "neither data.pkl"},
		{"two pickles", archive(t, data, member{"b/data.pkl", nil}, weight, bias), ErrMalformed, `both "a/data.pkl" and "b/data.pkl"`},
		{"a pickle twice", archive(t, data, data, weight, bias), ErrMalformed, `both "a/data.pkl" and "a/data.pkl"`},
		{"a storage twice", archive(t, data, weight, weight, bias), ErrMalformed, `has "a/data/0" twice`},
		{"no storage", archive(t, data, weight), ErrMalformed, `the numbers of "features.0.bias" are not in the file`},
		{"short storage", archive(t, data, weight, member{"a/data/1", nil}), ErrMalformed, `"a/data/1" has 0 bytes, expected 1 numbers`},
		{"long storage", archive(t, data, weight, member{"a/data/1", make([]byte, 8)}), ErrMalformed, `"a/data/1" has 8 bytes`},
		{"a pickle that goes nowhere", archive(t, member{"a/data.pkl", []byte(pickleStart)}, weight, bias), ErrMalformed, "the pickle ends"},
		{"packed", packedArchive(t, zip.Deflate, data, weight, bias), ErrMalformed, `"a/data.pkl" is packed`},
		{"encrypted", entry(8, 1), ErrMalformed, `"a/data/0" is encrypted`},
		{"another method", entry(10, 12), ErrMalformed, `"a/data/0" is packed`},
		{"sizes that differ", entry(20, 1, 0), ErrMalformed, `"a/data/0" has 108 bytes, but 1 are stored`},
		{"larger than the file", entry(20, 0, 1, 0, 0, 0, 1, 0, 0), ErrMalformed, `"a/data/0" has 256 bytes, expected 27 numbers`},
		{"begins outside", entry(42, 0xff, 0xff, 0xff, 0x7f), ErrMalformed, `the header of the zip entry "a/data/0" is missing or damaged`},
		{"begins at no header", entry(42, 1, 0), ErrMalformed, `the header of the zip entry "a/data/0" is missing or damaged`},
		{"no entry", entry(0, 'x'), ErrMalformed, "the directory at the end of the zip archive is missing or damaged"},
		{"no end", fine[:end], ErrMalformed, "the directory at the end of the zip archive is missing or damaged"},
		{"cut", fine[:100], ErrMalformed, "cut short"},
		{"directory behind the end", lying(16, 0xff, 0xff, 0xff, 0xff), ErrMalformed, "may be cut short"},
		{"directory too long", lying(12, 0xff, 0xff, 0xff, 0x7f), ErrMalformed, "may be cut short"},
		{"zip64 behind the end", zip64(1<<40, record), ErrMalformed, "may be cut short"},
		{"zip64 before the start", zip64(1<<63, record), ErrMalformed, "may be cut short"},
		{"zip64 that is none", zip64(0, record), ErrMalformed, "the directory at the end of the zip archive is missing or damaged"},
		{"zip64 directory before the start", zip64(uint64(end), record[:48]+"\xff\xff\xff\xff\xff\xff\xff\xff"), ErrMalformed, "may be cut short"},

		{"legacy: fine", legacy, nil, ""},
		{"legacy: another version", in(legacy, "M\xe9\x03.", "M\xea\x03."), ErrMalformed, "version of the format is 1002, expected 1001"},
		{"legacy: big-endian", in(legacy, "little_endian\x88", "little_endian\x89"), ErrMalformed, "little-endian"},
		{"legacy: no list of storages", in(legacy, "](", "}("), ErrMalformed, "appends to what is not a list"},
		{"legacy: a storage of no tensor", in(legacy, text("1")+"e.", text("2")+"e."), ErrMalformed, `"2", which no tensor has`},
		{"legacy: a storage twice", in(legacy, text("1")+"e.", text("0")+"e."), ErrMalformed, `"0", which no tensor has or which is there twice`},
		{"legacy: no storages", []byte(legacyHeader + little + pickleStart + state + "." + pickleStart + "]."), ErrMalformed, "are not in the file"},
		{"legacy: another length", in(legacy, "\x1b\x00\x00\x00\x00\x00\x00\x00", "\x1b\x00\x00\x00\x00\x00\x00\x80"), ErrMalformed, "expected 27"},
		{"legacy: cut in the data", legacy[:len(legacy)-3], ErrMalformed, "the storage \"1\" has 1 numbers"},
		{"legacy: cut before a storage", legacy[:len(legacy)-9], ErrMalformed, `the storage "1" would begin at byte`},
		{"legacy: cut in the pickle", legacy[:80], ErrMalformed, "the pickle ends"},
		{"legacy: nothing but the start", legacy[:len(pickleStart+legacyMagic)], ErrMalformed, "the pickle ends"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readTorch(t, c.file)
			if !errors.Is(err, c.kind) {
				t.Fatalf("got %v, want %v", err, c.kind)
			}
			if err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to say %s", err, c.want)
			}
		})
	}
	t.Run("read errors", func(t *testing.T) {
		checkReadErrors(t, fine)
		checkReadErrors(t, legacy)
	})
}

// TestSharedNumbers checks that a small storage cannot serve as every convolution of a
// large network.
func TestSharedNumbers(t *testing.T) {
	const count = 512 * 512 * 9
	object := "}("
	for i, in := range []int{3, 512, 512, 512} {
		object += text(fmt.Sprintf("conv%d_1.weight", i+1)) + globalTensor + "((" + text("storage") + globalFloat + text("0") + text("cpu") +
			"J" + string(binary.LittleEndian.AppendUint32(nil, count)) + "tQK\x00(M\x00\x02M" + string(binary.LittleEndian.AppendUint16(nil, uint16(in))) + "K\x03K\x03t" +
			"(M" + string(binary.LittleEndian.AppendUint16(nil, uint16(9*in))) + "K\x09K\x03K\x01t" + noHooks + "tR" +
			text(fmt.Sprintf("conv%d_1.bias", i+1)) + globalTensor + "((" + text("storage") + globalFloat + text("0") + text("cpu") +
			"J" + string(binary.LittleEndian.AppendUint32(nil, count)) + "tQK\x00M\x00\x02\x85K\x01\x85" + noHooks + "tR"
	}
	file := archive(t, member{"a/data.pkl", []byte(pickleStart + object + "u.")}, member{"a/data/0", make([]byte, 4*count)})
	_, err := readTorch(t, file)
	if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "several use the same bytes") {
		t.Errorf("got %v", err)
	}
}

// torchSeeds are valid files.
func torchSeeds(t testing.TB) [][]byte {
	names, err := filepath.Glob("testdata/torch/*.pth")
	if err != nil || len(names) == 0 {
		t.Fatalf("no files: %v", err)
	}
	state := smallestState(tensorWeight, tensorBias)
	seeds := [][]byte{torchZip(t, state), legacyFile(state)}
	for _, name := range names {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		seeds = append(seeds, file)
	}
	return seeds
}

func TestTorchMutations(t *testing.T) {
	const files = 5000
	seeds := torchSeeds(t)
	r := rand.New(rand.NewPCG(5, 6))
	accepted := 0
	for range files {
		seed := seeds[r.IntN(len(seeds))]
		// Half of the mutations hit the pickle, which is at the start.
		part := len(seed)
		if r.IntN(2) == 0 {
			part = min(part, 2000)
		}
		file := append(mutate(r, seed[:part]), seed[part:]...)
		if _, err := readTorch(t, file); err == nil {
			accepted++
		}
		if t.Failed() {
			t.Fatalf("file %q", file)
		}
	}
	checkTwoSided(t, accepted, files)
}

func FuzzReadTorch(f *testing.F) {
	for _, seed := range torchSeeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		n, err := readBytes(file)
		checkForeign(t, n, err)
	})
}

// FuzzPickle fuzzes only the pickle, which mutations of an archive seldom reach.
func FuzzPickle(f *testing.F) {
	f.Add(smallestState(tensorWeight, tensorBias))
	f.Add(globalDict + "](](U\x11features.0.weight" + tensorWeight + "e](U\x0ffeatures.0.bias" + tensorBias + "ee\x85R")
	f.Add("cos\nsystem\n(" + text("id") + "tR")
	f.Fuzz(func(t *testing.T, object string) {
		n, err := readBytes(legacyFile(object))
		checkForeign(t, n, err)
	})
}
