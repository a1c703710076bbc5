package cost

import (
	"math"
	"slices"
	"testing"
)

func TestGrid(t *testing.T) {
	got := Grid(2, 4)
	want := []Point{{.25, .125}, {.25, .375}, {.25, .625}, {.25, .875}, {.75, .125}, {.75, .375}, {.75, .625}, {.75, .875}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSamplePoints(t *testing.T) {
	points := SamplePoints(4000, 7, 1)
	if !slices.Equal(points, SamplePoints(4000, 7, 1)) {
		t.Error("other points for the same seed and step")
	}
	if slices.Equal(points, SamplePoints(4000, 7, 2)) || slices.Equal(points, SamplePoints(4000, 8, 1)) {
		t.Error("the same points for another seed or step")
	}
	var quarters [4]int
	for _, p := range points {
		quarters[2*int(2*p.Y)+int(2*p.X)]++
	}
	for i, n := range quarters {
		if n < 850 || n > 1150 { // 5 standard deviations
			t.Errorf("%d of 4000 points in quarter %d", n, i)
		}
	}
}

func TestGuidedSamplePoints(t *testing.T) {
	const h, w, n = 3, 5, 15000
	values := make([]float32, h*w)
	values[4], values[7], values[14] = 1, 2, float32(math.Sqrt(5))
	counts := make(map[Point]int)
	for _, p := range newGuide(t, h, w, values).SamplePoints(n, 1, 2) {
		counts[p]++
	}
	// Proportional to the squares 1, 4 and 5, within 5 standard deviations.
	for at, want := range map[Point]float64{{.5 / 3, .9}: n / 10, {.5, .5}: n * 4 / 10, {2.5 / 3, .9}: n / 2} {
		found := false
		for p, count := range counts {
			if math.Hypot(p.Y-at.Y, p.X-at.X) < 1e-9 {
				found = math.Abs(float64(count)-want) < 5*math.Sqrt(want)
			}
		}
		if !found {
			t.Errorf("not about %g at %v: %v", want, at, counts)
		}
	}
	if len(counts) != 3 {
		t.Errorf("points at %d places, want 3", len(counts))
	}
}

func TestWeightedGrid(t *testing.T) {
	values := make([]float32, 6)
	values[1], values[5] = 1, 2
	at, shares := WeightedGrid(2, 3, values)
	if want := []Point{cellCentre(0, 1, 2, 3), cellCentre(1, 2, 2, 3)}; !slices.Equal(at, want) {
		t.Errorf("at %v, want %v", at, want)
	}
	for i, want := range []float64{0.2, 0.8} {
		near(t, "share", shares[i], want, 1e-6)
	}
}
