package weights

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A matWriter writes the parts of MAT-files in one byte order.
type matWriter struct{ binary.AppendByteOrder }

var (
	matLittle = matWriter{binary.LittleEndian}
	matBig    = matWriter{binary.BigEndian}
)

func (w matWriter) words(v ...uint32) []byte {
	var b []byte
	for _, x := range v {
		b = w.AppendUint32(b, x)
	}
	return b
}

func (w matWriter) singles(v ...float32) []byte {
	var b []byte
	for _, x := range v {
		b = w.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

func pad(b []byte) []byte { return append(b, make([]byte, -len(b)&7)...) }

func (w matWriter) element(kind uint32, data ...[]byte) []byte {
	all := bytes.Join(data, nil)
	return pad(append(w.words(kind, uint32(len(all))), all...))
}

// short returns an element of at most 4 bytes in the short form.
func (w matWriter) short(kind uint32, data []byte) []byte {
	return pad(append(w.words(uint32(len(data))<<16|kind), data...))
}

// array begins with the common parts of all arrays. Contents are elements.
func (w matWriter) array(class uint32, name string, dims []uint32, contents ...[]byte) []byte {
	n := w.element(miInt8, []byte(name))
	if 0 < len(name) && len(name) <= 4 {
		n = w.short(miInt8, []byte(name)) // as MATLAB does
	}
	return w.element(miMatrix, append([][]byte{
		w.element(miUint32, w.words(class, 0)),
		w.element(miInt32, w.words(dims...)),
		n,
	}, contents...)...)
}

func (w matWriter) char(text string) []byte {
	var utf16 []byte
	for _, c := range text {
		utf16 = w.AppendUint16(utf16, uint16(c))
	}
	return w.array(mxChar, "", []uint32{1, uint32(len(text))}, w.element(miUint16, utf16))
}

func (w matWriter) single(values []float32, dims ...uint32) []byte {
	return w.array(7, "", dims, w.element(miSingle, w.singles(values...)))
}

func (w matWriter) cell(items ...[]byte) []byte { return w.namedCell("", items...) }

func (w matWriter) namedCell(name string, items ...[]byte) []byte {
	return w.array(mxCell, name, []uint32{1, uint32(len(items))}, items...)
}

// A matField is a field of a structure, with its array.
type matField struct {
	name  string
	value []byte
}

func (w matWriter) structure(name string, fields ...matField) []byte {
	const length = 16
	var names []byte
	var values [][]byte
	for _, f := range fields {
		names = append(names, append([]byte(f.name), make([]byte, length-len(f.name))...)...)
		values = append(values, f.value)
	}
	return w.array(mxStruct, name, []uint32{1, 1}, append([][]byte{
		w.short(miInt32, w.words(length)),
		w.element(miInt8, names),
	}, values...)...)
}

func (w matWriter) file(variables ...[]byte) []byte {
	header := make([]byte, matHeader)
	copy(header, "MATLAB 5.0 MAT-file, by a test")
	w.PutUint16(header[matVersion:], matLevel5)
	copy(header[matOrder:], "IM")
	if w == matBig {
		copy(header[matOrder:], "MI")
	}
	return slices.Concat(header, bytes.Join(variables, nil))
}

// PutUint16 is missing in binary.AppendByteOrder.
func (w matWriter) PutUint16(b []byte, v uint16) { copy(b, w.AppendUint16(nil, v)) }

// compressed compresses an element.
func (w matWriter) compressed(element []byte) []byte {
	packed := deflated(element)
	return append(w.words(miCompressed, uint32(len(packed))), packed...)
}

// deflater is shared: creating one costs more than most compressions here.
var deflater, _ = zlib.NewWriterLevel(nil, zlib.BestSpeed)

func deflated(data []byte) []byte {
	var b bytes.Buffer
	deflater.Reset(&b)
	deflater.Write(data)
	deflater.Close()
	return b.Bytes()
}

// The smallest VGG: conv1_1 with one output, and without the dimension for it.
func (w matWriter) conv(name string) []byte {
	return w.structure("",
		matField{"type", w.char("conv")},
		matField{"weights", w.cell(w.single(make([]float32, 27), 3, 3, 3), w.single([]float32{0.5}, 1, 1))},
		matField{"name", w.char(name)})
}

func (w matWriter) layer(kind string, more ...matField) []byte {
	return w.structure("", append([]matField{{"type", w.char(kind)}}, more...)...)
}

func (w matWriter) layers(layers ...[]byte) []byte { return w.namedCell("layers", layers...) }

func (w matWriter) normalization(image []byte) []byte {
	return w.structure("normalization", matField{"averageImage", image})
}

func (w matWriter) mean() []byte {
	// As MATLAB stores integers.
	return w.normalization(w.array(mxDouble, "", []uint32{1, 1, 3}, w.short(miUint8, []byte{124, 117, 104})))
}

func TestMATOrders(t *testing.T) {
	for name, w := range map[string]matWriter{"little-endian": matLittle, "big-endian": matBig} {
		t.Run(name, func(t *testing.T) {
			values := make([]float32, 2*27)
			for i := range values {
				values[i] = float32(i) + 0.25
			}
			layer := w.structure("",
				matField{"name", w.char("conv1_1")},
				matField{"type", w.char("conv")},
				matField{"filters", w.single(values, 3, 3, 3, 2)},
				matField{"biases", w.array(mxDouble, "", []uint32{1, 2}, w.element(miInt16, w.AppendUint16(w.AppendUint16(nil, 0xffff), 300)))})
			for _, file := range [][]byte{
				w.file(w.layers(layer), w.mean()),
				w.file(w.compressed(w.mean()), w.compressed(w.layers(layer))),
			} {
				n, err := readMATFile(t, file)
				if err != nil {
					t.Fatal(err)
				}
				c := n.Convs[0]
				if c.Bias[0] != -1 || c.Bias[1] != 300 {
					t.Errorf("biases %v, want -1 and 300", c.Bias)
				}
				for o := range 2 {
					for i := range 3 {
						for y := range 3 {
							for x := range 3 {
								got, want := c.Weight[((o*3+i)*3+y)*3+x], values[((o*3+i)*3+x)*3+y]
								if got != want {
									t.Fatalf("weight of output %d, input %d at row %d, column %d is %v, want %v", o, i, y, x, got, want)
								}
							}
						}
					}
				}
				if want := [3]float32{124, 117, 104}; n.Input.Mean != want {
					t.Errorf("mean %v, want %v", n.Input.Mean, want)
				}
			}
		})
	}
}

// TestMATAverageImage checks that the average image is averaged over each channel.
func TestMATAverageImage(t *testing.T) {
	w := matLittle
	image := w.single([]float32{1, 2, 3, 6, 10, 20, 30, 60, 100, 200, 300, 600}, 2, 2, 3)
	n, err := readMATFile(t, w.file(w.layers(w.conv("conv1_1")), w.normalization(image)))
	if err != nil {
		t.Fatal(err)
	}
	if want := [3]float32{3, 30, 300}; n.Input.Mean != want {
		t.Errorf("mean %v, want %v", n.Input.Mean, want)
	}
}

// TestMATClassifier checks that data after the convolutions is not read, but that a
// file without it is truncated.
func TestMATClassifier(t *testing.T) {
	w := matLittle
	fc := w.structure("",
		matField{"weights", w.cell(w.single(make([]float32, 7*7*2), 7, 7, 1, 2), w.single(make([]float32, 2), 1, 2))},
		matField{"type", w.char("conv")})
	file := w.file(w.mean(), w.layers(w.conv("conv1_1"), fc, []byte("not an array")))
	if _, err := readMATFile(t, file); err != nil {
		t.Error(err)
	}
	if _, err := readMATFile(t, file[:len(file)-1]); !errors.Is(err, ErrMalformed) {
		t.Errorf("cut short: got %v", err)
	}
	if _, err := readMATFile(t, w.file(w.mean(), w.layers(fc))); !errors.Is(err, ErrNotVGG) || !strings.Contains(err.Error(), "the first convolution, in layer 1, is not 3x3") {
		t.Errorf("only a classifier: got %v", err)
	}
}

// readMATFile reads a file and limits its allocations.
func readMATFile(t testing.TB, file []byte) (*Network, error) {
	t.Helper()
	// Of the reader and the decoder, and of decompressing a constant image.
	const buffers = 512<<10 + 2*constantBytes
	most := 2 * len(file)
	if bytes.Contains(file, matLittle.words(miCompressed)) || bytes.Contains(file, matBig.words(miCompressed)) {
		most *= maxInflation
	}
	return readBounded(t, file, most+buffers)
}

func TestHostileMAT(t *testing.T) {
	w := matLittle
	conv, mean := w.conv("conv1_1"), w.mean()
	sound := w.layers(conv)
	// changed returns the layers with one occurrence of a text replaced.
	changed := func(old, replacement []byte) []byte {
		if bytes.Count(sound, old) == 0 {
			t.Fatalf("% x is not in the file", old)
		}
		return w.file(mean, bytes.Replace(sound, old, replacement, 1))
	}
	with := func(at int, text string) []byte {
		file := w.file(mean, sound)
		copy(file[at:], text)
		return file
	}
	packed := w.compressed(sound)
	bomb := w.namedCell("layers", w.layer("conv", matField{"filters", w.single(make([]float32, 9*512*512), 3, 3, 512, 512)}))
	endless := func(depth int) []byte {
		a := w.cell()
		for range depth {
			a = w.cell(a)
		}
		return a
	}

	for _, c := range []struct {
		name string
		file []byte
		kind error // nil: the file is valid
		want string
	}{
		{"fine", w.file(mean, sound), nil, ""},
		{"fine: compressed", w.file(w.compressed(mean), packed), nil, ""},
		{"fine: other variables", w.file(w.array(mxDouble, "x", []uint32{0, 0}, w.element(miDouble)), mean, sound, w.array(mxDouble, "", []uint32{1, 1}, w.element(miUint8, []byte{1}))), nil, ""},
		{"fine: deep nesting that nobody looks into", w.file(mean, sound, endless(10_000)), nil, ""},

		{"no variables", w.file(), ErrNotVGG, "expected the layers"},
		{"no variables", w.file(), ErrNotVGG, "the MAT-file has no variables, expected the layers"},
		{"cut short", w.file(w.layers(w.conv("conv1_1")))[:500], ErrMalformed, "room for 364: the file is cut short"},
		{"other variables", w.file(w.namedCell("stats"), w.namedCell("info")), ErrNotVGG, `the variables "stats", "info", expected the layers`},
		{"only a header's beginning", []byte("MATLAB 5.0 MAT-file"), ErrMalformed, "19 bytes, too few"},
		{"unknown order", with(matOrder, "XY"), ErrMalformed, `"XY", expected IM or MI`},
		{"level 7.3", with(matVersion, "\x00\x02IM"), ErrNotNetwork, "version 0x0200, expected 0x0100, which MATLAB writes with save -v7"},
		{"cut in a tag", w.file(mean, sound)[:matHeader+len(mean)+5], ErrMalformed, "found 5 bytes, expected the 8 of a tag"},
		{"cut in a variable", w.file(mean, sound[:len(sound)-8]), ErrMalformed, "where there is room for"},
		{"cut in a compressed variable", w.file(mean, packed[:len(packed)-1]), ErrMalformed, "where there is room for"},
		{"a text among the variables", w.file(w.element(miInt8, []byte("layers"))), ErrMalformed, "a variable of type 1, expected 14"},
		{"compressed twice", w.file(w.compressed(packed)), ErrMalformed, "a variable of type 15, expected 14"},
		{"not compressed", w.file(append(w.words(miCompressed, 8), "deflated"...)), ErrMalformed, "zlib: invalid header"},
		{"nothing compressed", w.file(w.words(miCompressed, 0)), ErrMalformed, "end while they are being read"},
		{"corrupt compression", w.file(mean, func() []byte {
			p := bytes.Clone(packed)
			copy(p[8+2:], "\xff\xff\xff\xff")
			return p
		}()), ErrMalformed, "corrupt input"},
		{"compressed bytes end early", w.file(mean, w.compressed(sound[:len(sound)-100])), ErrMalformed, "end while they are being read"},
		{"compressed bytes end at once", w.file(mean, w.compressed(nil)), ErrMalformed, "end while they are being read"},
		{"bomb", w.file(mean, w.compressed(bomb)), ErrMalformed, "unpacks to more than 16 times its size"},
		{"bomb in a variable that claims more", w.file(mean, w.compressed(append(w.words(miMatrix, math.MaxUint32), bomb[8:]...))), ErrMalformed, "unpacks to more than 16 times its size"},

		{"layers twice", w.file(mean, sound, sound), ErrMalformed, "a second variable layers"},
		{"layers a number", w.file(mean, w.array(mxDouble, "layers", []uint32{1, 1}, w.element(miDouble, make([]byte, 8)))), ErrNotVGG, ""},
		{"no layers at all", w.file(mean, w.layers()), ErrNotVGG, ""},
		{"layers of numbers", w.file(mean, w.layers(w.single([]float32{1}, 1, 1))), ErrNotVGG, `layer 1 is of the type "", expected conv, relu or pool`},
		{"batch norm", w.file(mean, w.layers(conv, w.layer("bnorm"))), ErrNotVGG, `layer 2 is of the type "bnorm"`},
		{"a graph", w.file(mean, w.layers(w.layer("dagnn.Conv"))), ErrNotVGG, `layer 1 is of the type "dagnn.Conv"`},
		{"endless type", w.file(mean, w.layers(w.layer(strings.Repeat("x", 1000)))), ErrNotVGG, `layer 1 is of the type "xxxx`},
		{"convolution of no name", w.file(mean, w.layers(w.conv("first"))), ErrNotVGG, `layer 1 is called "first", expected a name such as conv1_1`},
		{"convolution twice", w.file(mean, w.layers(conv, conv)), ErrMalformed, `"conv1_1.weight" is there twice`},
		{"convolution outside the family", w.file(mean, w.layers(conv, w.conv("conv6_1"))), ErrNotVGG, "conv6_1"},
		{"no weights", w.file(mean, w.layers(w.layer("conv", matField{"name", w.char("conv1_1")}))), ErrNotVGG, "conv1_1"},
		{"no biases", w.file(mean, w.layers(w.layer("conv", matField{"name", w.char("conv1_1")}, matField{"filters", w.single(make([]float32, 27), 3, 3, 3)}))), ErrNotVGG, "conv1_1 has no bias"},
		{"empty weights", w.file(mean, w.layers(w.layer("conv", matField{"name", w.char("conv1_1")}, matField{"weights", w.cell(w.element(miMatrix), w.element(miMatrix))}))), ErrNotVGG, "conv1_1"},
		{"two poolings", w.file(mean, w.layers(conv, w.layer("pool", matField{"method", w.char("max")}), w.layer("pool", matField{"method", w.char("avg")}))), ErrNotVGG, `layer 3 has "avg" pooling, those before it "max"`},
		{"unknown pooling", w.file(mean, w.layers(conv, w.layer("pool", matField{"method", w.char("median")}))), ErrMalformed, `"median"`},
		{"too many layers", w.file(mean, w.array(mxCell, "layers", []uint32{1, 1 << 30})), ErrMalformed, "items, expected at most 1024"},
		{"sizes that overflow", w.file(mean, w.array(mxCell, "layers", []uint32{1 << 30, 1 << 30, 1 << 30})), ErrMalformed, "items, expected at most 1024"},
		{"layers that are not there", w.file(mean, w.array(mxCell, "layers", []uint32{1, 1000})), ErrMalformed, "found 0 bytes, expected the 8 of a tag"},
		{"negative size", w.file(mean, w.array(mxCell, "layers", []uint32{1, 1 << 31})), ErrMalformed, "the dimension -2147483648"},
		{"no dimensions", w.file(w.array(mxCell, "layers", nil)), ErrMalformed, "with 0 bytes, expected type 5 with 8 to 256"},
		{"a hundred dimensions", w.file(w.array(mxCell, "layers", make([]uint32, 100))), ErrMalformed, "with 400 bytes, expected type 5 with 8 to 256"},
		{"endless name", w.file(w.array(mxCell, strings.Repeat("x", 1000), []uint32{1, 1})), ErrMalformed, "with 1000 bytes, expected type 1 with 0 to 64"},
		{"names of no length", changed(w.short(miInt32, w.words(16)), w.short(miInt32, w.words(0))), ErrMalformed, "names of 0 bytes for the fields"},
		{"names of endless length", changed(w.short(miInt32, w.words(16)), w.short(miInt32, w.words(1<<31))), ErrMalformed, "names of 2147483648 bytes for the fields"},
		{"short element of too many bytes", changed(w.short(miInt32, w.words(16)), w.words(5<<16|miInt32, 16)), ErrMalformed, "an element of 5 bytes"},
		{"a number in the place of an array", changed(w.char("conv"), w.element(miDouble, make([]byte, len(w.char("conv"))-8))), ErrMalformed, "an item of type 9, expected 14"},
		{"filters of no numbers", changed(w.words(7, 0), w.words(mxChar, 0)), ErrMalformed, "an array of class 4"},
		{"sparse filters", changed(w.words(7, 0), w.words(5, 0)), ErrMalformed, "an array of class 5"},
		{"complex filters", changed(w.words(7, 0), w.words(7|matComplex, 0)), ErrMalformed, "expected real numbers"},
		{"unknown numbers", changed(w.words(miSingle, 108), w.words(8, 108)), ErrMalformed, "elements of type 8"},
		{"too few numbers", changed(w.words(miSingle, 108), w.words(miDouble, 108)), ErrMalformed, "108 bytes, which is not what [3 3 3 1] numbers of 64 bits take"},
		{"numbers that are not there", changed(w.words(miSingle, 108), w.words(miSingle, 1<<31)), ErrMalformed, "an element of 2147483648 bytes"},
		{"NaN", w.file(mean, w.layers(w.layer("conv", matField{"name", w.char("conv1_1")}, matField{"biases", w.single([]float32{float32(math.NaN())}, 1, 1)}, matField{"filters", w.single(make([]float32, 27), 3, 3, 3)}))), ErrMalformed, "value 0 of the bias of conv1_1 is NaN"},

		{"no average image", w.file(sound), ErrNoInput, "mean"},
		{"empty average image", w.file(sound, w.normalization(w.element(miMatrix))), ErrNoInput, "mean"},
		{"average image of no pixels", w.file(sound, w.normalization(w.single(nil, 0, 0))), ErrNoInput, "mean"},
		{"grey average image", w.file(sound, w.normalization(w.single([]float32{1}, 1, 1))), ErrMalformed, "an average image of the size [1 1], expected H x W x 3"},
		{"average image of characters", w.file(sound, w.normalization(w.char("rgb"))), ErrMalformed, "an array of class 4"},
		{"average image not finite", w.file(sound, w.normalization(w.single([]float32{1, float32(math.Inf(1)), 1}, 1, 1, 3))), ErrMalformed, "an average image whose mean is [1 +Inf 1]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readMATFile(t, c.file)
			if !errors.Is(err, c.kind) {
				t.Fatalf("got %v, want %v", err, c.kind)
			}
			if err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to say %s", err, c.want)
			}
		})
	}
}

