package weights

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"sort"
)

// A group without a symbol table has its links in its header or, if there are more than
// a few (8 by default), in a fractal heap (III.G) with a version 2 B-tree (III.A.2) as
// index of their names.
const (
	fractalMagic  = "FRHP"
	directMagic   = "FHDB"
	indirectMagic = "FHIB"
	indexMagic    = "BTHD"
	leafMagic     = "BTLF"
	innerMagic    = "BTIN"

	// indexOfNames is the type of a B-tree that indexes links by name, and indexRecord
	// the length of its records: a hash and the heap ID of the link.
	indexOfNames = 5
	indexRecord  = 4 + heapIDSize

	// heapIDSize is the length of a heap ID: a kind, an offset and a length.
	heapIDSize       = 1 + heapOffsetSize + heapLengthSize
	heapOffsetSize   = 4
	heapLengthSize   = 2
	maxHeapBlockSize = 1 << 16

	// maxIndexDepth is the largest depth of a B-tree. With 45 links in a leaf and 24
	// children of other nodes, 4 levels suffice for some 600,000 links.
	maxIndexDepth = 4
)

// link follows a link (IV.A.2.g) of a group at the given depth if it is a hard link.
// Soft links repeat other links, and external links lead to other files.
func (f *hdf5File) link(data []byte, depth int) error {
	const hard, lengthBits, orderFlag, kindFlag, charsetFlag = 0, 3, 1 << 2, 1 << 3, 1 << 4
	bad := func() error {
		return f.malformed("has a link of %d bytes that begins with % x", len(data), data[:min(len(data), 8)])
	}
	if len(data) < 2 || data[0] != 1 {
		return bad()
	}
	flags, rest := data[1], data[2:]
	kind, skip := byte(hard), 0
	if flags&kindFlag != 0 && len(rest) > 0 {
		kind = rest[0]
		skip++
	}
	if flags&orderFlag != 0 {
		skip += 8
	}
	if flags&charsetFlag != 0 {
		skip++
	}
	size := 1 << (flags & lengthBits)
	if len(rest) < skip+size {
		return bad()
	}
	length, rest := uintLE(rest[skip:skip+size]), rest[skip+size:]
	if length > uint64(len(rest)) {
		return bad()
	}
	name, rest := rest[:length], rest[length:]
	if kind != hard {
		return nil
	}
	if len(rest) < 8 {
		return bad()
	}
	return f.follow(name, binary.LittleEndian.Uint64(rest), depth)
}

// denseLinks follows the links of a group at the given depth that its link info message
// locates outside the header (IV.A.2.c).
func (f *hdf5File) denseLinks(info []byte, depth int) error {
	const orderFlag = 1
	at := 2
	if len(info) > 1 && info[1]&orderFlag != 0 {
		at += 8
	}
	if len(info) < at+16 || info[0] != 0 {
		return f.malformed("has a link info message of %d bytes that begins with % x", len(info), info[:min(len(info), 2)])
	}
	heapAddress, indexAddress := binary.LittleEndian.Uint64(info[at:]), binary.LittleEndian.Uint64(info[at+8:])
	if heapAddress == hdf5Undefined {
		return nil
	}
	heap, err := f.fractalHeap(heapAddress)
	if err != nil {
		return err
	}
	return f.index(indexAddress, func(record []byte) error {
		data, ok := heap.object(record[4:])
		if !ok {
			return f.malformed("has a link at % x of a heap that has none there", record[4:])
		}
		return f.link(data, depth)
	})
}

// A fractalHeap holds the blocks of a heap, with the offsets of their first bytes.
type fractalHeap []heapBlock

type heapBlock struct {
	offset uint64
	data   []byte
}

// object returns the object with the given heap ID. ok is false where no block contains
// it, or where it is not stored in a block.
func (h fractalHeap) object(id []byte) (data []byte, ok bool) {
	const inBlock = 0 // the version 0 and the kind
	offset, length := uintLE(id[1:1+heapOffsetSize]), uintLE(id[1+heapOffsetSize:heapIDSize])
	i := sort.Search(len(h), func(i int) bool { return h[i].offset > offset }) - 1
	if id[0] != inBlock || i < 0 {
		return nil, false
	}
	data, offset = h[i].data, offset-h[i].offset
	if offset > uint64(len(data)) || length > uint64(len(data))-offset {
		return nil, false
	}
	return data[offset : offset+length], true
}

// fractalHeap reads the blocks of a heap. Heaps of links have offsets of 4 bytes,
// lengths of 2 bytes and no filters.
func (f *hdf5File) fractalHeap(address uint64) (fractalHeap, error) {
	const size = 142 + checksumSize
	head, err := f.sealed(address, fractalMagic, size)
	if err != nil {
		return nil, err
	}
	width, first, most := int(binary.LittleEndian.Uint16(head[110:])), binary.LittleEndian.Uint64(head[112:]), binary.LittleEndian.Uint64(head[120:])
	offsetBits, root, rows := binary.LittleEndian.Uint16(head[128:]), binary.LittleEndian.Uint64(head[132:]), int(binary.LittleEndian.Uint16(head[140:]))
	if head[4] != 0 || binary.LittleEndian.Uint16(head[5:]) != heapIDSize || offsetBits != 8*heapOffsetSize ||
		binary.LittleEndian.Uint16(head[7:]) != 0 || first == 0 || first > most || most > maxHeapBlockSize {
		return nil, f.malformed("has a heap at byte %d that is not as HDF5 writes those of links", address)
	}
	summed := head[9]&2 != 0
	if root == hdf5Undefined {
		return nil, nil
	}
	if rows == 0 {
		block, err := f.directBlock(root, first, summed)
		return fractalHeap{{0, block}}, err
	}
	// The root is a table of blocks. The blocks of its first two rows have the initial
	// size; in each later row they are twice as large. Rows of the largest blocks would
	// be followed by rows of further tables, which are not supported.
	if rows > bits.Len64(most/first)+1 {
		return nil, fmt.Errorf("%w: %s of the HDF5 file has more links than fit into the %d rows of blocks of a heap without further tables",
			ErrNotVGG, f.place(), bits.Len64(most/first)+1)
	}
	const header = 4 + 1 + 8 + heapOffsetSize
	table, err := f.sealed(root, indirectMagic, header+uint64(8*width*rows)+checksumSize)
	if err != nil {
		return nil, err
	}
	var heap fractalHeap
	table = table[header:]
	for offset, row := uint64(0), 0; row < rows; row++ {
		size := first << max(0, row-1)
		for range width {
			if block := binary.LittleEndian.Uint64(table); block != hdf5Undefined {
				data, err := f.directBlock(block, size, summed)
				if err != nil {
					return nil, err
				}
				heap = append(heap, heapBlock{offset, data})
			}
			table = table[8:]
			offset += size
		}
	}
	return heap, nil
}

