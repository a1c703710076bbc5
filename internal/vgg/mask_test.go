package vgg

import (
	"errors"
	"math"
	"testing"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// TestPropagateMask compares the weights with a network whose convolutions compute
// means.
func TestPropagateMask(t *testing.T) {
	const h, w = 90, 107
	var convs []Conv
	for _, name := range (Architecture{Blocks: []Block{{2, 1}, {2, 1}, {3, 1}}}).Layers() {
		c := Conv{Name: name, Out: 1, In: 1, Weight: make([]float32, 9), Bias: make([]float32, 1)}
		if name == "conv1_1" {
			c.In, c.Weight = 3, make([]float32, 27)
		}
		for i := range 9 { // the weights of red in the first layer
			c.Weight[i] = 1.0 / 9
		}
		convs = append(convs, c)
	}
	n, err := New(convs, Input{Scale: [3]float32{1, 1, 1}})
	if err != nil {
		t.Fatal(err)
	}
	picture, weights, ones := make([]float32, 3*h*w), make([]float32, h*w), make([]float32, h*w)
	for i := range weights {
		if y, x := i/w, i%w; (x-50)*(x-50)+(y-40)*(y-40) < 400 {
			weights[i] = 1
		}
		ones[i] = 1
	}
	copy(picture, weights)
	taps := []string{"conv1_1", "conv2_2", "conv3_3"}
	at, err := n.PropagateMask(weights, h, w, taps...)
	if err != nil {
		t.Fatal(err)
	}
	flat, err := n.PropagateMask(ones, h, w, taps...)
	if err != nil {
		t.Fatal(err)
	}
	plan := newPlan(t, n, newPool(t, 1), h, w, PlanOptions{Taps: taps, Pooling: kernel.AveragePooling, ForwardOnly: true})
	for tap, f := range activations(plan, picture) {
		want, got := f.CHW(), at[tap]
		if len(got) != len(want) {
			t.Fatalf("%s: %d weights, want %d", tap, len(got), len(want))
		}
		for i, v := range got {
			// The network pads with zeros, PropagateMask does not.
			const edge = 8
			y, x := i/f.W, i%f.W
			inside := min(y, x, f.H-1-y, f.W-1-x) >= edge
			if inside && math.Abs(float64(v-want[i])) > 1e-5 {
				t.Fatalf("%s: weight %d is %g, want %g", tap, i, v, want[i])
			}
			if math.Abs(float64(flat[tap][i]-1)) > 1e-5 {
				t.Fatalf("%s: weight %d of pixels that all weigh 1 is %g", tap, i, flat[tap][i])
			}
		}
	}
	if _, err := n.PropagateMask(weights, h, w, "conv9_1"); !errors.As(err, new(*LayerError)) {
		t.Errorf("got %v, want a LayerError", err)
	}
	if _, err := n.PropagateMask(weights[:4], 2, 2, "conv3_1"); !errors.As(err, new(*SizeError)) {
		t.Errorf("got %v, want a SizeError", err)
	}
}
