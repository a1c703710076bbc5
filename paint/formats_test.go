package paint

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pastiche-art/pastiche/picture"
)

// TestFormats looks at a picture with the same weights out of each format, and
// compares with what PyTorch computes in float64 for the convention that the
// file has: the order of a kernel's dimensions, of the channels, and the range
// of the input are right only if the activations are. The files, and
// testdata/formats.json, are written by make_formats.py beside the files.
func TestFormats(t *testing.T) {
	const (
		layer     = "conv3_1"
		tolerance = 1e-5 // of the largest activation: rounding in float32
	)
	text, err := os.ReadFile("testdata/formats.json")
	if err != nil {
		t.Fatal(err)
	}
	var references map[string]struct {
		Shape  [3]int
		Values []float64
	}
	if err := json.Unmarshal(text, &references); err != nil {
		t.Fatal(err)
	}
	p := picture.New(13, 9)
	for c := range 3 {
		for y := range p.H {
			for x := range p.W {
				p.RGB[(c*p.H+y)*p.W+x] = float32((37*x + 59*y + 101*c + 7*x*y + 11*c*x) % 256)
			}
		}
	}
	recipe := Gatys() // which pads with zeros, as PyTorch does
	recipe.Pooling = nil
	for _, test := range []struct{ file, convention string }{
		{"tiny.safetensors", "torchvision"},
		{"current.mat", "matconvnet"},
		{"current-compressed.mat", "matconvnet"},
		{"beta16.mat", "matconvnet"},
		{"beta16-compressed.mat", "matconvnet"},
		{"beta8-double-compressed.mat", "matconvnet"},
		{"net.mat", "matconvnet"},
		{"tiny.pth", "torchvision"},
		{"tiny-legacy.pth", "torchvision"},
		{"tiny.onnx", "torchvision"},
		{"keras1.h5", "caffe"},
		{"keras2.h5", "caffe"},
		{"keras-model.h5", "caffe"},
	} {
		t.Run(test.file, func(t *testing.T) {
			network, err := OpenNetwork(filepath.Join("../weights/testdata/formats", test.file))
			if err != nil {
				t.Fatal(err)
			}
			got := mustFeatures(t, p, layer, Options{Network: network, Recipe: &recipe})
			want := references[test.convention]
			if [3]int{got.Channels, got.Height, got.Width} != want.Shape || len(want.Values) == 0 {
				t.Fatalf("got %d x %d x %d activations, want %v", got.Channels, got.Height, got.Width, want.Shape)
			}
			largest := slices.Max(want.Values)
			for i, v := range got.Values {
				if d := float64(v) - want.Values[i]; d > tolerance*largest || -d > tolerance*largest {
					t.Fatalf("activation %d is %g, PyTorch's %g", i, v, want.Values[i])
				}
			}
		})
	}
}
