package weights

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// torch.save writes a pickle in which tensors are calls of _rebuild_tensor_v2 with a
// storage, an offset, a shape and strides. The bytes of the storages are outside the
// pickle. Since version 1.6 the pickle and the storages are members of a zip archive:
// archive/data.pkl, archive/data/0 and so on; a TorchScript archive also contains code.
// Before, the file had five pickles (a magic number, a version, the sizes of C's types,
// the object, the keys of the storages), then each storage after its length in 8 bytes.
const (
	torchPickle    = "data.pkl"
	torchStorages  = "data/"
	torchByteOrder = "byteorder"

	// legacyMagic is the first of the five pickles, that of the number
	// 0x1950a86a20f9469cfc6c, after the protocol and frame opcodes; the second form is
	// that of protocols 0 and 1.
	legacyMagic     = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
	legacyMagicText = "L119547037146038801333356L\n."
	legacyVersion   = 1001 // the second of the five pickles
)

// storageTypes are the number formats of storages by their classes in torch.
var storageTypes = map[string]string{
	"torch.FloatStorage": "F32", "torch.DoubleStorage": "F64", "torch.HalfStorage": "F16", "torch.BFloat16Storage": "BF16",
	"torch.LongStorage": "I64", "torch.IntStorage": "I32", "torch.ShortStorage": "I16", "torch.CharStorage": "I8",
	"torch.ByteStorage": "U8", "torch.BoolStorage": "BOOL", "torch.ComplexFloatStorage": "C64",
	"torch.QInt8Storage": "I8", "torch.QUInt8Storage": "U8", "torch.QInt32Storage": "I32",
	"torch.storage.UntypedStorage": "U8",
}

// A torchStorage holds the numbers of one or more tensors.
type torchStorage struct {
	typ   string // of storageTypes
	count int64
	start int64 // the position of its bytes in the file; 0 until it is known
}

// torchFile is a file while it is being read.
type torchFile struct {
	pickledFile
	storages map[string]*torchStorage
}

func newTorchFile(r io.ReaderAt, given layerNames) *torchFile {
	f := &torchFile{pickledFile: newPickledFile(r, given), storages: map[string]*torchStorage{}}
	return f
}

// machine returns an interpreter of the pickles from start to end.
func (f *torchFile) machine(start, end int64) *pickleMachine {
	m := f.pickledFile.machine(start, end)
	m.persistent = f.persistent
	return m
}

