package weights

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// The functions with known results. NumPy has moved its own from numpy.core to
// numpy._core.
const (
	orderedDict       = "collections.OrderedDict"
	rebuildTensor     = "torch._utils._rebuild_tensor"
	rebuildTensorV2   = "torch._utils._rebuild_tensor_v2"
	rebuildParameter  = "torch._utils._rebuild_parameter"
	rebuildWithState  = "torch._utils._rebuild_parameter_with_state"
	rebuildFromType   = "torch._tensor._rebuild_from_type_v2"
	numpyDType        = "numpy.dtype"
	numpyReconstruct  = "numpy.core.multiarray._reconstruct"
	numpyFromBuffer   = "numpy.core.numeric._frombuffer"
	numpyPrivate      = "numpy._core."
	numpyPublic       = "numpy.core."
	numpyLittleEndian = "<"
	numpyNativeEndian = "=" // of the machine that wrote the file, nearly always little-endian
	moduleChildren    = "_modules"
	moduleParameters  = "_parameters"
	moduleBuffers     = "_buffers"
	maxNesting        = 64  // how deeply a network may be nested in dictionaries and objects
	maxTensorName     = 512 // the largest length of a tensor name in bytes
)

// A torchTensor is a view of a storage.
type torchTensor struct {
	storage        *torchStorage
	offset         int64
	shape, strides tuple
}

// A numpyArray is an array of NumPy. Its data are a blob, or a short string of Python
// 2; an array of objects has a *list.
type numpyArray struct {
	shape   tuple
	typ     *numpyType
	fortran bool // the first dimension varies fastest
	data    any
}

// A numpyType is a number format of NumPy, such as f4 with the byte order <.
type numpyType struct{ kind, order string }

// build sets the state of the array: version, shape, type, order, data.
func (a *numpyArray) build(state any) {
	if s, ok := state.(tuple); ok && len(s) == 5 {
		a.shape, _ = s[1].(tuple)
		a.typ, _ = s[2].(*numpyType)
		a.fortran, _ = s[3].(bool)
		a.data = s[4]
	}
}

// build sets the byte order, which comes after a version.
func (t *numpyType) build(state any) {
	if s, ok := state.(tuple); ok && len(s) > 1 {
		t.order, _ = s[1].(string)
	}
}

// reduce returns the result of a function for its arguments.
func reduce(callable global, args tuple) any {
	name := string(callable)
	if rest, ok := strings.CutPrefix(name, numpyPrivate); ok {
		name = numpyPublic + rest
	}
	switch name {
	case orderedDict:
		if d := newOrderedDict(args); d != nil {
			return d
		}
	case rebuildTensor, rebuildTensorV2:
		// storage, offset, shape, strides; in v2 requires_grad, hooks and metadata follow
		if len(args) >= 4 {
			storage, isStorage := args[0].(*torchStorage)
			offset, isNumber := args[1].(int64)
			shape, isShape := args[2].(tuple)
			strides, isStrides := args[3].(tuple)
			if isStorage && isNumber && isShape && isStrides {
				return &torchTensor{storage, offset, shape, strides}
			}
		}
	case rebuildParameter, rebuildWithState:
		if len(args) > 0 {
			if t, ok := args[0].(*torchTensor); ok {
				return t
			}
		}
	case rebuildFromType: // a function, a class, the function's arguments, attributes
		if len(args) >= 3 {
			function, isGlobal := args[0].(global)
			inner, isTuple := args[2].(tuple)
			if isGlobal && isTuple {
				return reduce(function, inner)
			}
		}
	case numpyReconstruct:
		return &numpyArray{}
	case numpyFromBuffer: // the data, the type, the shape, the order
		if len(args) == 4 {
			a := &numpyArray{data: args[0], fortran: args[3] == "F"}
			a.typ, _ = args[1].(*numpyType)
			a.shape, _ = args[2].(tuple)
			return a
		}
	case numpyDType:
		if len(args) > 0 {
			kind, _ := args[0].(string)
			return &numpyType{kind: kind}
		}
	}
	return &object{class: callable}
}

