package paint

import (
	"math/rand/v2"

	"github.com/pastiche-art/pastiche/picture"
)

// maxLevel is white.
const maxLevel = 255

// colors is the number of planes of a canvas.
const colors = 3

// noiseRange is the largest absolute value of noise, in levels.
const noiseRange = 20

// meanLevels are the means of the red, green and blue levels of ImageNet, which
// VGG subtracts from its input (Simonyan and Zisserman 2014).
var meanLevels = [3]float32{123.68, 116.779, 103.939}

// noisy returns the start of the course's notebook, m + share u + (1 - share) (C - m), with
// the content C, the mean levels m and noise u that is uniform from -20 to 20. The
// notebook's share is 0.6.
func noisy(content *picture.Picture, share float64, seed uint64) *picture.Picture {
	// PCG is seeded with two words; the second only has to stay the same.
	r := rand.New(rand.NewPCG(seed, 0))
	g := picture.New(content.W, content.H)
	plane, s := content.W*content.H, float32(share)
	for i, c := range content.RGB {
		mean := meanLevels[i/plane]
		u := noiseRange * (2*r.Float32() - 1)
		g.RGB[i] = mean + s*u + (1-s)*(c-mean)
	}
	return g
}
