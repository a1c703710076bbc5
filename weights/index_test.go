package weights

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// indexed writes the files and an index of the names to a folder, and returns the path
// of the index.
func indexed(t testing.TB, files map[string][]byte, index string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "model.safetensors.index.json")
	if err := os.WriteFile(path, []byte(index), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func indexOf(names ...string) string {
	index := map[string]any{"metadata": map[string]int{"total_size": 112}}
	m := map[string]string{}
	for i, name := range names {
		m[fmt.Sprintf("tensor %d", i)] = name
	}
	index["weight_map"] = m
	text, err := json.Marshal(index)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func TestShards(t *testing.T) {
	// Names of torchvision imply the input convention.
	weight := pack(`{`+entry("features.0.weight", "F32", "[1,3,3,3]", 0, 108)+`}`, 108)
	bias := pack(`{`+entry("features.0.bias", "F32", "[1]", 0, 4)+`}`, 4)
	outside := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.WriteFile(outside, bias, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		index string
		kind  error
		want  string
	}{
		{"fine", indexOf("a", "b", "a"), nil, ""},
		{"the upper folder", indexOf("a", "../b"), ErrMalformed, `names the file "../b", expected one beside it`},
		{"another folder", indexOf("a", "sub/b"), ErrMalformed, `"sub/b"`},
		{"through a folder and back", indexOf("a", "sub/../b"), ErrMalformed, `"sub/../b"`},
		{"from the root", indexOf("a", "/etc/passwd"), ErrMalformed, `"/etc/passwd"`},
		{"this folder", indexOf("a", "."), ErrMalformed, `"."`},
		{"no name", indexOf("a", ""), ErrMalformed, `""`},
		{"a zero", indexOf("a", "b\x00"), ErrMalformed, `"b\x00"`},
		{"a folder", indexOf("a", "folder"), ErrNotNetwork, `"folder" is not a regular file`},
		{"not there", indexOf("a", "c"), ErrMalformed, `the shard "c", which is not beside it`},
		{"not safetensors", indexOf("a", "text"), ErrNotNetwork, `the shard "text"`},
		{"an index", indexOf("a", "model.safetensors.index.json"), ErrNotNetwork, "the shard"},
		{"only some shards", indexOf("a"), ErrNotVGG, "has no bias"},
		{"a tensor in two shards", indexOf("a", "b", "c copy of b"), ErrMalformed, `"features.0.bias" is there twice`},
		{"hundred shards", indexOf(hundred()...), ErrMalformed, "names more than 64 files"},
		{"no map", `{"metadata": {}}`, ErrNotNetwork, "has no weight_map"},
		{"an empty map", `{"weight_map": {}}`, ErrNotNetwork, "has no weight_map"},
		{"a map of numbers", `{"weight_map": {"a": 1}}`, ErrMalformed, "begins like the index of shards, but"},
		{"a map that is a list", `{"weight_map": ["a"]}`, ErrMalformed, "begins like the index of shards, but"},
		{"not closed", `{"weight_map": {"a": "a"}`, ErrMalformed, "begins like the index of shards, but"},
		{"nested", strings.Repeat(`{"weight_map":`, 20_000), ErrMalformed, "begins like the index of shards, but"},
		{"large", `{"weight_map": {` + strings.Repeat(" ", maxIndex) + `}}`, ErrMalformed, "expected at most 1048576"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string][]byte{"a": weight, "b": bias, "c copy of b": bias, "text": []byte("not a network at all")}
			path := indexed(t, files, c.index)
			if err := os.Mkdir(filepath.Join(filepath.Dir(path), "folder"), 0o700); err != nil {
				t.Fatal(err)
			}
			n, err := Open(path, Override{})
			if !errors.Is(err, c.kind) {
				t.Fatalf("got %v, want %v", err, c.kind)
			}
			if err != nil {
				if !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), path) {
					t.Errorf("got %v, want it to say %s, and the path", err, c.want)
				}
				return
			}
			if n.Format != "safetensors in shards" || n.Input != TorchvisionInput {
				t.Errorf("got %s with %v", n.Format, n.Input)
			}
		})
	}
	t.Run("a link", func(t *testing.T) {
		if runtime.GOOS == "windows" {
			t.Skip("links need a privilege")
		}
		path := indexed(t, map[string][]byte{"a": weight}, indexOf("a", "b"))
		if err := os.Symlink(outside, filepath.Join(filepath.Dir(path), "b")); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path, Override{}); err != nil {
			t.Errorf("the owner's own link: %v", err)
		}
	})
	t.Run("without a folder", func(t *testing.T) {
		index := indexOf("a", "b")
		_, err := Read(strings.NewReader(index), int64(len(index)), "x", Override{})
		if !errors.Is(err, ErrNotNetwork) {
			t.Errorf("got %v, want %v", err, ErrNotNetwork)
		}
	})
}