// directBlock reads a block of a heap. Offsets of its objects count from the beginning
// of the block.
func (f *hdf5File) directBlock(address, size uint64, summed bool) ([]byte, error) {
	const sumAt = 4 + 1 + 8 + heapOffsetSize
	block, err := f.node(address, directMagic, size)
	if err != nil || !summed {
		return block, err
	}
	if len(block) < sumAt+checksumSize {
		return nil, f.malformed("has a heap's block of %d bytes", size)
	}
	// The checksum is computed with zeros in its place.
	sum := binary.LittleEndian.Uint32(block[sumAt:])
	clear(block[sumAt : sumAt+checksumSize])
	return block, f.compareSums(block, sum, address+sumAt)
}

// indexLevel describes the nodes of one level of a B-tree. Level 0 are the leaves.
type indexLevel struct {
	records     uint64 // largest number of records of a node
	all         uint64 // largest number of records of a node and its descendants
	pointerSize int    // bytes of a pointer to a child; 0 in leaves
}

// index calls visit for each record of the version 2 B-tree that indexes the links of a
// group. It stops at the first error and returns it.
func (f *hdf5File) index(address uint64, visit func(record []byte) error) error {
	const size, frame = 34 + checksumSize, 4 + 1 + 1 + checksumSize
	head, err := f.sealed(address, indexMagic, size)
	if err != nil {
		return err
	}
	nodeSize, depth := uint64(binary.LittleEndian.Uint32(head[6:])), int(binary.LittleEndian.Uint16(head[12:]))
	if head[4] != 0 || head[5] != indexOfNames || binary.LittleEndian.Uint16(head[10:]) != indexRecord ||
		nodeSize < frame+indexRecord || depth > maxIndexDepth {
		return f.malformed("has a B-tree at byte %d that is not as HDF5 writes those of links", address)
	}
	// A pointer is an address, the number of records in the child and, above level 1,
	// the number of records in all its descendants. Each number has as many bytes as
	// its largest value needs.
	leaf := (nodeSize - frame) / indexRecord
	levels := []indexLevel{{records: leaf, all: leaf}}
	for len(levels) <= depth {
		below := levels[len(levels)-1]
		pointer := 8 + byteCount(leaf)
		if len(levels) > 1 {
			pointer += byteCount(below.all)
		}
		if nodeSize < frame+uint64(pointer) {
			return f.malformed("has a B-tree of nodes of %d bytes", nodeSize)
		}
		records := (nodeSize - frame - uint64(pointer)) / uint64(indexRecord+pointer)
		high, all := bits.Mul64(records+1, below.all)
		if high != 0 || all > 1<<62 {
			return f.malformed("has a B-tree of nodes of %d bytes", nodeSize)
		}
		levels = append(levels, indexLevel{records, all + records, pointer})
	}
	root, records := binary.LittleEndian.Uint64(head[16:]), uint64(binary.LittleEndian.Uint16(head[24:]))
	if root == hdf5Undefined {
		return nil
	}
	return f.indexNode(root, records, levels, visit)
}

// byteCount returns how many bytes numbers up to most need.
func byteCount(most uint64) int { return max(1, (bits.Len64(most)+7)/8) }

// indexNode visits the records of a node, whose level is the last of levels, and of its
// descendants.
func (f *hdf5File) indexNode(address, records uint64, levels []indexLevel, visit func(record []byte) error) error {
	const header = 4 + 1 + 1
	level, below := levels[len(levels)-1], levels[:len(levels)-1]
	if records > level.records {
		return f.malformed("has %d records in a node of a B-tree, expected at most %d", records, level.records)
	}
	magic, size := leafMagic, header+records*indexRecord+checksumSize
	if len(below) > 0 {
		magic = innerMagic
		size += (records + 1) * uint64(level.pointerSize)
	}
	data, err := f.sealed(address, magic, size)
	if err != nil {
		return err
	}
	data = data[header:]
	for record := range slices.Chunk(data[:records*indexRecord], indexRecord) {
		if err := visit(record); err != nil {
			return err
		}
	}
	if len(below) == 0 {
		return nil
	}
	count := byteCount(levels[0].records)
	for child := range slices.Chunk(data[records*indexRecord:], level.pointerSize) {
		if err := f.indexNode(binary.LittleEndian.Uint64(child), uintLE(child[8:8+count]), below, visit); err != nil {
			return err
		}
	}
	return nil
}

// uintLE returns a little-endian number of up to 8 bytes.
func uintLE(data []byte) uint64 {
	v := uint64(0)
	for i, b := range data {
		v |= uint64(b) << (8 * i)
	}
	return v
}
