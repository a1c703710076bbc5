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

// TestTorch reads what PyTorch wrote, in both of its formats.
func TestTorch(t *testing.T) {
	const dir = "testdata/torch"
	for _, c := range []struct {
		name, want string
		told       PartialInput
		input      Input
	}{
		{"formats", "exact", PartialInput{}, torchvisionInput},
		{"views", "exact", PartialInput{}, torchvisionInput},
		{"channels-last", "exact", PartialInput{}, torchvisionInput},
		{"checkpoint", "exact", PartialInput{}, torchvisionInput},
		{"parameters", "exact", PartialInput{}, torchvisionInput},
		{"features", "exact", PartialInput{}, torchvisionInput},
		{"named", "exact", caffeInput.said(), caffeInput},
		{"norms", "folded", PartialInput{}, torchvisionInput},
		{"normalised", "exact", PartialInput{}, caffeInput},
	} {
		want, err := Open(filepath.Join(dir, c.want+".safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		for _, suffix := range []string{".pth", "-legacy.pth"} {
			t.Run(c.name+suffix, func(t *testing.T) {
				got, err := OpenWith(filepath.Join(dir, c.name+suffix), Override{PartialInput: c.told})
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

func TestTorchNamedNeedsInput(t *testing.T) {
	_, err := Open("testdata/torch/named.pth")
	if !errors.Is(err, ErrNoInput) || !strings.Contains(err.Error(), "channels bgr, range 0..255") {
		t.Errorf("got %v, want %v and what to say", err, ErrNoInput)
	}
}

// The parts of a pickle that stands for the smallest VGG.
const (
	globalTensor  = "ctorch._utils\n_rebuild_tensor_v2\n"
	globalDict    = "ccollections\nOrderedDict\n"
	globalFloat   = "ctorch\nFloatStorage\n"
	pickleStart   = "\x80\x02"
	little        = pickleStart + "}X\x0d\x00\x00\x00little_endian\x88s."
	legacyHeader  = legacyMagic + pickleStart + "M\xe9\x03."
	storageWeight = "(" + "X\x07\x00\x00\x00storage" + globalFloat + "X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x1btQ"
	storageBias   = "(" + "X\x07\x00\x00\x00storage" + globalFloat + "X\x01\x00\x00\x001X\x03\x00\x00\x00cpuK\x01tQ"
	noHooks       = "\x89" + globalDict + ")R"
	tensorWeight  = globalTensor + "(" + storageWeight + "K\x00(K\x01K\x03K\x03K\x03t(K\x1bK\x09K\x03K\x01t" + noHooks + "tR"
	tensorBias    = globalTensor + "(" + storageBias + "K\x00K\x01\x85K\x01\x85" + noHooks + "tR"
)

// text is a text in a pickle.
func text(s string) string {
	return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
}

// smallestState is a dictionary of the smallest VGG's two tensors.
func smallestState(weight, bias string) string {
	return "}(" + text("features.0.weight") + weight + text("features.0.bias") + bias + "u"
}

// legacyFile makes a file in PyTorch's old format of a pickle without its
// protocol and its end, and of those of the smallest VGG's storages that are in it.
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

// archive makes a zip archive of stored members.
func archive(t testing.TB, members ...member) []byte {
	t.Helper()
	return packedArchive(t, zip.Store, members...)
}

func packedArchive(t testing.TB, method uint16, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		// CreateHeader would put the sizes behind the data, as few programs do.
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

// torchZip makes a file in PyTorch's format of such a pickle and the smallest
// VGG's storages.
func torchZip(t testing.TB, object string, more ...member) []byte {
	return archive(t, append([]member{
		{"a/data.pkl", []byte(pickleStart + object + ".")},
		{"a/data/0", make([]byte, 27*4)},
		{"a/data/1", make([]byte, 4)},
	}, more...)...)
}

// readTorch reads a file of PyTorch's and checks the bounds of its memory: the
// decoder's buffers, those of the pickle and of the directory, and what the
// most operations that a pickle may have can make.
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
		kind   error // nil: the pickle is fine
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

		{"os.system", "cos\nsystem\n(" + text("id") + "tR", ErrMalformed, `it asks for "os.system", which no state dict needs`},
		{"posix.system", "cposix\nsystem\n", ErrMalformed, `"posix.system"`},
		{"eval", "c__builtin__\neval\n", ErrMalformed, `"__builtin__.eval"`},
		{"exec", "cbuiltins\nexec\n", ErrMalformed, `"builtins.exec"`},
		{"getattr", "cbuiltins\ngetattr\n", ErrMalformed, `"builtins.getattr"`},
		{"subprocess", "csubprocess\nPopen\n", ErrMalformed, `"subprocess.Popen"`},
		{"torch's own loader", "ctorch\nload\n", ErrMalformed, `"torch.load"`},
		{"torch's hub", "ctorch.hub\nload\n", ErrMalformed, `"torch.hub.load"`},
		{"another function of an allowed module", "ctorch._utils\n_import_dotted_name\n", ErrMalformed, `"torch._utils._import_dotted_name"`},
		{"another class of an allowed module", "ccollections\ndefaultdict\n", ErrMalformed, `"collections.defaultdict"`},
		{"a whole model", "ctorchvision.models.vgg\nVGG\n", ErrMalformed, "save model.state_dict() alone"},
		{"a name with a dot where a module ends", "ccollections.OrderedDict\n\n", ErrMalformed, `"collections.OrderedDict."`},
		{"a storage of a type that no VGG has", "ctorch\nComplexFloatStorage\n", ErrMalformed, `"torch.ComplexFloatStorage"`},
		{"endless name", "c" + strings.Repeat("x", 1000) + "\n\n", ErrMalformed, "of more than 256 bytes"},

		{"calls a storage type", globalFloat + ")R", ErrMalformed, "torch.FloatStorage, which is not a function"},
		{"calls a dictionary", "})R", ErrMalformed, "calls what is not a function"},
		{"calls with a list", globalDict + "]R", ErrMalformed, "calls what is not a function"},
		{"dictionary of a number", globalDict + "K\x01\x85R", ErrMalformed, "other arguments than a list"},
		{"dictionary of triples", globalDict + "](](K\x01K\x02K\x03ee\x85R", ErrMalformed, "other than pairs"},
		{"tensor of nothing", globalTensor + ")R", ErrMalformed, "other arguments than a storage"},
		{"tensor of numbers", globalTensor + "(K\x01K\x01K\x01K\x01tR", ErrMalformed, "other arguments than a storage"},
		{"parameter of nothing", "ctorch._utils\n_rebuild_parameter\n)R", ErrMalformed, "without a tensor"},
		{"attributes of a tensor", tensorWeight + "}b", ErrMalformed, "sets attributes of what is not a dictionary"},
		{"attributes of a function", globalTensor + "}b", ErrMalformed, "sets attributes"},
		{"another persistent identifier", text("x") + "\x85Q", ErrMalformed, "persistent identifier"},
		{"persistent text", text("x") + "Q", ErrMalformed, "not a tuple"},
		{"view of a storage", "(" + text("storage") + globalFloat + text("0") + text("cpu") + "K\x01" + text("view") + "tQ", ErrMalformed, "persistent identifier"},
		{"storage of a negative size", "(" + text("storage") + globalFloat + text("0") + text("cpu") + "J\xff\xff\xff\xfftQ", ErrMalformed, "persistent identifier"},
		{"one key for two storages", "(" + storageWeight + strings.Replace(storageWeight, "K\x1b", "K\x1a", 1) + "t", ErrMalformed, "two storages with the key"},

		{"protocol 4", "\x80\x04N", ErrMalformed, "has the protocol 4, expected 2"},
		{"no opcode", "\xff", ErrMalformed, "found the byte 0xff, expected an opcode"},
		{"empty stack", "R", ErrMalformed, "too few objects"},
		{"below the mark", "N(\x85", ErrMalformed, "too few objects"},
		{"no mark", "t", ErrMalformed, "no mark"},
		{"mark left", "N(", ErrMalformed, "it ends with"},
		{"two objects", "NN", ErrMalformed, "ends with 2 objects, expected 1"},
		{"no object", "", ErrMalformed, "ends with 0 objects"},
		{"memo ahead", "Nq\x05", ErrMalformed, "puts object 5 after 0 others"},
		{"memo far ahead", "Nr\xff\xff\xff\xff", ErrMalformed, "puts object 4294967295"},
		{"memo of nothing", "q\x00", ErrMalformed, "too few objects"},
		{"memo not there", "h\x07", ErrMalformed, "gets object 7, but has put 0"},
		{"memo far away", "j\xff\xff\xff\xff", ErrMalformed, "gets object 4294967295"},
		{"key without a value", "}(Nu", ErrMalformed, "a key has no value"},
		{"items of a number", "K\x01NNs", ErrMalformed, "sets items of what is not a dictionary"},
		{"items of nothing", "(NNu", ErrMalformed, "sets items of what is not a dictionary"},
		{"appends to a number", "K\x01Na", ErrMalformed, "appends to what is not a list"},
		{"long integer", "\x8a\x09" + strings.Repeat("\x01", 9), ErrMalformed, "an integer of 9 bytes"},
		{"long text", "X\xff\xff\xff\xff", ErrMalformed, "a text of 4294967295 bytes"},

		{"None", "N", ErrNotVGG, "PyTorch's object is None"},
		{"a list", "]", ErrNotVGG, "PyTorch's object is a list"},
		{"a function", globalDict, ErrNotVGG, "PyTorch's object is a function"},
		{"a number", "K\x01", ErrNotVGG, "PyTorch's object is a number"},
		{"a dictionary of nothing", "}", ErrNotVGG, "found no tensors, expected conv1_1.weight"},
		{"too deep", "}" + text("module") + "}" + text("module") + "}" + text("module") + "}" + text("module") + state + "ssss", ErrNotVGG, "expected conv1_1.weight"},
		{"integers", smallestState(strings.Replace(tensorWeight, "Float", "Int", 1), tensorBias), ErrNotVGG, `"features.0.weight" is stored as torch.IntStorage`},
		{"a tensor twice", state[:len(state)-1] + text("features.0.bias") + tensorBias + "u", ErrMalformed, `"features.0.bias" is there twice`},
		{"names of two schemes", state[:len(state)-1] + text("conv1_1.bias") + tensorBias + "u", ErrNotVGG, "named in another way"},
		{"two networks", "}(" + text("model") + state + text("net") + smallestState(tensorWeight, tensorBias) + "u", ErrMalformed, "is there twice"},
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
	const allowed = ".(NJKMGXU)t]ae}suqrhjcRbQ\x80\x85\x86\x87\x88\x89\x8a"
	refused := map[byte]string{
		'0': "POP", '1': "POP_MARK", '2': "DUP", 'F': "FLOAT", 'I': "INT", 'L': "LONG", 'S': "STRING", 'T': "BINSTRING",
		'V': "UNICODE", 'P': "PERSID", 'd': "DICT", 'g': "GET", 'i': "INST", 'l': "LIST", 'o': "OBJ", 'p': "PUT",
		'B': "BINBYTES", 'C': "SHORT_BINBYTES", '\x81': "NEWOBJ", '\x82': "EXT1", '\x83': "EXT2", '\x84': "EXT4", '\x8b': "LONG4",
		'\x8c': "SHORT_BINUNICODE", '\x8d': "BINUNICODE8", '\x8e': "BINBYTES8", '\x8f': "EMPTY_SET", '\x90': "ADDITEMS",
		'\x91': "FROZENSET", '\x92': "NEWOBJ_EX", '\x93': "STACK_GLOBAL", '\x94': "MEMOIZE", '\x95': "FRAME",
		'\x96': "BYTEARRAY8", '\x97': "NEXT_BUFFER", '\x98': "READONLY_BUFFER",
	}
	for op := range 256 {
		name, known := refused[byte(op)]
		want := fmt.Sprintf("it uses the opcode %s, which no state dict needs", name)
		switch {
		case strings.IndexByte(allowed, byte(op)) >= 0:
			if known {
				t.Errorf("the test both refuses and allows %#02x", op)
			}
			continue
		case !known:
			name = fmt.Sprintf("%#02x", op)
			want = fmt.Sprintf("found the byte %s, expected an opcode", name)
		}
		t.Run(name, func(t *testing.T) {
			// Behind all that the opcode could want: a mark, objects, a function.
			object := "}(" + globalDict + ")" + string([]byte{byte(op)}) + "os\nsystem\n"
			for format, file := range map[string][]byte{"zip": torchZip(t, object), "legacy": legacyFile(object)} {
				_, err := readTorch(t, file)
				if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "of the pickle") {
					t.Errorf("%s: got %v, want it to say %s, and where", format, err, want)
				}
			}
		})
	}
}

// TestLargePickles: a pickle costs at most what it weighs and what the allowed
// number of operations can make, whatever fills it.
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

// TestTorchContainers breaks what is around the pickle.
func TestTorchContainers(t *testing.T) {
	state := smallestState(tensorWeight, tensorBias)
	data := member{"a/data.pkl", []byte(pickleStart + state + ".")}
	weight, bias := member{"a/data/0", make([]byte, 27*4)}, member{"a/data/1", make([]byte, 4)}
	fine := archive(t, data, weight, bias)
	legacy := legacyFile(state)
	// in is fine with bytes in place of others, the last of them.
	in := func(file []byte, old, replacement string) []byte {
		i := bytes.LastIndex(file, []byte(old))
		if i < 0 || len(old) != len(replacement) {
			t.Fatalf("no %q to replace", old)
		}
		return append(append(bytes.Clone(file[:i]), replacement...), file[i+len(old):]...)
	}
	// entry is fine with other bytes at a place in the directory's entry of the weight.
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
	zip64 := func(at uint64, directory string) []byte {
		file := append(bytes.Clone(fine[:end]), directory...)
		file = append(file, zip64Locator+"\x00\x00\x00\x00"...)
		file = binary.LittleEndian.AppendUint64(file, at)
		return append(append(file, 1, 0, 0, 0), fine[end:]...)
	}
	record := zip64End + string(make([]byte, 36)) + string(fine[end+12:end+16]) + "\x00\x00\x00\x00" + string(fine[end+16:end+20]) + "\x00\x00\x00\x00"
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
		{"begins outside", entry(42, 0xff, 0xff, 0xff, 0x7f), ErrMalformed, `"a/data/0" begins outside the file`},
		{"begins at no header", entry(42, 1, 0), ErrMalformed, `"a/data/0" is said to be at byte 1, but there is none`},
		{"no entry", entry(0, 'x'), ErrMalformed, "expected an entry"},
		{"no end", fine[:end], ErrMalformed, "no directory at its end"},
		{"cut", fine[:100], ErrMalformed, "cut short"},
		{"directory behind the end", lying(16, 0xff, 0xff, 0xff, 0xff), ErrMalformed, "it is cut short"},
		{"directory too long", lying(12, 0xff, 0xff, 0xff, 0x7f), ErrMalformed, "it is cut short"},
		{"zip64 behind the end", zip64(1<<40, record), ErrMalformed, "is said to be at byte 1099511627776"},
		{"zip64 before the start", zip64(1<<63, record), ErrMalformed, "is said to be at byte 9223372036854775808"},
		{"zip64 that is none", zip64(0, record), ErrMalformed, "expected a zip64 end record"},
		{"zip64 directory before the start", zip64(uint64(end), record[:48]+"\xff\xff\xff\xff\xff\xff\xff\xff"), ErrMalformed, "it is cut short"},

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
		{"legacy: nothing but the start", legacy[:len(legacyMagic)], ErrMalformed, "the pickle ends"},
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

// TestSharedNumbers: a small storage cannot stand for every convolution of a
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
	if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "share their numbers") {
		t.Errorf("got %v", err)
	}
}

// torchSeeds are sound files.
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

// FuzzPickle fuzzes the pickle alone, which mutations of an archive seldom hit.
func FuzzPickle(f *testing.F) {
	f.Add(smallestState(tensorWeight, tensorBias))
	f.Add(globalDict + "](](U\x11features.0.weight" + tensorWeight + "e](U\x0ffeatures.0.bias" + tensorBias + "ee\x85R")
	f.Add("cos\nsystem\n(" + text("id") + "tR")
	f.Fuzz(func(t *testing.T, object string) {
		n, err := readBytes(legacyFile(object))
		checkForeign(t, n, err)
	})
}
