package weights

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// A pickle is a program for a stack machine (Python's pickletools documents the
// opcodes). Python's interpreter can call any function. This one calls none: it creates
// numbers, texts, tuples, lists and dictionaries, and knows the results of the few
// functions in pickled.go with which tensors are made. The result of every other
// function, and every instance of a class, is an *object, which only holds its
// attributes and items.
const (
	opMark           = '('
	opStop           = '.'
	opPop            = '0'
	opPopMark        = '1'
	opDup            = '2'
	opFloat          = 'F'
	opInt            = 'I'
	opBinInt         = 'J'
	opBinInt1        = 'K'
	opLong           = 'L'
	opBinInt2        = 'M'
	opNone           = 'N'
	opPersID         = 'P'
	opBinPersID      = 'Q'
	opReduce         = 'R'
	opString         = 'S'
	opBinString      = 'T' // of Python 2, texts and bytes
	opShortBinString = 'U' // the same
	opUnicode        = 'V'
	opBinUnicode     = 'X'
	opAppend         = 'a'
	opBuild          = 'b'
	opGlobal         = 'c'
	opDict           = 'd'
	opEmptyDict      = '}'
	opAppends        = 'e'
	opGet            = 'g'
	opBinGet         = 'h'
	opInst           = 'i'
	opLongBinGet     = 'j'
	opList           = 'l'
	opEmptyList      = ']'
	opObj            = 'o'
	opPut            = 'p'
	opBinPut         = 'q'
	opLongBinPut     = 'r'
	opSetItem        = 's'
	opTuple          = 't'
	opEmptyTuple     = ')'
	opSetItems       = 'u'
	opBinFloat       = 'G'

	// of protocol 2
	opProto  = 0x80
	opNewObj = 0x81
	opTuple1 = 0x85
	opTuple2 = 0x86
	opTuple3 = 0x87
	opTrue   = 0x88
	opFalse  = 0x89
	opLong1  = 0x8a
	opLong4  = 0x8b

	// of protocols 3, 4 and 5
	opBinBytes        = 'B'
	opShortBinBytes   = 'C'
	opShortBinUnicode = 0x8c
	opBinUnicode8     = 0x8d
	opBinBytes8       = 0x8e
	opEmptySet        = 0x8f
	opAddItems        = 0x90
	opFrozenSet       = 0x91
	opNewObjEx        = 0x92
	opStackGlobal     = 0x93
	opMemoize         = 0x94
	opFrame           = 0x95
	opByteArray8      = 0x96
)

// refusedOps are the other opcodes of protocols 0 to 5. They refer to objects outside
// the pickle.
var refusedOps = map[byte]string{
	0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4", 0x97: "NEXT_BUFFER", 0x98: "READONLY_BUFFER",
}

const (
	maxPickleProtocol = 5

	// maxPickleOps limits the memory of a pickle without its texts, some hundred bytes
	// an operation. A state dict takes 30 operations for each tensor, so this is a
	// checkpoint of some 2000 tensors.
	maxPickleOps = 1 << 16

	maxPickleText = 64 << 10 // bytes of a text that is kept; names have some twenty
	maxGlobal     = 256      // bytes of a module's or a function's name
)

// The values that a pickle creates, besides nil, bool, int64, string and the values of
// pickled.go.
type (
	tuple  []any
	list   struct{ items []any }
	dict   struct{ keys, values []any }
	global string // module.name
	// An object is an instance of a class, or the result of a function.
	object struct {
		class global
		state any  // attributes, usually a *dict
		items dict // items, where it is also a dictionary
	}
	// A blob is a range of the file that is not read with the pickle.
	blob struct{ start, size int64 }
	// ignored stands for a value that tensors do not depend on, such as a learning
	// rate.
	ignored struct{}
)

// A pickleMachine interprets consecutive pickles in a range of bytes.
type pickleMachine struct {
	file    io.ReaderAt
	start   int64 // the position of the first pickle in the file
	at, end int64 // the position of the next byte, and the end of the range
	base    int64 // the position of the current opcode
	r       *bufio.Reader
	ops     int

	stack []any
	marks []int // heights of the stack
	memo  map[int64]any

	// reduce returns the result of a function, and persistent the value of an
	// identifier that is stored outside the pickle.
	reduce     func(callable global, args tuple) any
	persistent func(id any) (any, error)
}

