package paint

import (
	"fmt"
	"sync"
	"testing"

	"github.com/pastiche-art/pastiche/internal/vgg"
	"github.com/pastiche-art/pastiche/picture"
	"github.com/pastiche-art/pastiche/weights"
)

// randomVGG19 returns a VGG-19 with random weights, which takes as much time as the
// trained one.
var randomVGG19 = sync.OnceValues(func() (*Network, error) {
	w := &weights.Network{Name: "random", Pooling: "max", Input: weights.Input{
		Channels: "rgb", Max: maxLevel, Mean: meanLevels, Std: [3]float32{1, 1, 1},
	}}
	for _, c := range vgg.Random(vgg.VGG19, 1) {
		w.Convs = append(w.Convs, weights.Conv(c))
	}
	return NewNetwork(w)
})

// BenchmarkIteration measures an iteration of the recipe classic on VGG-19: the network
// forward to conv5_1, five Gram matrices, the content cost at conv4_2, the network
// backward to the pixels, and a step of Adam. bench/compare.py compares it with
// PyTorch.
func BenchmarkIteration(b *testing.B) {
	for _, size := range []int{256, 512} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			network, err := randomVGG19()
			if err != nil {
				b.Fatal(err)
			}
			recipe := Classic()
			recipe.Size = size
			s, err := newSession(photo(size, size), one(strokes(size, size, 20)), Options{Recipe: &recipe, Network: network})
			if err != nil {
				b.Fatal(err)
			}
			defer s.pool.Close()
			canvas := s.begin()
			stage, err := s.newStage(b.Context(), s.content, canvas, s.scales[0])
			if err != nil {
				b.Fatal(err)
			}
			optimizer := s.newOptimizer(len(canvas.RGB), s.scales[0])
			step := func() {
				if _, err := optimizer.Step(b.Context(), canvas.RGB, stage.objective(b.Context())); err != nil {
					b.Fatal(err)
				}
			}
			step() // evaluates twice, and faults in memory that later steps reuse
			for b.Loop() {
				step()
			}
		})
	}
}

// BenchmarkStyleCosts measures an iteration of [Fine] at a scale, without the
// optimizer's step, for each style cost of statistics. With one thread the time is that
// of the processor.
func BenchmarkStyleCosts(b *testing.B) {
	open := func(path string) *picture.Picture {
		f, err := picture.Open(b.Context(), path, picture.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		p := f.SRGB()
		return p
	}
	content, style := open("../examples/photos/castle.jpg"), open("../examples/paintings/starry-night.jpg")
	for _, network := range []string{"builtin", "vgg19-random"} {
		n, err := OpenNetwork(network)
		if err != nil {
			b.Fatal(err)
		}
		for _, size := range []int{80, 160, 320, 512} {
			for _, cost := range []StyleCost{GramCost, WassersteinCost} {
				b.Run(fmt.Sprintf("%s/%d/%s", network, size, cost), func(b *testing.B) {
					recipe := Fine()
					recipe.StyleCost, recipe.Size, recipe.FirstSize = cost, size, 0
					s, err := newSession(content, InMannerOf(style), Options{Recipe: &recipe, Network: n, Threads: 1})
					if err != nil {
						b.Fatal(err)
					}
					defer s.pool.Close()
					canvas := s.begin()
					st, err := s.newStage(b.Context(), resized(s.content, size), canvas, s.scales[0])
					if err != nil {
						b.Fatal(err)
					}
					gradient := make([]float32, len(canvas.RGB))
					for b.Loop() {
						st.evaluate(b.Context(), canvas.RGB, gradient)
					}
				})
			}
		}
	}
}
