package weights

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"unicode"
	"unicode/utf8"
)

// A .caffemodel is a protocol buffer, the message NetParameter of caffe.proto: layers
// with names, types and blobs, which are weights and biases. As in the networks that
// their authors published for Caffe, the names give the positions of the convolutions
// (conv1_1). Caffe loads pictures with OpenCV, so that the input is BGR levels less the
// means.
//
// The fields that are read, by message:
const (
	caffeName   = 1
	caffeLayers = 2   // of the years to 2014: V1LayerParameter
	caffeLayer  = 100 // LayerParameter

	blobFloats  = 5
	blobShape   = 7
	blobDoubles = 8
	shapeDim    = 1

	convGroup    = 5
	convStride   = 6
	convStrideH  = 13
	convStrideW  = 14
	convDilation = 18

	poolMethod = 1
)

// A caffeSchema holds the field numbers of a layer.
type caffeSchema struct {
	name, typ, blobs, conv, pool int
}

var (
	caffeV1 = caffeSchema{name: 4, typ: 5, blobs: 6, conv: 10, pool: 19}
	caffeV2 = caffeSchema{name: 1, typ: 2, blobs: 7, conv: 106, pool: 121}
)

// The types of layers, which are numbers in the older schema.
const (
	convolutionV1 = 4
	poolingV1     = 17
)

// isCaffe recognizes a .caffemodel by its first fields: the name of the network, if
// any, then a layer or the input. A layer begins with a text.
func isCaffe(begin []byte) bool {
	field := func() (number uint64, length uint64, ok bool) {
		tag, n := binary.Uvarint(begin)
		if n <= 0 || tag&7 != wireBytes {
			return 0, 0, false
		}
		length, m := binary.Uvarint(begin[n:])
		if m <= 0 {
			return 0, 0, false
		}
		begin = begin[n+m:]
		return tag >> 3, length, true
	}
	number, length, ok := field()
	if ok && number == caffeName {
		if length > uint64(len(begin)) || !isPrintable(begin[:length]) {
			return false
		}
		begin = begin[length:]
		number, _, ok = field()
	}
	const (
		input      = 3
		inputShape = 8
		firstText  = 1 // to 4: names of the layer, its input and its output, and its type
		lastText   = 4
	)
	switch {
	case !ok:
		return false
	case number == input || number == inputShape:
		return true
	case number == caffeLayers || number == caffeLayer:
		number, _, ok = field()
		return ok && number >= firstText && number <= lastText
	}
	return false
}

// isPrintable reports whether a text can be a name.
func isPrintable(text []byte) bool {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r == utf8.RuneError && n == 1 || !unicode.IsPrint(r) {
			return false
		}
		text = text[n:]
	}
	return true
}

// caffeModel is a model that is being read.
type caffeModel struct {
	listing
	name     [maxProtoText + len(".weight")]byte // of the layer that is being read
	integers protoIntegers                       // of the current blob or parameter
}

// readCaffe lists the weights of a model's convolutions.
func readCaffe(r io.ReaderAt, size int64, given layerNames) (*listing, error) {
	m := &caffeModel{}
	m.layout.given, m.layout.origin = given, caffe
	m.metadata = metadata{}
	file := protoMessage{&protoFile{r: r, size: size}, 0, size}
	err := file.fields(func(f protoField) error {
		if f.wire != wireBytes {
			return nil
		}
		switch f.number {
		case caffeName:
			text, err := f.part.text()
			if err != nil || len(text) > maxValue || !isPrintable(text) || m.metadata["name"] != "" {
				return err
			}
			return m.metadata.add("name", string(text))
		case caffeLayers:
			return m.layer(f.part, caffeV1)
		case caffeLayer:
			return m.layer(f.part, caffeV2)
		}
		return nil
	})
	return &m.listing, err
}

// caffeKind is a type of layer that the reader distinguishes.
type caffeKind int

const (
	caffeOther caffeKind = iota
	caffeConvolution
	caffePooling
	caffeNorm
)

