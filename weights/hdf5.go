package weights

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// The part of HDF5 that Keras writes its networks in ("HDF5 File Format
// Specification", version 3.0, by its sections): groups with symbol tables,
// which hold groups and datasets by name; datasets of floating-point numbers in
// one piece. Whatever else the format knows is refused by its name.
const (
	hdf5Signature = "\x89HDF\r\n\x1a\n"
	btreeMagic    = "TREE"
	heapMagic     = "HEAP"
	symbolsMagic  = "SNOD"

	// The messages of an object header (IV.A.2).
	messageDataspace    = 0x01
	messageDatatype     = 0x03
	messageLayout       = 0x08
	messageFilters      = 0x0b
	messageContinuation = 0x10
	messageSymbolTable  = 0x11

	// hdf5Undefined is the address of what is not there.
	hdf5Undefined = math.MaxUint64

	// maxDepth bounds how deep groups are nested. Keras goes to 4:
	// model_weights/block1_conv1/block1_conv1/kernel:0.
	maxDepth = 8

	// maxParts bounds into how many parts a header is divided: a second for
	// attributes is usual.
	maxParts = 64

	// maxHDF5Name bounds a name with the groups around it, in bytes. Keras'
	// are about 50.
	maxHDF5Name = 512
)

// hdf5Floats are the properties (IV.A.2.d, class 1) of IEEE 754 numbers: where
// the sign is; offset and precision in bits; place and size of the exponent, then
// of the mantissa; the exponent's bias.
var hdf5Floats = map[[14]byte]dtype{
	{0, 15, 0, 0, 16, 0, 10, 5, 0, 10, 15}:          dtypes["F16"],
	{0, 31, 0, 0, 32, 0, 23, 8, 0, 23, 127}:         dtypes["F32"],
	{0, 63, 0, 0, 64, 0, 52, 11, 0, 52, 0xff, 0x03}: dtypes["F64"],
}

// An hdf5File is a file that is being read. Every structure in it has bytes of
// its own, so that all that are read must fit in the file: one that leads back
// to itself does not.
type hdf5File struct {
	listing
	r    io.ReaderAt
	size int64
	left int64 // bytes of structures that can still be read
	path []byte
}

// readHDF5 lists the convolutions of a network that Keras saved, with its
// weights alone or within its model. Their kernels are H x W x In x Out.
func readHDF5(r io.ReaderAt, size int64, told [][]string) (*listing, error) {
	f := &hdf5File{r: r, size: size, left: size}
	f.layout.kernel, f.layout.told = heightWidthInOut, told
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
	const size = 96 // of version 0 with its root entry, in which addresses have 8 bytes
	block, err := f.take(0, size)
	if err != nil {
		return 0, err
	}
	if version := block[8]; version != 0 {
		return 0, fmt.Errorf("%w: an HDF5 file with a superblock of version %d, expected 0, which Keras and h5py write unless told otherwise",
			ErrNotNetwork, version)
	}
	if block[13] != 8 || block[14] != 8 {
		return 0, fmt.Errorf("%w: an HDF5 file with addresses of %d and lengths of %d bytes, expected 8", ErrNotNetwork, block[13], block[14])
	}
	if base := binary.LittleEndian.Uint64(block[24:]); base != 0 {
		return 0, fmt.Errorf("%w: an HDF5 file that begins at byte %d, expected 0", ErrNotNetwork, base)
	}
	if end := binary.LittleEndian.Uint64(block[40:]); end > uint64(f.size) {
		return 0, fmt.Errorf("%w: the HDF5 file ends at byte %d, expected %d: it is cut short", ErrMalformed, f.size, end)
	}
	return binary.LittleEndian.Uint64(block[64:]), nil
}

// An objectHeader is the messages of a group or dataset that are looked at, nil
// where there is none.
type objectHeader struct {
	dataspace, datatype, layout, filters, symbolTable []byte
}

// message returns the place of a message of that type, nil for other types.
func (h *objectHeader) message(kind uint16) *[]byte {
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
	default:
		return nil
	}
}

// object reads the group or dataset whose header (IV.A.1.a) is at an address.
func (f *hdf5File) object(address uint64, depth int) error {
	const prefix = 16
	head, err := f.take(address, prefix)
	if err != nil {
		return err
	}
	if head[0] != 1 {
		return fmt.Errorf("%w: an HDF5 file whose object header at byte %d has the version %d, expected 1",
			ErrNotNetwork, address, head[0])
	}
	var h objectHeader
	if err := f.messages(&h, address+prefix, uint64(binary.LittleEndian.Uint32(head[8:])), 1); err != nil {
		return err
	}
	if h.symbolTable != nil {
		return f.group(h.symbolTable, depth)
	}
	slot, err := f.layout.slot(f.path)
	if err != nil || slot == nil {
		return err
	}
	if *slot != nil {
		return f.malformed("is there twice")
	}
	*slot, err = f.dataset(&h)
	return err
}

