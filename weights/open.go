package weights

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A format is one way to keep a network in a file.
type format struct {
	name string
	// is tells it by the first sniffLength bytes, fewer in a shorter file.
	is func(begin []byte) bool
	// read lists what is in the size bytes of r, with the names of the layers
	// that somebody told, if any.
	read func(r io.ReaderAt, size int64, told [][]string) (*listing, error)
}

// sniffLength is the length of the longest header that tells a format,
// MATLAB's.
const sniffLength = 128

// formats are tried in this order. ONNX, which has no magic number, comes last.
var formats = []format{
	{"PyTorch or NumPy (zip)", isZip, readZip},
	{"PyTorch before 1.6", isTorchLegacy, readTorchLegacy},
	{"safetensors", isSafetensors, readSafetensors},
	{"MAT", isMAT, readMAT},
	{"HDF5", isHDF5, readHDF5},
	{"ONNX", isONNX, readONNX},
}

// A listing is what a reader finds in a file without reading the values.
type listing struct {
	layout   layout
	input    PartialInput // what the file says about the input
	metadata metadata     // what the file says in words
	format   string       // its name, where the table's is not exact
	// room is how many bytes of tensors the file holds beyond its size, because
	// they are packed.
	room int64
}

// Open reads a network from the named file: PyTorch's (.pth), safetensors, also
// the index of several, NumPy's (.npz), MatConvNet's (.mat), Keras' (.h5) or
// ONNX. The format is recognised by the file's contents, never by its name. The
// names of the layers may be those of torchvision, Caffe or Keras.
func Open(path string) (*Network, error) {
	return OpenWith(path, Override{})
}

// OpenWith is [Open] for a file whose input convention is known better than it
// says itself: what override says holds, and only the rest is taken from the
// file. The mean and the deviation of a file do not go with another range.
func OpenWith(path string, override Override) (*Network, error) {
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
	return readFile(f, info.Size(), path, filepath.Dir(path), override)
}

// Read is [OpenWith] for the size bytes of r. The name is for errors, and for a
// network that has none.
func Read(r io.ReaderAt, size int64, name string, override Override) (*Network, error) {
	return readFile(r, size, name, "", override)
}

// readFile is Read for a file in dir, which the files beside it belong to;
// where dir is empty, none do.
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
		l, err := f.read(r, size, override.Layers)
		if err != nil {
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
	return nil, fmt.Errorf("%w: it begins with %s, expected one of %s", ErrNotNetwork, beginning(begin), strings.Join(names, ", "))
}

// lookalikes are what files that are taken for networks begin with.
var lookalikes = []struct{ magic, what string }{
	{"\x80\x02", "a pickle that torch.save did not write"},
	{"\x80\x03", "a pickle that torch.save did not write"},
	{"\x80\x04", "a pickle that torch.save did not write"},
	{"\x80\x05", "a pickle that torch.save did not write"},
	{npyMagic, "a single array of NumPy (.npy)"},
	{"\x1f\x8b", "gzip"},
	{"\x89PNG", "a picture (PNG)"},
	{"\xff\xd8\xff", "a picture (JPEG)"},
}

// beginning says what the first bytes of a file are. A text is shown: it may be
// a web page that was downloaded instead of a network.
func beginning(begin []byte) string {
	for _, l := range lookalikes {
		if bytes.HasPrefix(begin, []byte(l.magic)) {
			return l.what
		}
	}
	line, _, _ := bytes.Cut(begin, []byte("\n"))
	if len(line) == 0 || bytes.ContainsFunc(line, func(r rune) bool { return r >= utf8.RuneSelf || !unicode.IsPrint(r) }) {
		return fmt.Sprintf("% x", begin[:min(len(begin), 9)])
	}
	return "the text " + quote(line)
}

// network checks that what is listed is a VGG and takes no more than the size of
// the file, and reads it.
func (l *listing) network(size int64, override Override) (*Network, error) {
	layers, err := l.layout.layers()
	if err != nil {
		return nil, err
	}
	if needed := stored(layers); needed > size+l.room {
		return nil, fmt.Errorf("%w: its convolutions take %d bytes, but it has %d: they share their numbers",
			ErrMalformed, needed, size+l.room)
	}
	n := new(Network)
	if err := l.metadata.describe(n); err != nil {
		return nil, err
	}
	n.Family = cmp.Or(n.Family, family(layers))
	n.Values = layers[0].weight.format.name
	d := new(decoder)
	if n.Convs, err = l.layout.readConvs(d, layers); err != nil {
		return nil, err
	}
	for _, c := range layers {
		n.Sources = append(n.Sources, c.weight.name)
	}
	known, source := l.layout.recognize(n.Convs[0])
	if l.input != (PartialInput{}) {
		known, source = l.input.or(known), "the file says so"
	}
	if override.PartialInput != (PartialInput{}) {
		known, source = override.or(known), "as told"
	}
	if n.Input, err = known.complete(); err != nil {
		return nil, err
	}
	n.InputSource = source
	if l.layout.colours != (module{}) {
		if err := n.Input.fold(d, l.layout.colours); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// stored returns how many bytes the layers' values take in the file.
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

// readAt fills p from offset on.
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

// readError is the error of io.ReadFull: a file that ends too early is the
// file's fault.
func readError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends while it was being read", ErrMalformed)
	}
	return err
}

func isSafetensors(begin []byte) bool {
	return len(begin) > lengthSize && begin[lengthSize] == '{' // the JSON behind its length
}
