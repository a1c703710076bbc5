package weights

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// An hdf5Writer writes files of groups and datasets like h5py, one structure after the
// other. An address is a position in the file.
type hdf5Writer struct{ file []byte }

func words64(v ...uint64) []byte {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint64(b, x)
	}
	return b
}

// put appends a structure and returns its address.
func (w *hdf5Writer) put(parts ...[]byte) uint64 {
	at := uint64(len(w.file))
	w.file = pad(append(w.file, bytes.Join(parts, nil)...))
	return at
}

func hdf5Message(kind uint16, data []byte) []byte {
	data = pad(bytes.Clone(data))
	b := binary.LittleEndian.AppendUint16(nil, kind)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(data)))
	return append(append(b, 0, 0, 0, 0), data...)
}

// hdf5Shared is a message that is stored elsewhere.
func hdf5Shared(message []byte) []byte {
	message = bytes.Clone(message)
	message[4] = messageShared
	return message
}

// object appends an object header with messages.
func (w *hdf5Writer) object(messages ...[]byte) uint64 {
	all := bytes.Join(messages, nil)
	head := []byte{1, 0, byte(len(messages)), 0, 1, 0, 0, 0}
	head = binary.LittleEndian.AppendUint32(head, uint32(len(all)))
	return w.put(append(head, 0, 0, 0, 0), all)
}

var (
	hdf5Float32 = append([]byte{0x11, 0x20, 31, 0, 4, 0, 0, 0}, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0)
	hdf5Int32   = append([]byte{0x10, 0x08, 0, 0, 4, 0, 0, 0}, 0, 0, 32, 0)
	hdf5Big     = append([]byte{0x11, 0x21, 31, 0, 4, 0, 0, 0}, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0)
)

func hdf5Space(dims ...uint64) []byte {
	return hdf5Message(messageDataspace, append([]byte{1, byte(len(dims)), 0, 0, 0, 0, 0, 0}, words64(dims...)...))
}

func hdf5Contiguous(at, length uint64) []byte {
	return hdf5Message(messageLayout, append([]byte{3, 1}, words64(at, length)...))
}

// zeros appends a dataset of float32.
func (w *hdf5Writer) zeros(dims ...uint64) uint64 {
	length := uint64(4)
	for _, d := range dims {
		length *= d
	}
	at := w.put(make([]byte, length))
	return w.object(hdf5Space(dims...), hdf5Message(messageDatatype, hdf5Float32), hdf5Contiguous(at, length))
}

// An hdf5Link is a member of a group: an object and its name.
type hdf5Link struct {
	name   string
	object uint64
}

// table appends the symbol table of a group, and returns the addresses of its B-tree
// and heap.
func (w *hdf5Writer) table(links ...hdf5Link) (tree, heap uint64) {
	names := []byte("\x00\x00\x00\x00\x00\x00\x00\x00") // as the names of 0 bytes that keys point to
	entries := []byte(symbolsMagic + "\x01\x00")
	entries = binary.LittleEndian.AppendUint16(entries, uint16(len(links)))
	for _, l := range links {
		entries = append(entries, words64(uint64(len(names)), l.object, 0, 0, 0)...)
		names = pad(append(append(names, l.name...), 0))
	}
	segment := w.put(names)
	heap = w.put([]byte(heapMagic+"\x00\x00\x00\x00"), words64(uint64(len(names)), 1, segment))
	return w.tree(0, w.put(entries)), heap
}

// tree appends a node of a B-tree.
func (w *hdf5Writer) tree(level byte, children ...uint64) uint64 {
	head := append([]byte(btreeMagic), 0, level)
	head = binary.LittleEndian.AppendUint16(head, uint16(len(children)))
	keys := words64(0)
	for _, c := range children {
		keys = append(keys, words64(c, 8)...)
	}
	return w.put(head, words64(hdf5Undefined, hdf5Undefined), keys)
}

func (w *hdf5Writer) group(links ...hdf5Link) uint64 {
	return w.object(hdf5Table(w.table(links...)))
}

func hdf5Table(tree, heap uint64) []byte {
	return hdf5Message(messageSymbolTable, words64(tree, heap))
}