// TestLargeMAT checks that a file costs at most twice its size.
func TestLargeMAT(t *testing.T) {
	w := matLittle
	repeat := func(a []byte, n int) [][]byte {
		list := make([][]byte, n)
		for i := range list {
			list[i] = a
		}
		return list
	}
	many := func(name string, value []byte) []matField {
		fields := make([]matField, maxMatItems)
		for i := range fields {
			fields[i] = matField{name, value}
		}
		return fields
	}
	for name, file := range map[string][]byte{
		"variables":            w.file(repeat(w.cell(), 100_000)...),
		"compressed variables": w.file(repeat(w.compressed(w.cell()), 50_000)...),
		"layers":               w.file(w.layers(repeat(w.structure(""), maxMatItems)...)),
		"fields":               w.file(w.layers(repeat(w.structure("", many("x", w.element(miMatrix))...), 100)...)),
		"types":                w.file(w.layers(w.structure("", many("type", w.char("relu"))...))),
		"weights":              w.file(w.layers(repeat(w.structure("", many("weights", w.cell())...), 100)...)),
		"filters":              w.file(w.layers(repeat(w.structure("", many("filters", w.single(nil, 3, 3, 0))...), 100)...)),
		"biases":               w.file(w.layers(repeat(w.structure("", many("biases", w.single([]float32{1}, 1, 1))...), 100)...)),
		"normalizations":       w.file(repeat(w.normalization(w.element(miMatrix)), 50_000)...),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := readMATFile(t, file); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestMATReadErrors(t *testing.T) {
	w := matLittle
	for name, file := range map[string][]byte{
		"plain":      w.file(w.mean(), w.layers(w.conv("conv1_1"))),
		"compressed": w.file(w.compressed(w.mean()), w.compressed(w.layers(w.conv("conv1_1")))),
	} {
		t.Run(name, func(t *testing.T) { checkReadErrors(t, file) })
	}
}

// matSeeds are valid files, also with their compressed variables decompressed.
func matSeeds(t testing.TB) [][]byte {
	names, err := filepath.Glob("testdata/formats/*.mat")
	if err != nil || len(names) == 0 {
		t.Fatalf("no files: %v", err)
	}
	seeds := [][]byte{
		matBig.file(matBig.mean(), matBig.layers(matBig.conv("conv1_1"))),
		matLittle.file(matLittle.compressed(matLittle.mean()), matLittle.compressed(matLittle.layers(matLittle.conv("conv1_1")))),
	}
	for _, name := range names {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		seeds = append(seeds, file)
	}
	return seeds
}

func TestMATMutations(t *testing.T) {
	files := 4000
	if testing.Short() {
		files = 400
	}
	seeds := matSeeds(t)
	r := rand.New(rand.NewPCG(3, 4))
	accepted := 0
	for range files {
		file := mutate(r, seeds[r.IntN(len(seeds))])
		if r.IntN(2) == 0 {
			file = repacked(r, seeds[r.IntN(len(seeds))])
		}
		if _, err := readMATFile(t, file); err == nil {
			accepted++
		}
		if t.Failed() {
			t.Fatalf("file %q", file)
		}
	}
	checkTwoSided(t, accepted, files)
}

// repacked mutates the decompressed bytes of a file's compressed variables.
func repacked(r *rand.Rand, file []byte) []byte {
	if len(file) < matHeader+8 || binary.LittleEndian.Uint32(file[matHeader:]) != miCompressed {
		return mutate(r, file)
	}
	changed := bytes.Clone(file[:matHeader])
	for rest := file[matHeader:]; len(rest) >= 8; {
		size := binary.LittleEndian.Uint32(rest[4:])
		z, err := zlib.NewReader(bytes.NewReader(rest[8:][:size]))
		if err != nil {
			return file
		}
		element, err := io.ReadAll(z)
		if err != nil {
			return file
		}
		changed = append(changed, matLittle.compressed(mutate(r, element))...)
		rest = rest[8+size:]
	}
	return changed
}

func FuzzReadMAT(f *testing.F) {
	for _, seed := range matSeeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if len(file) >= matHeader { // so that no other reader is tried
			copy(file, "MATLAB ")
		}
		n, err := readBytes(file)
		checkForeign(t, n, err)
	})
}
