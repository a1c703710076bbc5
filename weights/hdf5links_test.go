package weights

import (
	"bytes"
	"encoding/binary"
	"errors"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLookup3 compares checksums with those in lookup3.c.
func TestLookup3(t *testing.T) {
	for text, want := range map[string]uint32{
		"":                               0xdeadbeef,
		"Four score and seven years ago": 0x17770551,
	} {
		if got := lookup3([]byte(text)); got != want {
			t.Errorf("%q: got %08x, want %08x", text, got, want)
		}
	}
}

// TestHDF5Versions reads the same network from files with every version of the
// superblock, the object headers, the groups and the layouts that h5py writes,
// including links that lead to no object.
func TestHDF5Versions(t *testing.T) {
	const dir = "testdata/keras"
	want, err := Open(filepath.Join(dir, "one.safetensors"), Override{})
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "one-*.h5"))
	if err != nil || len(names) != 4 {
		t.Fatalf("found %d files, expected 4: %v", len(names), err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			got, err := Open(name, Override{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Convs, got.Convs, sameBits); diff != "" {
				t.Errorf("convolutions (-want +got):\n%s", diff)
			}
		})
	}
}

var wrongSum = regexp.MustCompile("has the checksum [0-9a-f]{8} at byte ([0-9]+), expected ([0-9a-f]{8})")

// repaired corrects the checksums of a modified file, so that the reader gets past
// them.
func repaired(file []byte) []byte {
	file = bytes.Clone(file)
	for range 100 {
		_, err := readBytes(file)
		if err == nil {
			break
		}
		m := wrongSum.FindStringSubmatch(err.Error())
		if m == nil {
			break
		}
		at, err := strconv.Atoi(m[1])
		if err != nil {
			panic(err)
		}
		sum, err := strconv.ParseUint(m[2], 16, 32)
		if err != nil {
			panic(err)
		}
		binary.LittleEndian.PutUint32(file[at:], uint32(sum))
	}
	return file
}

// sealedPut appends a structure with its checksum.
func (w *hdf5Writer) sealedPut(parts ...[]byte) uint64 {
	all := bytes.Join(parts, nil)
	return w.put(binary.LittleEndian.AppendUint32(all, lookup3(all)))
}

// object2 appends an object header of version 2.
func (w *hdf5Writer) object2(messages ...[]byte) uint64 {
	all := bytes.Join(messages, nil)
	head := append([]byte(headerMagic), 2, 2)
	return w.sealedPut(binary.LittleEndian.AppendUint32(head, uint32(len(all))), all)
}

func hdf5Message2(kind byte, data []byte) []byte {
	head := binary.LittleEndian.AppendUint16([]byte{kind}, uint16(len(data)))
	return append(append(head, 0), data...)
}

// hdf5LinkTo returns a hard link in the form for messages and heaps.
func hdf5LinkTo(name string, object uint64) []byte {
	return append(append([]byte{1, 0, byte(len(name))}, name...), words64(object)...)
}

// dense appends a group whose links are in a heap of one block, indexed by a B-tree of
// one leaf.
func (w *hdf5Writer) dense(links []byte, records [][2]int) uint64 {
	const blockHead = 17
	block := w.put([]byte(directMagic), make([]byte, blockHead-4), links, make([]byte, 1<<16-blockHead-len(links)))
	head := make([]byte, 142)
	copy(head, fractalMagic)
	head[5] = heapIDSize
	head[110] = 4                                    // blocks in a row
	copy(head[112:], words64(1<<16, 1<<16))          // the sizes of the first and the largest
	head[128] = 8 * heapOffsetSize                   // bits
	binary.LittleEndian.PutUint64(head[132:], block) // no table
	leaf := append([]byte(leafMagic), 0, indexOfNames)
	for _, r := range records {
		leaf = append(leaf, 0, 0, 0, 0, 0) // the hash; the kind
		leaf = binary.LittleEndian.AppendUint32(leaf, uint32(blockHead+r[0]))
		leaf = binary.LittleEndian.AppendUint16(leaf, uint16(r[1]))
	}
	index := make([]byte, 34)
	copy(index, indexMagic)
	index[5] = indexOfNames
	binary.LittleEndian.PutUint32(index[6:], uint32(len(leaf)+checksumSize))
	index[10] = indexRecord
	binary.LittleEndian.PutUint64(index[16:], w.sealedPut(leaf))
	binary.LittleEndian.PutUint16(index[24:], uint16(len(records)))
	info := append([]byte{0, 0}, words64(w.sealedPut(head), w.sealedPut(index))...)
	return w.object2(hdf5Message2(messageLinkInfo, info))
}

