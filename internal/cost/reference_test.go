package cost

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestDifference(t *testing.T) {
	for _, pixels := range []int{1, 7, 1000, differenceBand, 2*differenceBand + 3} {
		t.Run(fmt.Sprint(pixels), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			var (
				picture, target = make([]float32, 3*pixels), make([]float32, 3*pixels)
				gradient        = make([]float32, 3*pixels)
				weights         = make([]float32, pixels)
			)
			for i := range picture {
				picture[i], target[i], gradient[i] = 255*r.Float32(), 255*r.Float32(), 1
			}
			for i := range weights {
				weights[i] = r.Float32()
			}
			term := func(i int, level float64) float64 {
				d := (level - float64(target[i])) / 255
				return float64(weights[i%pixels]) * d * d / float64(len(picture))
			}
			var want float64
			for i, level := range picture {
				want += term(i, float64(level))
			}
			const weight = 1e4
			cost := Difference(newPool(t, 1), gradient, picture, target, weights, weight)
			near(t, "cost", cost, want, 1e-5)
			// The cost is a quadratic form, so difference quotients are exact for any step.
			for i, level := range picture {
				want := weight * (term(i, float64(level)+1) - term(i, float64(level)-1)) / 2
				if got := float64(gradient[i] - 1); got < want-1e-4 || got > want+1e-4 {
					t.Fatalf("gradient %d: got %g, want %g", i, got, want)
				}
			}

			other := slices.Repeat([]float32{1}, len(gradient))
			if c := Difference(newPool(t, 3), other, picture, target, weights, weight); c != cost || !slices.Equal(gradient, other) {
				t.Errorf("three threads: cost %v instead of %v, or another gradient", c, cost)
			}
		})
	}
}

func TestDifferenceOfOtherSizes(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic for a target of another size")
		}
	}()
	Difference(newPool(t, 1), make([]float32, 12), make([]float32, 12), make([]float32, 9), make([]float32, 4), 1)
}