// layer lists the weights of a layer if it is a convolution of a VGG.
func (m *caffeModel) layer(layer protoMessage, s caffeSchema) error {
	var (
		name, conv, pool protoMessage
		kind             caffeKind
		blobs            int
	)
	err := layer.fields(func(f protoField) error {
		switch {
		case f.number == s.typ:
			var err error
			kind, err = newCaffeKind(f)
			return err
		case f.wire != wireBytes:
		case f.number == s.name:
			name = f.part
		case f.number == s.conv:
			conv = f.part
		case f.number == s.pool:
			pool = f.part
		case f.number == s.blobs:
			blobs++
		}
		return nil
	})
	if err != nil {
		return err
	}
	if kind == caffePooling {
		return m.pooling(pool)
	}
	text, err := name.text()
	if err != nil || blobs == 0 {
		return err
	}
	if kind == caffeNorm {
		return fmt.Errorf("%w: the layer %s is a batch norm, which is not read in files of Caffe: expected convolutions with their batch norms folded in",
			ErrNotVGG, quote(text))
	}
	if kind != caffeConvolution {
		m.layout.skip(text)
		return nil
	}
	n := copy(m.name[:], text)
	i := 0
	return layer.fields(func(f protoField) error {
		if f.number != s.blobs || f.wire != wireBytes {
			return nil
		}
		i++
		end := ".bias"
		switch i {
		case 1:
			end = ".weight"
		case 2:
		default:
			return fmt.Errorf("%w: the convolution %s has %d blobs, expected its weights and its biases", ErrNotVGG, quote(m.name[:n]), blobs)
		}
		called := m.name[:n+copy(m.name[n:], end)]
		return m.layout.add(called, func() (*tensor, error) {
			if err := m.checkConv(conv, called[:n]); err != nil {
				return nil, err
			}
			return m.blob(f.part, called)
		})
	})
}

// newCaffeKind reads the type of a layer.
func newCaffeKind(f protoField) (caffeKind, error) {
	if f.wire != wireBytes {
		switch f.value {
		case convolutionV1:
			return caffeConvolution, nil
		case poolingV1:
			return caffePooling, nil
		}
		return caffeOther, nil
	}
	text, err := f.part.text()
	switch string(text) {
	case "Convolution":
		return caffeConvolution, err
	case "Pooling":
		return caffePooling, err
	case "BatchNorm", "BN", "Scale":
		return caffeNorm, err
	}
	return caffeOther, err
}

// pooling reads the method of the first pooling layer.
func (m *caffeModel) pooling(pool protoMessage) error {
	if m.metadata["pooling"] != "" {
		return nil
	}
	const average = 1
	method := "max"
	if pool.file != nil {
		err := pool.fields(func(f protoField) error {
			if f.number == poolMethod && f.wire == wireVarint && f.value == average {
				method = "avg"
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	m.metadata["pooling"] = method
	return nil
}

// checkConv fails unless a convolution has stride 1, no dilation and a single group.
func (m *caffeModel) checkConv(conv protoMessage, name []byte) error {
	if conv.file == nil {
		return nil
	}
	return conv.fields(func(f protoField) error {
		var what string
		switch f.number {
		case convGroup:
			what = "group"
		case convStride, convStrideH, convStrideW:
			what = "stride"
		case convDilation:
			what = "dilation"
		default:
			return nil
		}
		m.integers.n = 0
		if err := m.integers.add(f); err != nil {
			return err
		}
		if ints := m.integers.list(); slices.ContainsFunc(ints, func(v int64) bool { return v != 1 }) {
			return fmt.Errorf("%w: %s has the %s %v, expected 1", ErrNotVGG, quote(name), what, ints)
		}
		return nil
	})
}

// blob returns a blob as a tensor with the given name.
func (m *caffeModel) blob(blob protoMessage, name []byte) (*tensor, error) {
	const dims = 4
	var (
		legacy          [dims]int64 // num, channels, height and width
		shape           []int64
		floats, doubles bool
	)
	err := blob.fields(func(f protoField) error {
		switch {
		case f.number >= 1 && f.number <= dims && f.wire == wireVarint:
			legacy[f.number-1] = int64(f.value)
		case f.number == blobFloats:
			floats = true
		case f.number == blobDoubles:
			doubles = true
		case f.number == blobShape && f.wire == wireBytes:
			m.integers.n = 0
			err := f.part.fields(func(f protoField) error {
				if f.number != shapeDim {
					return nil
				}
				return m.integers.add(f)
			})
			shape = slices.Clone(m.integers.list())
			return err
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if shape == nil {
		shape = legacy[:]
		for len(shape) > 1 && shape[0] == 1 && legacy[dims-2] == 1 {
			shape = shape[1:] // a vector is 1 x 1 x 1 x N
		}
	}
	if floats && doubles {
		return nil, fmt.Errorf("%w: %s has its numbers both as float and as double, expected one of them", ErrMalformed, quote(name))
	}
	numbers, format := protoNumbers{message: blob, number: blobFloats, wire: wireFixed32}, dtypes["F32"]
	if doubles {
		numbers, format = protoNumbers{message: blob, number: blobDoubles, wire: wireFixed64}, dtypes["F64"]
	}
	present, err := numbers.length()
	if err != nil {
		return nil, err
	}
	length, ok := byteLength(shape, format.bits)
	if !ok || length != uint64(present) || slices.ContainsFunc(shape, func(d int64) bool { return d < 0 }) {
		return nil, fmt.Errorf("%w: %s has %d bytes, which is not what %s of the shape %v takes",
			ErrMalformed, quote(name), present, format.name, shape)
	}
	return &tensor{name: string(name), shape: shape, format: format, open: numbers.open}, nil
}