func TestHostileLinks(t *testing.T) {
	large := readTestFile(t, "testdata/keras/vgg19-norms-latest.weights.h5")
	one := readTestFile(t, "testdata/keras/one-v108.h5")
	// with returns a file with other bytes after the last or first occurrence of a
	// magic number.
	with := func(file []byte, magic string, after int, b ...byte) []byte {
		i := bytes.Index(file, []byte(magic))
		if i < 0 {
			t.Fatalf("no %s", magic)
		}
		file = bytes.Clone(file)
		copy(file[i+after:], b)
		return repaired(file)
	}
	group := func(messages ...[]byte) []byte {
		return hdf5Bytes(func(w *hdf5Writer) uint64 { return w.object2(messages...) })
	}
	damaged := bytes.Clone(one)
	damaged[bytes.Index(one, []byte(headerMagic))+20] ^= 1
	block := bytes.Clone(large)
	block[bytes.Index(large, []byte(directMagic))+40] ^= 1
	smallest := func(w *hdf5Writer) uint64 {
		return w.object2(
			hdf5Message2(messageLink, hdf5LinkTo("block1_conv1_W_1:0", w.zeros(3, 3, 3, 1))),
			hdf5Message2(messageLink, hdf5LinkTo("block1_conv1_b_1:0", w.zeros(1))))
	}

	for _, c := range []struct {
		name string
		file []byte
		kind error // nil: the file is valid
		want string
	}{
		{"fine", hdf5Bytes(smallest), nil, ""},
		{"fine: a heap of one block", hdf5Bytes(func(w *hdf5Writer) uint64 {
			kernel, bias := hdf5LinkTo("block1_conv1_W_1:0", w.zeros(3, 3, 3, 1)), hdf5LinkTo("block1_conv1_b_1:0", w.zeros(1))
			return w.dense(append(bytes.Clone(kernel), bias...), [][2]int{{len(kernel), len(bias)}, {0, len(kernel)}})
		}), nil, ""},

		{"a flipped bit in a header", damaged, ErrMalformed, "the file is damaged"},
		{"a flipped bit in a heap", block, ErrMalformed, "the file is damaged"},
		{"superblock cut", one[:50], ErrMalformed, "the HDF5 file ends at byte 50, expected"},
		{"superblock of 4-byte addresses", with(one, hdf5Signature, 9, 4), ErrNotNetwork, "addresses of 4 and lengths of 8 bytes"},
		{"superblock behind a user block", with(one, hdf5Signature, 13, 2), ErrNotNetwork, "begins at byte 512"},
		{"header 3", with(one, headerMagic, 4, 3), ErrMalformed, "the root of the HDF5 file has a header at byte 48 that begins with 4f 48 44 52 03"},
		{"header of 2^63 bytes", hdf5Bytes(func(w *hdf5Writer) uint64 {
			return w.put([]byte(headerMagic+"\x02\x03"), words64(1<<63), make([]byte, 40))
		}), ErrMalformed, "has a header of 9223372036854775808 bytes"},
		{"header cut in its size", hdf5Bytes(func(w *hdf5Writer) uint64 { return w.put([]byte(headerMagic + "\x02\x03\x00\x00")) }), ErrMalformed, "that begins with"},
		{"no continuation", with(one, partMagic, 0, 'X'), ErrMalformed, `has "XCHK" at byte`},
		{"short continuation", group(hdf5Message2(messageContinuation, words64(96, 7))), ErrMalformed, "has a part of a header of 7 bytes"},
		{"message longer than its header", group([]byte{messageLink, 255, 0, 0}), ErrMalformed, "has a message of 255 bytes in a header with 0 left"},
		{"two link infos", group(hdf5Message2(messageLinkInfo, []byte{0}), hdf5Message2(messageLinkInfo, []byte{0})), ErrMalformed, "has a second message of type 0x2"},
		{"short link info", group(hdf5Message2(messageLinkInfo, []byte{0, 1, 0, 0})), ErrMalformed, "has a link info message of 4 bytes that begins with 00 01"},

		{"link 2", group(hdf5Message2(messageLink, []byte{2, 0, 0})), ErrMalformed, "has a link of 3 bytes that begins with 02 00 00"},
		{"link of no length", group(hdf5Message2(messageLink, []byte{1})), ErrMalformed, "has a link of 1 bytes"},
		{"link cut in its order", group(hdf5Message2(messageLink, []byte{1, 0x1f, 0, 0})), ErrMalformed, "has a link of 4 bytes"},
		{"link longer than its message", group(hdf5Message2(messageLink, []byte{1, 3, 255, 255, 255, 255, 255, 255, 255, 255})), ErrMalformed, "has a link of 10 bytes"},
		{"link without an address", group(hdf5Message2(messageLink, []byte{1, 0, 1, 'x', 0})), ErrMalformed, "has a link of 5 bytes"},
		{"link outside the file", group(hdf5Message2(messageLink, hdf5LinkTo("x", 1<<40))), ErrMalformed, `"x" of the HDF5 file needs a header at byte 1099511627776`},
		{"endless links", hdf5Bytes(func(w *hdf5Writer) uint64 {
			return w.object2(hdf5Message2(messageLink, hdf5LinkTo("x", uint64(len(w.file)))))
		}), ErrMalformed, "is made of more bytes than the file has"},
		{"endless name", group(hdf5Message2(messageLink, append(append([]byte{1, 1, 0, 4}, bytes.Repeat([]byte("x"), 1024)...), words64(96)...))), ErrMalformed, "not ended within 512 bytes"},

		{"heap with filters", with(large, fractalMagic, 7, 1), ErrMalformed, "has a heap at byte"},
		{"heap of long places", with(large, fractalMagic, 5, 8), ErrMalformed, "has a heap at byte"},
		{"heap of empty blocks", with(large, fractalMagic, 112, make([]byte, 8)...), ErrMalformed, "has a heap at byte"},
		{"heap of large blocks", with(large, fractalMagic, 120, 0, 0, 0, 1), ErrMalformed, "has a heap at byte"},
		{"heap in tables of tables", with(large, fractalMagic, 140, 10), ErrNotVGG, "has more links than fit into the 9 rows"},
		{"heap in a table longer than the file", with(large, fractalMagic, 110, 255, 255), ErrMalformed, "needs"},
		{"no table", with(large, indirectMagic, 0, 'X'), ErrMalformed, `has "XHIB" at byte`},
		{"block outside the file", with(large, indirectMagic, 17, 0, 0, 0, 0, 1), ErrMalformed, "of the file, which has"},
		{"no block", with(large, directMagic, 0, 'X'), ErrMalformed, `has "XHDB" at byte`},

		{"B-tree of another type", with(large, indexMagic, 5, 6), ErrMalformed, "has a B-tree at byte"},
		{"B-tree of long records", with(large, indexMagic, 10, 12), ErrMalformed, "has a B-tree at byte"},
		{"B-tree of small nodes", with(large, indexMagic, 6, 20, 0), ErrMalformed, "has a B-tree at byte"},
		{"B-tree without room for pointers", with(large, indexMagic, 6, 21, 0), ErrMalformed, "in a node of a B-tree, expected at most"},
		{"deep B-tree", with(large, indexMagic, 12, 5), ErrMalformed, "has a B-tree at byte"},
		{"more records than fit", with(large, indexMagic, 24, 255, 255), ErrMalformed, "has 65535 records in a node of a B-tree, expected at most 24"},
		{"B-tree of other levels", with(large, indexMagic, 12, 2), ErrMalformed, "has 26 records in a node of a B-tree, expected at most 24"},
		{"place of another kind", with(large, leafMagic, 6+4, 0x10), ErrMalformed, "has a link at 10 "},
		{"place outside the heap", with(large, leafMagic, 6+5, 255, 255, 255, 255), ErrMalformed, "of a heap that has none there"},
		{"place longer than its block", with(large, leafMagic, 6+9, 255, 255), ErrMalformed, "of a heap that has none there"},
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
	t.Run("read errors", func(t *testing.T) {
		checkReadErrors(t, hdf5Bytes(smallest))
	})
}

// TestManyLinks checks that a file costs at most twice its size, and that cycles of
// links end.
func TestManyLinks(t *testing.T) {
	repeated := func(record [2]int) [][2]int {
		records := make([][2]int, 60_000)
		for i := range records {
			records[i] = record
		}
		return records
	}
	for name, root := range map[string]func(w *hdf5Writer) uint64{
		"links": func(w *hdf5Writer) uint64 {
			var messages [][]byte
			for range 10_000 {
				messages = append(messages, hdf5Message2(messageLink, hdf5LinkTo("x", w.object2())))
			}
			return w.object2(messages...)
		},
		"links to the same": func(w *hdf5Writer) uint64 {
			var messages [][]byte
			at := w.object2()
			for range 10_000 {
				messages = append(messages, hdf5Message2(messageLink, hdf5LinkTo("x", at)))
			}
			return w.object2(messages...)
		},
		"soft links": func(w *hdf5Writer) uint64 {
			return w.dense([]byte{1, 8, 1, 1, 'x', 1, 0, '/'}, repeated([2]int{0, 8}))
		},
		"records of the same": func(w *hdf5Writer) uint64 {
			link := hdf5LinkTo("x", w.object2())
			return w.dense(link, repeated([2]int{0, len(link)}))
		},
		"convolutions of Keras": func(w *hdf5Writer) uint64 {
			var messages [][]byte
			for i := range 5000 {
				at := w.object2(hdf5Message2(messageLink, hdf5LinkTo("kernel", w.zeros(3, 3, 3, 1))))
				messages = append(messages, hdf5Message2(messageLink, hdf5LinkTo("conv2d_"+strconv.Itoa(i), at)))
			}
			return w.object2(messages...)
		},
		"models of Keras": func(w *hdf5Writer) uint64 {
			var messages [][]byte
			for i := range 5000 {
				at := w.object2(hdf5Message2(messageLink, hdf5LinkTo("conv2d/kernel", w.zeros(3, 3, 3, 1))))
				messages = append(messages, hdf5Message2(messageLink, hdf5LinkTo(strconv.Itoa(i), at)))
			}
			return w.object2(messages...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := readHDF5File(t, hdf5Bytes(root)); err == nil {
				t.Error("accepted")
			}
		})
	}
}
