package weights

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
)

// Precision is the number format of written weights.
type Precision int

// Float32 is exact. Float16 halves the file and rounds each value to 11 significant
// bits.
const (
	Float32 Precision = iota
	Float16
)

// WriteSafetensors writes the network so that [Open] restores it completely. Before it
// writes anything, it refuses what could not be read back: layers that are not a VGG,
// values that are not finite or too large for the precision, an incomplete input
// convention.
func (n *Network) WriteSafetensors(w io.Writer, precision Precision) error {
	if err := n.writeSafetensors(w, precision); err != nil {
		return fmt.Errorf("writing network %q: %w", n.Name, err)
	}
	return nil
}

func (n *Network) writeSafetensors(w io.Writer, precision Precision) error {
	meta, err := n.metadata()
	if err != nil {
		return err
	}
	parts, err := n.parts()
	if err != nil {
		return err
	}
	name, size := "F32", 4
	if precision == Float16 {
		name, size = "F16", 2
	}
	type entry struct {
		Dtype   string  `json:"dtype"`
		Shape   []int64 `json:"shape"`
		Offsets [2]int  `json:"data_offsets"`
	}
	header := map[string]any{metadataName: meta}
	offset := 0
	for _, p := range parts {
		if err := p.check(precision); err != nil {
			return err
		}
		end := offset + size*len(p.values)
		header[p.name] = entry{name, p.shape, [2]int{offset, end}}
		offset = end
	}
	text, err := json.Marshal(header)
	if err != nil {
		return err
	}
	// The data begin at a multiple of 8 bytes, as in files of the format's own library,
	// for readers that map the file into memory.
	for len(text)%8 != 0 {
		text = append(text, ' ')
	}
	b := bufio.NewWriterSize(w, bufferSize)
	b.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(text))))
	b.Write(text)
	for _, p := range parts {
		for _, v := range p.values {
			if precision == Float16 {
				b.Write(binary.LittleEndian.AppendUint16(b.AvailableBuffer(), toFloat16(v)))
			} else {
				b.Write(binary.LittleEndian.AppendUint32(b.AvailableBuffer(), math.Float32bits(v)))
			}
		}
	}
	return b.Flush() // bufio keeps the first error of all writes for this one
}

// A part is a tensor to write.
type part struct {
	name   string
	shape  []int64
	values []float32
}

// parts returns the tensors of the network after checking that it is a VGG.
func (n *Network) parts() ([]part, error) {
	var parts []part
	var l layout
	for i, c := range n.Convs {
		twice := slices.ContainsFunc(n.Convs[:i], func(before Conv) bool { return before.Name == c.Name })
		for _, p := range []part{
			{c.Name + ".weight", []int64{int64(c.Out), int64(c.In), kernelSize, kernelSize}, c.Weight},
			{c.Name + ".bias", []int64{int64(c.Out)}, c.Bias},
		} {
			if twice || schemeOf([]byte(p.name)) == noScheme {
				return nil, fmt.Errorf("%w: found a layer %q, expected conv1_1 and so on, each once", ErrNotVGG, c.Name)
			}
			if err := l.add([]byte(p.name), func() (*tensor, error) { return &tensor{name: p.name, shape: p.shape}, nil }); err != nil {
				return nil, err
			}
			length, ok := byteLength(p.shape, 8)
			if !ok || length != uint64(len(p.values)) {
				return nil, fmt.Errorf("%w: %s has %d values, which is not what the shape %v takes",
					ErrNotVGG, p.name, len(p.values), p.shape)
			}
			parts = append(parts, p)
		}
	}
	_, err := l.choose("")
	return parts, err
}

func (p part) check(precision Precision) error {
	if i := indexNonFinite(p.values); i >= 0 {
		return fmt.Errorf("value %d of %s is %v, expected a finite number", i, p.name, p.values[i])
	}
	if precision == Float16 {
		for i, v := range p.values {
			if math.IsInf(float64(fromFloat16(toFloat16(v))), 0) {
				return fmt.Errorf("value %d of %s is %v, too large for float16", i, p.name, v)
			}
		}
	}
	return nil
}
