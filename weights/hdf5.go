package weights

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// The part of HDF5 that Keras uses for networks ("HDF5 File Format Specification",
// version 3.0, cited by section): groups, which hold groups and datasets by name, in
// symbol tables or, optionally since HDF5 1.8, in links (hdf5links.go); contiguous
// datasets of floating-point numbers. Errors name other features of the format.
const (
	hdf5Signature = "\x89HDF\r\n\x1a\n"
	headerMagic   = "OHDR"
	partMagic     = "OCHK"
	btreeMagic    = "TREE"
	heapMagic     = "HEAP"
	symbolsMagic  = "SNOD"

	// The messages of an object header (IV.A.2).
	messageDataspace    = 0x01
	messageLinkInfo     = 0x02
	messageDatatype     = 0x03
	messageLink         = 0x06
	messageLayout       = 0x08
	messageFilters      = 0x0b
	messageContinuation = 0x10
	messageSymbolTable  = 0x11

	// messageShared is the flag of a message that is stored elsewhere.
	messageShared = 1 << 1

	// hdf5Undefined is the undefined address.
	hdf5Undefined = math.MaxUint64

	// maxDepth is the largest depth of nested groups. Keras needs 6 for a model within
	// another: layers/functional/layers/conv2d_1/vars/0.
	maxDepth = 16

	// maxParts is the largest number of parts of a header: two are usual, with
	// attributes.
	maxParts = 64

	// maxHDF5Name is the largest length of a name with its groups, in bytes. Names of
	// Keras have about 50.
	maxHDF5Name = 512

	// checksumSize is the length of the checksum that ends a structure.
	checksumSize = 4
)

// hdf5Floats are the properties (IV.A.2.d, class 1) of IEEE 754 numbers: the position
// of the sign; offset and precision in bits; position and size of the exponent, then of
// the mantissa; the bias of the exponent.
var hdf5Floats = map[[14]byte]dtype{
	{0, 15, 0, 0, 16, 0, 10, 5, 0, 10, 15}:          dtypes["F16"],
	{0, 31, 0, 0, 32, 0, 23, 8, 0, 23, 127}:         dtypes["F32"],
	{0, 63, 0, 0, 64, 0, 52, 11, 0, 52, 0xff, 0x03}: dtypes["F64"],
}

// An hdf5File is an HDF5 file while it is being read. Structures do not overlap in a
// valid file, so all structures that are read must together fit in the file. This ends
// cycles.
type hdf5File struct {
	listing
	r      io.ReaderAt
	size   int64
	left   int64 // bytes of structures that may still be read
	path   []byte
	prefix [maxHeaderPrefix]byte // of the current object header
}

// readHDF5 lists the convolutions of a network that Keras saved, with its weights alone
// or with its model. Kernels are H x W x In x Out.
func readHDF5(r io.ReaderAt, size int64, given layerNames) (*listing, error) {
	f := &hdf5File{r: r, size: size, left: size}
	f.layout.kernel, f.layout.given = heightWidthInOut, given
	root, err := f.superblock()
	if err != nil {
		return nil, err
	}
	if err := f.object(root, 0); err != nil {
		return nil, err
	}
	return &f.listing, nil
}

// superblock returns the address of the root group's object header (II.A).
func (f *hdf5File) superblock() (root uint64, err error) {
	const size = 48 // of versions 2 and 3; 0 and 1 are twice as long
	block, err := f.take(0, size)
	if err != nil {
		return 0, err
	}
	sizes, base, end, rootAt := 9, 12, 28, 36
	switch version := int(block[8]); version {
	case 0, 1:
		more, err := f.take(size, size+uint64(4*version))
		if err != nil {
			return 0, err
		}
		block = append(block, more...)
		sizes, base, end, rootAt = 13, 24+4*version, 40+4*version, 64+4*version
	case 2, 3:
		if err := f.checkSum(block, 0); err != nil {
			return 0, err
		}
	default:
		return 0, fmt.Errorf("%w: an HDF5 file with a superblock of version %d, expected 0 to 3", ErrNotNetwork, version)
	}
	if block[sizes] != 8 || block[sizes+1] != 8 {
		return 0, fmt.Errorf("%w: an HDF5 file with addresses of %d and lengths of %d bytes, expected 8", ErrNotNetwork, block[sizes], block[sizes+1])
	}
	if base := binary.LittleEndian.Uint64(block[base:]); base != 0 {
		return 0, fmt.Errorf("%w: an HDF5 file that begins at byte %d, expected 0", ErrNotNetwork, base)
	}
	if end := binary.LittleEndian.Uint64(block[end:]); end > uint64(f.size) {
		return 0, fmt.Errorf("%w: the HDF5 file ends at byte %d, expected %d: it is cut short", ErrMalformed, f.size, end)
	}
	return binary.LittleEndian.Uint64(block[rootAt:]), nil
}