func hundred() []string {
	var names []string
	for i := range 100 {
		names = append(names, fmt.Sprint("shard ", i))
	}
	return names
}

// TestShardsMetadata checks that metadata of any shard apply, and that the layers are
// those of one network.
func TestShardsMetadata(t *testing.T) {
	want := small()
	first, rest := small(), small()
	first.Convs, rest.Convs = first.Convs[:1], rest.Convs[1:]
	whole := written(t, want, Float32)
	files := map[string][]byte{"a": written(t, first, Float32), "b": unchecked(t, rest)}
	n, err := Open(indexed(t, files, indexOf("a", "b")), Override{})
	if err != nil {
		t.Fatal(err)
	}
	single, err := readBytes(whole)
	if err != nil {
		t.Fatal(err)
	}
	single.Format = n.Format
	if diff := cmp.Diff(single, n); diff != "" {
		t.Errorf("one file (-), shards (+):\n%s", diff)
	}
}

// unchecked returns a file of convolutions that need not be a VGG, without metadata.
func unchecked(t testing.TB, n *Network) []byte {
	t.Helper()
	var entries []string
	var data bytes.Buffer
	for _, c := range n.Convs {
		for _, p := range []part{
			{c.Name + ".weight", []int64{int64(c.Out), int64(c.In), 3, 3}, c.Weight},
			{c.Name + ".bias", []int64{int64(c.Out)}, c.Bias},
		} {
			begin := data.Len()
			for _, v := range p.values {
				data.Write(matLittle.singles(v))
			}
			shape, err := json.Marshal(p.shape)
			if err != nil {
				t.Fatal(err)
			}
			entries = append(entries, entry(p.name, "F32", string(shape), int64(begin), int64(data.Len())))
		}
	}
	file := pack("{"+strings.Join(entries, ",")+"}", 0)
	return append(file, data.Bytes()...)
}

// TestIndexMutations reads a thousand mutations of an index.
func TestIndexMutations(t *testing.T) {
	seed := []byte(indexOf("a", "b"))
	path := indexed(t, map[string][]byte{
		"a": pack(`{`+entry("features.0.weight", "F32", "[1,3,3,3]", 0, 108)+`}`, 108),
		"b": pack(`{`+entry("features.0.bias", "F32", "[1]", 0, 4)+`}`, 4),
	}, "")
	r := rand.New(rand.NewPCG(11, 12))
	for range 1000 {
		file := mutate(r, seed)
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		n, err := Open(path, Override{})
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 5*bufferSize {
			t.Errorf("allocated %d bytes for an index of %d: %q", got, len(file), file)
		}
		if err == nil && len(n.Convs) != 1 || err != nil && !strings.HasPrefix(err.Error(), path+": ") {
			t.Errorf("%q: %v", file, err)
		}
	}
}

func FuzzShardNames(f *testing.F) {
	f.Add(indexOf("a", "b"))
	f.Add(indexOf("../a"))
	f.Fuzz(func(t *testing.T, index string) {
		names, err := shardNames(strings.NewReader(index), int64(len(index)))
		if err != nil {
			return
		}
		for _, name := range names {
			if filepath.Dir(filepath.Join("dir", name)) != "dir" {
				t.Errorf("%q is outside its folder", name)
			}
		}
	})
}