// persistent returns the value of an identifier: ("storage", type, key, location,
// count) or, before version 1.6, ("module", class, file, source) for a class. It
// refuses a view of another storage, which old files may have as a sixth element. It
// ignores storages of types that no VGG has.
func (f *torchFile) persistent(id any) (any, error) {
	parts, _ := id.(tuple)
	if len(parts) == 4 && parts[0] == "module" {
		return parts[1], nil
	}
	if len(parts) == 5 || len(parts) == 6 && parts[5] == nil {
		typ, isGlobal := parts[1].(global)
		key, isText := parts[2].(string)
		count, isNumber := parts[4].(int64)
		if parts[0] == "storage" && isGlobal && isText && isNumber && count >= 0 {
			if storageTypes[string(typ)] == "" {
				return ignored{}, nil
			}
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

// size returns the size of the storage in bytes.
func (s *torchStorage) size() (int64, bool) {
	length, ok := byteLength([]int64{s.count}, dtypes[storageTypes[s.typ]].bits)
	return int64(length), ok && length <= math.MaxInt64
}

// readTorchZip lists the tensors of a zip archive. The name is that of its pickle.
func readTorchZip(z *zipFile, pickle string, given layerNames) (*listing, error) {
	f := newTorchFile(z.r, given)
	f.format = "PyTorch"
	folder := strings.TrimSuffix(pickle, torchPickle)
	var root any
	for _, e := range z.File {
		switch e.Name {
		case pickle:
			start, err := z.stored(e)
			if err != nil {
				return nil, err
			}
			if root, err = f.machine(start, start+int64(e.UncompressedSize64)).run(); err != nil {
				return nil, err
			}
			if err := checkState(root); err != nil {
				return nil, err
			}
		case folder + torchByteOrder:
			if err := f.checkByteOrder(z, e); err != nil {
				return nil, err
			}
		}
	}
	for _, e := range z.File {
		key, ok := strings.CutPrefix(e.Name, folder+torchStorages)
		s := f.storages[key]
		if !ok || s == nil {
			continue
		}
		if s.start != 0 {
			return nil, fmt.Errorf("%w: the zip archive has %s twice", ErrMalformed, quote([]byte(e.Name)))
		}
		if size, ok := s.size(); !ok || uint64(size) != e.UncompressedSize64 {
			return nil, fmt.Errorf("%w: the storage %s has %d bytes, expected %d numbers of %s",
				ErrMalformed, quote([]byte(e.Name)), e.UncompressedSize64, s.count, s.typ)
		}
		var err error
		if s.start, err = z.stored(e); err != nil {
			return nil, err
		}
	}
	return &f.listing, f.list(root, nil, 0)
}

// stored returns the position of the bytes of an uncompressed entry.
func (z *zipFile) stored(e *zip.File) (int64, error) {
	if e.Method != zip.Store {
		return 0, fmt.Errorf("%w: the zip entry %s is packed, expected it stored as torch.save does", ErrMalformed, quote([]byte(e.Name)))
	}
	return z.data(e)
}

func (f *torchFile) checkByteOrder(z *zipFile, e *zip.File) error {
	const little = "little"
	start, err := z.stored(e)
	if err != nil {
		return err
	}
	order := make([]byte, min(e.UncompressedSize64, uint64(len(little))))
	if err := readAt(z.r, order, start); err != nil {
		return err
	}
	if string(order) != little || e.UncompressedSize64 != uint64(len(little)) {
		return fmt.Errorf("%w: its byte order is %s, expected %s-endian numbers", ErrMalformed, quote(order), little)
	}
	return nil
}

func isTorchLegacy(begin []byte) bool {
	const most = 2 + 9 // bytes before the number: the protocol and a frame
	at := bytes.Index(begin, []byte(legacyMagic))
	return at >= 0 && at <= most && begin[0] == opProto || bytes.HasPrefix(begin, []byte(legacyMagicText))
}

// readTorchLegacy lists the tensors of a file in the format before version 1.6, which
// torch.save can still write.
func readTorchLegacy(r io.ReaderAt, size int64, given layerNames) (*listing, error) {
	f := newTorchFile(r, given)
	m := f.machine(0, size)
	var parts [5]any // magic number, version, system, object, keys
	for i := range parts {
		var err error
		if parts[i], err = m.run(); err != nil {
			return nil, err
		}
	}
	if parts[1] != int64(legacyVersion) {
		return nil, fmt.Errorf("%w: PyTorch's version of the format is %v, expected %d", ErrMalformed, parts[1], legacyVersion)
	}
	if system, ok := parts[2].(*dict); !ok || system.get("little_endian") != true {
		return nil, fmt.Errorf("%w: it does not say that its numbers are little-endian, as was expected", ErrMalformed)
	}
	if err := checkState(parts[3]); err != nil {
		return nil, err
	}
	keys, ok := parts[4].(*list)
	if !ok {
		return nil, fmt.Errorf("%w: its fifth pickle is not a list of storages", ErrMalformed)
	}
	at := m.at
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
	return &f.listing, f.list(parts[3], nil, 0)
}

// checkState fails if the saved object cannot hold tensors.
func checkState(root any) error {
	kind := "a number or a text"
	switch root.(type) {
	case *dict, *list, tuple, *object:
		return nil
	case *torchTensor, *numpyArray:
		kind = "a single tensor"
	case nil:
		kind = "None"
	case global:
		kind = "a function"
	}
	return fmt.Errorf("%w: PyTorch's object is %s, expected a dictionary of tensors", ErrNotVGG, kind)
}