// newOrderedDict creates an empty dictionary or, from pickles of Python 2, one of a
// list of pairs. It returns nil for other arguments.
func newOrderedDict(args tuple) *dict {
	d := &dict{}
	if len(args) == 0 {
		return d
	}
	pairs, ok := args[0].(*list)
	if !ok || len(args) > 1 {
		return nil
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
			return nil
		}
		d.add(pair)
	}
	return d
}

// A pickledFile is a file with a pickle that lists its tensors.
type pickledFile struct {
	listing
	r       io.ReaderAt
	visits  int
	visited map[any]bool // the dictionaries, lists and objects
}

func newPickledFile(r io.ReaderAt, given layerNames) pickledFile {
	f := pickledFile{r: r, visited: map[any]bool{}}
	f.layout.given = given
	return f
}

// machine returns an interpreter of the pickles from start to end.
func (f *pickledFile) machine(start, end int64) *pickleMachine {
	m := newPickleMachine(f.r, start, end)
	m.reduce = reduce
	m.persistent = func(any) (any, error) { return ignored{}, nil }
	return m
}

// list adds the tensors in v to the layout. The name of an item of a dictionary, an
// object or a list is the name of the container, a dot, and the key, attribute or index.
// The parameters of PyTorch modules thus get the same names as in their state dicts. The
// bytes after the name serve as a buffer.
func (f *pickledFile) list(v any, name []byte, depth int) error {
	if f.visits++; f.visits > maxPickleOps {
		return fmt.Errorf("%w: its objects refer to each other more than %d times", ErrMalformed, maxPickleOps)
	}
	if depth == maxNesting {
		return nil
	}
	switch v := v.(type) {
	case *torchTensor:
		return f.layout.add(name, func() (*tensor, error) { return f.torchTensor(v, name) })
	case *numpyArray:
		if objects, ok := v.data.(*list); ok {
			return f.list(objects, name, depth+1)
		}
		return f.layout.add(name, func() (*tensor, error) { return f.numpyArray(v, name) })
	case tuple:
		return f.listItems(v, name, depth)
	case *dict, *list, *object:
		if f.visited[v] {
			return nil
		}
		f.visited[v] = true
	}
	switch v := v.(type) {
	case *list:
		return f.listItems(v.items, name, depth)
	case *dict:
		return f.listDict(v, name, depth, false)
	case *object:
		if state, ok := v.state.(tuple); ok && len(state) == 2 {
			v.state = state[0] // the second are the attributes in slots
		}
		if state, ok := v.state.(*dict); ok {
			if err := f.listDict(state, name, depth, true); err != nil {
				return err
			}
		}
		return f.listDict(&v.items, name, depth, false)
	}
	return nil
}

