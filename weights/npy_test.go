package weights

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// npyObject returns an .npy file of one object, whose pickle is given without its end.
func npyObject(pickle string) []byte {
	return append(npy(npyHead(npyObjects, "False", ""), 0), "\x80\x03"+pickle+"."...)
}

// pickledArray is a pickled array of zeros of NumPy: its shape and type in pickled
// form, and its size in bytes.
func pickledArray(shape, kind, order string, size int) string {
	return "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R(K\x01" + shape +
		pickledType(kind, order) + "\x89" + pickledBytes(size) + "tb"
}

func pickledType(kind, order string) string {
	return "cnumpy\ndtype\n" + text(kind) + "K\x00K\x01\x87R(K\x03" + text(order) + "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
}

func pickledBytes(size int) string {
	return "B" + string(binary.LittleEndian.AppendUint32(nil, uint32(size))) + strings.Repeat("\x00", size)
}

const (
	pickledWeightShape = "(K\x01K\x03K\x03K\x03t"
	pickledBiasShape   = "K\x01\x85"
)

func TestNPY(t *testing.T) {
	weight, bias := pickledArray(pickledWeightShape, "f4", "<", 108), pickledArray(pickledBiasShape, "f4", "<", 4)
	layer := func(weight, bias string) string { return "}" + text("features.0") + "](" + weight + bias + "es" }
	named := func(weight, bias string) string {
		return "}" + text("features.0") + "}(" + text("weights") + weight + text("biases") + bias + "us"
	}
	for _, c := range []struct {
		name   string
		pickle string
		kind   error
		want   string
	}{
		{"fine: a list", layer(weight, bias), nil, ""},
		{"fine: a tuple", "}" + text("features.0") + weight + bias + "\x86s", nil, ""},
		{"fine: a dictionary", named(weight, bias), nil, ""},
		{"fine: an array of an object", "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R(K\x01)" + pickledType("O8", "|") + "\x89]" + layer(weight, bias) + "atb", nil, ""},
		{"fine: NumPy 2", strings.ReplaceAll(layer(weight, bias), "numpy.core.", "numpy._core."), nil, ""},
		{"fine: number formats", layer(pickledArray(pickledWeightShape, "f2", "=", 54), pickledArray(pickledBiasShape, "<f8", "|", 8)), nil, ""},
		{"fine: Fortran's order", strings.ReplaceAll(layer(weight, bias), "\x89B", "\x88B"), nil, ""},
		{"fine: the text of Python 2", layer(weight, strings.Replace(bias, pickledBytes(4), "U\x04\x00\x00\x00\x00", 1)), nil, ""},
		{"fine: of a buffer", layer("cnumpy.core.numeric\n_frombuffer\n("+pickledBytes(108)+pickledType("f4", "<")+pickledWeightShape+text("C")+"tR", bias), nil, ""},
		{"fine: arrays of no concern", "}(" + text("features.0") + "](" + weight + bias + "e" + text("fc6") + "](" + pickledArray(pickledBiasShape, "i8", ">", 8) + bias + "e" + text("n") + "K\x05u", nil, ""},

		{"big-endian", named(pickledArray(pickledWeightShape, "f4", ">", 108), bias), ErrNotVGG, `the array "features.0.weights" is stored as ">f4", expected <f2, <f4 or <f8`},
		{"integers", named(pickledArray(pickledWeightShape, "i4", "<", 108), bias), ErrNotVGG, `is stored as "<i4"`},
		{"too few bytes", named(pickledArray(pickledWeightShape, "f4", "<", 104), bias), ErrMalformed, `"features.0.weights" has 104 bytes, which is not what <f4 of the shape [1 3 3 3] takes`},
		{"a shape of texts", named(weight, pickledArray(text("x")+"\x85", "f4", "<", 4)), ErrMalformed, `the shape of the array "features.0.biases"`},
		{"a shape that overflows", named(pickledArray("("+strings.Repeat("J\xff\xff\xff\x7f", 4)+"t", "f4", "<", 108), bias), ErrMalformed, "which is not what"},
		{"no bytes", named(strings.Replace(weight, pickledBytes(108), "c_codecs\nencode\n"+text("x")+text("latin1")+"\x86R", 1), bias), ErrNotVGG, "are not bytes"},
		{"no type", named(strings.Replace(weight, pickledType("f4", "<"), "N", 1), bias), ErrNotVGG, "has no type"},
		{"no state", named("cnumpy.core.multiarray\n_reconstruct\n)R", bias), ErrNotVGG, "has no type"},
		{"cut in an array", named(strings.Replace(weight, "B\x6c\x00\x00\x00", "B\x6c\x00\x01\x00", 1), bias), ErrMalformed, "of 65644 bytes, but the pickle has"},
		{"no arrays", "}" + text("a") + "K\x01s", ErrNotNetwork, "a pickle without arrays of NumPy"},
		{"other arrays", "}" + text("a") + bias + "s", ErrNotVGG, `found tensors such as "a"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for format, file := range map[string][]byte{"npy": npyObject(c.pickle), "pickle": []byte("\x80\x04" + c.pickle + ".")} {
				_, err := readTorch(t, file)
				if !errors.Is(err, c.kind) {
					t.Errorf("%s: got %v, want %v", format, err, c.kind)
				} else if err != nil && !strings.Contains(err.Error(), c.want) {
					t.Errorf("%s: got %v, want it to say %s", format, err, c.want)
				}
			}
		})
	}
	t.Run("read errors", func(t *testing.T) { checkReadErrors(t, npyObject(layer(weight, bias))) })
}

func npySeeds(t testing.TB) [][]byte {
	weight, bias := pickledArray(pickledWeightShape, "f4", "<", 108), pickledArray(pickledBiasShape, "f4", "<", 4)
	seeds := [][]byte{npyObject("}" + text("features.0") + "](" + weight + bias + "es")}
	for _, name := range []string{"dictionary.npy", "python2.npy"} {
		file, err := os.ReadFile("testdata/torch/" + name)
		if err != nil {
			t.Fatal(err)
		}
		seeds = append(seeds, file)
	}
	return seeds
}

func TestNPYMutations(t *testing.T) {
	const files = 3000
	seeds := npySeeds(t)
	r := rand.New(rand.NewPCG(9, 10))
	accepted := 0
	for range files {
		file := mutate(r, seeds[r.IntN(len(seeds))])
		// Caffe's names imply no input, so that incomplete files are not accepted.
		if _, err := readTorch(t, file); err == nil || errors.Is(err, ErrNoInput) {
			accepted++
		}
		if t.Failed() {
			t.Fatalf("file %q", file)
		}
	}
	checkTwoSided(t, accepted, files)
}

func FuzzReadNPY(f *testing.F) {
	for _, seed := range npySeeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		n, err := readBytes(file)
		checkForeign(t, n, err)
	})
}
