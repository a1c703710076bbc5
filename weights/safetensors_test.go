package weights

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReadForeign reads a file that NumPy wrote, in all four number formats,
// and compares every value with NumPy's own conversion.
func TestReadForeign(t *testing.T) {
	n, err := Open("testdata/dtypes.safetensors", Override{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/dtypes.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string][]float32
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	got := map[string][]float32{}
	names := ""
	for _, c := range n.Convs {
		names += c.Name + " "
		got[c.Name+".weight"] = c.Weight
		got[c.Name+".bias"] = c.Bias
	}
	if names != "conv1_1 conv1_2 conv2_1 conv2_2 " {
		t.Errorf("layers %s", names)
	}
	sameBits := cmp.Comparer(func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) })
	if diff := cmp.Diff(want, got, sameBits); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	n.Convs, n.Sources = nil, nil
	if diff := cmp.Diff(&Network{
		Name: "dtypes \"é\" \U0001f3a8", Family: "vgg", Version: "2", License: "MIT", Pooling: "max",
		Format: "safetensors", Values: "float32", InputSource: "the file says so",
		Input: Input{
			Channels: "bgr", Max: 255,
			Mean: [3]float32{103.939, 116.779, 123.68},
			Std:  [3]float32{1, 1, 1},
		},
	}, n); diff != "" {
		t.Errorf("description (-want +got):\n%s", diff)
	}
}

// A recorder records which part of a file was read.
type recorder struct {
	io.ReaderAt
	touched []bool
}

func (r *recorder) ReadAt(p []byte, offset int64) (int, error) {
	n, err := r.ReaderAt.ReadAt(p, offset)
	for i := range n {
		r.touched[int(offset)+i] = true
	}
	return n, err
}

func TestOtherTensorsAreNotRead(t *testing.T) {
	const classifier = 100_000
	file := pack(describe(weight1, bias1, entry("classifier", "U8", "[100000]", 112, 112+classifier)), 112+classifier)
	r := &recorder{bytes.NewReader(file), make([]bool, len(file))}
	if _, err := Read(r, int64(len(file)), "x", Override{}); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(boolBytes(r.touched[len(file)-classifier:]), []byte{1}) {
		t.Error("the classifier was read")
	}
	if bytes.Contains(boolBytes(r.touched[:len(file)-classifier]), []byte{0}) {
		t.Error("a part of the header or of the convolution was not read")
	}
}

func boolBytes(v []bool) []byte {
	b := make([]byte, len(v))
	for i := range v {
		if v[i] {
			b[i] = 1
		}
	}
	return b
}

// small is a network whose values binary16 represents exactly.
func small() *Network {
	n := &Network{
		Name: "small", Family: "vgg", Version: "3", License: "CC0", Pooling: "avg",
		Format: "safetensors", InputSource: "the file says so",
		Input: Input{Channels: "bgr", Max: 255, Mean: [3]float32{1.5, -2, 1e-7}, Std: [3]float32{1, 0.229, 58.395}},
	}
	in := 3
	for i, name := range []string{"conv1_1", "conv1_2", "conv2_1"} {
		c := Conv{Name: name, Out: i + 1, In: in, Weight: make([]float32, (i+1)*in*9), Bias: make([]float32, i+1)}
		for j := range c.Weight {
			c.Weight[j] = float32(j-13) / 8
		}
		for j := range c.Bias {
			c.Bias[j] = float32(j) + 0.25
		}
		n.Convs = append(n.Convs, c)
		in = c.Out
	}
	return n
}