// listDict is list for a dictionary. In the attributes of a module, the dictionaries of
// parameters, buffers and children add nothing to the name.
func (f *pickledFile) listDict(d *dict, name []byte, depth int, attributes bool) error {
	for i, k := range d.keys {
		key, ok := k.(string)
		if !ok || len(name)+len(key) >= maxTensorName {
			continue
		}
		inner := within(name, key)
		if attributes && (key == moduleChildren || key == moduleParameters || key == moduleBuffers) {
			inner = name
		}
		if err := f.list(d.values[i], inner, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// listItems is list for a list: a tensor of 4 dimensions and one of 1 are a
// convolution; other items are numbered.
func (f *pickledFile) listItems(items []any, name []byte, depth int) error {
	if len(items) == 2 && rank(items[0]) == 4 && rank(items[1]) == 1 {
		if err := f.list(items[0], within(name, "weight"), depth+1); err != nil {
			return err
		}
		return f.list(items[1], within(name, "bias"), depth+1)
	}
	if len(items) == 1 {
		return f.list(items[0], name, depth+1)
	}
	if len(name) >= maxTensorName {
		return nil
	}
	for i, item := range items {
		if err := f.list(item, within(name, strconv.Itoa(i)), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// within appends a dot and a key to a name.
func within(name []byte, key string) []byte {
	if len(name) > 0 {
		name = append(name, '.')
	}
	return append(name, key...)
}

// rank returns the number of dimensions of a tensor, or -1 where v is not a tensor.
func rank(v any) int {
	switch v := v.(type) {
	case *torchTensor:
		return len(v.shape)
	case *numpyArray:
		return len(v.shape)
	}
	return -1
}

// torchTensor returns a tensor of PyTorch as a tensor.
func (f *pickledFile) torchTensor(t *torchTensor, name []byte) (*tensor, error) {
	s := t.storage
	number := dtypes[storageTypes[s.typ]]
	if number.decode == nil {
		return nil, fmt.Errorf("%w: %s is stored as %s, expected floating-point numbers", ErrNotVGG, quote(name), s.typ)
	}
	if s.start == 0 {
		return nil, fmt.Errorf("%w: the numbers of %s are not in the file: it is cut short", ErrMalformed, quote(name))
	}
	shape, ok := t.shape.naturals()
	strides, ok2 := t.strides.naturals()
	if !ok || !ok2 || len(shape) != len(strides) {
		return nil, fmt.Errorf("%w: the shape of %s and its strides are not as many natural numbers", ErrMalformed, quote(name))
	}
	values, ok := span(shape, strides)
	if !ok || t.offset < 0 || t.offset > s.count || values > s.count-t.offset {
		return nil, fmt.Errorf("%w: tensor %s of the shape %v and the strides %v at %d does not fit into its storage of %d numbers",
			ErrMalformed, quote(name), shape, strides, t.offset, s.count)
	}
	size := int64(number.bits / 8)
	start := s.start + t.offset*size
	return &tensor{name: string(name), shape: shape, strides: strides, format: number, source: start, open: func() (io.Reader, error) {
		return io.NewSectionReader(f.r, start, values*size), nil
	}}, nil
}

// numpyArray returns an array of NumPy as a tensor.
func (f *pickledFile) numpyArray(a *numpyArray, name []byte) (*tensor, error) {
	if a.typ == nil {
		return nil, fmt.Errorf("%w: the array %s has no type", ErrNotVGG, quote(name))
	}
	format := a.typ.kind
	if !strings.HasPrefix(format, numpyLittleEndian) {
		order := a.typ.order
		if order == numpyNativeEndian {
			order = numpyLittleEndian
		}
		format = order + format
	}
	number, known := npyFormats[format]
	if !known {
		return nil, fmt.Errorf("%w: the array %s is stored as %s, expected <f2, <f4 or <f8", ErrNotVGG, quote(name), quote([]byte(format)))
	}
	t := &tensor{name: string(name), format: dtypes[number]}
	var ok bool
	if t.shape, ok = a.shape.naturals(); !ok {
		return nil, fmt.Errorf("%w: the shape of the array %s is not of natural numbers", ErrMalformed, quote(name))
	}
	if a.fortran {
		t.strides = columnMajor(t.shape)
	}
	var size int64
	switch data := a.data.(type) {
	case blob:
		size = data.size
		t.source = data.start
		t.open = func() (io.Reader, error) { return io.NewSectionReader(f.r, data.start, data.size), nil }
	case string:
		size = int64(len(data))
		t.open = func() (io.Reader, error) { return strings.NewReader(data), nil }
	default:
		return nil, fmt.Errorf("%w: the numbers of the array %s are not bytes: in Python 3, save it with a protocol above 2", ErrNotVGG, quote(name))
	}
	if length, ok := byteLength(t.shape, t.format.bits); !ok || length != uint64(size) {
		return nil, fmt.Errorf("%w: the array %s has %d bytes, which is not what %s of the shape %v takes",
			ErrMalformed, quote(name), size, format, t.shape)
	}
	return t, nil
}

// get returns the value of a key, or nil.
func (d *dict) get(key string) any {
	if i := slices.Index(d.keys, any(key)); i >= 0 {
		return d.values[i]
	}
	return nil
}
