package paint

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/internal/vgg"
	"github.com/pastiche-art/pastiche/weights"
	"github.com/pastiche-art/pastiche/weights/registry"
)

// rewritten returns the built-in network with a change to a copy of it.
func rewritten(t testing.TB, change func(*weights.Network)) *Network {
	t.Helper()
	original, err := weights.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	w := *original
	w.Convs = slices.Clone(w.Convs)
	for i := range w.Convs {
		w.Convs[i].Weight = slices.Clone(w.Convs[i].Weight)
		w.Convs[i].Bias = slices.Clone(w.Convs[i].Bias)
	}
	change(&w)
	n, err := NewNetwork(&w)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// hugeNetwork returns a network whose costs are infinite.
func hugeNetwork(t testing.TB) *Network {
	return rewritten(t, func(w *weights.Network) {
		for _, c := range w.Convs[:2] {
			for i := range c.Weight {
				c.Weight[i] *= 1e20
			}
		}
	})
}

// The functions below rewrite the built-in network in other conventions.

// toLevels rewrites the network for an input in levels of 0 to 255.
func toLevels(w *weights.Network) {
	w.Input.Max *= maxLevel
	for c := range 3 {
		w.Input.Mean[c] *= maxLevel
		w.Input.Std[c] *= maxLevel
	}
}

// toBGR rewrites the first layer for blue first.
func toBGR(w *weights.Network) {
	w.Input.Channels = "bgr"
	slices.Reverse(w.Input.Mean[:])
	slices.Reverse(w.Input.Std[:])
	first := w.Convs[0].Weight
	for kernel := range slices.Chunk(first, 27) {
		for i := range 9 {
			kernel[i], kernel[18+i] = kernel[18+i], kernel[i]
		}
	}
}

// toUnitDeviation merges the deviations into the weights of the first layer.
func toUnitDeviation(w *weights.Network) {
	for i := range w.Convs[0].Weight {
		w.Convs[0].Weight[i] /= w.Input.Std[i/9%3]
	}
	w.Input.Std = [3]float32{1, 1, 1}
}

func TestConventions(t *testing.T) {
	p := photo(40, 27)
	want := mustFeatures(t, p, "conv3_2", Options{})
	tests := []struct {
		name   string
		change []func(*weights.Network)
	}{
		{"levels", []func(*weights.Network){toLevels}},
		{"BGR", []func(*weights.Network){toBGR}},
		{"BGR levels", []func(*weights.Network){toLevels, toBGR}},
		// Zero padding is the mean level, whatever the deviation.
		{"unit deviation", []func(*weights.Network){toUnitDeviation}},
		{"Caffe's: BGR levels of unit deviation", []func(*weights.Network){toLevels, toBGR, toUnitDeviation}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			network := rewritten(t, func(w *weights.Network) {
				for _, change := range test.change {
					change(w)
				}
			})
			got := mustFeatures(t, p, "conv3_2", Options{Network: network})
			checkClose(t, got.Values, want.Values)
		})
	}
}

// checkClose fails the test where values differ by more than float32 rounding, relative
// to the largest.
func checkClose(t *testing.T, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	largest := slices.Max(want)
	for i, v := range got {
		if math.Abs(float64(v-want[i])) > 1e-5*float64(largest) {
			t.Fatalf("value %d is %g, want %g", i, v, want[i])
		}
	}
}

func TestOpenNetwork(t *testing.T) {
	w, err := weights.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "copy.safetensors")
	var file bytes.Buffer
	if err := errors.Join(w.WriteSafetensors(&file, weights.Float32), os.WriteFile(path, file.Bytes(), 0o666)); err != nil {
		t.Fatal(err)
	}
	p := photo(40, 30)
	original := mustFeatures(t, p, "conv5_1", Options{})
	for _, name := range []string{"builtin", path} {
		network, err := OpenNetwork(name)
		if err != nil {
			t.Fatal(err)
		}
		if network.Name != "builtin" || network.vgg.Name != vgg.VGG19Slim.Name ||
			network.Pooling.String() != "max" || network.Factor != builtin(t).Factor ||
			!slices.Equal(network.Layers(), vgg.VGG19Slim.Layers()) {
			t.Errorf("%s is %+v", name, network)
		}
		if got := mustFeatures(t, p, "conv5_1", Options{Network: network}); !slices.Equal(got.Values, original.Values) {
			t.Errorf("%s sees something else than the built-in network", name)
		}
	}

	for _, name := range []string{filepath.Join(t.TempDir(), "none.safetensors"), "vgg18"} {
		_, err := OpenNetwork(name)
		if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), fmt.Sprintf("network %q: expected the name of a network", name)) {
			t.Errorf("error %v for %s, which is neither a name nor a file", err, name)
		}
	}
	text := filepath.Join(t.TempDir(), "readme.txt")
	if err := os.WriteFile(text, []byte("weights: see the attached file"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenNetwork(text); !errors.Is(err, weights.ErrNotNetwork) || !strings.Contains(err.Error(), text) {
		t.Errorf("error %v for a file that is no network", err)
	}
}

func TestNewNetworkErrors(t *testing.T) {
	tests := []struct {
		name   string
		change func(*weights.Network)
	}{
		{"layers out of order", func(w *weights.Network) { slices.Reverse(w.Convs) }},
		{"no layers", func(w *weights.Network) { w.Convs = nil }},
		{"pooling of no kind", func(w *weights.Network) { w.Pooling = "median" }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			original, err := weights.Builtin()
			if err != nil {
				t.Fatal(err)
			}
			w := *original
			w.Convs = slices.Clone(w.Convs)
			test.change(&w)
			if n, err := NewNetwork(&w); err == nil || n != nil || !strings.HasPrefix(err.Error(), w.Name+": ") {
				t.Errorf("network %v, error %v, want only an error about %s", n, err, w.Name)
			}
		})
	}
}

// TestNamedNetworks stores networks in a temporary folder.
func TestNamedNetworks(t *testing.T) {
	t.Setenv(registry.HomeVariable, t.TempDir())
	classic, fine := Classic(), Fine()
	check := func(want string, n *Network, err error) {
		t.Helper()
		if err != nil || n.Name != want {
			t.Errorf("network %+v, error %v, want %s", n, err, want)
		}
	}
	n, err := DefaultNetwork(&classic)
	check("builtin", n, err)
	if _, err := OpenNetwork("vgg19"); !errors.Is(err, registry.ErrAbsent) {
		t.Errorf("error %v for a network that was not pulled", err)
	}

	store := registry.FromEnvironment()
	path := filepath.Join(t.TempDir(), "builtin.safetensors")
	if err := os.WriteFile(path, []byte(weights.BuiltinFile()), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Import(t.Context(), path, "mine", weights.Override{}); err != nil {
		t.Fatal(err)
	}
	n, err = OpenNetwork("mine")
	check("mine", n, err)

	// The record says what a name stands for.
	names := filepath.Join(store.Dir, "names")
	if err := os.Rename(filepath.Join(names, "mine.json"), filepath.Join(names, "vgg19.json")); err != nil {
		t.Fatal(err)
	}
	n, err = DefaultNetwork(&classic)
	check("vgg19", n, err)
	n, err = DefaultNetwork(&fine)
	check("builtin", n, err)

	kept, err := store.Path("vgg19")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	clear(text[:8]) // the length of its header
	if err := os.WriteFile(kept, text, 0o666); err != nil {
		t.Fatal(err)
	}
	if n, err := DefaultNetwork(&classic); err == nil {
		t.Errorf("a broken VGG-19 is passed over for %s", n.Name)
	}
}