// hdf5Bytes returns a file with the root group that root appends.
func hdf5Bytes(root func(w *hdf5Writer) uint64) []byte {
	w := &hdf5Writer{file: make([]byte, 96)} // the superblock
	at := root(w)
	copy(w.file, hdf5Signature+"\x00\x00\x00\x00\x00\x08\x08\x00")
	copy(w.file[24:], words64(0, hdf5Undefined, uint64(len(w.file)), hdf5Undefined, 0, at))
	return w.file
}

// The smallest VGG: block1_conv1 with one output.
func smallestHDF5() []byte {
	return hdf5Bytes(func(w *hdf5Writer) uint64 {
		return w.group(hdf5Link{"block1_conv1", w.group(
			hdf5Link{"bias:0", w.zeros(1)}, hdf5Link{"kernel:0", w.zeros(3, 3, 3, 1)})})
	})
}

// readHDF5File reads a file and limits its allocations.
func readHDF5File(t testing.TB, file []byte) (*Network, error) {
	t.Helper()
	const buffers = 256 << 10 // of the decoder, the network's structs and an error
	return readBounded(t, file, 2*len(file)+buffers)
}

func TestHostileHDF5(t *testing.T) {
	smallest := smallestHDF5()
	// kernel returns a file whose kernel has these messages.
	kernel := func(messages func(w *hdf5Writer) [][]byte) []byte {
		return hdf5Bytes(func(w *hdf5Writer) uint64 {
			return w.group(hdf5Link{"block1_conv1", w.group(hdf5Link{"kernel:0", w.object(messages(w)...)})})
		})
	}
	dataset := func(space, datatype []byte, layout func(at uint64) []byte, more ...[]byte) []byte {
		return kernel(func(w *hdf5Writer) [][]byte {
			at := w.put(make([]byte, 108))
			return append([][]byte{space, hdf5Message(messageDatatype, datatype), layout(at)}, more...)
		})
	}
	space := hdf5Space(3, 3, 3, 1)
	whole := func(at uint64) []byte { return hdf5Contiguous(at, 108) }
	laidOut := func(data ...byte) func(uint64) []byte {
		return func(uint64) []byte { return hdf5Message(messageLayout, append(data, make([]byte, 16)...)) }
	}
	with := func(at int, b ...byte) []byte {
		file := bytes.Clone(smallest)
		copy(file[at:], b)
		return file
	}
	at := func(magic string) int { return bytes.Index(smallest, []byte(magic)) }
	nested := func(depth int) []byte {
		return hdf5Bytes(func(w *hdf5Writer) uint64 {
			root := w.group()
			for range depth {
				root = w.group(hdf5Link{"model", root})
			}
			return root
		})
	}

	for _, c := range []struct {
		name string
		file []byte
		kind error // nil: the file is valid
		want string
	}{
		{"fine", smallest, nil, ""},
		{"fine: other datasets of any kind", hdf5Bytes(func(w *hdf5Writer) uint64 {
			text := w.object(hdf5Shared(hdf5Message(messageDatatype, []byte{0x13, 0, 0, 0, 9, 0, 0, 0})), hdf5Message(messageFilters, []byte{1}))
			conv := w.group(hdf5Link{"bias:0", w.zeros(1)}, hdf5Link{"kernel:0", w.zeros(3, 3, 3, 1)})
			return w.group(hdf5Link{"a", text}, hdf5Link{"block1_conv1", w.group(hdf5Link{"block1_conv1", conv})}, hdf5Link{"z", w.group()})
		}), nil, ""},
		{"fine: a B-tree of two levels, a continued header", hdf5Bytes(func(w *hdf5Writer) uint64 {
			tree, heap := w.table(hdf5Link{"block1_conv1_W_1:0", w.zeros(3, 3, 3, 1)}, hdf5Link{"block1_conv1_b_1:0", w.zeros(1)})
			table := hdf5Table(w.tree(1, tree), heap)
			return w.object(hdf5Message(messageContinuation, words64(w.put(table), uint64(len(table)))))
		}), nil, ""},

		{"only a signature", []byte(hdf5Signature), ErrMalformed, "needs 48 bytes at byte 0 of the file, which has 8"},
		{"superblock 4", with(8, 4), ErrNotNetwork, "a superblock of version 4, expected 0 to 3"},
		{"short addresses", with(13, 4), ErrNotNetwork, "addresses of 4 and lengths of 8 bytes, expected 8"},
		{"user block", with(24, 1), ErrNotNetwork, "begins at byte 1, expected 0"},
		{"cut short", smallest[:len(smallest)-1], ErrMalformed, "it is cut short"},
		{"no root", with(64, words64(hdf5Undefined)...), ErrMalformed, "the root of the HDF5 file needs a header at byte 18446744073709551615"},
		{"object header 3", hdf5Bytes(func(w *hdf5Writer) uint64 { return w.put([]byte{3}, make([]byte, 20)) }), ErrNotNetwork, "has the version 3, expected 1 or 2"},
		{"root a dataset", hdf5Bytes(func(w *hdf5Writer) uint64 { return w.zeros(1) }), ErrNotVGG, "expected conv1_1.weight"},
		{"empty", hdf5Bytes(func(w *hdf5Writer) uint64 { return w.group() }), ErrNotVGG, "expected conv1_1.weight"},
		{"deep", nested(maxDepth + 1), ErrMalformed, "is more than 16 groups deep"},
		{"endless groups", hdf5Bytes(func(w *hdf5Writer) uint64 {
			// Its only member is the group itself, at its future address.
			tree, heap := w.table(hdf5Link{"model", 0})
			root := w.object(hdf5Table(tree, heap))
			copy(w.file[bytes.Index(w.file, []byte(symbolsMagic))+16:], words64(root))
			return root
		}), ErrMalformed, "more bytes than the file has"},
		{"endless header", hdf5Bytes(func(w *hdf5Writer) uint64 {
			here := uint64(len(w.file)) + 16
			return w.object(hdf5Message(messageContinuation, words64(here, 24)))
		}), ErrMalformed, "more bytes than the file has"},
		{"header in endless parts", hdf5Bytes(func(w *hdf5Writer) uint64 {
			part := hdf5Message(messageContinuation, words64(0, 0))
			for range maxParts {
				part = hdf5Message(messageContinuation, words64(w.put(part), uint64(len(part))))
			}
			return w.object(part)
		}), ErrMalformed, "a header in more than 64 parts"},
		{"endless B-tree", hdf5Bytes(func(w *hdf5Writer) uint64 {
			_, heap := w.table()
			return w.object(hdf5Table(w.tree(1, uint64(len(w.file))), heap))
		}), ErrMalformed, "a B-tree node of type 0 and level 1 below level 1"},
		{"no B-tree", with(at(btreeMagic), 'B'), ErrMalformed, `has "BREE" at byte`},
		{"B-tree of chunks", with(at(btreeMagic)+4, 1), ErrMalformed, "a B-tree node of type 1"},
		{"B-tree of more children", with(at(btreeMagic)+6, 255, 255), ErrMalformed, "needs 1048568 bytes"},
		{"no heap", with(at(heapMagic), 'D'), ErrMalformed, "expected HEAP"},
		{"heap of more names", with(at(heapMagic)+8, words64(1<<40)...), ErrMalformed, "needs 1099511627776 bytes"},
		{"no symbols", with(at(symbolsMagic), 'X'), ErrMalformed, "expected SNOD"},
		{"more symbols", with(at(symbolsMagic)+6, 255, 255), ErrMalformed, "needs 2621400 bytes"},
		{"name outside the heap", with(at(symbolsMagic)+8, words64(1<<20)...), ErrMalformed, "has a name at byte 1048576 of 32"},
		{"endless name", hdf5Bytes(func(w *hdf5Writer) uint64 {
			return w.group(hdf5Link{strings.Repeat("x", 1000), w.zeros(1)})
		}), ErrMalformed, "not ended within 512 bytes"},
		{"short symbol table", hdf5Bytes(func(w *hdf5Writer) uint64 {
			return w.object(hdf5Message(messageSymbolTable, words64(1)))
		}), ErrMalformed, "a symbol table of 8 bytes, expected 16"},
		{"two symbol tables", hdf5Bytes(func(w *hdf5Writer) uint64 {
			table := hdf5Table(w.table())
			return w.object(table, table)
		}), ErrMalformed, "a second message of type 0x11"},
		{"short continuation", hdf5Bytes(func(w *hdf5Writer) uint64 {
			return w.object(hdf5Message(messageContinuation, words64(1)))
		}), ErrMalformed, "a continued header without an address"},
		{"message longer than its header", hdf5Bytes(func(w *hdf5Writer) uint64 {
			return w.object([]byte{9, 0, 255, 0, 0, 0, 0, 0})
		}), ErrMalformed, "a message of 255 bytes in a header with 0 left"},

		{"kernel twice", hdf5Bytes(func(w *hdf5Writer) uint64 {
			return w.group(hdf5Link{"block1_conv1", w.group(hdf5Link{"kernel:0", w.zeros(3, 3, 3, 1)}, hdf5Link{"kernel:0", w.zeros(3, 3, 3, 1)})})
		}), ErrMalformed, `"block1_conv1/kernel:0" is there twice`},
		{"nothing about the kernel", kernel(func(*hdf5Writer) [][]byte { return nil }), ErrMalformed, "a dataspace of 0 bytes"},
		{"no datatype", kernel(func(*hdf5Writer) [][]byte { return [][]byte{space} }), ErrMalformed, "a datatype of 0 bytes"},
		{"no layout", kernel(func(*hdf5Writer) [][]byte { return [][]byte{space, hdf5Message(messageDatatype, hdf5Float32)} }), ErrMalformed, "a layout of 0 bytes"},
		{"compressed", dataset(space, hdf5Float32, whole, hdf5Message(messageFilters, []byte{1, 1})), ErrNotVGG, "compressed or otherwise filtered, expected floating-point numbers in one piece"},
		{"chunked", dataset(space, hdf5Float32, laidOut(3, 2)), ErrNotVGG, "stored in chunks"},
		{"within its header", dataset(space, hdf5Float32, laidOut(3, 0)), ErrMalformed, "has 0 bytes, which is not what [3 3 3 1] numbers of 32 bits take"},
		{"longer than its header", dataset(space, hdf5Float32, laidOut(3, 0, 108, 0)), ErrMalformed, "has 108 bytes in a layout of 24"},
		{"virtual", dataset(space, hdf5Float32, laidOut(3, 3)), ErrNotVGG, "virtual"},
		{"layout 2", dataset(space, hdf5Float32, laidOut(2, 1)), ErrMalformed, "begins with 02, expected version 3 to 5"},
		{"short layout", dataset(space, hdf5Float32, func(uint64) []byte { return hdf5Message(messageLayout, []byte{3, 1}) }), ErrMalformed, "a layout of 8 bytes"},
		{"not stored", dataset(space, hdf5Float32, func(uint64) []byte { return hdf5Contiguous(hdf5Undefined, 108) }), ErrNotVGG, "not stored at all"},
		{"data that are not there", dataset(space, hdf5Float32, func(uint64) []byte { return hdf5Contiguous(1<<40, 108) }), ErrMalformed, "has 108 bytes from byte 1099511627776 of the file on"},
		{"data of another length", dataset(space, hdf5Float32, func(at uint64) []byte { return hdf5Contiguous(at, 100) }), ErrMalformed, "100 bytes, which is not what [3 3 3 1] numbers of 32 bits take"},
		{"a shared message", kernel(func(*hdf5Writer) [][]byte {
			return [][]byte{hdf5Shared(space)}
		}), ErrNotVGG, "described by a message that it shares with others"},
		{"integers", dataset(space, hdf5Int32, whole), ErrNotVGG, "class 0 of 32 bits"},
		{"big-endian", dataset(space, hdf5Big, whole), ErrNotVGG, "not little-endian float16, float32 or float64"},
		{"dataspace 3", dataset(hdf5Message(messageDataspace, []byte{3, 4}), hdf5Float32, whole), ErrMalformed, "a dataspace of 8 bytes that begins with 03 04"},
		{"dimensions that are not there", dataset(hdf5Message(messageDataspace, []byte{1, 4}), hdf5Float32, whole), ErrMalformed, "begins with 01 04"},
		{"a hundred dimensions", dataset(hdf5Space(make([]uint64, 100)...), hdf5Float32, whole), ErrMalformed, "begins with 01 64"},
		{"dimension of 2^63", dataset(hdf5Space(3, 3, 3, 1<<63), hdf5Float32, whole), ErrMalformed, "the dimension 9223372036854775808"},
		{"sizes that overflow", dataset(hdf5Space(1<<62, 1<<62, 3, 3), hdf5Float32, whole), ErrMalformed, "is not what"},
		{"kernel first", dataset(hdf5Space(1, 3, 3, 3), hdf5Float32, whole), ErrNotVGG, ""},
		{"convolution outside the family", hdf5Bytes(func(w *hdf5Writer) uint64 {
			return w.group(hdf5Link{"block6_conv1_W_1:0", w.zeros(1)})
		}), ErrNotVGG, "block6_conv1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readHDF5File(t, c.file)
			if !errors.Is(err, c.kind) {
				t.Fatalf("got %v, want %v", err, c.kind)
			}
			if err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to say %s", err, c.want)
			}
		})
	}
}

