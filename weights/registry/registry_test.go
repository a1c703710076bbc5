package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pastiche-art/pastiche/weights"
)

// childVariable makes the test binary run as a separate process that uses a store. Its
// value is the task and a name or file.
const childVariable = "REGISTRY_TEST_CHILD"

func TestMain(m *testing.M) {
	if task, argument, ok := strings.Cut(os.Getenv(childVariable), " "); ok {
		os.Exit(child(task, argument))
	}
	goleak.VerifyTestMain(m)
}

func child(task, argument string) int {
	ctx := context.Background()
	s := FromEnvironment()
	s.Known, s.retry = testEntries(s.Mirror), eager
	s.Mirror = ""
	var err error
	switch task {
	case "pull":
		_, err = s.Pull(ctx, argument)
	case "mirror": // as users do: from the mirror, with the default policy
		s = FromEnvironment()
		s.Known = testEntries("https://origin.invalid")
		_, err = s.Pull(ctx, argument)
	case "import":
		for i := 0; err == nil; i++ {
			_, err = s.Import(ctx, argument, fmt.Sprintf("import-%d", i%3), weights.Override{})
			if err == nil {
				err = s.Remove(ctx, fmt.Sprintf("import-%d", (i+1)%3))
			}
			if errors.Is(err, ErrUnknown) {
				err = nil
			}
		}
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// inChild returns a process that runs a task with the folder and the mirror.
func inChild(t *testing.T, task, argument, home, mirror string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childVariable+"="+task+" "+argument, HomeVariable+"="+home, MirrorVariable+"="+mirror)
	return cmd
}

// eager is a retry policy without pauses.
var eager = retryPolicy{stall: 30 * time.Second, attempts: 3, progress: 64 << 10, pause: time.Millisecond}

// network returns a small VGG of random weights.
func network(name string, seed uint64) *weights.Network {
	return networkOf(name, seed, []int{64, 64}, []int{96})
}

// networkOf returns a VGG with random weights, with convolutions of the given widths in
// blocks.
func networkOf(name string, seed uint64, blocks ...[]int) *weights.Network {
	r := rand.New(rand.NewPCG(seed, 0))
	n := &weights.Network{Name: name, Family: "vgg", License: "MIT", Input: weights.TorchvisionInput, Pooling: "max"}
	in := 3
	for b, widths := range blocks {
		for i, out := range widths {
			c := weights.Conv{
				Name: fmt.Sprintf("conv%d_%d", b+1, i+1), Out: out, In: in,
				Weight: make([]float32, out*in*9), Bias: make([]float32, out),
			}
			for _, values := range [][]float32{c.Weight, c.Bias} {
				for i := range values {
					values[i] = float32(r.NormFloat64())
				}
			}
			n.Convs = append(n.Convs, c)
			in = out
		}
	}
	return n
}

// published is the file of a network. It is as long as several pieces of a download.
func published(seed uint64) []byte {
	var b bytes.Buffer
	if err := network("as-published", seed).WriteSafetensors(&b, weights.Float32); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func fileOf(b []byte) File {
	sum := sha256.Sum256(b)
	return File{int64(len(b)), hex.EncodeToString(sum[:])}
}

// testEntries are a built-in network and one that can be pulled from mirrors,
// under the path /sample.safetensors of each.
func testEntries(mirrors ...string) []Entry {
	sample := Entry{
		Name: "sample", Family: "VGG-4", License: "CC0", Input: weights.MatConvNetInput, Origin: "a test",
		Source: fileOf(sample),
	}
	for _, m := range mirrors {
		sample.URLs = append(sample.URLs, m+"/sample.safetensors")
	}
	return []Entry{wellKnown[0], sample}
}

func newStore(t *testing.T, mirrors ...string) *Store {
	t.Helper()
	return &Store{Dir: filepath.Join(t.TempDir(), "networks"), Known: testEntries(mirrors...), retry: eager}
}

// networkFile writes a network's file.
func networkFile(t testing.TB, name string, n *weights.Network) string {
	t.Helper()
	var b bytes.Buffer
	if err := n.WriteSafetensors(&b, weights.Float32); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// checkHolds fails the test unless the networks of the store are present and have the
// weights of the seed.
func checkHolds(t *testing.T, s *Store, name string, seed uint64) {
	t.Helper()
	if err := s.Verify(t.Context(), name); err != nil {
		t.Error(err)
	}
	got, err := s.Open(name)
	if err != nil {
		t.Error(err)
		return
	}
	if got.Name != name {
		t.Errorf("network %s calls itself %s", name, got.Name)
	}
	same := func(a, b weights.Conv) bool {
		return a.Name == b.Name && a.Out == b.Out && a.In == b.In && slices.Equal(a.Weight, b.Weight) && slices.Equal(a.Bias, b.Bias)
	}
	if !slices.EqualFunc(got.Convs, network("", seed).Convs, same) {
		t.Errorf("network %s has other weights", name)
	}
}

// checkFiles fails the test if the folder holds anything but the lock, a number of
// networks, and the named other files.
func checkFiles(t *testing.T, s *Store, networks int, rest ...string) {
	t.Helper()
	want := map[string]int{"names": networks, "blobs": networks, "": 1}
	var others []string
	err := filepath.WalkDir(s.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(s.Dir, path)
		if err != nil {
			return err
		}
		folder := strings.TrimSuffix(filepath.ToSlash(filepath.Dir(name)), ".")
		if want[folder]--; want[folder] < 0 {
			others = append(others, filepath.ToSlash(name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want["names"] > 0 || want["blobs"] > 0 || !slices.Equal(others, rest) {
		t.Errorf("the folder lacks %d names and %d blobs, and has %q beside them, want %q", want["names"], want["blobs"], others, rest)
	}
}

func TestKnown(t *testing.T) {
	for _, e := range wellKnown {
		if !usable(e.Name) || !sums.MatchString(e.Source.SHA256) || e.Source.Size == 0 || e.Family == "" || e.License == "" {
			t.Errorf("incomplete: %+v", e)
		}
		if e.BuiltIn == (len(e.URLs) > 0) {
			t.Errorf("%s has the URLs %q", e.Name, e.URLs)
		}
		for _, u := range e.URLs {
			if !strings.HasPrefix(u, "https://") {
				t.Errorf("%s comes from %s, unencrypted", e.Name, u)
			}
		}
	}
	n, err := weights.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	e := wellKnown[0]
	if e.Name != n.Name || e.License != n.License || e.Input != n.Input || e.Local != fileOf([]byte(weights.BuiltinFile())) {
		t.Errorf("the entry %+v does not describe the network %s, %s, %s", e, n.Name, n.License, n.Input)
	}
}

// colourful is the file of a VGG whose first layer is a 1x1 convolution that computes
// BGR levels less 100 from RGB of 0 to 1.
func colourful(t *testing.T) []byte {
	t.Helper()
	type tensor struct {
		DType   string   `json:"dtype"`
		Shape   []int    `json:"shape"`
		Offsets [2]int64 `json:"data_offsets"`
	}
	header := map[string]tensor{}
	var data []byte
	for _, v := range []struct {
		name   string
		shape  []int
		values []float32
	}{
		{"0.weight", []int{3, 3, 1, 1}, []float32{0, 0, 255, 0, 255, 0, 255, 0, 0}},
		{"0.bias", []int{3}, []float32{-100, -100, -100}},
		{"2.weight", []int{1, 3, 3, 3}, make([]float32, 27)},
		{"2.bias", []int{1}, make([]float32, 1)},
	} {
		begin := int64(len(data))
		for _, x := range v.values {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
		}
		header[v.name] = tensor{"F32", v.shape, [2]int64{begin, int64(len(data))}}
	}
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text, data)
}

// TestColours stores a published network whose 1x1 convolution becomes part of its
// input, by a pull and by an import of the same file.
func TestColours(t *testing.T) {
	file := colourful(t)
	want := weights.Input{Channels: "bgr", Max: 255, Mean: [3]float32{100, 100, 100}, Std: [3]float32{1, 1, 1}}
	path := filepath.Join(t.TempDir(), "sample.safetensors")
	if err := os.WriteFile(path, file, 0o666); err != nil {
		t.Fatal(err)
	}
	for verb, keep := range map[string]func(s *Store) (Entry, error){
		"pull":   func(s *Store) (Entry, error) { return s.Pull(t.Context(), "sample") },
		"import": func(s *Store) (Entry, error) { return s.Import(t.Context(), path, "", weights.Override{}) },
	} {
		t.Run(verb, func(t *testing.T) {
			s := newStore(t, "https://origin.invalid")
			s.Mirror = filepath.Dir(path)
			s.Known[1].Source, s.Known[1].Input = fileOf(file), weights.PlainInput
			if e, err := s.Entry("sample"); err != nil || e.Input != weights.PlainInput {
				t.Errorf("before: %v, %v", e.Input, err)
			}
			e, err := keep(s)
			if err != nil {
				t.Fatal(err)
			}
			n, err := s.Open("sample")
			if err != nil {
				t.Fatal(err)
			}
			if e.Name != "sample" || e.Input != want || n.Input != want {
				t.Errorf("the entry %s has the input %v, its network %v, want %v", e.Name, e.Input, n.Input, want)
			}
		})
	}
}
