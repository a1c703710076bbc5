package weights

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Keras 3 names a layer in a file by its class and by the number of layers of the same
// class before it: layers/conv2d/vars/0 is the kernel of the first convolution,
// layers/conv2d_1/vars/1 the bias of the second, whatever their names in the model.
// Keras 2 gives the same names to layers without a name, so that files of its models
// can be read, too: conv2d_1/conv2d_1/kernel:0.
const (
	kerasConv = "conv2d"
	kerasNorm = "batch_normalization"

	// kerasWeights is the entry of a .keras file with the weights, in HDF5.
	kerasWeights = "model.weights.h5"

	// maxInflated is the largest size of that entry, in bytes, if it is compressed,
	// which Keras never does. VGG-19 has 575 MB with its classifier.
	maxInflated = 1 << 30
)

// parseKeras parses the name of a layer that Keras has numbered.
func parseKeras(layer []byte) (at place, ok bool) {
	class, number := layer, 0
	if i := bytes.LastIndexByte(layer, '_'); i >= 0 && isDecimal(layer[i+1:]) {
		class, number = layer[:i], decimal(layer[i+1:])
	}
	isNorm := string(class) == kerasNorm
	return place{scheme: kerasNumbered, position: number, norm: isNorm}, isNorm || string(class) == kerasConv
}

// withoutPart returns a prefix without the parts that repeat the layer's own name. In
// Keras 2 files a layer is also a group with its own name, and the groups of its model
// may be in between: block1_conv1/block1_conv1, conv2d/sequential/conv2d.
func withoutPart(prefix, layer []byte) []byte {
	if !bytes.Contains(prefix, layer) {
		return prefix
	}
	var kept []byte
	for len(prefix) > 0 {
		end := bytes.IndexAny(prefix, "./") + 1
		if end == 0 {
			end = len(prefix)
		}
		if !bytes.Equal(bytes.TrimRight(prefix[:end], "./"), layer) {
			kept = append(kept, prefix[:end]...)
		}
		prefix = prefix[end:]
	}
	return bytes.TrimRight(kept, "./")
}

// countLayers determines the blocks of a candidate's layers that Keras has numbered.
func (a *arrangement) countLayers(c *candidate) error {
	convs, norms := c.inOrder(false), c.inOrder(true)
	blocks := blocksOf(convs)
	if blocks == nil {
		return fmt.Errorf("%w: found %d convolutions that are numbered, expected the 8, 10, 13 or 16 of a VGG, or the first of one with the published widths, from 3 input channels on",
			ErrNotVGG, len(convs))
	}
	if len(norms) > 0 && len(norms) != len(convs) {
		return fmt.Errorf("%w: found %d batch norms that are numbered, expected one for each of %d convolutions, or none",
			ErrNotVGG, len(norms), len(convs))
	}
	next := 0
	for b, count := range blocks {
		for i := range min(count, len(convs)-next) {
			a.convs[b][i] = convs[next]
			if len(norms) > 0 {
				a.norms[b][i] = norms[next]
			}
			next++
		}
	}
	return nil
}

// inOrder returns the convolutions, or the batch norms, that Keras has numbered, in
// order. The numbers may have gaps.
func (c *candidate) inOrder(norms bool) []module {
	var numbers []int
	for at := range c.layers {
		if at.norm == norms {
			numbers = append(numbers, at.position)
		}
	}
	slices.Sort(numbers)
	var list []module
	for _, number := range numbers {
		list = append(list, *c.layers[place{scheme: kerasNumbered, position: number, norm: norms}])
	}
	return list
}

// blocksOf returns the number of convolutions of each block: of the published network
// that begins with convolutions of these widths, or else of the one with as many
// convolutions. It returns nil for convolutions that are not a VGG's.
func blocksOf(convs []module) []int {
	var widths []int
	for i, m := range convs {
		w := m[weightRole]
		if w == nil || len(w.shape) != 4 {
			return nil
		}
		out, in := w.shape[0], w.shape[1]
		if out == kernelSize && in == kernelSize {
			out, in = w.shape[3], w.shape[2]
		}
		if i == 0 && in != 3 {
			return nil
		}
		widths = append(widths, int(min(out, maxWidth+1)))
	}
	if len(widths) == 0 {
		return nil
	}
	for _, f := range families {
		if published := blockWidths(f.blocks); len(widths) <= len(published) && slices.Equal(widths, published[:len(widths)]) {
			return f.blocks[:]
		}
	}
	for _, f := range families {
		if len(blockWidths(f.blocks)) == len(widths) {
			return f.blocks[:]
		}
	}
	return nil
}

// readKeras lists the convolutions of a .keras file, in which an HDF5 entry holds the
// weights.
func readKeras(z *zipFile, e *zip.File, given layerNames) (*listing, error) {
	start, err := z.data(e)
	if err != nil {
		return nil, err
	}
	size := int64(e.UncompressedSize64)
	var file io.ReaderAt
	if e.Method == zip.Store {
		file = io.NewSectionReader(z.r, start, size)
	} else if file, err = inflated(e); err != nil {
		return nil, err
	}
	begin := make([]byte, min(size, int64(len(hdf5Signature))))
	if err := readAt(file, begin, 0); err != nil {
		return nil, err
	}
	if !isHDF5(begin) {
		return nil, fmt.Errorf("%w: the zip entry %s begins with % x, expected an HDF5 file", ErrMalformed, quote([]byte(e.Name)), begin)
	}
	l, err := readHDF5(file, size, given)
	if err != nil {
		return nil, err
	}
	l.format = "Keras"
	if e.Method != zip.Store {
		l.room = size
	}
	return l, nil
}

// inflated decompresses a whole entry, because HDF5 needs random access.
func inflated(e *zip.File) (io.ReaderAt, error) {
	name := quote([]byte(e.Name))
	if e.UncompressedSize64/maxInflation > e.CompressedSize64 || e.UncompressedSize64 > maxInflated {
		return nil, fmt.Errorf("%w: the zip entry %s unpacks from %d to %d bytes, expected at most %d times as many and at most %d",
			ErrMalformed, name, e.CompressedSize64, e.UncompressedSize64, maxInflation, maxInflated)
	}
	r, err := e.Open()
	if err != nil {
		return nil, zipError(err, "the zip entry "+name)
	}
	defer r.Close()
	// One byte more, because the checksum is compared at the end.
	var data bytes.Buffer
	data.Grow(int(e.UncompressedSize64) + bytes.MinRead)
	_, err = data.ReadFrom(io.LimitReader(r, int64(e.UncompressedSize64)+1))
	if corrupt := flate.CorruptInputError(0); errors.As(err, &corrupt) || errors.Is(err, zip.ErrChecksum) {
		return nil, fmt.Errorf("%w: the zip entry %s cannot be unpacked: %w", ErrMalformed, name, err)
	}
	if err != nil {
		return nil, zipError(err, "the zip entry "+name)
	}
	if uint64(data.Len()) != e.UncompressedSize64 {
		return nil, fmt.Errorf("%w: the zip entry %s unpacks to other than %d bytes", ErrMalformed, name, e.UncompressedSize64)
	}
	return bytes.NewReader(data.Bytes()), nil
}
