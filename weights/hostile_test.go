package weights

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// pack returns a file with a header and a number of zero bytes.
func pack(header string, data int) []byte {
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	file = append(file, header...)
	return append(file, make([]byte, data)...)
}

func entry(name, dtype, shape string, begin, end int64) string {
	return fmt.Sprintf(`%q:{"dtype":%q,"shape":%s,"data_offsets":[%d,%d]}`, name, dtype, shape, begin, end)
}

const convention = `"channels":"rgb","range":"0..1","mean":"0,0,0","std":"1,1,1"`

// describe returns a header with entries and the input convention.
func describe(entries ...string) string {
	return `{"__metadata__":{` + convention + `},` + strings.Join(entries, ",") + `}`
}

// The smallest VGG: conv1_1 with one output, 112 bytes of float32.
var (
	weight1 = entry("conv1_1.weight", "F32", "[1,3,3,3]", 0, 108)
	bias1   = entry("conv1_1.bias", "F32", "[1]", 108, 112)
)

// said returns the smallest VGG with other metadata.
func said(metadata string) string {
	return `{"__metadata__":{` + metadata + `},` + weight1 + `,` + bias1 + `}`
}

func TestHostile(t *testing.T) {
	const smallest = 112
	nan := pack(describe(weight1, bias1), smallest)
	binary.LittleEndian.PutUint32(nan[len(nan)-8:], math.Float32bits(float32(math.NaN())))
	overflow := pack(describe(weight1, entry("conv1_1.bias", "F64", "[1]", 108, 116)), 116)
	binary.LittleEndian.PutUint64(overflow[len(overflow)-8:], math.Float64bits(1e300))
	claims := func(length uint64) []byte {
		file := pack(describe(weight1, bias1), smallest)
		binary.LittleEndian.PutUint64(file, length)
		return file
	}
	// second returns a header with conv1_1, which has one output, and more.
	second := func(entries ...string) string {
		return describe(append([]string{weight1, bias1}, entries...)...)
	}

	for _, c := range []struct {
		name string
		file []byte
		kind error // nil: the file is valid
		want string
	}{
		{"fine", pack(describe(weight1, bias1), smallest), nil, ""},
		{"fine: spaces after the header", pack(describe(weight1, bias1)+"   \n", smallest), nil, ""},
		{"spaces anywhere", pack(strings.NewReplacer(":", "\t: ", ",", " ,\r\n").Replace(`{"__metadata__":{},`+weight1+`,`+bias1+`}`), smallest), ErrNoInput, "give --channels, --range, --mean, --std"},
		{"fine: numbers of any size beside the network", pack(second(
			entry("a", "F4", "[3,2]", 112, 115), entry("b", "F6_E2M3", "[4]", 115, 118), entry("c", "C64", "[]", 118, 126),
			entry("d", "U8", "[0,9]", 126, 126), entry("e", "U8", "[0]", 112, 112)), 126), nil, ""},

		{"empty", nil, ErrNotNetwork, "0 bytes"},
		{"only a length", make([]byte, 8), ErrNotNetwork, "it begins with 00 00 00 00 00 00 00 00"},
		{"another format", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), ErrNotNetwork, "it is a picture (PNG), expected one of PyTorch"},
		{"bytes of no known format", []byte("\x01\x02\x03"), ErrNotNetwork, "it begins with 01 02 03, expected one of"},
		{"a web page", []byte("<!DOCTYPE html>\n<title>404 Not Found</title>"), ErrNotNetwork, "it is a web page in place of the file: download the file itself"},
		{"a web page after spaces", []byte("\xef\xbb\xbf\r\n  <HTML>"), ErrNotNetwork, "it is a web page in place of the file"},
		{"a message of a server", []byte("AccessDenied\r\n"), ErrNotNetwork, `it begins with the text "AccessDenied", expected one of`},
		{"a pointer to a large file", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:"), ErrNotNetwork, "it is a Git LFS pointer in place of the file: fetch the file itself with 'git lfs pull'"},
		{"Torch 7", []byte("\x04\x00\x00\x00\x01\x00\x00\x00\x03\x00\x00\x00V 1\x0d\x00\x00\x00nn.Sequential"), ErrNotNetwork, "it is a Torch 7 file (.t7): 'pastiche networks pull vgg19'"},
		{"Torch 7, a module without its version", []byte("\x04\x00\x00\x00\x01\x00\x00\x00\x0d\x00\x00\x00nn.Sequential"), ErrNotNetwork, "it is a Torch 7 file (.t7)"},
		{"Caffe, damaged", []byte("\x0a\x19VGG_ILSVRC_19_layers\x12\x05input\x00\x00\x00"), ErrNotNetwork, "it is a Caffe model (.caffemodel), and damaged: get another copy"},
		{"Caffe's description", []byte("name: \"VGG_ILSVRC_19_layers\"\ninput: \"data\"\n"), ErrNotNetwork, "which holds no weights: name the .caffemodel"},
		{"Torch 7, a table", []byte("\x03\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00"), ErrNotNetwork, "it is a Torch 7 file (.t7)"},
		{"a tar archive", append(append([]byte("sys_info"), make([]byte, 249)...), "ustar\x0000"...), ErrNotNetwork, "it is a tar archive, as PyTorch wrote before version 0.1.10: load it with"},
		{"gzip", []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00"), ErrNotNetwork, "it is a gzip archive: unpack it first"},
		{"a pickle of no arrays", []byte("\x80\x04N."), ErrNotNetwork, "a pickle without arrays of NumPy"},
		{"one array", npy(npyHead("<f4", "False", "1,"), 4), ErrNotNetwork, `a single array of NumPy (.npy), of "<f4"`},
		{"a text in Latin 1", []byte("\xe9t\xe9\n"), ErrNotNetwork, "it begins with e9 74 e9 0a"},
		{"a space before the header", pack(" "+describe(weight1, bias1), smallest), ErrNotNetwork, "expected one of"},

		{"header longer than is read", claims(maxHeader + 1), ErrMalformed, "the header has 1048577 bytes, expected at most 1048576"},
		{"header longer than 2^63", claims(math.MaxUint64), ErrMalformed, "at most 1048576"},
		{"header longer than the file", claims(maxHeader), ErrMalformed, "cut short"},
		{"header of no length", claims(0), ErrMalformed, "at byte 0 of the header: it ends"},
		{"header cut", claims(50), ErrMalformed, "at byte 49 of the header: it ends in the middle of its JSON"},
		{"header that goes on", pack(describe(weight1, bias1)+"x", smallest), ErrMalformed, "after its end: invalid character 'x'"},
		{"header not UTF-8", pack(said(convention+`,"name":"`+"\xff"+`"`), smallest), ErrMalformed, "not UTF-8"},
		{"two objects", pack(describe(weight1, bias1)+"{}", smallest), ErrMalformed, `found "{", expected nothing but spaces`},
		{"deep nesting", pack(strings.Repeat(`{"a":`, 100_000), 0), ErrMalformed, `the key "a"`},
		{"deep arrays", pack(`{"a":{"shape":`+strings.Repeat(`[`, 100_000), 0), ErrMalformed, `found "[", expected an integer`},
		{"fine: names that only begin like a convolution", pack(second(
			entry("conv1_1.weight.scale", "U8", "[0]", 0, 0), entry("conv1_x.weight", "U8", "[0]", 0, 0), entry("conv_1.bias", "U8", "[0]", 0, 0),
			entry("conv1.bias", "U8", "[0]", 0, 0), entry("conv1_2", "U8", "[0]", 0, 0), entry("", "U8", "[0]", 0, 0)), 112), nil, ""},
		{"no comma", pack(`{`+weight1+bias1+`}`, smallest), ErrMalformed, `invalid character '"' after object key:value pair`},
		{"comma at the end", pack(`{`+weight1+`,}`, smallest), ErrMalformed, `invalid character '}'`},
		{"no colon", pack(`{"a"{}}`, 0), ErrMalformed, "invalid character '{' after object key"},
		{"tensor not an object", pack(`{"a":[]}`, 0), ErrMalformed, `found "[", expected "{"`},
		{"string not closed", pack(`{"a`, 0), ErrMalformed, "it ends in the middle"},
		{"line feed in a string", pack("{\"a\n\":1}", 0), ErrMalformed, "in string literal"},
		{"unknown escape", pack(`{"\x":1}`, 0), ErrMalformed, "in string escape code"},
		{"short escape", pack(`{"\u12":1}`, 0), ErrMalformed, "hexadecimal character escape"},
		{"escape at the end", pack(`{"\`, 0), ErrMalformed, "it ends in the middle"},

		{"tensor twice", pack(describe(entry("a", "U8", "[1]", 0, 1), entry("b", "U8", "[1]", 1, 2), entry("a", "U8", "[1]", 2, 3)), 3), ErrMalformed, `tensor "a" is there twice`},
		{"tensor twice, once escaped", pack(describe(entry("a", "U8", "[1]", 0, 1), `"\u0061":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}`), 2), ErrMalformed, `tensor "a" is there twice`},
		{"convolution twice", pack(describe(weight1, weight1), 108), ErrMalformed, `"conv1_1.weight" is there twice`},
		{"metadata twice", pack(`{"__metadata__":{},"__metadata__":{}}`, 0), ErrMalformed, `"__metadata__" twice`},
		{"metadata not text", pack(`{"__metadata__":{"a":1}}`, 0), ErrMalformed, `found "1", expected a string`},
		{"dtype twice", pack(`{"a":{"dtype":"U8","dtype":"U8"}}`, 0), ErrMalformed, "has dtype twice"},
		{"shape twice", pack(`{"a":{"shape":[1],"shape":[1]}}`, 0), ErrMalformed, "has shape twice"},
		{"data_offsets twice", pack(`{"a":{"data_offsets":[1,2],"data_offsets":[1,2]}}`, 0), ErrMalformed, "has data_offsets twice"},
		{"no dtype", pack(`{"a":{"shape":[1],"data_offsets":[0,1]}}`, 1), ErrMalformed, "has no dtype"},
		{"no shape", pack(`{"a":{"dtype":"U8","data_offsets":[0,1]}}`, 1), ErrMalformed, "has no shape"},
		{"no data_offsets", pack(`{"a":{"dtype":"U8","shape":[1]}}`, 1), ErrMalformed, "has no data_offsets"},
		{"unknown key", pack(`{"a":{"stride":[1]}}`, 1), ErrMalformed, `the key "stride"`},
		{"unknown dtype", pack(describe(entry("a", "Q4_0", "[1]", 0, 1)), 1), ErrMalformed, `the dtype "Q4_0"`},
		{"dtype not text", pack(`{"a":{"dtype":5}}`, 0), ErrMalformed, `found "5", expected a string`},
		{"too many dimensions", pack(describe(entry("a", "U8", "["+strings.Repeat("1,", 64)+"1]", 0, 1)), 1), ErrMalformed, "at most 64 integers"},
		{"negative dimension", pack(describe(entry("a", "U8", "[-1]", 0, 1)), 1), ErrMalformed, `found "-1", expected an integer`},
		{"dimension of minus zero", pack(describe(entry("a", "U8", "[-0]", 0, 0)), 0), ErrMalformed, `found "-0", expected an integer`},
		{"dimension with a fraction", pack(describe(entry("a", "U8", "[1.0]", 0, 1)), 1), ErrMalformed, `found "1.0", expected an integer`},
		{"dimension with an exponent", pack(describe(entry("a", "U8", "[1e3]", 0, 1)), 1), ErrMalformed, `found "1e3", expected an integer`},
		{"dimension with a leading zero", pack(describe(entry("a", "U8", "[01]", 0, 1)), 1), ErrMalformed, "invalid character '1'"},
		{"dimension of 2^63", pack(describe(entry("a", "U8", "[9223372036854775808]", 0, 1)), 1), ErrMalformed, "expected an integer"},
		{"dimension of 100 digits", pack(describe(entry("a", "U8", "["+strings.Repeat("9", 100)+"]", 0, 1)), 1), ErrMalformed, "expected an integer"},
		{"shape that overflows to its bytes", pack(describe(entry("a", "U8", "[4294967296,4294967296]", 0, 0)), 0), ErrMalformed, "has 0 bytes"},
		{"dtype that overflows to its bytes", pack(describe(entry("a", "F64", "[2305843009213693952]", 0, 0)), 0), ErrMalformed, "has 0 bytes"},
		{"half a byte", pack(describe(entry("a", "F4", "[3]", 0, 1)), 1), ErrMalformed, "has 1 bytes, which is not what F4"},
		{"too few bytes", pack(describe(entry("a", "F32", "[2]", 0, 7)), 7), ErrMalformed, "has 7 bytes, which is not what F32 of the shape [2] takes"},
		{"too many bytes", pack(describe(entry("a", "F32", "[2]", 0, 9)), 9), ErrMalformed, "has 9 bytes"},
		{"one offset", pack(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}`, 1), ErrMalformed, "data_offsets [0]"},
		{"three offsets", pack(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}}`, 1), ErrMalformed, "at most 2 integers"},
		{"end before begin", pack(describe(entry("a", "U8", "[1]", 1, 0)), 1), ErrMalformed, "data_offsets [1 0]"},
		{"overlap", pack(describe(entry("a", "U8", "[4]", 0, 4), entry("b", "U8", "[4]", 3, 7)), 7), ErrMalformed, `"a" and "b" overlap`},
		{"same bytes twice", pack(describe(entry("a", "U8", "[4]", 0, 4), entry("b", "U8", "[4]", 0, 4)), 4), ErrMalformed, `overlap`},
		{"hole at the start", pack(describe(entry("a", "U8", "[4]", 1, 5)), 5), ErrMalformed, "bytes 0 to 1 of the data"},
		{"hole between", pack(describe(entry("a", "U8", "[4]", 0, 4), entry("b", "U8", "[4]", 6, 10)), 10), ErrMalformed, "bytes 4 to 6 of the data"},
		{"hole at the end", pack(describe(weight1, bias1), smallest+3), ErrMalformed, "bytes 112 to 115 of the data"},
		{"data cut short", pack(describe(weight1, bias1), smallest-3), ErrMalformed, `"conv1_1.bias" ends at byte 112 of the data, which has 109`},
		{"data that is not there", pack(describe(entry("a", "U8", "[1152921504606846976]", 0, 1<<60)), 0), ErrMalformed, "cut short"},
		{"NaN", nan, ErrMalformed, "value 26 of the weight of conv1_1 is NaN"},
		{"too large for float32", overflow, ErrMalformed, "value 0 of the bias of conv1_1 is +Inf"},

		{"tensors of another network", pack(`{`+entry("layer1.0.conv1.weight", "U8", "[1]", 0, 1)+`,`+entry("fc.bias", "U8", "[1]", 1, 2)+`}`, 2), ErrNotVGG,
			`found tensors such as "layer1.0.conv1.weight", "fc.bias", expected conv1_1.weight, features.0.weight,`},
		{"layers of a perceptron", pack(`{`+entry("0.weight", "F32", "[1,3]", 0, 12)+`}`, 12), ErrNotVGG, "found numbered layers, but none whose weight has 4 dimensions"},
		{"no tensors", pack(`{}`, 0), ErrNotVGG, "found no tensors, expected conv1_1.weight"},
		{"another network", pack(describe(entry("features.0.weight", "F32", "[1,3,3,3]", 0, 108)), 108), ErrNotVGG, "conv1_1, at position 0 of the sequence, has no bias"},
		{"integers", pack(describe(entry("conv1_1.weight", "I8", "[1,3,3,3]", 0, 27)), 27), ErrNotVGG, "conv1_1.weight is stored as I8, expected F16, BF16, F32 or F64"},
		{"no bias", pack(describe(weight1), 108), ErrNotVGG, "conv1_1 has no bias"},
		{"no weight", pack(describe(entry("conv1_1.bias", "F32", "[1]", 0, 4)), 4), ErrNotVGG, "conv1_1 has a bias or a batch norm but no weight"},
		{"matrix", pack(describe(entry("conv1_1.weight", "F32", "[1,27]", 0, 108), bias1), smallest), ErrNotVGG, "the shape [1 27], expected [out in 3 3]"},
		{"1x1 kernel", pack(describe(entry("conv1_1.weight", "F32", "[9,3,1,1]", 0, 108), bias1), smallest), ErrNotVGG, "the shape [9 3 1 1]"},
		{"1x3 kernel", pack(describe(entry("conv1_1.weight", "F32", "[3,3,1,3]", 0, 108), bias1), smallest), ErrNotVGG, "1 input channels, expected 3"},
		{"fine: kernel first", pack(describe(entry("conv1_1.weight", "F32", "[3,3,3,1]", 0, 108), bias1), smallest), nil, ""},
		{"grey input", pack(describe(entry("conv1_1.weight", "F32", "[3,1,3,3]", 0, 108), bias1), smallest), ErrNotVGG, "1 input channels, expected 3, the colours of a picture"},
		{"no outputs", pack(describe(entry("conv1_1.weight", "F32", "[0,3,3,3]", 0, 0), entry("conv1_1.bias", "F32", "[0]", 0, 0)), 0), ErrNotVGG, "0 output channels"},
		{"too wide", pack(describe(entry("conv1_1.weight", "F16", "[4097,3,3,3]", 0, 221238), entry("conv1_1.bias", "F16", "[4097]", 221238, 229432)), 229432), ErrNotVGG, "4097 output channels, expected 1 to 4096"},
		{"bias of another width", pack(describe(weight1, entry("conv1_1.bias", "F32", "[2]", 108, 116)), 116), ErrNotVGG, "the bias of conv1_1 has the shape [2], expected [1]"},
		{"bias a matrix", pack(describe(weight1, entry("conv1_1.bias", "F32", "[1,1]", 108, 112)), 112), ErrNotVGG, "the bias of conv1_1 has the shape [1 1], expected [1]"},
		{"chain broken", pack(second(entry("conv1_2.weight", "F32", "[1,2,3,3]", 112, 184), entry("conv1_2.bias", "F32", "[1]", 184, 188)), 188), ErrNotVGG, "conv1_2 has 2 input channels, expected 1, the outputs of conv1_1"},
		{"layer left out", pack(second(entry("conv1_3.weight", "F32", "[1,1,3,3]", 112, 148), entry("conv1_3.bias", "F32", "[1]", 148, 152)), 152), ErrNotVGG, "found conv1_3 but no conv1_2 before it"},
		{"block left out", pack(second(entry("conv3_1.weight", "F32", "[1,1,3,3]", 112, 148), entry("conv3_1.bias", "F32", "[1]", 148, 152)), 152), ErrNotVGG, "found conv3_1 but no conv2_1 before it"},
		{"first layer left out", pack(describe(entry("conv1_2.bias", "F32", "[1]", 0, 4)), 4), ErrNotVGG, "found conv1_2 but no conv1_1 before it"},
		{"first block left out", pack(describe(entry("conv2_1.bias", "F32", "[1]", 0, 4)), 4), ErrNotVGG, "found conv2_1 but no conv1_1 before it"},
		{"sixth block", pack(second(entry("conv6_1.bias", "F32", "[1]", 112, 116)), 116), ErrNotVGG, `found "conv6_1.bias", expected at most 5 blocks of at most 4`},
		{"fifth layer", pack(second(entry("conv1_5.bias", "F32", "[1]", 112, 116)), 116), ErrNotVGG, `found "conv1_5.bias"`},
		{"layer zero", pack(second(entry("conv1_0.bias", "F32", "[1]", 112, 116)), 116), ErrNotVGG, `found "conv1_0.bias"`},
		{"tenth layer", pack(second(entry("conv1_10.bias", "F32", "[1]", 112, 116)), 116), ErrNotVGG, `found "conv1_10.bias"`},

		{"no metadata", pack(`{`+weight1+`,`+bias1+`}`, smallest), ErrNoInput, "give --channels, --range, --mean, --std"},
		{"no mean", pack(said(`"channels":"rgb","range":"0..1","std":"1,1,1"`), smallest), ErrNoInput, "does not say it: give --mean"},
		{"key twice", pack(said(convention+`,"mean":"1,1,1"`), smallest), ErrMalformed, `"mean" twice`},
		{"unknown channels", pack(said(`"channels":"lab","range":"0..1","mean":"0,0,0","std":"1,1,1"`), smallest), ErrMalformed, `"channels" is "lab", expected rgb or bgr`},
		{"unknown range", pack(said(`"channels":"rgb","range":"-1..1","mean":"0,0,0","std":"1,1,1"`), smallest), ErrMalformed, `"range" is "-1..1", expected 0..1 or 0..255`},
		{"two numbers", pack(said(`"channels":"rgb","range":"0..1","mean":"0,0","std":"1,1,1"`), smallest), ErrMalformed, `"mean" is "0,0", expected three numbers`},
		{"four numbers", pack(said(`"channels":"rgb","range":"0..1","mean":"0,0,0,0","std":"1,1,1"`), smallest), ErrMalformed, `expected three numbers`},
		{"no number", pack(said(`"channels":"rgb","range":"0..1","mean":"0,x,0","std":"1,1,1"`), smallest), ErrMalformed, `expected three numbers`},
		{"mean NaN", pack(said(`"channels":"rgb","range":"0..1","mean":"0,nan,0","std":"1,1,1"`), smallest), ErrMalformed, `expected three numbers`},
		{"mean infinite", pack(said(`"channels":"rgb","range":"0..1","mean":"0,1e99,0","std":"1,1,1"`), smallest), ErrMalformed, `expected three numbers`},
		{"deviation zero", pack(said(`"channels":"rgb","range":"0..1","mean":"0,0,0","std":"1,0,1"`), smallest), ErrMalformed, `expected positive numbers`},
		{"deviation negative", pack(said(`"channels":"rgb","range":"0..1","mean":"0,0,0","std":"1,-1,1"`), smallest), ErrMalformed, `expected positive numbers`},
		{"unknown pooling", pack(said(convention+`,"pooling":"median"`), smallest), ErrMalformed, `"pooling" is "median", expected max or avg`},
		{"endless name", pack(said(convention+`,"name":"`+strings.Repeat("x", 10_000)+`"`), smallest), ErrMalformed, `"name" has 10000 bytes, expected at most 256`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := checked(t, c.file)
			if !errors.Is(err, c.kind) {
				t.Fatalf("got %v, want %v", err, c.kind)
			}
			if err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to say %s", err, c.want)
			}
		})
	}
}

// checked reads a file and checks its memory use, and that the result is a valid
// network or one clear sentence.
func checked(t testing.TB, file []byte) (*Network, error) {
	t.Helper()
	// The decoder's buffers, and the network's structs and an error.
	const constant = 3*bufferSize + 32<<10
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, err := readBytes(file)
	runtime.ReadMemStats(&after)
	if got, most := after.TotalAlloc-before.TotalAlloc, allocationFactor*uint64(2*len(file)+constant); got > most {
		t.Errorf("allocated %d bytes for a file of %d (%v)", got, len(file), err)
	}
	checkOutcome(t, n, err)
	return n, err
}

// butSources clears the original names of tensors, because written tensors have
// canonical names.
var butSources = cmpopts.IgnoreFields(Network{}, "Sources")

// checkOutcome writes the network as float32 and reads it again.
func checkOutcome(t testing.TB, n *Network, err error) {
	t.Helper()
	if err == nil {
		kept := *n
		kept.Values = "float32"
		n = &kept
		again, err := readBytes(written(t, n, Float32))
		if err != nil {
			t.Fatalf("what was read cannot be read again: %v", err)
		}
		if diff := cmp.Diff(n, again, butSources); diff != "" {
			t.Errorf("read (-), written and read again (+):\n%s", diff)
		}
		return
	}
	if n != nil {
		t.Errorf("a network beside the error %v", err)
	}
	kinds := 0
	for _, kind := range []error{ErrNotNetwork, ErrMalformed, ErrNotVGG, ErrSeveral, ErrNoInput} {
		if errors.Is(err, kind) {
			kinds++
		}
	}
	text := err.Error()
	if kinds != 1 || !strings.HasPrefix(text, "dir/some.safetensors: ") || strings.Contains(text, "\n") || len(text) > 2000 {
		t.Errorf("of %d kinds, expected one sentence of one kind: %s", kinds, text)
	}
}

// TestLargeHeaders checks that the longest header costs a constant, whatever it
// contains.
func TestLargeHeaders(t *testing.T) {
	const length = maxHeader - 1<<10
	fill := func(item func(i int) string) string {
		var b strings.Builder
		for i := 0; b.Len() < length; i++ {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(item(i))
		}
		return b.String()
	}
	for name, header := range map[string]string{
		"tensors": "{" + fill(func(i int) string {
			return fmt.Sprintf(`"%x":{"dtype":"U8","shape":[],"data_offsets":[%[1]d,%d]}`, i, i+1)
		}) + "}",
		"empty tensors": "{" + fill(func(i int) string {
			return fmt.Sprintf(`"%x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`, i)
		}) + "}",
		"the same tensor": "{" + fill(func(int) string {
			return `"":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`
		}) + "}",
		"escaped names": "{" + fill(func(i int) string {
			return fmt.Sprintf(`"\u0041\n%x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`, i)
		}) + "}",
		"almost convolutions": "{" + fill(func(i int) string {
			return fmt.Sprintf(`"conv1_1.weights%x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`, i)
		}) + "}",
		"convolutions": "{" + fill(func(i int) string {
			return fmt.Sprintf(`"conv1_%d.weight":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`, i+1)
		}) + "}",
		"the same convolution": "{" + fill(func(int) string {
			return `"conv1_1.weight":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`
		}) + "}",
		"spaces":      "{}" + strings.Repeat(" ", length),
		"metadata":    `{"__metadata__":{` + fill(func(i int) string { return fmt.Sprintf(`"%x":""`, i) }) + "}}",
		"known key":   `{"__metadata__":{` + fill(func(int) string { return `"name":""` }) + "}}",
		"value":       `{"__metadata__":{"name":"` + strings.Repeat("x", length) + `"}}`,
		"numbers":     `{"__metadata__":{"mean":"` + strings.Repeat(",", length) + `"}}`,
		"name":        `{"` + strings.Repeat("x", length) + `":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`,
		"dtype":       `{"a":{"dtype":"` + strings.Repeat("U8", length/2) + `"}}`,
		"unknown key": `{"a":{"` + strings.Repeat("x", length) + `":0}}`,
		"shape":       `{"a":{"dtype":"U8","shape":[` + fill(func(int) string { return "1" }) + "]}}",
		"digits":      `{"a":{"dtype":"U8","shape":[` + strings.Repeat("1", length) + "]}}",
		"braces":      strings.Repeat("{", length),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readBounded(t, pack(header, 0), 32*maxHeader)
			if err == nil || strings.Contains(err.Error(), "expected at most 1048576") {
				t.Errorf("accepted, or refused before it was read: %v", err)
			}
		})
	}
}

