package weights

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sameBits compares values of float32 bit by bit.
var sameBits = cmp.Comparer(func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) })

// matConvNetInput is the convention of the published networks in MatConvNet.
var matConvNetInput = Input{"rgb", 255, [3]float32{123.68, 116.779, 103.939}, [3]float32{1, 1, 1}}

// TestFormats reads the same network from the files that the libraries of each
// format wrote of it.
func TestFormats(t *testing.T) {
	const dir = "testdata/formats"
	want, err := Open(filepath.Join(dir, "tiny.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file    string
		told    PartialInput
		input   Input
		pooling string
	}{
		{"current.mat", PartialInput{}, matConvNetInput, "max"},
		{"current-compressed.mat", PartialInput{}, matConvNetInput, "max"},
		{"beta16.mat", PartialInput{}, matConvNetInput, "max"},
		{"beta16-compressed.mat", PartialInput{}, matConvNetInput, "max"},
		{"beta8-double-compressed.mat", PartialInput{}, matConvNetInput, "max"},
		{"net.mat", PartialInput{}, matConvNetInput, "max"},
		{"tiny.pth", PartialInput{}, torchvisionInput, ""},
		{"tiny-legacy.pth", PartialInput{}, torchvisionInput, ""},
		{"tiny.onnx", PartialInput{}, torchvisionInput, ""},
		{"tiny.npz", matConvNetInput.said(), matConvNetInput, ""},
		{"tiny-compressed.npz", caffeInput.said(), caffeInput, ""},
		{"keras1.h5", PartialInput{}, caffeInput, ""},
		{"keras2.h5", PartialInput{}, caffeInput, ""},
		{"keras-model.h5", PartialInput{}, caffeInput, ""},
	} {
		t.Run(c.file, func(t *testing.T) {
			got, err := OpenWith(filepath.Join(dir, c.file), Override{PartialInput: c.told})
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
