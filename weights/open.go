package weights

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// A format is a file format of networks.
type format struct {
	name string
	// is recognizes the format by its first sniffLength bytes, or fewer in a shorter
	// file.
	is func(begin []byte) bool
	// read lists the tensors in the size bytes of r. given are the layer names of the
	// user, nil for the known ones.
	read func(r io.ReaderAt, size int64, given layerNames) (*listing, error)
}

// sniffLength is the length of the longest header that identifies a format: MATLAB's.
const sniffLength = 128

// formats are tried in this order. ONNX and Caffe have no magic number and come last.
var formats = []format{
	{"PyTorch, NumPy or Keras (zip)", isZip, readZip},
	{"PyTorch before 1.6", isTorchLegacy, readTorchLegacy},
	{"safetensors", isSafetensors, readSafetensors},
	{"MAT", isMAT, readMAT},
	{"HDF5", isHDF5, readHDF5},
	{"NumPy (npy)", isNPY, readNPY},
	{"pickle", isPickle, readPickle},
	{"ONNX", isONNX, readONNX},
	{"Caffe", isCaffe, readCaffe},
}

// A listing is what a reader finds in a file without reading values.
type listing struct {
	layout   layout
	input    PartialInput // the input convention in the file
	metadata metadata     // the metadata in the file
	format   string       // the name of the format, where it differs from that in formats
	// room is how many bytes of tensors, in excess of its size, the file may hold
	// because they are compressed.
	room int64
	// besides are the other files that hold tensors, by name.
	besides map[string]*besideFile
}

// Open reads a network from the named file: of PyTorch (.pth, .ckpt, .pt), safetensors
// or the index of several, NumPy (.npz, .npy), a pickle of NumPy arrays, MatConvNet
// (.mat), Keras (.h5, .keras), ONNX or Caffe (.caffemodel). It recognizes the format by
// the contents of the file, never by its name. The names of the layers may be those of
// torchvision, Caffe or Keras, with any prefix.
//
// The override takes precedence over the file. If it gives another range, the mean and
// the deviation of the file are ignored. The zero [Override] changes nothing.
func Open(path string, override Override) (*Network, error) {
	// A named pipe would block when opened, so ask what path is first.
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w: expected a regular file, found a directory, pipe or device", path, ErrNotNetwork)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadFile(f, override)
}

// ReadFile is [Open] for an open file, so that a caller who has checked its bytes
// reads the same file.
func ReadFile(f *os.File, override Override) (*Network, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return readFile(f, info.Size(), f.Name(), filepath.Dir(f.Name()), override)
}

// Read is [Open] for the size bytes of r. name is the name in errors, and the name
// of a network that has none.
func Read(r io.ReaderAt, size int64, name string, override Override) (*Network, error) {
	return readFile(r, size, name, "", override)
}

// readFile is Read for a file in dir. Tensors may be in other files of dir, unless dir
// is empty.
func readFile(r io.ReaderAt, size int64, name, dir string, override Override) (*Network, error) {
	n, err := readNetwork(r, size, dir, override)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if n.Name == "" {
		n.Name = strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))
	}
	return n, nil
}

func readNetwork(r io.ReaderAt, size int64, dir string, override Override) (*Network, error) {
	begin := make([]byte, min(size, sniffLength))
	if err := readAt(r, begin, 0); err != nil {
		return nil, err
	}
	if dir != "" && isIndex(begin) {
		n, err := readIndex(r, size, dir, override)
		if err == nil {
			n.Format = "safetensors in shards"
		}
		return n, err
	}
	for _, f := range formats {
		if !f.is(begin) {
			continue
		}
		given, err := newLayerNames(override.Layers)
		if err != nil {
			return nil, err
		}
		l, err := f.read(r, size, given)
		if err != nil {
			return nil, err
		}
		defer l.closeBeside()
		if err := l.openBeside(dir); err != nil {
			return nil, err
		}
		n, err := l.network(size, override)
		if err != nil {
			return nil, err
		}
		n.Format = cmp.Or(l.format, f.name)
		return n, nil
	}
	if len(begin) == 0 {
		return nil, fmt.Errorf("%w: it has 0 bytes", ErrNotNetwork)
	}
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	begin = make([]byte, min(size, foreignLength))
	if err := readAt(r, begin, 0); err != nil {
		return nil, err
	}
	return nil, foreignError(begin, strings.Join(names, ", "))
}

// network checks that the listed tensors are a VGG and take no more bytes than the file
// has, and reads them.
func (l *listing) network(size int64, override Override) (*Network, error) {
	a, err := l.layout.choose(override.Prefix)
	if err != nil {
		return nil, err
	}
	if needed := stored(a.chain); needed > size+l.room {
		return nil, fmt.Errorf("%w: its convolutions take %d bytes, but it has %d: several use the same bytes",
			ErrMalformed, needed, size+l.room)
	}
	n := new(Network)
	if err := l.metadata.describe(n); err != nil {
		return nil, err
	}
	n.Family = cmp.Or(n.Family, family(a.chain))
	n.Values = a.chain[0].weight.format.name
	d := new(decoder)
	if n.Convs, err = a.readConvs(d, l.layout.epsilon); err != nil {
		return nil, err
	}
	for _, c := range a.chain {
		n.Sources = append(n.Sources, c.weight.name)
	}
	known := a.recognize(n.Convs[0], l.layout.origin)
	switch known.rotation {
	case rotated:
		for i := range n.Convs {
			n.Convs[i].rotate()
		}
	case eitherRotation:
		return nil, fmt.Errorf("%w: its kernels have Keras' names, such as %s, but PyTorch's order [out in 3 3]: Theano's are rotated by 180 degrees, "+
			"and nothing tells whether these are; save the network again with Keras on TensorFlow", ErrNotVGG, quote([]byte(n.Sources[0])))
	}
	input, source := known.input, known.source
	if l.input != (PartialInput{}) {
		input, source = l.input.completedBy(input), "the file says so"
	}
	if override.PartialInput != (PartialInput{}) {
		input, source = override.completedBy(input), "given by the user"
	}
	if n.Input, err = input.complete(); err != nil {
		return nil, err
	}
	n.InputSource = source
	if a.colours != (module{}) {
		if err := n.foldColours(d, a.colours); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// stored returns how many bytes the values of the layers take in the file.
func stored(layers []layer) int64 {
	bytes := int64(0)
	add := func(t *tensor) {
		if t != nil {
			bytes += t.count() * int64(t.format.bits/8)
		}
	}
	for _, l := range layers {
		add(l.weight)
		add(l.bias)
		if l.norm != nil {
			for _, t := range l.norm {
				add(t)
			}
		}
	}
	return bytes
}

// readAt fills p from an offset on.
func readAt(r io.ReaderAt, p []byte, offset int64) error {
	n, err := r.ReadAt(p, offset)
	switch {
	case n == len(p):
		return nil
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: it ends at byte %d, while it was being read", ErrMalformed, offset+int64(n))
	default:
		return err
	}
}

// readError converts an error of io.ReadFull: a file that ends too early is malformed.
func readError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends while it was being read", ErrMalformed)
	}
	return err
}

func isSafetensors(begin []byte) bool {
	return len(begin) > lengthSize && begin[lengthSize] == '{' // the JSON behind its length
}