// An objectHeader holds the messages of a group or dataset that the reader uses; a
// missing message is nil.
type objectHeader struct {
	dataspace, datatype, layout, filters, symbolTable, linkInfo []byte

	depth   int  // depth of the object in the groups
	version byte // 1 or 2
	fields  int  // the length of a message's type, size and flags, before its data
	isGroup bool // it has links
	shared  bool // a message is stored elsewhere
}

// field returns the address of the field for messages of a type, or nil for other
// types.
func (h *objectHeader) field(kind uint16) *[]byte {
	switch kind {
	case messageDataspace:
		return &h.dataspace
	case messageDatatype:
		return &h.datatype
	case messageLayout:
		return &h.layout
	case messageFilters:
		return &h.filters
	case messageSymbolTable:
		return &h.symbolTable
	case messageLinkInfo:
		return &h.linkInfo
	default:
		return nil
	}
}

// object reads the group or dataset with the header at an address.
func (f *hdf5File) object(address uint64, depth int) error {
	h := objectHeader{depth: depth}
	if err := f.header(&h, address); err != nil {
		return err
	}
	switch {
	case h.symbolTable != nil:
		return f.group(h.symbolTable, depth)
	case h.linkInfo != nil:
		return f.denseLinks(h.linkInfo, depth)
	case h.isGroup:
		return nil
	}
	return f.layout.add(f.path, func() (*tensor, error) { return f.dataset(&h) })
}

// maxHeaderPrefix is the largest length of an object header before its messages: OHDR,
// version, flags, times, numbers of attributes, size.
const maxHeaderPrefix = 4 + 1 + 1 + 16 + 4 + 8

// header reads the object header at an address, of version 1 (IV.A.1.a) or 2
// (IV.A.1.b), and follows its links.
func (f *hdf5File) header(h *objectHeader, address uint64) error {
	if address >= uint64(f.size) {
		return f.malformed("needs a header at byte %d of the file, which has %d", address, f.size)
	}
	prefix := f.prefix[:min(maxHeaderPrefix, uint64(f.size)-address)]
	if err := readAt(f.r, prefix, int64(address)); err != nil {
		return err
	}
	if !bytes.HasPrefix(prefix, []byte(headerMagic)) {
		const size = 16
		head, err := f.take(address, size)
		if err != nil {
			return err
		}
		if head[0] != 1 {
			return fmt.Errorf("%w: an HDF5 file whose object header at byte %d has the version %d, expected 1 or 2",
				ErrNotNetwork, address, head[0])
		}
		h.version, h.fields = 1, 8
		return f.part(h, address+size, uint64(binary.LittleEndian.Uint32(head[8:])), 1)
	}
	const timesFlag, attributesFlag, orderFlag = 1 << 5, 1 << 4, 1 << 2
	h.version, h.fields = 2, 4
	start := len(headerMagic) + 2
	flags := prefix[min(start, len(prefix))-1]
	if flags&timesFlag != 0 {
		start += 16
	}
	if flags&attributesFlag != 0 {
		start += 4
	}
	if flags&orderFlag != 0 {
		h.fields += 2
	}
	length := 1 << (flags & 3)
	if start+length > len(prefix) || prefix[4] != 2 {
		return f.malformed("has a header at byte %d that begins with % x", address, prefix[:min(len(prefix), 6)])
	}
	size, start := uintLE(prefix[start:start+length]), start+length
	if size > uint64(f.size) {
		return f.malformed("has a header of %d bytes in a file of %d", size, f.size)
	}
	data, err := f.sealed(address, headerMagic, uint64(start)+size+checksumSize)
	if err != nil {
		return err
	}
	return f.messages(h, data[start:], 1)
}

