package paint

import (
	"math"
	"slices"
	"testing"
)

// TestNoise solves G0 = 0.6 u + 0.4 C of the course for u.
func TestNoise(t *testing.T) {
	content := photo(64, 64)
	g := noisy(content, 0.6, 1)
	var sum, squares float64
	for i, v := range g.RGB {
		mean := []float64{123.68, 116.779, 103.939}[i/(64*64)]
		u := (float64(v) - mean - 0.4*(float64(content.RGB[i])-mean)) / 0.6
		if math.Abs(u) > 20+1e-4 {
			t.Fatalf("noise of %g levels, beyond 20", u)
		}
		sum += u
		squares += u * u
	}
	// Uniform numbers from -20 to 20: mean 0 and deviation 20/sqrt(3), within
	// five standard errors.
	n := float64(len(g.RGB))
	deviation := 20 / math.Sqrt(3)
	if mean := sum / n; math.Abs(mean) > 5*deviation/math.Sqrt(n) {
		t.Errorf("mean noise %g, want about 0", mean)
	}
	if got := math.Sqrt(squares / n); !near(got, deviation, 5/math.Sqrt(n)) {
		t.Errorf("noise deviates by %g, want about %g", got, deviation)
	}
	if !slices.Equal(noisy(content, 0.6, 1).RGB, g.RGB) || slices.Equal(noisy(content, 0.6, 2).RGB, g.RGB) {
		t.Error("noise is not what its seed says")
	}
	for i, v := range noisy(content, 0, 1).RGB {
		if !near(float64(v), float64(content.RGB[i]), 1e-5) {
			t.Fatalf("level %g without noise, the content has %g", v, content.RGB[i])
		}
	}
}
