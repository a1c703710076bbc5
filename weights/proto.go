package weights

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// ONNX and Caffe files are protocol buffers (protobuf.dev describes the encoding):
// messages of fields, each a number, a wire type and a value. A value may be a message
// in turn. Messages are read field by field from the file, without allocation.

// The wire types.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

// maxProtoText is the largest length of a name, in bytes.
const maxProtoText = 512

// A protoMessage is a range of the file.
type protoMessage struct {
	file       *protoFile
	start, end int64
}

// A protoField is one field of a message.
type protoField struct {
	at     int64 // in the file
	number int
	wire   int
	value  uint64       // wireVarint, wireFixed32, wireFixed64
	part   protoMessage // wireBytes
}

var errProtobuf = errors.New("found what is not a field of protocol buffers")

// fields calls visit with each field until it returns an error.
func (m protoMessage) fields(visit func(f protoField) error) error {
	for at := m.start; at < m.end; {
		f, next, err := m.field(at)
		if err != nil {
			return err
		}
		if err := visit(f); err != nil {
			return err
		}
		at = next
	}
	return nil
}

// field reads the field at a position of the file, and returns the position of the next
// one.
func (m protoMessage) field(at int64) (f protoField, next int64, err error) {
	// A tag and a value or a length, of at most 10 bytes each.
	const head = 2 * binary.MaxVarintLen64
	b, err := m.file.bytes(at, min(head, m.end-at))
	if err != nil {
		return f, 0, err
	}
	bad := func() (protoField, int64, error) {
		return f, 0, fmt.Errorf("%w: at byte %d: %w", ErrMalformed, at, errProtobuf)
	}
	tag, n := binary.Uvarint(b)
	if n <= 0 || tag>>3 == 0 || tag>>3 > math.MaxInt32 {
		return bad()
	}
	f = protoField{at: at, number: int(tag >> 3), wire: int(tag & 7)}
	b = b[n:]
	next = at + int64(n)
	switch {
	case f.wire == wireFixed32 && len(b) >= 4:
		f.value, n = uint64(binary.LittleEndian.Uint32(b)), 4
	case f.wire == wireFixed64 && len(b) >= 8:
		f.value, n = binary.LittleEndian.Uint64(b), 8
	case f.wire == wireVarint || f.wire == wireBytes:
		if f.value, n = binary.Uvarint(b); n <= 0 {
			return bad()
		}
	default:
		return bad()
	}
	next += int64(n)
	if f.wire == wireBytes {
		if f.value > uint64(m.end-next) {
			return f, 0, fmt.Errorf("%w: at byte %d: found a field of %d bytes, but only %d are left: the file is cut short",
				ErrMalformed, at, f.value, m.end-next)
		}
		f.part = protoMessage{m.file, next, next + int64(f.value)}
		next = f.part.end
	}
	return f, next, nil
}

// A protoFile reads the file through a window, so that many fields take few calls.
type protoFile struct {
	r      io.ReaderAt
	size   int64
	start  int64 // of the window in the file
	window []byte
	buffer [4096]byte
}

// bytes returns n bytes of the file, at most the size of the buffer. They are valid
// until the next call.
func (f *protoFile) bytes(at, n int64) ([]byte, error) {
	if at < f.start || at+n > f.start+int64(len(f.window)) {
		f.start, f.window = at, f.buffer[:min(int64(len(f.buffer)), f.size-at)]
		if err := readAt(f.r, f.window, at); err != nil {
			f.window = nil
			return nil, err
		}
	}
	return f.window[at-f.start:][:n], nil
}

// text reads a short text. It returns nothing for a long one, or for a missing message.
// The text is valid until the next call.
func (m protoMessage) text() ([]byte, error) {
	if m.file == nil || m.end-m.start > maxProtoText {
		return nil, nil
	}
	return m.file.bytes(m.start, m.end-m.start)
}

// protoIntegers collects the integers of a repeated field.
type protoIntegers struct {
	values [maxRank]int64
	n      int
}

// list returns the integers. They are valid until the next call of add.
func (p *protoIntegers) list() []int64 { return p.values[:p.n] }

// add adds the integers of f: one, or several packed ones.
func (p *protoIntegers) add(f protoField) error {
	bad := func() error {
		return fmt.Errorf("%w: at byte %d: found what is not a list of at most %d integers", ErrMalformed, f.at, len(p.values))
	}
	if f.wire != wireBytes {
		if p.n == len(p.values) {
			return bad()
		}
		p.values[p.n] = int64(f.value)
		p.n++
		return nil
	}
	text, err := f.part.text()
	if err != nil {
		return err
	}
	if text == nil && f.part.end > f.part.start {
		return bad()
	}
	for len(text) > 0 {
		x, length := binary.Uvarint(text)
		if length <= 0 || p.n == len(p.values) {
			return bad()
		}
		p.values[p.n] = int64(x)
		p.n, text = p.n+1, text[length:]
	}
	return nil
}

// protoNumbers reads the numbers of a repeated field of a message, float or double, as
// they are in memory. In the message they may be packed, single, or both.
type protoNumbers struct {
	message protoMessage
	number  int // of the field
	wire    int // of one number: wireFixed32 or wireFixed64

	at     int64        // the next field
	packed protoMessage // the rest of the last packed numbers
	single []byte       // the rest of the last single number
	buffer [8]byte
}

// width returns the size of one number in bytes.
func (p *protoNumbers) width() int64 {
	if p.wire == wireFixed32 {
		return 4
	}
	return 8
}

// length returns the number of bytes that can be read.
func (p *protoNumbers) length() (bytes int64, err error) {
	err = p.message.fields(func(f protoField) error {
		switch {
		case f.number != p.number:
		case f.wire == p.wire:
			bytes += p.width()
		case f.wire == wireBytes && (f.part.end-f.part.start)%p.width() == 0:
			bytes += f.part.end - f.part.start
		default:
			return fmt.Errorf("%w: at byte %d: found what is not a list of numbers of %d bytes", ErrMalformed, f.at, p.width())
		}
		return nil
	})
	return bytes, err
}

// open returns a reader of all numbers. Other readers of the same file may be used
// before and after it, but not at the same time.
func (p *protoNumbers) open() (io.Reader, error) {
	r := *p
	r.at = r.message.start
	return &r, nil
}

// Read implements io.Reader.
func (p *protoNumbers) Read(b []byte) (n int, err error) {
	for n < len(b) {
		switch {
		case len(p.single) > 0:
			m := copy(b[n:], p.single)
			p.single = p.single[m:]
			n += m
		case p.packed.end > p.packed.start:
			m := min(int64(len(b)-n), p.packed.end-p.packed.start)
			if err := readAt(p.message.file.r, b[n:n+int(m)], p.packed.start); err != nil {
				return n, err
			}
			p.packed.start += m
			n += int(m)
		case p.at == p.message.end:
			if n == 0 {
				return 0, io.EOF
			}
			return n, nil
		default:
			f, next, err := p.message.field(p.at)
			if err != nil {
				return n, err
			}
			p.at = next
			switch {
			case f.number != p.number:
			case f.wire == wireBytes:
				p.packed = f.part
			default:
				binary.LittleEndian.PutUint64(p.buffer[:], f.value)
				p.single = p.buffer[:p.width()]
			}
		}
	}
	return n, nil
}
