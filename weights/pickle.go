package weights

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// A pickle is a program for a machine with a stack (Python's pickletools has
// every opcode's meaning). Python's own interpreter can call anything; this one
// can make the numbers, texts, tuples, lists and dictionaries of a state dict,
// and calls nothing but the few functions of reduce, which build such data.
// Whatever else a pickle asks for is refused by its name.
const (
	opProto          = 0x80
	opStop           = '.'
	opMark           = '('
	opNone           = 'N'
	opTrue           = 0x88
	opFalse          = 0x89
	opBinInt         = 'J'
	opBinInt1        = 'K'
	opBinInt2        = 'M'
	opLong1          = 0x8a
	opBinFloat       = 'G'
	opBinUnicode     = 'X'
	opShortBinString = 'U' // the names in files that Python 2 wrote
	opEmptyTuple     = ')'
	opTuple          = 't'
	opTuple1         = 0x85
	opTuple2         = 0x86
	opTuple3         = 0x87
	opEmptyList      = ']'
	opAppend         = 'a'
	opAppends        = 'e'
	opEmptyDict      = '}'
	opSetItem        = 's'
	opSetItems       = 'u'
	opBinPut         = 'q'
	opLongBinPut     = 'r'
	opBinGet         = 'h'
	opLongBinGet     = 'j'
	opGlobal         = 'c'
	opReduce         = 'R'
	opBuild          = 'b'
	opBinPersID      = 'Q'
)

// refusedOps are all other opcodes of the protocols 0 to 5.
var refusedOps = map[byte]string{
	'0': "POP", '1': "POP_MARK", '2': "DUP", 'F': "FLOAT", 'I': "INT", 'L': "LONG", 'S': "STRING", 'T': "BINSTRING",
	'V': "UNICODE", 'P': "PERSID", 'd': "DICT", 'g': "GET", 'i': "INST", 'l': "LIST", 'o': "OBJ", 'p': "PUT",
	'B': "BINBYTES", 'C': "SHORT_BINBYTES",
	0x81: "NEWOBJ", 0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4", 0x8b: "LONG4",
	0x8c: "SHORT_BINUNICODE", 0x8d: "BINUNICODE8", 0x8e: "BINBYTES8", 0x8f: "EMPTY_SET", 0x90: "ADDITEMS",
	0x91: "FROZENSET", 0x92: "NEWOBJ_EX", 0x93: "STACK_GLOBAL", 0x94: "MEMOIZE", 0x95: "FRAME",
	0x96: "BYTEARRAY8", 0x97: "NEXT_BUFFER", 0x98: "READONLY_BUFFER",
}

const (
	pickleProtocol = 2 // torch.save's

	// maxPickleOps bounds the memory that a pickle takes beyond its texts, some
	// hundred bytes an operation. A state dict takes 30 for each tensor, so this
	// is a checkpoint of some 2000.
	maxPickleOps = 1 << 16

	maxPickleText = 64 << 10 // bytes of one text; names have some twenty
	maxGlobal     = 256      // bytes of a module's or a function's name
)

// What a pickle makes, beside nil, bool, int64, string and the values of
// torch.go.
type (
	tuple  []any
	list   struct{ items []any }
	dict   struct{ keys, values []any }
	global string // module.name
	// ignored stands for what tensors do not depend on, such as a learning rate.
	ignored struct{}
)

// A pickleMachine interprets one pickle after the other from the same bytes.
type pickleMachine struct {
	r    *bufio.Reader
	at   int64 // how many bytes of r are read
	base int64 // the position of the opcode that is carried out
	ops  int

	stack []any
	marks []int // heights of the stack
	memo  []any

	// globals are the names that may be looked up; reduce calls one of them, and
	// persistent finds what is stored outside the pickle.
	globals    func(name string) bool
	reduce     func(callable global, args tuple) (any, error)
	persistent func(id tuple) (any, error)
}

// fail says what is wrong at the present opcode.
func (m *pickleMachine) fail(text string, args ...any) error {
	return fmt.Errorf("%w: at byte %d of the pickle: %s", ErrMalformed, m.base, fmt.Sprintf(text, args...))
}

// run interprets one pickle and returns the object that it makes.
func (m *pickleMachine) run() (any, error) {
	m.stack, m.marks, m.memo = m.stack[:0], m.marks[:0], m.memo[:0]
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
		return m.fail("it has more than %d operations, too many for a state dict", maxPickleOps)
	}
	return nil
}