// newPickleMachine returns a machine for the pickles in the bytes from start to end.
func newPickleMachine(file io.ReaderAt, start, end int64) *pickleMachine {
	return &pickleMachine{
		file: file, start: start, at: start, end: end,
		r: bufio.NewReaderSize(io.NewSectionReader(file, start, end-start), maxPickleText),
	}
}

// fail returns an error at the current opcode.
func (m *pickleMachine) fail(text string, args ...any) error {
	return fmt.Errorf("%w: at byte %d of the pickle: %s", ErrMalformed, m.base-m.start, fmt.Sprintf(text, args...))
}

// run interprets one pickle and returns its object.
func (m *pickleMachine) run() (any, error) {
	m.stack, m.marks, m.memo = m.stack[:0], m.marks[:0], map[int64]any{}
	for {
		m.base = m.at
		op, err := m.bytes(1)
		if err != nil {
			return nil, err
		}
		if err := m.spend(1); err != nil {
			return nil, err
		}
		if op[0] == opStop {
			if len(m.marks) > 0 || len(m.stack) != 1 {
				return nil, m.fail("it ends with %d objects, expected 1", len(m.stack))
			}
			return m.stack[0], nil
		}
		if err := m.do(op[0]); err != nil {
			return nil, err
		}
	}
}

// spend counts operations.
func (m *pickleMachine) spend(ops int) error {
	if m.ops += ops; m.ops > maxPickleOps {
		return m.fail("it has more than %d operations, too many for a checkpoint: save model.state_dict() alone with torch.save", maxPickleOps)
	}
	return nil
}

func (m *pickleMachine) do(op byte) error {
	switch op {
	case opProto:
		b, err := m.bytes(1)
		if err == nil && b[0] > maxPickleProtocol {
			err = m.fail("it has the protocol %d, expected at most %d", b[0], maxPickleProtocol)
		}
		return err
	case opFrame: // its length serves those who read ahead
		_, err := m.bytes(8)
		return err
	case opMark:
		m.marks = append(m.marks, len(m.stack))
		return nil
	case opPop:
		if n := len(m.marks); n > 0 && m.marks[n-1] == len(m.stack) {
			m.marks = m.marks[:n-1]
			return nil
		}
		_, err := m.pop(1)
		return err
	case opPopMark:
		_, err := m.popMark()
		return err
	case opDup:
		return m.again(m.push)
	case opGet, opBinGet, opLongBinGet:
		return m.get(op)
	case opPut, opBinPut, opLongBinPut, opMemoize:
		return m.put(op)
	case opGlobal, opStackGlobal, opInst, opObj:
		return m.class(op)
	case opReduce, opNewObj:
		return m.call(2)
	case opNewObjEx:
		return m.call(3)
	case opBuild:
		return m.build()
	case opPersID, opBinPersID:
		return m.load(op)
	case opAppend, opAppends:
		return m.extend(op == opAppends)
	case opSetItem, opSetItems:
		return m.set(op == opSetItems)
	case opAddItems:
		if _, err := m.popMark(); err != nil {
			return err
		}
		return m.again(func(any) {})
	}
	v, err := m.value(op)
	if err != nil {
		return err
	}
	m.push(v)
	return nil
}

// value returns the result of an opcode from its argument or the stack.
func (m *pickleMachine) value(op byte) (any, error) {
	switch op {
	case opNone:
		return nil, nil
	case opTrue, opFalse:
		return op == opTrue, nil
	case opBinInt1:
		b, err := m.bytes(1)
		return int64(first(b)), err
	case opBinInt, opBinInt2, opLong1, opLong4, opInt, opLong:
		return m.integer(op)
	case opBinFloat:
		_, err := m.bytes(8)
		return ignored{}, err
	case opFloat:
		_, err := m.line(maxGlobal)
		return ignored{}, err
	case opString, opUnicode, opShortBinString, opBinString, opShortBinUnicode, opBinUnicode, opBinUnicode8:
		return m.text(op)
	case opShortBinBytes, opBinBytes, opBinBytes8, opByteArray8:
		size, err := m.length(op)
		if err != nil {
			return nil, err
		}
		return m.skip(size)
	case opEmptySet:
		return ignored{}, nil
	case opFrozenSet:
		_, err := m.popMark()
		return ignored{}, err
	case opEmptyTuple:
		return tuple{}, nil
	case opTuple1, opTuple2, opTuple3:
		items, err := m.pop(int(op-opTuple1) + 1)
		return append(tuple(nil), items...), err
	case opTuple:
		items, err := m.popMark()
		return append(tuple(nil), items...), err
	case opEmptyList:
		return &list{}, nil
	case opList:
		items, err := m.popMark()
		return &list{append([]any(nil), items...)}, err
	case opEmptyDict:
		return &dict{}, nil
	case opDict:
		items, err := m.popItems(true, 2)
		d := &dict{}
		d.add(items)
		return d, err
	}
	if name, known := refusedOps[op]; known {
		return nil, m.fail("it uses the opcode %s, for objects that are not in the file; save model.state_dict() alone with torch.save", name)
	}
	return nil, m.fail("found the byte %#02x, expected an opcode", op)
}