// messages reads the messages in a part of an object header, and in the parts
// that continue it.
func (f *hdf5File) messages(h *objectHeader, address, size uint64, part int) error {
	const messageHeader = 8
	if part > maxParts {
		return f.malformed("has a header in more than %d parts", maxParts)
	}
	data, err := f.take(address, size)
	if err != nil {
		return err
	}
	for len(data) >= messageHeader {
		kind, size := binary.LittleEndian.Uint16(data), int(binary.LittleEndian.Uint16(data[2:]))
		data = data[messageHeader:]
		if size > len(data) {
			return f.malformed("has a message of %d bytes in a header with %d left", size, len(data))
		}
		body := data[:size:size]
		data = data[size:]
		if kind == messageContinuation {
			if size < 16 {
				return f.malformed("has a continued header without an address")
			}
			if err := f.messages(h, binary.LittleEndian.Uint64(body), binary.LittleEndian.Uint64(body[8:]), part+1); err != nil {
				return err
			}
		} else if m := h.message(kind); m != nil {
			if *m != nil {
				return f.malformed("has a second message of type %#x", kind)
			}
			*m = body
		}
	}
	return nil
}

// group reads what is in a group with a symbol table (III.A, III.D).
func (f *hdf5File) group(symbolTable []byte, depth int) error {
	if len(symbolTable) < 16 {
		return f.malformed("has a symbol table of %d bytes, expected 16", len(symbolTable))
	}
	if depth == maxDepth {
		return f.malformed("is more than %d groups deep", maxDepth)
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

// symbols reads the entries below a node of a group's B-tree (III.A.1). Its level
// is one less than the one above, -1 for a root.
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
	const header, entry = 8, 40
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
		if !ended || len(f.path)+1+len(name) > maxHDF5Name {
			return f.malformed("has a name that is not ended within %d bytes", maxHDF5Name)
		}
		around := len(f.path)
		if around > 0 {
			f.path = append(f.path, '/')
		}
		f.path = append(f.path, name...)
		if err := f.object(binary.LittleEndian.Uint64(entries[8:]), depth+1); err != nil {
			return err
		}
		f.path = f.path[:around]
	}
	return nil
}

// dataset lists the dataset with that header.
func (f *hdf5File) dataset(h *objectHeader) (*tensor, error) {
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
	place, length, err := f.contiguous(h.layout)
	if err != nil {
		return nil, err
	}
	if want, ok := byteLength(t.shape, t.format.bits); !ok || want != length {
		return nil, f.malformed("has %d bytes, which is not what %v numbers of %d bits take", length, t.shape, t.format.bits)
	}
	if place > uint64(f.size) || length > uint64(f.size)-place {
		return nil, f.malformed("ends at byte %d of the file, which has %d: the file is cut short", place+length, f.size)
	}
	t.open = func() (io.Reader, error) {
		return io.NewSectionReader(f.r, int64(place), int64(length)), nil
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
	key[0] = data[1] & 0x41 // the order of bytes
	key[1] = data[2]        // the place of the sign
	copy(key[2:], properties[:12])
	number, known := hdf5Floats[key]
	if !known || number.bits != 8*uint64(binary.LittleEndian.Uint32(data[4:])) {
		return dtype{}, f.refused("stored in a floating-point format that is not little-endian float16, float32 or float64")
	}
	return number, nil
}

// contiguous returns where a dataset is (IV.A.2.i).
func (f *hdf5File) contiguous(data []byte) (place, length uint64, err error) {
	const version, inOnePiece = 3, 1
	if len(data) < 2 || data[0] != version {
		return 0, 0, f.malformed("has a layout of %d bytes that begins with % x, expected version %d", len(data), data[:min(len(data), 1)], version)
	}
	if class := data[1]; class != inOnePiece {
		return 0, 0, f.refused([]string{"stored within its header", "", "stored in chunks", "virtual"}[min(class, 3)])
	}
	if len(data) < 18 {
		return 0, 0, f.malformed("has a layout of %d bytes", len(data))
	}
	place, length = binary.LittleEndian.Uint64(data[2:]), binary.LittleEndian.Uint64(data[10:])
	if place == hdf5Undefined {
		return 0, 0, f.refused("not stored at all")
	}
	return place, length, nil
}

// node reads the first bytes of a structure that begins with a magic word.
func (f *hdf5File) node(address uint64, magic string, size uint64) ([]byte, error) {
	data, err := f.take(address, size)
	if err == nil && string(data[:len(magic)]) != magic {
		return nil, f.malformed("has %s at byte %d, expected %s", quote(data[:len(magic)]), address, magic)
	}
	return data, err
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