func written(t testing.TB, n *Network, p Precision) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := n.WriteSafetensors(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readBytes(file []byte) (*Network, error) {
	return Read(bytes.NewReader(file), int64(len(file)), "dir/some.safetensors", Override{})
}

func TestRoundTrip(t *testing.T) {
	for name, p := range map[string]Precision{"float32": Float32, "float16": Float16} {
		t.Run(name, func(t *testing.T) {
			want := small()
			want.Values = name
			file := written(t, want, p)
			got, err := readBytes(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, butSources); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !bytes.Equal(file, written(t, got, p)) {
				t.Error("written again with other bytes")
			}
			if header := binary.LittleEndian.Uint64(file); header%8 != 0 {
				t.Errorf("the data begin after a header of %d bytes, which is not aligned", header)
			}
		})
	}
	t.Run("float32 keeps every bit", func(t *testing.T) {
		want := small()
		copy(want.Convs[0].Weight, []float32{math.Pi, math.MaxFloat32, math.SmallestNonzeroFloat32, float32(math.Copysign(0, -1))})
		got, err := readBytes(written(t, want, Float32))
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range want.Convs[0].Weight {
			if math.Float32bits(v) != math.Float32bits(got.Convs[0].Weight[i]) {
				t.Errorf("value %d: got %v, want %v", i, got.Convs[0].Weight[i], v)
			}
		}
	})
	t.Run("what is not said is left out", func(t *testing.T) {
		n := small()
		n.Name, n.Family, n.Version, n.License, n.Pooling = "", "", "", "", ""
		got, err := readBytes(written(t, n, Float32))
		if err != nil {
			t.Fatal(err)
		}
		n.Values = "float32"
		n.Name, n.Family = "some", "vgg" // from the file's name; what every network here is
		if diff := cmp.Diff(n, got, butSources); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestWriteRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		breakIt func(*Network)
		want    string
	}{
		{"NaN", func(n *Network) { n.Convs[1].Weight[2] = float32(math.NaN()) }, "value 2 of conv1_2.weight is NaN"},
		{"infinity", func(n *Network) { n.Convs[2].Bias[1] = float32(math.Inf(-1)) }, "value 1 of conv2_1.bias is -Inf"},
		{"too large for float16", func(n *Network) { n.Convs[0].Bias[0] = 65520 }, "65520, too large for float16"},
		{"too few values", func(n *Network) { n.Convs[0].Bias = nil }, "conv1_1.bias has 0 values"},
		{"negative width", func(n *Network) { n.Convs[0].Out = -1 }, "conv1_1.weight has 27 values"},
		{"foreign layer", func(n *Network) { n.Convs[0].Name = "fc6" }, `found a layer "fc6"`},
		{"layer twice", func(n *Network) { n.Convs[1].Name = "conv1_1" }, `found a layer "conv1_1"`},
		{"layer outside the family", func(n *Network) { n.Convs[2].Name = "conv6_1" }, `found "conv6_1.weight"`},
		{"gap", func(n *Network) { n.Convs[2].Name = "conv3_1" }, "found conv3_1 but no conv2_1"},
		{"no layers", func(n *Network) { n.Convs = nil }, "conv1_1.weight"},
		{"no input", func(n *Network) { n.Input = Input{} }, "channels"},
		{"range", func(n *Network) { n.Input.Max = 2 }, `"0..2"`},
		{"deviation", func(n *Network) { n.Input.Std[1] = 0 }, `"std"`},
		{"mean", func(n *Network) { n.Input.Mean[1] = float32(math.Inf(1)) }, `"mean"`},
		{"pooling", func(n *Network) { n.Pooling = "median" }, `"median"`},
		{"long text", func(n *Network) { n.License = strings.Repeat("x", 257) }, `"license" has 257 bytes`},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := small()
			c.breakIt(n)
			var b bytes.Buffer
			err := n.WriteSafetensors(&b, Float16)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), `writing network "small": `) {
				t.Errorf("got %v, want it to say %s", err, c.want)
			}
			if b.Len() > 0 {
				t.Errorf("%d bytes were written", b.Len())
			}
		})
	}
}

// full is a writer that fails after a number of bytes.
type full struct{ room int }

var errFull = errors.New("disk full")

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWriteErrors(t *testing.T) {
	n, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, room := range []int{0, 1 << 20} {
		if err := n.WriteSafetensors(&full{room}, Float16); !errors.Is(err, errFull) {
			t.Errorf("with room for %d bytes: got %v, want the writer's error", room, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "notes.safetensors")
	if err := os.WriteFile(text, []byte("not a network at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path string
		want error
	}{
		"missing":   {filepath.Join(dir, "missing"), fs.ErrNotExist},
		"directory": {dir, ErrNotNetwork},
		"text":      {text, ErrNotNetwork},
		"empty":     {empty, ErrNotNetwork},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Open(c.path, Override{}); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.path) {
				t.Errorf("got %v, want %v and the path", err, c.want)
			}
		})
	}
}

// TestReadErrors checks that an error of the file system is not reported as an error in
// the file.
func TestReadErrors(t *testing.T) {
	file := written(t, small(), Float32)
	broken := errors.New("input/output error")
	for _, good := range []int{0, 8, 1000} {
		r := readerAt(func(p []byte, offset int64) (int, error) {
			if int(offset)+len(p) > good {
				return 0, broken
			}
			return copy(p, file[offset:]), nil
		})
		_, err := Read(r, int64(len(file)), "x", Override{})
		if !errors.Is(err, broken) || errors.Is(err, ErrMalformed) {
			t.Errorf("broken after %d bytes: got %v", good, err)
		}
	}
	// io.ReaderAt allows io.EOF beside the last bytes.
	atEnd := readerAt(func(p []byte, offset int64) (int, error) { return copy(p, file[offset:]), io.EOF })
	if _, err := Read(atEnd, int64(len(file)), "x", Override{}); err != nil {
		t.Errorf("io.EOF beside all bytes: got %v", err)
	}
	// A file that shrinks during reading.
	_, err := Read(bytes.NewReader(file[:len(file)-10]), int64(len(file)), "x", Override{})
	if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "while it was being read") {
		t.Errorf("shrunk: got %v", err)
	}
}

type readerAt func(p []byte, offset int64) (int, error)

func (f readerAt) ReadAt(p []byte, offset int64) (int, error) { return f(p, offset) }
