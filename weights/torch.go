package weights

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// torch.save writes a pickle in which tensors are calls of _rebuild_tensor_v2
// with a storage, an offset, a shape and strides; the storages' bytes lie
// outside the pickle. Since version 1.6 file and storages are members of a zip
// archive: archive/data.pkl, archive/data/0 and so on. Before, the file was
// five pickles (a magic number, a version, the sizes of C's types, the object,
// the storages' keys), then each storage behind its length in 8 bytes.
const (
	torchPickle    = "data.pkl"
	torchStorages  = "data/"
	torchByteOrder = "byteorder"

	// legacyMagic is the first of the five pickles, of the number
	// 0x1950a86a20f9469cfc6c.
	legacyMagic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
	// legacyVersion is the second.
	legacyVersion = 1001

	// maxNesting is how deep in dictionaries a network may lie: a checkpoint,
	// a model in it, its parameters.
	maxNesting = 4

	// maxTensorName bounds the names that are looked at, in bytes.
	maxTensorName = 512
)

// storageTypes are the number formats of storages, by their classes in torch.
var storageTypes = map[string]string{
	"torch.FloatStorage": "F32", "torch.DoubleStorage": "F64", "torch.HalfStorage": "F16", "torch.BFloat16Storage": "BF16",
	"torch.LongStorage": "I64", "torch.IntStorage": "I32", "torch.ShortStorage": "I16", "torch.CharStorage": "I8",
	"torch.ByteStorage": "U8", "torch.BoolStorage": "BOOL",
}

// The functions that reduce carries out.
const (
	orderedDict      = "collections.OrderedDict"
	rebuildTensor    = "torch._utils._rebuild_tensor"
	rebuildTensorV2  = "torch._utils._rebuild_tensor_v2"
	rebuildParameter = "torch._utils._rebuild_parameter"
)

// A torchStorage is the numbers of one tensor or of several.
type torchStorage struct {
	typ   string // of storageTypes
	count int64
	start int64 // where its bytes are in the file; 0 until they are found
}

// A torchTensor is a view of a storage.
type torchTensor struct {
	storage        *torchStorage
	offset         int64
	shape, strides tuple
}

// torchFile is a file that is being read.
type torchFile struct {
	listing
	r        io.ReaderAt
	storages map[string]*torchStorage
	seen     map[*dict]bool
}

func newTorchFile(r io.ReaderAt, told [][]string) *torchFile {
	f := &torchFile{r: r, storages: map[string]*torchStorage{}, seen: map[*dict]bool{}}
	f.layout.told = told
	return f
}

// machine returns an interpreter of the pickles in r.
func (f *torchFile) machine(r io.Reader) *pickleMachine {
	return &pickleMachine{
		r:          bufio.NewReaderSize(r, maxPickleText),
		globals:    isTorchGlobal,
		reduce:     reduceTorch,
		persistent: f.storage,
	}
}

func isTorchGlobal(name string) bool {
	switch name {
	case orderedDict, rebuildTensor, rebuildTensorV2, rebuildParameter:
		return true
	}
	return storageTypes[name] != ""
}

// reduceTorch does what the functions of torch and Python do.
func reduceTorch(callable global, args tuple) (any, error) {
	switch callable {
	case orderedDict:
		return newOrderedDict(args)
	case rebuildTensor, rebuildTensorV2:
		// storage, offset, shape, strides; in v2 requires_grad, hooks and metadata follow
		if len(args) >= 4 {
			storage, isStorage := args[0].(*torchStorage)
			offset, isNumber := args[1].(int64)
			shape, isShape := args[2].(tuple)
			strides, isStrides := args[3].(tuple)
			if isStorage && isNumber && isShape && isStrides {
				return &torchTensor{storage, offset, shape, strides}, nil
			}
		}
		return nil, fmt.Errorf("it calls %s with other arguments than a storage, an offset, a shape and strides", callable)
	case rebuildParameter:
		if len(args) > 0 {
			if t, ok := args[0].(*torchTensor); ok {
				return t, nil
			}
		}
		return nil, fmt.Errorf("it calls %s without a tensor", callable)
	}
	return nil, fmt.Errorf("it calls %s, which is not a function", callable)
}

// newOrderedDict makes a dictionary of nothing, or as Python 2 pickles it, of a
// list of pairs.
func newOrderedDict(args tuple) (any, error) {
	d := &dict{}
	if len(args) == 0 {
		return d, nil
	}
	pairs, ok := args[0].(*list)
	if !ok || len(args) > 1 {
		return nil, fmt.Errorf("it calls %s with other arguments than a list", orderedDict)
	}
	for _, p := range pairs.items {
		var pair []any
		switch p := p.(type) {
		case *list:
			pair = p.items
		case tuple:
			pair = p
		}
		if len(pair) != 2 {
			return nil, fmt.Errorf("it calls %s with a list of other than pairs", orderedDict)
		}
		d.keys, d.values = append(d.keys, pair[0]), append(d.values, pair[1])
	}
	return d, nil
}

