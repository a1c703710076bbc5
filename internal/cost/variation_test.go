package cost

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// variationReference is the definition, with replicated edges.
func variationReference(v []float64, h, w int) float64 {
	var sum float64
	at := func(c, y, x int) float64 { return v[(c*h+min(y, h-1))*w+min(x, w-1)] / 255 }
	for c := range 3 {
		for y := range h {
			for x := range w {
				dx := at(c, y, x+1) - at(c, y, x)
				dy := at(c, y+1, x) - at(c, y, x)
				falling := at(c, y+1, x+1) - at(c, y, x)
				rising := at(c, y+1, x) - at(c, y, x+1)
				sum += dx*dx/3 + dy*dy/3 + falling*falling/12 + rising*rising/12
			}
		}
	}
	return 2 * sum / float64(3*h*w)
}

func TestTotalVariation(t *testing.T) {
	for _, s := range []struct{ h, w int }{{1, 1}, {1, 9}, {9, 1}, {2, 2}, {16, 5}, {17, 33}, {48, 31}} {
		t.Run(fmt.Sprintf("%dx%d", s.h, s.w), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			x, x64, g := make([]float32, 3*s.h*s.w), make([]float64, 3*s.h*s.w), make([]float32, 3*s.h*s.w)
			for i := range x {
				x[i], g[i] = 255*r.Float32(), 1
				x64[i] = float64(x[i])
			}
			const weight = 1e4
			cost := TotalVariation(newPool(t, 1), g, x, s.h, s.w, weight)
			near(t, "cost", cost, variationReference(x64, s.h, s.w), 1e-5)
			// The cost is a quadratic form, so difference quotients are exact for any
			// step; a step of one level keeps enough digits.
			for i := range x64 {
				x64[i]++
				up := variationReference(x64, s.h, s.w)
				x64[i] -= 2
				down := variationReference(x64, s.h, s.w)
				x64[i]++
				if got, want := float64(g[i]-1), weight*(up-down)/2; got < want-1e-4 || got > want+1e-4 {
					t.Fatalf("gradient %d: got %g, want %g", i, got, want)
				}
			}

			h := make([]float32, len(g))
			for i := range h {
				h[i] = 1
			}
			if c := TotalVariation(newPool(t, 3), h, x, s.h, s.w, weight); c != cost || !slices.Equal(g, h) {
				t.Errorf("three threads: cost %v instead of %v, or another gradient", c, cost)
			}
		})
	}
}
