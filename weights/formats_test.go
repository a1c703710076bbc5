package weights

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sameBits compares values of float32 bit by bit.
var sameBits = cmp.Comparer(func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) })

// TestFormats reads the same network from files that the libraries of each format have
// written.
func TestFormats(t *testing.T) {
	const dir = "testdata/formats"
	want, err := Open(filepath.Join(dir, "tiny.safetensors"), Override{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file    string
		given   PartialInput
		input   Input
		pooling string
	}{
		{"current.mat", PartialInput{}, MatConvNetInput, "max"},
		{"current-compressed.mat", PartialInput{}, MatConvNetInput, "max"},
		{"beta16.mat", PartialInput{}, MatConvNetInput, "max"},
		{"beta16-compressed.mat", PartialInput{}, MatConvNetInput, "max"},
		{"beta8-double-compressed.mat", PartialInput{}, MatConvNetInput, "max"},
		{"net.mat", PartialInput{}, MatConvNetInput, "max"},
		{"tiny.pth", PartialInput{}, TorchvisionInput, ""},
		{"tiny-legacy.pth", PartialInput{}, TorchvisionInput, ""},
		{"tiny.onnx", PartialInput{}, TorchvisionInput, ""},
		{"external.onnx", PartialInput{}, TorchvisionInput, ""},
		{"constants.onnx", PartialInput{}, CaffeInput, ""},
		{"v1.caffemodel", PartialInput{}, CaffeInput, "max"},
		{"v2.caffemodel", PartialInput{}, CaffeInput, "avg"},
		{"tiny.npz", MatConvNetInput.partial(), MatConvNetInput, ""},
		{"tiny-compressed.npz", CaffeInput.partial(), CaffeInput, ""},
		{"keras1.h5", PartialInput{}, CaffeInput, ""},
		{"keras2.h5", PartialInput{}, CaffeInput, ""},
		{"keras-model.h5", PartialInput{}, CaffeInput, ""},
	} {
		t.Run(c.file, func(t *testing.T) {
			got, err := Open(filepath.Join(dir, c.file), Override{PartialInput: c.given})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Convs, got.Convs, sameBits); diff != "" {
				t.Errorf("convolutions (-want +got):\n%s", diff)
			}
			if got.Input != c.input || got.Pooling != c.pooling {
				t.Errorf("got the input %v and the pooling %q, want %v and %q", got.Input, got.Pooling, c.input, c.pooling)
			}
		})
	}
}
