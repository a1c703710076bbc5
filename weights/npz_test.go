package weights

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// npy returns an array of zeros in NumPy's format.
func npy(header string, size int) []byte {
	return append([]byte(npyMagic+"\x01\x00"+string(binary.LittleEndian.AppendUint16(nil, uint16(len(header))))+header), make([]byte, size)...)
}

func npyHead(descr, order, shape string) string {
	return fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': (%s), }   \n", descr, order, shape)
}

// The arrays of the smallest VGG.
var (
	npyWeight = member{"features.0.weight.npy", npy(npyHead("<f4", "False", "1, 3, 3, 3"), 108)}
	npyBias   = member{"features.0.bias.npy", npy(npyHead("<f4", "False", "1,"), 4)}
)

func TestNPZ(t *testing.T) {
	bias := func(data []byte) []byte { return archive(t, npyWeight, member{npyBias.name, data}) }
	// big is an array that is too large for the file when compressed.
	big := member{npyWeight.name, npy(npyHead("<f4", "False", "64, 3, 3, 3"), 64*108)}
	broken := archive(t, npyWeight, npyBias)
	broken[bytes.Index(broken, []byte("NUMPY"))+100] ^= 1
	packed := packedArchive(t, zip.Deflate, npyWeight, npyBias)
	cut := bytes.Clone(packed)
	cut[bytes.Index(cut, []byte(npyWeight.name))+len(npyWeight.name)] ^= 0xff
	for _, c := range []struct {
		name string
		file []byte
		kind error
		want string
	}{
		{"fine", archive(t, npyWeight, npyBias), nil, ""},
		{"fine: packed", packed, nil, ""},
		{"fine: every number format", archive(t, member{npyWeight.name, npy(npyHead("<f2", "True", "1, 3, 3, 3"), 54)}, member{npyBias.name, npy(npyHead("<f8", "False", "1"), 8)}), nil, ""},
		{"fine: arrays of no concern", archive(t, npyWeight, npyBias, member{"fc6_W.npy", []byte("no array")}, member{"notes.txt", nil}), nil, ""},

		{"an array twice", archive(t, npyWeight, npyBias, npyBias), ErrMalformed, `"features.0.bias" is there twice`},
		{"no array", bias([]byte("an array? not at all")), ErrMalformed, "expected NumPy's format 1.0"},
		{"version 2", bias(append([]byte(npyMagic+"\x02\x00"), make([]byte, 200)...)), ErrMalformed, "expected NumPy's format 1.0"},
		{"endless header", bias([]byte(npyMagic + "\x01\x00\xff\xff" + strings.Repeat(" ", 1<<16))), ErrMalformed, "a header of at most 4096 bytes"},
		{"cut in the start", bias([]byte(npyMagic)), ErrMalformed, "it ends"},
		{"cut in the header", bias([]byte(npyMagic + "\x01\x00\x76\x00{")), ErrMalformed, "it ends"},
		{"code for a header", bias(npy("__import__('os').system('id')\n", 4)), ErrMalformed, "expected its descr, fortran_order and shape"},
		{"no shape", bias(npy("{'descr': '<f4', 'fortran_order': False, }\n", 4)), ErrMalformed, "expected its descr"},
		{"negative shape", bias(npy(npyHead("<f4", "False", "-1,"), 4)), ErrMalformed, "expected its descr"},
		{"shape of 100 digits", bias(npy(npyHead("<f4", "False", strings.Repeat("9", 100)), 4)), ErrMalformed, "expected its descr"},
		{"shape that overflows", bias(npy(npyHead("<f4", "False", "4294967296, 4294967296"), 0)), ErrMalformed, "has 0 bytes"},
		{"too many dimensions", bias(npy(npyHead("<f4", "False", strings.Repeat("1, ", 65)), 4)), ErrMalformed, "has the shape"},
		{"too few bytes", bias(npy(npyHead("<f4", "False", "1,"), 3)), ErrMalformed, "has 3 bytes, which is not what <f4 of the shape [1] takes"},
		{"too many bytes", bias(npy(npyHead("<f4", "False", "1,"), 5)), ErrMalformed, "has 5 bytes"},
		{"big-endian", bias(npy(npyHead(">f4", "False", "1,"), 4)), ErrNotVGG, `is stored as ">f4", expected <f2, <f4 or <f8`},
		{"objects", bias(npy(npyHead("|O", "False", "1,"), 4)), ErrNotVGG, `is stored as "|O"`},
		{"another checksum", broken, ErrMalformed, "the checksum of a zip entry is"},
		{"packed bytes broken", cut, ErrMalformed, "a zip entry cannot be unpacked"},
		{"unpacks to too much", packedArchive(t, zip.Deflate, big, npyBias), ErrMalformed, "more than 16 times as many"},
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
	t.Run("read errors", func(t *testing.T) {
		checkReadErrors(t, archive(t, npyWeight, npyBias))
		checkReadErrors(t, packed)
	})
}

// readNPZFile reads an archive and checks its memory: the decompressed size, and the
// buffers of the decoder and the decompressor.
func readNPZFile(t testing.TB, file []byte) (*Network, error) {
	t.Helper()
	return readBounded(t, file, 2*maxInflation*len(file)+3*bufferSize+256<<10)
}

// TestNPZLies tests entries with a wrong decompressed size.
func TestNPZLies(t *testing.T) {
	file := packedArchive(t, zip.Deflate, npyWeight, npyBias)
	at := bytes.LastIndex(file, []byte(npyWeight.name)) - zipDirectoryLength
	size := binary.LittleEndian.Uint32(file[at+24:])
	for _, lie := range []uint32{0, 1, size - 4, size - 1, size + 1, size + 4, 1 << 31, 1<<32 - 1} {
		binary.LittleEndian.PutUint32(file[at+24:], lie)
		if _, err := readNPZFile(t, file); !errors.Is(err, ErrMalformed) {
			t.Errorf("%d bytes said to be %d: got %v", size, lie, err)
		}
	}
}

func npzSeeds(t testing.TB) [][]byte {
	seeds := [][]byte{archive(t, npyWeight, npyBias), packedArchive(t, zip.Deflate, npyWeight, npyBias)}
	for _, name := range []string{"tiny.npz", "tiny-compressed.npz"} {
		file, err := os.ReadFile("testdata/formats/" + name)
		if err != nil {
			t.Fatal(err)
		}
		seeds = append(seeds, file)
	}
	return seeds
}

func TestNPZMutations(t *testing.T) {
	const files = 3000
	seeds := npzSeeds(t)
	r := rand.New(rand.NewPCG(7, 8))
	accepted := 0
	for range files {
		file := mutate(r, seeds[r.IntN(len(seeds))])
		// Caffe's names imply no input, so that incomplete files are not accepted.
		if _, err := readNPZFile(t, file); err == nil || errors.Is(err, ErrNoInput) {
			accepted++
		}
		if t.Failed() {
			t.Fatalf("file %q", file)
		}
	}
	checkTwoSided(t, accepted, files)
}

func FuzzReadNPZ(f *testing.F) {
	for _, seed := range npzSeeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		n, err := readBytes(file)
		checkForeign(t, n, err)
	})
}
