package paint

import (
	"strings"

	"github.com/pastiche-art/pastiche/internal/vgg"
	"github.com/pastiche-art/pastiche/weights"
)

// randomSuffix is the suffix of the name of an architecture that denotes random
// weights.
const randomSuffix = "-random"

// randomNetwork returns the network for a name such as vgg19-random, and whether the
// name denotes one. It takes as much time and memory as the trained network and
// recognizes nothing; measurements need no download this way.
func randomNetwork(name string) (*Network, bool, error) {
	base, ok := strings.CutSuffix(name, randomSuffix)
	if !ok {
		return nil, false, nil
	}
	for _, a := range []vgg.Architecture{vgg.VGG16, vgg.VGG19} {
		if a.Name != base {
			continue
		}
		w := &weights.Network{Name: name, Pooling: "max", Input: weights.Input{
			Channels: "rgb", Max: maxLevel, Mean: meanLevels, Std: [3]float32{1, 1, 1},
		}}
		for _, c := range vgg.Random(a, 1) {
			w.Convs = append(w.Convs, weights.Conv(c))
		}
		n, err := NewNetwork(w)
		return n, true, err
	}
	return nil, false, nil
}
