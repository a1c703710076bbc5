package weights

import (
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBuiltin(t *testing.T) {
	n, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	type shape struct {
		Name    string
		Out, In int
	}
	var got []shape
	for _, c := range n.Convs {
		got = append(got, shape{c.Name, c.Out, c.In})
		if len(c.Weight) != c.Out*c.In*9 || len(c.Bias) != c.Out {
			t.Errorf("%s has %d weights and %d biases", c.Name, len(c.Weight), len(c.Bias))
		}
	}
	want := []shape{
		{"conv1_1", 16, 3}, {"conv1_2", 16, 16},
		{"conv2_1", 48, 16}, {"conv2_2", 48, 48},
		{"conv3_1", 96, 48}, {"conv3_2", 96, 96}, {"conv3_3", 96, 96}, {"conv3_4", 96, 96},
		{"conv4_1", 128, 96}, {"conv4_2", 128, 128}, {"conv4_3", 128, 128}, {"conv4_4", 128, 128},
		{"conv5_1", 128, 128},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("layers (-want +got):\n%s", diff)
	}
	about := *n
	about.Convs, about.Sources = nil, nil
	if diff := cmp.Diff(Network{
		Name: "builtin", Family: "vgg", Version: "4", License: "MIT", Pooling: "max",
		Format: "safetensors", Values: "float16", InputSource: "the file says so",
		Input: Input{
			Channels: "rgb", Max: 1,
			Mean: [3]float32{0.485, 0.456, 0.406},
			Std:  [3]float32{0.229, 0.224, 0.225},
		},
	}, about); diff != "" {
		t.Errorf("description (-want +got):\n%s", diff)
	}
	if again, _ := Builtin(); again != n {
		t.Error("decoded again by the second call")
	}
}

// TestBuiltinFile pins the embedded bytes: another network with the same name and
// version would silently paint other pictures.
func TestBuiltinFile(t *testing.T) {
	const want = "c8fdf2405bc95cffeb4d8163d00cf2fa6b22d195900557be2626641bced01b2d"
	if got := fmt.Sprintf("%x", sha256.Sum256([]byte(BuiltinFile()))); got != want {
		t.Errorf("SHA-256 %s, want %s", got, want)
	}
	card, err := os.ReadFile("builtin/README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(card), want) {
		t.Error("the card names another SHA-256")
	}
}

func ExampleBuiltin() {
	network, err := Builtin()
	if err != nil {
		fmt.Println(err)
		return
	}
	first := network.Convs[0]
	fmt.Println(first.Name, first.In, "->", first.Out)
	fmt.Println(network.Input)
	// Output:
	// conv1_1 3 -> 16
	// RGB 0..1, mean 0.485 0.456 0.406, std 0.229 0.224 0.225
}