func (m *pickleMachine) do(op byte) error {
	switch op {
	case opProto:
		b, err := m.bytes(1)
		if err == nil && b[0] != pickleProtocol {
			err = m.fail("it has the protocol %d, expected %d, which torch.save writes", b[0], pickleProtocol)
		}
		return err
	case opMark:
		m.marks = append(m.marks, len(m.stack))
		return nil
	case opNone:
		return m.push(nil)
	case opTrue:
		return m.push(true)
	case opFalse:
		return m.push(false)
	case opBinInt, opBinInt1, opBinInt2, opLong1, opBinFloat:
		v, err := m.number(op)
		if err != nil {
			return err
		}
		return m.push(v)
	case opBinUnicode, opShortBinString:
		text, err := m.text(op)
		if err != nil {
			return err
		}
		return m.push(text)
	case opBinPut, opLongBinPut, opBinGet, opLongBinGet:
		return m.memoize(op)
	case opGlobal:
		return m.global()
	case opEmptyTuple:
		return m.push(tuple{})
	case opEmptyList:
		return m.push(&list{})
	case opEmptyDict:
		return m.push(&dict{})
	case opTuple1, opTuple2, opTuple3:
		items, err := m.pop(int(op-opTuple1) + 1)
		if err != nil {
			return err
		}
		return m.push(append(tuple(nil), items...))
	case opTuple:
		items, err := m.popMark()
		if err != nil {
			return err
		}
		return m.push(append(tuple(nil), items...))
	case opAppend, opAppends:
		items, err := m.popItems(op == opAppends, 1)
		if err != nil {
			return err
		}
		return m.extend(items)
	case opSetItem, opSetItems:
		items, err := m.popItems(op == opSetItems, 2)
		if err != nil {
			return err
		}
		return m.set(items)
	case opReduce:
		return m.call()
	case opBuild:
		return m.build()
	case opBinPersID:
		return m.load()
	}
	if name, known := refusedOps[op]; known {
		return m.fail("it uses the opcode %s, which no state dict needs; save model.state_dict() alone with torch.save", name)
	}
	return m.fail("found the byte %#02x, expected an opcode", op)
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

// number reads the argument of an opcode for a number.
func (m *pickleMachine) number(op byte) (any, error) {
	length := 1
	switch op {
	case opBinInt2:
		length = 2
	case opBinInt:
		length = 4
	case opBinFloat:
		length = 8
	}
	b, err := m.bytes(length)
	if err != nil {
		return nil, err
	}
	switch op {
	case opBinInt:
		return int64(int32(binary.LittleEndian.Uint32(b))), nil
	case opBinInt1:
		return int64(b[0]), nil
	case opBinInt2:
		return int64(binary.LittleEndian.Uint16(b)), nil
	case opBinFloat:
		return ignored{}, nil
	}
	// LONG1: that many bytes, the least first, in two's complement.
	size := int(b[0])
	if size > 8 {
		return nil, m.fail("found an integer of %d bytes, expected at most 8", size)
	}
	if b, err = m.bytes(size); err != nil {
		return nil, err
	}
	v := int64(0)
	if size > 0 && b[size-1]&0x80 != 0 {
		v = -1
	}
	for i := size - 1; i >= 0; i-- {
		v = v<<8 | int64(b[i])
	}
	return v, nil
}

// text reads the argument of an opcode for a text.
func (m *pickleMachine) text(op byte) (string, error) {
	prefix := 1
	if op == opBinUnicode {
		prefix = 4
	}
	b, err := m.bytes(prefix)
	if err != nil {
		return "", err
	}
	length := uint32(b[0])
	if op == opBinUnicode {
		length = binary.LittleEndian.Uint32(b)
	}
	if length > maxPickleText {
		return "", m.fail("found a text of %d bytes, expected at most %d", length, maxPickleText)
	}
	if b, err = m.bytes(int(length)); err != nil {
		return "", err
	}
	return string(b), nil
}

// memoize puts the top of the stack into the memo, or gets it from there.
func (m *pickleMachine) memoize(op byte) error {
	length := 1
	if op == opLongBinPut || op == opLongBinGet {
		length = 4
	}
	b, err := m.bytes(length)
	if err != nil {
		return err
	}
	index := uint32(b[0])
	if length == 4 {
		index = binary.LittleEndian.Uint32(b)
	}
	if op == opBinGet || op == opLongBinGet {
		if uint64(index) >= uint64(len(m.memo)) {
			return m.fail("it gets object %d, but has put %d", index, len(m.memo))
		}
		return m.push(m.memo[index])
	}
	top, err := m.pop(1)
	if err != nil {
		return err
	}
	m.stack = m.stack[:len(m.stack)+1]
	switch {
	case uint64(index) == uint64(len(m.memo)):
		m.memo = append(m.memo, top[0])
	case uint64(index) < uint64(len(m.memo)):
		m.memo[index] = top[0]
	default:
		return m.fail("it puts object %d after %d others", index, len(m.memo))
	}
	return nil
}

// global reads the names of a module and of what is in it.
func (m *pickleMachine) global() error {
	var name []byte
	for range 2 {
		if name != nil {
			name = append(name, '.')
		}
		for {
			b, err := m.bytes(1)
			if err != nil {
				return err
			}
			if b[0] == '\n' {
				break
			}
			if name = append(name, b[0]); len(name) > maxGlobal {
				return m.fail("found the name of a global of more than %d bytes", maxGlobal)
			}
		}
	}
	if !m.globals(string(name)) {
		return m.fail("it asks for %s, which no state dict needs; save model.state_dict() alone with torch.save", quote(name))
	}
	return m.push(global(name))
}

// call replaces a callable and its arguments by the result.
func (m *pickleMachine) call() error {
	items, err := m.pop(2)
	if err != nil {
		return err
	}
	callable, isGlobal := items[0].(global)
	args, isTuple := items[1].(tuple)
	if !isGlobal || !isTuple {
		return m.fail("it calls what is not a function")
	}
	// A function copies the lists that it is given, each time that it is called.
	for _, a := range args {
		if l, ok := a.(*list); ok {
			if err := m.spend(len(l.items)); err != nil {
				return err
			}
		}
	}
	result, err := m.reduce(callable, args)
	if err != nil {
		return m.fail("%s", err)
	}
	return m.push(result)
}

// build drops the attributes of a dictionary: state dicts keep the versions of
// their modules there.
func (m *pickleMachine) build() error {
	items, err := m.pop(2)
	if err != nil {
		return err
	}
	if _, ok := items[0].(*dict); !ok {
		return m.fail("it sets attributes of what is not a dictionary")
	}
	return m.push(items[0])
}

// load replaces an identifier by what it stands for.
func (m *pickleMachine) load() error {
	items, err := m.pop(1)
	if err != nil {
		return err
	}
	id, ok := items[0].(tuple)
	if !ok {
		return m.fail("found a persistent identifier that is not a tuple")
	}
	v, err := m.persistent(id)
	if err != nil {
		return m.fail("%s", err)
	}
	return m.push(v)
}

func (m *pickleMachine) push(v any) error {
	m.stack = append(m.stack, v)
	return nil
}

// pop takes n objects off the stack, which are valid until the next push.
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

// popMark takes off what is above the last mark.
func (m *pickleMachine) popMark() ([]any, error) {
	if len(m.marks) == 0 {
		return nil, m.fail("the stack has no mark")
	}
	items, err := m.pop(len(m.stack) - m.marks[len(m.marks)-1])
	m.marks = m.marks[:len(m.marks)-1]
	return items, err
}

// popItems takes off n items, or all above the last mark, a multiple of n.
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
func (m *pickleMachine) extend(items []any) error {
	l, ok := m.top().(*list)
	if !ok {
		return m.fail("it appends to what is not a list")
	}
	l.items = append(l.items, items...)
	return nil
}

// set adds keys and values to the dictionary on top of the stack.
func (m *pickleMachine) set(items []any) error {
	d, ok := m.top().(*dict)
	if !ok {
		return m.fail("it sets items of what is not a dictionary")
	}
	for i := 0; i < len(items); i += 2 {
		d.keys = append(d.keys, items[i])
		d.values = append(d.values, items[i+1])
	}
	return nil
}

func (m *pickleMachine) top() any {
	if len(m.stack) == 0 {
		return nil
	}
	return m.stack[len(m.stack)-1]
}

// naturals returns a tuple of integers, none below 0.
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
