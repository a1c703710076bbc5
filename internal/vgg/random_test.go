package vgg

import (
	"math"
	"slices"
	"testing"
)

func TestRandom(t *testing.T) {
	convs := Random(VGG19Slim, 1)
	for _, c := range convs {
		bound := float32(math.Sqrt(6 / float64(9*c.In)))
		var squares float64
		for _, w := range c.Weight {
			if w < -bound || w >= bound {
				t.Fatalf("%s: weight %g beyond %g", c.Name, w, bound)
			}
			squares += float64(w) * float64(w)
		}
		// The variance of a uniform number is a third of the square of its bound.
		got, want := squares/float64(len(c.Weight)), float64(bound)*float64(bound)/3
		if math.Abs(got/want-1) > 4/math.Sqrt(float64(len(c.Weight))) {
			t.Errorf("%s: variance %g, want %g", c.Name, got, want)
		}
	}
	same, other := Random(VGG19Slim, 1), Random(VGG19Slim, 2)
	for i, c := range convs {
		if !slices.Equal(c.Weight, same[i].Weight) || !slices.Equal(c.Bias, same[i].Bias) {
			t.Errorf("%s differs under the same seed", c.Name)
		}
		if slices.Equal(c.Weight, other[i].Weight) || slices.Equal(c.Bias, other[i].Bias) {
			t.Errorf("%s is the same under another seed", c.Name)
		}
	}
}