// TestLargeHDF5 checks that a file costs at most twice its size.
func TestLargeHDF5(t *testing.T) {
	for name, root := range map[string]func(w *hdf5Writer) uint64{
		"groups": func(w *hdf5Writer) uint64 {
			var links []hdf5Link
			for range 10_000 {
				links = append(links, hdf5Link{"x", w.group()})
			}
			return w.group(links...)
		},
		"datasets": func(w *hdf5Writer) uint64 {
			var links []hdf5Link
			for range 10_000 {
				links = append(links, hdf5Link{"x", w.object()})
			}
			return w.group(links...)
		},
		"messages": func(w *hdf5Writer) uint64 {
			var messages [][]byte
			for range 100_000 {
				messages = append(messages, hdf5Message(9, nil))
			}
			return w.object(messages...)
		},
		"continuations": func(w *hdf5Writer) uint64 {
			var messages [][]byte
			for range 100_000 {
				messages = append(messages, hdf5Message(messageContinuation, words64(0, 0)))
			}
			return w.object(messages...)
		},
		"B-tree nodes": func(w *hdf5Writer) uint64 {
			_, heap := w.table()
			var nodes []uint64
			for range 10_000 {
				nodes = append(nodes, w.tree(0))
			}
			return w.object(hdf5Table(w.tree(1, nodes...), heap))
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := readHDF5File(t, hdf5Bytes(root)); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestHDF5ReadErrors(t *testing.T) { checkReadErrors(t, smallestHDF5()) }

func hdf5Seeds(t testing.TB) [][]byte {
	seeds := [][]byte{smallestHDF5()}
	for _, pattern := range []string{"testdata/formats/*.h5", "testdata/keras/*.h5"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("no files: %v", err)
		}
		for _, name := range names {
			seeds = append(seeds, readTestFile(t, name))
		}
	}
	return seeds
}

func readTestFile(t testing.TB, name string) []byte {
	t.Helper()
	file, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestHDF5Mutations(t *testing.T) {
	files := 4000
	if testing.Short() {
		files = 400
	}
	seeds := hdf5Seeds(t)
	r := rand.New(rand.NewPCG(5, 6))
	accepted := 0
	for range files {
		file := mutate(r, seeds[r.IntN(len(seeds))])
		// Networks numbered by Keras need an input convention.
		if _, err := readHDF5File(t, repaired(file)); err == nil || errors.Is(err, ErrNoInput) {
			accepted++
		}
		if t.Failed() {
			t.Fatalf("file %q", file)
		}
	}
	checkTwoSided(t, accepted, files)
}

func FuzzReadHDF5(f *testing.F) {
	for _, seed := range hdf5Seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		copy(file, hdf5Signature) // so that no other reader is tried
		file = repaired(file)
		// A structure is read once, but the beginning of an object header, of at least
		// 11 bytes, twice.
		work := 0
		n, err := Read(readerAt(func(p []byte, offset int64) (int, error) {
			work += len(p)
			return bytes.NewReader(file).ReadAt(p, offset)
		}), int64(len(file)), "dir/some.safetensors", Override{})
		if most := 6*len(file) + 1<<10; work > most {
			t.Errorf("read %d bytes of a file of %d, expected at most %d", work, len(file), most)
		}
		checkForeign(t, n, err)
	})
}