// part reads the messages in a part of an object header.
func (f *hdf5File) part(h *objectHeader, address, size uint64, part int) error {
	if part > maxParts {
		return f.malformed("has a header in more than %d parts", maxParts)
	}
	if h.version == 1 {
		data, err := f.take(address, size)
		if err != nil {
			return err
		}
		return f.messages(h, data, part)
	}
	if size < uint64(len(partMagic)+checksumSize) {
		return f.malformed("has a part of a header of %d bytes", size)
	}
	data, err := f.sealed(address, partMagic, size)
	if err != nil {
		return err
	}
	return f.messages(h, data[len(partMagic):], part)
}

// messages reads the messages in the data of a part of an object header, and in the
// parts that continue it. Fewer bytes at the end than the fields of a message are a
// gap.
func (f *hdf5File) messages(h *objectHeader, data []byte, part int) error {
	for len(data) >= h.fields {
		var kind uint16
		var size int
		var flags byte
		if h.version == 1 {
			kind, size, flags = binary.LittleEndian.Uint16(data), int(binary.LittleEndian.Uint16(data[2:])), data[4]
		} else {
			kind, size, flags = uint16(data[0]), int(binary.LittleEndian.Uint16(data[1:])), data[3]
		}
		data = data[h.fields:]
		if size > len(data) {
			return f.malformed("has a message of %d bytes in a header with %d left", size, len(data))
		}
		body := data[:size:size]
		data = data[size:]
		if err := f.message(h, kind, flags, body, part); err != nil {
			return err
		}
	}
	return nil
}

// message stores a message in the header, or follows a continuation or a link.
func (f *hdf5File) message(h *objectHeader, kind uint16, flags byte, body []byte, part int) error {
	switch kind {
	case messageContinuation:
		if len(body) < 16 {
			return f.malformed("has a continued header without an address")
		}
		return f.part(h, binary.LittleEndian.Uint64(body), binary.LittleEndian.Uint64(body[8:]), part+1)
	case messageLink:
		h.isGroup = true
		return f.link(body, h.depth)
	}
	m := h.field(kind)
	switch {
	case m == nil:
		return nil
	case *m != nil:
		return f.malformed("has a second message of type %#x", kind)
	}
	h.shared = h.shared || flags&messageShared != 0
	*m = body
	return nil
}

// group reads the members of a group with a symbol table (III.A, III.D).
func (f *hdf5File) group(symbolTable []byte, depth int) error {
	if len(symbolTable) < 16 {
		return f.malformed("has a symbol table of %d bytes, expected 16", len(symbolTable))
	}
	heap, err := f.node(binary.LittleEndian.Uint64(symbolTable[8:]), heapMagic, 32)
	if err != nil {
		return err
	}
	names, err := f.take(binary.LittleEndian.Uint64(heap[24:]), binary.LittleEndian.Uint64(heap[8:]))
	if err != nil {
		return err
	}
	return f.symbols(binary.LittleEndian.Uint64(symbolTable), names, -1, depth)
}