// first returns the first byte, 0 where there is none.
func first(b []byte) byte {
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

// bytes reads n bytes, which are valid until the next call.
func (m *pickleMachine) bytes(n int) ([]byte, error) {
	b, err := m.r.Peek(n)
	if err != nil {
		if errors.Is(err, io.EOF) {
			return nil, m.fail("the pickle ends, expected %d more bytes", n-len(b))
		}
		return nil, err
	}
	_, _ = m.r.Discard(n) // which Peek has read
	m.at += int64(n)
	return b, nil
}

// line reads the argument of an opcode of protocol 0: at most that many bytes up to a
// line feed, which is dropped. They are valid until the next call.
func (m *pickleMachine) line(most int) ([]byte, error) {
	line, err := m.r.ReadSlice('\n')
	m.at += int64(len(line))
	switch {
	case errors.Is(err, io.EOF):
		return nil, m.fail("the pickle ends, expected a line feed")
	case err != nil && !errors.Is(err, bufio.ErrBufferFull):
		return nil, err
	case err != nil || len(line)-1 > most:
		return nil, m.fail("found a line of more than %d bytes", most)
	}
	return line[:len(line)-1], nil
}

// skip skips bytes.
func (m *pickleMachine) skip(size uint64) (blob, error) {
	if size > uint64(m.end-m.at) {
		return blob{}, m.fail("found bytes or a text of %d bytes, but the pickle has %d more", size, m.end-m.at)
	}
	b := blob{m.at, int64(size)}
	m.at += b.size
	if b.size <= int64(m.r.Buffered()) {
		_, _ = m.r.Discard(int(b.size)) // which is in the buffer
	} else {
		m.r.Reset(io.NewSectionReader(m.file, m.at, m.end-m.at))
	}
	return b, nil
}

// length reads the length of the following bytes or text.
func (m *pickleMachine) length(op byte) (uint64, error) {
	n := 4
	switch op {
	case opShortBinString, opShortBinBytes, opShortBinUnicode, opLong1:
		n = 1
	case opBinUnicode8, opBinBytes8, opByteArray8:
		n = 8
	}
	b, err := m.bytes(n)
	if err != nil {
		return 0, err
	}
	return littleEndianNumber(b), nil
}

// littleEndianNumber returns the number in at most 8 bytes.
func littleEndianNumber(b []byte) uint64 {
	var word [8]byte
	copy(word[:], b)
	return binary.LittleEndian.Uint64(word[:])
}

// integer reads the integer argument of an opcode. It ignores one of more than 64 bits,
// such as the state of a random generator.
func (m *pickleMachine) integer(op byte) (any, error) {
	switch op {
	case opBinInt:
		b, err := m.bytes(4)
		return int64(int32(littleEndianNumber(b))), err
	case opBinInt2:
		b, err := m.bytes(2)
		return int64(littleEndianNumber(b)), err
	case opInt, opLong:
		line, err := m.line(maxPickleText - 1)
		if err != nil {
			return nil, err
		}
		switch digits := string(bytes.TrimSuffix(line, []byte("L"))); digits {
		case "00", "01": // as the booleans of protocol 0 and 1 are written
			return digits == "01", nil
		default:
			v, err := strconv.ParseInt(digits, 10, 64)
			if errors.Is(err, strconv.ErrRange) {
				return ignored{}, nil
			}
			if err != nil {
				return nil, m.fail("found %s, expected an integer", quote(line))
			}
			return v, nil
		}
	}
	size, err := m.length(op)
	if err != nil {
		return nil, err
	}
	if size > 8 {
		_, err := m.skip(size)
		return ignored{}, err
	}
	// The bytes are little-endian two's complement.
	b, err := m.bytes(int(size))
	if err != nil {
		return nil, err
	}
	unused := 64 - 8*size
	return int64(littleEndianNumber(b)<<unused) >> unused, nil
}

// text reads the text argument of an opcode. It ignores a text that is too long for a
// name, and one of protocol 0 with escapes. A long text of Python 2 may be the numbers
// of an array.
func (m *pickleMachine) text(op byte) (any, error) {
	if op == opString || op == opUnicode {
		line, err := m.line(maxPickleText - 1)
		if err != nil {
			return nil, err
		}
		if n := len(line); op == opString {
			if n < 2 || line[0] != line[n-1] || line[0] != '\'' && line[0] != '"' {
				return nil, m.fail("found %s, expected a text in quotes", quote(line))
			}
			line = line[1 : n-1]
		}
		if bytes.IndexByte(line, '\\') >= 0 {
			return ignored{}, nil
		}
		return string(line), nil
	}
	size, err := m.length(op)
	if err != nil {
		return nil, err
	}
	if op == opBinString && size > maxGlobal {
		return m.skip(size)
	}
	if size > maxPickleText {
		_, err := m.skip(size)
		return ignored{}, err
	}
	b, err := m.bytes(int(size))
	return string(b), err
}

// index reads the index of a memo entry.
func (m *pickleMachine) index(op byte) (int64, error) {
	switch op {
	case opGet, opPut:
		line, err := m.line(maxGlobal)
		if err != nil {
			return 0, err
		}
		i, err := strconv.ParseInt(string(line), 10, 64)
		if err != nil || i < 0 {
			return 0, m.fail("found %s, expected the number of an object", quote(line))
		}
		return i, nil
	case opBinGet, opBinPut:
		b, err := m.bytes(1)
		return int64(first(b)), err
	case opMemoize:
		return int64(len(m.memo)), nil
	}
	b, err := m.bytes(4)
	return int64(littleEndianNumber(b)), err
}

// get pushes a memo entry.
func (m *pickleMachine) get(op byte) error {
	i, err := m.index(op)
	if err != nil {
		return err
	}
	v, ok := m.memo[i]
	if !ok {
		return m.fail("it gets object %d, which it has not put", i)
	}
	m.push(v)
	return nil
}

// put stores the top of the stack in the memo. Python 2 counts from 1, Python 3 from 0,
// and optimized pickles have gaps.
func (m *pickleMachine) put(op byte) error {
	i, err := m.index(op)
	if err != nil {
		return err
	}
	return m.again(func(v any) { m.memo[i] = v })
}

// class pushes the name of a class or a function, or for the opcodes of Python 1
// an instance of the class.
func (m *pickleMachine) class(op byte) error {
	switch op {
	case opStackGlobal:
		items, err := m.pop(2)
		if err != nil {
			return err
		}
		module, isText := items[0].(string)
		name, isText2 := items[1].(string)
		if !isText || !isText2 || len(module)+len(name) >= maxGlobal {
			return m.fail("it asks for a global whose names are not texts of at most %d bytes", maxGlobal)
		}
		m.push(global(module + "." + name))
		return nil
	case opObj:
		items, err := m.popMark()
		if err != nil {
			return err
		}
		if len(items) == 0 {
			return m.fail("it makes an instance of no class")
		}
		class, _ := items[0].(global)
		m.push(&object{class: class})
		return nil
	}
	module, err := m.line(maxGlobal)
	if err != nil {
		return err
	}
	name := string(module) + "."
	last, err := m.line(maxGlobal)
	if err != nil {
		return err
	}
	name += string(last)
	if op == opGlobal {
		m.push(global(name))
		return nil
	}
	if _, err := m.popMark(); err != nil {
		return err
	}
	m.push(&object{class: global(name)})
	return nil
}

// call replaces a callable, a tuple of its arguments and, for some opcodes, a
// dictionary of named arguments by the result.
func (m *pickleMachine) call(operands int) error {
	items, err := m.pop(operands)
	if err != nil {
		return err
	}
	args, isTuple := items[1].(tuple)
	if !isTuple {
		return m.fail("it calls a function with other arguments than a tuple")
	}
	switch callable := items[0].(type) {
	case global:
		// reduce copies the lists that it is given, each time that it is called.
		for _, a := range args {
			if l, ok := a.(*list); ok {
				if err := m.spend(len(l.items)); err != nil {
					return err
				}
			}
		}
		m.push(m.reduce(callable, args))
	case *object, ignored:
		m.push(&object{})
	default:
		return m.fail("it calls what is not a function")
	}
	return nil
}

// build sets the attributes of the object below the top of the stack. Those of a
// dictionary, in which a state dict stores the versions of its modules, are dropped.
func (m *pickleMachine) build() error {
	items, err := m.pop(2)
	if err != nil {
		return err
	}
	switch v := items[0].(type) {
	case *object:
		v.state = items[1]
	case *numpyArray:
		v.build(items[1])
	case *numpyType:
		v.build(items[1])
	}
	m.push(items[0])
	return nil
}

// load replaces an identifier by its value.
func (m *pickleMachine) load(op byte) error {
	if op == opPersID {
		if _, err := m.line(maxPickleText - 1); err != nil {
			return err
		}
		m.push(ignored{})
		return nil
	}
	items, err := m.pop(1)
	if err != nil {
		return err
	}
	v, err := m.persistent(items[0])
	if err != nil {
		return m.fail("%s", err)
	}
	m.push(v)
	return nil
}

func (m *pickleMachine) push(v any) {
	m.stack = append(m.stack, v)
}

// again calls use with the top of the stack without popping it.
func (m *pickleMachine) again(use func(v any)) error {
	top, err := m.pop(1)
	if err != nil {
		return err
	}
	m.stack = m.stack[:len(m.stack)+1]
	use(top[0])
	return nil
}

// pop pops n objects, which are valid until the next push.
func (m *pickleMachine) pop(n int) ([]any, error) {
	floor := 0
	if len(m.marks) > 0 {
		floor = m.marks[len(m.marks)-1]
	}
	at := len(m.stack) - n
	if at < floor {
		return nil, m.fail("the stack has too few objects")
	}
	items := m.stack[at:]
	m.stack = m.stack[:at]
	return items, nil
}

// popMark pops the objects above the last mark, and the mark.
func (m *pickleMachine) popMark() ([]any, error) {
	if len(m.marks) == 0 {
		return nil, m.fail("the stack has no mark")
	}
	items, err := m.pop(len(m.stack) - m.marks[len(m.marks)-1])
	m.marks = m.marks[:len(m.marks)-1]
	return items, err
}

// popItems pops n items, or all above the last mark, whose number must be a multiple of
// n.
func (m *pickleMachine) popItems(marked bool, n int) ([]any, error) {
	if !marked {
		return m.pop(n)
	}
	items, err := m.popMark()
	if err == nil && len(items)%n != 0 {
		err = m.fail("a key has no value")
	}
	return items, err
}

// extend appends to the list on top of the stack.
func (m *pickleMachine) extend(marked bool) error {
	items, err := m.popItems(marked, 1)
	if err != nil {
		return err
	}
	switch l := m.top().(type) {
	case *list:
		l.items = append(l.items, items...)
	case *object: // of a class that is a list too
	default:
		return m.fail("it appends to what is not a list")
	}
	return nil
}

// set adds keys and values to the dictionary on top of the stack.
func (m *pickleMachine) set(marked bool) error {
	items, err := m.popItems(marked, 2)
	if err != nil {
		return err
	}
	switch d := m.top().(type) {
	case *dict:
		d.add(items)
	case *object:
		d.items.add(items)
	default:
		return m.fail("it sets items of what is not a dictionary")
	}
	return nil
}

// add appends alternating keys and values.
func (d *dict) add(items []any) {
	for i := 0; i+1 < len(items); i += 2 {
		d.keys = append(d.keys, items[i])
		d.values = append(d.values, items[i+1])
	}
}

func (m *pickleMachine) top() any {
	if len(m.stack) == 0 {
		return nil
	}
	return m.stack[len(m.stack)-1]
}

// naturals returns a tuple of integers, none of which is negative.
func (t tuple) naturals() ([]int64, bool) {
	if len(t) > maxRank {
		return nil, false
	}
	v := make([]int64, len(t))
	for i, item := range t {
		n, ok := item.(int64)
		if !ok || n < 0 || n > math.MaxInt64/2 {
			return nil, false
		}
		v[i] = n
	}
	return v, true
}