// TestMutations reads a few thousand mutations of valid files.
func TestMutations(t *testing.T) {
	foreign, err := os.ReadFile("testdata/dtypes.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	seeds := [][]byte{foreign, written(t, small(), Float16), written(t, small(), Float32)}
	tokens := []string{
		"0", "1", "3", "9", "18446744073709551615", "9223372036854775807", "4294967296", "-1", "1e9",
		"[", "]", "{", "}", ",", ":", `"`, `\`, `\u0000`, "null", " ", "\x00", "\xff",
		"F16", "F64", "U8", "conv1_1.weight", "conv2_1.bias", "conv9_9.bias", "__metadata__", "mean", "dtype",
	}
	r := rand.New(rand.NewPCG(1, 2))
	counts := map[bool]int{}
	for range 5000 {
		file := bytes.Clone(seeds[r.IntN(len(seeds))])
		for range 1 + r.IntN(3) {
			// Half of the mutations change the header.
			within := len(file)
			if end := bytes.LastIndexByte(file, '}'); end > 0 && r.IntN(2) == 0 {
				within = end + 1
			}
			at := r.IntN(within + 1)
			size := min(r.IntN(16), len(file)-at)
			switch r.IntN(6) {
			case 0: // truncate
				file = file[:at]
			case 1: // change a byte
				if at < len(file) {
					file[at] ^= 1 << r.IntN(8)
				}
			case 2: // delete
				file = append(file[:at:at], file[at+size:]...)
			case 3: // repeat
				file = append(file[:at+size:at+size], file[at:]...)
			case 4: // put another token
				file = append(append(file[:at:at], tokens[r.IntN(len(tokens))]...), file[at+size:]...)
			case 5: // correct the header's length, so that the header is read
				if end := bytes.LastIndexByte(file, '}'); end >= 8 {
					binary.LittleEndian.PutUint64(file, uint64(end+1-8))
				}
			}
			if len(file) == 0 {
				break
			}
		}
		_, err := checked(t, file)
		counts[err == nil]++
		if t.Failed() {
			t.Fatalf("file %q", file)
		}
	}
	// Changes of the data alone give other networks; most other changes are detected.
	if counts[true] < 100 || counts[false] < 2000 {
		t.Errorf("%d mutations were accepted and %d refused: the mutations are one-sided", counts[true], counts[false])
	}
}

func FuzzReadSafetensors(f *testing.F) {
	foreign, err := os.ReadFile("testdata/dtypes.safetensors")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(foreign)
	f.Add(written(f, small(), Float16))
	f.Add(written(f, small(), Float32))
	f.Add(pack(describe(weight1, bias1), 112))
	f.Add(pack(said(`"name":"\u0041\ud83c\udfa8\n",`+convention), 112))
	f.Add(pack(`{"a":{"dtype":"F4","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, 0))
	f.Fuzz(func(t *testing.T, file []byte) {
		n, err := readBytes(file)
		checkOutcome(t, n, err)
	})
}