// symbols reads the entries below a node of a group's B-tree (III.A.1). The level of
// the node is one less than above, which is -1 for a root.
func (f *hdf5File) symbols(address uint64, names []byte, above, depth int) error {
	const header, entry = 24, 16
	head, err := f.node(address, btreeMagic, header)
	if err != nil {
		return err
	}
	level := int(head[5])
	if head[4] != 0 || above >= 0 && level != above-1 {
		return f.malformed("has a B-tree node of type %d and level %d below level %d", head[4], level, above)
	}
	// A key, then an address and a key for each child.
	children, err := f.take(address+header, 8+entry*uint64(binary.LittleEndian.Uint16(head[6:])))
	if err != nil {
		return err
	}
	for children = children[8:]; len(children) > 0; children = children[entry:] {
		child := binary.LittleEndian.Uint64(children)
		if level > 0 {
			err = f.symbols(child, names, level, depth)
		} else {
			err = f.entries(child, names, depth)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// entries reads a node of symbols (III.B, III.C).
func (f *hdf5File) entries(address uint64, names []byte, depth int) error {
	const header, entry, softLink = 8, 40, 2
	head, err := f.node(address, symbolsMagic, header)
	if err != nil {
		return err
	}
	entries, err := f.take(address+header, entry*uint64(binary.LittleEndian.Uint16(head[6:])))
	if err != nil {
		return err
	}
	for ; len(entries) > 0; entries = entries[entry:] {
		at := binary.LittleEndian.Uint64(entries)
		if at >= uint64(len(names)) {
			return f.malformed("has a name at byte %d of %d", at, len(names))
		}
		name, _, ended := bytes.Cut(names[at:min(at+maxHDF5Name, uint64(len(names)))], []byte{0})
		if !ended {
			return f.malformed("has a name that is not ended within %d bytes", maxHDF5Name)
		}
		if binary.LittleEndian.Uint32(entries[16:]) == softLink {
			continue
		}
		if err := f.follow(name, binary.LittleEndian.Uint64(entries[8:]), depth); err != nil {
			return err
		}
	}
	return nil
}

// follow reads the object with a name in a group at the given depth.
func (f *hdf5File) follow(name []byte, address uint64, depth int) error {
	if depth == maxDepth {
		return f.malformed("is more than %d groups deep", maxDepth)
	}
	around := len(f.path)
	if around > 0 {
		f.path = append(f.path, '/')
	}
	f.path = append(f.path, name...)
	if len(f.path) > maxHDF5Name {
		return f.malformed("has a name that is not ended within %d bytes", maxHDF5Name)
	}
	if err := f.object(address, depth+1); err != nil {
		return err
	}
	f.path = f.path[:around]
	return nil
}

// dataset lists the dataset with the given header.
func (f *hdf5File) dataset(h *objectHeader) (*tensor, error) {
	if h.shared {
		return nil, f.refused("described by a message that it shares with others")
	}
	if h.filters != nil {
		return nil, f.refused("compressed or otherwise filtered")
	}
	t := &tensor{name: string(f.path)}
	var err error
	if t.shape, err = f.dataspace(h.dataspace); err != nil {
		return nil, err
	}
	if t.format, err = f.datatype(h.datatype); err != nil {
		return nil, err
	}
	data, err := f.data(h.layout)
	if err != nil {
		return nil, err
	}
	if want, ok := byteLength(t.shape, t.format.bits); !ok || want != uint64(data.Size()) {
		return nil, f.malformed("has %d bytes, which is not what %v numbers of %d bits take", data.Size(), t.shape, t.format.bits)
	}
	t.open = func() (io.Reader, error) {
		return io.NewSectionReader(data, 0, data.Size()), nil
	}
	return t, nil
}

// dataspace returns the shape of a dataset (IV.A.2.b).
func (f *hdf5File) dataspace(data []byte) (shape []int64, err error) {
	header := 8 // in version 1
	if len(data) > 1 && data[0] == 2 {
		header = 4
	}
	if len(data) < header || data[0] != 1 && data[0] != 2 || len(data) < header+8*int(data[1]) || data[1] > maxRank {
		return nil, f.malformed("has a dataspace of %d bytes that begins with % x", len(data), data[:min(len(data), 2)])
	}
	for i := range int(data[1]) {
		d := binary.LittleEndian.Uint64(data[header+8*i:])
		if d > math.MaxInt64 {
			return nil, f.malformed("has the dimension %d", d)
		}
		shape = append(shape, int64(d))
	}
	return shape, nil
}

// datatype returns the number format of a dataset (IV.A.2.d).
func (f *hdf5File) datatype(data []byte) (dtype, error) {
	// Class and version, 3 bytes of flags, the size, and what the class says.
	const header, floats = 8, 1
	var key [14]byte
	if len(data) < header {
		return dtype{}, f.malformed("has a datatype of %d bytes", len(data))
	}
	properties := data[header:]
	if class := data[0] & 0xf; class != floats || len(properties) < 12 {
		return dtype{}, f.refused(fmt.Sprintf("stored as HDF5's class %d of %d bits", class, 8*binary.LittleEndian.Uint32(data[4:])))
	}
	key[0] = data[1] & 0x41 // the byte order
	key[1] = data[2]        // the position of the sign
	copy(key[2:], properties[:12])
	number, known := hdf5Floats[key]
	if !known || number.bits != 8*uint64(binary.LittleEndian.Uint32(data[4:])) {
		return dtype{}, f.refused("stored in a floating-point format that is not little-endian float16, float32 or float64")
	}
	return number, nil
}

// data returns the bytes of a dataset with the given layout (IV.A.2.i). Versions 3 to 5
// differ only for chunks.
func (f *hdf5File) data(layout []byte) (*io.SectionReader, error) {
	const compact, contiguous = 0, 1
	if len(layout) < 4 || layout[0] < 3 || layout[0] > 5 {
		return nil, f.malformed("has a layout of %d bytes that begins with % x, expected version 3 to 5", len(layout), layout[:min(len(layout), 1)])
	}
	switch class := layout[1]; class {
	case compact: // within the header
		length := int(binary.LittleEndian.Uint16(layout[2:]))
		if length > len(layout)-4 {
			return nil, f.malformed("has %d bytes in a layout of %d", length, len(layout))
		}
		return io.NewSectionReader(bytes.NewReader(layout[4:]), 0, int64(length)), nil
	case contiguous:
	default:
		return nil, f.refused([]string{"stored in chunks", "virtual"}[min(class, 3)-2])
	}
	if len(layout) < 18 {
		return nil, f.malformed("has a layout of %d bytes", len(layout))
	}
	place, length := binary.LittleEndian.Uint64(layout[2:]), binary.LittleEndian.Uint64(layout[10:])
	if place == hdf5Undefined {
		return nil, f.refused("not stored at all")
	}
	if place > uint64(f.size) || length > uint64(f.size)-place {
		return nil, f.malformed("has %d bytes from byte %d of the file on, which has %d: the file is cut short", length, place, f.size)
	}
	return io.NewSectionReader(f.r, int64(place), int64(length)), nil
}

// node reads the first bytes of a structure that begins with a magic number.
func (f *hdf5File) node(address uint64, magic string, size uint64) ([]byte, error) {
	data, err := f.take(address, size)
	if err == nil && string(data[:len(magic)]) != magic {
		return nil, f.malformed("has %s at byte %d, expected %s", quote(data[:len(magic)]), address, magic)
	}
	return data, err
}

// sealed reads a structure that begins with a magic number and ends with a checksum,
// and returns it without the checksum.
func (f *hdf5File) sealed(address uint64, magic string, size uint64) ([]byte, error) {
	data, err := f.node(address, magic, size)
	if err != nil {
		return nil, err
	}
	return data[:len(data)-checksumSize], f.checkSum(data, address)
}

// checkSum checks the checksum at the end of the structure at an address.
func (f *hdf5File) checkSum(data []byte, address uint64) error {
	end := len(data) - checksumSize
	return f.compareSums(data[:end], binary.LittleEndian.Uint32(data[end:]), address+uint64(end))
}

// compareSums fails unless the checksum of the data equals the one stored at an
// address.
func (f *hdf5File) compareSums(data []byte, found uint32, address uint64) error {
	if want := lookup3(data); found != want {
		return f.malformed("has the checksum %08x at byte %d, expected %08x: the file is damaged", found, address, want)
	}
	return nil
}

// take reads the bytes of a structure.
func (f *hdf5File) take(address, size uint64) ([]byte, error) {
	if address > uint64(f.size) || size > uint64(f.size)-address {
		return nil, f.malformed("needs %d bytes at byte %d of the file, which has %d", size, address, f.size)
	}
	if f.left -= int64(size); f.left < 0 {
		return nil, f.malformed("is made of more bytes than the file has: some are used twice")
	}
	data := make([]byte, size)
	return data, readAt(f.r, data, int64(address))
}

func (f *hdf5File) malformed(text string, args ...any) error {
	return fmt.Errorf("%w: %s of the HDF5 file %s", ErrMalformed, f.place(), fmt.Sprintf(text, args...))
}

func (f *hdf5File) refused(how string) error {
	return fmt.Errorf("%w: %s of the HDF5 file is %s, expected floating-point numbers in one piece, as Keras stores them",
		ErrNotVGG, f.place(), how)
}

func (f *hdf5File) place() string {
	if len(f.path) == 0 {
		return "the root"
	}
	return quote(f.path)
}

func isHDF5(begin []byte) bool { return bytes.HasPrefix(begin, []byte(hdf5Signature)) }