// storage returns what the identifier ("storage", type, key, location, count)
// stands for. A view of another storage, which old files could have as a sixth
// part, is refused.
func (f *torchFile) storage(id tuple) (any, error) {
	if len(id) == 5 || len(id) == 6 && id[5] == nil {
		typ, isGlobal := id[1].(global)
		key, isText := id[2].(string)
		count, isNumber := id[4].(int64)
		if id[0] == "storage" && isGlobal && storageTypes[string(typ)] != "" && isText && isNumber && count >= 0 {
			s := f.storages[key]
			if s == nil {
				s = &torchStorage{typ: string(typ), count: count}
				f.storages[key] = s
			}
			if s.typ != string(typ) || s.count != count {
				return nil, fmt.Errorf("it has two storages with the key %s", quote([]byte(key)))
			}
			return s, nil
		}
	}
	return nil, errors.New(`found a persistent identifier that is not ("storage", type, key, location, count)`)
}

// size returns how many bytes the storage takes.
func (s *torchStorage) size() (int64, bool) {
	length, ok := byteLength([]int64{s.count}, dtypes[storageTypes[s.typ]].bits)
	return int64(length), ok && length <= math.MaxInt64
}

// readTorchZip lists the tensors of a zip archive whose pickle has that name.
func readTorchZip(z *zipFile, pickle string, told [][]string) (*listing, error) {
	f := newTorchFile(z.r, told)
	f.format = "PyTorch"
	folder := strings.TrimSuffix(pickle, torchPickle)
	var root any
	err := z.walk(func(e *zipEntry) error {
		switch string(e.name) {
		case pickle:
			start, err := z.stored(e)
			if err != nil {
				return err
			}
			if root, err = f.machine(io.NewSectionReader(z.r, start, e.size)).run(); err != nil {
				return err
			}
			return checkState(root)
		case folder + torchByteOrder:
			return f.checkByteOrder(z, e)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = z.walk(func(e *zipEntry) error {
		key, ok := bytes.CutPrefix(e.name, []byte(folder+torchStorages))
		if !ok {
			return nil
		}
		s := f.storages[string(key)]
		if s == nil {
			return nil
		}
		if s.start != 0 {
			return fmt.Errorf("%w: the zip archive has %s twice", ErrMalformed, quote(e.name))
		}
		if size, ok := s.size(); !ok || size != e.size {
			return fmt.Errorf("%w: the storage %s has %d bytes, expected %d numbers of %s", ErrMalformed, quote(e.name), e.size, s.count, s.typ)
		}
		s.start, err = z.stored(e)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &f.listing, f.list(root, nil, 0)
}

// stored returns where the bytes of an entry that is not packed begin.
func (z *zipFile) stored(e *zipEntry) (int64, error) {
	if e.method != zipStored {
		return 0, fmt.Errorf("%w: the zip entry %s is packed, expected it stored as torch.save does", ErrMalformed, quote(e.name))
	}
	return z.data(e)
}

func (f *torchFile) checkByteOrder(z *zipFile, e *zipEntry) error {
	const little = "little"
	start, err := z.stored(e)
	if err != nil {
		return err
	}
	order := make([]byte, min(e.size, int64(len(little))))
	if err := readAt(z.r, order, start); err != nil {
		return err
	}
	if string(order) != little || e.size != int64(len(little)) {
		return fmt.Errorf("%w: its byte order is %s, expected %s-endian numbers", ErrMalformed, quote(order), little)
	}
	return nil
}

func isTorchLegacy(begin []byte) bool { return bytes.HasPrefix(begin, []byte(legacyMagic)) }

// readTorchLegacy lists the tensors of a file as torch.save wrote it before
// version 1.6, and still does when asked to.
func readTorchLegacy(r io.ReaderAt, size int64, told [][]string) (*listing, error) {
	f := newTorchFile(r, told)
	m := f.machine(io.NewSectionReader(r, int64(len(legacyMagic)), size-int64(len(legacyMagic))))
	var parts [4]any // version, system, object, keys
	for i := range parts {
		var err error
		if parts[i], err = m.run(); err != nil {
			return nil, err
		}
	}
	if parts[0] != int64(legacyVersion) {
		return nil, fmt.Errorf("%w: PyTorch's version of the format is %v, expected %d", ErrMalformed, parts[0], legacyVersion)
	}
	if system, ok := parts[1].(*dict); !ok || system.get("little_endian") != true {
		return nil, fmt.Errorf("%w: it does not say that its numbers are little-endian, as was expected", ErrMalformed)
	}
	if err := checkState(parts[2]); err != nil {
		return nil, err
	}
	keys, ok := parts[3].(*list)
	if !ok {
		return nil, fmt.Errorf("%w: its fifth pickle is not a list of storages", ErrMalformed)
	}
	at := int64(len(legacyMagic)) + m.at
	for _, k := range keys.items {
		key, _ := k.(string)
		s := f.storages[key]
		if s == nil || s.start != 0 {
			return nil, fmt.Errorf("%w: its list of storages has %s, which no tensor has or which is there twice", ErrMalformed, quote([]byte(key)))
		}
		var count [8]byte
		if size-at < int64(len(count)) {
			return nil, fmt.Errorf("%w: the storage %s would begin at byte %d, but the file has %d: it is cut short", ErrMalformed, quote([]byte(key)), at, size)
		}
		if err := readAt(r, count[:], at); err != nil {
			return nil, err
		}
		if got := binary.LittleEndian.Uint64(count[:]); got != uint64(s.count) {
			return nil, fmt.Errorf("%w: at byte %d, the storage %s has %d numbers, expected %d", ErrMalformed, at, quote([]byte(key)), got, s.count)
		}
		at += int64(len(count))
		length, ok := s.size()
		if !ok || length > size-at {
			return nil, fmt.Errorf("%w: the storage %s has %d numbers of %s from byte %d on, but the file has %d bytes: it is cut short",
				ErrMalformed, quote([]byte(key)), s.count, s.typ, at, size)
		}
		s.start = at
		at += length
	}
	return &f.listing, f.list(parts[2], nil, 0)
}

// get returns the value of a key, nil where it is not there.
func (d *dict) get(key string) any {
	if i := slices.Index(d.keys, any(key)); i >= 0 {
		return d.values[i]
	}
	return nil
}

// list puts the tensors of a state dict into the layout. Dictionaries in
// dictionaries have their names before a dot, like modules in modules.
func (f *torchFile) list(v any, name []byte, depth int) error {
	switch v := v.(type) {
	case *dict:
		if depth == maxNesting || f.seen[v] {
			return nil
		}
		f.seen[v] = true
		for i, k := range v.keys {
			key, ok := k.(string)
			if !ok || len(name)+len(key) >= maxTensorName {
				continue
			}
			inner := slices.Concat(name, []byte(key))
			if _, ok := v.values[i].(*dict); ok {
				inner = append(inner, '.')
			}
			if err := f.list(v.values[i], inner, depth+1); err != nil {
				return err
			}
		}
	case *torchTensor:
		return f.place(v, name)
	}
	return nil
}

// checkState fails where the object that was saved is not a dictionary.
func checkState(root any) error {
	kind := "a number or a text"
	switch root.(type) {
	case *dict:
		return nil
	case nil:
		kind = "None"
	case tuple, *list:
		kind = "a list"
	case global:
		kind = "a function"
	}
	return fmt.Errorf("%w: PyTorch's object is %s, expected a dictionary of tensors", ErrNotVGG, kind)
}

// place puts a tensor into the layout if it belongs to a convolution.
func (f *torchFile) place(t *torchTensor, name []byte) error {
	slot, err := f.layout.slot(name)
	if err != nil || slot == nil {
		return err
	}
	if *slot != nil {
		return fmt.Errorf("%w: tensor %s is there twice", ErrMalformed, quote(name))
	}
	s := t.storage
	number := dtypes[storageTypes[s.typ]]
	if number.decode == nil {
		return fmt.Errorf("%w: %s is stored as %s, expected floating-point numbers", ErrNotVGG, quote(name), s.typ)
	}
	if s.start == 0 {
		return fmt.Errorf("%w: the numbers of %s are not in the file: it is cut short", ErrMalformed, quote(name))
	}
	shape, ok := t.shape.naturals()
	strides, ok2 := t.strides.naturals()
	if !ok || !ok2 || len(shape) != len(strides) {
		return fmt.Errorf("%w: the shape of %s and its strides are not as many natural numbers", ErrMalformed, quote(name))
	}
	values, ok := span(shape, strides)
	if !ok || t.offset < 0 || t.offset > s.count || values > s.count-t.offset {
		return fmt.Errorf("%w: tensor %s of the shape %v and the strides %v at %d does not fit into its storage of %d numbers",
			ErrMalformed, quote(name), shape, strides, t.offset, s.count)
	}
	size := int64(number.bits / 8)
	*slot = &tensor{name: string(name), shape: shape, strides: strides, format: number, open: func() (io.Reader, error) {
		return io.NewSectionReader(f.r, s.start+t.offset*size, values*size), nil
	}}
	return nil
}
